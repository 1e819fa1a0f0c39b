"""A session under a hand-moved clock, with both vendors played by hand: one event at a time."""

import base64
import json
from typing import Any

from calls.evidence import Fact, Question
from calls.voice import actions, events
from calls.voice.script import Plan
from calls.voice.session import Session

BIRTH = Fact(Question("q1", "date_of_birth", "What is your date of birth?", "date"), "1985-03-05")
DIGITS = Fact(Question("q2", "ssn_last_4", "What are the last four digits?", "digits"), "4321")
PLAN = Plan(
    person="Ada Bright",
    company="Marlow Lending",
    purpose="A recent application.",
    disclosure="Hello, this is an automated assistant on a recorded line.",
    closing="Thank you. Goodbye.",
    silence_s=10,
    time_limit_s=600,
)
GREETING = 'Say exactly: "Hello, this is an automated assistant on a recorded line. Am I speaking with Ada Bright?"'


def sound(ms: int) -> bytes:
    """Base64 mu-law of that length."""
    return base64.b64encode(b"\x7f" * 8 * ms)


class Talk:
    """`did` holds every action so far; each step returns its own."""

    def __init__(self, plan: Plan = PLAN, facts: tuple[Fact, ...] = (BIRTH, DIGITS)) -> None:
        self.now = 100.0
        self.did: list[actions.Action] = []
        self.session = Session(plan, facts, now=self.now)
        self._marks: list[str] = []
        self._responses = 0
        self._calls = 0

    def tell(self, event: events.Event) -> list[actions.Action]:
        return self._keep(self.session.receive(event, now=self.now))

    def wait(self, seconds: float) -> list[actions.Action]:
        """Let time pass, tick by tick, with nothing happening."""
        until, before = self.now + seconds, len(self.did)
        while (due := self.session.deadline) is not None and due <= until:
            self.now = max(self.now, due)
            self._keep(self.session.tick(now=self.now))
        self.now = until
        return self.did[before:]

    def connect(self) -> list[actions.Action]:
        self.tell(events.SessionCreated("sess_1"))
        return self.tell(events.SessionUpdated())

    def respond(self) -> str:
        """The model begins a response."""
        self._responses += 1
        self.tell(events.ResponseStarted(f"resp_{self._responses}"))
        return f"resp_{self._responses}"

    def say(self, response: str, *, ms: int = 1000, item: str = "", text: str = "") -> list[actions.Action]:
        item = item or f"item_{response}"
        if text:
            self.tell(events.AgentTranscript(response, item, text))
        return self.tell(events.AgentAudio(response, item, sound(ms)))

    def finish(self, response: str, status: str = "completed", **more: Any) -> list[actions.Action]:
        return self.tell(events.ResponseEnded(response, status, **more))

    def greet(self, ms: int = 1000) -> None:
        """Connected, greeted, and the greeting heard to its end."""
        self.connect()
        greeting = self.respond()
        self.say(greeting, ms=ms, text="Hello. Am I speaking with Ada Bright?")
        self.finish(greeting)
        self.hear_out()

    def hear_out(self) -> list[actions.Action]:
        """The line plays all it has, and its marks come back."""
        before = len(self.did)
        for mark in [action.name for action in self.did if isinstance(action, actions.SendMark)]:
            if mark not in self._marks:
                self._marks.append(mark)
                self.now += 1.0
                self.tell(events.MarkReached(mark))
        return self.did[before:]

    def caller_says(self, text: str, *, item: str = "", at_ms: int | None = None) -> list[actions.Action]:
        """Begin and end of an utterance, with its text."""
        before, item = len(self.did), item or f"caller_{len(self.did)}"
        at = round((self.now - 100) * 1000) if at_ms is None else at_ms
        self.tell(events.CallerStartedSpeaking(item, at))
        self.now += 1.0
        self.tell(events.CallerStoppedSpeaking(item, at + 1000))
        self.tell(events.CallerTranscript(item, text))
        return self.did[before:]

    def call(self, response: str, name: str, call_id: str = "", **arguments: str) -> list[actions.Action]:
        self._calls += 1
        call_id = call_id or f"call_{self._calls}"
        return self.tell(events.ToolCalled(response, call_id, name, json.dumps(arguments)))

    def outcome(self) -> actions.Conclude:
        [found] = self.all(actions.Conclude)
        assert isinstance(found, actions.Conclude)
        return found

    def all(self, kind: type[Any]) -> list[Any]:
        return [action for action in self.did if type(action) is kind]

    def _keep(self, todo: list[actions.Action]) -> list[actions.Action]:
        self.did += todo
        return todo


def kinds(todo: list[actions.Action]) -> list[str]:
    return [type(action).__name__ for action in todo]


def ending(outcome: actions.Conclude) -> str:
    return f"{outcome.status}/{outcome.end_reason}"
