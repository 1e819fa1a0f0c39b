"""What the page of one call shows: the header, the conversation, the evidence, the history, the reviews."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from calls import causes
from calls.admin import look
from calls.lifecycle import Stage
from calls.masking import masked_fact
from calls.models import Answer, Call, CallEvent, Turn

# The transcript's last line, the usage and the recording may reach the database a moment after the status.
SETTLING = timedelta(seconds=10)
SILENCE_MS = 3000
"""A pause this long is worth a mark: people answer within a second or two."""


def is_live(call: Call, *, now: datetime) -> bool:
    """Whether the page should go on refreshing itself."""
    return call.stage != Stage.ENDED or (call.ended_at is not None and call.ended_at > now - SETTLING)


def page(call: Call, *, viewer: User, now: datetime) -> dict[str, Any]:
    """The template's context for a call fetched with its verification, script and requesters. Four more queries."""
    turns, answers, events = list(call.turns.all()), list(call.answers.all()), list(call.events.all())
    return {
        "call": call,
        "live": is_live(call, now=now),
        "live_url": reverse("admin:calls_call_live", args=[call.pk]),
        "status": look.status_badge(call.status),
        "final": look.status_badge(call.final_status) if call.final_status else "",
        "stage": look.stage_badge(call.stage),
        "reason": look.REASONS.get(call.end_reason, ""),
        "cause": causes.of_call(end_reason=call.end_reason, vendor_code=call.vendor_code),
        "reflection": look.status_words(call.reflection),
        "duration": look.duration(call),
        "requested_by": _requested_by(call),
        "steps": _steps(call),
        "turns": conversation(call, turns, answers, open_while_live=viewer.has_perm("calls.listen_live")),
        "answers": [_answer(answer, call) for answer in answers],
        "events": [_event(event, call.created_at) for event in events],
        "tools": [_event(event, call.created_at) for event in events if event.kind == "tool_called"],
        "latency": _latency(turns),
        "usage": [(kind.replace("_", " "), count) for kind, count in sorted(call.usage.items())],
        "cost": _cost(call),
        "marks": [{"ms": turn.end_ms, "kind": "barge-in"} for turn in turns if turn.interrupted],
        "recording_url": reverse("admin:calls_call_recording", args=[call.pk]) if _may_hear(call, viewer) else "",
        "peaks_url": reverse("admin:calls_call_peaks", args=[call.pk]),
    }


def _may_hear(call: Call, viewer: User) -> bool:
    return bool(call.recording) and viewer.has_perm("calls.hear_recording")


def _requested_by(call: Call) -> str:
    if call.requested_by_user is not None:
        return call.requested_by_user.get_username()
    return f"API key {call.requested_by}" if call.requested_by is not None else ""


def _steps(call: Call) -> list[dict[str, Any]]:
    """The line's story in five steps: when each was reached, and how long after the request."""
    reached = [
        ("Requested", call.created_at),
        ("Claimed", call.claimed_at),
        ("Dialled", call.dialed_at),
        ("Answered", call.answered_at),
        ("Ended", call.ended_at),
    ]
    return [{"name": name, "at": at, "offset": _since(call.created_at, at)} for name, at in reached]


def _since(start: datetime, at: datetime | None) -> str:
    return look.offset(at - start) if at and at != start else ""


def conversation(
    call: Call, turns: Sequence[Turn], answers: Sequence[Answer], *, open_while_live: bool
) -> list[dict[str, Any]]:
    """The transcript's lines with the silences between them. What a person says in answer to a question is a fact, and
    masked; while the call goes on any line of theirs may be one."""
    live = call.stage != Stage.ENDED
    rows, heard_until = [], 0
    for turn in turns:
        hidden = not open_while_live if live else is_answer(turn, answers)
        rows.append(
            {
                "turn": turn,
                "text": masked_fact(turn.text) if hidden and turn.speaker == "caller" else turn.text,
                "masked": hidden and turn.speaker == "caller",
                "at": look.clock(turn.start_ms / 1000),
                "silence": _silence(heard_until, turn.start_ms),
            }
        )
        heard_until = max(heard_until, turn.end_ms)
    return rows


def is_answer(turn: Turn, answers: Sequence[Answer]) -> bool:
    """Whether evidence was drawn from this line of the caller: they overlap in the audio."""
    return turn.speaker == "caller" and any(
        answer.start_ms < turn.end_ms and turn.start_ms < answer.end_ms for answer in answers
    )


def _silence(start_ms: int, end_ms: int) -> dict[str, Any] | None:
    if end_ms - start_ms < SILENCE_MS:
        return None
    return {"start_ms": start_ms, "end_ms": end_ms, "seconds": round((end_ms - start_ms) / 1000)}


def _answer(answer: Answer, call: Call) -> dict[str, Any]:
    return {
        "answer": answer,
        "heard": masked_fact(answer.heard),
        "value": masked_fact(answer.value),
        "expected": masked_fact(call.verification.facts.get(answer.key, "")),
        "at": look.clock(answer.start_ms / 1000) if answer.end_ms else "",
        "verdict": look.verdict_badge(answer.verdict),
    }


def revealed(call: Call, facts: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What a reveal puts into the page: by answer and by turn, the words that were masked."""
    answers = list(call.answers.all())
    shown = {f"turn-{turn.pk}": turn.text for turn in call.turns.all() if turn.speaker == "caller"}
    for answer in answers:
        shown[f"heard-{answer.pk}"] = answer.heard
        shown[f"value-{answer.pk}"] = answer.value
        shown[f"expected-{answer.pk}"] = str(facts.get(answer.key, ""))
    return {"shown": shown}


def _event(event: CallEvent, start: datetime) -> dict[str, Any]:
    return {
        "kind": event.kind.replace("_", " "),
        "at": event.at,
        "offset": look.offset(event.at - start),
        "detail": sorted(event.detail.items()) if isinstance(event.detail, dict) else [],
    }


def _latency(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """How long the person waited for each reply of the agent: from the end of their line to the start of its."""
    waits = [
        reply.start_ms - said.end_ms
        for said, reply in pairwise(turns)
        if said.speaker == "caller" and reply.speaker == "agent" and reply.start_ms >= said.end_ms
    ]
    if not waits:
        return []
    return [("Replies", str(len(waits))), ("Median", f"{median(waits):.0f} ms"), ("Slowest", f"{max(waits)} ms")]


def _cost(call: Call) -> list[tuple[str, str]]:
    cost = getattr(call, "cost", None)
    if cost is None:
        return []
    parts = [
        ("Line", cost.carrier_micros),
        ("Model", cost.model_micros),
        ("Transcription", cost.transcription_micros),
        ("Total", cost.total_micros),
    ]
    return [(name, look.money(micros)) for name, micros in parts]
