"""Campaigns: the list, the form, and the page that shows one while it runs."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls.admin import campaign_pages, look
from calls.admin.base import ModelAdmin, action, staff_of
from calls.admin.campaign_form import CampaignForm, DoNotCallForm
from calls.models import Campaign, CampaignMember, DoNotCall
from calls.services.campaigns import FIELDS, campaign_create, campaign_edit
from calls.services.do_not_call import do_not_call_add
from calls.services.numbers import masked

TONES = {"running": "live", "paused": "warn", "completed": "good", "canceled": "quiet"}


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin):
    form = CampaignForm
    list_display = ("watch", "shown_state", "script_name", "starts", "calls_per_second", "spent")
    list_display_links = None
    list_filter = ("state", "script_name")
    search_fields = ("name",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "script_name", "profile", "from_number", "starts_at")}),
        ("When", {"fields": ("hours", "first_day", "last_day", "holidays", "closed_days")}),
        ("How fast", {"fields": ("calls_per_second", "max_concurrent")}),
        ("How often", {"fields": ("max_attempts", "ladder", "per_person_day", "per_person_week")}),
        ("Money", {"fields": ("cap", "day_cap", "reserve")}),
        ("When too many calls fail", {"fields": ("breaker_share", "breaker_calls", "breaker_minutes")}),
    )

    @admin.display(description="Campaign", ordering="name")
    def watch(self, campaign: Campaign) -> SafeString:
        url = reverse("admin:calls_campaign_watch", args=[campaign.pk])
        edit = reverse("admin:calls_campaign_change", args=[campaign.pk])
        return format_html(
            '<a class="hw-link" href="{}">{}</a> <small><a href="{}">settings</a></small>', url, campaign.name, edit
        )

    @admin.display(description="State", ordering="state")
    def shown_state(self, campaign: Campaign) -> SafeString:
        badge = look.badge(campaign.state.capitalize(), TONES.get(campaign.state, "quiet"))
        return format_html("{} <small>{}</small>", badge, campaign.state_because)

    @admin.display(description="Starts", ordering="starts_at")
    def starts(self, campaign: Campaign) -> SafeString | str:
        return look.when(campaign.starts_at) if campaign.starts_at else "–"

    @admin.display(description="Spent", ordering="spent_micros")
    def spent(self, campaign: Campaign) -> str:
        return f"{campaign.spent_micros / 1e6:.2f}"

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        fields = {field: form.cleaned_data[field] for field in FIELDS}
        if change:
            campaign_edit(campaign=Campaign.objects.get(pk=obj.pk), now=timezone.now(), **fields)
        else:
            obj.pk = campaign_create(created_by=staff_of(request), **fields).pk

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [*campaign_pages.urls(self.admin_site), *super().get_urls()]

    def response_add(self, request: HttpRequest, obj: Campaign, post_url_continue: str | None = None) -> Any:
        return campaign_pages.to_people(obj.pk)


@admin.register(CampaignMember)
class CampaignMemberAdmin(ModelAdmin):
    """The rows of the lists, with where each one stands. Nobody edits them: the calls do."""

    list_display = ("row_number", "person", "number", "state", "status", "end_reason", "attempts", "next", "because")
    list_display_links = None
    list_filter = ("state", "end_reason", "campaign")
    list_select_related = ("verification",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("verification__name", "phone", "verification__external_id")
    ordering = ("id",)

    @admin.display(description="Person", ordering="verification__name")
    def person(self, member: CampaignMember) -> SafeString:
        url = reverse("admin:calls_verification_change", args=[member.verification_id])
        return format_html('<a class="hw-link" href="{}">{}</a>', url, member.verification.name)

    @admin.display(description="Number")
    def number(self, member: CampaignMember) -> str:
        return masked(member.phone)

    @admin.display(description="Next attempt", ordering="next_at")
    def next(self, member: CampaignMember) -> SafeString | str:
        return "–" if member.ended_at else look.when(member.next_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(DoNotCall)
class DoNotCallAdmin(ModelAdmin):
    form = DoNotCallForm
    actions_list = ["take_in"]
    list_display = ("number", "reason", "source", "expires_at", "created_at")
    list_filter = ("source", "created_at")
    search_fields = ("phone",)
    search_help_text = "A number: +12025550123"
    show_full_result_count = False
    fields = ("phone", "reason", "expires_at")

    @admin.display(description="Number")
    def number(self, row: DoNotCall) -> str:
        return masked(row.phone)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: DoNotCall, form: Any, change: bool) -> None:
        row = do_not_call_add(phone=obj.phone, reason=obj.reason, expires_at=obj.expires_at)
        obj.pk = row.pk

    def has_take_in_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("calls.add_donotcall")

    @action(description="Import numbers", url_path="import", icon="upload", permissions=["take_in"])
    def take_in(self, request: HttpRequest) -> HttpResponse:
        return campaign_pages.do_not_call_list(request, self.admin_site.each_context(request))
