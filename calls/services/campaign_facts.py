"""What the database says about one person of a campaign at one moment: the facts that calls.dispatch decides upon."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from calls.campaign_states import CampaignState, MemberState
from calls.dispatch import WEEK, Decision, Dial, Facts, Money, decide
from calls.lifecycle import Stage
from calls.models import Call, Campaign, CampaignMember, Script
from calls.services.calls import call_cancel
from calls.services.campaign_windows import opening_for
from calls.services.do_not_call import barred, is_barred
from calls.services.errors import Refused
from calls.services.lines import ON_THE_LINE, is_limited, lines_room
from calls.services.persons import person_check
from calls.services.questions import questions_check
from calls.services.usage import call_afford


@dataclass(frozen=True, slots=True)
class Around:
    """What bears on everybody of a campaign alike. `room`: how many more calls its lines take."""

    live: int
    room: int
    requests_waiting: bool
    money: Money


def around(*, campaign: Campaign, from_number: str, now: datetime, besides: int = 0) -> Around:
    """Some small queries, each by an index: their cost does not grow with the list. `besides`: a call that is not
    counted, for it is the one in question."""
    live = Call.objects.filter(campaign=campaign).exclude(stage=Stage.ENDED).exclude(pk=besides).count()
    return Around(
        live=live,
        room=min(campaign.max_concurrent - live, lines_room(from_number=from_number)),
        requests_waiting=_requests_waiting(now=now),
        money=_money(campaign, now=now),
    )


@dataclass(frozen=True, slots=True)
class Phones:
    """What stands against some numbers: which are on the do-not-call list, and when each was rung in the last week,
    newest first: by whomever, for the phone is the person's one phone."""

    barred: set[str]
    rung: defaultdict[str, list[datetime]]


def phones_of(numbers: Iterable[str], *, now: datetime) -> Phones:
    numbers = set(numbers)
    calls = Call.objects.filter(Q(dialed_at__isnull=False) | Q(stage__in=ON_THE_LINE))
    calls = calls.filter(to_number__in=numbers, claimed_at__gt=now - WEEK)
    rung = defaultdict(list)
    for number, at in calls.order_by("-claimed_at").values_list("to_number", "claimed_at"):
        if at:
            rung[number].append(at)
    return Phones(barred=barred(phones=numbers, now=now), rung=rung)


def facts_of(
    *,
    campaign: Campaign,
    member: CampaignMember,
    around: Around,
    phones: Phones,
    now: datetime,
    start_at: datetime,
    never: str,
    begun: int = 0,
) -> Facts:
    """`begun`: calls begun since `around` was counted; `never`: what never_because said."""
    if member.phone in phones.barred:
        never = "the number is on the do-not-call list"
    return Facts(
        now=now,
        start_at=start_at,
        state=CampaignState(campaign.state),
        opening=opening_for(campaign, zones=member.zones, now=start_at),
        never=never,
        called_at=phones.rung[member.phone],
        per_day=campaign.per_person_day,
        per_week=campaign.per_person_week,
        live=around.live + begun,
        lines_full=around.room <= begun,
        requests_waiting=around.requests_waiting,
        money=around.money,
    )


def never_because(member: CampaignMember, *, script: Script, has_past: bool = True) -> str:
    """Why this person is not to be called at all, or "": what a single request would be refused for as well.
    `has_past`: whether any call of the person has ended."""
    try:
        if has_past:
            person_check(verification=member.verification)
        questions_check(verification=member.verification, script=script)
    except Refused as refused:
        return refused.message.rstrip(".")
    return ""


def _requests_waiting(*, now: datetime) -> bool:
    """Whether single calls wait for the lines that campaigns use: those go first."""
    waiting = Call.objects.filter(stage=Stage.QUEUED, due_at__lte=now, campaign=None)
    return is_limited() and waiting.exists()


def _money(campaign: Campaign, *, now: datetime) -> Money:
    try:
        call_afford(key=None, now=now)
        budget_is_spent = False
    except Refused:
        budget_is_spent = True
    return Money(
        cap=campaign.cap_micros,
        spent=campaign.spent_micros,
        day_cap=campaign.day_cap_micros,
        spent_today=campaign.spent_today_micros if campaign.spent_on == now.date() else 0,
        held=campaign.reserve_micros,
        budget_is_spent=budget_is_spent,
    )


def call_may_ring(*, call_id: int, now: datetime) -> bool:
    """Whether a queued call may still be dialed; False also cancels it.

    A call may have waited: for its next try, or for a carrier that had no room. Meanwhile the person may have asked not
    to be called, and a campaign's window may have closed.
    """
    call = (
        Call.objects.select_related("campaign", "script")
        .filter(pk=call_id, stage=Stage.QUEUED, due_at__lte=now)
        .first()
    )
    if call is None or not _objection(call, now=now):
        return True
    call_cancel(call_id=call_id, now=now)
    return False


def _objection(call: Call, *, now: datetime) -> bool:
    if call.campaign is None:
        return is_barred(phone=call.to_number, now=now)
    members = CampaignMember.objects.select_related("verification").filter(verification_id=call.verification_id)
    member = members.filter(state=MemberState.CALLING).first()
    return member is None or not isinstance(_judged_again(call, call.campaign, member, now=now), Dial)


def _judged_again(call: Call, campaign: Campaign, member: CampaignMember, *, now: datetime) -> Decision:
    facts = facts_of(
        campaign=campaign,
        member=member,
        around=around(campaign=campaign, from_number=call.from_number, now=now, besides=call.pk),
        phones=phones_of([member.phone], now=now),
        now=now,
        start_at=now,
        never=never_because(member, script=call.script),
    )
    return decide(facts)
