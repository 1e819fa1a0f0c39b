"""The questions of one call and what came of them: the server's side of the model's tools. Pure.

The model is told "recorded" and what to ask next, never whether an answer was right. A question is asked again when its
answer did not match *or* was not understood, and the model cannot tell the two apart.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from calls.evidence import Fact, compare
from calls.voice.actions import KeepAnswer, KeepEvent
from calls.voice.tools import DECLINE_REASONS, REFLECTIONS

MAX_ARGUMENTS = 4000
"""Characters of a tool call's JSON: an answer is a sentence, not a document."""


class ToolError(Exception):
    """The model's call cannot be acted on; the text is for the model."""


def parse_arguments(text: str, *required: str) -> dict[str, str]:
    """The arguments of a tool call, each required one a string. Raises ToolError naming what is wrong."""
    if len(text) > MAX_ARGUMENTS:
        raise ToolError(f"the arguments are longer than {MAX_ARGUMENTS} characters")
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ToolError("the arguments are not valid JSON") from None
    if not isinstance(found, dict):
        raise ToolError("the arguments must be a JSON object")
    for name in required:
        if not isinstance(found.get(name), str):
            raise ToolError(f"{name} is required and must be a string")
    return {name: found[name] for name in required}


@dataclass(slots=True)
class ToolUse:
    """What came of a tool call: the text for the model, what to keep, and whether the line is to be closed."""

    output: str
    kept: list[KeepAnswer | KeepEvent]
    hang_up: str | None = None


@dataclass
class Interview:
    """What is to be asked, and the evidence so far. `facts` hold the expected answers and never leave the server."""

    facts: Sequence[Fact]
    tries_per_question: int
    answers: list[KeepAnswer] = field(default_factory=list)
    declined: str = ""
    reflection: str = ""
    _closed: set[str] = field(default_factory=set)

    @property
    def questions_left(self) -> int:
        return len(self.facts) - len(self._closed)

    @property
    def next_question(self) -> str:
        """The wording of the question that is to be answered next, or ""."""
        return next((fact.question.asked for fact in self.facts if fact.question.id not in self._closed), "")

    def last_answers(self) -> list[tuple[Fact, KeepAnswer]]:
        """Each question that was answered, with the last answer given to it."""
        last = {answer.question_id: answer for answer in self.answers}
        return [(fact, last[fact.question.id]) for fact in self.facts if fact.question.id in last]

    def use(self, tool: str, arguments: str, *, start_ms: int, end_ms: int) -> ToolUse:
        """Act on a tool call. Times are ms of the call where the person last spoke.

        A call that cannot be acted on changes nothing; the model is told why.
        """
        try:
            match tool:
                case "record_answer":
                    return self._record(arguments, start_ms, end_ms)
                case "decline":
                    return self._decline(arguments)
                case "call_reflection_data":
                    return self._reflect(arguments)
                case "hang_up_call":
                    return _hang_up(arguments)
            raise ToolError("there is no such tool")
        except ToolError as error:
            return ToolUse(f"error: {error}", [KeepEvent("tool_refused", {"tool": tool[:50], "reason": str(error)})])

    def _record(self, arguments: str, start_ms: int, end_ms: int) -> ToolUse:
        given = parse_arguments(arguments, "question_id", "heard", "value")
        fact = self._open_fact(given["question_id"])
        question = fact.question
        found = compare(question.kind, fact.expected, given["heard"], given["value"], options=question.options)
        answer = KeepAnswer(
            question_id=question.id,
            key=question.key,
            asked=question.asked,
            heard=given["heard"],
            value=given["value"],
            verdict=found.verdict,
            method=found.method,
            score=found.score,
            start_ms=start_ms,
            end_ms=end_ms,
        )
        self.answers.append(answer)
        tries = sum(1 for earlier in self.answers if earlier.question_id == question.id)
        again = found.verdict != "match" and tries < self.tries_per_question
        if not again:
            self._closed.add(question.id)
        return ToolUse(self._next(fact if again else None), [answer, _used("record_answer", question_id=question.id)])

    def _decline(self, arguments: str) -> ToolUse:
        self.declined = _one_of(arguments, "reason", DECLINE_REASONS)
        kept = _used("decline", reason=self.declined)
        return ToolUse("noted. Say goodbye politely and call hang_up_call.", [kept])

    def _reflect(self, arguments: str) -> ToolUse:
        self.reflection = _one_of(arguments, "status", REFLECTIONS)
        return ToolUse("noted.", [KeepEvent("reflection", {"status": self.reflection})])

    def _open_fact(self, question_id: str) -> Fact:
        fact = next((fact for fact in self.facts if fact.question.id == question_id), None)
        if fact is None:
            raise ToolError(f"there is no such question; the questions are {self._ids()}")
        if question_id in self._closed:
            raise ToolError(f"{question_id} has been recorded already. {self._next(None)}")
        return fact

    def _next(self, again: Fact | None) -> str:
        if again:
            return f'recorded. Ask {again.question.id} once more: "{again.question.asked}"'
        for fact in self.facts:
            if fact.question.id not in self._closed:
                return f'recorded. Next, ask {fact.question.id}: "{fact.question.asked}"'
        return (
            "recorded. That was the last question. Call call_reflection_data, then say goodbye and call hang_up_call."
        )

    def _ids(self) -> str:
        return ", ".join(fact.question.id for fact in self.facts)


def _hang_up(arguments: str) -> ToolUse:
    reason = parse_arguments(arguments, "reason")["reason"]
    return ToolUse("The line closes once your goodbye has been heard.", [_used("hang_up_call")], hang_up=reason)


def _one_of(arguments: str, name: str, allowed: Sequence[str]) -> str:
    value = parse_arguments(arguments, name)[name]
    if value not in allowed:
        raise ToolError(f"{name} must be one of {', '.join(allowed)}")
    return value


def _used(tool: str, **detail: str) -> KeepEvent:
    return KeepEvent("tool_called", {"tool": tool, **detail})
