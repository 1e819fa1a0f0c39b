"""Dialing people of a campaign who were picked: a worker decides about each one anew, and rings.

Nothing is held in memory. A person whose worker died before the decision is due again after a while; one whose worker
died after it has a call in `dialing`, which settling ends, and which is never placed twice.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings
from django.db import IntegrityError, connections, transaction
from django.db.models import Max, QuerySet

from calls import draining
from calls.campaign_states import MemberState
from calls.dispatch import MOST_AHEAD, Decision, Defer, Dial, Pause, Skip, decide
from calls.lifecycle import Stage
from calls.models import Call, CallEvent, Campaign, CampaignMember, Profile, Script
from calls.services import followups
from calls.services.campaign_facts import around, facts_of, never_because, phones_of
from calls.services.campaign_log import decision_add
from calls.services.campaigns import campaign_pause
from calls.services.dialing import Clock, calls_ring
from calls.services.errors import Refused
from calls.services.lines import Turn, campaign_lock, turn_is_far, turn_next, turn_take
from calls.services.persons import persons_with_past
from calls.services.profiles import profile_for
from calls.services.scripts import script_current

OWN_CALL_AGAIN = timedelta(minutes=1)
MOST_WAITS = 8
_deciding: defaultdict[int, Lock] = defaultdict(Lock)
"""By campaign: of this process's threads one waits for its turn, and the others for that one, without the database."""


def members_dial(
    *, member_ids: Sequence[int], clock: Clock, sleep: Callable[[float], None] = time.sleep
) -> Sequence[Call]:
    """Decide about people of one campaign who were picked, and ring; the calls. Any number of workers."""
    members = list(_picked_among(member_ids))
    if not members:
        return []
    try:
        with _alone(members[0].campaign_id):
            calls = _calls_opened_in_time(members, clock=clock, sleep=sleep)
    except Refused as refused:
        _cannot_call(members, because="; ".join([refused.message.rstrip("."), *refused.fields.values()]), now=clock())
        return []
    except Script.DoesNotExist as missing:
        _cannot_call(members, because=str(missing).rstrip("."), now=clock())
        return []
    calls_ring(calls=calls, clock=clock, sleep=sleep)
    return calls


@contextmanager
def _alone(campaign_id: int) -> Iterator[None]:
    lock = _deciding[campaign_id]
    if not lock.acquire(blocking=False):
        connections.close_all()  # Others of this process need the pool's meanwhile.
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _calls_opened_in_time(
    members: Sequence[CampaignMember], *, clock: Clock, sleep: Callable[[float], None]
) -> Sequence[Call]:
    """Their calls, as soon as the campaign's next turn is near: who pauses a campaign waits for what is claimed."""
    for _ in range(MOST_WAITS):
        far = turn_is_far(campaign=members[0].campaign, now=clock())
        if timedelta(0) < far <= MOST_AHEAD:  # Where it is farther, the decision puts them off.
            connections.close_all()
            sleep(far.total_seconds())
        if draining.draining:
            return []  # They are due again in PICK_KEEPS, for the workers that stay.
        calls = _calls_open(members, clock=clock)
        if calls is not None:
            return calls
    return _calls_open(members, clock=clock, however_far=True) or []


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


def _calls_open(members: Sequence[CampaignMember], *, clock: Clock, however_far: bool = False) -> list[Call] | None:
    """The decisions, and where they are to dial, the calls: in one transaction that holds the lines, so that what
    campaigns and workers count together is counted once. Durable: phones ring after it.

    None, and nothing done, where others were first and it is now too early: they all look at the same moment, and to
    decide in vain costs as much as to dial.
    """
    with transaction.atomic(durable=True):
        campaign_lock(members[0].campaign, now=clock())
        far = turn_is_far(campaign=members[0].campaign, now=clock())
        if timedelta(0) < far <= MOST_AHEAD and not however_far:
            return None
        # Anew, for staff may have changed the campaign meanwhile, and others have dialed.
        members = list(_picked_among([member.pk for member in members]))
        if not members:
            return []
        # What needs no lock comes before it: every other dial waits while the lines are held.
        plans = _plans(members)
        from_number = members[0].campaign.from_number or settings.TWILIO_FROM_NUMBER
        now = clock()
        turn = turn_next(now=now, from_number=from_number, campaign=members[0].campaign)
        # And with the lines held: until here staff may have decided; from here on nobody does.
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
