"""The server's side of the model's tools: what is told, what is kept, and what is refused."""

import json
from typing import Any

import pytest

from calls.evidence import Fact, Question
from calls.voice.actions import KeepAnswer, KeepEvent
from calls.voice.interview import MAX_ARGUMENTS, Interview, ToolUse
from tests.talks import BIRTH, DIGITS

NEXT_Q2 = 'recorded. Next, ask q2: "What are the last four digits?"'
AGAIN_Q1 = 'recorded. Ask q1 once more: "What is your date of birth?"'
LAST = "recorded. That was the last question. Call call_reflection_data, then say goodbye and call hang_up_call."


def interview(tries: int = 2) -> Interview:
    return Interview((BIRTH, DIGITS), tries)


def record(interview: Interview, question: str, heard: str, value: str = "") -> ToolUse:
    return use(interview, "record_answer", question_id=question, heard=heard, value=value)


def use(interview: Interview, tool: str, **arguments: Any) -> ToolUse:
    return interview.use(tool, json.dumps(arguments), start_ms=1000, end_ms=2000)


def test_an_answer_is_kept_with_its_verdict_and_place_and_the_model_is_told_what_is_next() -> None:
    used = record(interview(), "q1", "March fifth 1985", "1985-03-05")
    assert used == ToolUse(
        NEXT_Q2,
        [
            KeepAnswer(
                question_id="q1",
                key="date_of_birth",
                asked="What is your date of birth?",
                heard="March fifth 1985",
                value="1985-03-05",
                verdict="match",
                method="date",
                score=1.0,
                start_ms=1000,
                end_ms=2000,
            ),
            KeepEvent("tool_called", {"tool": "record_answer", "question_id": "q1"}),
        ],
    )


def test_the_model_is_told_the_same_of_a_wrong_answer_and_of_one_not_understood() -> None:
    outputs = [record(interview(), "q1", heard).output for heard in ("June first 1952", "er", "I refuse", "")]
    assert outputs == [AGAIN_Q1] * 4


def test_on_the_last_try_the_model_is_told_the_same_of_a_right_and_a_wrong_answer() -> None:
    outputs = [record(interview(tries=1), "q1", heard).output for heard in ("March 5 1985", "June 1 1952")]
    assert outputs == [NEXT_Q2] * 2


def test_a_question_is_asked_as_often_as_the_script_allows_and_then_closed() -> None:
    asked = interview(tries=2)
    assert [record(asked, "q1", "June 1 1952").output for _ in range(2)] == [AGAIN_Q1, NEXT_Q2]
    third = record(asked, "q1", "March 5 1985")
    assert third.output == f"error: q1 has been recorded already. {NEXT_Q2}"
    assert [answer.verdict for answer in asked.answers] == ["mismatch", "mismatch"]
    assert asked.questions_left == 1


def test_after_the_last_question_the_model_is_told_to_close() -> None:
    asked = interview()
    record(asked, "q2", "4321")
    assert record(asked, "q1", "March 5 1985").output == LAST


def test_questions_may_be_answered_in_any_order() -> None:
    asked = interview()
    assert record(asked, "q2", "4321").output == 'recorded. Next, ask q1: "What is your date of birth?"'


def test_the_last_answer_to_a_question_is_the_one_that_counts() -> None:
    asked = interview()
    record(asked, "q1", "June 1 1952")
    record(asked, "q1", "March 5 1985")
    assert [(fact.question.id, answer.verdict) for fact, answer in asked.last_answers()] == [("q1", "match")]


def test_a_choice_is_compared_with_the_options_as_they_were_read() -> None:
    question = Question("q1", "street", "Which street?", "choice", ("Elm Court", "Mill Street", "Juniper Row"))
    asked = Interview((Fact(question, "Juniper Row"),), 2)
    assert record(asked, "q1", "the last one").kept[0].verdict == "match"  # type: ignore[union-attr]


@pytest.mark.parametrize("reason", ["wrong_person", "refuses", "call_later", "do_not_call"])
def test_a_decline_is_kept_with_its_reason(reason: str) -> None:
    asked = interview()
    assert use(asked, "decline", reason=reason) == ToolUse(
        "noted. Say goodbye politely and call hang_up_call.",
        [KeepEvent("tool_called", {"tool": "decline", "reason": reason})],
    )
    assert asked.declined == reason


def test_the_models_reflection_is_kept_and_answered_with_a_word() -> None:
    asked = interview()
    assert use(asked, "call_reflection_data", status="successful_call") == ToolUse(
        "noted.", [KeepEvent("reflection", {"status": "successful_call"})]
    )
    assert asked.reflection == "successful_call"


def test_a_hang_up_says_why_to_the_session_and_not_to_the_history() -> None:
    assert use(interview(), "hang_up_call", reason="He said 4321") == ToolUse(
        "The line closes once your goodbye has been heard.",
        [KeepEvent("tool_called", {"tool": "hang_up_call"})],
        hang_up="He said 4321",
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("record_answer", "{", "the arguments are not valid JSON"),
        ("record_answer", "[" * 3000, "the arguments are not valid JSON"),
        ("record_answer", "[]", "the arguments must be a JSON object"),
        ("record_answer", "{}", "question_id is required and must be a string"),
        (
            "record_answer",
            '{"question_id": 1, "heard": "", "value": ""}',
            "question_id is required and must be a string",
        ),
        (
            "record_answer",
            '{"question_id": "q1", "heard": null, "value": ""}',
            "heard is required and must be a string",
        ),
        (
            "record_answer",
            '{"question_id": "q9", "heard": "x", "value": "x"}',
            "there is no such question; the questions are q1, q2",
        ),
        ("record_answer", '"' + "x" * MAX_ARGUMENTS, f"the arguments are longer than {MAX_ARGUMENTS} characters"),
        ("decline", '{"reason": "bored"}', "reason must be one of wrong_person, refuses, call_later, do_not_call"),
        (
            "call_reflection_data",
            '{"status": "great"}',
            "status must be one of in_progress, successful_call, unsuccessful_call, user_hung_up, system_error",
        ),
        ("hang_up_call", "null", "the arguments must be a JSON object"),
        ("", "{}", "there is no such tool"),
    ],
)
def test_a_call_that_cannot_be_acted_on_changes_nothing_and_says_why(tool: str, arguments: str, reason: str) -> None:
    asked = interview()
    used = asked.use(tool, arguments, start_ms=0, end_ms=0)
    assert used == ToolUse(f"error: {reason}", [KeepEvent("tool_refused", {"tool": tool, "reason": reason})])
    assert (asked.answers, asked.declined, asked.reflection, asked.questions_left) == ([], "", "", 2)


def test_the_history_never_holds_what_the_model_wrote_in_a_wrong_place() -> None:
    used = interview().use(
        "record_answer", '{"question_id": "March 5 1985", "heard": "a", "value": "b"}', start_ms=0, end_ms=0
    )
    assert "1985" not in str(used.kept)
