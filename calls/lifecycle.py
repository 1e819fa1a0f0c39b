"""Stages, statuses and end reasons of a call, and the table of permitted moves. Pure.

A stage is the line's story and never turns back; a status says what came of the call; an end reason says why, in one
small code. docs/design.md §1 is the source of the words.
"""

from enum import StrEnum


class Stage(StrEnum):
    QUEUED = "queued"
    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Status(StrEnum):
    IN_PROGRESS = "in_progress"
    SUCCESSFUL = "successful_call"
    UNSUCCESSFUL = "unsuccessful_call"
    USER_HUNG_UP = "user_hung_up"
    SYSTEM_ERROR = "system_error"
    NOT_REACHED = "not_reached"
    CANCELED = "canceled"


class EndReason(StrEnum):
    COMPLETED = "completed"
    CUSTOMER_HUNG_UP = "customer_hung_up"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    SCREENED = "screened"
    INVALID_NUMBER = "invalid_number"
    CARRIER_REJECTED = "carrier_rejected"
    CARRIER_ERROR = "carrier_error"
    DECLINED = "declined"
    WRONG_PERSON = "wrong_person"
    OPTED_OUT = "opted_out"
    SILENCE = "silence"
    MAX_DURATION = "max_duration"
    ANSWERS_EXHAUSTED = "answers_exhausted"
    FACTS_UNUSABLE = "facts_unusable"
    MODEL_AUTH = "model_auth"
    MODEL_ACCESS = "model_access"
    MODEL_QUOTA = "model_quota"
    MODEL_RATE_LIMITED = "model_rate_limited"
    MODEL_ERROR = "model_error"
    RELAY_LOST = "relay_lost"
    PROCESS_LOST = "process_lost"
    CANCELED = "canceled"


_ORDER = list(Stage)

# What the carrier's own end of a call means when no conversation decided it (CallStatus of Twilio's callback).
CARRIER_ENDINGS: dict[str, tuple[Status, EndReason]] = {
    "busy": (Status.NOT_REACHED, EndReason.BUSY),
    "no-answer": (Status.NOT_REACHED, EndReason.NO_ANSWER),
    "failed": (Status.SYSTEM_ERROR, EndReason.CARRIER_ERROR),
    "canceled": (Status.CANCELED, EndReason.CANCELED),
}


def earlier_stages(stage: Stage) -> tuple[Stage, ...]:
    """The stages from which a call may move to `stage`: all before it, for callbacks skip and overtake one another."""
    return tuple(_ORDER[: _ORDER.index(stage)])


def may_move(current: Stage, to: Stage) -> bool:
    return current in earlier_stages(to)
