"""The session from the start of the stream to its end, and the talk while it lasts: every rule, one event at a time."""

from calls.voice import actions, events
from tests.talks import GREETING, Talk, ending, kinds, sound

# -- the greeting ------------------------------------------------------------------------------------------------


def test_nothing_is_asked_of_the_model_before_its_session_has_our_settings() -> None:
    talk = Talk()
    assert kinds(talk.tell(events.SessionCreated("sess_1"))) == ["ConfigureSession"]
    assert talk.all(actions.CreateResponse) == []
    talk.tell(events.SessionUpdated())
    assert talk.all(actions.CreateResponse) == [actions.CreateResponse(GREETING)]


def test_a_second_session_updated_does_not_greet_again() -> None:
    talk = Talk()
    talk.connect()
    assert talk.tell(events.SessionUpdated()) == []


def test_the_callers_first_audio_is_held_and_sent_in_order_before_the_greeting() -> None:
    talk = Talk()
    assert [talk.tell(events.CallerAudio(payload, 0)) for payload in (b"AAAA", b"BBBB")] == [[], []]
    talk.tell(events.SessionCreated("sess_1"))
    talk.tell(events.CallerAudio(b"CCCC", 40))
    todo = talk.tell(events.SessionUpdated())
    assert [action for action in todo if not isinstance(action, actions.KeepEvent)] == [
        actions.AppendAudio(b"AAAA"),
        actions.AppendAudio(b"BBBB"),
        actions.AppendAudio(b"CCCC"),
        actions.CreateResponse(GREETING),
    ]
    assert talk.tell(events.CallerAudio(b"DDDD", 60)) == [actions.AppendAudio(b"DDDD")]


def test_a_model_that_is_not_ready_in_time_ends_the_call() -> None:
    talk = Talk()
    talk.tell(events.SessionCreated("sess_1"))
    assert talk.wait(14.9) == []
    assert kinds(talk.wait(0.1)) == ["HangUp", "CloseModel", "Conclude"]
    assert (ending(talk.outcome()), talk.outcome().vendor_code) == ("system_error/relay_lost", "timeout")


def test_who_hangs_up_before_the_model_is_there_ends_the_call_at_once() -> None:
    talk = Talk()
    assert kinds(talk.tell(events.StreamStopped())) == ["HangUp", "CloseModel", "Conclude"]
    assert ending(talk.outcome()) == "user_hung_up/customer_hung_up"
    assert talk.session.deadline is None


# -- barge-in ----------------------------------------------------------------------------------------------------


def test_the_agents_voice_is_played_with_a_mark_of_its_own_for_each_piece() -> None:
    talk = Talk()
    talk.connect()
    response = talk.respond()
    assert talk.say(response, ms=400) == [actions.PlayAudio(sound(400)), actions.SendMark("m1")]
    assert talk.say(response, ms=400) == [actions.PlayAudio(sound(400)), actions.SendMark("m2")]


def test_a_barge_in_clears_the_line_and_then_tells_the_model_what_was_heard() -> None:
    talk = Talk()
    talk.connect()
    response = talk.respond()
    for _ in range(3):
        talk.say(response, ms=400)
    talk.now += 0.4
    talk.tell(events.MarkReached("m1"))
    talk.now += 0.25
    todo = talk.tell(events.CallerStartedSpeaking("item_c", 600))
    assert kinds(todo) == ["ClearLine", "KeepSound", "TruncateItem", "KeepEvent"]
    assert todo[1:3] == [
        actions.KeepSound(at_ms=400, ms=250, payload=sound(400)),
        actions.TruncateItem("item_resp_1", 650),
    ]


def test_marks_that_a_clear_sends_back_say_nothing() -> None:
    talk = Talk()
    talk.connect()
    response = talk.respond()
    for _ in range(3):
        talk.say(response, ms=400)
    talk.tell(events.CallerStartedSpeaking("item_c", 0))
    heard = talk.all(actions.KeepSound)
    assert [talk.tell(events.MarkReached(mark)) for mark in ("m1", "m2", "m3")] == [[], [], []]
    assert talk.all(actions.KeepSound) == heard


def test_late_audio_of_an_interrupted_response_is_dropped_and_that_of_the_next_is_played() -> None:
    talk = Talk()
    talk.connect()
    response = talk.respond()
    talk.say(response)
    talk.tell(events.CallerStartedSpeaking("item_c", 0))
    assert talk.say(response) == []
    talk.finish(response, "cancelled")
    talk.tell(events.CallerStoppedSpeaking("item_c", 500))
    assert kinds(talk.say(talk.respond())) == ["PlayAudio", "SendMark"]


def test_late_audio_is_dropped_when_the_response_had_ended_before_the_person_spoke() -> None:
    """The response is delivered faster than it is played: what is cut is an item of a finished response."""
    talk = Talk()
    talk.connect()
    response = talk.respond()
    talk.say(response, ms=4000, item="item_a")
    talk.finish(response)
    talk.now += 1
    assert actions.TruncateItem("item_a", 1000) in talk.tell(events.CallerStartedSpeaking("item_c", 0))
    assert talk.say(response, item="item_a") == []


def test_speaking_while_the_line_is_silent_interrupts_nothing() -> None:
    talk = Talk()
    talk.greet()
    assert talk.tell(events.CallerStartedSpeaking("item_c", 5000)) == []


# -- the model's turns -------------------------------------------------------------------------------------------


def test_a_response_asked_for_while_one_runs_waits_for_its_end() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("March fifth 1985")
    response = talk.respond()
    todo = talk.call(response, "record_answer", question_id="q1", heard="March fifth 1985", value="1985-03-05")
    assert kinds(todo) == ["KeepAnswer", "KeepEvent", "AnswerTool"]
    assert talk.finish(response) == [actions.CreateResponse()]


def test_two_tool_calls_of_one_response_are_owed_one_response() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("March fifth 1985, and 4321")
    response = talk.respond()
    talk.call(response, "record_answer", question_id="q1", heard="March fifth 1985", value="1985-03-05")
    talk.call(response, "record_answer", question_id="q2", heard="4321", value="4321")
    assert talk.finish(response) == [actions.CreateResponse()]


def test_a_response_the_server_refused_because_one_was_active_is_asked_for_again_at_its_end() -> None:
    talk = Talk()
    talk.connect()
    response = talk.respond()
    assert talk.tell(events.ModelError("conversation_already_has_active_response", "busy")) == []
    assert talk.finish(response) == [actions.CreateResponse()]


def test_the_person_speaking_makes_an_owed_response_needless_for_the_server_answers_by_itself() -> None:
    talk = Talk()
    talk.greet()
    response = talk.respond()
    talk.call(response, "call_reflection_data", status="in_progress")
    talk.tell(events.CallerStartedSpeaking("item_c", 9000))
    assert talk.finish(response, "cancelled") == []


def test_a_response_that_brings_nothing_is_given_up_and_cancelled() -> None:
    talk = Talk()
    talk.connect()
    response = talk.respond()
    todo = talk.wait(20)
    assert todo[:2] == [actions.KeepEvent("model_error", {"code": "stalled"}), actions.CancelResponse(response)]


def test_the_end_of_a_response_that_was_given_up_does_not_end_the_next() -> None:
    talk = Talk()
    talk.connect()
    given_up = talk.respond()
    talk.wait(10)
    running = talk.respond()
    talk.finish(given_up, "cancelled")
    talk.call(running, "call_reflection_data", status="in_progress")
    assert talk.all(actions.CreateResponse) == [actions.CreateResponse(GREETING)]


def test_a_failed_response_is_tried_once_more_after_a_second_and_the_next_ends_the_call() -> None:
    talk = Talk()
    talk.greet()
    talk.finish(talk.respond(), "failed", error_code="server_error", error_message="oops")
    assert talk.wait(0.9) == []
    assert talk.wait(0.1) == [actions.CreateResponse()]
    todo = talk.finish(talk.respond(), "failed", error_code="server_error", error_message="oops")
    assert kinds(todo) == ["KeepEvent", "HangUp", "CloseModel", "Conclude"]
    outcome = talk.outcome()
    assert (ending(outcome), outcome.vendor_code, outcome.vendor_text) == (
        "system_error/model_error",
        "server_error",
        "oops",
    )


def test_a_response_that_failed_for_want_of_quota_is_not_tried_again() -> None:
    talk = Talk()
    talk.greet()
    talk.finish(talk.respond(), "failed", error_code="insufficient_quota")
    assert ending(talk.outcome()) == "system_error/model_quota"


def test_an_error_that_leaves_the_session_open_is_noted_and_one_that_does_not_ends_the_call() -> None:
    talk = Talk()
    talk.greet()
    assert talk.tell(events.ModelError("invalid_value", "no")) == [
        actions.KeepEvent("model_error", {"code": "invalid_value"})
    ]
    assert talk.tell(events.ModelError("response_cancel_not_active", "no")) == []
    talk.tell(events.ModelError("session_expired", "Your session hit the maximum duration."))
    assert (ending(talk.outcome()), talk.outcome().vendor_code) == ("system_error/model_error", "session_expired")


def test_any_error_before_the_session_is_ours_ends_the_call() -> None:
    talk = Talk()
    talk.tell(events.SessionCreated("sess_1"))
    talk.tell(events.ModelError("invalid_value", "Invalid voice."))
    assert (ending(talk.outcome()), talk.outcome().vendor_text) == ("system_error/model_error", "Invalid voice.")


def test_malformed_messages_of_the_model_are_borne_four_times_and_of_the_line_not_once() -> None:
    talk = Talk()
    talk.greet()
    for _ in range(4):
        note = actions.KeepEvent("malformed", {"source": "model", "reason": "not JSON"})
        assert talk.tell(events.Malformed("model", "not JSON")) == [note]
    talk.tell(events.Malformed("model", "not JSON"))
    assert (ending(talk.outcome()), talk.outcome().vendor_code) == ("system_error/relay_lost", "malformed")
    other = Talk()
    other.tell(events.Malformed("line", "not JSON"))
    assert ending(other.outcome()) == "system_error/relay_lost"


def test_tokens_of_every_response_and_transcription_are_added_up() -> None:
    talk = Talk()
    talk.greet()
    talk.finish(talk.respond(), usage={"text_in": 10, "audio_out": 5})
    talk.finish(talk.respond(), usage={"text_in": 7})
    talk.tell(events.CallerTranscript("item_c", "Yes", {"in": 3, "out": 1}))
    talk.tell(events.StreamStopped())
    talk.finish("resp_r", purpose="reflection", usage={"text_in": 100})
    assert talk.outcome().usage == {
        "text_in": 117,
        "audio_out": 5,
        "transcription_in": 3,
        "transcription_out": 1,
    }
