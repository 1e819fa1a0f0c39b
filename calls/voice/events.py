"""What can happen in a call, whoever it came from. One dataclass for each thing the session understands.

Times named `at_ms` are milliseconds of caller audio since the stream began (Twilio's media timestamp, and, because
every frame is appended, the voice model's audio_start_ms as well).
"""

from dataclasses import dataclass, field

# -- from the phone line (Twilio Media Streams) ------------------------------------------------------------------


@dataclass(slots=True)
class StreamStarted:
    """`start`: the line's audio begins. `parameters` are the TwiML's <Parameter>s."""

    stream_sid: str
    call_sid: str
    parameters: dict[str, str]


@dataclass(slots=True)
class CallerAudio:
    """`media`: base64 mu-law at 8 kHz, usually 160 bytes (20 ms); never decoded on the media path."""

    payload: bytes
    at_ms: int


@dataclass(slots=True)
class MarkReached:
    """`mark`: all audio sent before the mark was played, or flushed by a clear."""

    name: str


@dataclass(slots=True)
class DigitPressed:
    digit: str


@dataclass(slots=True)
class StreamStopped:
    """`stop`: the person hung up, or Twilio ended the call."""


@dataclass(slots=True)
class MachineDetected:
    """The carrier's own word on who picked up: human, machine_start, machine_end_beep, fax, unknown and the like."""

    answered_by: str


@dataclass(slots=True)
class LineLost:
    """The line's socket closed without a `stop`."""

    code: int
    reason: str = ""


# -- from the voice model (OpenAI Realtime) ----------------------------------------------------------------------


@dataclass(slots=True)
class SessionCreated:
    session_id: str


@dataclass(slots=True)
class SessionUpdated:
    """Our settings are in force; only now may a response be asked for."""


@dataclass(slots=True)
class ResponseStarted:
    response_id: str
    purpose: str = ""


@dataclass(slots=True)
class AgentAudio:
    """A piece of the agent's voice: base64 mu-law at 8 kHz, of any length."""

    response_id: str
    item_id: str
    payload: bytes


@dataclass(slots=True)
class AgentTranscript:
    """The whole text of one spoken item of the agent."""

    response_id: str
    item_id: str
    text: str


@dataclass(slots=True)
class CallerTranscript:
    """What the transcription model made of the caller's turn. A rough guide; comes late and in any order."""

    item_id: str
    text: str
    usage: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class CallerStartedSpeaking:
    item_id: str
    at_ms: int


@dataclass(slots=True)
class CallerStoppedSpeaking:
    item_id: str
    at_ms: int


@dataclass(slots=True)
class ToolCalled:
    """A completed function call. `arguments` is the model's JSON text, not to be trusted."""

    response_id: str
    call_id: str
    name: str
    arguments: str


@dataclass(slots=True)
class ResponseEnded:
    """`response.done`. `status` is completed, cancelled, failed or incomplete; `usage` maps a kind of token to a count:
    text_in, text_cached, text_out, audio_in, audio_cached, audio_out (cached is part of in)."""

    response_id: str
    status: str
    purpose: str = ""
    error_code: str = ""
    error_message: str = ""
    tool_calls: tuple[ToolCalled, ...] = ()
    usage: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class ModelError:
    """`error`: most are recoverable and leave the session open."""

    code: str
    message: str
    event_id: str = ""


@dataclass(slots=True)
class ModelRefused:
    """The model's endpoint answered the handshake with an HTTP error. `code` is the vendor's, where it gave one."""

    status: int
    code: str
    message: str


@dataclass(slots=True)
class ModelLost:
    """The model's socket closed, or could not be opened."""

    code: int
    reason: str = ""


# -- from either socket ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Malformed:
    """A message that is not what the vendor documents. `reason` names what was wrong and never quotes the content."""

    source: str
    reason: str


# -- from the lender's endpoint ----------------------------------------------------------------------------------


@dataclass(slots=True)
class ToolAnswered:
    """What a tool of the lender's own has answered, for the model to read."""

    call_id: str
    output: str


LineEvent = (
    StreamStarted | CallerAudio | MarkReached | DigitPressed | StreamStopped | LineLost | MachineDetected | Malformed
)
ModelEvent = (
    SessionCreated
    | SessionUpdated
    | ResponseStarted
    | AgentAudio
    | AgentTranscript
    | CallerTranscript
    | CallerStartedSpeaking
    | CallerStoppedSpeaking
    | ToolCalled
    | ResponseEnded
    | ModelError
    | ModelRefused
    | ModelLost
    | Malformed
)
Event = LineEvent | ModelEvent | ToolAnswered
