"""The front page: today's calls, the past two weeks, what failed and why, what waits, what it cost.

Every number leads to the list behind it.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from calls.admin import look
from calls.admin.queue import waiting_figures
from calls.lifecycle import Stage, Status
from calls.models import Call, CallCost

ROWS = 8
DAYS = 14
FAILURE_DAYS = 7
CAUSES = 6
REACHED = {Status.SUCCESSFUL, Status.UNSUCCESSFUL, Status.USER_HUNG_UP}
"""A person was on the line."""
FAILED = {Status.SYSTEM_ERROR, Status.NOT_REACHED}

Counts = dict[date, Counter[tuple[str, str]]]
"""Of each day, the calls by status and end reason."""


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK: adds `today` for those who may see calls."""
    if request.user.has_perm("calls.view_call"):
        context["title"] = "Today"
        context["today"] = figures(now=timezone.now())
    return context


def figures(*, now: datetime) -> dict[str, Any]:
    """Six queries, whatever the number of calls."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(midnight - timedelta(days=back)).date() for back in range(DAYS - 1, -1, -1)]
    counts = _counts(since=midnight - timedelta(days=DAYS - 1))
    today = _by_status(counts.get(days[-1], Counter()))
    recent = Call.objects.select_related("verification")
    live = list(recent.exclude(stage=Stage.ENDED).order_by("id")[:ROWS])
    return {
        "total": sum(today.values()),
        "tiles": [_tile(status, today, midnight) for status in Status if status != Status.IN_PROGRESS],
        "live": [_row(call, now) for call in live],
        "ended": [_row(call, now) for call in recent.filter(stage=Stage.ENDED).order_by("-id")[:ROWS]],
        "review": waiting_figures(now),
        "live_count": Call.objects.exclude(stage=Stage.ENDED).count(),
        "cost": look.money(CallCost.objects.filter(day=days[-1]).aggregate(sum=Sum("total_micros"))["sum"] or 0),
        "charts": [_chart("Reached a person", days, counts, _reached), _chart("Successful", days, counts, _successful)],
        "causes": _causes(counts, days[-FAILURE_DAYS:]),
        "live_url": _calls(status__exact=Status.IN_PROGRESS),
        "today_url": _calls(created_at__gte=midnight.isoformat()),
    }


def _counts(*, since: datetime) -> Counts:
    rows = Call.objects.filter(created_at__gte=since).order_by().annotate(day=TruncDate("created_at"))
    counts: Counts = {}
    for day, status, reason, count in rows.values_list("day", "status", "end_reason").annotate(calls=Count("*")):
        counts.setdefault(day, Counter())[status, reason] += count
    return counts


def _by_status(counts: Counter[tuple[str, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (status, _), count in counts.items():
        found[status] += count
    return found


def _reached(by_status: Counter[str]) -> tuple[int, int]:
    """Of the calls that have ended and were not taken back, those where a person was on the line."""
    reached = sum(by_status[status] for status in REACHED)
    return reached, reached + sum(by_status[status] for status in FAILED)


def _successful(by_status: Counter[str]) -> tuple[int, int]:
    """Of the calls where a person was on the line, the successful ones."""
    return by_status[Status.SUCCESSFUL], sum(by_status[status] for status in REACHED)


def _chart(name: str, days: list[date], counts: Counts, rate: Any) -> dict[str, Any]:
    shares = [rate(_by_status(counts.get(day, Counter()))) for day in days]
    part, whole = (sum(column) for column in zip(*shares, strict=True))
    bars = [_bar(day, *share) for day, share in zip(days, shares, strict=True)]
    return {"name": name, "percent": _percent(part, whole), "bars": bars, "first": days[0], "last": days[-1]}


def _bar(day: date, part: int, whole: int) -> dict[str, Any]:
    return {
        "day": day,
        "percent": _percent(part, whole),
        "words": f"{day:%d %b}: {part:,} of {whole:,}",
        "url": _calls(created_at__gte=day.isoformat(), created_at__lt=(day + timedelta(days=1)).isoformat()),
    }


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def _causes(counts: Counts, days: list[date]) -> list[dict[str, Any]]:
    found: Counter[tuple[str, str]] = Counter()
    for day in days:
        for (status, reason), count in counts.get(day, Counter()).items():
            if status in FAILED:
                found[status, reason] += count
    most = max(found.values(), default=1)
    return [
        {
            "name": look.REASONS.get(reason, reason),
            "tone": look.TONES[status],
            "count": count,
            "width": max(round(100 * count / most), 1),
            "url": _calls(status__exact=status, end_reason__exact=reason, created_at__gte=days[0].isoformat()),
        }
        for (status, reason), count in found.most_common(CAUSES)
    ]


def _calls(**filters: object) -> str:
    return f"{reverse('admin:calls_call_changelist')}?{urlencode(filters)}"


def _tile(status: Status, counts: Counter[str], midnight: datetime) -> dict[str, Any]:
    count = counts.get(status, 0)
    return {
        "name": look.status_words(status),
        "tone": look.TONES[status],
        "count": count,
        "share": _percent(count, sum(counts.values())),
        "url": _calls(status__exact=status, created_at__gte=midnight.isoformat()),
    }


def _row(call: Call, now: datetime) -> dict[str, Any]:
    return {
        "call": call,
        "url": reverse("admin:calls_call_change", args=[call.pk]),
        "badge": look.stage_badge(call.stage) if call.stage != Stage.ENDED else look.status_badge(call.status),
        "reason": look.REASONS.get(call.end_reason, ""),
        "since": look.clock(max((now - call.created_at).total_seconds(), 0)),
        "duration": look.duration(call),
    }
