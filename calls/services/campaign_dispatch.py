"""Picking a campaign's people: a tick hands who is due to the workers (calls/services/campaign_dials.py).

Nothing is held in memory. A person who was picked and then forgotten, with its worker or its broker, is due again after
PICK_KEEPS.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from math import ceil

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from calls import draining
from calls.campaign_states import OPEN, CampaignState, MemberState
from calls.dispatch import shares
from calls.lifecycle import Stage
from calls.models import Call, Campaign, CampaignMember
from calls.services.campaign_log import decision_add
from calls.services.campaign_windows import opening_for
from calls.services.campaigns import campaign_complete, campaign_start
from calls.services.dialing import Clock

HANDFUL_S = 0.3
"""How much of a campaign's pace one transaction decides about: most of what a decision costs, it costs but once."""
MOST_AT_ONCE = 8
AHEAD_S = 1.5
"""How much work is handed out beforehand, so that a late tick leaves no worker idle."""
PICK_KEEPS = timedelta(seconds=30)
ROUNDS = 12
"""How many time zones that have just closed one tick puts off."""


def campaigns_run(*, clock: Clock, hand_out: Callable[[list[int]], None] | None = None) -> int:
    """One tick: begin what is scheduled, hand out who is due, end what is done. How many were handed out."""
    if draining.draining:
        return 0  # Nobody here would ring them; the next process's tick comes at once.
    now = clock()
    for campaign in Campaign.objects.filter(state=CampaignState.SCHEDULED, starts_at__lte=now):
        campaign_start(campaign=campaign, now=now)
    running = list(
        Campaign.objects.filter(state=CampaignState.RUNNING).order_by(F("served_at").asc(nulls_first=True), "id")
    )
    picked = 0
    for campaign, count in _portions(running, now=now):
        members = members_pick(campaign=campaign, count=count, now=now)
        if members:
            Campaign.objects.filter(pk=campaign.pk).update(served_at=now)
        elif count:
            campaign_complete(campaign=campaign, now=now)
        for handful in _handfuls(members, per_second=campaign.calls_per_second):
            (hand_out or _send)(handful)
        picked += len(members)
    return picked


def _portions(running: list[Campaign], *, now: datetime) -> Iterable[tuple[Campaign, int]]:
    """How many each may hand out now: its own pace, and an even share of the caller number's and the account's."""
    picked = {campaign.pk: _picked(campaign, now=now) for campaign in running}
    wants = {campaign.pk: _wanted(campaign, picked=picked[campaign.pk]) for campaign in running}
    for number in sorted({campaign.from_number for campaign in running}):
        mine = [campaign.pk for campaign in running if campaign.from_number == number]
        room = _room(settings.CALLS_PER_SECOND_PER_NUMBER, taken=sum(picked[pk] for pk in mine))
        wants |= shares({pk: wants[pk] for pk in mine}, room)
    given = shares(wants, _room(settings.CALLS_PER_SECOND, taken=sum(picked.values())))
    return [(campaign, given[campaign.pk]) for campaign in running]


def _picked(campaign: Campaign, *, now: datetime) -> int:
    """Those on their way. Who was picked longer ago was forgotten, and must not keep the place of another."""
    return CampaignMember.objects.filter(campaign=campaign, state=MemberState.PICKED, next_at__gt=now).count()


def _wanted(campaign: Campaign, *, picked: int) -> int:
    live = Call.objects.filter(campaign=campaign).exclude(stage=Stage.ENDED).count()
    by_pace = ceil(campaign.calls_per_second * AHEAD_S) - picked
    return max(min(by_pace, campaign.max_concurrent - live - picked), 0)


def _room(per_second: float, *, taken: int) -> int:
    return max(ceil(per_second * AHEAD_S) - taken, 0) if per_second else 10**6


def members_pick(*, campaign: Campaign, count: int, now: datetime) -> list[int]:
    """Up to `count` people who are due and whose window is open; whole time zones that are closed are put off."""
    picked: list[int] = []
    for _ in range(ROUNDS):
        with transaction.atomic():
            # A row that another worker is looking at is passed over, not waited for.
            rows = _due(campaign, now=now).order_by("next_at", "id").select_for_update(skip_locked=True, of=("self",))
            found = list(rows.values_list("pk", "zones")[: count - len(picked)])
            openings = {zones: opening_for(campaign, zones=zones, now=now) for zones in {zones for _, zones in found}}
            # A person without an opening is the worker's to skip, with the reason.
            taken = [pk for pk, zones in found if openings[zones].is_open or openings[zones].at is None]
            own = CampaignMember.objects.filter(pk__in=taken, state__in=OPEN)
            own.update(state=MemberState.PICKED, next_at=now + PICK_KEEPS)
        picked += taken
        if len(taken) == len(found):
            break
        for zones, opening in openings.items():
            if not opening.is_open and opening.at:
                _put_off(campaign, zones=zones, until=opening.at, because=opening.because, now=now)
    return picked


def _due(campaign: Campaign, *, now: datetime) -> QuerySet[CampaignMember]:
    return CampaignMember.objects.filter(campaign=campaign, state__in=OPEN, next_at__lte=now)


def _put_off(campaign: Campaign, *, zones: str, until: datetime, because: str, now: datetime) -> None:
    there = _due(campaign, now=now).filter(zones=zones)
    people = there.update(state=MemberState.WAITING, next_at=until, because=because[:200])
    if people:
        text = f"deferred: {because}"
        decision_add(campaign_id=campaign.pk, kind="deferred", text=text, now=now, people=people)


def _handfuls(members: list[int], *, per_second: float) -> Iterator[list[int]]:
    """What one worker decides about in one transaction: a part of a second's dials."""
    size = min(max(int(per_second * HANDFUL_S), 1), MOST_AT_ONCE)
    return (members[start : start + size] for start in range(0, len(members), size))


def _send(members: list[int]) -> None:
    # One that comes too late finds its people picked again, or called.
    current_app.send_task("calls.tasks.members_dial", args=[members], expires=PICK_KEEPS.total_seconds())
