"""What else is to be done when something happens to a call, in its transaction: tell the webhooks, settle the money.

Events say what came of a call and never a fact: of an answer only its question's key and the verdict. call.summary
alone may hold the transcript, where an endpoint asks for it.
"""

from datetime import datetime
from functools import partial
from typing import Any

from calls.models import Call, Campaign, WebhookEndpoint
from calls.services import webhooks_out
from calls.services.usage import billed_minutes, call_settle_up

ERROR_KINDS = ("model_error", "malformed", "dial_unclear", "stream_error", "released")


def call_started(*, call_id: int, now: datetime) -> None:
    if webhooks_out.has_endpoints():
        _tell("call.started", call=_read(call_id), now=now)


def call_answered(*, call_id: int, now: datetime) -> None:
    if webhooks_out.has_endpoints():
        _tell("call.answered", call=_read(call_id), now=now)


def call_ended(*, call: Call, now: datetime) -> None:
    call_settle_up(call=call, now=now)
    if not webhooks_out.has_endpoints():
        return
    call = _read(call.pk)
    _tell("call.ended", call=call, now=now)
    webhooks_out.emit(
        "call.summary",
        now=now,
        message_id=f"msg_call.summary_{call.pk}",
        script_name=call.script.name,
        data=partial(_summary, call),
    )


def review_decided(*, call_id: int, now: datetime) -> None:
    call = _read(call_id)
    webhooks_out.emit(
        "review.decided",
        now=now,
        # Staff may open a decided call again: each decision is an event of its own.
        message_id=f"msg_review.decided_{call.pk}_{int(now.timestamp() * 1000)}",
        script_name=call.script.name,
        data=lambda _: {**_about(call), "final_status": call.final_status},
    )


def campaign_completed(*, campaign: Campaign, now: datetime) -> None:
    webhooks_out.emit(
        "campaign.completed",
        now=now,
        message_id=f"msg_campaign.completed_{campaign.pk}_{int(now.timestamp() * 1000)}",
        script_name=campaign.script_name,
        data=lambda _: {"campaign": campaign.pk, "name": campaign.name},
    )


def _read(call_id: int) -> Call:
    return Call.objects.select_related("script", "verification", "profile").get(pk=call_id)


def _tell(kind: str, *, call: Call, now: datetime) -> None:
    webhooks_out.emit(
        kind,
        now=now,
        message_id=f"msg_{kind}_{call.pk}",
        script_name=call.script.name,
        data=lambda _: _ended(call) if kind == "call.ended" else _about(call),
    )


def _about(call: Call) -> dict[str, Any]:
    return {
        "call": call.pk,
        "verification": call.verification_id,
        "external_id": call.verification.external_id,
        "attempt": call.attempt,
        "script": call.script.name,
        "script_version": call.script.version,
        "stage": call.stage,
        "status": call.status,
        "sid": call.carrier_sid or None,
    }


def _ended(call: Call) -> dict[str, Any]:
    answers = call.answers.values("question_id", "key", "verdict", "method", "score")
    return {
        **_about(call),
        "end_reason": call.end_reason,
        "vendor_code": call.vendor_code,
        "needs_review": call.needs_review,
        "answers": list(answers),
    }


def _summary(call: Call, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """CallEnd: statistics, the log lines that tell of errors, and the transcript if the endpoint asks for it."""
    events = call.events.filter(kind__in=ERROR_KINDS).values("at", "kind", "detail")
    summary = {
        **_ended(call),
        "statistics": {
            "dialed_at": _iso(call.dialed_at),
            "answered_at": _iso(call.answered_at),
            "ended_at": _iso(call.ended_at),
            "billed_minutes": billed_minutes(call),
            "turns": call.turns.count(),
            "usage": call.usage,
        },
        "errors": [{**event, "at": event["at"].isoformat()} for event in events],
    }
    if endpoint.send_transcript:
        fields = ("speaker", "text", "start_ms", "end_ms", "interrupted")
        summary["transcript"] = list(call.turns.values(*fields))
    return summary


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
