"""The server events of OpenAI's Realtime API that a session needs, and which both dialects share. Pure.

A decoder takes the parsed message and raises WrongShape where a field that matters is missing or of another kind.
"""

import re
from collections.abc import Callable
from typing import Any

from calls.voice.events import (
    AgentAudio,
    AgentTranscript,
    CallerStartedSpeaking,
    CallerStoppedSpeaking,
    CallerTranscript,
    ModelError,
    ModelEvent,
    ResponseEnded,
    ResponseStarted,
    SessionCreated,
    SessionUpdated,
    ToolCalled,
)
from calls.voice.wire import (
    WrongShape,
    number,
    number_or_zero,
    table,
    table_or_empty,
    tables,
    text,
    text_or_empty,
)

Wire = dict[str, Any]

_PAYLOAD = re.compile(r"[A-Za-z0-9+/=]+")
_KEY = re.compile(r"\b(sk|ek)-\S+")
_LONGEST_MESSAGE = 500


def agent_audio(message: Wire) -> AgentAudio | None:
    response_id, item_id, payload = (text(message, key) for key in ("response_id", "item_id", "delta"))
    if not payload:
        return None
    # It is put into our own message as it came, so it may hold nothing that JSON would escape.
    if not _PAYLOAD.fullmatch(payload):
        raise WrongShape("delta is not base64")
    return AgentAudio(response_id, item_id, payload.encode())


def agent_transcript(message: Wire) -> AgentTranscript:
    return AgentTranscript(text(message, "response_id"), text(message, "item_id"), text(message, "transcript"))


def fault(error: Wire) -> tuple[str, str]:
    """(code, message) of an error object. Early servers leave the code out; the type says the next best thing.

    OpenAI quotes a part of the key in its message about a wrong one; it goes no further than here.
    """
    code = text_or_empty(error, "code") or text_or_empty(error, "type")
    return code, _KEY.sub(r"\1-…", text_or_empty(error, "message"))[:_LONGEST_MESSAGE]


def _session_created(message: Wire) -> SessionCreated:
    return SessionCreated(text_or_empty(table(message, "session"), "id"))


def _session_updated(message: Wire) -> SessionUpdated:
    return SessionUpdated()


def _response_started(message: Wire) -> ResponseStarted:
    response = table(message, "response")
    return ResponseStarted(text(response, "id"), _purpose(response))


def _caller_transcript(message: Wire) -> CallerTranscript:
    usage = _transcription_usage(table_or_empty(message, "usage"))
    return CallerTranscript(text(message, "item_id"), text(message, "transcript"), usage)


def _speech_started(message: Wire) -> CallerStartedSpeaking:
    return CallerStartedSpeaking(text(message, "item_id"), number(message, "audio_start_ms"))


def _speech_stopped(message: Wire) -> CallerStoppedSpeaking:
    return CallerStoppedSpeaking(text(message, "item_id"), number(message, "audio_end_ms"))


def _item_done(message: Wire) -> ToolCalled | None:
    item = table(message, "item")
    return _tool_called(text(message, "response_id"), item) if _is_tool_call(item) else None


def _response_ended(message: Wire) -> ResponseEnded:
    response = table(message, "response")
    response_id = text(response, "id")
    code, said = fault(table_or_empty(table_or_empty(response, "status_details"), "error"))
    calls = (item for item in tables(response, "output") if _is_tool_call(item))
    return ResponseEnded(
        response_id=response_id,
        status=text(response, "status"),
        purpose=_purpose(response),
        error_code=code,
        error_message=said,
        tool_calls=tuple(_tool_called(response_id, item) for item in calls),
        usage=_usage(table_or_empty(response, "usage")),
    )


def _error(message: Wire) -> ModelError:
    error = table(message, "error")
    code, said = fault(error)
    return ModelError(code, said, text_or_empty(error, "event_id"))


def _purpose(response: Wire) -> str:
    return text_or_empty(table_or_empty(response, "metadata"), "purpose")


def _is_tool_call(item: Wire) -> bool:
    """A cancelled or incomplete item may hold half of its arguments; look-alike servers give no status at all."""
    return item.get("type") == "function_call" and item.get("status") in ("completed", None)


def _tool_called(response_id: str, item: Wire) -> ToolCalled:
    return ToolCalled(response_id, text(item, "call_id"), text(item, "name"), text(item, "arguments"))


def _usage(usage: Wire) -> dict[str, int]:
    """OpenAI's nested counts, flat; empty where there are none. Cached tokens are part of the tokens in."""
    if not usage:
        return {}
    given, made = _details(usage, "input"), _details(usage, "output")
    text_in, audio_in = _split(given, number_or_zero(usage, "input_tokens"))
    text_out, audio_out = _split(made, number_or_zero(usage, "output_tokens"))
    cached = table_or_empty(given, "cached_tokens_details")
    # The beta gives one figure: instructions and tools come first in a prompt, so its text is cached before its audio.
    text_cached = min(number_or_zero(given, "cached_tokens"), text_in)
    audio_cached = min(number_or_zero(given, "cached_tokens") - text_cached, audio_in)
    return {
        "text_in": text_in,
        "text_cached": number_or_zero(cached, "text_tokens") if cached else text_cached,
        "text_out": text_out,
        "audio_in": audio_in,
        "audio_cached": number_or_zero(cached, "audio_tokens") if cached else audio_cached,
        "audio_out": audio_out,
    }


def _details(usage: Wire, side: str) -> Wire:
    # GA and the beta's wire say `input_token_details`; some look-alikes say `input_tokens_details`.
    return table_or_empty(usage, f"{side}_token_details") or table_or_empty(usage, f"{side}_tokens_details")


def _split(details: Wire, total: int) -> tuple[int, int]:
    """(text, audio) tokens; what a server does not break down is taken for text."""
    audio = number_or_zero(details, "audio_tokens")
    written = number_or_zero(details, "text_tokens") if "text_tokens" in details else max(total - audio, 0)
    return written, audio


def _transcription_usage(usage: Wire) -> dict[str, int]:
    """`in` and `out` in tokens, or `ms`: billed at the transcription model's own price, by one or the other."""
    if usage.get("type") == "tokens":
        return {"in": number_or_zero(usage, "input_tokens"), "out": number_or_zero(usage, "output_tokens")}
    seconds = usage.get("seconds")
    if isinstance(seconds, int | float) and 0 <= seconds < 1_000_000:
        return {"ms": round(seconds * 1000)}
    return {}


DECODERS: dict[str, Callable[[Wire], ModelEvent | None]] = {
    "session.created": _session_created,
    "session.updated": _session_updated,
    "response.created": _response_started,
    "conversation.item.input_audio_transcription.completed": _caller_transcript,
    "input_audio_buffer.speech_started": _speech_started,
    "input_audio_buffer.speech_stopped": _speech_stopped,
    "response.output_item.done": _item_done,
    "response.done": _response_ended,
    "error": _error,
}
