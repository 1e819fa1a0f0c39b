"""The people who are called while things break: short conversations, and each with a trouble of their own, or none."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulator.scenario import Scenario
from simulator.scenarios import SCENARIOS

# Short words make short calls. The phrases are those that the simulated people know how to answer.
SCRIPT = {
    "company": "Meadow Lending",
    "purpose": "Confirm who the person is.",
    "disclosure": "Hello, a recorded call.",
    "closing": "Goodbye.",
    "wordings": {"date_of_birth": "When were you born?", "employer": "Your employer?", "ssn_last_4": "Your last four?"},
    "silence_s": 4,
    "time_limit_s": 60,
    "machine_detection": True,
}
_AREAS = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212)
_FIRST = ("Ann", "Bo", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal", "Ida", "Jan", "Kay", "Lee", "Mia", "Ned", "Ora", "Pia")
_LAST = ("Abel", "Bird", "Cole", "Dunn", "East", "Fox", "Gray", "Hope", "Ives", "Judd", "Kent", "Lamb", "Moss", "Nash")

_STORIES = (
    ["answers-right"] * 13 + ["answers-wrong"] * 3 + ["hangs-up-midway"] * 2 + ["busy", "no-answer", "refused-number"]
)
_LINE_FAULTS: tuple[dict[str, Any], ...] = (
    {"callbacks_twice": True},
    {"callbacks_swapped": True},
    {"callbacks_twice": True, "callbacks_swapped": True},
    {"callback_delay_ms": 700},
    {"answer_lost": "error"},
    {"answer_lost": "hang"},
    {"too_many_times": 1},
    {"lost_at_ms": 4000},
)
_MODEL_FAULTS: tuple[dict[str, Any], ...] = ({"lost_after_utterances": 1}, {"lost_after_utterances": 2})


@dataclass
class Someone:
    name: str
    number: str
    story: Scenario
    trouble: str = ""
    faults: dict[str, Any] = field(default_factory=dict)

    @property
    def scenario(self) -> dict[str, Any]:
        """For the simulator: an earlier scenario under another name and number."""
        base = {"like": self.story.name, "person": self.name, "number": self.number, "ring_ms": 400}
        return {**base, "latency_ms": 300, **self.faults}

    @property
    def verification(self) -> dict[str, Any]:
        """For the program's API."""
        facts = dict(self.story.facts)
        return {"name": self.name, "phone": self.number, "facts": facts, "script": "chaos"}

    @property
    def answers(self) -> set[str]:
        """What they say of their facts, word for word."""
        return {text for reply in self.story.replies if "speaking" not in reply.pattern for text in reply.say}


def gather(count: int, random: Random) -> list[Someone]:
    stories = {scenario.name: scenario for scenario in SCENARIOS}
    return [_someone(index, stories[random.choice(_STORIES)], random) for index in range(count)]


def _someone(index: int, story: Scenario, random: Random) -> Someone:
    first, middle, last = index % len(_FIRST), index // len(_FIRST) % len(_LAST), index // 99
    name = f"{_FIRST[first]} {_LAST[middle]} {_LAST[last]}"
    someone = Someone(name, f"+1{_AREAS[index // 99]}55501{index % 99 + 1:02}", story)
    if story.name == "refused-number" or random.random() < 0.5:
        return someone
    if random.random() < 0.1:
        return _troubled(someone, "model_faults", random.choice(_MODEL_FAULTS))
    return _troubled(someone, "faults", random.choice(_LINE_FAULTS))


def _troubled(someone: Someone, kind: str, faults: dict[str, Any]) -> Someone:
    someone.faults = {kind: faults}
    someone.trouble = ", ".join(f"{name}={value}" for name, value in faults.items())
    return someone
