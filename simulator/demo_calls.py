"""The demo as a client of the API: it posts a verification for each scenario, asks for the call, and follows it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.demo_program import Program
from simulator.scenario import Scenario

# What the demo's lender says; the model of each script is the scenario's, for some models refuse at the door.
SCRIPT = {
    "company": "Meadow Lending",
    "purpose": "Confirm who the person is, so that a colleague can go on with their application.",
    "silence_s": 4,
}
DEFAULT_MODEL = "gpt-realtime-2.1"


@dataclass
class Turn:
    speaker: str
    text: str
    start_s: float


@dataclass
class Watched:
    """One scenario's call as GET /calls/{id} tells it."""

    scenario: Scenario
    program: Program
    call_id: int
    began: float = field(default_factory=time.monotonic)
    stage: str = "queued"
    status: str = "in_progress"
    end_reason: str = ""
    turns: list[Turn] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        return self.stage == "ended"

    @property
    def expected(self) -> tuple[str, str]:
        return self.scenario.status, self.scenario.end_reason

    @property
    def as_expected(self) -> bool:
        return (self.status, self.end_reason) == self.expected

    def refresh(self) -> None:
        answer = self.program.get(f"/calls/{self.call_id}")
        self.stage, self.status, self.end_reason = answer["stage"], answer["status"], answer["end_reason"]
        self.turns = [Turn(turn["speaker"], turn["text"], turn["start_ms"] / 1000) for turn in answer["transcript"]]
        self.seconds = time.monotonic() - self.began


def request_calls(program: Program, scenarios: Iterable[Scenario]) -> list[Watched]:
    """Post each scenario's verification and its call."""
    published: set[str] = set()
    return [_request_call(program, scenario, published) for scenario in scenarios]


def _request_call(program: Program, scenario: Scenario, published: set[str]) -> Watched:
    model = scenario.model or DEFAULT_MODEL
    script = f"demo-{scenario.name if scenario.wordings else model}"
    if script not in published:
        program.post("/scripts", {"name": script, "model": model, "wordings": scenario.wordings, **SCRIPT})
        published.add(script)
    verification = program.post(
        "/verifications",
        {
            "name": scenario.person,
            "phone": scenario.number,
            "background": f"The demo's scenario {scenario.name}.",
            "facts": dict(scenario.facts),
            "script": script,
        },
    )
    call = program.post("/call-customer", {"to": scenario.number, "verification": verification["id"]})
    return Watched(scenario, program, call["call"])


def refresh_all(calls: Iterable[Watched]) -> bool:
    """Read the live calls anew; whether any is live still."""
    live = [call for call in calls if not call.ended]
    for call in live:
        call.refresh()
    return any(not call.ended for call in live)
