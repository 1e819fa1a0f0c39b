"""What one does on the page of a call: review it, reveal its facts, hear it, end it, take its evidence away.

Each is one view under CallAdmin's URLs, and each leaves its line in the audit trail.
"""

import tempfile
import wave
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from calls.admin import call_page
from calls.admin.base import confirmation, permitted, staff_of
from calls.bundles import MAX_CALLS, bundle_write
from calls.models import AuditAction, Call
from calls.peaks import recording_peaks
from calls.recording_views import recording_path, recording_response
from calls.reviewing import ReviewState
from calls.services.audit import audit_add, audit_hearing
from calls.services.errors import Refused
from calls.services.numbers import masked
from calls.services.reviews import review_next, review_record
from calls.services.staff import call_end, facts_reveal

STANDS = {
    ReviewState.DONE: "It is decided.",
    ReviewState.SECOND: "It waits for a second reviewer.",
    ReviewState.ESCALATED: "It waits for a supervisor.",
}


@require_POST
@permitted("calls.view_call", "calls.review_call")
def review(request: HttpRequest, call_id: int) -> HttpResponse:
    """Keep the review and go on to the next call in the queue; back to this one where it was refused."""
    call, reviewer = get_object_or_404(Call, pk=call_id), staff_of(request)
    try:
        stands = review_record(
            call_id=call_id,
            reviewer=reviewer,
            decision=request.POST.get("decision", ""),
            status=request.POST.get("status", ""),
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )
    except Refused as refused:
        problems = [f"{field.capitalize()} {text}." for field, text in refused.fields.items()]
        messages.error(request, " ".join(problems or [refused.message]))
        return redirect("admin:calls_call_change", call_id)
    messages.success(request, f"Your review of call #{call_id} is kept. {STANDS.get(stands.state, '')}")
    following = review_next(reviewer=reviewer, after=call)
    return redirect("admin:calls_call_change", following.pk) if following else redirect("admin:calls_call_queue")


@require_POST
@permitted("calls.view_call", "calls.reveal_facts")
def reveal(request: HttpRequest, call_id: int) -> JsonResponse:
    """The masked words of this call in full: {"shown": {"heard-5": …, "turn-9": …}}."""
    call = get_object_or_404(Call.objects.select_related("verification"), pk=call_id)
    keys = sorted({answer.key for answer in call.answers.all()} | set(call.questions))
    facts = facts_reveal(
        verification=call.verification, keys=keys, actor=staff_of(request), now=timezone.now(), call=call
    )
    response = JsonResponse(call_page.revealed(call, facts))
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@permitted("calls.view_call", "calls.hear_recording")
def recording(request: HttpRequest, call_id: int) -> HttpResponseBase:
    call = get_object_or_404(Call, pk=call_id)
    path = recording_path(call.recording)
    audit_hearing(actor=staff_of(request), call_ids=[call_id], now=timezone.now(), action=AuditAction.RECORDING_HEARD)
    return recording_response(path=path, range_header=request.headers.get("Range", ""), filename=f"call-{call.pk}.wav")


@require_safe
@permitted("calls.view_call", "calls.hear_recording")
def peaks(request: HttpRequest, call_id: int) -> JsonResponse:
    call = get_object_or_404(Call, pk=call_id)
    try:
        return JsonResponse(recording_peaks(recording_path(call.recording)), headers={"Cache-Control": "no-store"})
    except (OSError, wave.Error, EOFError) as error:
        raise Http404("The recording cannot be read.") from error


@permitted("calls.view_call", "calls.end_live_call")
def end(request: HttpRequest, call_id: int) -> HttpResponse:
    """GET asks, POST ends the call and hangs up."""
    call = get_object_or_404(Call.objects.select_related("verification"), pk=call_id)
    if request.method != "POST":
        return _ask_to_end(request, call)
    try:
        ended = call_end(call_id=call_id, actor=staff_of(request), now=timezone.now())
        messages.success(request, f"{call} is ended." if ended else f"{call} was over already.")
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("admin:calls_call_change", call_id)


def _ask_to_end(request: HttpRequest, call: Call) -> HttpResponse:
    rows: list[tuple[str, Any]] = [("Person", call.verification.name), ("Number", masked(call.to_number))]
    return confirmation(
        request,
        call,
        title="End the call",
        question="End this call now?",
        rows=[*rows, ("Stage", call.stage)],
        button="End the call",
        back=reverse("admin:calls_call_change", args=[call.pk]),
    )


@require_safe
@permitted("calls.view_call", "calls.export_call")
def bundle(request: HttpRequest, call_id: int) -> HttpResponseBase:
    """The evidence of one call as a zip."""
    get_object_or_404(Call, pk=call_id)
    return bundle_response(request, Call.objects.filter(pk=call_id), filename=f"call-{call_id}.zip")


def bundle_response(request: HttpRequest, calls: QuerySet[Call], *, filename: str) -> HttpResponseBase:
    """The zip of these calls, at most MAX_CALLS of them. Facts and sound are in it only for those who may reveal and
    hear them. Recorded before it is sent."""
    actor, now = staff_of(request), timezone.now()
    open_facts = actor.has_perms(["calls.reveal_facts", "calls.hear_recording"])
    file = tempfile.SpooledTemporaryFile(max_size=8_000_000)  # noqa: SIM115  (the response closes it)
    count = bundle_write(file, calls[:MAX_CALLS], now=now, by=actor.get_username(), open_facts=open_facts)
    ids = list(calls[:MAX_CALLS].values_list("pk", flat=True))
    detail = {"what": "bundle", "calls": count, "ids": ids, "facts": "open" if open_facts else "masked"}
    object_id = ids[0] if count == 1 else ""
    audit_add(actor=actor, action=AuditAction.EXPORTED, now=now, object_type="call", object_id=object_id, detail=detail)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=filename, headers={"Cache-Control": "no-store"})
