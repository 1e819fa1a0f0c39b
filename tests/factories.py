"""Rows with sensible values; say only what the test is about."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from calls.lifecycle import Stage
from calls.models import Call, Script, Verification

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_versions = count(1000)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def script(**fields: Any) -> Script:
    values = {"name": "test", "version": next(_versions), "company": "Acme Bank", "purpose": "A routine check."}
    return Script.objects.create(**{**values, **fields})


def verification(**fields: Any) -> Verification:
    values = {
        "name": "Ada Byron",
        "phone": "+12025550123",
        "facts": {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"},
    }
    return Verification.objects.create(**{**values, **fields})


def call(**fields: Any) -> Call:
    """A call; where its stage is past `queued`, with the times that such a call has."""
    values: dict[str, Any] = {"attempt": 1, "to_number": "+12025550123", "from_number": "+12025550100", "due_at": NOW}
    stage = fields.get("stage", Stage.QUEUED)
    if stage in (Stage.DIALING, Stage.RINGING, Stage.ANSWERED):
        values["claimed_at"] = NOW
    if stage == Stage.ANSWERED:
        values["answered_at"] = NOW
    if stage == Stage.ENDED:
        values |= {"ended_at": NOW, "status": "not_reached", "end_reason": "no_answer"}
    for name, make in (("verification", verification), ("script", script)):
        if name not in fields:
            values[name] = make()
    made = Call.objects.create(**{**values, **fields})
    Verification.objects.filter(pk=made.verification_id).update(latest_status=made.status)
    return made
