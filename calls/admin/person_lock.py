"""The page that unlocks a person who has failed too often to be called again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from calls.admin.base import confirmation, staff_of
from calls.models import Verification
from calls.services.errors import Refused
from calls.services.numbers import masked
from calls.services.persons import person_failures, person_is_locked, person_unlock


def may_unlock(request: HttpRequest, object_id: str | None) -> bool:
    """Whether to offer it: to who may, for a person who is locked."""
    if not request.user.has_perm("calls.add_personunlock"):
        return False
    verification = Verification.objects.filter(pk=object_id).first() if object_id else None
    return verification is not None and person_is_locked(verification=verification)


def page(request: HttpRequest, verification: Verification) -> HttpResponse:
    """GET asks why, POST unlocks."""
    if request.method != "POST":
        return _ask(request, verification)
    try:
        reason = request.POST.get("reason", "")
        person_unlock(verification=verification, by=staff_of(request), reason=reason, now=timezone.now())
        messages.success(request, "The person can be called again.")
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("admin:calls_verification_change", verification.pk)


def _ask(request: HttpRequest, verification: Verification) -> HttpResponse:
    return confirmation(
        request,
        verification,
        title="Unlock",
        question=f"Let {verification.name} be called again?",
        rows=[
            ("Number", masked(verification.phone) or "none on file"),
            ("Failed verifications", person_failures(verification=verification)),
        ],
        reason_label="Why",
        button="Unlock",
        back=reverse("admin:calls_verification_change", args=[verification.pk]),
    )
