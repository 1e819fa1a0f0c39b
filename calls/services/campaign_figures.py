"""What a campaign's live page shows: counts, progress, pace, cost, answers by the hour, the latest decisions."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q
from django.db.models.functions import TruncHour

from calls.campaign_states import UNSETTLED, CampaignState
from calls.lifecycle import Stage
from calls.models import Call, Campaign, CampaignDecision, CampaignMember

DECISIONS = 25
RECENT = timedelta(minutes=10)
HOURS_EVERY_S = 15
"""A day's calls are counted by the hour no oftener."""


def campaign_figures(*, campaign: Campaign, now: datetime) -> dict[str, Any]:
    counts = _counted(campaign)
    total = sum(counts["states"].values())
    settled = total - sum(counts["states"].get(state, 0) for state in UNSETTLED)
    live = Call.objects.filter(campaign=campaign).exclude(stage=Stage.ENDED).count()
    started = Call.objects.filter(campaign=campaign, claimed_at__gt=now - timedelta(minutes=1), claimed_at__lte=now)
    return {
        "campaign": campaign,
        "total": total,
        "settled": settled,
        "percent": round(100 * settled / total, 1) if total else 0,
        "states": counts["states"],
        "outcomes": counts["outcomes"],
        "live": live,
        "per_minute": started.count(),
        "finish": _finish(campaign, left=total - settled, now=now),
        "next_at": _next_at(campaign, now=now),
        "spent": campaign.spent_micros / 1e6,
        "cap": campaign.cap_micros / 1e6 if campaign.cap_micros else None,
        "hours": _hours(campaign, now=now),
        "decisions": list(CampaignDecision.objects.filter(campaign=campaign).order_by("-id")[:DECISIONS]),
    }


def _counted(campaign: Campaign) -> dict[str, Any]:
    rows = CampaignMember.objects.filter(campaign=campaign).order_by()
    states: Counter[str] = Counter()
    outcomes: Counter[tuple[str, str]] = Counter()
    for state, status, reason, amount in rows.values_list("state", "status", "end_reason").annotate(Count("pk")):
        states[state] += amount
        if status:
            outcomes[status, reason] += amount
    return {"states": dict(states), "outcomes": outcomes.most_common()}


def _finish(campaign: Campaign, *, left: int, now: datetime) -> datetime | None:
    """When the list would be done at the pace of the last minutes; None where nothing moves."""
    if campaign.state != CampaignState.RUNNING or not left:
        return None
    since = max(now - RECENT, campaign.running_since or now)
    settled = CampaignMember.objects.filter(campaign=campaign, ended_at__gt=since).count()
    return now + (now - since) * left / settled if settled else None


def _next_at(campaign: Campaign, *, now: datetime) -> datetime | None:
    """When the next person is due, where nobody is now."""
    waiting = CampaignMember.objects.filter(campaign=campaign, state__in=("waiting", "picked")).order_by("next_at")
    next_at = waiting.values_list("next_at", flat=True).first()
    return next_at if next_at and next_at > now else None


def _hours(campaign: Campaign, *, now: datetime) -> list[dict[str, Any]]:
    """Calls and answers by the hour (UTC) of the last day."""
    key = f"campaign-hours-{campaign.pk}"
    found: list[dict[str, Any]] | None = cache.get(key)
    if found is None:
        calls = Call.objects.filter(campaign=campaign, claimed_at__gt=now - timedelta(days=1), claimed_at__lte=now)
        by_hour = calls.annotate(hour=TruncHour("claimed_at")).order_by("hour").values("hour")
        rows = by_hour.annotate(calls=Count("pk"), answered=Count("pk", filter=Q(answered_at__isnull=False)))
        found = [{**row, "rate": round(100 * row["answered"] / row["calls"])} for row in rows]
        cache.set(key, found, HOURS_EVERY_S)
    return found
