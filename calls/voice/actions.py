"""What the session asks its shell to do. The shell performs them in order and decides nothing."""

from dataclasses import dataclass, field
from typing import Any

from calls.lifecycle import EndReason, Status

# -- to the phone line -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class PlayAudio:
    """Queue base64 mu-law (8 kHz) on the line. Twilio buffers it and plays it in order."""

    payload: bytes


@dataclass(slots=True)
class SendMark:
    name: str


@dataclass(slots=True)
class ClearLine:
    """Throw away what the line has buffered: the person is speaking."""


@dataclass(slots=True)
class HangUp:
    """Close the line's socket: `<Connect>` ends, and the TwiML's `<Hangup/>` ends the call."""


# -- to the voice model ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ConfigureSession:
    """`session.update`, once, with all the settings of this call."""

    instructions: str
    tools: tuple[dict[str, Any], ...]
    voice: str
    language: str
    transcription_model: str


@dataclass(slots=True)
class AppendAudio:
    payload: bytes


@dataclass(slots=True)
class CreateResponse:
    """Ask for the next turn. `instructions`, if given, replace the session's for this one response."""

    instructions: str = ""


@dataclass(slots=True)
class AskReflection:
    """Ask for `call_reflection_data` outside the conversation. `note` says how the call ended."""

    note: str


@dataclass(slots=True)
class CancelResponse:
    response_id: str


@dataclass(slots=True)
class TruncateItem:
    """Tell the model how much of its item was heard, in ms of that item's audio."""

    item_id: str
    audio_end_ms: int


@dataclass(slots=True)
class AnswerTool:
    call_id: str
    output: str


@dataclass(slots=True)
class AddSystemMessage:
    """An instruction from us, as a `system` item, so that no caller can pass for us."""

    text: str


@dataclass(slots=True)
class AddHistory:
    """What was said before, for a model that has forgotten it. `speaker` is agent or caller."""

    speaker: str
    text: str


@dataclass(slots=True)
class RunTool:
    """Have the lender's endpoint run a tool of its own; `arguments` is the model's JSON. Brings a ToolAnswered."""

    call_id: str
    name: str
    arguments: str


@dataclass(slots=True)
class OpenModel:
    """Open the model's socket anew: it was lost, and the call is worth saving."""


@dataclass(slots=True)
class CloseModel:
    """Close the model's socket."""


# -- to the records ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class KeepTurn:
    """One line of the transcript, with its place in the call in ms. `interrupted`: cut off by the person."""

    item_id: str
    speaker: str
    text: str
    start_ms: int
    end_ms: int
    interrupted: bool = False


@dataclass(slots=True)
class KeepEvent:
    """One line of the call's history. `detail` holds no fact of the person."""

    kind: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class KeepAnswer:
    """Evidence for one question. `verdict` is match, mismatch, refused or unclear; times are ms of the call."""

    question_id: str
    key: str
    asked: str
    heard: str
    value: str
    verdict: str
    method: str
    score: float
    start_ms: int
    end_ms: int


@dataclass(slots=True)
class KeepSound:
    """What the person heard of the agent: base64 mu-law, of which the first `ms` were played, from `at_ms` on."""

    at_ms: int
    ms: int
    payload: bytes


@dataclass(slots=True)
class Conclude:
    """The conversation is over: how it ended, for the server to decide the status from. Sent exactly once."""

    end_reason: EndReason
    status: Status
    needs_review: bool
    review_reason: str
    reflection: str
    vendor_code: str
    vendor_text: str
    usage: dict[str, int]


LineAction = PlayAudio | SendMark | ClearLine | HangUp
ModelAction = (
    ConfigureSession
    | AppendAudio
    | CreateResponse
    | AskReflection
    | CancelResponse
    | TruncateItem
    | AnswerTool
    | AddSystemMessage
    | AddHistory
    | OpenModel
    | CloseModel
)
RecordAction = KeepTurn | KeepEvent | KeepAnswer | KeepSound | Conclude
Action = LineAction | ModelAction | RecordAction | RunTool
