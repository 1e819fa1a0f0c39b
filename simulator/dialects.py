"""What the two shapes of OpenAI's Realtime API have in common: GA, and the beta that look-alike servers still speak.

Each refuses the other's fields, as the vendor's servers do. Vendor document: the Realtime API reference, and its
guide from beta to GA.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.shapes import (
    Check,
    Problem,
    anything,
    array,
    either,
    flag,
    maybe,
    number,
    one_of,
    record,
    tagged,
    text,
    whole,
)

Json = dict[str, Any]

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")
VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
    "create_response": True,
    "interrupt_response": True,
}
VAD_FIELDS: dict[str, Check] = {
    "type": one_of("server_vad"),
    "threshold": number(0, 1),
    "prefix_padding_ms": whole(0, 5_000),
    "silence_duration_ms": whole(0, 10_000),
    "create_response": flag,
    "interrupt_response": flag,
}
SEMANTIC_VAD = record(
    ("type",),
    {
        "type": one_of("semantic_vad"),
        "eagerness": one_of("low", "medium", "high", "auto"),
        "create_response": flag,
        "interrupt_response": flag,
    },
)
TOOL = record(
    ("type", "name"),
    {"type": one_of("function"), "name": text, "description": text, "parameters": anything},
)
TOOL_CHOICE = either(
    one_of("none", "auto", "required"), record(("type", "name"), {"type": one_of("function"), "name": text})
)
TOKENS = either(one_of("inf"), whole(1, 4_096))
TRACING = maybe(either(one_of("auto"), record((), {"workflow_name": text, "group_id": text, "metadata": anything})))


def _content(*kinds: str) -> Check:
    return array(record(("type", "text"), {"type": one_of(*kinds), "text": text}))


def _item(spoken: str) -> Check:
    own: dict[str, Check] = {"id": text, "type": text, "object": one_of("realtime.item"), "status": text}
    message = tagged(
        "role",
        {
            role: record(("content",), {**own, "role": text, "content": _content(kind)})
            for role, kind in (("system", "input_text"), ("user", "input_text"), ("assistant", spoken))
        },
    )
    output = record(("call_id", "output"), {**own, "call_id": text, "output": text})
    return tagged("type", {"message": message, "function_call_output": output})


def client_events_of(session: Check, response: Check, spoken: str) -> dict[str, Check]:
    def event(required: tuple[str, ...], **fields: Check) -> Check:
        return record(required, {"type": text, "event_id": text, **fields})

    return {
        "session.update": event(("session",), session=session),
        "input_audio_buffer.append": event(("audio",), audio=text),
        "input_audio_buffer.commit": event(()),
        "input_audio_buffer.clear": event(()),
        "conversation.item.create": event(("item",), item=_item(spoken), previous_item_id=maybe(text)),
        "conversation.item.truncate": event(
            ("item_id", "content_index", "audio_end_ms"),
            item_id=text,
            content_index=one_of(0),
            audio_end_ms=whole(0, 3_600_000),
        ),
        "response.create": event((), response=response),
        "response.cancel": event((), response_id=text),
    }


@dataclass(frozen=True)
class Dialect:
    """One shape: what it accepts (`client_events`), its `session` before any update, and its names for things.

    `input_of` finds the input settings of a session, under common names: format, turn_detection and transcription.
    `item_events` are the names of an item's coming into the conversation: at its beginning and, in GA, at its end.
    """

    name: str
    session: Json
    client_events: dict[str, Check]
    renames: dict[str, str]
    counts_images: bool
    names_done_calls: bool
    item_events: tuple[str, ...]
    modalities: str
    spoken: str
    input_of: Callable[[Json], Json]
    output_format_of: Callable[[Json], Any]
    mu_law: Any

    def problem(self, event: Json) -> Problem | None:
        return tagged("type", self.client_events)(event, "")

    def renamed(self, event: Json) -> Json:
        """A server event, given its GA name, under this dialect's."""
        kind = event["type"]
        for ga, own in self.renames.items():
            kind = kind.replace(ga, own)
        return {**event, "type": kind}

    def is_mu_law(self, session: Json) -> bool:
        """Whether the session's audio is mu-law both ways: the only sound the simulator makes."""
        formats = [self.input_of(session)["format"], self.output_format_of(session)]
        return formats == [self.mu_law, self.mu_law]

    def item_begins(self, item: Json, previous: str | None) -> list[Json]:
        return [{"type": self.item_events[0], "item": item, "previous_item_id": previous}]

    def item_ends(self, item: Json, previous: str | None) -> list[Json]:
        return [{"type": kind, "item": item, "previous_item_id": previous} for kind in self.item_events[1:]]


def merged(session: Json, update: Json) -> Json:
    """The session after an update: only the fields present change. A switched-on detector starts from the defaults."""
    result = copy.copy(session)
    for name, value in update.items():
        before = result.get(name)
        if name == "turn_detection" and isinstance(value, dict):
            same = isinstance(before, dict) and before["type"] == value["type"]
            result[name] = {**(before if same and before else VAD), **value}
        elif isinstance(value, dict) and isinstance(before, dict) and name != "format":
            result[name] = merged(before, value)
        else:
            result[name] = value
    return result
