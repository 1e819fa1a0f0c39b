"""The reviews, as a list: who decided what, and where it differs from the machine. Read only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter

from calls.admin import look
from calls.admin.call_filters import staff_choices
from calls.admin.exports import ExportAdmin, ReviewResource
from calls.admin.saved_views import SavedViewsAdmin
from calls.models import Review


class ReviewerFilter(admin.SimpleListFilter):
    title = parameter_name = "reviewer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return staff_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value() or ""
        return queryset.filter(reviewer_id=int(value)) if value.isdecimal() else queryset


@admin.register(Review)
class ReviewAdmin(SavedViewsAdmin, ExportAdmin):
    resource_classes = [ReviewResource]
    list_display = ("when", "reviewer", "decision", "the_call", "machine", "held", "reason", "final")
    list_filter = ("decision", "status", ("at", RangeDateTimeFilter), ReviewerFilter)
    list_select_related = ("reviewer", "call")
    list_filter_sheet = True
    sortable_by = ("when",)
    ordering = ("-id",)
    list_per_page = 50

    @admin.display(description="When", ordering="id")
    def when(self, review: Review) -> SafeString:
        return look.when(review.at)

    @admin.display(description="Call")
    def the_call(self, review: Review) -> SafeString:
        url = reverse("admin:calls_call_change", args=[review.call_id])
        return format_html('<a class="hw-link" href="{}">#{}</a>', url, review.call_id)

    @admin.display(description="Machine")
    def machine(self, review: Review) -> SafeString:
        return look.status_badge(review.call.status)

    @admin.display(description="Reviewer held")
    def held(self, review: Review) -> SafeString | str:
        return look.status_badge(review.status) if review.status else "–"

    @admin.display(description="Final")
    def final(self, review: Review) -> SafeString | str:
        return look.status_badge(review.call.final_status) if review.call.final_status else "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return False
