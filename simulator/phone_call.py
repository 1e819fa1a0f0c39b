"""One call at the simulated phone network: what was ordered, how far it got, and all that is kept of it."""

import asyncio
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.phone_line import PhoneLine
from simulator.scenario import Scenario
from simulator.twiml import Verb

ENDED = ("completed", "busy", "no-answer", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Order:
    """What Calls.create asked for."""

    to: str
    from_: str
    verbs: tuple[Verb, ...]
    timeout_s: int = 60
    time_limit_s: int = 14400
    status_callback: str = ""
    detection_callback: str = ""
    events: frozenset[str] = frozenset({"completed"})


@dataclass(slots=True)
class PhoneCall:
    """Times are seconds since the epoch; 0 means not yet."""

    sid: str
    order: Order
    scenario: Scenario
    status: str = "queued"
    created: float = field(default_factory=time.time)
    answered: float = 0.0
    ended: float = 0.0
    stages: list[dict[str, Any]] = field(default_factory=list)
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    line: PhoneLine | None = None
    stream: dict[str, str] = field(default_factory=dict)
    hang_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        return self.status in ENDED

    @property
    def duration_s(self) -> int:
        return round(self.ended - self.answered) if self.answered and self.ended else 0

    def reach(self, stage: str) -> None:
        self.stages.append({"stage": stage, "at": time.time()})

    def as_json(self) -> dict[str, Any]:
        """For the ledger."""
        line = self.line
        return {
            "sid": self.sid,
            "to": self.order.to,
            "from": self.order.from_,
            "scenario": self.scenario.name,
            "person": self.scenario.person,
            "expected": {"status": self.scenario.status, "end_reason": self.scenario.end_reason},
            "status": self.status,
            "status_callback": self.order.status_callback,
            "stages": self.stages,
            "callbacks": self.callbacks,
            "stream": self.stream,
            "heard": [_heard(one) for one in line.heard] if line else [],
            "said": [asdict(one) for one in line.person.said] if line else [],
            "unplayed_ms": line.unplayed_ms if line else 0,
            "violations": self.violations + (line.violations if line else []),
        }


def _heard(heard: Any) -> dict[str, Any]:
    return {"text": heard.text, "start_ms": heard.start_ms, "end_ms": heard.end_ms, "cut": heard.cut}
