"""`make bench-api`: POST /call-customer, many clients at once, against the server as it is deployed.

Needs DATABASE_URL (PostgreSQL; a database of its own is made beside it and dropped) and REDIS_URL. One web process; the
carrier is an address that answers nobody, and no worker runs: this measures the request, not the dialing.
"""

import argparse
import os
import secrets
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

import httpx
import psycopg
from psycopg import sql


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-api")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--processes", type=int, default=1, help="Web processes on one port.")
    parser.add_argument("--idempotent", action="store_true", help="Send an Idempotency-Key with each.")
    options = parser.parse_args()
    server = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    name = f"highway_bench_{secrets.token_hex(4)}"
    _admin(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        _bench(f"{server.rpartition('/')[0]}/{name}", options)
    finally:
        _admin(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _admin(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def _bench(database: str, options: argparse.Namespace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    redis = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/8")
    env = {**os.environ, "DATABASE_URL": database, "REDIS_URL": redis, "TWILIO_BASE_URL": "http://127.0.0.1:9"}
    _manage(env, "migrate", "--verbosity", "0")
    key = _manage(env, "create_api_key", "bench", "--rate", "0").strip()
    people = _manage(env, "shell", "--verbosity", "0", "-c", _PEOPLE.format(count=options.requests))
    first = int(people.split()[-1])
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--reuse-port"]
    servers = [subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) for _ in range(options.processes)]
    try:
        _report(_run(f"http://127.0.0.1:{port}", key, first, options), options)
    finally:
        for process in servers:
            process.kill()
            process.wait()


_PEOPLE = """
from calls.models import Verification
people = [Verification(name=f"Person {{n}}", phone=f"+1202{{2000000 + n}}", facts={{"date_of_birth": "1985-03-05",
    "ssn_last_4": "1234", "employer": "Acme"}}) for n in range({count})]
print(min(row.pk for row in Verification.objects.bulk_create(people)))
"""


def _manage(env: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def _run(url: str, key: str, first: int, options: argparse.Namespace) -> tuple[float, list[float], Counter[int]]:
    """Seconds in all, seconds of each request, and the answers by status."""
    left = iter(range(first, first + options.requests))
    lock = threading.Lock()
    took: list[float] = []
    statuses: Counter[int] = Counter()

    def client() -> None:
        with httpx.Client(base_url=url, headers={"x-api-key": key}, trust_env=False, timeout=30) as http:
            while True:
                with lock:
                    verification = next(left, None)
                if verification is None:
                    return
                headers = {"Idempotency-Key": f"bench-{verification}"} if options.idempotent else {}
                began = time.perf_counter()
                status = http.post("/call-customer", json={"verification": verification}, headers=headers).status_code
                took.append(time.perf_counter() - began)
                statuses[status] += 1

    _wait(url)
    began = time.perf_counter()
    clients = [threading.Thread(target=client) for _ in range(options.clients)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return time.perf_counter() - began, took, statuses


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            httpx.get(url, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the server did not start")


def _report(result: tuple[float, list[float], Counter[int]], options: Any) -> None:
    seconds, took, statuses = result
    cuts = statistics.quantiles(took, n=100)
    print(f"{options.clients} clients, {options.processes} web process(es): {len(took) / seconds:.0f} requests/s")  # noqa: T201
    print(f"p50 {cuts[49] * 1000:.0f} ms, p95 {cuts[94] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms")  # noqa: T201
    print("answers: " + ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())))  # noqa: T201


if __name__ == "__main__":
    main()
