"""Tools of the lender's own in the conversation: offered, run once, answered, and never in place of ours."""

from dataclasses import replace
from typing import Any

from calls.voice import actions, events
from tests.talks import PLAN, Talk, kinds

BALANCE: dict[str, Any] = {"type": "function", "name": "loan_balance", "description": "", "parameters": {}}


def _talk() -> Talk:
    talk = Talk(replace(PLAN, lender_tools=(BALANCE,)))
    talk.greet()
    return talk


def test_the_model_is_offered_ours_and_theirs() -> None:
    [configured] = _talk().all(actions.ConfigureSession)
    assert [tool["name"] for tool in configured.tools] == [
        *("record_answer", "decline", "call_reflection_data", "hang_up_call", "loan_balance"),
    ]


def test_a_tool_of_theirs_is_run_once_and_the_model_goes_on_when_it_has_answered() -> None:
    talk = _talk()
    response = talk.respond()
    asked = talk.call(response, "loan_balance", call_id="c", account="7")
    assert asked == [
        actions.KeepEvent("tool_called", {"tool": "loan_balance"}),
        actions.RunTool("c", "loan_balance", '{"account": "7"}'),
    ]
    called = events.ToolCalled(response, "c", "loan_balance", '{"account": "7"}')
    assert "RunTool" not in kinds(talk.finish(response, tool_calls=(called,)))
    assert talk.tell(events.ToolAnswered("c", "12")) == [actions.AnswerTool("c", "12"), actions.CreateResponse()]
    assert talk.tell(events.ToolAnswered("c", "13")) == []


def test_an_answer_after_the_model_s_socket_was_lost_is_nobody_s() -> None:
    talk = _talk()
    talk.call(talk.respond(), "loan_balance", call_id="c")
    talk.tell(events.ModelLost(1006))
    assert "AnswerTool" not in kinds(talk.tell(events.ToolAnswered("c", "12")))


def test_a_tool_that_nobody_offered_is_not_run() -> None:
    talk = Talk()
    talk.greet()
    assert "RunTool" not in kinds(talk.call(talk.respond(), "loan_balance"))
