"""`make bench`: what the media path costs and how late it makes the audio, beside a bare relay in the same run.

Relay and load are pinned to different cores. Everything is on: tokens, signatures, transcript, marks, recording. With
--hold-database, the database is locked for a second in the middle, and requests that need it wait in the same process.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg

from simulator.demo_processes import ROOT, free_port
from simulator.twilio_signature import sign

PORT, BARE_PORT, MODEL_PORT = free_port(), free_port(), free_port()
TOKEN = "a-token-for-the-bench"
WARM_UP_S = 4.0
HOLD_S = 1.0
NOBODY = "redis://127.0.0.1:1"
"""The measured process has no worker in it, as in production; it never needs its broker."""


def environment(data: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATA_DIR": str(data),
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{data / 'highway.sqlite3'}",
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{PORT}",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM_NUMBER": "+12025550100",
        # Nothing listens there: no call of the bench is ever dialed.
        "TWILIO_BASE_URL": "http://127.0.0.1:1",
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_REALTIME_URL": f"ws://127.0.0.1:{MODEL_PORT}/v1/realtime",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "memory://",
        "LOG_LEVEL": "WARNING",
    }


def write_streams(path: Path, calls: int, env: dict[str, str]) -> None:
    """Answered calls in a database of their own: each with the URL, token and signature of its media stream."""
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)
    with path.open("wb") as file:
        subprocess.run([*manage, "bench_streams", "--calls", str(calls)], cwd=ROOT, env=env, check=True, stdout=file)


@contextmanager
def pinned(*command: str, env: dict[str, str], port: int) -> Iterator[int]:
    """Run `command` on the first core while the block lasts; gives its process id once its port answers."""
    log = Path(env["DATA_DIR"]) / "relay.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", "0", sys.executable, *command], env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        if not answers(port):
            sys.exit(f"nothing answers on port {port}:\n{log.read_text()}")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def answers(port: int) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
            return True
        time.sleep(0.1)
    return False


def load(streams: Path, options: argparse.Namespace, pid: int) -> dict[str, Any]:
    size = ["--calls", str(options.calls), "--seconds", str(options.seconds), "--model-port", str(MODEL_PORT)]
    command = [sys.executable, "-m", "simulator.load", "--streams", str(streams), *size, "--warm-up", str(WARM_UP_S)]
    output = subprocess.run(
        ["taskset", "-c", "1", *command, "--pid", str(pid)], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    return dict(json.loads(output.splitlines()[-1]))


def bare_streams(streams: Path) -> Path:
    """The same calls, addressed to the bare relay."""
    bare = streams.with_name("bare.jsonl")
    calls = [json.loads(line) | {"url": f"ws://127.0.0.1:{BARE_PORT}/"} for line in streams.read_text().splitlines()]
    bare.write_text("\n".join(map(json.dumps, calls)))
    return bare


def hold_database(url: str, requests: int) -> None:
    """Lock every table that a call or a request needs for a second, with requests waiting behind it."""
    time.sleep(WARM_UP_S + 3.0)
    with locked(url):
        for _ in range(requests):
            threading.Thread(target=ask, daemon=True).start()
        time.sleep(HOLD_S)


@contextmanager
def locked(url: str) -> Iterator[None]:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) as database:
            database.execute("BEGIN EXCLUSIVE")
            yield
            database.execute("ROLLBACK")
    else:
        with psycopg.connect(url) as postgres:
            postgres.execute(
                "LOCK TABLE calls_call, calls_turn, calls_callevent, calls_apikey IN ACCESS EXCLUSIVE MODE"
            )
            yield


def ask() -> None:
    """A request that waits for the database: a signed callback of the carrier, which writes."""
    url = f"http://127.0.0.1:{PORT}/twilio/status/1"
    form = {"CallSid": "CA" + "0" * 32, "CallStatus": "ringing"}
    with suppress(httpx.HTTPError):
        httpx.post(
            url, data=form, headers={"X-Twilio-Signature": sign(TOKEN, url, form.items())}, timeout=10, trust_env=False
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--hold-database", action="store_true")
    parser.add_argument("--requests", type=int, default=1, help="that wait for the held database in the same process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(Path(folder))
        streams = Path(folder) / "streams.jsonl"
        write_streams(streams, options.calls, env)
        bare = ["-m", "simulator.bare_relay", "--port", str(BARE_PORT), "--model", env["OPENAI_REALTIME_URL"]]
        with pinned(*bare, env=env, port=BARE_PORT) as pid:
            floor = load(bare_streams(streams), options, pid)
        ours = ["manage.py", "serve", "--port", str(PORT)]
        with pinned(*ours, env=env | {"CELERY_BROKER_URL": NOBODY}, port=PORT) as pid:
            if options.hold_database:
                held = [env["DATABASE_URL"], options.requests]
                threading.Thread(target=hold_database, args=held, daemon=True).start()
            highway = load(streams, options, pid)
    print_table(floor, highway)


ROWS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "calls alive at the end": lambda run: f"{run['alive']} of {run['calls']}",
    "CPU ms per call-second": lambda run: run["cpu_ms_per_call_s"],
    "caller's audio late, ms: p50": lambda run: run["caller"]["p50"],
    "  p99": lambda run: run["caller"]["p99"],
    "  most": lambda run: run["caller"]["max"],
    "agent's audio late, ms: p50": lambda run: run["agent"]["p50"],
    "  p99 ": lambda run: run["agent"]["p99"],
    "  most ": lambda run: run["agent"]["max"],
    "caller's frames through": lambda run: f"{run['caller']['through']:.2%}",
    "agent's frames through": lambda run: f"{run['agent']['through']:.2%}",
}


def print_table(bare: dict[str, Any], ours: dict[str, Any]) -> None:
    print(f"{'':30} {'bare relay':>12} {'highway':>12}")  # noqa: T201
    for title, cell in ROWS.items():
        print(f"{title:30} {cell(bare)!s:>12} {cell(ours)!s:>12}")  # noqa: T201
    print(f"CPU ratio {ours['cpu_ms_per_call_s'] / bare['cpu_ms_per_call_s']:.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
