"""When the voice model fails in the middle of a call: one lost socket is opened anew, and nobody is left in silence."""

from dataclasses import replace

from calls.voice import actions, events
from calls.voice.script import APOLOGY
from tests.talks import GREETING, PLAN, Talk, ending, kinds, sound

SORRY = replace(PLAN, apology=(sound(400), sound(400)))
BIRTH_ASKED = "What is your date of birth?"


def talking(plan: object = PLAN) -> Talk:
    """Past the greeting, with the first question asked."""
    talk = Talk(SORRY if plan is SORRY else PLAN)
    talk.greet()
    talk.caller_says("Yes, speaking.", item="c1")
    response = talk.respond()
    talk.say(response, text=BIRTH_ASKED)
    talk.finish(response)
    talk.hear_out()
    return talk


def reopened(talk: Talk) -> list[actions.Action]:
    talk.tell(events.SessionCreated("sess_2"))
    return talk.tell(events.SessionUpdated())


# -- a lost socket -----------------------------------------------------------------------------------------------


def test_a_lost_socket_is_opened_anew_and_the_model_told_what_was_said() -> None:
    talk = talking()
    assert kinds(talk.tell(events.ModelLost(1006))) == ["KeepEvent", "OpenModel"]
    talk.tell(events.CallerAudio(b"AAAA", 9000))
    todo = [action for action in reopened(talk) if not isinstance(action, actions.KeepEvent)]
    sorry = f'Say exactly: "I am sorry, we were cut off for a moment. {BIRTH_ASKED}"'
    assert todo == [
        actions.AppendAudio(b"AAAA"),
        actions.AddHistory("agent", "Hello. Am I speaking with Ada Bright?"),
        actions.AddHistory("caller", "Yes, speaking."),
        actions.AddHistory("agent", BIRTH_ASKED),
        actions.AddSystemMessage(f"The connection was lost for a moment and is back. {sorry}"),
        actions.CreateResponse(),
    ]


def test_a_socket_lost_during_the_greeting_greets_anew() -> None:
    talk = Talk()
    talk.connect()
    talk.respond()
    talk.tell(events.ModelLost(1006))
    told = next(action for action in reopened(talk) if isinstance(action, actions.AddSystemMessage))
    assert told.text.endswith(GREETING)


def test_times_of_the_second_socket_are_times_of_the_call() -> None:
    talk = talking()
    talk.tell(events.ModelLost(1006))
    talk.tell(events.CallerAudio(b"AAAA", 9000))
    reopened(talk)
    talk.tell(events.CallerStartedSpeaking("c2", 500))
    talk.tell(events.CallerStoppedSpeaking("c2", 900))
    [turn] = [
        action for action in talk.tell(events.CallerTranscript("c2", "Hello?")) if isinstance(action, actions.KeepTurn)
    ]
    assert (turn.start_ms, turn.end_ms) == (9500, 9900)


def test_what_the_line_had_been_given_plays_on_meanwhile() -> None:
    talk = talking()
    response = talk.respond()
    talk.say(response, ms=1000)
    talk.tell(events.ModelLost(1006))
    assert kinds(talk.hear_out()) == ["KeepSound"]


def test_a_second_loss_ends_the_call() -> None:
    talk = talking()
    talk.tell(events.ModelLost(1006))
    reopened(talk)
    talk.tell(events.ModelLost(1011, "keepalive"))
    assert (ending(talk.outcome()), talk.outcome().vendor_code) == ("system_error/relay_lost", "1011")


def test_a_socket_that_is_not_back_in_three_seconds_ends_the_call() -> None:
    talk = talking()
    talk.tell(events.ModelLost(1006))
    assert talk.wait(2.9) == []
    assert kinds(talk.wait(0.1)) == ["HangUp", "CloseModel", "Conclude"]
    assert ending(talk.outcome()) == "system_error/relay_lost"


def test_a_socket_that_cannot_be_opened_again_ends_the_call() -> None:
    talk = talking()
    talk.tell(events.ModelLost(1006))
    talk.tell(events.ModelRefused(401, "invalid_api_key", "revoked"))
    assert ending(talk.outcome()) == "system_error/model_auth"


def test_who_hangs_up_while_the_socket_is_away_has_hung_up() -> None:
    talk = talking()
    talk.tell(events.ModelLost(1006))
    talk.tell(events.StreamStopped())
    assert ending(talk.outcome()) == "user_hung_up/customer_hung_up"


def test_a_socket_lost_after_the_goodbye_lets_it_be_heard_and_closes_the_line() -> None:
    talk = talking()
    response = talk.respond()
    talk.say(response, text="Thank you. Goodbye.")
    talk.call(response, "hang_up_call", reason="completed")
    talk.finish(response)
    assert kinds(talk.tell(events.ModelLost(1006))) == ["KeepEvent"]
    assert "HangUp" in kinds(talk.hear_out())
    assert talk.outcome().status == "unsuccessful_call"


# -- the apology -------------------------------------------------------------------------------------------------


def test_the_person_hears_an_apology_to_its_end_before_the_line_closes() -> None:
    talk = Talk(SORRY)
    todo = talk.tell(events.ModelRefused(401, "invalid_api_key", "no"))
    assert kinds(todo) == ["KeepEvent", "KeepTurn", "PlayAudio", "SendMark", "PlayAudio", "SendMark"]
    closed = talk.hear_out()
    assert [kind for kind in kinds(closed) if kind != "KeepSound"] == ["KeepTurn", "HangUp", "CloseModel", "Conclude"]
    assert (talk.all(actions.KeepTurn)[-1].text, ending(talk.outcome())) == (APOLOGY, "system_error/model_auth")


def test_an_apology_whose_marks_never_come_back_does_not_hold_the_line() -> None:
    talk = Talk(SORRY)
    talk.tell(events.ModelRefused(401, "invalid_api_key", "no"))
    assert talk.wait(2.7) == []
    assert "HangUp" in kinds(talk.wait(0.2))


def test_who_hangs_up_on_the_apology_was_still_failed_by_us() -> None:
    talk = Talk(SORRY)
    talk.tell(events.ModelRefused(429, "insufficient_quota", "no"))
    talk.tell(events.StreamStopped())
    assert ending(talk.outcome()) == "system_error/model_quota"


def test_there_is_no_apology_for_a_line_that_is_gone() -> None:
    talk = talking(SORRY)
    assert kinds(talk.tell(events.LineLost(1006, "gone"))) == ["HangUp", "AskReflection"]


# -- a model that falls silent -----------------------------------------------------------------------------------


def test_a_model_that_falls_silent_twice_is_given_up() -> None:
    talk = talking()
    talk.respond()
    talk.wait(10)
    assert talk.all(actions.Conclude) == []
    talk.respond()
    talk.wait(10)
    assert (ending(talk.outcome()), talk.outcome().vendor_code) == ("system_error/model_error", "stalled")
