"""Dialing a campaign's people: a tick picks who is due, a worker decides about each one anew and rings.

Nothing is held in memory. A person who was picked and then forgotten, with its worker or its broker, is due again after
PICK_KEEPS; one whose worker died after the decision has a call in `dialing`, which settling ends, and which is never
placed twice.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, QuerySet

from calls import draining
from calls.campaign_states import OPEN, CampaignState, MemberState
from calls.dispatch import Decision, Defer, Dial, Pause, Skip, decide, shares
from calls.lifecycle import Stage
from calls.models import Call, CallEvent, Campaign, CampaignMember, Profile, Script
from calls.services import followups
from calls.services.campaign_facts import facts_of, never_because
from calls.services.campaign_log import decision_add
from calls.services.campaign_windows import opening_for
from calls.services.campaigns import campaign_complete, campaign_pause, campaign_start
from calls.services.dialing import Clock, call_ring
from calls.services.lines import turn_next, turn_take
from calls.services.profiles import profile_for
from calls.services.scripts import script_current

AHEAD_S = 1.5
"""How much work is handed out beforehand, so that a late tick leaves no worker idle."""
PICK_KEEPS = timedelta(seconds=30)
ROUNDS = 12
"""How many time zones that have just closed one tick puts off."""
OWN_CALL_AGAIN = timedelta(minutes=1)


def campaigns_run(*, clock: Clock, hand_out: Callable[[list[int]], None] | None = None) -> int:
    """One tick: begin what is scheduled, hand out who is due, end what is done. How many were handed out."""
    now = clock()
    for campaign in Campaign.objects.filter(state=CampaignState.SCHEDULED, starts_at__lte=now):
        campaign_start(campaign=campaign, now=now)
    running = list(
        Campaign.objects.filter(state=CampaignState.RUNNING).order_by(F("served_at").asc(nulls_first=True), "id")
    )
    picked: list[int] = []
    for campaign, count in _portions(running):
        members = members_pick(campaign=campaign, count=count, now=now)
        if members:
            Campaign.objects.filter(pk=campaign.pk).update(served_at=now)
        elif count:
            campaign_complete(campaign=campaign, now=now)
        picked += members
    (hand_out or _send)(picked)
    return len(picked)


def _portions(running: list[Campaign]) -> Iterable[tuple[Campaign, int]]:
    """How many each may hand out now: its own pace, and an even share of the caller number's and the account's."""
    picked = {campaign.pk: _picked(campaign) for campaign in running}
    wants = {campaign.pk: _wanted(campaign, picked=picked[campaign.pk]) for campaign in running}
    for number in sorted({campaign.from_number for campaign in running}):
        mine = [campaign.pk for campaign in running if campaign.from_number == number]
        room = _room(settings.CALLS_PER_SECOND_PER_NUMBER, taken=sum(picked[pk] for pk in mine))
        wants |= shares({pk: wants[pk] for pk in mine}, room)
    given = shares(wants, _room(settings.CALLS_PER_SECOND, taken=sum(picked.values())))
    return [(campaign, given[campaign.pk]) for campaign in running]


def _picked(campaign: Campaign) -> int:
    return CampaignMember.objects.filter(campaign=campaign, state=MemberState.PICKED).count()


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


def _send(members: list[int]) -> None:
    if not members:
        return
    with current_app.producer_or_acquire() as producer:
        for member_id in members:
            # One that comes too late finds its person picked again, or called.
            current_app.send_task(
                "calls.tasks.member_dial", args=[member_id], producer=producer, expires=PICK_KEEPS.total_seconds()
            )


def member_dial(*, member_id: int, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Decide about a person who was picked, and ring; False where the decision was another. Any number of workers."""
    if draining.draining:
        return False  # The person is due again in PICK_KEEPS, for those who stay.
    call = _call_open(member_id=member_id, now=clock())
    if call is None:
        return False
    call_ring(call=call, clock=clock, sleep=sleep)
    return True


def _call_open(*, member_id: int, now: datetime) -> Call | None:
    """The decision, and where it is to dial, the call: in one transaction that holds the lines, so that what campaigns
    and workers count together is counted once. Durable: the phone rings after it."""
    with transaction.atomic(durable=True):
        rows = CampaignMember.objects.select_related("campaign", "verification")
        member = rows.filter(pk=member_id, state=MemberState.PICKED).first()
        if member is None:
            return None
        # What needs no lock comes before it: every other dial waits while the lines are held.
        plan = _plan(member)
        turn = turn_next(now=now, from_number=plan.from_number, campaign=member.campaign)
        # Anew, with the lines held: until here another worker, or staff, may have decided.
        member = rows.get(pk=member_id)
        if member.state != MemberState.PICKED:
            return None
        facts = facts_of(
            campaign=member.campaign,
            member=member,
            from_number=plan.from_number,
            now=now,
            start_at=turn.start_at,
            never=plan.never,
        )
        decision = decide(facts)
        call = _call_make(member, plan=plan, now=now, start_at=turn.start_at) if isinstance(decision, Dial) else None
        if call:
            turn_take(turn)
        else:
            _carry_out(decision, member=member, now=now)
    return call


@dataclass(frozen=True, slots=True)
class Plan:
    """How a person would be called; `never`: why not at all, or ""."""

    from_number: str
    script: Script
    profile: Profile | None
    attempt: int
    never: str


def _plan(member: CampaignMember) -> Plan:
    script = script_current(name=member.verification.script_name)
    last = Call.objects.filter(verification_id=member.verification_id).aggregate(last=Max("attempt"))["last"]
    return Plan(
        from_number=member.campaign.from_number or settings.TWILIO_FROM_NUMBER,
        script=script,
        profile=profile_for(script=script, campaign=member.campaign),
        attempt=(last or 0) + 1,
        never=never_because(member, script=script),
    )


def _call_make(member: CampaignMember, *, plan: Plan, now: datetime, start_at: datetime) -> Call | None:
    """A call that is claimed already. None where somebody else's call of this person is in progress."""
    try:
        with transaction.atomic():
            call = Call.objects.create(
                verification=member.verification,
                script=plan.script,
                profile=plan.profile,
                attempt=plan.attempt,
                to_number=member.phone,
                from_number=plan.from_number,
                stage=Stage.DIALING,
                due_at=now,
                claimed_at=start_at,
                campaign=member.campaign,
            )
    except IntegrityError:
        return None
    CampaignMember.objects.filter(pk=member.pk).update(state=MemberState.CALLING, last_call=call, because="")
    followups.call_begun(verification_id=member.verification_id)
    requested = CallEvent(call=call, kind="requested", at=now, detail={"campaign": member.campaign_id})
    CallEvent.objects.bulk_create([requested, CallEvent(call=call, kind="claimed", at=start_at)])
    return call


def _carry_out(decision: Decision, *, member: CampaignMember, now: datetime) -> None:
    own = CampaignMember.objects.filter(pk=member.pk)
    campaign_id, because = member.campaign_id, getattr(decision, "because", "")
    if isinstance(decision, Skip):
        own.update(state=MemberState.SKIPPED, ended_at=now, because=because[:200])
        decision_add(campaign_id=campaign_id, kind="skipped", text=because, now=now, member_id=member.pk)
    elif isinstance(decision, Pause):
        own.update(state=MemberState.WAITING, next_at=now)
        campaign_pause(campaign=member.campaign, now=now, because=because)
    elif isinstance(decision, Defer):
        own.update(state=MemberState.WAITING, next_at=decision.until, because=because[:200])
        if because:
            text = f"deferred: {because}"
            decision_add(campaign_id=campaign_id, kind="deferred", text=text, now=now, member_id=member.pk)
    else:
        own.update(state=MemberState.WAITING, next_at=now + OWN_CALL_AGAIN, because="another call is in progress")
