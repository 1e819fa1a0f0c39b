"""Dialing a call once: claim, place, record what the carrier said. Never again on doubt.

`clock` returns the time: the carrier's answer may take seconds, and callbacks overtake it.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from django.db import connections

from calls import carrier, carrier_codes, draining, stream_tokens
from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call, Script
from calls.services.calls import call_claim, call_conclude, call_dialed, call_release, event_add
from calls.services.campaign_facts import call_may_ring
from calls.services.lines import turn_again, turn_is_missed
from calls.services.strays import stray_hang_up

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

# A call the carrier has no room for is tried for about an hour in all (5 s, 10 s, 20 s … 10 min), then given up.
MOST_RELEASES = 12
LONGEST_WAIT_S = 600
MOST_TURNS = 3
CLAIM_KEEPS = timedelta(seconds=10)
"""How long after its claim a call may be placed: well before settling begins to look for its line."""


def calls_dial_due(*, clock: Clock, limit: int = 20) -> int:
    """Dial what is due, oldest first; how many were claimed. Safe in any number of workers: each call is claimed."""
    due = Call.objects.filter(stage=Stage.QUEUED, due_at__lte=clock()).order_by("due_at", "id")
    return sum(call_dial(call_id=call_id, clock=clock) for call_id in due.values_list("pk", flat=True)[:limit])


def call_dial(*, call_id: int, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Claim the call and ring the person; False where there was nothing to claim, or this process is going down."""
    if draining.draining or not call_may_ring(call_id=call_id, now=clock()):
        return False
    call = call_claim(call_id=call_id, now=clock())
    if call is None:
        return False
    call_ring(call=call, clock=clock, sleep=sleep)
    return True


def calls_ring(*, calls: Sequence[Call], clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
    """Place claimed calls, each at its turn, whatever the carrier does about the one before."""
    ring = partial(call_ring, clock=clock, sleep=sleep)
    if len(calls) < 2:
        for call in calls:
            ring(call=call)
        return
    connections.close_all()  # This thread's is not needed meanwhile, and the others' come from the same pool.
    with ThreadPoolExecutor(len(calls), thread_name_prefix="ring") as pool:
        list(pool.map(partial(_ring_in_thread, ring), calls))  # A list: for what they raise.


def _ring_in_thread(ring: Callable[..., None], call: Call) -> None:
    try:
        ring(call=call)
    except Exception as error:
        # Settling ends the call. Of several, only the first is raised.
        logger.error("call %s: could not be rung: %s", call.pk, type(error).__name__)
        raise
    finally:
        connections.close_all()  # The thread's own, which else would be missing from the pool.


def call_ring(*, call: Call, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
    """Place a claimed call, when its turn has come (a second ahead at most), and record what the carrier said."""
    try:
        place = _prepare(call)
        _wait_for_turn(call, clock=clock, sleep=sleep)
        if clock() > (call.claimed_at or call.due_at) + CLAIM_KEEPS:
            # This process was held up (paused, swapped out) since it claimed. Nothing is sent yet: back into the queue,
            # unless settling was there first.
            call_release(call_id=call.pk, now=clock(), due_at=clock(), detail={"error": "held up"})
            return
        sid = place()
    except carrier.CarrierRefused as refused:
        _refused(call=call, refused=refused, now=clock())
    except carrier.CarrierBusy as busy:
        _release(call=call, wait_s=busy.retry_after_s, now=clock())
    except carrier.CarrierUnclear as unclear:
        # It stays `dialing`: a callback, the stream or settling will tell. A second POST could be a second ring.
        event_add(call_id=call.pk, kind="dial_unclear", now=clock(), detail={"error": unclear.text})
    else:
        call_dialed(call_id=call.pk, carrier_sid=sid, now=clock())
        stray_hang_up(call_id=call.pk, carrier_sid=sid, carrier_status="queued", now=clock())


def _wait_for_turn(call: Call, *, clock: Clock, sleep: Callable[[float], None]) -> None:
    """Until its turn, or if that was missed (a worker was held up), until another one, taken now. The last is used
    however late: where a machine is always late, nobody would be rung at all."""
    start_at = call.claimed_at or call.due_at
    for turns in range(1, MOST_TURNS + 1):
        wait = (start_at - clock()).total_seconds()
        if wait > 0:
            sleep(wait)
        if turns == MOST_TURNS or not turn_is_missed(call, start_at=start_at, now=clock()):
            return
        start_at = turn_again(call, start_at=start_at, now=clock())
        connections.close_all()  # Not held while waiting: others of this process need the pool's.


def _prepare(call: Call) -> Callable[[], str]:
    ids = {"verification_id": call.verification_id, "call_id": call.pk}
    return carrier.call_prepare(
        call_id=call.pk,
        to=call.to_number,
        from_=call.from_number,
        twiml=carrier.stream_twiml(**ids, token=stream_tokens.make(**ids)),
        ring_timeout_s=call.script.ring_timeout_s,
        time_limit_s=call.script.time_limit_s,
        detect=_detection(call.script),
    )


def _detection(script: Script) -> str:
    if not script.machine_detection:
        return ""
    # A message must wait for the greeting's end; without one, the sooner the better.
    return "DetectMessageEnd" if script.voicemail_message else "Enable"


def _refused(*, call: Call, refused: carrier.CarrierRefused, now: datetime) -> None:
    meaning = carrier_codes.refusal(refused.code)
    call_conclude(
        call_id=call.pk,
        status=meaning.status,
        end_reason=meaning.end_reason,
        now=now,
        vendor_code=refused.code,
        vendor_text=refused.text,
    )


def _release(*, call: Call, wait_s: int, now: datetime) -> None:
    releases = call.events.filter(kind="released").count()
    if releases >= MOST_RELEASES:
        text = "The carrier had no room for this call, however often it was asked."
        reason = EndReason.CARRIER_ERROR
        call_conclude(call_id=call.pk, status=Status.SYSTEM_ERROR, end_reason=reason, now=now, vendor_text=text)
        return
    wait = timedelta(seconds=min(wait_s * 2**releases, LONGEST_WAIT_S))
    call_release(call_id=call.pk, now=now, due_at=now + wait, detail={"wait_s": int(wait.total_seconds())})
