"""How a conversation ends: tools, the goodbye, the reflection, and whoever is gone first."""

import json

import pytest

from calls.voice import actions, events
from tests.talks import Talk, ending, kinds


def answered(talk: Talk, *, digits: str = "4321") -> str:
    """Both questions asked and answered; returns the response that may say goodbye."""
    talk.greet()
    talk.caller_says("Yes, speaking.")
    talk.finish(talk.respond())
    talk.caller_says("March fifth, 1985")
    response = talk.respond()
    talk.call(response, "record_answer", question_id="q1", heard="March fifth, 1985", value="1985-03-05")
    talk.finish(response)
    talk.finish(talk.respond())
    talk.caller_says(digits)
    response = talk.respond()
    talk.call(response, "record_answer", question_id="q2", heard=digits, value=digits)
    talk.call(response, "call_reflection_data", status="successful_call")
    talk.finish(response)
    return talk.respond()


# -- tools -------------------------------------------------------------------------------------------------------


def test_a_tool_call_is_acted_on_once_though_the_wire_tells_of_it_twice() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("March fifth, 1985")
    arguments = json.dumps({"question_id": "q1", "heard": "March fifth, 1985", "value": "1985-03-05"})
    call = events.ToolCalled("resp_2", "call_a", "record_answer", arguments)
    response = talk.respond()
    assert kinds(talk.tell(call)) == ["KeepAnswer", "KeepEvent", "AnswerTool"]
    assert talk.tell(call) == []
    assert talk.finish(response, tool_calls=(call,)) == [actions.CreateResponse()]


def test_a_tool_call_that_only_the_end_of_the_response_tells_of_is_acted_on() -> None:
    talk = Talk()
    talk.greet()
    call = events.ToolCalled("resp_2", "call_a", "call_reflection_data", '{"status": "in_progress"}')
    assert kinds(talk.finish(talk.respond(), tool_calls=(call,))) == ["KeepEvent", "AnswerTool", "CreateResponse"]


def test_a_tool_call_that_cannot_be_acted_on_is_answered_with_an_error_and_noted() -> None:
    talk = Talk()
    talk.greet()
    response = talk.respond()
    assert talk.call(response, "launch_missiles", call_id="call_a") == [
        actions.KeepEvent("tool_refused", {"tool": "launch_missiles", "reason": "there is no such tool"}),
        actions.AnswerTool("call_a", "error: there is no such tool"),
    ]
    assert talk.finish(response) == [actions.CreateResponse()]


@pytest.mark.parametrize("reason", ["voicemail", "screened"])
def test_a_machine_ends_the_call_at_once_and_nothing_more_is_said(reason: str) -> None:
    talk = Talk()
    talk.connect()
    response = talk.respond()
    talk.say(response)
    assert kinds(talk.call(response, "hang_up_call", reason=reason)) == [
        "KeepEvent",
        "ClearLine",
        "HangUp",
        "KeepTurn",
        "CloseModel",
        "Conclude",
    ]
    assert ending(talk.outcome()) == f"not_reached/{reason}"


# -- the goodbye -------------------------------------------------------------------------------------------------


def test_the_line_closes_once_the_goodbye_has_been_heard() -> None:
    talk = Talk()
    response = answered(talk)
    talk.say(response, ms=1000, text="Goodbye.")
    talk.call(response, "hang_up_call", reason="completed")
    assert talk.finish(response) == []
    assert kinds(talk.hear_out())[-3:] == ["HangUp", "CloseModel", "Conclude"]
    assert (ending(talk.outcome()), talk.outcome().needs_review) == ("successful_call/completed", False)


def test_after_a_hang_up_call_the_model_is_not_asked_for_more() -> None:
    talk = Talk()
    response = answered(talk)
    talk.say(response)
    asked = len(talk.all(actions.CreateResponse))
    talk.call(response, "hang_up_call", reason="completed")
    talk.finish(response)
    assert len(talk.all(actions.CreateResponse)) == asked


def test_a_goodbye_whose_marks_never_come_back_closes_the_line_all_the_same() -> None:
    talk = Talk()
    response = answered(talk)
    talk.say(response, ms=3000)
    talk.call(response, "hang_up_call", reason="completed")
    talk.finish(response)
    assert talk.wait(4.9) == []
    assert kinds(talk.wait(0.1))[-1] == "Conclude"


def test_a_goodbye_response_that_never_ends_closes_the_line_all_the_same() -> None:
    talk = Talk()
    response = answered(talk)
    talk.call(response, "hang_up_call", reason="completed")
    talk.wait(20)
    assert ending(talk.outcome()) == "successful_call/completed"


def test_speaking_over_the_goodbye_keeps_the_line_open_twice_and_then_no_more() -> None:
    talk = Talk()
    response = answered(talk)
    for _ in range(2):
        talk.say(response)
        talk.call(response, "hang_up_call", reason="completed")
        todo = talk.caller_says("One more thing")
        assert kinds(todo)[:4] == ["ClearLine", "TruncateItem", "KeepEvent", "AddSystemMessage"]
        talk.finish(response, "cancelled")
        response = talk.respond()
    talk.say(response)
    talk.call(response, "hang_up_call", reason="completed")
    assert kinds(talk.caller_says("Bye")) == ["KeepTurn"]
    talk.finish(response)
    talk.hear_out()
    assert ending(talk.outcome()) == "successful_call/completed"


def test_who_goes_on_talking_after_the_goodbye_does_not_keep_the_line_for_ever() -> None:
    """The server answers whatever the person says, and each answer takes its time to be heard."""
    talk = Talk()
    response = answered(talk)
    for _ in range(2):
        talk.call(response, "hang_up_call", reason="completed")
        talk.caller_says("Wait")
        talk.finish(response, "cancelled")
        response = talk.respond()
    talk.call(response, "hang_up_call", reason="completed")
    began = talk.now
    while not talk.all(actions.Conclude) and talk.now < began + 100:
        talk.say(response, ms=3000)
        talk.finish(response)
        talk.wait(1)
        response = talk.respond()
    assert talk.now - began < 10


def test_who_hangs_up_during_the_goodbye_has_heard_the_call_to_its_end() -> None:
    talk = Talk()
    response = answered(talk)
    talk.say(response)
    talk.call(response, "hang_up_call", reason="completed")
    talk.tell(events.StreamStopped())
    assert ending(talk.outcome()) == "successful_call/completed"


# -- the reflection ----------------------------------------------------------------------------------------------


def test_who_hangs_up_first_the_model_is_asked_about_out_of_band() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("Yes, speaking.")
    assert kinds(talk.tell(events.StreamStopped())) == ["HangUp", "AskReflection"]
    reflect = events.ToolCalled("resp_r", "call_r", "call_reflection_data", '{"status": "user_hung_up"}')
    todo = talk.finish("resp_r", purpose="reflection", tool_calls=(reflect,))
    assert kinds(todo) == ["KeepEvent", "CloseModel", "Conclude"]
    outcome = talk.outcome()
    assert (ending(outcome), outcome.reflection) == ("user_hung_up/customer_hung_up", "user_hung_up")


def test_a_reflection_that_does_not_come_within_five_seconds_is_not_waited_for() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("Yes, speaking.")
    talk.tell(events.StreamStopped())
    assert talk.wait(4.9) == []
    assert kinds(talk.wait(0.1)) == ["CloseModel", "Conclude"]


def test_a_person_who_never_spoke_is_not_reflected_upon() -> None:
    talk = Talk()
    talk.greet()
    assert kinds(talk.tell(events.StreamStopped())) == ["HangUp", "CloseModel", "Conclude"]


def test_an_answer_recorded_after_the_person_hung_up_still_counts() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("March fifth, 1985")
    response = talk.respond()
    talk.tell(events.StreamStopped())
    todo = talk.call(response, "record_answer", question_id="q1", heard="March fifth, 1985", value="1985-03-05")
    assert kinds(todo) == ["KeepAnswer", "KeepEvent"]


def test_a_transcript_that_comes_after_the_line_closed_is_kept() -> None:
    talk = Talk()
    talk.greet()
    talk.tell(events.CallerStartedSpeaking("item_c", 3000))
    talk.tell(events.StreamStopped())
    talk.tell(events.CallerStoppedSpeaking("item_c", 3500))
    [turn] = talk.tell(events.CallerTranscript("item_c", "I must go."))
    assert turn == actions.KeepTurn("item_c", "caller", "I must go.", 3000, 3500)


def test_what_the_person_said_without_a_transcript_is_kept_with_no_text() -> None:
    talk = Talk()
    talk.greet()
    talk.tell(events.CallerStartedSpeaking("item_c", 3000))
    talk.tell(events.CallerStoppedSpeaking("item_c", 3500))
    talk.tell(events.StreamStopped())
    talk.wait(5)
    assert actions.KeepTurn("item_c", "caller", "", 3000, 3500) in talk.did


# -- whoever is gone ---------------------------------------------------------------------------------------------


def test_a_lost_line_is_not_the_persons_doing() -> None:
    talk = Talk()
    talk.greet()
    talk.tell(events.LineLost(1006, "gone"))
    outcome = talk.outcome()
    assert (ending(outcome), outcome.vendor_code, outcome.vendor_text) == ("system_error/relay_lost", "1006", "gone")


def test_a_model_lost_for_good_ends_the_call_and_nothing_is_asked_of_it() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("Yes, speaking.")
    todo = talk.tell(events.ModelLost(4000, "beta_api_shape_disabled"))
    assert kinds(todo) == ["KeepEvent", "HangUp", "CloseModel", "Conclude"]
    assert (ending(talk.outcome()), talk.outcome().vendor_code) == ("system_error/relay_lost", "4000")


def test_a_model_lost_while_reflecting_changes_nothing() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("Yes, speaking.")
    talk.tell(events.StreamStopped())
    assert kinds(talk.tell(events.ModelLost(1006))) == ["CloseModel", "Conclude"]
    assert ending(talk.outcome()) == "user_hung_up/customer_hung_up"


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (events.ModelRefused(401, "invalid_api_key", "no"), "system_error/model_auth"),
        (events.ModelRefused(403, "model_not_found", "no"), "system_error/model_access"),
        (events.ModelRefused(404, "", "no"), "system_error/model_access"),
        (events.ModelRefused(429, "insufficient_quota", "no"), "system_error/model_quota"),
        (events.ModelRefused(429, "", "no"), "system_error/model_rate_limited"),
        (events.ModelRefused(502, "", "no"), "system_error/model_error"),
    ],
)
def test_a_refused_handshake_ends_the_call_with_the_vendors_reason(refusal: events.ModelRefused, expected: str) -> None:
    talk = Talk()
    talk.tell(refusal)
    outcome = talk.outcome()
    assert (ending(outcome), outcome.vendor_code) == (expected, refusal.code or str(refusal.status))


def test_the_first_reason_to_end_is_the_reason_and_the_call_is_concluded_once() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("Yes, speaking.")
    talk.tell(events.StreamStopped())
    for event in (events.LineLost(1006), events.Malformed("line", "x"), events.ModelLost(1006), events.StreamStopped()):
        talk.tell(event)
    talk.wait(100)
    assert ending(talk.outcome()) == "user_hung_up/customer_hung_up"


def test_nothing_is_done_after_the_end() -> None:
    talk = Talk()
    talk.greet()
    talk.tell(events.StreamStopped())
    late: list[events.Event] = [
        events.CallerAudio(b"AAAA", 1),
        events.ModelError("x", "y"),
        events.ResponseEnded("r", "completed"),
    ]
    assert [talk.tell(event) for event in late] == [[], [], []]
    assert talk.session.deadline is None
