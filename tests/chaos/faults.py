"""What is done to the running program, and when: all of it by one seed. Every fault is undone soon after."""

import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random

import psycopg
import redis

from simulator.demo_processes import Processes

WEBS, WORKERS = ("main-web1", "main-web2"), ("main-worker1", "main-worker2")
BEAT, SIMULATOR = "main-beat", "simulator"
CUT_COSTS_S = 2.0
"""After a cut connection a flush of the records is tried again a second later."""


@dataclass
class Chaos:
    processes: Processes
    postgres_url: str
    database: str
    redis_url: str
    random: Random
    done: Counter[str] = field(default_factory=Counter)
    stalls: list[tuple[float, float]] = field(default_factory=list)
    """Wall-clock spans in which conversations or their records could not go on."""
    locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def kinds(self) -> dict[str, Callable[[], None]]:
        return {
            "web killed": partial(self._kill, WEBS),
            "web paused": partial(self._pause, WEBS, 1.0, 3.0),
            "web told to stop": partial(self._stop, WEBS),
            "worker killed": partial(self._kill, WORKERS),
            "worker paused": partial(self._pause, WORKERS, 1.0, 15.0),
            "beat killed": partial(self._kill, (BEAT,)),
            "both vendors paused": partial(self._pause, (SIMULATOR,), 0.5, 2.0),
            "database connections cut": self._cut_postgres,
            "Redis connections cut": self._cut_redis,
        }

    def plan(self, seconds: float, count: int) -> list[tuple[float, str]]:
        """When to do what, every kind about as often as any other."""
        kinds = list(self.kinds())
        chosen = [kinds[index % len(kinds)] for index in range(max(count, len(kinds)))]
        self.random.shuffle(chosen)
        return sorted((self.random.uniform(1.0, seconds), kind) for kind in chosen)

    def run(self, plan: Sequence[tuple[float, str]], began: float) -> None:
        """Blocks until the last fault is over. `began` is of time.monotonic()."""
        with ThreadPoolExecutor(max_workers=len(plan)) as pool:
            todo = []
            for at, kind in plan:
                time.sleep(max(0.0, began + at - time.monotonic()))
                todo.append(pool.submit(self.kinds()[kind]))
                self.done[kind] += 1
            for one in todo:
                one.result()

    def stalled_s(self, since: float, until: float) -> float:
        return sum(max(0.0, min(end, until) - max(start, since)) for start, end in self.stalls)

    def _kill(self, names: Sequence[str]) -> None:
        with self._one_of(names) as name:
            self.processes.signal(name, signal.SIGKILL)
            time.sleep(self.random.uniform(0.2, 1.0))
            self.processes.restart(name)

    def _stop(self, names: Sequence[str]) -> None:
        with self._one_of(names) as name:
            self.processes.signal(name, signal.SIGTERM)
            self.processes.restart(name)

    def _pause(self, names: Sequence[str], least_s: float, most_s: float) -> None:
        with self._one_of(names) as name:
            began = time.time()
            self.processes.signal(name, signal.SIGSTOP)
            time.sleep(self.random.uniform(least_s, most_s))
            self.processes.signal(name, signal.SIGCONT)
            if name not in WORKERS:
                self.stalls.append((began, time.time()))

    @contextmanager
    def _one_of(self, names: Sequence[str]) -> Iterator[str]:
        """One process suffers one fault at a time: whoever restarts it must be the one who ended it."""
        name = self.random.choice(names)
        with self.locks[name]:
            yield name

    def _cut_postgres(self) -> None:
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (self.database,)
            )
        self.stalls.append((time.time(), time.time() + CUT_COSTS_S))

    def _cut_redis(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            number = str(client.connection_pool.connection_kwargs.get("db", 0))
            own = str(client.client_id())
            for one in client.client_list():
                # The server may serve others: only those on our database are ours to cut.
                if one["db"] == number and one["id"] != own:
                    client.client_kill_filter(_id=one["id"])
