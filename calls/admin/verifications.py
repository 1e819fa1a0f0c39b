"""Verifications: whom to call, about what, and the calls made so far. "Call now" asks for the next one."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import RangeDateTimeFilter

from calls.admin import look, person_lock
from calls.admin.base import TabularInline, action, confirmation, permitted, staff_of
from calls.admin.call_filters import search_people
from calls.admin.exports import ExportAdmin, VerificationResource
from calls.admin.saved_views import SavedViewsAdmin
from calls.admin.verification_form import VerificationForm
from calls.lifecycle import Status
from calls.masking import masked_fact
from calls.models import AuditAction, Call, Script, Verification
from calls.services.audit import audit_add
from calls.services.calls import call_request
from calls.services.errors import Refused
from calls.services.numbers import masked
from calls.services.staff import facts_reveal, verification_edit
from calls.services.verifications import verification_create

_CALLS = Call.objects.filter(verification=OuterRef("pk")).order_by()
CALL_COUNT = Subquery(_CALLS.values("verification").annotate(count=Count("pk")).values("count"))


class LatestStatusFilter(admin.SimpleListFilter):
    title = "latest call"
    parameter_name = "latest"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "Never called"), *((status.value, look.status_words(status)) for status in Status)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(latest_status="" if self.value() == "none" else self.value())


class ScriptNameFilter(admin.SimpleListFilter):
    title = "script"
    parameter_name = "script"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Script.objects.order_by("name").values_list("name", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Verification]) -> QuerySet[Verification]:
        return queryset.filter(script_name=self.value()) if self.value() else queryset


class CallInline(TabularInline):
    model = Call
    verbose_name_plural = "Calls"
    fields = readonly_fields = ("number", "line", "outcome", "why", "spoken", "requested")
    ordering = ("-attempt",)
    extra = max_num = 0
    can_delete = False
    hide_title = True

    @admin.display(description="Call")
    def number(self, call: Call) -> SafeString:
        url = reverse("admin:calls_call_change", args=[call.pk])
        return format_html('<a class="hw-link" href="{}">#{} · attempt {}</a>', url, call.pk, call.attempt)

    @admin.display(description="Stage")
    def line(self, call: Call) -> SafeString | str:
        return look.stage_badge(call.stage)

    @admin.display(description="Status")
    def outcome(self, call: Call) -> SafeString:
        return look.status_badge(call.status)

    @admin.display(description="Why")
    def why(self, call: Call) -> str:
        return look.REASONS.get(call.end_reason, "–")

    @admin.display(description="Duration")
    def spoken(self, call: Call) -> str:
        return look.duration(call)

    @admin.display(description="Requested")
    def requested(self, call: Call) -> SafeString:
        return look.when(call.created_at)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@require_POST
@permitted("calls.view_verification", "calls.reveal_facts")
def reveal_facts(request: HttpRequest, verification_id: int) -> JsonResponse:
    """Every fact of a person in full: {"shown": {"date_of_birth": …}}."""
    verification = get_object_or_404(Verification, pk=verification_id)
    facts = facts_reveal(
        verification=verification, keys=list(verification.facts), actor=staff_of(request), now=timezone.now()
    )
    shown = {key: str(value) for key, value in facts.items()}
    return JsonResponse({"shown": shown}, headers={"Cache-Control": "no-store"})


@admin.register(Verification)
class VerificationAdmin(SavedViewsAdmin, ExportAdmin):
    form = VerificationForm
    fields = ("name", "phone", "script_name", "external_id", "facts", "background")
    list_display = ("name", "masked_phone", "script_name", "fact_keys", "latest", "call_count", "created")
    list_filter = (LatestStatusFilter, ScriptNameFilter, "created_at", ("created_at", RangeDateTimeFilter))
    list_per_page = 50
    resource_classes = [VerificationResource]
    list_filter_sheet = True
    sortable_by = ("created",)
    ordering = ("-created_at",)
    search_fields = ("name",)
    search_help_text = "A name, a whole external id, or a whole phone number"
    actions_detail = ["call_now", "unlock"]

    @admin.display(description="Phone")
    def masked_phone(self, verification: Verification) -> str:
        return masked(verification.phone) or "–"

    @admin.display(description="Facts")
    def fact_keys(self, verification: Verification) -> str:
        return ", ".join(sorted(verification.facts)) or "–"

    @admin.display(description="Latest call")
    def latest(self, verification: Any) -> SafeString | str:
        return look.status_badge(verification.latest_status) if verification.latest_status else "never called"

    @admin.display(description="Calls")
    def call_count(self, verification: Any) -> int:
        return verification.call_count or 0

    @admin.display(description="Created", ordering="created_at")
    def created(self, verification: Verification) -> SafeString:
        return look.when(verification.created_at)

    @admin.display(description="Facts")
    def masked_facts(self, verification: Verification) -> SafeString | str:
        """The last characters of each, and a button for those who may see the rest."""
        rows = format_html_join(
            "",
            '<div><dt>{}</dt><dd data-masked="{}">{}</dd></div>',
            ((key, key, masked_fact(value)) for key, value in sorted(verification.facts.items())),
        )
        url = reverse("admin:calls_verification_reveal", args=[verification.pk])
        return format_html(
            '<dl class="hw-pairs hw-known">{}</dl><button type="button" class="hw-button" data-reveal="{}">{}</button>',
            rows or "None.",
            url,
            "Reveal facts",
        )

    def has_delete_permission(self, request: HttpRequest, obj: Verification | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        reveal = self.admin_site.admin_view(reveal_facts)
        return [path("<int:verification_id>/reveal/", reveal, name="calls_verification_reveal"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Verification], search_term: str
    ) -> tuple[QuerySet[Verification], bool]:
        return search_people(queryset, search_term), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        verifications: QuerySet[Verification] = super().get_queryset(request)
        return verifications.annotate(call_count=CALL_COUNT)

    def get_inlines(self, request: HttpRequest, obj: Verification | None) -> list[Any]:
        return [CallInline] if obj else []

    def get_fields(self, request: HttpRequest, obj: Verification | None = None) -> list[Any]:
        """Facts are never shown whole; who may edit writes new ones over them."""
        if obj is None:
            return list(self.fields)
        hidden = "masked_facts" if request.user.has_perm("calls.reveal_facts") else "fact_keys"
        edited = ["facts"] if self.has_change_permission(request, obj) else []
        return ["name", "phone", "script_name", "external_id", hidden, *edited, "background"]

    def get_readonly_fields(self, request: HttpRequest, obj: Verification | None = None) -> list[str]:
        return ["fact_keys", "masked_facts"]

    def save_model(self, request: HttpRequest, obj: Verification, form: Any, change: bool) -> None:
        if change:
            verification_edit(verification=obj, changed=form.changed_data)
        else:
            obj.pk = verification_create(**form.cleaned_data).pk

    # By a method, not by naming "calls.add_call": unfold's system check looks names up in the database, and would fail
    # where the database is not migrated yet.
    def has_call_now_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("calls.add_call")

    @action(description="Call now", url_path="call-now", icon="call", permissions=["call_now"])
    def call_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks, POST calls and goes to the call's page."""
        verification = get_object_or_404(Verification, pk=object_id)
        if request.method != "POST":
            return self._ask(request, verification)
        actor, now = staff_of(request), timezone.now()
        try:
            with transaction.atomic():
                call = call_request(verification=verification, now=now, requested_by_user=actor)
                action = AuditAction.CALL_REQUESTED
                audit_add(actor=actor, action=action, now=now, object_type="call", object_id=call.pk)
        except Refused as refused:
            self.message_user(request, " ".join([refused.message, *refused.fields.values()]), messages.ERROR)
            return redirect("admin:calls_verification_change", verification.pk)
        self.message_user(request, f"{call} is queued. This page follows it.", messages.SUCCESS)
        return redirect("admin:calls_call_change", call.pk)

    def has_unlock_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return person_lock.may_unlock(request, object_id)

    @action(description="Unlock", url_path="unlock", icon="lock_open", permissions=["unlock"])
    def unlock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For a person who has failed too often to be called: GET asks why, POST unlocks."""
        return person_lock.page(request, get_object_or_404(Verification, pk=object_id))

    def _ask(self, request: HttpRequest, verification: Verification) -> HttpResponse:
        return confirmation(
            request,
            verification,
            title="Call now",
            question=f"Call {verification.name} now?",
            rows=[
                ("Number", masked(verification.phone) or "none on file"),
                ("Script", verification.script_name),
                ("Calls so far", verification.calls.count()),
            ],
            button="Call now",
            back=reverse("admin:calls_verification_change", args=[verification.pk]),
        )
