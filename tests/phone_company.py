"""Twilio's Calls resource on a real socket for many calls: it accepts each, remembers it, and can be asked about it."""

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Rung:
    sid: str
    to: str
    call_id: int
    at: datetime
    status: str = "queued"

    def as_json(self) -> dict[str, Any]:
        return {"sid": self.sid, "status": self.status, "date_created": format_datetime(self.at)}


class PhoneCompany:
    """`now` is read when a call comes in: a test moves it by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.rung: dict[str, Rung] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def place(self, form: dict[str, list[str]]) -> dict[str, Any]:
        sid = f"CA{len(self.rung):032x}"
        call_id = int(urlsplit(form["StatusCallback"][0]).path.rpartition("/")[2])
        self.rung[sid] = Rung(sid, form["To"][0], call_id, self.now)
        return self.rung[sid].as_json()

    def find(self, to: str) -> dict[str, Any]:
        calls = [rung.as_json() for rung in self.rung.values() if rung.to == to]
        return {"calls": calls[::-1], "next_page_uri": None}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def _handler(company: PhoneCompany) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path.endswith("/Calls.json"):
                self.answer(200, company.find(parse_qs(address.query)["To"][0]))
            else:
                sid = address.path.rpartition("/")[2].removesuffix(".json")
                self.answer(200, company.rung[sid].as_json())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(201, company.place(form))

        def answer(self, status: int, body: dict[str, Any]) -> None:
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
