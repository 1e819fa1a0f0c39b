"""Lists as files (django-import-export): what a list shows, with its filters and search, masked as the list is."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource

from calls.admin.base import ModelAdmin, staff_of
from calls.models import AuditAction, AuditEntry, Call, Review, Verification
from calls.services.audit import audit_add
from calls.services.numbers import masked

if TYPE_CHECKING:

    class ExportAdminBase(ModelAdmin): ...

    ExportForm: Any
else:
    from import_export.admin import ExportMixin
    from unfold.contrib.import_export.forms import ExportForm

    class ExportAdminBase(ExportMixin, ModelAdmin):
        """import_export's views in unfold's list."""


MAX_ROWS = 50_000
"""A file is made in memory; a longer list is taken in parts, by its dates."""


class ExportAdmin(ExportAdminBase):
    """A list with an Export button for those who hold `export_permission`. Every export is recorded."""

    export_form_class = ExportForm
    import_export_change_list_template = "admin/calls/export_list.html"
    export_permission = "calls.export_call"

    def get_export_formats(self) -> list[type[Any]]:
        return [CSV, XLSX]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.export_permission)

    def _do_file_export(self, file_format: Any, request: HttpRequest, queryset: Any, export_form: Any = None) -> Any:
        count = queryset.order_by()[: MAX_ROWS + 1].count()
        if count > MAX_ROWS:
            messages.error(request, f"More than {MAX_ROWS:,} rows: narrow the list, and take it in parts.")
            return HttpResponseRedirect(request.get_full_path())
        audit_add(
            actor=staff_of(request),
            action=AuditAction.EXPORTED,
            now=timezone.now(),
            object_type=str(self.opts.model_name),
            detail={"rows": count, "filters": sorted(request.GET)},
        )
        answer: HttpResponse = super()._do_file_export(file_format, request, queryset, export_form=export_form)  # type: ignore[misc]
        return answer


class CallResource(ModelResource):  # type: ignore[misc]  # import_export ships no types
    person = Field(attribute="verification__name")
    external_id = Field(attribute="verification__external_id")
    number = Field()
    script = Field(attribute="script__name")
    script_version = Field(attribute="script__version")

    class Meta:
        model = Call
        fields = (
            "id", "verification", "person", "external_id", "number", "attempt", "script", "script_version", "stage",
            "status", "end_reason", "vendor_code", "reflection", "needs_review", "review_reason", "review_state",
            "final_status", "created_at", "answered_at", "ended_at",
        )  # fmt: skip
        export_order = fields

    def dehydrate_number(self, call: Call) -> str:
        return masked(call.to_number)


class VerificationResource(ModelResource):  # type: ignore[misc]  # import_export ships no types
    phone = Field()
    facts = Field()

    class Meta:
        model = Verification
        fields = ("id", "name", "phone", "external_id", "script_name", "facts", "latest_status", "created_at")
        export_order = fields

    def dehydrate_phone(self, verification: Verification) -> str:
        return masked(verification.phone)

    def dehydrate_facts(self, verification: Verification) -> str:
        return ", ".join(sorted(verification.facts))


class ReviewResource(ModelResource):  # type: ignore[misc]  # import_export ships no types
    reviewer = Field(attribute="reviewer__username")
    machine_status = Field(attribute="call__status")
    final_status = Field(attribute="call__final_status")

    class Meta:
        model = Review
        fields = ("id", "call", "machine_status", "reviewer", "decision", "status", "reason", "at", "final_status")
        export_order = fields


class AuditResource(ModelResource):  # type: ignore[misc]  # import_export ships no types
    actor = Field(attribute="actor__username")

    class Meta:
        model = AuditEntry
        fields = ("id", "at", "actor", "action", "object_type", "object_id", "detail")
        export_order = fields
