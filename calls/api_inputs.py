"""What the API takes. An unknown field is refused by name, and "42" is not 42."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from calls.lifecycle import Status
from calls.services.facts import MAX_FACTS
from calls.services.numbers import MAX_LENGTH
from calls.services.scripts import LIMITS, TEXTS
from calls.services.verifications import MAX_BACKGROUND

LARGEST_ID = 2**63 - 1


def _strict(**example: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": example})


class CallIn(BaseModel):
    model_config = _strict(to="+12025550123", verification=42)
    verification: int = Field(ge=1, le=LARGEST_ID, description="The id of the verification.")
    to: str = Field("", max_length=MAX_LENGTH, description="Left out: the number on file.")
    other_number: bool = Field(
        False, description="True: `to` is meant, though it differs from the number on file. The call keeps this."
    )
    profile: str = Field("", max_length=100, description="The voice provider's profile. Left out: the script's.")


class WaitIn(BaseModel):
    wait: float = Field(0, ge=0, le=30, description="Seconds to wait for the carrier to take the call.")


class VerificationIn(BaseModel):
    model_config = _strict(
        name="Maria Gomez",
        phone="(202) 555-0123",
        background="Loan application of 3 March.",
        facts={"date_of_birth": "1985-03-05", "ssn_last_4": "1234"},
        external_id="crm-77",
    )
    name: str = Field(min_length=1, max_length=200, description="The person's full name, as the agent says it.")
    phone: str = Field("", max_length=MAX_LENGTH, description="E.164, or as dialled in the server's default region.")
    background: str = Field("", max_length=MAX_BACKGROUND, description="For staff. The voice model never sees it.")
    facts: dict[str, Any] = Field(
        {}, max_length=MAX_FACTS, description="What to check: one plain value for each key. Never given out again."
    )
    external_id: str = Field("", max_length=100, description="Your own id.")
    script: str = Field("default", max_length=100, description="The name of the script to call with.")


class PageIn(BaseModel):
    limit: int = Field(50, ge=1, le=200, description="How many, at most.")
    after: int | None = Field(None, ge=1, le=LARGEST_ID, description="`next` of the page before.")


class VerificationFilter(PageIn):
    external_id: str | None = Field(None, max_length=100)


class CallFilter(PageIn):
    verification: int | None = Field(None, ge=1, le=LARGEST_ID)
    status: Status | None = None


class UsageFilter(BaseModel):
    since: date | None = Field(None, description="First day. Left out: 30 days before `until`.")
    until: date | None = Field(None, description="Last day. Left out: today.")


class VersionIn(BaseModel):
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="Left out: the newest.")


def _text(field: str, description: str = "") -> Any:
    return Field(None, max_length=TEXTS[field][1], description=description)


def _number(field: str, description: str = "") -> Any:
    return Field(None, ge=LIMITS[field][0], le=LIMITS[field][1], description=description)


class ScriptIn(BaseModel):
    """What is left out stays as it was in the version before."""

    model_config = _strict(name="default", company="Acme Lending", purpose="To confirm a loan application.")
    name: str = Field("default", min_length=1, max_length=TEXTS["name"][1])
    company: str | None = _text("company", "Named only after the person has said who they are.")
    purpose: str | None = _text("purpose", "Why the call is made, for the agent. No fact of the person belongs here.")
    disclosure: str | None = _text("disclosure", "The first sentence of every call.")
    closing: str | None = _text("closing")
    voice: str | None = _text("voice")
    language: str | None = _text("language")
    model: str | None = _text("model")
    transcription_model: str | None = _text("transcription_model")
    profile: str | None = Field(None, max_length=100, description="The voice provider's profile. Blank: the default.")
    questions_to_ask: int | None = _number("questions_to_ask")
    matches_required: int | None = _number("matches_required", "Right answers that make a call successful.")
    tries_per_question: int | None = _number("tries_per_question")
    wordings: dict[str, Any] | None = Field(
        None, max_length=MAX_FACTS, description="How to ask for a fact, by its key."
    )
    never_together: list[list[str]] | None = Field(
        None, max_length=MAX_FACTS, description='Facts of which a call asks one at most: [["employer", "job_title"]].'
    )
    ring_timeout_s: int | None = _number("ring_timeout_s")
    time_limit_s: int | None = _number("time_limit_s")
    silence_s: int | None = _number("silence_s", "Silence after which the agent asks once.")
    max_tries: int | None = _number("max_tries", "How often a person is rung for one request.")
    machine_detection: bool | None = Field(None, description="Let the carrier tell whether a machine answered.")
    voicemail_message: str | None = _text("voicemail_message", "Left on a voicemail. Blank: hang up.")
    screening_reply: str | None = _text("screening_reply", "Said to a call screener. Blank: hang up.")
