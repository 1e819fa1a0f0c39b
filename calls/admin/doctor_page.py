"""The doctor as a page: what is right, what is not, and what to do."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from calls.admin import look
from calls.admin.base import ModelAdmin
from calls.models import Pulse
from calls.services.doctor import examine

TONES = {"ok": "good", "broken": "bad", "warning": "warn", "skipped": "quiet"}


@admin.register(Pulse)
class DoctorPage(ModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        findings = [
            (look.badge(finding.state.capitalize(), TONES[finding.state]), finding)
            for finding in examine(now=timezone.now())
        ]
        return TemplateResponse(
            request,
            "admin/calls/doctor.html",
            {
                **self.admin_site.each_context(request),
                "title": "Doctor",
                "opts": self.opts,
                "findings": findings,
            },
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Pulse | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Pulse | None = None) -> bool:
        return False
