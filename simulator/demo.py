"""`python -m simulator.demo`: the whole program on simulated vendors, each scenario called as a client would call it.

It shows the calls live, then what came of them, and leaves the admin up until Ctrl-C; with --once it exits, with 1 if
anything is not as its scenario says. DATABASE_URL, REDIS_URL and CELERY_BROKER_URL are used where set.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from simulator import demo_view as view
from simulator.demo_calls import Watched, refresh_all, request_calls
from simulator.demo_checks import run_checks
from simulator.demo_processes import ROOT, DemoError, Processes
from simulator.demo_program import Program, Vendors, start_vendors
from simulator.scenario import Scenario
from simulator.scenarios import SCENARIOS

DATA = ROOT / "data" / "demo"
SERVICES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
LONGEST_S = 150.0
POLL_S = 1.0
REQUESTS_PER_S = 8
"""A key of the API may send 600 requests a minute."""


@dataclass
class Demo:
    """The running whole: the vendors, the program, and beside it a second one for the scenarios of the beta dialect,
    since the dialect is a setting of the process."""

    processes: Processes
    vendors: Vendors
    programs: list[Program]

    def request(self, scenarios: Sequence[Scenario]) -> list[Watched]:
        calls: list[Watched] = []
        for program in self.programs:
            calls += request_calls(program, [one for one in scenarios if one.dialect == program.dialect])
        return calls

    def follow(self, calls: Sequence[Watched]) -> Callable[[], bool]:
        """A function that waits a moment, reads the live calls anew and says whether any is still live."""
        deadline = time.monotonic() + LONGEST_S

        def refresh() -> bool:
            live = sum(not call.ended for call in calls)
            time.sleep(max(POLL_S, live / REQUESTS_PER_S))
            self.processes.check_alive()
            return refresh_all(calls) and time.monotonic() < deadline

        return refresh

    def check(self, calls: Sequence[Watched]) -> dict[str, list[str]]:
        return run_checks(calls, self.programs, self.vendors, self.processes.logs)


def start(data: Path, services: dict[str, str], scenarios: Sequence[Scenario], web: int, workers: int) -> Demo:
    """Start all that the scenarios need, below the folder `data`: main/, beta/ and logs/."""
    if max(web, workers) > 1 and not {"REDIS_URL", "CELERY_BROKER_URL"} & services.keys():
        raise DemoError("Several web or worker processes need a broker: set REDIS_URL or CELERY_BROKER_URL.")
    shutil.rmtree(data, ignore_errors=True)
    processes = Processes(data / "logs")
    vendors = start_vendors(processes)
    programs = [Program("main", "ga", data / "main", processes, vendors, services)]
    if any(scenario.dialect == "beta" for scenario in scenarios):
        programs.append(Program("beta", "beta", data / "beta", processes, vendors, {}))
    with ThreadPoolExecutor() as pool:
        # At the same time: each spends seconds on imports and migrations.
        list(pool.map(lambda program: program.start(web, workers), programs))
    return Demo(processes, vendors, programs)


def main() -> int:
    options = _options()
    console = Console(highlight=False)
    # atexit does not run on SIGTERM's default action; SystemExit does let it run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _show(console, options)
    except DemoError as error:
        console.print(f"The demo failed. {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130


def _show(console: Console, options: argparse.Namespace) -> int:
    began = time.monotonic()
    console.print("Starting the simulated vendors and the program …")
    services = {name: os.environ[name] for name in SERVICES if os.environ.get(name)}
    demo = start(DATA, services, SCENARIOS, options.web, options.workers)
    admin = demo.programs[0]
    login = admin.make_login()
    console.print(f"Admin: {admin.url}/admin/   user {login.username}   password {login.password}", soft_wrap=True)
    console.print(f"API:   {admin.url}/docs     key {admin.api_key}", soft_wrap=True)
    calls = demo.request(SCENARIOS)
    view.watch(console, calls, demo.follow(calls))
    problems = demo.check(calls)
    console.print(view.transcript(calls[0]), view.outcome_table(calls), view.checks(problems), sep="\n")
    console.print(
        f"{len(calls)} calls, {time.monotonic() - began:.0f} s. Logs: {demo.processes.logs.relative_to(ROOT)}"
    )
    if not options.once:
        console.print(f"The admin stays up at {admin.url}/admin/ until Ctrl-C.")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 1 if any(problems.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.demo", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--once", action="store_true", help="exit when the calls have ended; 1 if any surprises")
    parser.add_argument("--web", type=int, default=1, help="web processes on one port (needs REDIS_URL if over 1)")
    parser.add_argument("--workers", type=int, default=1, help="Celery workers (needs REDIS_URL if over 1)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
