"""Live calls: the calls in progress, each with its words as they are spoken, its sound, and a way to end it."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from calls.admin import look
from calls.admin.base import permitted, staff_of
from calls.models import AuditAction, Call, Turn
from calls.services.audit import audit_hearing
from calls.services.numbers import masked
from calls.services.staff import calls_live

LINES = 6
"""Of each call's transcript: what is being said now."""


@require_safe
@permitted("calls.view_call", "calls.listen_live")
def live_page(request: HttpRequest, admin_context: dict[str, Any]) -> HttpResponse:
    context = {**admin_context, "title": "Live calls", **_cards(staff_of(request), timezone.now())}
    return TemplateResponse(request, "admin/calls/live.html", context)


@require_safe
@permitted("calls.view_call", "calls.listen_live")
def live_cards(request: HttpRequest) -> HttpResponse:
    """The page's inner part, asked for each second."""
    return render(request, "admin/calls/_live.html", _cards(staff_of(request), timezone.now()))


def _cards(viewer: User, now: datetime) -> dict[str, Any]:
    """Four queries, whatever the number of calls."""
    calls = calls_live()
    turns: dict[int, list[Turn]] = {call.pk: [] for call in calls}
    for turn in Turn.objects.filter(call_id__in=list(turns)).order_by("start_ms", "id"):
        turns[turn.call_id].append(turn)
    watched = [call.pk for call in calls if turns[call.pk]]
    if watched:
        audit_hearing(actor=viewer, call_ids=watched, now=now, action=AuditAction.LIVE_WATCHED)
    return {
        "cards": [_card(call, turns[call.pk], now) for call in calls],
        "may_end": viewer.has_perm("calls.end_live_call"),
    }


def _card(call: Call, turns: list[Turn], now: datetime) -> dict[str, Any]:
    return {
        "call": call,
        "stage": look.stage_badge(call.stage),
        "number": masked(call.to_number),
        "since": look.clock(max((now - (call.answered_at or call.created_at)).total_seconds(), 0)),
        "earlier": max(len(turns) - LINES, 0),
        "turns": turns[-LINES:],
    }
