"""Is each thing right, and if not, what is to be done? Looks and tells; changes nothing, and calls nobody.

What hangs on something broken is not looked at: so a broken thing is named once, and nothing else with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError

from calls.models import Pulse
from calls.services.doctor_carrier import examine_carrier
from calls.services.doctor_model import examine_models
from calls.services.doctor_report import Finding, broken, ok, skipped
from calls.services.doctor_web import examine_web

PULSE_WITHIN = timedelta(seconds=60)
BROKER_TIMEOUT_S = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One examination. `needs` names those that must have found nothing broken."""

    name: str
    look: Callable[[datetime], Iterator[Finding]]
    needs: tuple[str, ...] = ()


def examine(*, now: datetime) -> Iterator[Finding]:
    """Every finding, as it is made."""
    failed: set[str] = set()
    for part in _PARTS:
        missing = failed.intersection(part.needs)
        found = [skipped(part.name, f"{', '.join(sorted(missing))} first")] if missing else part.look(now)
        for finding in found:
            if finding.state == "broken":
                failed.add(part.name)
            yield finding
        if missing:
            failed.add(part.name)


def _settings(now: datetime) -> Iterator[Finding]:
    messages = [one for one in checks.run_checks() if str(one.id).startswith("highway.")]
    for message in messages:
        # Their absence is a warning at start (a fresh clone has none), but here the question is whether it can work.
        yield broken("settings", str(message.msg), str(message.hint or ""))
    if not messages:
        yield ok("settings", "every setting is present and well formed")


def _database(now: datetime) -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        yield broken("database", f"cannot be reached: {type(error).__name__}", "See DATABASE_URL, and that it runs.")
        return
    if missing:
        yield broken("database", f"{len(missing)} migrations are missing", "Run: python manage.py migrate")
    else:
        yield ok("database", f"{connection.vendor}, up to date")


def _broker(now: datetime) -> Iterator[Finding]:
    if settings.EMBEDDED:
        yield ok("broker", "in the web process")
        return
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT_S) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_S)
    except (OperationalError, OSError) as error:
        yield broken("broker", f"cannot be reached: {type(error).__name__}", "See REDIS_URL or CELERY_BROKER_URL.")
    else:
        yield ok("broker", settings.CELERY_BROKER_URL.partition("://")[0])


def _workers(now: datetime) -> Iterator[Finding]:
    last = Pulse.objects.filter(name="clock").values_list("at", flat=True).first()
    if last and last > now - PULSE_WITHIN:
        yield ok("worker and beat", "alive")
    elif settings.EMBEDDED:
        yield broken("worker and beat", "no sign of life for a minute", "Start: python manage.py serve")
    elif current_app.control.ping(timeout=BROKER_TIMEOUT_S):
        yield broken("beat", "workers answer, but nothing is scheduled", "Start: celery -A highway beat")
    else:
        yield broken("worker", "none answers", "Start: celery -A highway worker --pool threads")


_PARTS = (
    Part("settings", _settings),
    Part("database", _database),
    Part("broker", _broker, ("settings",)),
    Part("worker and beat", _workers, ("database", "broker")),
    Part("public address", lambda now: examine_web(), ("settings",)),
    Part("carrier", lambda now: examine_carrier(), ("settings",)),
    Part("voice model", lambda now: examine_models(today=now.date()), ("settings", "database")),
)
