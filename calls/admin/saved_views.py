"""Saved views: a list's filters and search under a name, one click away, one's own or everybody's."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from calls.admin.base import ModelAdmin, permitted, staff_of
from calls.models import SavedView
from calls.services.errors import Refused
from calls.services.staff import view_remove, view_save

NOT_KEPT = {"p", "_changelist_filters", "e", "all"}
"""A page number is not part of what was looked for."""


class SavedViewsAdmin(ModelAdmin):
    """A list with its saved views above it."""

    list_before_template = "admin/calls/saved_views.html"

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("views/save/", view(self.save_view), name=f"{name}_save_view"),
            path("views/remove/", view(self.remove_view), name=f"{name}_remove_view"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**self._views(request), **(extra_context or {})})

    def _views(self, request: HttpRequest) -> dict[str, Any]:
        """One query."""
        viewer, here = staff_of(request), query_of(request)
        views = SavedView.objects.filter(Q(owner=viewer) | Q(shared=True), page=str(self.opts.model_name))
        base = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return {
            "saved_views": [
                {"view": view, "url": f"{base}?{view.query}", "here": view.query == here, "mine": view.owner == viewer}
                for view in views.select_related("owner")
            ],
            "save_view_url": f"{base}views/save/",
            "remove_view_url": f"{base}views/remove/",
            "view_query": here,
            "may_save_views": viewer.has_perm("calls.add_savedview"),
        }

    def save_view(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = _save(request, str(self.opts.model_name), self._list_url())
        return answer

    def remove_view(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = _remove(request, self._list_url())
        return answer

    def _list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def query_of(request: HttpRequest) -> str:
    return urlencode(sorted((key, value) for key, value in request.GET.items() if key not in NOT_KEPT))


@require_POST
@permitted("calls.add_savedview")
def _save(request: HttpRequest, page: str, back: str) -> HttpResponse:
    query = request.POST.get("query", "")
    try:
        view_save(
            owner=staff_of(request),
            page=page,
            name=request.POST.get("name", ""),
            query=query,
            shared="shared" in request.POST,
        )
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect(f"{back}?{query}")


@require_POST
@permitted("calls.add_savedview")
def _remove(request: HttpRequest, back: str) -> HttpResponse:
    view_remove(owner=staff_of(request), view_id=int(request.POST.get("view", "0")))
    return redirect(back)


@admin.register(SavedView)
class SavedViewAdmin(ModelAdmin):
    """For administrators: whose views there are."""

    list_display = ("name", "page", "owner", "shared")
    list_select_related = ("owner",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SavedView | None = None) -> bool:
        return False
