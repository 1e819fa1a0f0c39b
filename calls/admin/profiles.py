"""Ways to a voice provider, and CallStart endpoints. Secrets go in and never come out."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html

from calls.admin.base import ModelAdmin, ModelForm
from calls.models import CallHook, Profile
from calls.prices import prices_problem
from calls.services.call_start import hook_secret
from calls.services.profiles import profile_save


class ProfileForm(ModelForm):
    new_key = forms.CharField(
        label="API key",
        required=False,
        strip=True,
        widget=forms.PasswordInput(render_value=False),
        help_text="Kept encrypted and never shown again. Blank keeps the one there is.",
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if not url.startswith(("ws://", "wss://")):
            raise forms.ValidationError("It begins with wss:// (or ws://).")
        return url

    def clean_prices(self) -> dict[str, Any]:
        prices = self.cleaned_data["prices"] or {}
        if problem := prices_problem({"models": prices}):
            raise forms.ValidationError(f"{problem}.")
        return dict(prices)

    def _get_validation_exclusions(self) -> set[str]:
        # "One default" is no error of the form: profile_save makes room for the new one.
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]  # not in the stubs

    def clean(self) -> dict[str, Any]:
        if not self.instance.pk and not self.cleaned_data.get("new_key"):
            self.add_error("new_key", "A new profile needs a key.")
        return self.cleaned_data


@admin.register(Profile)
class ProfileAdmin(ModelAdmin):
    form = ProfileForm
    list_display = ("name", "url", "dialect", "model", "environment", "is_default", "is_active")
    list_filter = ("environment", "is_active")
    search_fields = ("name", "project")
    fieldsets = (
        (None, {"fields": ("name", "environment", "project", ("is_default", "is_active"))}),
        ("Where", {"fields": ("url", "new_key", "dialect")}),
        ("In place of the script's", {"fields": (("model", "voice"),)}),
        ("Prices", {"fields": ("prices",)}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        # Calls keep the profile they ran with: switch it off instead.
        return False

    def save_model(self, request: HttpRequest, obj: Profile, form: Any, change: bool) -> None:
        profile_save(profile=obj, key=form.cleaned_data["new_key"])


@admin.register(CallHook)
class CallHookAdmin(ModelAdmin):
    list_display = ("script_name", "url", "timeout_ms", "is_active")
    search_fields = ("script_name",)
    fields = ("script_name", "url", "timeout_ms", "allow_private", "is_active")

    def save_model(self, request: HttpRequest, obj: CallHook, form: Any, change: bool) -> None:
        if not change:
            obj.secret, secret = hook_secret()
            text = format_html("Copy the signing secret now: <code class=hw-secret>{}</code>", secret)
            self.message_user(request, text, messages.WARNING)
        super().save_model(request, obj, form, change)
