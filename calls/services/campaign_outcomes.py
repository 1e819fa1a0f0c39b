"""What the end of a call means for its campaign: the person's outcome or next attempt, the money, the circuit breaker.

Called in the transaction that ends the call, so that no outcome is without its consequence.
"""

import logging
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Case, F, Value, When

from calls import retries
from calls.campaign_states import CampaignState, MemberState
from calls.lifecycle import EndReason, Status
from calls.models import Call, CallCost, Campaign, CampaignMember
from calls.services.campaign_log import decision_add
from calls.services.campaign_windows import opening_for, zone_told
from calls.services.do_not_call import do_not_call_add
from calls.services.retrying import ending_of
from calls.services.usage import has_cost

logger = logging.getLogger(__name__)


def call_over(*, call: Call, now: datetime) -> None:
    """The call has just got its status. A wish not to be called again is kept whoever asked for the call."""
    if call.end_reason == EndReason.OPTED_OUT:
        do_not_call_add(phone=call.to_number, reason="asked for it on the phone", source="person", call=call)
    if call.campaign is None:
        return
    member = CampaignMember.objects.filter(verification_id=call.verification_id, state=MemberState.CALLING).first()
    if member:
        _member_over(member, call=call, campaign=call.campaign, now=now)
    _spend(call, now=now)
    if call.status == Status.SYSTEM_ERROR:
        _breaker(call.campaign, now=now)


def _member_over(member: CampaignMember, *, call: Call, campaign: Campaign, now: datetime) -> None:
    change: dict[str, Any] = {"status": call.status, "end_reason": call.end_reason, "last_call": call}
    if call.dialed_at is None and call.status == Status.CANCELED:
        # Never rung, so nothing came of it: as before.
        change = {"state": MemberState.WAITING, "next_at": now}
    elif due_at := next_attempt(campaign, member=member, call=call, now=now):
        number = member.attempts + 2
        because = f"attempt {number} of {campaign.max_attempts} after {call.end_reason.replace('_', ' ')}"
        change |= {"state": MemberState.WAITING, "next_at": due_at, "because": because, "attempts": number - 1}
    else:
        is_used_up = is_on_ladder(campaign, call=call)
        change |= {"state": MemberState.EXHAUSTED if is_used_up else MemberState.DONE, "ended_at": now}
        change |= {"attempts": member.attempts + 1, "because": ""}
    if campaign.state == CampaignState.CANCELED and change["state"] == MemberState.WAITING:
        change |= {"state": MemberState.CANCELED, "ended_at": now, "because": "the campaign was canceled"}
    CampaignMember.objects.filter(pk=member.pk, state=MemberState.CALLING).update(**change)


def next_attempt(campaign: Campaign, *, member: CampaignMember, call: Call, now: datetime) -> datetime | None:
    """When the person is rung again: by the campaign's own minutes, else by calls.retries, and within the window."""
    rung = member.attempts + 1
    if rung >= campaign.max_attempts:
        return None
    ending = ending_of(call)
    if ending in campaign.ladder:
        minutes = campaign.ladder[ending]
        due_at = now + timedelta(minutes=minutes[min(rung, len(minutes)) - 1]) if minutes else None
    else:
        zone = zone_told(member.zones)
        due_at = retries.due_at(ending=ending, try_number=rung, max_tries=campaign.max_attempts, now=now, zone=zone)
    # Where the window does not open again, the dispatcher says so when the time comes.
    return (opening_for(campaign, zones=member.zones, now=due_at).at or due_at) if due_at else None


def is_on_ladder(campaign: Campaign, *, call: Call) -> bool:
    """Whether another attempt could change what came of this call."""
    ending = ending_of(call)
    return bool(campaign.ladder[ending]) if ending in campaign.ladder else ending in retries.LADDER


def _spend(call: Call, *, now: datetime) -> None:
    if not has_cost(call):
        return
    micros = CallCost.objects.filter(call=call).values_list("total_micros", flat=True).first()
    if micros and call.campaign_id:
        today = now.date()
        Campaign.objects.filter(pk=call.campaign_id).update(
            spent_micros=F("spent_micros") + micros,
            spent_today_micros=Case(When(spent_on=today, then=F("spent_today_micros") + micros), default=Value(micros)),
            spent_on=today,
        )


def _breaker(campaign: Campaign, *, now: datetime) -> None:
    """Pause when too many of the latest calls failed for a reason of ours: the next would fail as well."""
    since = now - timedelta(minutes=campaign.breaker_minutes)
    if campaign.running_since and campaign.running_since > since:
        since = campaign.running_since  # What failed before staff resumed it does not count again.
    ended = Call.objects.filter(campaign=campaign, ended_at__gte=since).order_by("-ended_at")
    latest = list(ended.values_list("status", "end_reason")[: campaign.breaker_calls])
    failed = [reason for status, reason in latest if status == Status.SYSTEM_ERROR]
    if len(failed) < max(ceil(campaign.breaker_share * campaign.breaker_calls), 1):
        return
    most = max(sorted(set(failed)), key=failed.count).replace("_", " ")
    because = f"{len(failed)} of the last {len(latest)} calls failed for a reason of ours, mostly: {most}"
    running = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.RUNNING)
    if running.update(state=CampaignState.PAUSED, state_because=because, alert_pending=True):
        logger.warning("campaign %s paused itself: %s", campaign.pk, because)
        decision_add(campaign_id=campaign.pk, kind="paused", text=because, now=now, people=0)
