"""Webhooks out: endpoints, their secrets, a test, and what was delivered with which response."""

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
from calls.models import WebhookDelivery, WebhookEndpoint
from calls.services.webhooks_out import (
    KINDS,
    delivery_again,
    endpoint_create,
    endpoint_deliver,
    endpoint_rotate,
    endpoint_test,
)

TONES = {"pending": "live", "delivered": "good", "dead": "bad"}


class EndpointForm(ModelForm):
    events = forms.MultipleChoiceField(
        choices=[(kind, kind) for kind in KINDS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: every event but call.summary.",
    )


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin):
    form = EndpointForm
    list_display = ("__str__", "url", "events", "script_name", "is_active")
    list_filter = ("is_active",)
    search_fields = ("url", "description")
    fields = ("url", "description", "events", "script_name", "send_transcript", "allow_private", "is_active")
    actions_detail = ["send_test", "rotate"]

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        endpoint, secret = endpoint_create(**form.cleaned_data)
        obj.pk = endpoint.pk
        self._show(request, secret)

    def _show(self, request: HttpRequest, secret: str) -> None:
        text = format_html("Copy the signing secret now: <code class=hw-secret>{}</code>", secret)
        self.message_user(request, text, messages.WARNING)

    def has_send_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("calls.change_webhookendpoint")

    @action(description="Send test", url_path="send-test", icon="send", permissions=["send"])
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks, POST sends at once and shows what was answered."""
        endpoint = get_object_or_404(WebhookEndpoint, pk=object_id)
        back = reverse("admin:calls_webhookendpoint_change", args=[endpoint.pk])
        if request.method != "POST":
            question = f"Send a signed event of the kind “test” to {endpoint.url}?"
            return confirmation(
                request, endpoint, title="Send test", question=question, rows=[], button="Send", back=back
            )
        delivery = endpoint_test(endpoint=endpoint, now=timezone.now())
        endpoint_deliver(endpoint_id=endpoint.pk, clock=timezone.now)
        delivery.refresh_from_db()
        level = messages.SUCCESS if delivery.state == "delivered" else messages.ERROR
        answer = f"HTTP {delivery.last_status}" if delivery.last_status else delivery.last_text or "waits its turn"
        self.message_user(request, f"The test: {answer}.", level)
        return redirect(back)

    @action(description="New secret", url_path="rotate", icon="key", permissions=["send"])
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks, POST makes the new one."""
        endpoint = get_object_or_404(WebhookEndpoint, pk=object_id)
        back = reverse("admin:calls_webhookendpoint_change", args=[endpoint.pk])
        if request.method != "POST":
            question = "Make a new signing secret? For a day both the old and the new one sign."
            return confirmation(
                request, endpoint, title="New secret", question=question, rows=[], button="Make it", back=back
            )
        self._show(request, endpoint_rotate(endpoint=endpoint, now=timezone.now()))
        self.log_change(request, endpoint, "Secret rotated.")
        return redirect(back)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ModelAdmin):
    list_display = ("kind", "endpoint", "shown_state", "attempts", "last_status", "created", "next_time")
    list_filter = ("state", "kind", "endpoint")
    list_select_related = ("endpoint",)
    search_fields = ("message_id",)
    actions_detail = ["send_again"]
    readonly_fields = ("created", "next_time")
    fields = ("endpoint", "message_id", "kind", "state", "attempts", "last_status", "last_text", "body", "created")

    @admin.display(description="State", ordering="state")
    def shown_state(self, delivery: WebhookDelivery) -> SafeString:
        return look.badge(delivery.state.capitalize(), TONES[delivery.state])

    @admin.display(description="Created", ordering="created_at")
    def created(self, delivery: WebhookDelivery) -> SafeString:
        return look.when(delivery.created_at)

    @admin.display(description="Next attempt")
    def next_time(self, delivery: WebhookDelivery) -> SafeString | str:
        return look.when(delivery.due_at) if delivery.state == "pending" else "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: WebhookDelivery | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: WebhookDelivery | None = None) -> bool:
        return False

    def has_send_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("calls.change_webhookdelivery")

    @action(description="Send again", url_path="send-again", icon="replay", permissions=["send"])
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks, POST puts it back into the outbox."""
        delivery = get_object_or_404(WebhookDelivery, pk=object_id)
        back = reverse("admin:calls_webhookdelivery_change", args=[delivery.pk])
        if request.method != "POST":
            question = f"Send {delivery.kind} again? The receiver can tell by its id that it has had it."
            return confirmation(
                request, delivery, title="Send again", question=question, rows=[], button="Send", back=back
            )
        delivery_again(delivery=delivery, now=timezone.now())
        self.message_user(request, "It goes out within seconds.", messages.SUCCESS)
        return redirect(back)
