"""A voice model's session as OpenAI Realtime speaks it, sans-I/O: texts come in, texts go out, time is an argument.

It hears the caller only by recognising the bytes appended to its buffer, and judges its client strictly: whatever a
client does that the vendor's documents do not allow is answered with an error and kept in `violations`.
"""

import base64
import binascii
import itertools
import json
from collections.abc import Callable

from simulator.brain import Brain, Item, person_in
from simulator.conversation import Conversation, transcribed
from simulator.dialects import Dialect, Json, merged
from simulator.faults import NO_FAULTS, ModelFaults
from simulator.realtime_beta import BETA
from simulator.realtime_ga import GA
from simulator.responses import Request
from simulator.schedule import Events, Schedule
from simulator.shapes import Problem
from simulator.speaker import BROKEN, Speaker
from simulator.speech import PhraseBook
from simulator.turns import TurnBegan, TurnEnded, Turns

DIALECTS = {"ga": GA, "beta": BETA}
TRANSCRIPTION_MS = 120
SESSION_S = 3_600


class VoiceModel:
    """One session. `now` is in ms, on any clock that does not go back.

    `open`, `receive` and `tick` return the texts to send; `tick` is due at `deadline`. Once `closing` (code, reason)
    is set the socket is to be closed; code 1006 asks for it to break with no close frame. `client_events` holds what
    the client sent, of the appended audio only the first.
    """

    def __init__(
        self,
        model: str,
        dialect: str,
        book: PhraseBook,
        scenario_of: Callable[[str], ModelFaults | None],
        session_id: str = "simulated",
    ) -> None:
        self.model = model
        self.dialect: Dialect = DIALECTS[dialect]
        self.person = ""
        self.violations: list[str] = []
        self.client_events: list[Json] = []
        self.appended_bytes = 0
        self._scenario_of = scenario_of
        self._session: Json = {**self.dialect.session, "id": f"sess_{session_id}", "model": model}
        self._is_configured = False
        self._schedule = Schedule()
        self._conversation = Conversation(self.dialect, session_id)
        self._brain = Brain(self._conversation.items)
        self._turns = Turns(book)
        self._speaker = Speaker(self._conversation, self._brain, book, self._schedule, self._quiet)
        self._user_item_id = ""
        self._event_ids = itertools.count(1)

    # -- the shell's side --------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        return None if self.closing else self._schedule.deadline

    @property
    def closing(self) -> tuple[int, str] | None:
        return self._speaker.closing

    @property
    def faults(self) -> ModelFaults:
        return self._brain.faults

    def open(self, now: float) -> list[str]:
        created = {**self._session, "expires_at": int(now / 1000) + SESSION_S}
        conversation = {"id": self._conversation.id, "object": "realtime.conversation"}
        return self._texts(
            [
                {"type": "session.created", "session": created},
                {"type": "conversation.created", "conversation": conversation},
            ]
        )

    def receive(self, text: str, now: float) -> list[str]:
        before = self.tick(now)
        return before if self.closing else before + self._texts(self._handle(text, now))

    def tick(self, now: float) -> list[str]:
        texts: list[str] = []
        while not self.closing and (events := self._schedule.next(now)) is not None:
            texts += self._texts(events)
        return texts

    def _texts(self, events: Events) -> list[str]:
        return [self._text(self.dialect.renamed(event)) for event in events]

    def _text(self, event: Json) -> str:
        if event["type"] == BROKEN:
            return '{"type":"response.output_audio.delta","delta":"'
        told = {"type": event.pop("type"), "event_id": f"event_{next(self._event_ids)}", **event}
        return json.dumps(told, separators=(",", ":"))

    # -- what the client sends ---------------------------------------------------------------------------------

    def _handle(self, text: str, now: float) -> Events:
        try:
            event = json.loads(text)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            return self._refuse({}, Problem("invalid_event", "", "The event is not a JSON object."))
        if event.get("type") != "input_audio_buffer.append" or not self.appended_bytes:
            self.client_events.append(event)
        problem = self.dialect.problem(event)
        return self._refuse(event, problem) if problem else _HANDLERS[event["type"]](self, event, now)

    def _refuse(self, event: Json, problem: Problem) -> Events:
        """An error that is the client's fault."""
        self.violations.append(f"{event.get('type')}: {problem.message}")
        return self._error(event, problem)

    def _error(self, event: Json, problem: Problem) -> Events:
        error = {
            "type": "invalid_request_error",
            "code": problem.code,
            "message": problem.message,
            "param": problem.param or None,
            "event_id": event.get("event_id"),
        }
        return [{"type": "error", "error": error}]

    def _update(self, event: Json, now: float) -> Events:
        session = merged(self._session, event["session"])
        if session["model"] != self.model:
            return self._refuse(event, Problem("invalid_value", "session.model", "A session's model cannot change."))
        if not self.dialect.is_mu_law(session):
            told = "The simulator speaks mu-law (audio/pcmu, g711_ulaw) both ways, and so must the session."
            return self._refuse(event, Problem("invalid_value", "session.audio", told))
        self._session = session
        self._turns.configure(self._detection())
        self._meet(person_in(session["instructions"]))
        self._schedule.later(now + self.faults.update_delay_ms, self._updated)
        return []

    def _meet(self, person: str) -> None:
        self.person = person
        self._brain.faults = self._scenario_of(person) or NO_FAULTS
        self._brain.instructions = self._session["instructions"]
        self._speaker.prompt = self._session["instructions"] + json.dumps(self._session["tools"])
        self._speaker.idle_ms = (self._detection() or {}).get("idle_timeout_ms")

    def _updated(self, _now: float) -> Events:
        self._is_configured = True
        return [{"type": "session.updated", "session": self._session}]

    def _detection(self) -> Json | None:
        detection: Json | None = self.dialect.input_of(self._session)["turn_detection"]
        return detection

    def _append(self, event: Json, now: float) -> Events:
        try:
            audio = base64.b64decode(event["audio"], validate=True)
        except (binascii.Error, ValueError):
            audio = b""
        if not audio:
            return self._refuse(event, Problem("invalid_value", "audio", "Expected base64 audio that is not empty."))
        if not self._is_configured:
            self.violations.append("input_audio_buffer.append: before session.updated, so not yet mu-law")
        self.appended_bytes += len(audio)
        return [told for turn in self._turns.feed(audio) for told in self._turn(turn, now)]

    def _commit(self, event: Json, now: float) -> Events:
        turn = self._turns.commit()
        if turn is None:
            return self._refuse(event, Problem("input_audio_buffer_commit_empty", "", "The buffer holds no speech."))
        self._user_item_id = self._user_item_id or self._conversation.new_id("item")
        return self._hear(turn, now)

    def _clear(self, event: Json, now: float) -> Events:
        self._turns.commit()
        return [{"type": "input_audio_buffer.cleared"}]

    def _add_item(self, event: Json, now: float) -> Events:
        given = event["item"]
        if given["type"] == "function_call_output" and not self._is_owed(given["call_id"]):
            told = f"No function call with id '{given['call_id']}' waits for an output."
            return self._refuse(event, Problem("invalid_value", "item.call_id", told))
        item = Item(given.get("id") or self._conversation.new_id("item"), _KINDS.get(given.get("role"), "output"), None)
        item.call_id = given.get("call_id", "")
        item.text = given["output"] if item.kind == "output" else "".join(part["text"] for part in given["content"])
        return self._conversation.begin(item) + self._conversation.finish(item)

    def _is_owed(self, call_id: str) -> bool:
        kinds = [item.kind for item in self._conversation.items if item.call_id == call_id]
        return kinds == ["call"]

    def _truncate(self, event: Json, now: float) -> Events:
        item = self._conversation.find(event["item_id"], "agent")
        if item is None:
            return self._refuse(event, Problem("invalid_value", "item_id", "There is no such item of the agent."))
        if event["audio_end_ms"] > item.audio_ms:
            told = f"Audio content of {item.audio_ms} ms is already shorter than {event['audio_end_ms']} ms"
            return self._refuse(event, Problem("invalid_value", "audio_end_ms", told))
        if event["audio_end_ms"] < item.audio_ms:
            item.status = "incomplete"
        item.audio_ms, item.text = event["audio_end_ms"], ""
        place = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
        return [{"type": "conversation.item.truncated", **place}]

    def _create(self, event: Json, now: float) -> Events:
        asked = event.get("response", {})
        choice = asked.get("tool_choice")
        tools = asked.get("tools", self._session["tools"])
        tool = choice["name"] if isinstance(choice, dict) else tools[0]["name"] if choice == "required" else ""
        if tool and tool not in [known["name"] for known in tools]:
            told = f"Tool choice '{tool}' is not among the tools."
            return self._refuse(event, Problem("invalid_value", "response.tool_choice", told))
        if not self._is_configured:
            told = "A response was asked for before session.updated."
            return self._refuse(event, Problem("invalid_event", "", told))
        active = self._speaker.active
        if active and asked.get("conversation") != "none":
            told = f"Conversation already has an active response in progress: {active.id}."
            return self._error(event, Problem("conversation_already_has_active_response", "", told))
        return self._speaker.respond(self._request(asked, tool), now)

    def _request(self, asked: Json, tool: str) -> Request:
        return Request(
            order=asked.get("instructions", ""),
            tool=tool,
            is_out_of_band=asked.get("conversation") == "none",
            is_text=asked.get(self.dialect.modalities) == ["text"],
            metadata=asked.get("metadata"),
        )

    def _cancel(self, event: Json, now: float) -> Events:
        active = self._speaker.active
        if active is None or event.get("response_id", active.id) != active.id:
            told = "Cancellation failed: no active response found"
            return self._error(event, Problem("response_cancel_not_active", "", told))
        return self._speaker.cut("client_cancelled", now)

    # -- what the caller says ----------------------------------------------------------------------------------

    def _turn(self, turn: TurnBegan | TurnEnded, now: float) -> Events:
        return self._began(turn, now) if isinstance(turn, TurnBegan) else self._ended(turn, now)

    def _began(self, turn: TurnBegan, now: float) -> Events:
        self._speaker.hush()
        self._user_item_id = self._conversation.new_id("item")
        began = {"audio_start_ms": turn.at_ms, "item_id": self._user_item_id}
        interrupts = (self._detection() or {}).get("interrupt_response", True)
        cut = self._speaker.cut("turn_detected", now) if interrupts else []
        return [{"type": "input_audio_buffer.speech_started", **began}, *cut]

    def _ended(self, turn: TurnEnded, now: float) -> Events:
        if turn.words is None:
            # A caller always finishes the sentence: whatever was not understood was damaged on its way here.
            told = f"heard up to {turn.at_ms} ms what nobody said: audio was lost, reordered or altered"
            self.violations.append(f"input_audio_buffer.append: {told}")
        stopped = {"audio_end_ms": turn.at_ms, "item_id": self._user_item_id}
        events = [{"type": "input_audio_buffer.speech_stopped", **stopped}, *self._hear(turn, now)]
        answers = (self._detection() or {}).get("create_response", True) and not self._speaker.active
        return events + (self._speaker.respond(Request(), now) if answers else [])

    def _hear(self, turn: TurnEnded, now: float) -> Events:
        item = Item(self._user_item_id, "user", turn.words, audio_ms=turn.audio_ms)
        self._user_item_id = ""
        previous = self._conversation.last_id
        committed = {"type": "input_audio_buffer.committed", "item_id": item.id, "previous_item_id": previous}
        if self.dialect.input_of(self._session)["transcription"]:
            self._schedule.later(now + TRANSCRIPTION_MS, lambda _: [transcribed(item)])
        return [committed, *self._conversation.begin(item), *self._conversation.finish(item)]

    def _quiet(self, now: float) -> Events:
        """`idle_timeout_ms` has passed with nothing said: the silence is taken for a turn."""
        end_ms = self._turns.position_ms
        self._user_item_id = self._conversation.new_id("item")
        span = {"audio_start_ms": max(0, end_ms - (self._speaker.idle_ms or 0)), "audio_end_ms": end_ms}
        told = {"type": "input_audio_buffer.timeout_triggered", **span, "item_id": self._user_item_id}
        return [told, *self._hear(TurnEnded(end_ms, 0, ""), now), *self._speaker.respond(Request(), now)]


_KINDS = {"system": "system", "user": "user", "assistant": "agent"}
_HANDLERS: dict[str, Callable[[VoiceModel, Json, float], Events]] = {
    "session.update": VoiceModel._update,
    "input_audio_buffer.append": VoiceModel._append,
    "input_audio_buffer.commit": VoiceModel._commit,
    "input_audio_buffer.clear": VoiceModel._clear,
    "conversation.item.create": VoiceModel._add_item,
    "conversation.item.truncate": VoiceModel._truncate,
    "response.create": VoiceModel._create,
    "response.cancel": VoiceModel._cancel,
}
