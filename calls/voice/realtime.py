"""OpenAI's Realtime messages, to and from the session's events and actions, in two dialects. Pure.

The vendor's pages: https://platform.openai.com/docs/api-reference/realtime-client-events and -server-events. OpenAI
speaks GA; its beta (header `OpenAI-Beta: realtime=v1`) was shut down on 2026-05-12, and look-alike servers live on it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from calls.voice.actions import (
    AddHistory,
    AddSystemMessage,
    AnswerTool,
    AppendAudio,
    AskReflection,
    CancelResponse,
    ConfigureSession,
    CreateResponse,
    ModelAction,
    TruncateItem,
)
from calls.voice.events import AgentAudio, Malformed, ModelEvent, ModelRefused
from calls.voice.realtime_events import DECODERS, agent_audio, agent_transcript, fault
from calls.voice.tools import CALL_REFLECTION_DATA
from calls.voice.wire import WrongShape, parse, table, text

Wire = dict[str, Any]

_MAX_OUTPUT_TOKENS = 1024
_PCMU = {"type": "audio/pcmu"}  # mu-law at 8 kHz, Twilio's own: nothing is resampled anywhere
_BETA_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")


@dataclass(frozen=True)
class Dialect:
    """One way of writing the Realtime API's messages. GA and BETA are all there are."""

    decoders: dict[str, Callable[[Wire], ModelEvent | None]]
    audio_head: re.Pattern[bytes]
    session: Callable[[ConfigureSession], Wire]
    reflection: Wire
    extra_headers: dict[str, str]
    spoken: str
    """How the content of an assistant's message is typed."""

    def decode(self, message: bytes) -> ModelEvent | None:
        """What the model says; None for what a session need not know. Never raises: a wrong shape is a Malformed."""
        try:
            return self._audio(message) or self._other(parse(message))
        except WrongShape as wrong:
            return Malformed("model", str(wrong))

    def _audio(self, message: bytes) -> AgentAudio | None:
        """The agent's audio without json.loads, when the message is exactly as OpenAI writes it; None when in doubt."""
        head = self.audio_head.match(message)
        if not head or not message.isascii() or not message.endswith(b'"}'):
            return None
        payload = message[head.end() : -2]
        return None if b'"' in payload or b"\\" in payload else AgentAudio(head[1].decode(), head[2].decode(), payload)

    def _other(self, message: Wire) -> ModelEvent | None:
        decoder = self.decoders.get(text(message, "type"))
        return decoder(message) if decoder else None

    def encode(self, action: ModelAction) -> bytes:
        """The message for an action. CloseModel has none (TypeError): it closes the socket."""
        if isinstance(action, AppendAudio):
            return append(action.payload)
        return json.dumps(self._event(action)).encode()

    def _event(self, action: ModelAction) -> Wire:
        match action:
            case ConfigureSession():
                return {"type": "session.update", "session": self.session(action)}
            case CreateResponse(instructions=""):
                return {"type": "response.create"}
            case CreateResponse(instructions=instructions):
                return {"type": "response.create", "response": {"instructions": instructions}}
            case AskReflection(note=note):
                return {"type": "response.create", "response": {**self.reflection, "instructions": _ask(note)}}
            case CancelResponse(response_id=response_id):
                return {"type": "response.cancel", "response_id": response_id}
            case TruncateItem(item_id=item_id, audio_end_ms=ms):
                place = {"item_id": item_id, "content_index": 0, "audio_end_ms": ms}
                return {"type": "conversation.item.truncate", **place}
            case AnswerTool(call_id=call_id, output=output):
                return _item({"type": "function_call_output", "call_id": call_id, "output": output})
            case AddSystemMessage(text=said):
                content = [{"type": "input_text", "text": said}]
                return _item({"type": "message", "role": "system", "content": content})
            case AddHistory(speaker="agent", text=said):
                return _item({"type": "message", "role": "assistant", "content": [{"type": self.spoken, "text": said}]})
            case AddHistory(text=said):
                return _item({"type": "message", "role": "user", "content": [{"type": "input_text", "text": said}]})
        raise TypeError(f"{type(action).__name__} is not a message")

    def url(self, base: str, model: str) -> str:
        return base + ("&" if "?" in base else "?") + urlencode({"model": model})

    def headers(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}", **self.extra_headers}

    def refusal(self, status: int, body: bytes) -> ModelRefused:
        """What an HTTP error of the handshake says: `{"error": {...}}`, or (a proxy's page) only its status."""
        try:
            code, message = fault(table(parse(body), "error"))
        except WrongShape:
            code, message = "", ""
        return ModelRefused(status, code, message)


def append(payload: bytes) -> bytes:
    """`input_audio_buffer.append`, alike in both dialects, of base64 that a codec has checked to need no escaping."""
    return b'{"type":"input_audio_buffer.append","audio":"' + payload + b'"}'


def _item(item: Wire) -> Wire:
    return {"type": "conversation.item.create", "item": item}


def _ask(note: str) -> str:
    return f"{note} Judge it from the conversation alone, and answer by calling call_reflection_data."


def _audio_head(kind: str) -> re.Pattern[bytes]:
    """An audio delta up to its payload, as OpenAI writes it; `type` and `event_id` are seen in either order."""
    kind, event_id = f'"type": ?"{re.escape(kind)}"', r'"event_id": ?"[\w-]+"'
    pattern = (
        rf"\{{(?:{kind}, ?{event_id}|{event_id}, ?{kind}), "
        r'?"response_id": ?"([\w-]+)", ?"item_id": ?"([\w-]+)", ?"output_index": ?\d+, ?"content_index": ?\d+, '
        r'?"delta": ?"(?=[^"])'
    )
    return re.compile(pattern.encode())


def _ga_session(action: ConfigureSession) -> Wire:
    turns = {
        "type": "server_vad",
        "threshold": 0.6,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,  # always set: the documented default and the observed one differ
        "create_response": True,
        "interrupt_response": True,
    }
    hearing = {
        "format": _PCMU,
        "noise_reduction": {"type": "near_field"},
        "transcription": {"model": action.transcription_model, "language": action.language},
        "turn_detection": turns,
    }
    return {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": action.instructions,
        "audio": {"input": hearing, "output": {"format": _PCMU, "voice": action.voice}},
        "tools": list(action.tools),
        "tool_choice": "auto",
        "max_output_tokens": _MAX_OUTPUT_TOKENS,
        "truncation": "auto",
    }


def _beta_session(action: ConfigureSession) -> Wire:
    return {
        "modalities": ["audio", "text"],
        "instructions": action.instructions,
        "voice": action.voice if action.voice in _BETA_VOICES else "shimmer",
        "input_audio_format": "g711_ulaw",
        "output_audio_format": "g711_ulaw",
        "input_audio_transcription": {"model": "whisper-1", "language": action.language},
        "turn_detection": {
            "type": "server_vad",
            "threshold": 0.95,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 500,
            "create_response": True,
            "interrupt_response": True,
        },
        "tools": list(action.tools),
        "tool_choice": "auto",
        "temperature": 0.6,
        "max_response_output_tokens": _MAX_OUTPUT_TOKENS,
    }


# Out of band: it neither waits for the conversation's own response nor adds to it, and metadata tells it apart.
_REFLECTION: Wire = {
    "conversation": "none",
    "metadata": {"purpose": "reflection"},
    "tools": [CALL_REFLECTION_DATA],
}

GA = Dialect(
    decoders={
        **DECODERS,
        "response.output_audio.delta": agent_audio,
        "response.output_audio_transcript.done": agent_transcript,
    },
    audio_head=_audio_head("response.output_audio.delta"),
    session=_ga_session,
    reflection={
        **_REFLECTION,
        "output_modalities": ["text"],
        "tool_choice": {"type": "function", "name": CALL_REFLECTION_DATA["name"]},
    },
    extra_headers={},
    spoken="output_text",
)

BETA = Dialect(
    decoders={
        **DECODERS,
        "response.audio.delta": agent_audio,
        "response.audio_transcript.done": agent_transcript,
    },
    audio_head=_audio_head("response.audio.delta"),
    session=_beta_session,
    # The beta's tool_choice is a word; with one tool, `required` names it.
    reflection={**_REFLECTION, "modalities": ["text"], "tool_choice": "required"},
    extra_headers={"OpenAI-Beta": "realtime=v1"},
    spoken="text",
)

DIALECTS = {"ga": GA, "beta": BETA}
