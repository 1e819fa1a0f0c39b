"""What the API gives. Of a person's facts only the keys come out, and numbers are masked."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.forms.models import model_to_dict
from pydantic import BaseModel, ConfigDict, Field

from calls.models import Call, CallCost, Script, Verification
from calls.services.numbers import masked


def _example(**example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": example})


class Running(BaseModel):
    model_config = _example(message="Running")
    message: str


class CallReceipt(BaseModel):
    model_config = _example(
        call=7,
        verification=42,
        status="in_progress",
        stage="queued",
        end_reason="",
        url="https://highway.example.com/calls/7",
        sid=None,
    )
    call: int
    verification: int
    status: str
    stage: str
    end_reason: str
    url: str = Field(description="Where to follow the call.")
    sid: str | None = Field(description="The carrier's id of the call, once dialled.")

    @classmethod
    def of(cls, call: Call) -> Self:
        return cls(
            call=call.pk,
            verification=call.verification_id,
            status=call.status,
            stage=call.stage,
            end_reason=call.end_reason,
            url=f"{settings.PUBLIC_BASE_URL}/calls/{call.pk}",
            sid=call.carrier_sid or None,
        )


class CallSummary(BaseModel):
    id: int = Field(examples=[7])
    verification: int = Field(examples=[42])
    attempt: int = Field(examples=[1])
    script: str = Field(examples=["default"])
    script_version: int = Field(examples=[3])
    to: str = Field(description="The number, masked.", examples=["+1202•••0123"])
    other_number: bool = Field(examples=[False])
    stage: str = Field(examples=["ended"])
    status: str = Field(examples=["successful_call"])
    end_reason: str = Field(examples=["completed"])
    vendor_code: str = Field(description="The carrier's or the voice model's own error code.", examples=[""])
    reflection: str = Field(
        description="What the voice model made of the call; `status` is decided by the evidence.",
        examples=["successful_call"],
    )
    needs_review: bool = Field(examples=[False])
    review_reason: str = Field(examples=[""])
    sid: str | None = Field(description="The carrier's id.", examples=["CA00000000000000000000000000000001"])
    created_at: datetime
    dialed_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    url: str = Field(examples=["https://highway.example.com/calls/7"])

    @classmethod
    def of(cls, call: Call) -> "CallSummary":
        return CallSummary(**_summary(call))


_SAME = (
    *("id", "attempt", "other_number", "stage", "status", "end_reason", "vendor_code", "reflection"),
    *("needs_review", "review_reason", "created_at", "dialed_at", "answered_at", "ended_at"),
)


def _summary(call: Call) -> dict[str, Any]:
    return {
        **{name: getattr(call, name) for name in _SAME},
        "verification": call.verification_id,
        "script": call.script.name,
        "script_version": call.script.version,
        "to": masked(call.to_number),
        "sid": call.carrier_sid or None,
        "url": f"{settings.PUBLIC_BASE_URL}/calls/{call.pk}",
    }


class TurnOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    speaker: str = Field(description="agent or caller", examples=["agent"])
    text: str = Field(examples=["What is your date of birth, with the year?"])
    start_ms: int = Field(description="Milliseconds since the audio began.")
    end_ms: int
    interrupted: bool


class EventOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    at: datetime
    kind: str = Field(examples=["requested"])
    detail: dict[str, Any] = Field(examples=[{"attempt": 1}])


class AnswerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    question_id: str = Field(examples=["q1"])
    key: str = Field(examples=["date_of_birth"])
    asked: str = Field(examples=["What is your date of birth, with the year?"])
    heard: str = Field(examples=["It's March fifth, nineteen eighty-five."])
    value: str = Field(
        description="The voice model's reading of what it heard; not the expected value.", examples=["1985-03-05"]
    )
    verdict: str = Field(description="match, mismatch, refused or unclear", examples=["match"])
    method: str = Field(description="How it was compared.", examples=["date"])
    score: float = Field(description="0 to 1: how sure the comparison is.", examples=[1.0])
    start_ms: int
    end_ms: int


class CallOut(CallSummary):
    vendor_text: str = Field(examples=[""])
    usage: dict[str, Any] = Field(description="The voice model's tokens, added up.")
    cost: str | None = Field(description="What it cost, once it has ended; null until then.", examples=["0.104400"])
    transcript: list[TurnOut]
    events: list[EventOut]
    answers: list[AnswerOut]

    @classmethod
    def of(cls, call: Call) -> "CallOut":
        return cls(
            **_summary(call),
            # The carrier's texts quote the number in full.
            vendor_text=call.vendor_text.replace(call.to_number, masked(call.to_number)),
            usage=call.usage,
            cost=_cost(call),
            transcript=[TurnOut.model_validate(turn) for turn in call.turns.all()],
            events=[EventOut.model_validate(event) for event in call.events.all()],
            answers=[AnswerOut.model_validate(answer) for answer in call.answers.all()],
        )


def _cost(call: Call) -> str | None:
    cost: CallCost | None = getattr(call, "cost", None)
    return f"{cost.total_micros / 1_000_000:.6f}" if cost else None


class VerificationSummary(BaseModel):
    id: int = Field(examples=[42])
    name: str = Field(examples=["Maria Gomez"])
    phone: str = Field(description="Masked.", examples=["+1202•••0123"])
    background: str = Field(examples=["Loan application of 3 March."])
    facts: list[str] = Field(description="The keys alone.", examples=[["date_of_birth", "ssn_last_4"]])
    external_id: str = Field(examples=["crm-77"])
    script: str = Field(examples=["default"])
    created_at: datetime

    @classmethod
    def of(cls, verification: Verification) -> "VerificationSummary":
        return VerificationSummary(**_job(verification))


def _job(verification: Verification) -> dict[str, Any]:
    return {
        **{name: getattr(verification, name) for name in ("id", "name", "background", "external_id", "created_at")},
        "phone": masked(verification.phone),
        "facts": sorted(verification.facts),
        "script": verification.script_name,
    }


class VerificationOut(VerificationSummary):
    calls: list[CallSummary] = Field(description="Newest first.")

    @classmethod
    def of(cls, verification: Verification) -> "VerificationOut":
        calls = verification.calls.select_related("script")
        return cls(**_job(verification), calls=[CallSummary.of(call) for call in calls])


class UsageRow(BaseModel):
    day: str = Field(examples=["2026-11-21"])
    key: str = Field(description="The key's name; empty for calls that staff made.", examples=["loan desk"])
    campaign: str = Field(description="The campaign's name; empty for single calls.", examples=["Autumn"])
    calls: int
    minutes: int = Field(description="Billed minutes of the line.")
    model: str = Field(description="The voice model's cost, in the currency of your prices.", examples=["1.234500"])
    transcription: str = Field(examples=["0.021000"])
    carrier: str = Field(examples=["0.368000"])
    total: str = Field(examples=["1.623500"])


class Usage(BaseModel):
    items: list[UsageRow] = Field(description="One for each day, key and campaign, newest day first.")
    credits: int | None = Field(description="Calls that this key may still make; null: they are not counted.")


class CallPage(BaseModel):
    items: list[CallSummary] = Field(description="Newest first.")
    next: int | None = Field(description="Give it as `after` for the next page; null on the last.")


class VerificationPage(BaseModel):
    items: list[VerificationSummary] = Field(description="Newest first.")
    next: int | None = Field(description="Give it as `after` for the next page; null on the last.")


class ScriptOut(BaseModel):
    name: str
    version: int
    company: str
    purpose: str
    disclosure: str
    closing: str
    voice: str
    language: str
    model: str
    transcription_model: str
    profile: str
    questions_to_ask: int
    matches_required: int
    tries_per_question: int
    wordings: dict[str, Any]
    never_together: list[list[str]]
    ring_timeout_s: int
    time_limit_s: int
    silence_s: int
    max_tries: int
    machine_detection: bool
    voicemail_message: str
    screening_reply: str

    @classmethod
    def of(cls, script: Script) -> Self:
        return cls(**model_to_dict(script))
