"""Twilio's callbacks: a call's status (docs/voice/api/call-resource#statuscallback), its media stream's
and machine detection's (docs/voice/answering-machine-detection).

Signed, in any order, sometimes twice. Each is answered 204: Twilio reads nothing of the body.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotFound
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from calls import carrier
from calls.models import Call
from calls.services.calls import call_answered_by, call_heard, call_stream_failed
from calls.services.strays import stray_hang_up


@csrf_exempt
@require_POST
def status(request: HttpRequest, call_id: int) -> HttpResponse:
    if refusal := _unsigned(request):
        return refusal
    form = request.POST
    code = form.get("ErrorCode") or form.get("SipResponseCode") or ""
    line = {"carrier_status": form.get("CallStatus", ""), "carrier_sid": form.get("CallSid", "")}
    detail = {"sequence": form.get("SequenceNumber", ""), **({"code": code} if code else {})}
    try:
        # What has just moved on is a call that lives, and its own line.
        if not call_heard(call_id=call_id, **line, now=timezone.now(), detail=detail):
            stray_hang_up(call_id=call_id, **line, now=timezone.now())
    except Call.DoesNotExist:
        return _no_such_call()
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def amd(request: HttpRequest, call_id: int) -> HttpResponse:
    """Asynchronous answering machine detection: human, machine_start, machine_end_beep, fax, unknown …"""
    if refusal := _refusal(request, call_id):
        return refusal
    if answered_by := request.POST.get("AnsweredBy", ""):
        call_answered_by(call_id=call_id, answered_by=answered_by, now=timezone.now())
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def stream(request: HttpRequest, call_id: int) -> HttpResponse:
    """Only failures are of use: that the stream started and stopped, the consumer knows itself."""
    if refusal := _refusal(request, call_id):
        return refusal
    if request.POST.get("StreamEvent") == "stream-error":
        call_stream_failed(call_id=call_id, text=request.POST.get("StreamError", ""), now=timezone.now())
    return HttpResponse(status=204)


def _refusal(request: HttpRequest, call_id: int) -> HttpResponse | None:
    if refusal := _unsigned(request):
        return refusal
    return None if Call.objects.filter(pk=call_id).exists() else _no_such_call()


def _unsigned(request: HttpRequest) -> HttpResponse | None:
    signature = request.headers.get("X-Twilio-Signature", "")
    url = carrier.public_url(request.get_full_path())
    if not carrier.signature_is_valid(url=url, params=request.POST, signature=signature):
        return HttpResponseForbidden("The signature does not fit.")
    return None


def _no_such_call() -> HttpResponse:
    return HttpResponseNotFound("There is no such call.")
