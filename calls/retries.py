"""When to ring a person again, or never: one ladder, by the reason for which the last call ended. Pure.

A reason that is not on the ladder is conclusive, or no ringing would cure it (a wrong key, a dead number, an opt-out).
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta, tzinfo

from calls.lifecycle import EndReason

CALL_LATER = "call_later"
"""Beside the end reasons: the person declined by asking for another time."""

_SOON = (timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1), timedelta(hours=4))
_TROUBLE = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
_APART = timedelta(hours=2)
_DAY = timedelta(days=1)

# Who was out in the morning may be in by the evening: the parts of a day, each with an hour that lies well inside.
_MORNING, _AFTERNOON, _EVENING = time(10, 0), time(14, 30), time(18, 30)
_PARTS = (_MORNING, _AFTERNOON, _EVENING)
_NOON, _DUSK = time(12, 0), time(17, 0)

Step = Callable[[datetime, int], datetime]
"""From the local time of the ending, and how often was rung by then, to the next time."""


def due_at(*, ending: str, try_number: int, max_tries: int, now: datetime, zone: tzinfo) -> datetime | None:
    """When the next try is due, in the zone of `now`; None: never.

    `ending` is an end reason or CALL_LATER, `try_number` how often was rung so far, `zone` the person's.
    """
    step = LADDER.get(ending)
    if step is None or try_number >= max_tries:
        return None
    return step(now.astimezone(zone), try_number).astimezone(now.tzinfo)


def _after(waits: tuple[timedelta, ...]) -> Step:
    return lambda local, rung: local + waits[min(rung, len(waits)) - 1]


def _another_part_of_the_day(local: datetime, _: int) -> datetime:
    return _next_slot(local + _APART, unlike=_part(local))


def _another_day(local: datetime, _: int) -> datetime:
    midnight = datetime.combine(local.date() + _DAY, time(0), local.tzinfo)
    return _next_slot(midnight, unlike=_part(local))


def _as_asked(local: datetime, _: int) -> datetime:
    # "Later" names no hour. At this hour they answered, so tomorrow at the same one.
    return local + _DAY


def _next_slot(earliest: datetime, *, unlike: time) -> datetime:
    days = (earliest.date(), earliest.date() + _DAY)
    slots = (datetime.combine(day, part, earliest.tzinfo) for day in days for part in _PARTS if part != unlike)
    return next(slot for slot in slots if slot >= earliest)


def _part(local: datetime) -> time:
    if local.time() < _NOON:
        return _MORNING
    return _AFTERNOON if local.time() < _DUSK else _EVENING


LADDER: dict[str, Step] = {
    EndReason.BUSY: _after(_SOON),
    EndReason.SILENCE: _after(_SOON),
    EndReason.NO_ANSWER: _another_part_of_the_day,
    EndReason.VOICEMAIL: _another_day,
    EndReason.SCREENED: _another_day,
    CALL_LATER: _as_asked,
    EndReason.CARRIER_ERROR: _after(_TROUBLE),
    EndReason.RELAY_LOST: _after(_TROUBLE),
    EndReason.PROCESS_LOST: _after(_TROUBLE),
    EndReason.MODEL_RATE_LIMITED: _after(_TROUBLE),
    EndReason.MODEL_ERROR: _after(_TROUBLE),
}
