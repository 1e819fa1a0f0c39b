"""Settling calls that have gone quiet, whatever died: each ends in one status, and none is ever dialed again.

A call is stuck when the word that should have come is overdue. Then the carrier is asked what became of the line, and
its word is taken in as a callback's would be. Only what the carrier cannot tell is concluded here. The process that
holds a conversation gives a sign of life every second (`calls_beat`), so that of thousands of live calls only the
stuck ones are asked about.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from calls import carrier
from calls.carrier import LINE_MARGIN_S
from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call
from calls.services.calls import call_conclude, call_dialed, call_heard, event_add

# Each a little over what its step takes at worst, and in sum under two minutes from a process's death to the end.
NO_SID_AFTER = timedelta(seconds=30)
SILENT_AFTER = timedelta(seconds=20)
CONCLUSION_AFTER = timedelta(seconds=20)
QUIET_AFTER = timedelta(seconds=45)
HANG_UP_AFTER = timedelta(seconds=60)
NO_SUCH_CALL_AFTER = timedelta(seconds=90)
CLOCK_SKEW = timedelta(seconds=60)

ASK_AGAIN_AFTER = timedelta(seconds=10)
BUDGET = timedelta(seconds=12)
"""How long one run may go on asking. Runs overlap where there is much to ask, and share it by `asked_at`."""
MOST_AT_ONCE = 500

Clock = Callable[[], datetime]


def calls_beat(*, call_ids: Iterable[int], now: datetime) -> dict[int, str]:
    """Note that these conversations are alive. Returns what machine detection has said of them, where it has."""
    live = Call.objects.filter(pk__in=list(call_ids))
    live.exclude(stage=Stage.ENDED).update(heartbeat_at=now)
    return dict(live.exclude(answered_by="").values_list("pk", "answered_by"))


def calls_settle(*, clock: Clock) -> None:
    """Settle what is stuck. Safe in any number of workers: each call is asked about by one at a time."""
    now = clock()
    for call in lost(now=now)[:MOST_AT_ONCE]:
        _lost(call=call, now=now)
    until = now + BUDGET
    # Asked longest ago first, so that calls the carrier is slow with never hide the rest.
    overdue = stuck(now=now).select_related("script").order_by(F("asked_at").asc(nulls_first=True), "claimed_at", "id")
    for call in overdue[:MOST_AT_ONCE]:
        if (now := clock()) > until:
            return
        if _take(call=call, now=now):
            call_settle(call=call, now=now)


def lost(*, now: datetime) -> QuerySet[Call]:
    """Their line is down, and nobody came to conclude them."""
    return Call.objects.filter(line_ended_at__lt=now - CONCLUSION_AFTER).exclude(stage=Stage.ENDED)


def stuck(*, now: datetime) -> QuerySet[Call]:
    """Of these the carrier must be asked."""
    overdue = (
        Q(stage=Stage.DIALING, carrier_sid="", claimed_at__lt=now - NO_SID_AFTER)
        | Q(stage__in=[Stage.DIALING, Stage.RINGING], claimed_at__lt=now - QUIET_AFTER)
        | Q(stage=Stage.ANSWERED, stream_sid="", answered_at__lt=now - SILENT_AFTER)
        | Q(stage=Stage.ANSWERED, heartbeat_at__lt=now - SILENT_AFTER)
    )
    return Call.objects.filter(overdue, _may_be_asked(now), line_ended_at=None)


def _may_be_asked(now: datetime) -> Q:
    return Q(asked_at=None) | Q(asked_at__lt=now - ASK_AGAIN_AFTER)


def _take(*, call: Call, now: datetime) -> bool:
    return bool(Call.objects.filter(_may_be_asked(now), pk=call.pk).update(asked_at=now))


def call_settle(*, call: Call, now: datetime) -> None:
    try:
        if call.carrier_sid:
            _ask(call=call, now=now)
        else:
            _settle_unplaced(call=call, now=now)
    except (carrier.CarrierRefused, carrier.CarrierBusy, carrier.CarrierUnclear):
        _give_up_when_hopeless(call=call, now=now)


def _lost(*, call: Call, now: datetime) -> None:
    """The line is over and nobody concluded: the process that held the conversation is gone, or none ever opened."""
    end_reason = EndReason.PROCESS_LOST if call.stream_sid else EndReason.RELAY_LOST
    call_conclude(call_id=call.pk, status=Status.SYSTEM_ERROR, end_reason=end_reason, now=now)


def _settle_unplaced(*, call: Call, now: datetime) -> None:
    """The carrier's answer never came. Look among its calls for one that is no other row's."""
    claimed_at = call.claimed_at or call.created_at
    found = carrier.calls_find(to=call.to_number, from_=call.from_number, after=claimed_at - CLOCK_SKEW)
    known = set(Call.objects.filter(carrier_sid__in=[one.sid for one in found]).values_list("carrier_sid", flat=True))
    ours = [one for one in found if one.sid not in known]
    if len(ours) == 1:
        call_dialed(call_id=call.pk, carrier_sid=ours[0].sid, now=now)
        call_heard(call_id=call.pk, carrier_status=ours[0].status, carrier_sid=ours[0].sid, now=now)
    elif now > claimed_at + NO_SUCH_CALL_AFTER:
        text = "The carrier has several calls that may be this one." if ours else "The carrier has no such call."
        _conclude_unknown(call=call, text=text, now=now)


def _ask(*, call: Call, now: datetime) -> None:
    try:
        told = carrier.call_fetch(call.carrier_sid)
    except carrier.CarrierRefused as refused:
        if refused.code != "20404":
            raise
        _conclude_unknown(call=call, text="The carrier no longer knows this call.", now=now)
        return
    call_heard(call_id=call.pk, carrier_status=told.status, carrier_sid=told.sid, now=now)
    if call.stage == Stage.ANSWERED:
        _settle_silent(call=call, line_is_up=told.status == "in-progress", now=now)


def _settle_silent(*, call: Call, line_is_up: bool, now: datetime) -> None:
    """Answered, and no process says that it holds the conversation.

    A line that is still up may have its process held up, or only cut off from the database: it gets some time, for a
    conversation that goes on is worth more than a tidy row. Then the person has heard silence for long enough.
    """
    if line_is_up:
        since = call.heartbeat_at or call.answered_at or now
        if now < since + HANG_UP_AFTER or not _is_still_silent(call):
            return
        carrier.call_end(call.carrier_sid)
        event_add(call_id=call.pk, kind="hung_up_silent", now=now)
    _lost(call=call, now=now)


def _is_still_silent(call: Call) -> bool:
    # The carrier's answer took its time, and a database that was away lets everybody in at once.
    return Call.objects.filter(pk=call.pk, heartbeat_at=call.heartbeat_at, stream_sid=call.stream_sid).exists()


def _give_up_when_hopeless(*, call: Call, now: datetime) -> None:
    """The carrier cannot be asked. When the line cannot be up any more, waiting longer would serve nobody."""
    since = call.answered_at or call.claimed_at or call.created_at
    ring = timedelta(seconds=call.script.ring_timeout_s)
    if now > since + ring + _longest_talk(call) + NO_SUCH_CALL_AFTER:
        _conclude_unknown(call=call, text="The carrier could not be asked what became of this call.", now=now)


def _conclude_unknown(*, call: Call, text: str, now: datetime) -> None:
    reason = EndReason.CARRIER_ERROR
    call_conclude(call_id=call.pk, status=Status.SYSTEM_ERROR, end_reason=reason, now=now, vendor_text=text)


def _longest_talk(call: Call) -> timedelta:
    return timedelta(seconds=call.script.time_limit_s + 2 * LINE_MARGIN_S)
