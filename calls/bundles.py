"""The evidence of calls as one zip: for each call its data, transcript, evidence, events, reviews, recording and a
summary to print; above them a manifest with the SHA-256 of every file, so that a later change can be told.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db.models import QuerySet

from calls.bundle_pdf import summary_pdf
from calls.masking import masked_fact
from calls.models import Call

MAX_CALLS = 500
FIELDS = [
    "id",
    "verification_id",
    "attempt",
    "to_number",
    "from_number",
    "stage",
    "status",
    "end_reason",
    "vendor_code",
    "vendor_text",
    "created_at",
    "claimed_at",
    "dialed_at",
    "answered_at",
    "line_ended_at",
    "ended_at",
    "carrier_sid",
    "questions",
    "reflection",
    "needs_review",
    "review_reason",
    "review_state",
    "final_status",
    "usage",
]


def bundle_write(file: IO[bytes], calls: QuerySet[Call], *, now: datetime, by: str, open_facts: bool) -> int:
    """Write the zip of these calls into `file`; returns how many. `open_facts` False masks what people are asked."""
    manifest: dict[str, Any] = {"made_at": now.isoformat(), "made_by": by, "facts": "open" if open_facts else "masked"}
    sums: dict[str, str] = {}
    related = calls.select_related("verification", "script").prefetch_related(
        "turns", "answers", "events", "reviews__reviewer"
    )
    count = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for call in related.iterator(chunk_size=50):
            count += 1
            for name, content in _files(call, open_facts=open_facts):
                path = f"call-{call.pk}/{name}"
                archive.writestr(path, content)
                sums[path] = hashlib.sha256(content).hexdigest()
        archive.writestr("manifest.json", _json({**manifest, "calls": count, "sha256": sums}))
    return count


def _files(call: Call, *, open_facts: bool) -> Iterable[tuple[str, bytes]]:
    evidence = [_answer(answer, call, open_facts=open_facts) for answer in call.answers.all()]
    reviews = [_review(review) for review in call.reviews.all()]
    yield "call.json", _json(_call(call))
    yield "transcript.txt", _transcript(call, open_facts=open_facts).encode()
    yield "evidence.json", _json(evidence)
    yield "events.json", _json([{"at": e.at, "kind": e.kind, "detail": e.detail} for e in call.events.all()])
    yield "reviews.json", _json(reviews)
    yield "summary.pdf", summary_pdf(call, evidence, reviews)
    # A recording holds every fact that was said: it goes where the facts go.
    recording = Path(settings.RECORDINGS_DIR) / call.recording
    if open_facts and call.recording and recording.is_file():
        yield "recording.wav", recording.read_bytes()


def _call(call: Call) -> dict[str, Any]:
    return {
        **{field: getattr(call, field) for field in FIELDS},
        "person": call.verification.name,
        "external_id": call.verification.external_id,
        "script": str(call.script),
    }


def _transcript(call: Call, *, open_facts: bool) -> str:
    lines = []
    for turn in call.turns.all():
        text = turn.text if open_facts or turn.speaker == "agent" else masked_fact(turn.text)
        cut = " [interrupted]" if turn.interrupted else ""
        lines.append(f"{turn.start_ms / 1000:8.2f} s  {turn.speaker:6}  {text}{cut}\n")
    return "".join(lines)


def _answer(answer: Any, call: Call, *, open_facts: bool) -> dict[str, Any]:
    show = str if open_facts else masked_fact
    return {
        "question": answer.asked,
        "key": answer.key,
        "expected": show(call.verification.facts.get(answer.key, "")),
        "heard": show(answer.heard),
        "value": show(answer.value),
        "verdict": answer.verdict,
        "method": answer.method,
        "score": answer.score,
        "start_ms": answer.start_ms,
        "end_ms": answer.end_ms,
    }


def _review(review: Any) -> dict[str, Any]:
    return {
        "at": review.at,
        "reviewer": review.reviewer.get_username(),
        "decision": review.decision,
        "status": review.status,
        "reason": review.reason,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str).encode()
