"""Dialing a campaign's people: a tick picks who is due, a worker decides about each one anew and rings.

Nothing is held in memory. A person who was picked and then forgotten, with its worker or its broker, is due again after
PICK_KEEPS; one whose worker died after the decision has a call in `dialing`, which settling ends, and which is never
placed twice.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, connections, transaction
from django.db.models import F, Max, QuerySet

from calls import draining
from calls.campaign_states import OPEN, CampaignState, MemberState
from calls.dispatch import MOST_AHEAD, Decision, Defer, Dial, Pause, Skip, decide, shares
from calls.lifecycle import Stage
from calls.models import Call, CallEvent, Campaign, CampaignMember, Profile, Script
from calls.services import followups
from calls.services.campaign_facts import around, facts_of, never_because, phones_of
from calls.services.campaign_log import decision_add
from calls.services.campaign_windows import opening_for
from calls.services.campaigns import campaign_complete, campaign_pause, campaign_start
from calls.services.dialing import Clock, calls_ring
from calls.services.errors import Refused
from calls.services.lines import Turn, turn_is_far, turn_next, turn_take
from calls.services.persons import persons_with_past
from calls.services.profiles import profile_for
from calls.services.scripts import script_current

HANDFUL_S = 0.15
"""How much of a campaign's pace one transaction decides about: most of what a decision costs, it costs but once."""
MOST_AT_ONCE = 8
AHEAD_S = 1.5
"""How much work is handed out beforehand, so that a late tick leaves no worker idle."""
PICK_KEEPS = timedelta(seconds=30)
ROUNDS = 12
"""How many time zones that have just closed one tick puts off."""
OWN_CALL_AGAIN = timedelta(minutes=1)


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


def members_dial(
    *, member_ids: Sequence[int], clock: Clock, sleep: Callable[[float], None] = time.sleep
) -> Sequence[Call]:
    """Decide about people of one campaign who were picked, and ring; the calls. Any number of workers."""
    members = list(_picked_among(member_ids))
    far = turn_is_far(campaign=members[0].campaign, now=clock()) if members else timedelta(0)
    if timedelta(0) < far <= MOST_AHEAD:
        # Nobody is claimed earlier than needs be: who pauses a campaign waits for what is claimed. Where it is farther,
        # the decision puts them off.
        connections.close_all()  # Others of this process need the pool's meanwhile.
        sleep(far.total_seconds())
    if not members or draining.draining:
        return []  # They are due again in PICK_KEEPS, for the workers that stay.
    try:
        calls = _calls_open(members, now=clock())
    except Refused as refused:
        _cannot_call(members, because="; ".join([refused.message.rstrip("."), *refused.fields.values()]), now=clock())
        return []
    except Script.DoesNotExist as missing:
        _cannot_call(members, because=str(missing).rstrip("."), now=clock())
        return []
    calls_ring(calls=calls, clock=clock, sleep=sleep)
    return calls


def _cannot_call(members: Sequence[CampaignMember], *, because: str, now: datetime) -> None:
    """The script or the profile is not to be had: the next person would fare no better."""
    waiting = CampaignMember.objects.filter(pk__in=[member.pk for member in members], state=MemberState.PICKED)
    waiting.update(state=MemberState.WAITING, next_at=now)
    campaign = members[0].campaign
    if campaign_pause(campaign=campaign, now=now, because=because):
        Campaign.objects.filter(pk=campaign.pk).update(alert_pending=True)


def _picked_among(member_ids: Iterable[int]) -> QuerySet[CampaignMember]:
    rows = CampaignMember.objects.select_related("campaign", "verification")
    return rows.filter(pk__in=member_ids, state=MemberState.PICKED).order_by("pk")


def _calls_open(members: Sequence[CampaignMember], *, now: datetime) -> list[Call]:
    """The decisions, and where they are to dial, the calls: in one transaction that holds the lines, so that what
    campaigns and workers count together is counted once. Durable: phones ring after it."""
    with transaction.atomic(durable=True):
        # What needs no lock comes before it: every other dial waits while the lines are held.
        plans = _plans(members)
        from_number = members[0].campaign.from_number or settings.TWILIO_FROM_NUMBER
        turn = turn_next(now=now, from_number=from_number, campaign=members[0].campaign)
        # Anew, with the lines held: until here another worker, or staff, may have decided; from here on nobody does.
        members = list(_picked_among(plans).select_for_update(of=("self",)))
        if not members:
            return []
        campaign = members[0].campaign
        alike = around(campaign=campaign, from_number=from_number, now=now)
        phones = phones_of([member.phone for member in members], now=now)
        engaged = _engaged(members)
        dials: list[tuple[CampaignMember, Turn]] = []
        for member in members:
            facts = facts_of(
                campaign=campaign,
                member=member,
                around=alike,
                phones=phones,
                now=now,
                start_at=turn.start_at,
                never=plans[member.pk].never,
                begun=len(dials),
            )
            decision = decide(facts)
            if isinstance(decision, Dial) and member.verification_id not in engaged:
                dials.append((member, turn))
                turn = turn.following()
                continue
            _carry_out(decision, member=member, now=now)
            if isinstance(decision, Pause):
                campaign.refresh_from_db(fields=["state"])
        if not dials:
            return []
        turn_take(dials[-1][1])
        return _calls_make(dials, plans=plans, from_number=from_number, now=now)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a person would be called; `never`: why not at all, or ""."""

    script: Script
    profile: Profile | None
    attempt: int
    never: str


def _plans(members: Sequence[CampaignMember]) -> dict[int, Plan]:
    """By the member's key. What people have in common is read once."""
    people = [member.verification for member in members]
    scripts = {name: script_current(name=name) for name in {person.script_name for person in people}}
    profiles = {name: profile_for(script=script, campaign=members[0].campaign) for name, script in scripts.items()}
    earlier = Call.objects.filter(verification__in=people).order_by().values("verification_id")
    last = dict(earlier.values_list("verification_id", Max("attempt")))
    with_past = persons_with_past(verifications=people)
    return {
        member.pk: Plan(
            script=scripts[person.script_name],
            profile=profiles[person.script_name],
            attempt=last.get(person.pk, 0) + 1,
            never=never_because(member, script=scripts[person.script_name], has_past=person.pk in with_past),
        )
        for member, person in zip(members, people, strict=True)
    }


def _engaged(members: Sequence[CampaignMember]) -> set[int]:
    """Those whose call, asked for by somebody else, is in progress."""
    live = Call.objects.filter(verification__in=[member.verification_id for member in members])
    return set(live.exclude(stage=Stage.ENDED).values_list("verification_id", flat=True))


def _calls_make(
    dials: Sequence[tuple[CampaignMember, Turn]], *, plans: dict[int, Plan], from_number: str, now: datetime
) -> list[Call]:
    """Calls that are claimed already, of those people of whom no call is in progress."""
    calls = {
        member: Call(
            verification=member.verification,
            script=plans[member.pk].script,
            profile=plans[member.pk].profile,
            attempt=plans[member.pk].attempt,
            to_number=member.phone,
            from_number=from_number,
            stage=Stage.DIALING,
            due_at=now,
            claimed_at=turn.start_at,
            campaign=member.campaign,
        )
        for member, turn in dials
    }
    try:
        with transaction.atomic():
            Call.objects.bulk_create(calls.values())
    except IntegrityError:
        # Somebody asked for a call of one of them in this very moment.
        calls = {member: call for member, call in calls.items() if _saved(call, member, now=now)}
    for member, call in calls.items():
        member.state, member.last_call, member.because = MemberState.CALLING, call, ""
    CampaignMember.objects.bulk_update(calls, ["state", "last_call", "because"])
    followups.call_begun(*[call.verification_id for call in calls.values()])
    history = [
        event
        for call in calls.values()
        for event in (
            CallEvent(call=call, kind="requested", at=now, detail={"campaign": call.campaign_id}),
            CallEvent(call=call, kind="claimed", at=call.claimed_at or now),
        )
    ]
    CallEvent.objects.bulk_create(history)
    return list(calls.values())


def _saved(call: Call, member: CampaignMember, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            call.save(force_insert=True)
    except IntegrityError:
        _carry_out(Dial(now), member=member, now=now)
        return False
    return True


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
