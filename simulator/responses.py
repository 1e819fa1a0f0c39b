"""One response of the voice model, told event by event at the vendor's pace."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.brain import Intent, Item, Say, Use
from simulator.conversation import Conversation
from simulator.dialects import Json
from simulator.speech import BYTES_PER_MS, PhraseBook

THINKING_MS = 150
# Measured in the field: deltas of 400 ms, delivered at about five times the speed of speech.
PIECE_BYTES = 3_200
PIECE_MS = 80
LATE_PIECES = 2

# Either ms to wait, or events to send now.
Step = int | list[Json]


@dataclass(frozen=True, slots=True)
class Request:
    """What a response is asked for: its own instructions (`order`), and the tool it must use, if any."""

    order: str = ""
    tool: str = ""
    is_out_of_band: bool = False
    is_text: bool = False
    metadata: dict[str, str] | None = None


@dataclass
class Response:
    """`steps` tells it. `output` holds its finished items."""

    id: str
    request: Request
    intents: list[Intent]
    conversation: Conversation
    book: PhraseBook
    failing_code: str = ""
    output: list[Item] = field(default_factory=list)
    utterances: int = 0
    is_over: bool = False
    _open: Item | None = None
    _left: list[tuple[bytes, str]] = field(default_factory=list)

    def steps(self) -> Iterator[Step]:
        """What to do, in order, up to but not including response.done."""
        yield [{"type": "response.created", "response": self.wire("in_progress")}, _RATE_LIMITS]
        yield THINKING_MS
        for intent in [] if self.failing_code else self.intents:
            if isinstance(intent, Use):
                yield PIECE_MS
                yield self._call(intent)
            elif not self.request.is_text:
                yield from self._speak(intent)

    def cut(self) -> list[Json]:
        """End it early: the deltas already in flight, and the end of the item being spoken."""
        self.is_over = True
        if not self._open:
            return []
        late = [event for _ in range(min(LATE_PIECES, len(self._left))) for event in self._piece(self._open)]
        return late + self._finish_speech(self._open, "incomplete")

    @property
    def audio_ms(self) -> int:
        return sum(item.audio_ms for item in self.output)

    def wire(self, status: str, *, details: Json | None = None, usage: Json | None = None) -> Json:
        sound = ["text"] if self.request.is_text else ["audio"]
        if not self.request.is_text and self.conversation.dialect.modalities == "modalities":
            sound = ["audio", "text"]
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [self.conversation.wire(item) for item in self.output],
            "conversation_id": None if self.request.is_out_of_band else self.conversation.id,
            self.conversation.dialect.modalities: sound,
            "max_output_tokens": "inf",
            "metadata": self.request.metadata,
            "usage": usage,
        }

    # -- speech ------------------------------------------------------------------------------------------------

    def _speak(self, say: Say) -> Iterator[Step]:
        self._left = _pieces(self.book.say(say.text, "agent"), say.text)
        item = Item(self.conversation.new_id("item"), "agent", "", asked=say.asked, status="in_progress")
        self._open = item
        part = self._in(item, "response.content_part.added") | {"part": {"type": "audio", "transcript": ""}}
        yield [*self._added(item), part]
        while self._left:
            yield PIECE_MS
            yield self._piece(item)
        yield self._finish_speech(item, "completed")

    def _piece(self, item: Item) -> list[Json]:
        audio, words = self._left.pop(0)
        item.text = f"{item.text}{words}"
        item.audio_ms += len(audio) // BYTES_PER_MS
        sound = {"delta": base64.b64encode(audio).decode()}
        return [
            self._in(item, "response.output_audio_transcript.delta") | {"delta": words},
            self._in(item, "response.output_audio.delta") | sound,
        ]

    def _finish_speech(self, item: Item, status: str) -> list[Json]:
        self._open = None
        item.status = status
        self.utterances += status == "completed"
        said = {"transcript": item.text}
        return [
            self._in(item, "response.output_audio.done"),
            self._in(item, "response.output_audio_transcript.done") | said,
            self._in(item, "response.content_part.done") | {"part": {"type": "audio", **said}},
            *self._done(item),
        ]

    # -- function calls ----------------------------------------------------------------------------------------

    def _call(self, intent: Use) -> list[Json]:
        item = Item(
            self.conversation.new_id("item"),
            "call",
            "",
            call_id=self.conversation.new_id("call"),
            name=intent.tool,
            status="in_progress",
        )
        added = self._added(item)
        item.text, item.status = intent.arguments, "completed"
        half = len(intent.arguments) // 2
        place = {"call_id": item.call_id}
        return [
            *added,
            *(
                self._at(item, "response.function_call_arguments.delta") | place | {"delta": delta}
                for delta in (intent.arguments[:half], intent.arguments[half:])
            ),
            self._at(item, "response.function_call_arguments.done")
            | place
            | ({"name": item.name} if self.conversation.dialect.names_done_calls else {})
            | {"arguments": item.text},
            *self._done(item),
        ]

    # -- items of the output -----------------------------------------------------------------------------------

    def _added(self, item: Item) -> list[Json]:
        placed = {"response_id": self.id, "output_index": len(self.output), "item": self.conversation.wire(item)}
        joins = [] if self.request.is_out_of_band else self.conversation.begin(item)
        return [{"type": "response.output_item.added", **placed}, *joins]

    def _done(self, item: Item) -> list[Json]:
        placed = {"response_id": self.id, "output_index": len(self.output), "item": self.conversation.wire(item)}
        self.output.append(item)
        joined = [] if self.request.is_out_of_band else self.conversation.finish(item)
        return [{"type": "response.output_item.done", **placed}, *joined]

    def _at(self, item: Item, kind: str) -> Json:
        return {"type": kind, "response_id": self.id, "item_id": item.id, "output_index": len(self.output)}

    def _in(self, item: Item, kind: str) -> Json:
        return {**self._at(item, kind), "content_index": 0}


_RATE_LIMITS: Json = {
    "type": "rate_limits.updated",
    "rate_limits": [
        {"name": "requests", "limit": 1_000, "remaining": 999, "reset_seconds": 60},
        {"name": "tokens", "limit": 50_000, "remaining": 49_950, "reset_seconds": 60},
    ],
}


def _pieces(audio: bytes, text: str) -> list[tuple[bytes, str]]:
    """The audio in deltas, each with its share of the words."""
    count = -(-len(audio) // PIECE_BYTES)
    cuts = [len(text) * place // count for place in range(count + 1)]
    return [
        (audio[place * PIECE_BYTES : (place + 1) * PIECE_BYTES], text[cuts[place] : cuts[place + 1]])
        for place in range(count)
    ]
