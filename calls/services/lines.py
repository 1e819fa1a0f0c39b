"""The pace that all workers share: of the whole account, of a caller number, of a campaign.

A dial takes its turn while it holds the rows of its lines, so turns are a gap apart whoever takes them: no second,
wherever it begins, holds more than the rate. What a slow worker does not use is not made up for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from calls.dispatch import LOOK_AGAIN, MOST_AHEAD, gap
from calls.lifecycle import Stage
from calls.models import Call, Campaign, Line

LATE = timedelta(milliseconds=25)
"""A dial this much after its turn would crowd those whose turn has come since. As many gaps as a second has dials are
1000 * (SLACK - 1) = 45 ms longer than the second: the rest is for the way to the carrier."""
UNLIMITED = 10**6
ON_THE_LINE = (Stage.DIALING, Stage.RINGING, Stage.ANSWERED)


@dataclass(frozen=True, slots=True)
class Turn:
    """A place in the order of dials, kept by the locked `lines` (row, gap): taken by `turn_take`."""

    start_at: datetime
    lines: Sequence[tuple[Line, timedelta]]

    def following(self) -> "Turn":
        """The one after it, if this one is used."""
        wait = max((wait for _, wait in self.lines), default=timedelta(0))
        return replace(self, start_at=self.start_at + wait)


def turn_next(*, now: datetime, from_number: str, campaign: Campaign | None = None) -> Turn:
    """When the next dial may start. Call it in a transaction: until its end the lines are this caller's alone."""
    rates: dict[str, float] = {}
    if campaign or is_limited():
        # Also where it has no rate: what campaigns count together (calls to one person, lines in use) is counted here.
        rates["account"] = settings.CALLS_PER_SECOND
    if settings.CALLS_PER_SECOND_PER_NUMBER:
        rates[f"number {from_number}"] = settings.CALLS_PER_SECOND_PER_NUMBER
    if campaign:
        rates[f"campaign {campaign.pk}"] = campaign.calls_per_second
    lines = [(row, gap(rates[row.key])) for row in _locked(sorted(rates), now=now)]
    return Turn(start_at=max([now, *(row.free_at for row, wait in lines if wait)]), lines=lines)


def is_limited() -> bool:
    """Whether the account or its numbers have a limit of their own, for which campaigns and requests compete."""
    limits = (settings.CALLS_PER_SECOND, settings.CALLS_PER_SECOND_PER_NUMBER)
    return any([*limits, settings.MAX_CONCURRENT_CALLS, settings.MAX_CONCURRENT_CALLS_PER_NUMBER])


def turn_take(turn: Turn) -> None:
    """Use it, and with it all before it."""
    for row, wait in turn.lines:
        if wait:
            Line.objects.filter(pk=row.pk).update(free_at=turn.start_at + wait)


def lines_room(*, from_number: str) -> int:
    """How many more calls the account and the caller number may have on the line."""
    live = Call.objects.filter(stage__in=ON_THE_LINE)
    most, most_each = settings.MAX_CONCURRENT_CALLS, settings.MAX_CONCURRENT_CALLS_PER_NUMBER
    room = [UNLIMITED]
    if most:
        room.append(most - live.count())
    if most_each:
        room.append(most_each - live.filter(from_number=from_number).count())
    return min(room)


def turn_is_far(*, campaign: Campaign, now: datetime) -> timedelta:
    """How much further ahead than a worker should look the campaign's next turn is. A glance, without a lock."""
    row = Line.objects.filter(pk=f"campaign {campaign.pk}").first()
    return max(row.free_at - now - MOST_AHEAD / 2, timedelta(0)) if row else timedelta(0)


def campaign_lock(campaign: Campaign, *, now: datetime) -> None:
    """Until the end of the transaction nobody else decides about people of this campaign. Taken before its lines: one
    who waits for it keeps nobody from dialing, and sees then how far ahead the campaign is."""
    _locked([f"deciding {campaign.pk}"], now=now)


def call_turn(call: Call, *, now: datetime) -> datetime | None:
    """Take the turn of a queued call, in the transaction that claims it; None where it must wait, and is due later."""
    turn = turn_next(now=now, from_number=call.from_number, campaign=call.campaign)
    if turn.start_at > now + MOST_AHEAD or lines_room(from_number=call.from_number) <= 0:
        due_at = max(turn.start_at - MOST_AHEAD / 2, now + LOOK_AGAIN)
        Call.objects.filter(pk=call.pk, stage=Stage.QUEUED).update(due_at=due_at)
        return None
    turn_take(turn)
    return turn.start_at


def turn_is_missed(call: Call, *, start_at: datetime, now: datetime) -> bool:
    return now > start_at + LATE and bool(call.campaign_id or is_limited())


def turn_again(call: Call, *, start_at: datetime, now: datetime) -> datetime:
    """When a call that has missed its turn may start: now where nobody's turn came after it, or where the next is too
    far to hold the call for it (then the pace is so slow that it crowds nobody); else another turn, taken now."""
    with transaction.atomic():
        turn = turn_next(now=now, from_number=call.from_number, campaign=call.campaign)
        if all(row.free_at <= start_at + wait for row, wait in turn.lines if wait):
            turn = replace(turn, start_at=now)
        elif turn.start_at > now + MOST_AHEAD:
            return now
        turn_take(turn)
    return turn.start_at


def _locked(keys: list[str], *, now: datetime) -> list[Line]:
    """In one order, so that two callers cannot wait for each other. (SQLite has one writer at a time anyway.)"""
    rows = list(Line.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    if len(rows) < len(keys):
        Line.objects.bulk_create([Line(key=key, free_at=now) for key in keys], ignore_conflicts=True)
        rows = list(Line.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    return rows
