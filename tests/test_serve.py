"""The web process: what it refuses, that it dials with no broker, and that it drains before it goes."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from calls import draining
from calls.management.commands.serve import DrainingServer, _listen
from tests.fake_carrier import FakeCarrier
from tests.one_call import SID

ROOT = Path(__file__).parent.parent


# -- draining, in this process -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "draining", False)
    monkeypatch.setattr(draining, "live_calls", 0)


async def line(scope: Any, receive: Any, send: Any) -> None:
    """A call as the server sees it: a socket that echoes, admitted and released as the consumer does."""
    await receive()
    if not draining.admit():
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
    draining.release()


@asynccontextmanager
async def serving(*, drain_timeout_s: float = 60, leave_port: bool = False) -> AsyncIterator[Any]:
    config = uvicorn.Config(line, ws="websockets-sansio", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = DrainingServer(config, drain_timeout_s=drain_timeout_s, leave_port=leave_port)
    listener = _listen("127.0.0.1", 0, leave_port)
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
    task = asyncio.create_task(server.serve(sockets=[listener]))
    yield server, url, task
    server.should_exit = True
    await task


async def test_after_a_signal_a_live_call_goes_on_and_a_new_one_is_refused() -> None:
    async with serving() as (server, url, task):
        async with connect(url, proxy=None) as call:
            os.kill(os.getpid(), signal.SIGTERM)
            await call.send("still there?")
            assert await call.recv() == "still there?"
            assert draining.draining
            with pytest.raises(Exception, match="HTTP 403"):
                await connect(url, proxy=None)
            await asyncio.sleep(0.3)  # Several ticks, in which an impatient server would go.
            await call.send("and now?")
            assert await call.recv() == "and now?"
            assert not task.done()
        await asyncio.wait_for(task, 5)
        assert not server.force_exit


async def test_with_no_call_on_the_line_a_signal_ends_the_process_at_once() -> None:
    async with serving() as (server, _url, task):
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, 5)


async def test_a_call_that_outlasts_the_drain_is_closed() -> None:
    async with serving(drain_timeout_s=0.2) as (server, url, task), connect(url, proxy=None) as call:
        server.handle_exit(signal.SIGTERM, None)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(call.recv(), 5)
        await asyncio.wait_for(task, 5)


async def test_a_second_signal_does_not_wait_for_the_calls() -> None:
    async with serving() as (server, url, task), connect(url, proxy=None) as call:
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGTERM, None)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(call.recv(), 5)
        await asyncio.wait_for(task, 5)


async def test_a_draining_process_leaves_a_shared_port_to_the_others() -> None:
    async with serving(leave_port=True) as (server, url, _task), connect(url, proxy=None) as call:
        server.handle_exit(signal.SIGTERM, None)
        for _ in range(200):
            if not any(one.is_serving() for one in server.servers):
                break
            await asyncio.sleep(0.02)
        with pytest.raises(ConnectionRefusedError):
            await connect(url, proxy=None)
        await call.send("still there?")
        assert await call.recv() == "still there?"


# -- the whole process -----------------------------------------------------------------------------------------------


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An empty installation: whatever the machine's environment sets is not its."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'highway.sqlite3'}",
        "CELERY_BROKER_URL": "memory://",
        "TWILIO_BASE_URL": "http://127.0.0.1:9",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "12345",
        "TWILIO_FROM_NUMBER": "+12025550100",
        "OPENAI_API_KEY": "sk-test",
        "NO_PROXY": "127.0.0.1",
    }


def manage(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture
def migrated(environment: dict[str, str]) -> dict[str, str]:
    process = manage(environment, "migrate", "--verbosity=0")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return environment


@pytest.fixture
def twilio() -> Iterator[FakeCarrier]:
    wire = FakeCarrier()
    yield wire
    wire.stop()


def test_a_database_that_is_not_up_to_date_is_named_with_its_cure(environment: dict[str, str]) -> None:
    process = manage(environment, "serve", "--port", "0")
    output, _ = process.communicate(timeout=60)
    assert "CommandError: The database is not up to date. Run: python manage.py migrate" in output
    assert process.returncode == 1


QUEUE_A_CALL = """
from django.utils import timezone
from calls.models import Call
from calls.services.calls import call_request
from calls.services.verifications import verification_create
call_request(
    verification=verification_create(
        name="Ada Byron", phone="+12025550123", facts={"date_of_birth": "1985-03-05", "ssn_last_4": "4321"}
    ),
    now=timezone.now(),
)
"""


@pytest.mark.end_to_end
def test_with_no_broker_one_process_answers_and_dials_and_goes_when_told(
    migrated: dict[str, str], twilio: FakeCarrier
) -> None:
    twilio.will_accept(SID)
    migrated["TWILIO_BASE_URL"] = twilio.url
    queued = manage(migrated, "shell", "-c", QUEUE_A_CALL)
    output, _ = queued.communicate(timeout=60)
    assert queued.returncode == 0, output

    process = manage(migrated, "serve", "--port", "0")
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    url = next(text for text in lines if text.startswith("Highway is at ")).split()[3]
    with urlopen(url) as answer:
        assert answer.read() == b'{"message": "Running"}'
    assert twilio.heard.wait(30)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert [form["To"] for form in twilio.placed] == [["+12025550123"]]
    with closing(sqlite3.connect(migrated["DATABASE_URL"].removeprefix("sqlite:///"))) as database:
        assert database.execute("SELECT stage, carrier_sid FROM calls_call").fetchall() == [("dialing", SID)]
