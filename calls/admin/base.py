"""unfold's classes under Django's types: unfold ships no type hints, and its classes stand in for Django's."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.admin import ShowFacets, site
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import BaseForm, Textarea
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from calls.admin.paginator import CappedPaginator
from calls.models import AuditAction
from calls.services.audit import audit_add

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as _ModelAdmin
    from django.contrib.admin import TabularInline as _TabularInline
    from django.contrib.auth.admin import UserAdmin as _UserAdmin
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
    from django.contrib.auth.forms import UserChangeForm as _UserChangeForm
    from django.forms import ModelForm as _ModelForm

    UnfoldModelAdmin = _ModelAdmin[Any]
    TabularInline = _TabularInline[Any, Any]
    ModelForm = _ModelForm[Any]
    Method = TypeVar("Method", bound=Callable[..., HttpResponse])

    def action(*, description: str, url_path: str, icon: str, permissions: list[str]) -> Callable[[Method], Method]: ...

    UserAdmin = _UserAdmin[User]
    UserChangeForm = _UserChangeForm[User]
else:
    from django.contrib.auth.admin import UserAdmin
    from django.forms import ModelForm
    from unfold.admin import ModelAdmin as UnfoldModelAdmin
    from unfold.admin import TabularInline
    from unfold.decorators import action
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

__all__ = [
    "AdminPasswordChangeForm",
    "ModelAdmin",
    "ModelForm",
    "TabularInline",
    "UserAdmin",
    "UserChangeForm",
    "UserCreationForm",
    "action",
    "confirmation",
    "permitted",
    "shorten_textareas",
    "staff_of",
]


class ModelAdmin(UnfoldModelAdmin):
    """What every list and form of the desk shares: quick counts, and a trail of every change."""

    paginator = CappedPaginator
    show_full_result_count = False
    # Counts beside each filter are one more query apiece, over all rows.
    show_facets = ShowFacets.NEVER

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _audit(request, obj, AuditAction.ADDED, {})
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _audit(request, obj, AuditAction.CHANGED, {"change": message})
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            _audit(request, obj, AuditAction.DELETED, {})
        return super().log_deletions(request, queryset)


def _audit(request: HttpRequest, obj: Model, action: AuditAction, detail: dict[str, Any]) -> None:
    kind = str(obj._meta.model_name)
    audit_add(
        actor=staff_of(request), action=action, now=timezone.now(), object_type=kind, object_id=obj.pk, detail=detail
    )


def staff_of(request: HttpRequest) -> User:
    """The logged-in user of a page that `admin_view` guards."""
    assert isinstance(request.user, User)  # noqa: S101  (admin_view lets in nobody else)
    return request.user


def permitted(*permissions: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """403 without every one of these permissions."""

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return guard


def shorten_textareas(form: BaseForm) -> None:
    """unfold's text areas are ten lines high, and these texts have one or two."""
    for field in form.fields.values():
        if isinstance(field.widget, Textarea):
            field.widget.attrs["rows"] = 3


def confirmation(request: HttpRequest, original: Model, **context: Any) -> TemplateResponse:
    """The page that asks before something is done by POST. `context`: question, rows (name, value), button, back."""
    return TemplateResponse(
        request,
        "admin/calls/confirm.html",
        {
            **site.each_context(request),
            "opts": original._meta,
            "original": original,
            **context,
        },
    )
