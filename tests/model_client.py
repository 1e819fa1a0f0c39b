"""A client of the simulated voice model under a hand-moved clock: it plays the program's part, wire only.

Every event that the model sends is checked against the `openai` package's types as it arrives.
"""

import base64
import json
from typing import Annotated, Any, get_args

from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, Field, TypeAdapter

from simulator.faults import ModelFaults
from simulator.speech import FRAME_BYTES, LINE_SILENCE, PhraseBook
from simulator.voice_model import VoiceModel

Json = dict[str, Any]

GREETING = "Hello, this is an automated call. Am I speaking with Ada Lovelace?"
Q1 = "What is your date of birth?"
Q2 = "Which of these streets have you lived on?"
Q2_SPOKEN = f"{Q2} Oak Lane, Elm Road, or Mill Street?"
CLOSING = "Thank you. That is all I needed today. Goodbye."
INSTRUCTIONS = f"""\
# Opening
The first thing you say is: "{GREETING}" If you are interrupted before it is finished, say it again from the start.

# Person
You are calling: Ada Lovelace

# Questions
- q1: "{Q1}"
- q2: "{Q2}" (options: "Oak Lane"; "Elm Road"; "Mill Street")

# Closing
Say: "{CLOSING}"
"""
TOOLS = [
    {"type": "function", "name": name, "description": "", "parameters": {"type": "object"}}
    for name in ("record_answer", "decline", "call_reflection_data", "hang_up_call")
]
VAD = {"type": "server_vad", "silence_duration_ms": 500, "create_response": True, "interrupt_response": True}
GA_SESSION: Json = {
    "type": "realtime",
    "output_modalities": ["audio"],
    "instructions": INSTRUCTIONS,
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-transcribe"},
            "turn_detection": VAD,
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"},
    },
    "tools": TOOLS,
}
BETA_SESSION: Json = {
    "modalities": ["audio", "text"],
    "instructions": INSTRUCTIONS,
    "voice": "shimmer",
    "input_audio_format": "g711_ulaw",
    "output_audio_format": "g711_ulaw",
    "input_audio_transcription": {"model": "whisper-1"},
    "turn_detection": VAD,
    "tools": TOOLS,
    "temperature": 0.6,
}
MODELS = {"ga": "gpt-realtime-2.1", "beta": "gpt-4o-realtime-preview"}
SESSIONS = {"ga": GA_SESSION, "beta": BETA_SESSION}


def _adapter(union: Any) -> TypeAdapter[Any]:
    discriminated: Any = Annotated[get_args(union)[0], Field(discriminator="type")]
    return TypeAdapter(discriminated)


_SERVER_EVENTS = {"ga": _adapter(RealtimeServerEvent), "beta": _adapter(BetaServerEvent)}
# What the vendor sends in a session beyond the package's types.
_EXTRAS = {"session.object", "session.id", "session.expires_at"}


def assert_is_the_vendors(event: Json, dialect: str) -> None:
    """Fails on a wrong shape, and on a field that the vendor's types do not have."""
    found = _SERVER_EVENTS[dialect].validate_json(json.dumps(event), strict=True)
    unknown = set(_unknown(found)) - _EXTRAS
    assert not unknown, (event["type"], unknown)


def _unknown(value: Any, path: str = "") -> list[str]:
    if isinstance(value, list):
        return [name for one in value for name in _unknown(one, path)]
    if not isinstance(value, BaseModel):
        return []
    extra = [f"{path}{name}" for name in value.model_extra or {}]
    fields = ((name, getattr(value, name)) for name in type(value).model_fields)
    return extra + [found for name, field in fields for found in _unknown(field, f"{path}{name}.")]


class Client:
    """`now` is in ms. `events` holds all that came; `raw` also what was no JSON."""

    def __init__(self, dialect: str = "ga", faults: ModelFaults | None = None) -> None:
        self.book = PhraseBook()
        self.dialect = dialect
        self.now = 1_000.0
        self.events: list[Json] = []
        self.broken: list[str] = []
        self.model = VoiceModel(MODELS[dialect], dialect, self.book, {"Ada Lovelace": faults}.get)
        self._take(self.model.open(self.now))

    def configured(self, **session: Any) -> "Client":
        self.send("session.update", session={**SESSIONS[self.dialect], **session})
        self.run(20)
        return self

    def greeted(self) -> "Client":
        """Configured, and the greeting delivered."""
        self.configured()
        self.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
        self.run(3_000)
        return self

    def send(self, kind: str, **fields: Any) -> list[Json]:
        """Returns what it was answered at once."""
        return self.send_text(json.dumps({"type": kind, **fields}))

    def send_text(self, text: str) -> list[Json]:
        return self._take(self.model.receive(text, self.now))

    def run(self, ms: int) -> list[Json]:
        """Time passes on a silent line. Returns what came."""
        return self.hear(LINE_SILENCE * (ms * 8))

    def say(self, text: str, pause_ms: int = 3_000) -> list[Json]:
        """The caller speaks, and waits. Returns what came."""
        return self.hear(self.book.say(text, "caller")) + self.run(pause_ms)

    def hear(self, audio: bytes) -> list[Json]:
        """Append the audio as a phone line brings it: a frame every 20 ms."""
        before = len(self.events)
        for i in range(0, len(audio), FRAME_BYTES):
            self.append(audio[i : i + FRAME_BYTES])
            self.now += 20
            self._take(self.model.tick(self.now))
        return self.events[before:]

    def append(self, audio: bytes) -> list[Json]:
        return self.send("input_audio_buffer.append", audio=base64.b64encode(audio).decode())

    def answer(self, call: Json, output: str) -> list[Json]:
        """Answer a function call and ask for the next response. Returns what came."""
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
        before = len(self.events)
        self.send("conversation.item.create", item=item)
        self.send("response.create")
        self.run(3_000)
        return self.events[before:]

    def _take(self, texts: list[str]) -> list[Json]:
        events = []
        for text in texts:
            try:
                events.append(json.loads(text))
            except ValueError:
                self.broken.append(text)
                continue
            if events[-1]["type"] != "response.sparkle.delta":
                assert_is_the_vendors(events[-1], self.dialect)
        self.events += events
        return events


def kinds(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


def of(kind: str, events: list[Json]) -> list[Json]:
    return [event for event in events if event["type"] == kind]


def first(kind: str, events: list[Json]) -> Json:
    return of(kind, events)[0]


def output(events: list[Json]) -> list[Json]:
    """The items of the responses that ended."""
    return [item for event in of("response.done", events) for item in event["response"]["output"]]


def said(events: list[Json]) -> list[str]:
    """The texts spoken, as the items of the responses that ended have them."""
    return [item["content"][0]["transcript"] for item in output(events) if item["type"] == "message"]


def called(events: list[Json]) -> list[tuple[str, Json]]:
    """The tools called, with their arguments."""
    return [(item["name"], json.loads(item["arguments"])) for item in output(events) if item["type"] == "function_call"]


def calls(events: list[Json]) -> list[Json]:
    return [item for item in output(events) if item["type"] == "function_call"]


def heard_from(events: list[Json]) -> bytes:
    """The agent's audio."""
    deltas = [event["delta"] for event in events if event["type"].endswith("audio.delta")]
    return b"".join(base64.b64decode(delta) for delta in deltas)


def errors(events: list[Json]) -> list[str]:
    return [event["error"]["code"] for event in of("error", events)]
