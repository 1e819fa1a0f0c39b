"""`manage.py serve`: the web process, and with no broker set, Celery's worker and beat as its threads.

SIGTERM or Ctrl-C drains: no new dial, no new stream, and the calls on the line finish before the process goes. uvicorn
alone would close every socket at once, and with it every conversation.
"""

import socket
import time
import warnings
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Thread
from types import FrameType
from typing import Any

import uvicorn
from celery import current_app
from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from calls import draining
from highway import interpreter
from highway.env import env

SHUTDOWN_S = 10
EMBEDDED_THREADS = 4


class Command(BaseCommand):
    help = "Serve Highway. With no broker set, the worker and the clock run in this process too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 takes a free one.")
        parser.add_argument("--reuse-port", action="store_true", help="Share the port with other such processes.")
        parser.add_argument(
            "--drain-timeout",
            type=float,
            default=env.float("DRAIN_TIMEOUT_S", default=600.0),
            metavar="SECONDS",
            help="How long live calls may go on after SIGTERM.",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        _refuse_unmigrated()
        listener = _listen(options["host"], options["port"], options["reuse_port"])
        server = DrainingServer(_config(), drain_timeout_s=options["drain_timeout"], leave_port=options["reuse_port"])
        with embedded_celery() if settings.EMBEDDED else nullcontext():
            self.stdout.write(f"Highway is at {_address(listener)} (Ctrl-C to stop)")
            self.stdout.flush()
            interpreter.settle_in()
            server.run(sockets=[listener])


class DrainingServer(uvicorn.Server):
    """The first signal drains, the second closes what is left, the third does not even wait for that."""

    def __init__(self, config: uvicorn.Config, *, drain_timeout_s: float, leave_port: bool) -> None:
        super().__init__(config)
        self.drain_timeout_s = drain_timeout_s
        self.leave_port = leave_port
        self.deadline = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        elif draining.draining:
            self.should_exit = True
        else:
            self.deadline = time.monotonic() + self.drain_timeout_s
            draining.start()

    async def on_tick(self, counter: int) -> bool:
        if draining.draining:
            self._drain()
        return await super().on_tick(counter)

    def _drain(self) -> None:
        if self.leave_port:
            # The kernel then gives new connections to the processes that stay. With nobody to take over, keep
            # listening: the carrier's callbacks of the calls still up come here.
            for server in self.servers:
                server.close()
        if not draining.live_calls or time.monotonic() > self.deadline:
            self.should_exit = True


def _config() -> uvicorn.Config:
    config = uvicorn.Config(
        "highway.asgi:application",
        loop="uvloop",
        http="httptools",
        ws="highway.websocket_protocol:MediaWebSocketProtocol",
        ws_per_message_deflate=False,
        ws_max_size=65_536,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    config.load()  # Now, so that an application that cannot start has not started a worker.
    return config


def _refuse_unmigrated() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run: python manage.py migrate")
    connection.close()


def _listen(host: str, port: int, reuse_port: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048, reuse_port=reuse_port)
    except OSError as error:
        raise CommandError(f"Cannot listen at {host} port {port}: {error.strerror}.") from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def embedded_celery() -> Iterator[None]:
    """Celery's worker and beat as threads of this process, on the in-memory broker."""
    # Celery warns of root because a broker's messages could hold code; these never leave the process.
    warnings.simplefilter("ignore", SecurityWarning)
    worker = current_app.Worker(
        pool="threads",
        concurrency=EMBEDDED_THREADS,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    # The plain scheduler keeps no file: all schedules are intervals, and starting them anew does no harm.
    beat = EmbeddedService(current_app, thread=True, scheduler_cls="celery.beat:Scheduler")
    thread = Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        worker.stop()
        thread.join(SHUTDOWN_S)
