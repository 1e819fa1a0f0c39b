"""Addresses: the API at the root, Twilio's webhooks, the admin."""

from django.contrib import admin
from django.urls import include, path

from calls import health
from calls.api import api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("twilio/", include("calls.webhook_urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("", api.urls),
]
