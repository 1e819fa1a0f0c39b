"""Lines that should not be: a second one for the same call, or one for a call that has ended. They are hung up.

Their stream is refused as well (calls/services/conversations.py); hanging up spares the person the ringing.
"""

import logging
from datetime import datetime

from calls import carrier
from calls.lifecycle import Stage
from calls.models import Call
from calls.services.calls import event_add

logger = logging.getLogger(__name__)

_UP = {"queued", "initiated", "ringing", "in-progress"}


def stray_hang_up(*, call_id: int, carrier_sid: str, carrier_status: str, now: datetime) -> bool:
    """Hang up the line if it is a stray; whether it was one. `carrier_status` is Twilio's word on this line."""
    if carrier_status not in _UP or not _is_stray(call_id, carrier_sid):
        return False
    try:
        carrier.call_end(carrier_sid)
    except (carrier.CarrierRefused, carrier.CarrierBusy, carrier.CarrierUnclear) as error:
        # Its next callback brings us here again, and its stream is refused in any case.
        logger.error("call %s: a stray line could not be hung up: %s", call_id, type(error).__name__)
    else:
        event_add(call_id=call_id, kind="stray_hung_up", now=now, detail={"carrier_sid": carrier_sid})
    return True


def _is_stray(call_id: int, carrier_sid: str) -> bool:
    call = Call.objects.only("carrier_sid", "stage", "answered_at", "line_ended_at").get(pk=call_id)
    if call.carrier_sid != carrier_sid:
        return True
    # Its own line, concluded without it ever being up: nobody will serve it. A callback that only comes late, after
    # the line's end or in the seconds between a goodbye and the hang-up, is none.
    return call.stage == Stage.ENDED and call.answered_at is None and call.line_ended_at is None
