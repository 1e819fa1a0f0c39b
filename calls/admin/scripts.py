"""Scripts: saving a change publishes the next version; older versions are only read."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls.admin import look
from calls.admin.base import ModelAdmin, ModelForm, shorten_textareas
from calls.models import Script
from calls.services.errors import Refused
from calls.services.scripts import script_publish

NEWEST = Subquery(Script.objects.filter(name=OuterRef("name")).order_by("-version").values("version")[:1])


class ScriptForm(ModelForm):
    """Publishes while it cleans: the service's refusals are this form's errors, and there is one set of rules."""

    published: Script

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shorten_textareas(self)

    def clean(self) -> dict[str, Any]:
        content = {**self.cleaned_data, "name": self.cleaned_data.get("name", self.instance.name)}
        # An emptied field of JSON is cleaned to None.
        content |= {name: content.get(name) or empty for name, empty in (("wordings", {}), ("never_together", []))}
        if not self.instance.pk and Script.objects.filter(name=content["name"]).exists():
            self.add_error("name", "A script has this name: open its newest version to change it.")
        if not self.errors:
            self._publish(content)
        return self.cleaned_data

    def _publish(self, content: dict[str, Any]) -> None:
        try:
            self.published = script_publish(**content)
        except Refused as refused:
            for path, problem in refused.fields.items():
                field, _, key = path.partition(".")
                self.add_error(field, ValidationError(f"{key}: {problem}" if key else f"It {problem}."))


@admin.register(Script)
class ScriptAdmin(ModelAdmin):
    form = ScriptForm
    list_display = ("name", "version", "current", "company", "model", "voice", "questions", "calls_made", "published")
    list_filter = ("name",)
    search_fields = ("name", "company")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "company", "purpose")}),
        ("What is said", {"fields": ("disclosure", "closing", "wordings")}),
        (
            "What is asked",
            {"fields": (("questions_to_ask", "matches_required", "tries_per_question"), "never_together")},
        ),
        ("Voice", {"fields": (("voice", "language"), ("model", "transcription_model"))}),
        ("Limits, in seconds", {"fields": (("ring_timeout_s", "silence_s", "time_limit_s"),)}),
        ("Who answers", {"fields": ("max_tries", "machine_detection", "voicemail_message", "screening_reply")}),
    )

    @admin.display(description="State")
    def current(self, script: Any) -> SafeString:
        return look.badge("Current", "good") if script.version == script.newest else look.badge("Older", "quiet")

    @admin.display(description="Questions")
    def questions(self, script: Script) -> str:
        return f"{script.questions_to_ask}, {script.matches_required} to match"

    @admin.display(description="Calls")
    def calls_made(self, script: Script) -> SafeString:
        url = reverse("admin:calls_call_changelist")
        return format_html('<a class="hw-link" href="{}?script__id__exact={}">its calls</a>', url, script.pk)

    @admin.display(description="Published", ordering="created_at")
    def published(self, script: Script) -> SafeString:
        return look.when(script.created_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Script]:
        scripts: QuerySet[Script] = super().get_queryset(request)
        return scripts.annotate(newest=NEWEST)

    def get_readonly_fields(self, request: HttpRequest, obj: Script | None = None) -> list[str]:
        return ["name"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Script | None = None) -> bool:
        superseded = obj is not None and Script.objects.filter(name=obj.name, version__gt=obj.version).exists()
        return not superseded and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Script | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Script, form: Any, change: bool) -> None:
        # The row that was opened stays as it is; what follows (message, history, redirect) is about the new one.
        obj.pk, obj.version = form.published.pk, form.published.version
