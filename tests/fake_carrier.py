"""Twilio's Calls resource on a real socket, as much of it as the tests need. It remembers what it was sent."""

import json
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MADE_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def call_json(sid: str, status: str = "queued", made_at: datetime = MADE_AT) -> dict[str, Any]:
    return {"sid": sid, "status": status, "date_created": format_datetime(made_at)}


class FakeCarrier:
    """`answers` are used up in turn: (HTTP status, JSON, headers), "drop" (the connection, unanswered) or "stall"."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, list[str]]]] = []
        self.credentials: list[str] = []
        self.answers: list[Any] = []
        self.heard = threading.Event()
        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def will_answer(self, status: int, body: dict[str, Any], **headers: str) -> None:
        self.answers.append((status, body, headers))

    def will_accept(self, sid: str) -> None:
        self.will_answer(201, call_json(sid))

    def will_refuse(self, status: int, code: int, message: str) -> None:
        self.will_answer(status, {"code": code, "message": message, "status": status})

    def will_list(self, *calls: dict[str, Any]) -> None:
        self.will_answer(200, {"calls": list(calls), "next_page_uri": None})

    @property
    def placed(self) -> list[dict[str, list[str]]]:
        """The forms of every request to place a call."""
        return [form for method, path, form in self.requests if method == "POST" and path.endswith("/Calls.json")]

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def _handler(carrier: FakeCarrier) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.serve({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.serve(parse_qs(body.decode()))

        def serve(self, form: dict[str, list[str]]) -> None:
            address = urlsplit(self.path)
            carrier.requests.append((self.command, address.path, form or parse_qs(address.query)))
            carrier.credentials.append(self.headers["Authorization"])
            carrier.heard.set()
            answer = carrier.answers.pop(0)
            if answer == "stall":
                carrier.released.wait(30)
            if answer in ("drop", "stall"):
                self.close_connection = True
                return
            status, body, headers = answer
            payload = json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
