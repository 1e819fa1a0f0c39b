"""The items of one session's conversation, and how they look on the wire. Also what they cost in tokens."""

import itertools
from dataclasses import dataclass, field

from simulator.brain import Item
from simulator.dialects import Dialect, Json

USER_MS_PER_TOKEN = 100
AGENT_MS_PER_TOKEN = 50
CACHE_STEP = 64
INAUDIBLE = "(inaudible)"


@dataclass
class Conversation:
    """The default conversation. Ids are counted, so that a session can be told again exactly."""

    dialect: Dialect
    session_id: str
    items: list[Item] = field(default_factory=list)
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def id(self) -> str:
        return f"conv_{self.session_id}"

    @property
    def last_id(self) -> str | None:
        return self.items[-1].id if self.items else None

    def new_id(self, kind: str) -> str:
        return f"{kind}_{self.session_id}_{next(self._count)}"

    def find(self, item_id: str, kind: str) -> Item | None:
        return next((item for item in self.items if item.id == item_id and item.kind == kind), None)

    def begin(self, item: Item) -> list[Json]:
        """Add an item. Returns the events that tell its beginning."""
        previous = self.last_id
        self.items.append(item)
        return self.dialect.item_begins(self.wire(item), previous)

    def finish(self, item: Item) -> list[Json]:
        """Returns the events that tell an item is complete, or will not be."""
        place = self.items.index(item)
        previous = self.items[place - 1].id if place else None
        return self.dialect.item_ends(self.wire(item), previous)

    def wire(self, item: Item) -> Json:
        own: Json = {"id": item.id, "object": "realtime.item", "status": item.status}
        if item.kind == "call":
            called = {"name": item.name, "call_id": item.call_id, "arguments": item.text or ""}
            return {**own, "type": "function_call", **called}
        if item.kind == "output":
            return {"id": own["id"], "object": own["object"], "type": "function_call_output"} | {
                "call_id": item.call_id,
                "output": item.text,
            }
        return {**own, "type": "message", "role": _ROLES[item.kind], "content": self._content(item)}

    def _content(self, item: Item) -> list[Json]:
        if item.kind == "agent":
            done = item.status != "in_progress"
            return [{"type": self.dialect.spoken, "transcript": item.text}] if done else []
        if item.kind == "user" and item.audio_ms:
            return [{"type": "input_audio", "transcript": None}]
        return [{"type": "input_text", "text": item.text}]


def transcribed(item: Item) -> Json:
    """The late event with the words of a user's item, as the transcription model made them out."""
    transcript = INAUDIBLE if item.text is None else item.text
    words, sound = text_tokens(transcript), -(-item.audio_ms // USER_MS_PER_TOKEN)
    usage = {
        "type": "tokens",
        "total_tokens": words + sound,
        "input_tokens": sound,
        "output_tokens": words,
        "input_token_details": {"audio_tokens": sound, "text_tokens": 0},
    }
    kind = "conversation.item.input_audio_transcription.completed"
    return {"type": kind, "item_id": item.id, "content_index": 0, "transcript": transcript, "usage": usage}


_ROLES = {"system": "system", "user": "user", "agent": "assistant"}


@dataclass
class Meter:
    """Counts tokens as OpenAI's guide to realtime costs does: the whole conversation is paid again by each response."""

    dialect: Dialect
    _seen_text: int = 0
    _seen_audio: int = 0

    def usage(self, prompt: str, heard: list[Item], output: list[Item]) -> Json:
        """The usage of a response to `heard` that gave `output`; what the last one was given is cached by now."""
        text, audio = text_tokens(prompt) + _words(heard), _sound(heard)
        cached_text, cached_audio = (_cached(now, before) for now, before in self._seen(text, audio))
        said, sounded = _words(output), _sound(output)
        details: Json = {"text_tokens": text, "audio_tokens": audio, "cached_tokens": cached_text + cached_audio}
        if self.dialect.counts_images:
            cached = {"text_tokens": cached_text, "audio_tokens": cached_audio, "image_tokens": 0}
            details |= {"image_tokens": 0, "cached_tokens_details": cached}
        return {
            "total_tokens": text + audio + said + sounded,
            "input_tokens": text + audio,
            "output_tokens": said + sounded,
            "input_token_details": details,
            "output_token_details": {"text_tokens": said, "audio_tokens": sounded},
        }

    def _seen(self, text: int, audio: int) -> list[tuple[int, int]]:
        pairs = [(text, self._seen_text), (audio, self._seen_audio)]
        self._seen_text, self._seen_audio = text, audio
        return pairs


def text_tokens(text: str) -> int:
    return -(-len(text) // 4)


def _words(items: list[Item]) -> int:
    return sum(text_tokens(item.text or "") for item in items if not (item.kind == "user" and item.audio_ms))


def _sound(items: list[Item]) -> int:
    rates = {"user": USER_MS_PER_TOKEN, "agent": AGENT_MS_PER_TOKEN}
    return sum(-(-item.audio_ms // rates[item.kind]) for item in items if item.kind in rates)


def _cached(now: int, before: int) -> int:
    return min(now, before) // CACHE_STEP * CACHE_STEP
