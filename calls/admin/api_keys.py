"""API keys: the secret is shown once, when the key is made; after that a key can only be revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls.admin import look
from calls.admin.base import ModelAdmin, ModelForm, action, confirmation
from calls.models import ApiKey
from calls.services.api_keys import SCOPES, USUAL_SCOPES, api_key_create, api_key_revoke


class ApiKeyForm(ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        initial=list(USUAL_SCOPES),
        widget=forms.CheckboxSelectMultiple,
        help_text="admin includes the others, and publishes scripts.",
    )


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    form = ApiKeyForm
    list_display = ("name", "prefix", "scopes", "state", "created", "used", "revoked")
    search_fields = ("name", "prefix")
    show_full_result_count = False
    actions_detail = ["revoke"]

    @admin.display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        return look.badge("Revoked", "quiet") if key.revoked_at else look.badge("Active", "good")

    @admin.display(description="Created", ordering="created_at")
    def created(self, key: ApiKey) -> SafeString:
        return look.when(key.created_at)

    @admin.display(description="Last used", ordering="last_used_at")
    def used(self, key: ApiKey) -> SafeString | str:
        return look.when(key.last_used_at) if key.last_used_at else "never"

    @admin.display(description="Revoked", ordering="revoked_at")
    def revoked(self, key: ApiKey) -> SafeString | str:
        return look.when(key.revoked_at) if key.revoked_at else "–"

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[Any]:
        chosen = ["name", "scopes", "owner", "expires_at", "rate_per_minute", "credits"]
        return [*chosen, "prefix", "state", "created", "used", "revoked"] if obj else chosen

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return ["state", "created", "used", "revoked"]

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key, secret = api_key_create(
            name=obj.name,
            scopes=obj.scopes,
            owner=obj.owner,
            expires_at=obj.expires_at,
            rate_per_minute=obj.rate_per_minute,
            credits=obj.credits,
        )
        obj.pk, obj.prefix = key.pk, key.prefix
        text = format_html("Copy the key now, it is not shown again: <code class=hw-secret>{}</code>", secret)
        self.message_user(request, text, messages.WARNING)

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("calls.change_apikey")

    @action(description="Revoke", url_path="revoke", icon="block", permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks, POST revokes."""
        key = get_object_or_404(ApiKey, pk=object_id)
        back = reverse("admin:calls_apikey_change", args=[key.pk])
        if request.method == "POST":
            api_key_revoke(key=key, now=timezone.now())
            self.log_change(request, key, "Revoked.")
            self.message_user(request, f"{key} is revoked.", messages.SUCCESS)
            return redirect(back)
        return confirmation(
            request,
            key,
            title="Revoke",
            question=f"Revoke {key.name}? Whoever uses it is shut out at once, for good.",
            rows=[("Begins with", key.prefix), ("Last used", self.used(key))],
            button="Revoke",
            back=back,
        )
