"""Addresses of Twilio's webhooks, below /twilio/."""

from django.urls import path

from calls import webhooks

urlpatterns = [
    path("status/<int:call_id>", webhooks.status, name="twilio-status"),
    path("amd/<int:call_id>", webhooks.amd, name="twilio-amd"),
    path("stream/<int:call_id>", webhooks.stream, name="twilio-stream"),
]
