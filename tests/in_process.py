"""A whole call under a hand-moved clock: the simulator's phone line and voice model, our codecs and session between.

No socket, no thread and no waiting: the time of the call goes from one deadline to the next.
"""

import base64
import hashlib
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from calls.evidence import Fact, questions_from_facts
from calls.sounds import apology
from calls.voice import actions, events, media_streams
from calls.voice.realtime import DIALECTS
from calls.voice.script import APOLOGY, Plan
from calls.voice.session import Session
from simulator.faults import ModelFaults
from simulator.phone_line import PhoneLine
from simulator.scenario import Scenario
from simulator.speech import FRAME_BYTES, PhraseBook
from simulator.voice_model import VoiceModel

COMPANY, PURPOSE = "Marlow Lending", "To confirm a recent loan application."
PLAN = Plan(
    person="",
    company=COMPANY,
    purpose=PURPOSE,
    disclosure="Hello, this is an automated assistant calling on a recorded line.",
    closing="Thank you. That is all I needed today. Goodbye.",
    apology=apology("en"),
)
CONNECTED_AFTER_MS = 120


class QuickBook(PhraseBook):
    """Every utterance is 160 ms of noise, its text's own: for the stories where only the words matter."""

    def say(self, text: str, voice: str) -> bytes:
        audio = _noise(f"{voice} {text}")
        self.learn(audio, text)
        return audio


@cache
def _noise(name: str) -> bytes:
    count = 8 * FRAME_BYTES // 32
    noise = b"".join(hashlib.sha256(f"{number} {name}".encode()).digest() for number in range(count))
    return noise.translate(bytes.maketrans(b"\xff\xfe", b"\x7f\x7e"))


@dataclass
class Told:
    """A message for the model, and what the caller had said when it was sent."""

    text: str
    caller_said: tuple[str, ...]


@dataclass
class Played:
    """What came of a call. `told` leaves out the caller's audio."""

    outcome: actions.Conclude
    line: PhoneLine
    model: VoiceModel
    facts: Sequence[Fact]
    told: list[Told]
    turns: list[actions.KeepTurn]
    answers: list[actions.KeepAnswer]
    history: list[actions.KeepEvent]
    seconds: float

    @property
    def ending(self) -> str:
        return f"{self.outcome.status}/{self.outcome.end_reason}"

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        return [(answer.question_id, answer.verdict) for answer in self.answers]

    @property
    def violations(self) -> list[str]:
        return self.line.violations + self.model.violations


def play(
    scenario: Scenario,
    *,
    plan: Plan = PLAN,
    facts: Mapping[str, Any] | None = None,
    wordings: Mapping[str, Any] | None = None,
    count: int = 2,
    seed: int = 1,
    book: PhraseBook | None = None,
) -> Played:
    """Play one scenario to its end. `facts` stand in for the scenario's own."""
    questions = questions_from_facts(
        scenario.facts if facts is None else facts, wordings=wordings or {}, count=count, seed=seed
    )
    return _Call(scenario, replace(plan, person=scenario.person), questions, book or PhraseBook()).run()


@dataclass
class _Call:
    scenario: Scenario
    plan: Plan
    facts: Sequence[Fact]
    book: PhraseBook
    now: float = 0.0  # ms
    outcome: actions.Conclude | None = None
    kept: list[Any] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    inbox: deque[events.Event] = field(default_factory=deque)
    gone: VoiceModel | None = None

    def __post_init__(self) -> None:
        self.book.learn(b"".join(base64.b64decode(piece) for piece in self.plan.apology), APOLOGY)
        self.line = PhoneLine(self.scenario, "CA1", "MZ1", "AC1", {}, self.book)
        self.model = self._new_model(self.scenario.model_faults, "1")
        self.dialect = DIALECTS[self.scenario.dialect]
        self.session = Session(self.plan, self.facts, now=0)

    def _new_model(self, faults: ModelFaults, name: str) -> VoiceModel:
        return VoiceModel("gpt-realtime-2.1", self.scenario.dialect, self.book, lambda _: faults, name)

    def _reopen(self) -> None:
        faults = self.scenario.model_faults
        faults = replace(faults, lost_after_utterances=None) if faults.lost_once else faults
        self.model = self._new_model(faults, "2")
        self._from_model(self.model.open(self.now))

    def run(self) -> Played:
        for text in self.line.start(0)[2:]:
            self._from_line(text)
        self._until(CONNECTED_AFTER_MS)
        self._from_model(self.model.open(self.now))
        self._until(self.plan.time_limit_s * 1000 + 60_000)
        assert self.outcome is not None, "the call never ended"
        return Played(
            outcome=self.outcome,
            line=self.line,
            model=self.model,
            facts=self.facts,
            told=self.told,
            turns=list({turn.item_id: turn for turn in self._kept(actions.KeepTurn)}.values()),
            answers=self._kept(actions.KeepAnswer),
            history=self._kept(actions.KeepEvent),
            seconds=self.now / 1000,
        )

    def _kept(self, kind: type[Any]) -> list[Any]:
        return [action for action in self.kept if type(action) is kind]

    def _until(self, limit: float) -> None:
        while self.outcome is None and (due := self._deadline()) <= limit:
            self.now = max(self.now, due)
            for text in self.line.tick(self.now):
                self._from_line(text)
            if self.line.lost:
                self._receive(events.LineLost(1006))
            if self.model is not self.gone:
                self._from_model(self.model.tick(self.now))
            if self.session.deadline is not None and self.session.deadline * 1000 <= self.now:
                self._perform(self.session.tick(now=self.now / 1000))

    def _deadline(self) -> float:
        session = self.session.deadline
        line = None if self.line.finished else self.line.deadline
        model = None if self.model is self.gone else self.model.deadline
        dues = (line, model, None if session is None else session * 1000)
        return min(due for due in dues if due is not None)

    def _from_line(self, text: str) -> None:
        event = media_streams.decode(text.encode())
        if event is not None:
            self._receive(event)

    def _from_model(self, texts: list[str]) -> None:
        for text in texts:
            event = self.dialect.decode(text.encode())
            if event is not None:
                self._receive(event)
        if self.model.closing and self.outcome is None and self.model is not self.gone:
            self.gone = self.model
            self._receive(events.ModelLost(*self.model.closing))

    def _receive(self, event: events.Event) -> None:
        self._perform(self.session.receive(event, now=self.now / 1000))

    def _perform(self, todo: list[actions.Action]) -> None:
        for action in todo:
            match action:
                case actions.Conclude():
                    self.outcome = action
                case actions.HangUp():
                    self.line.close()
                case actions.CloseModel() | actions.RunTool():
                    pass
                case actions.OpenModel():
                    self._reopen()
                case actions.PlayAudio() | actions.SendMark() | actions.ClearLine():
                    for text in self.line.receive(media_streams.encode(action, b"MZ1"), self.now):
                        self._from_line(text)
                case actions.KeepTurn() | actions.KeepEvent() | actions.KeepAnswer() | actions.KeepSound():
                    self.kept.append(action)
                case _:
                    self._to_model(action)

    def _to_model(self, action: actions.ModelAction) -> None:
        if self.model is self.gone:
            return
        text = self.dialect.encode(action).decode()
        if type(action) is not actions.AppendAudio:
            self.told.append(Told(text, tuple(said.text for said in self.line.person.said)))
        self._from_model(self.model.receive(text, self.now))


def client_events(played: Played) -> list[dict[str, Any]]:
    return [json.loads(told.text) for told in played.told]
