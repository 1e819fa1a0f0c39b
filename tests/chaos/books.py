"""Afterwards: the network's own ledger against the program's database."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from calls.models import Answer, Call
from tests.chaos.people import Someone

SETTLED_S = 3.0
"""An answer counts as given when the person finished it this long before their line went down, not counting the time
in which a web process or the vendors stood still, nor two seconds after a cut of the database's connections. In it the
model hears that the person has finished (0.5 s), reports the answer, and the records are written (once a second)."""


@dataclass
class Verdict:
    calls: int
    endings: Counter[str]
    rung: int
    twice_rung: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    """From a line's end to its call's status, at most."""
    answers_given: int = 0
    answers_missing: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.twice_rung or self.lost or self.answers_missing)


def compare(
    people: Sequence[Someone], asked: Sequence[int], ledger: dict[str, Any], stalled_s: Callable[[float, float], float]
) -> Verdict:
    """`asked` are the ids of the calls that the API took; `ledger` is the simulator's."""
    rows = {call.pk: call for call in Call.objects.all()}
    lines = [line for line in ledger["calls"] if any(one["stage"] == "ringing" for one in line["stages"])]
    rung = Counter(_call_id(line) for line in lines)
    verdict = Verdict(
        calls=len(asked),
        endings=Counter(f"{call.status} / {call.end_reason}" for call in rows.values()),
        rung=len(lines),
        twice_rung=[f"call {pk}: {times} times" for pk, times in rung.items() if times > 1],
        lost=[f"call {pk}: {_state(rows.get(pk))}" for pk in asked if not _has_ended(rows.get(pk))]
        + [f"call {pk} was rung and is in no row" for pk in rung if pk not in rows],
    )
    known = {someone.number: someone for someone in people}
    kept = set(Answer.objects.values_list("call_id", "heard"))
    for line in lines:
        call = rows.get(_call_id(line))
        if call and call.ended_at:
            verdict.slowest_s = max(verdict.slowest_s, call.ended_at.timestamp() - line["stages"][-1]["at"])
        for text in _given(line, known[line["to"]], stalled_s):
            verdict.answers_given += 1
            if (_call_id(line), text) not in kept:
                verdict.answers_missing.append(f"call {_call_id(line)}: an answer of {line['scenario']}")
    return verdict


def _given(line: dict[str, Any], someone: Someone, stalled_s: Callable[[float, float], float]) -> list[str]:
    """The answers that the person had given when the line went down. A model that is lost hears no more answers."""
    at = {one["stage"]: one["at"] for one in line["stages"]}
    if "stream-started" not in at or "model_faults" in someone.faults:
        return []
    began, ended = at["stream-started"], at.get("stream-stopped", at[line["status"]])
    found = []
    for said in line["said"]:
        finished = began + said["end_ms"] / 1000
        if said["text"] in someone.answers and ended - finished - stalled_s(finished, ended) >= SETTLED_S:
            found.append(said["text"])
    return found


def _call_id(line: dict[str, Any]) -> int:
    return int(line["status_callback"].rsplit("/", 1)[1])


def _has_ended(call: Call | None) -> bool:
    return call is not None and call.stage == "ended" and call.status != "in_progress" and bool(call.end_reason)


def _state(call: Call | None) -> str:
    return f"{call.stage}, {call.status}" if call else "has no row"
