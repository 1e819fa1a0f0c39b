"""The do-not-call list: numbers nobody rings, by campaign or by request."""

import csv
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from calls.models import Call, DoNotCall
from calls.services.errors import Refused
from calls.services.numbers import to_e164
from calls.services.texts import line_problem

CHUNK = 1000


def do_not_call_add(
    *, phone: str, reason: str = "", source: str = "staff", expires_at: datetime | None = None, call: Call | None = None
) -> DoNotCall:
    """Put a number on the list, or renew what stands there: the later end wins, and no end is the latest.

    Raises Refused("validation_error").
    """
    problems = {"reason": line_problem(reason, limit=200)}
    number = ""
    try:
        number = to_e164(phone, region=settings.DEFAULT_REGION)
    except ValueError as problem:
        problems["phone"] = str(problem)
    if found := {field: text for field, text in problems.items() if text}:
        raise Refused("validation_error", "The number was not put on the list: see fields.", found)
    row, made = DoNotCall.objects.get_or_create(
        phone=number, defaults={"reason": reason, "source": source, "expires_at": expires_at, "call": call}
    )
    if not made and row.expires_at and (expires_at is None or expires_at > row.expires_at):
        DoNotCall.objects.filter(pk=row.pk).update(reason=reason, source=source, expires_at=expires_at, call=call)
        row.refresh_from_db()
    return row


def do_not_call_check(*, phone: str, now: datetime) -> None:
    """Raises Refused("do_not_call") where the number (E.164) is on the list."""
    if is_barred(phone=phone, now=now):
        raise Refused("do_not_call", "The number is on the do-not-call list.")


def is_barred(*, phone: str, now: datetime) -> bool:
    return phone in barred(phones=[phone], now=now)


def barred(*, phones: Iterable[str], now: datetime) -> set[str]:
    """Those of `phones` (E.164) that are on the list at `now`."""
    stands = Q(expires_at=None) | Q(expires_at__gt=now)
    return set(DoNotCall.objects.filter(stands, phone__in=list(phones)).values_list("phone", flat=True))


def do_not_call_import(*, lines: Iterable[str], reason: str = "") -> tuple[int, list[str]]:
    """Take in CSV with the columns phone and, if wanted, reason. How many were read, and what was wrong by row.

    Numbers already listed are left as they are. Raises Refused("validation_error") where there is no column phone.
    """
    rows = csv.DictReader(lines)
    if "phone" not in (rows.fieldnames or []):
        raise Refused("validation_error", "The list was not read.", {"phone": "there is no such column"})
    read, problems, chunk = 0, [], []
    for row in rows:
        why = (row.get("reason") or reason).strip()
        try:
            number = to_e164((row["phone"] or "").strip(), region=settings.DEFAULT_REGION)
        except ValueError as problem:
            problems.append(f"row {rows.line_num}: phone {problem}")
            continue
        chunk.append(DoNotCall(phone=number, reason=why[:200], source="import"))
        read += 1
        if len(chunk) == CHUNK:
            DoNotCall.objects.bulk_create(chunk, ignore_conflicts=True)
            chunk = []
    DoNotCall.objects.bulk_create(chunk, ignore_conflicts=True)
    return read, problems
