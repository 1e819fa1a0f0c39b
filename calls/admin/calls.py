"""Calls: the list, and the page of one call. Nobody edits a call: what happened stands."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from unfold.contrib.filters.admin import RangeDateTimeFilter

from calls.admin import dashboard, desk_views, live, look, queue
from calls.admin.base import staff_of
from calls.admin.call_filters import (
    CampaignFilter,
    FinalStatusFilter,
    ReviewerFilter,
    ReviewStateFilter,
    ScriptFilter,
    search_calls,
)
from calls.admin.call_page import page
from calls.admin.exports import CallResource, ExportAdmin
from calls.admin.review_panel import STATES, panel
from calls.admin.saved_views import SavedViewsAdmin
from calls.lifecycle import Stage
from calls.models import AuditAction, Call
from calls.reviewing import ReviewState
from calls.services.audit import audit_hearing
from calls.services.numbers import masked

WITH_RELATED = Call.objects.select_related("verification", "script", "requested_by", "requested_by_user", "cost")


@admin.register(Call)
class CallAdmin(SavedViewsAdmin, ExportAdmin):
    change_form_template = "admin/calls/call/change_form.html"
    resource_classes = [CallResource]
    list_display = ("number", "person", "phone", "outcome", "final", "why", "attempt", "spoken", "review", "requested")
    list_display_links = ("number", "person")
    list_filter = (
        "status",
        "end_reason",
        "created_at",
        ("created_at", RangeDateTimeFilter),
        ScriptFilter,
        CampaignFilter,
        ReviewStateFilter,
        FinalStatusFilter,
        ReviewerFilter,
        "needs_review",
        "stage",
    )
    list_filter_sheet = True
    # By the columns that an index orders; the others would sort a million rows.
    sortable_by = ("requested",)
    # Not by id: a range of days is then one stretch of an index.
    ordering = ("-created_at",)
    actions = ["bundle_selected"]
    list_select_related = ("verification",)
    list_per_page = 50
    search_fields = ("verification__name",)
    search_help_text = "Name, phone number, external id, SID or call number"
    fields = ("status",)

    @admin.display(description="Call")
    def number(self, call: Call) -> str:
        return f"#{call.pk}"

    @admin.display(description="Person")
    def person(self, call: Call) -> str:
        return call.verification.name

    @admin.display(description="Number")
    def phone(self, call: Call) -> str:
        return masked(call.to_number)

    @admin.display(description="Status")
    def outcome(self, call: Call) -> SafeString | str:
        return look.status_badge(call.status) if call.stage == Stage.ENDED else look.stage_badge(call.stage)

    @admin.display(description="Final status")
    def final(self, call: Call) -> SafeString | str:
        return look.status_badge(call.final_status) if call.final_status else "–"

    @admin.display(description="End reason")
    def why(self, call: Call) -> str:
        return look.status_words(call.end_reason) or "–"

    @admin.display(description="Duration")
    def spoken(self, call: Call) -> str:
        return look.duration(call)

    @admin.display(description="Review")
    def review(self, call: Call) -> SafeString | str:
        if call.review_state:
            words, _ = STATES[ReviewState(call.review_state)]
            return format_html('<span class="hw-flag" title="{}">{}</span>', call.review_reason, words)
        return ""

    @admin.display(description="Requested", ordering="created_at")
    def requested(self, call: Call) -> SafeString:
        return look.when(call.created_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Call | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Call | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Call], search_term: str
    ) -> tuple[QuerySet[Call], bool]:
        return search_calls(queryset, search_term), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("today/", view(require_safe(self.today)), name="calls_call_today"),
            path("queue/", view(self.queue), name="calls_call_queue"),
            path("live/", view(self.live_page), name="calls_call_live_page"),
            path("live/cards/", view(live.live_cards), name="calls_call_live_cards"),
            path("<int:call_id>/live/", view(require_safe(self.live)), name="calls_call_live"),
            path("<int:call_id>/recording/", view(desk_views.recording), name="calls_call_recording"),
            path("<int:call_id>/peaks/", view(desk_views.peaks), name="calls_call_peaks"),
            path("<int:call_id>/review/", view(desk_views.review), name="calls_call_review"),
            path("<int:call_id>/reveal/", view(desk_views.reveal), name="calls_call_reveal"),
            path("<int:call_id>/bundle/", view(desk_views.bundle), name="calls_call_bundle"),
            path("<int:call_id>/end/", view(desk_views.end), name="calls_call_end"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._refuse_strangers(request)
        # An unknown call is left to Django, which goes back to the list with a message.
        call = WITH_RELATED.filter(pk=object_id).first() if object_id.isdecimal() else None
        shown = self._page(request, call) if call else {}
        context = {"title": str(call), "subtitle": None, "show_history": False, **shown, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def _page(self, request: HttpRequest, call: Call) -> dict[str, Any]:
        viewer, now = staff_of(request), timezone.now()
        if call.stage == Stage.ANSWERED and viewer.has_perm("calls.listen_live"):
            audit_hearing(actor=viewer, call_ids=[call.pk], now=now, action=AuditAction.LIVE_WATCHED)
        return {**page(call, viewer=viewer, now=now), **panel(call, viewer=viewer)}

    def live(self, request: HttpRequest, call_id: int) -> HttpResponse:
        """The page's inner part, for the browser to put in place; X-Call-Live says whether to ask again."""
        self._refuse_strangers(request)
        context = self._page(request, get_object_or_404(WITH_RELATED, pk=call_id))
        response = render(request, "admin/calls/call/_page.html", context)
        response["X-Call-Live"] = "yes" if context["live"] else "no"
        return response

    def today(self, request: HttpRequest) -> HttpResponse:
        """The dashboard's inner part."""
        self._refuse_strangers(request)
        return render(request, "admin/_today.html", {"today": dashboard.figures(now=timezone.now())})

    def queue(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = queue.queue(request, self._frame(request))
        return answer

    def live_page(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = live.live_page(request, self._frame(request))
        return answer

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        return dict(self.admin_site.each_context(request))

    @admin.action(description="Evidence bundle (zip)", permissions=["bundle"])
    def bundle_selected(self, request: HttpRequest, queryset: QuerySet[Call]) -> HttpResponseBase:
        """Of the ticked calls, or by "select all" of the whole filtered list."""
        return desk_views.bundle_response(request, queryset.order_by("id"), filename="calls.zip")

    def has_bundle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("calls.export_call")

    def _refuse_strangers(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
