"""What a scenario is made of. A person's number selects the scenario at the phone network; a person's name, found in
the agent's instructions, selects it at the voice model.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulator.faults import ModelFaults


@dataclass(frozen=True, slots=True)
class Reply:
    """Said when the agent's words match `pattern` (a regular expression, any case): the nth text the nth time, and
    the last one from then on."""

    pattern: str
    say: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TalkOver:
    """Begin to speak `after_ms` into the agent's utterance number `utterance` (the first is 1)."""

    utterance: int
    after_ms: int
    say: str


@dataclass(frozen=True, slots=True)
class LineFaults:
    """What goes wrong on the phone network's side. Times are milliseconds; 0 means never."""

    refuse_code: int = 0  # Calls.create is answered with HTTP 400 and this code
    create_delay_ms: int = 0
    too_many_times: int = 0  # that many creates are answered 429 (20429) before one is taken
    answer_lost: str = ""  # the call IS placed, and then "error" (HTTP 500) or "hang" (no answer at all)
    callback_delay_ms: int = 0
    callbacks_twice: bool = False
    callbacks_swapped: bool = False  # 2nd before 1st, 4th before 3rd, and so on
    lost_at_ms: int = 0  # the media socket breaks, with no `stop`
    malformed_at_ms: int = 0  # one message that is not JSON
    read_delay_ms: int = 0  # slow reader: waits this long before each message it reads


@dataclass(frozen=True, slots=True)
class Scenario:
    """One person, one story. `facts` are posted to the program; `replies` are what the person says of them."""

    name: str
    person: str
    number: str
    status: str
    end_reason: str
    facts: dict[str, str] = field(default_factory=dict)
    wordings: dict[str, Any] = field(default_factory=dict)  # of the script, where the question is the story
    replies: tuple[Reply, ...] = ()
    line: str = "answer"  # or busy, no-answer, failed
    ring_ms: int = 800
    latency_ms: int = 500
    opening: str = ""  # said on answering: a voicemail greeting, a call screener
    opening_ms: int = 700
    beep: bool = False
    silent: bool = False
    noise: bool = False
    talk_over: TalkOver | None = None
    hang_up_after: int = 0  # hang up once that many of the agent's utterances were heard
    answered_by: str = "human"  # the result of machine detection, where it was ordered
    faults: LineFaults = field(default_factory=LineFaults)
    model_faults: ModelFaults = field(default_factory=ModelFaults)
    model: str = ""  # the model to ask for, where the door or the dialect is the story
    dialect: str = "ga"


class Cast:
    """All known scenarios, by number and by name."""

    def __init__(self, scenarios: Iterable[Scenario]) -> None:
        self._by_number: dict[str, Scenario] = {}
        self._by_person: dict[str, Scenario] = {}
        self._by_name: dict[str, Scenario] = {}
        for scenario in scenarios:
            self.add(scenario)

    def add(self, scenario: Scenario) -> None:
        self._by_number[scenario.number] = scenario
        self._by_person[scenario.person] = scenario
        self._by_name.setdefault(scenario.name, scenario)

    def by_number(self, number: str) -> Scenario | None:
        return self._by_number.get(number)

    def by_name(self, name: str) -> Scenario | None:
        return self._by_name.get(name)

    def model_faults_of(self, person: str) -> ModelFaults | None:
        scenario = self._by_person.get(person)
        return scenario.model_faults if scenario else None
