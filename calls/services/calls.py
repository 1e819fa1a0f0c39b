"""Every write to a Call: one short transaction each, a compare-and-set UPDATE, its CallEvent beside it.

Twilio's callbacks come late, twice and out of order, and several processes write at once, so nothing here reads a row
and then saves it: an UPDATE names the states it may start from, and only the one that changed the row tells the story.
`now` is an aware datetime.
"""

from datetime import datetime
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Max, Value, When
from django.db.models.functions import Coalesce
from kombu.pools import producers

from calls import carrier_codes
from calls.lifecycle import CARRIER_ENDINGS, EndReason, Stage, Status, earlier_stages
from calls.models import ApiKey, Call, CallEvent, Profile, Script, Verification
from calls.services import campaign_outcomes, followups, happenings
from calls.services.do_not_call import do_not_call_check
from calls.services.errors import Refused
from calls.services.lines import call_turn
from calls.services.numbers import number_to_call
from calls.services.persons import person_check
from calls.services.profiles import profile_for
from calls.services.questions import questions_check
from calls.services.retrying import call_retry
from calls.services.scripts import script_current
from calls.services.usage import call_afford, credits_hold

VENDOR_TEXT_LIMIT = 500
CARRIER_MOVES = {"ringing": Stage.RINGING, "in-progress": Stage.ANSWERED}
CARRIER_ENDED = {"completed", *CARRIER_ENDINGS}


def call_request(
    *,
    verification: Verification,
    now: datetime,
    to: str = "",
    other_number: bool = False,
    requested_by: ApiKey | None = None,
    requested_by_user: User | None = None,
    max_tries: int = 0,
    profile: Profile | None = None,
) -> Call:
    """Queue a call, due at once. `max_tries`: how often to ring in all, by calls.retries; 0 leaves it to the script.

    Raises Refused: no_phone, no_script, invalid_number, number_mismatch (`to` is not the number on file and
    `other_number` does not say that this is meant), call_in_progress (one live call for each verification),
    facts_unusable, too_few_facts (no answers could make it successful), person_locked (calls.services.persons),
    do_not_call, budget_exceeded, insufficient_credits. `profile`: the way to the voice model, if not the script's.
    """
    number = number_to_call(verification=verification, to=to, other_number=other_number)
    do_not_call_check(phone=number, now=now)
    person_check(verification=verification)
    call_afford(key=requested_by, now=now)
    try:
        script = script_current(name=verification.script_name)
        questions_check(verification=verification, script=script)
        with transaction.atomic():
            last = verification.calls.aggregate(last=Max("attempt"))["last"]
            call = Call.objects.create(
                verification=verification,
                script=script,
                attempt=(last or 0) + 1,
                to_number=number,
                from_number=settings.TWILIO_FROM_NUMBER,
                other_number=bool(verification.phone) and number != verification.phone,
                due_at=now,
                max_tries=max_tries or script.max_tries,
                requested_by=requested_by,
                requested_by_user=requested_by_user,
                profile=profile or profile_for(script=script),
            )
            credits_hold(call=call, key=requested_by)
            followups.call_begun(verification.pk)
            event_add(call_id=call.pk, kind="requested", now=now, detail={"attempt": call.attempt})
    except Script.DoesNotExist as error:
        raise Refused("no_script", str(error)) from None
    except IntegrityError:
        # The database's own constraint, so that two requests at the same instant cannot both pass.
        raise Refused("call_in_progress", "A call of this verification is still in progress.") from None
    # robust: a broker that is down must not fail the request, for beat finds the row within seconds.
    transaction.on_commit(lambda: _nudge(call.pk), robust=True)
    return call


def _nudge(call_id: int) -> None:
    # A pool of its own: Celery's tries again for seconds, and here somebody waits for an answer.
    broker = current_app.connection_for_write(connect_timeout=1, transport_options={"max_retries": 0})
    with producers[broker].acquire(block=True, timeout=1) as producer:
        current_app.send_task("calls.tasks.dial", args=[call_id], producer=producer, retry=False)


def call_claim(*, call_id: int, now: datetime) -> Call | None:
    """Take a due call for dialing; None where another has it, or it is not due. Committed before this returns.

    `durable`: inside an outer transaction the claim could be rolled back after the phone has rung.
    """
    with transaction.atomic(durable=True):
        due = Call.objects.filter(pk=call_id, stage=Stage.QUEUED, due_at__lte=now, carrier_sid="")
        waiting = due.select_related("campaign").first()
        # The pace may let it start a moment later: then it is claimed for that moment.
        start_at = call_turn(waiting, now=now) if waiting else None
        if start_at is None or not due.update(stage=Stage.DIALING, claimed_at=start_at):
            return None
        event_add(call_id=call_id, kind="claimed", now=start_at)
    return Call.objects.select_related("script", "verification").get(pk=call_id)


def call_release(*, call_id: int, now: datetime, due_at: datetime, detail: dict[str, Any] | None = None) -> bool:
    """Put a claimed call back in the queue. Only where the carrier certainly placed nothing."""
    with transaction.atomic():
        claimed = Call.objects.filter(pk=call_id, stage=Stage.DIALING, carrier_sid="")
        released = claimed.update(stage=Stage.QUEUED, due_at=due_at, claimed_at=None)
        if released:
            event_add(call_id=call_id, kind="released", now=now, detail=detail)
    return bool(released)


def call_dialed(*, call_id: int, carrier_sid: str, now: datetime) -> bool:
    """The carrier has accepted the call, said by its answer or by a callback that overtook it. False: not this call's.

    The first SID stays. Another SID for the same call is noted and nothing else: it may be a second ring.
    Raises Call.DoesNotExist.
    """
    try:
        with transaction.atomic():
            adopted = bool(carrier_sid) and Call.objects.filter(pk=call_id, carrier_sid="").update(
                carrier_sid=carrier_sid,
                dialed_at=now,
                claimed_at=Coalesce("claimed_at", Value(now)),
                # A queued call that is known to the carrier must never be dialed.
                stage=Case(When(stage=Stage.QUEUED, then=Value(Stage.DIALING)), default=F("stage")),
            )
            if adopted:
                event_add(call_id=call_id, kind="dialed", now=now, detail={"carrier_sid": carrier_sid})
                happenings.call_started(call_id=call_id, now=now)
                return True
    except IntegrityError:
        if not Call.objects.filter(carrier_sid=carrier_sid).exists():
            raise  # Nothing about the SID: the line must not be taken for a second one.
    if _has_sid(call_id=call_id, carrier_sid=carrier_sid):
        return True
    event_add(call_id=call_id, kind="other_sid", now=now, detail={"carrier_sid": carrier_sid})
    return False


def _has_sid(*, call_id: int, carrier_sid: str) -> bool:
    """Whether there is nothing to adopt. A callback without a SID is taken at its word."""
    return Call.objects.values_list("carrier_sid", flat=True).get(pk=call_id) == carrier_sid or not carrier_sid


def _is_its_line(*, call_id: int, carrier_sid: str, now: datetime) -> bool:
    """Asked only where an UPDATE that names the SID changed nothing: mostly it is known, and the callback news."""
    known = _has_sid(call_id=call_id, carrier_sid=carrier_sid)
    return known or call_dialed(call_id=call_id, carrier_sid=carrier_sid, now=now)


def call_moved(
    *, call_id: int, stage: Stage, now: datetime, carrier_sid: str = "", detail: dict[str, Any] | None = None
) -> bool:
    """Move the line to `ringing` or `answered`; False where it is past that, or the SID is not this call's."""
    with transaction.atomic():
        change: dict[str, Any] = {"stage": stage}
        if stage == Stage.ANSWERED:
            change["answered_at"] = now
        behind = Call.objects.filter(pk=call_id, stage__in=earlier_stages(stage))
        moved = behind.filter(carrier_sid=carrier_sid).update(**change)
        if not moved and _is_its_line(call_id=call_id, carrier_sid=carrier_sid, now=now):
            moved = behind.update(**change)
        if moved:
            event_add(call_id=call_id, kind=stage.value, now=now, detail=detail)
        if moved and stage == Stage.ANSWERED:
            happenings.call_answered(call_id=call_id, now=now)
    return bool(moved)


def call_line_ended(
    *, call_id: int, now: datetime, carrier_status: str, carrier_sid: str, detail: dict[str, Any] | None = None
) -> bool:
    """The carrier says the line is down; True where that was news.

    The call is concluded here only if no conversation is there to do it: with a stream open, the consumer holds the
    answers and decides. `detail["code"]` is the vendor's own code of a failure.
    """
    with transaction.atomic():
        up = Call.objects.filter(pk=call_id, line_ended_at=None)
        ended = up.filter(carrier_sid=carrier_sid).update(line_ended_at=now)
        if not ended and _is_its_line(call_id=call_id, carrier_sid=carrier_sid, now=now):
            ended = up.update(line_ended_at=now)
        if not ended:
            return False
        detail = {"carrier_status": carrier_status, **(detail or {})}
        event_add(call_id=call_id, kind="line_ended", now=now, detail=detail)
        call = Call.objects.only("stream_sid", "answered_at").get(pk=call_id)
        if not call.stream_sid:
            code = str(detail.get("code", "")) if carrier_status == "failed" else ""
            status, end_reason = _ending_without_stream(call=call, carrier_status=carrier_status, code=code)
            call_conclude(call_id=call_id, status=status, end_reason=end_reason, now=now, vendor_code=code)
    return True


def _ending_without_stream(*, call: Call, carrier_status: str, code: str) -> tuple[Status, EndReason]:
    if call.answered_at or carrier_status not in CARRIER_ENDINGS:
        return Status.SYSTEM_ERROR, EndReason.RELAY_LOST
    if carrier_status == "failed":
        meaning = carrier_codes.failure(code)
        return meaning.status, meaning.end_reason
    return CARRIER_ENDINGS[carrier_status]


def call_heard(
    *, call_id: int, carrier_status: str, carrier_sid: str, now: datetime, detail: dict[str, Any] | None = None
) -> bool:
    """Take in Twilio's CallStatus, pushed by a callback or fetched; True where by it the line moved on, or ended."""
    if carrier_status in CARRIER_MOVES:
        stage = CARRIER_MOVES[carrier_status]
        return call_moved(call_id=call_id, stage=stage, now=now, carrier_sid=carrier_sid, detail=detail)
    if carrier_status in CARRIER_ENDED:
        return call_line_ended(
            call_id=call_id, now=now, carrier_status=carrier_status, carrier_sid=carrier_sid, detail=detail
        )
    _is_its_line(call_id=call_id, carrier_sid=carrier_sid, now=now)
    return False


def call_stream_failed(*, call_id: int, now: datetime, text: str) -> None:
    """The carrier could not open or keep the media stream. Kept for the conclusion, which the line's end brings."""
    text = text[:VENDOR_TEXT_LIMIT]
    with transaction.atomic():
        Call.objects.filter(pk=call_id, vendor_text="").exclude(stage=Stage.ENDED).update(vendor_text=text)
        event_add(call_id=call_id, kind="stream_error", now=now, detail={"text": text})


def call_answered_by(*, call_id: int, answered_by: str, now: datetime) -> bool:
    """The carrier's machine detection has decided. The first word stays; the conversation is told within a second."""
    with transaction.atomic():
        told = Call.objects.filter(pk=call_id, answered_by="").exclude(stage=Stage.ENDED)
        is_news = bool(told.update(answered_by=answered_by[:30]))
        if is_news:
            event_add(call_id=call_id, kind="answered_by", now=now, detail={"answered_by": answered_by[:30]})
    return is_news


def call_conclude(
    *,
    call_id: int,
    status: Status,
    end_reason: EndReason,
    now: datetime,
    needs_review: bool = False,
    review_reason: str = "",
    reflection: str = "",
    vendor_code: str = "",
    vendor_text: str = "",
    usage: dict[str, Any] | None = None,
) -> bool:
    """Give the call its one status. The first to come decides; False where the call had ended already."""
    change: dict[str, Any] = {"needs_review": needs_review, "review_reason": review_reason, "reflection": reflection}
    # Left alone where there is nothing to say: what was noted earlier in the call then stands.
    later = {"vendor_code": vendor_code[:100], "vendor_text": vendor_text[:VENDOR_TEXT_LIMIT], "usage": usage}
    change |= {field: value for field, value in later.items() if value}
    return _end(
        call_id=call_id, stages=earlier_stages(Stage.ENDED), status=status, reason=end_reason, now=now, **change
    )


def call_cancel(*, call_id: int, now: datetime) -> bool:
    """Take a call out of the queue; False where it is dialed already, or over."""
    return _end(call_id=call_id, stages=(Stage.QUEUED,), status=Status.CANCELED, reason=EndReason.CANCELED, now=now)


def _end(
    *, call_id: int, stages: tuple[Stage, ...], status: Status, reason: EndReason, now: datetime, **change: Any
) -> bool:
    # No savepoint: whoever has a transaction open lets a failure here undo all of it.
    with transaction.atomic(savepoint=False):
        live = Call.objects.filter(pk=call_id, stage__in=stages)
        ended = live.update(stage=Stage.ENDED, status=status, end_reason=reason, ended_at=now, **change)
        if ended:
            detail = {"status": status.value, "end_reason": reason.value}
            if code := change.get("vendor_code"):
                detail["vendor_code"] = code
            event_add(call_id=call_id, kind="ended", now=now, detail=detail)
            call = Call.objects.select_related("campaign").get(pk=call_id)
            followups.call_over(call=call, now=now)
            happenings.call_ended(call=call, now=now)
            campaign_outcomes.call_over(call=call, now=now)
            call_retry(last=call, now=now)
    return bool(ended)


def event_add(*, call_id: int, kind: str, now: datetime, detail: dict[str, Any] | None = None) -> None:
    """Append to the call's history. `detail` holds codes and numbers, never a fact of the person."""
    CallEvent.objects.create(call_id=call_id, kind=kind, at=now, detail=detail or {})
