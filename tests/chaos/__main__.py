"""`python -m tests.chaos --calls 300 --seed 1 [--short]`: exits with 1 if anyone was rung twice or anything was lost.

DATABASE_URL and REDIS_URL say where PostgreSQL and Redis are; a database of its own is made and dropped.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django
import httpx
import psycopg
import redis
from psycopg import sql

from simulator.demo_processes import ROOT, Processes
from simulator.demo_program import Program, Vendors, start_vendors
from tests.chaos.faults import Chaos
from tests.chaos.people import SCRIPT, Someone, gather

POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"
REDIS = "redis://127.0.0.1:6379/8"
LONGEST_S = 200.0
"""After the last fault: two minutes within which everything is settled, and the calls that began just then."""
DATA = ROOT / "data" / "chaos"


def main() -> int:
    options = _options()
    # SystemExit lets the processes be stopped and the database dropped; SIGTERM's own default would leave both.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    random = Random(options.seed)
    people = gather(options.calls, random)
    with _database(options.postgres) as (url, name):
        redis.Redis.from_url(options.redis).flushdb()
        shutil.rmtree(DATA, ignore_errors=True)
        processes = Processes(DATA / "logs")
        try:
            chaos = Chaos(processes, options.postgres, name, options.redis, random)
            return _play(options, people, chaos, {"DATABASE_URL": url, "REDIS_URL": options.redis})
        finally:
            processes.stop()


def _play(options: argparse.Namespace, people: Sequence[Someone], chaos: Chaos, services: dict[str, str]) -> int:
    began = time.monotonic()
    vendors = start_vendors(chaos.processes)
    program = Program("main", "ga", DATA / "main", chaos.processes, vendors, services)
    program.env |= {"TWILIO_TIMEOUT_S": "2", "DRAIN_TIMEOUT_S": "30", "LOG_LEVEL": "INFO"}
    program.start(web=2, workers=2)
    verifications = _prepare(program, vendors, people)
    os.environ.update(program.env, DJANGO_SETTINGS_MODULE="highway.settings")
    django.setup()
    print(f"{len(people)} people known after {time.monotonic() - began:.0f} s; now it breaks", flush=True)
    asked = _break(options, program, verifications, chaos)
    unended = _wait_for_the_end()
    # Imported late: the models need the settings.
    from tests.chaos.books import compare

    ledger = httpx.get(f"{vendors.url}/ledger", trust_env=False, timeout=60).json()
    verdict = compare(people, asked, ledger, chaos.stalled_s)
    _print(verdict, chaos, people, seconds=time.monotonic() - began, unended=unended)
    return 0 if verdict.is_good else 1


def _prepare(program: Program, vendors: Vendors, people: Sequence[Someone]) -> list[int]:
    scenarios = [someone.scenario for someone in people]
    httpx.post(f"{vendors.url}/scenarios", json=scenarios, trust_env=False, timeout=60).raise_for_status()
    program.post("/scripts", {"name": "chaos", **SCRIPT})
    return [int(program.post("/verifications", someone.verification)["id"]) for someone in people]


def _break(options: argparse.Namespace, program: Program, verifications: Sequence[int], chaos: Chaos) -> list[int]:
    """Ask for the calls at a steady pace while the faults come. Returns the calls' ids."""
    seconds = len(verifications) / options.pace + options.tail
    plan = chaos.plan(seconds, round(len(verifications) / 8))
    began = time.monotonic()
    breaking = threading.Thread(target=chaos.run, args=(plan, began))
    breaking.start()
    asked = []
    for index, verification in enumerate(verifications):
        time.sleep(max(0.0, began + index / options.pace - time.monotonic()))
        asked.append(_ask(program, verification))
    breaking.join()
    return asked


def _ask(program: Program, verification: int) -> int:
    """As a careful client: the same request with the same key until it is answered."""
    headers = {"Authorization": f"Bearer {program.api_key}", "Idempotency-Key": f"chaos-{verification}"}
    url, body = f"{program.url}/call-customer", {"verification": verification}
    while True:
        try:
            answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=20)
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        if answer.status_code == 202:
            return int(answer.json()["call"])
        if answer.status_code < 500 and answer.status_code not in (409, 429):
            raise SystemExit(f"POST /call-customer answered {answer.status_code}: {answer.text[:300]}")
        time.sleep(0.5)


def _wait_for_the_end() -> int:
    from django.db import Error, connection

    from calls.models import Call

    deadline = time.monotonic() + LONGEST_S
    unended = -1
    while unended and time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            unended = Call.objects.exclude(stage="ended").count()
        except Error:
            connection.close()  # It was cut with the others.
    return unended


def _print(verdict: Any, chaos: Chaos, people: Sequence[Someone], *, seconds: float, unended: int) -> None:
    print(f"\ncalls {verdict.calls}, lines rung {verdict.rung}, {seconds:.0f} s")
    print("faults", ", ".join(f"{kind} {count}" for kind, count in sorted(chaos.done.items())))
    troubles = [someone.trouble for someone in people if someone.trouble]
    print("troubles of single lines", ", ".join(f"{one} {troubles.count(one)}" for one in sorted(set(troubles))))
    print("endings", ", ".join(f"{ending} {count}" for ending, count in verdict.endings.most_common()))
    print(f"from a line's end to its call's status at most {verdict.slowest_s:.0f} s")
    print(f"answers given {verdict.answers_given}, missing {len(verdict.answers_missing)}")
    print(f"twice-rung {len(verdict.twice_rung)}, lost {len(verdict.lost)} (not ended in time: {unended})")
    for problem in (*verdict.twice_rung, *verdict.lost, *verdict.answers_missing):
        print("  ", problem)


@contextmanager
def _database(server: str) -> Iterator[tuple[str, str]]:
    name = f"highway_chaos_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}")), name
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=3.0, help="calls asked for in a second")
    parser.add_argument("--tail", type=float, default=15.0, help="seconds of faults after the last was asked for")
    parser.add_argument("--short", action="store_true", help="30 calls, for CI")
    options = parser.parse_args()
    if options.short:
        options.calls, options.tail = 30, 4.0
    options.postgres = os.environ.get("DATABASE_URL") or POSTGRES
    options.redis = os.environ.get("REDIS_URL") or REDIS
    return options


if __name__ == "__main__":
    sys.exit(main())
