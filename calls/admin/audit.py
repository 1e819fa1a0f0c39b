"""The audit trail: who heard, revealed, reviewed, exported or changed what, and when. Nobody edits it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter

from calls.admin import look
from calls.admin.call_filters import staff_choices
from calls.admin.exports import AuditResource, ExportAdmin
from calls.admin.saved_views import SavedViewsAdmin
from calls.models import AuditEntry


class ActorFilter(admin.SimpleListFilter):
    title = "who"
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return staff_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        value = self.value() or ""
        return queryset.filter(actor_id=int(value)) if value.isdecimal() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(SavedViewsAdmin, ExportAdmin):
    resource_classes = [AuditResource]
    export_permission = "calls.view_auditentry"
    list_display = ("when", "actor", "action", "record", "detail")
    list_filter = ("action", ActorFilter, ("at", RangeDateTimeFilter))
    list_select_related = ("actor",)
    list_filter_sheet = True
    list_per_page = 50
    sortable_by = ("when",)
    search_fields = ("object_id",)
    search_help_text = "A record's number, such as a call's"

    @admin.display(description="When", ordering="id")
    def when(self, entry: AuditEntry) -> SafeString:
        return look.when(entry.at)

    @admin.display(description="Record")
    def record(self, entry: AuditEntry) -> str:
        return f"{entry.object_type} {entry.object_id}".strip()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        term = search_term.strip().removeprefix("#")
        return (queryset.filter(object_id=term) if term else queryset), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False
