"""A task that is sent three times over, and that Redis hands out anew while it still runs, dials once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from tests.fake_carrier import FakeCarrier

ROOT = Path(__file__).parent.parent
PREFIX = f"redelivery-{os.getpid()}-"
REDIS = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/7"

# A visibility timeout of one second, and a broker that looks every second: a message is handed out anew that often.
IMPATIENT = f"""
import sys, django
from highway.celery import app
django.setup()
app.conf.broker_transport_options = {{"global_keyprefix": "{PREFIX}", "visibility_timeout": 1,
    "unacked_restore_interval": 1, "unacked_restore_throttle": 1}}
"""
SENDER = f"""{IMPATIENT}
from django.utils import timezone
from calls.models import Call
from calls.services.scripts import script_current
from calls.services.verifications import verification_create
person = verification_create(name="Ada Byron", phone="+12025550123")
call = Call.objects.create(verification=person, script=script_current(name="default"), attempt=1,
    to_number=person.phone, from_number="+12025550100", due_at=timezone.now())
for _ in range(3):
    app.send_task("calls.tasks.dial", args=[call.pk], task_id="one-and-the-same")
"""
WORKER = f"""{IMPATIENT}
app.worker_main(["worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "INFO", "--without-gossip",
    "--without-mingle"])
"""


@pytest.fixture
def broker() -> Iterator[str]:
    client = redis.Redis.from_url(REDIS)
    try:
        client.ping()
    except redis.ConnectionError:
        pytest.skip("no Redis answers at REDIS_URL")
    yield REDIS
    for key in client.scan_iter(f"{PREFIX}*"):
        client.delete(key)
    client.close()


@pytest.fixture
def environment(tmp_path: Path, broker: str, carrier_wire: FakeCarrier) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'highway.sqlite3'}",
        "CELERY_BROKER_URL": broker,
        "TWILIO_BASE_URL": carrier_wire.url,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "12345",
        "TWILIO_FROM_NUMBER": "+12025550100",
        "TWILIO_TIMEOUT_S": "25",
        "OPENAI_API_KEY": "sk-test",
        "NO_PROXY": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "highway.settings",
    }


def run(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.end_to_end
def test_a_task_redelivered_while_it_dials_dials_once(
    environment: dict[str, str], carrier_wire: FakeCarrier, tmp_path: Path
) -> None:
    carrier_wire.answers.append("stall")
    run(environment, "manage.py", "migrate", "--verbosity=0")
    run(environment, "-c", SENDER)
    log = tmp_path / "worker.log"
    with log.open("w") as output:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stderr=output, stdout=output
        )
    try:
        deadline = time.monotonic() + 20
        while (received := log.read_text().count("received\n")) < 4 and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        carrier_wire.released.set()
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
    # The three, and the one of them that was still waiting for the carrier when the broker lost patience.
    assert received == 4, log.read_text()
    assert [form["To"] for form in carrier_wire.placed] == [["+12025550123"]]
    with closing(sqlite3.connect(tmp_path / "highway.sqlite3")) as database:
        kinds = [kind for (kind,) in database.execute("SELECT kind FROM calls_callevent ORDER BY id")]
    assert kinds == ["claimed", "dial_unclear"]
