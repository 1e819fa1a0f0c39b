"""`make bench-campaign`: what a dial of a campaign costs by the length of its list, and how steady the pace is.

On PostgreSQL and Redis (DATABASE_URL's server and REDIS_URL; a database of its own is made and dropped), with a web
process, three workers and beat as an operator would start them, and the simulator as the carrier. Calls are short: most
people are busy, one in forty answers and is the wrong person.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import django
import httpx
import psycopg
import redis
from django.core.management import call_command
from psycopg import sql

from simulator.demo_processes import ROOT, Processes
from simulator.demo_program import Program, start_vendors

DATA = ROOT / "data" / f"bench-campaign-{os.getpid()}"
NAME = f"highway_bench_campaign_{os.getpid()}"
SAMPLE = 100
HANDFUL = 8
"""As at 30 calls a second."""
EVERY_ANSWERED = 40
PERSON = "Wendy Pearce"
"""Of everybody: a sentence that is new takes the simulator some tens of ms to speak, and it is the carrier as well."""


def main() -> int:
    options = _options()
    with _database(options.postgres) as url:
        redis.Redis.from_url(options.redis).flushdb()
        shutil.rmtree(DATA, ignore_errors=True)
        processes = Processes(DATA / "logs")
        try:
            vendors = start_vendors(processes)
            program = Program(
                "main", "ga", DATA / "main", processes, vendors, {"DATABASE_URL": url, "REDIS_URL": options.redis}
            )
            program.env |= {"LOG_LEVEL": "WARNING", "RECORD_CALLS": "false"}
            os.environ.update(program.env, DJANGO_SETTINGS_MODULE="highway.settings")
            django.setup()
            if not (options.pace_only or options.kill):
                call_command("migrate", verbosity=0)
                _cost_by_length()  # Before there are workers, who would lend a hand.
            if options.cost_only:
                return 0
            shutil.rmtree(program.data, ignore_errors=True)
            program.start(web=1, workers=3)
            # Carrier and workers go before it, as on machines of their own: what is measured is when a worker sends,
            # and not when these few cores got round to it. The process's later threads inherit from its first.
            os.setpriority(os.PRIO_PROCESS, processes.pid("main-web1"), 10)
            return _deaths(options, vendors.url, processes) if options.kill else _pace(options, vendors.url)
        finally:
            processes.stop()
            shutil.rmtree(DATA, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--postgres", default=os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
    )
    parser.add_argument("--redis", default=os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/9")
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--pace-only", action="store_true")
    parser.add_argument("--cost-only", action="store_true")
    parser.add_argument("--kill", action="store_true", help="instead of the pace: two workers are killed midway")
    return parser.parse_args()


@contextmanager
def _database(server: str) -> Iterator[str]:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
        try:
            yield f"{server.rpartition('/')[0]}/{NAME}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME)))


def _campaign(name: str, numbers: Sequence[str], **fields: Any) -> Any:
    from calls.models import CampaignMember, Verification
    from calls.services.campaigns import campaign_create

    always = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    campaign = campaign_create(name=name, hours=always, max_attempts=1, breaker_share=1.0, **fields)
    facts = {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"}
    now = datetime.now(UTC)
    for start in range(0, len(numbers), 5000):
        people = Verification.objects.bulk_create(
            Verification(name=PERSON, phone=number, facts=facts) for number in numbers[start : start + 5000]
        )
        CampaignMember.objects.bulk_create(
            CampaignMember(
                campaign=campaign,
                verification=person,
                row_number=2,
                phone=person.phone,
                zones="America/New_York",
                next_at=now,
            )
            for person in people
        )
    return campaign


def _cost_by_length() -> None:
    """The program's own part of a dial: picking the person, the decision, the call's row. The carrier is not asked.

    The lists take turns, so that whatever else the machine does falls on both alike. Medians, and blocks read.
    """
    from django.db import connection

    from calls.models import Campaign

    campaigns = {}
    for length, area in ((1_000, 212), (100_000, 312)):
        numbers = [f"+1{area}{2_000_000 + row:07d}" for row in range(length)]
        campaigns[length] = _campaign("Cost", numbers, calls_per_second=400.0, max_concurrent=10_000)
    Campaign.objects.update(state="running")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    costs: dict[int, list[tuple[float, float, int]]] = {length: [] for length in campaigns}
    for _ in range(SAMPLE):
        for length, campaign in campaigns.items():
            costs[length].append(_dial_once(campaign))
    Campaign.objects.update(state="canceled")
    for length, dials in costs.items():
        wall, cpu, blocks = (median(kind) for kind in zip(*dials, strict=True))
        print(f"{length:7,} rows: {wall:.2f} ms a dial, {cpu:.2f} ms of CPU, {blocks:.0f} blocks read", flush=True)  # noqa: T201


def _dial_once(campaign: Any) -> tuple[float, float, int]:
    """ms, ms of this process's CPU, blocks: of one dial, in a handful as a worker takes it."""
    from calls.services import campaign_dials, campaign_dispatch

    blocks, wall, cpu = _blocks(), time.perf_counter(), time.process_time()
    picked = campaign_dispatch.members_pick(campaign=campaign, count=HANDFUL, now=datetime.now(UTC))
    members = list(campaign_dials._picked_among(picked))
    calls = campaign_dials._calls_open(members, clock=lambda: datetime.now(UTC) + timedelta(seconds=1)) or []
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return 1000 * wall / len(calls), 1000 * cpu / len(calls), (_blocks() - blocks) // len(calls)


def _blocks() -> int:
    """Blocks that this connection's database has asked for so far."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _running(options: argparse.Namespace, vendors: str, *, seconds: int) -> Any:
    """A campaign that has begun, of as many people as its pace takes in `seconds`."""
    from calls.services.campaigns import campaign_start

    numbers = [f"+1303{2_000_000 + row:07d}" for row in range(int(options.rate * seconds))]
    scenarios = [_scenario(number, row) for row, number in enumerate(numbers)]
    for start in range(0, len(scenarios), 500):
        httpx.post(
            f"{vendors}/scenarios", json=scenarios[start : start + 500], trust_env=False, timeout=60
        ).raise_for_status()
    campaign = _campaign("Pace", numbers, calls_per_second=options.rate, max_concurrent=1000)
    campaign_start(campaign=campaign, now=datetime.now(UTC))
    return campaign


def _deaths(options: argparse.Namespace, vendors: str, processes: Processes) -> int:
    """Two workers are killed amid their work, and come back: everybody has an outcome, and nobody was rung twice."""
    from calls.models import Call, CampaignMember

    campaign = _running(options, vendors, seconds=options.seconds)
    for name in ("main-worker1", "main-worker2"):
        time.sleep(options.seconds / 3)
        processes.signal(name, signal.SIGKILL)
        processes.restart(name)
    deadline = time.monotonic() + options.seconds + 180
    while campaign.state == "running" and time.monotonic() < deadline:
        time.sleep(1)
        campaign.refresh_from_db()
    ledger = httpx.get(f"{vendors}/ledger", trust_env=False, timeout=120).json()
    twice = len(ledger["calls"]) - len({call["to"] for call in ledger["calls"]})
    members = CampaignMember.objects.filter(campaign=campaign)
    open_calls = Call.objects.filter(campaign=campaign).exclude(stage="ended").count()
    with_outcome = members.exclude(status="").exclude(ended_at=None).count()
    reasons = Counter(members.values_list("status", "end_reason"))
    print(f"two workers killed: {campaign.state}; {with_outcome} outcomes of {members.count()} people, {dict(reasons)}")  # noqa: T201
    print(f"{len(ledger['calls'])} calls at the carrier, rung twice: {twice}; calls not ended: {open_calls}")  # noqa: T201
    is_good = campaign.state == "completed" and not (twice or open_calls) and with_outcome == members.count()
    return 0 if is_good else 1


def _pace(options: argparse.Namespace, vendors: str) -> int:
    from calls.models import Call
    from calls.services.campaigns import campaign_pause

    campaign = _running(options, vendors, seconds=options.seconds + 15)
    time.sleep(options.seconds + 8)
    paused_at = datetime.now(UTC)
    campaign_pause(campaign=campaign, now=paused_at, because="measured")
    time.sleep(4)
    ledger = httpx.get(f"{vendors}/ledger", trust_env=False, timeout=120).json()
    arrived = sorted(call["stages"][0]["at"] for call in ledger["calls"])
    started = sorted(
        at.timestamp() for at in Call.objects.filter(campaign=campaign).values_list("claimed_at", flat=True) if at
    )
    is_good = True
    for title, moments in (("turns taken", started), ("arrived at the carrier", arrived)):
        middle = [at for at in moments if moments[0] + 5 <= at < moments[0] + 5 + options.seconds]
        rate, most = len(middle) / options.seconds, _most_in_a_second(middle)
        is_good &= abs(rate / options.rate - 1) <= 0.05 and most <= options.rate
        print(f"{title}: {rate:.2f} a second of {options.rate:g}, at most {most} in any second", flush=True)  # noqa: T201
    late = max((at - paused_at.timestamp() for at in arrived), default=0.0)
    twice = len(ledger["calls"]) - len({call["to"] for call in ledger["calls"]})
    print(f"last dial {late:.2f} s after the pause; rung twice: {twice}; violations: {len(ledger['violations'])}")  # noqa: T201
    return 0 if is_good and late < 2 and not twice else 1


def _scenario(number: str, row: int) -> dict[str, Any]:
    like = "wrong-person" if row % EVERY_ANSWERED == 0 else "busy"
    return {"like": like, "number": number, "person": PERSON, "ring_ms": 200, "latency_ms": 200}


def _most_in_a_second(moments: Sequence[float]) -> int:
    return max((bisect_left(moments, at + 1.0) - index for index, at in enumerate(moments)), default=0)


if __name__ == "__main__":
    sys.exit(main())
