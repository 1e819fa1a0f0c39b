"""The review queue: the calls that wait for this reviewer, the longest-waiting first."""

from datetime import datetime
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from calls.admin import look
from calls.admin.base import permitted, staff_of
from calls.admin.paginator import CappedPaginator
from calls.admin.review_panel import STATES
from calls.models import Call, Script
from calls.reviewing import OPEN, ReviewState
from calls.services.reviews import review_queue

ROWS = 50


@require_safe
@permitted("calls.view_call", "calls.review_call")
def queue(request: HttpRequest, admin_context: dict[str, Any]) -> HttpResponse:
    waiting = review_queue(reviewer=staff_of(request)).select_related("verification", "script")
    script, state = request.GET.get("script", ""), request.GET.get("state", "")
    if script:
        waiting = waiting.filter(script__name=script)
    if state in OPEN:
        waiting = waiting.filter(review_state=state)
    shown: Page[Call] = CappedPaginator(waiting, ROWS).get_page(request.GET.get("page"))
    now = timezone.now()
    context = {
        **admin_context,
        "title": "Review queue",
        "rows": [_row(call, now) for call in shown],
        "shown": shown,
        "scripts": Script.objects.order_by("name").values_list("name", flat=True).distinct(),
        "script": script,
        "state": state,
        "states": [(state.value, STATES[state][0]) for state in OPEN],
    }
    return TemplateResponse(request, "admin/calls/queue.html", context)


def waiting_figures(now: datetime) -> dict[str, Any]:
    """For the dashboard: how many wait, by state, and since when the oldest does. One query, from a partial index."""
    counted = Call.objects.filter(review_state__in=OPEN).aggregate(
        waiting=Count("pk"),
        oldest=Min("review_due_at"),
        **{state.value: Count("pk", filter=Q(review_state=state)) for state in OPEN},
    )
    oldest = counted.pop("oldest")
    return {**counted, "age": look.age(now - oldest) if oldest else ""}


def _row(call: Call, now: datetime) -> dict[str, Any]:
    return {
        "call": call,
        "status": look.status_badge(call.status),
        "state": look.badge(*STATES[ReviewState(call.review_state)]),
        "why": call.review_reason or "Drawn as a sample",
        "age": look.age(now - call.review_due_at) if call.review_due_at else "",
    }
