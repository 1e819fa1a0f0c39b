"""What time does to a talk: silence, a pause on the keypad, the limit."""

from dataclasses import replace

from calls.voice import actions, events
from tests.talks import PLAN, Talk, ending, kinds


def test_after_a_silence_the_person_is_asked_once_and_after_another_the_call_ends() -> None:
    talk = Talk()
    talk.greet()
    assert talk.wait(9.9) == []
    assert talk.wait(0.1) == [
        actions.AddSystemMessage('The person has been silent. Say exactly: "Are you still there?"'),
        actions.CreateResponse(),
    ]
    response = talk.respond()
    talk.say(response)
    talk.finish(response)
    talk.hear_out()
    talk.wait(10)
    assert ending(talk.outcome()) == "not_reached/silence"


def test_who_speaks_after_being_asked_is_asked_again_before_the_call_ends() -> None:
    talk = Talk()
    talk.greet()
    talk.wait(10)
    talk.finish(talk.respond())
    talk.caller_says("Yes, one moment.")
    assert kinds(talk.wait(10)) == ["AddSystemMessage", "CreateResponse"]


def test_it_is_no_silence_while_the_agent_is_still_being_heard() -> None:
    talk = Talk(replace(PLAN, silence_s=1))
    talk.connect()
    response = talk.respond()
    talk.say(response, ms=30_000)
    talk.finish(response)
    assert talk.wait(15) == []


def test_it_is_no_silence_while_the_person_speaks() -> None:
    talk = Talk()
    talk.greet()
    talk.tell(events.CallerStartedSpeaking("item_c", 3000))
    assert talk.wait(60) == []


def test_keys_pressed_go_to_the_model_together_and_into_the_transcript_but_not_into_the_history() -> None:
    talk = Talk()
    talk.greet()
    for digit in "4321":
        assert talk.tell(events.DigitPressed(digit)) == [actions.KeepEvent("digit_pressed", {})]
        talk.wait(0.5)
    todo = talk.wait(2)
    assert kinds(todo) == ["KeepTurn", "AddSystemMessage", "CreateResponse"]
    [turn] = [action for action in todo if isinstance(action, actions.KeepTurn)]
    assert (turn.speaker, turn.text) == ("caller", "4 3 2 1")


def test_the_time_limit_ends_the_call() -> None:
    talk = Talk(replace(PLAN, time_limit_s=60))
    talk.greet()
    talk.tell(events.CallerStartedSpeaking("item_c", 2000))
    talk.wait(60)
    talk.wait(5)
    assert ending(talk.outcome()) == "unsuccessful_call/max_duration"
