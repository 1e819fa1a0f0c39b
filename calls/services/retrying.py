"""The next try of a request, made in the transaction that ends the last one: neither can be without the other."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Max

from calls import retries, windows
from calls.lifecycle import EndReason
from calls.models import Call, CallEvent
from calls.services import followups
from calls.services.errors import Refused
from calls.services.usage import credits_hold


def call_retry(*, last: Call, now: datetime) -> Call | None:
    """Queue the next try of a call that has just ended; None where it has none left, or the ending allows none."""
    if last.try_number >= last.max_tries:
        return None
    due_at = retries.due_at(
        ending=ending_of(last),
        try_number=last.try_number,
        max_tries=last.max_tries,
        now=now,
        zone=zone_of(last.to_number),
    )
    return _queue(last, due_at=due_at, now=now) if due_at else None


def ending_of(call: Call) -> str:
    """Its end_reason, or "call_later" where the person asked for that: the word that calls.retries and ladders use."""
    if call.end_reason != EndReason.DECLINED:
        return call.end_reason
    later = call.events.filter(kind="tool_called", detail__tool="decline", detail__reason=retries.CALL_LATER)
    return retries.CALL_LATER if later.exists() else call.end_reason


def _queue(last: Call, *, due_at: datetime, now: datetime) -> Call | None:
    attempt = Call.objects.filter(verification_id=last.verification_id).aggregate(last=Max("attempt"))["last"] + 1
    try:
        with transaction.atomic():
            call = Call.objects.create(
                verification_id=last.verification_id,
                script_id=last.script_id,
                attempt=attempt,
                to_number=last.to_number,
                from_number=last.from_number,
                other_number=last.other_number,
                try_number=last.try_number + 1,
                max_tries=last.max_tries,
                due_at=due_at,
                requested_by_id=last.requested_by_id,
                requested_by_user_id=last.requested_by_user_id,
                profile_id=last.profile_id,
            )
            credits_hold(call=call, key=last.requested_by)
    except Refused:
        return None  # The key has no credits left for another try.
    except IntegrityError:
        return None  # Somebody asked for a call of this person in this very moment: that one takes its place.
    detail = {"attempt": attempt, "try": call.try_number, "after_call": last.pk}
    followups.call_begun(call.verification_id)
    CallEvent.objects.create(call=call, kind="requested", at=now, detail=detail)
    return call


def zone_of(number: str) -> tzinfo:
    """The first zone of an E.164 number's area; UTC where that is unknown."""
    zones = windows.zones_of_number(number)
    return ZoneInfo(zones[0]) if zones else UTC
