"""Who picked up: by the first words, by the carrier's detection, by the model; and what is then said or left unsaid."""

from dataclasses import replace

import pytest

from calls.voice import actions, events
from calls.voice.answering import Answerer, classify, of_detection
from tests.talks import PLAN, Talk, ending

GREETING = "You have reached Viola. I can't come to the phone. Please leave a message after the tone."
SCREENER = "Hi, if you record your name and reason for calling, I'll see if this person is available."
MESSAGE = "Hello, this is a message for Ada Bright. We will call again. Goodbye."
REPLY = "This is an automated assistant, calling for Ada Bright."
LEAVES = replace(PLAN, voicemail_message=MESSAGE)
REPLIES = replace(PLAN, screening_reply=REPLY)


@pytest.mark.parametrize(
    ("text", "answerer"),
    [
        (GREETING, Answerer.VOICEMAIL),
        ("Your call has been forwarded to an automated voice messaging system.", Answerer.VOICEMAIL),
        ("The person you are trying to reach is not available. At the tone, please record your message.", "voicemail"),
        ("Hey, it's Tom, leave your name and number and I'll get back to you as soon as I can.", "voicemail"),
        ("The mailbox is full and cannot accept any messages at this time. Goodbye.", "voicemail"),
        (SCREENER, Answerer.SCREENING),
        ("Hi. The person you're calling is using a screening service from Google and will get a copy.", "screening"),
        ("Please state your name after the tone and I will see if they are free.", "screening"),
        ("Before I try to connect you, can I ask who's calling?", "screening"),
        ("Thank you for calling Acme. For sales, press 1. For service, press two.", Answerer.MENU),
        ("Please listen carefully, as our menu options have changed.", "menu"),
        ("Hello?", Answerer.HUMAN),
        ("Yes, speaking.", "human"),
        ("This is Ada, who is this?", "human"),
        ("She is not here, can I take a message?", "human"),
        ("I'm driving, can you call me back later?", "human"),
        ("I work at the press office, five days a week.", "human"),
        ("", "human"),
    ],
)
def test_the_first_words_tell_who_answered(text: str, answerer: str) -> None:
    assert classify(text) == answerer


def test_the_carriers_unknown_says_nothing() -> None:
    found = [of_detection(word) for word in ("human", "machine_start", "machine_end_beep", "fax", "unknown", "")]
    assert found == ["human", "voicemail", "voicemail", "voicemail", None, None]


# -- with nothing to say to machines -------------------------------------------------------------------------------


def test_a_voicemail_heard_by_its_greeting_is_hung_up_whatever_the_model_thinks() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says(GREETING)
    assert ending(talk.outcome()) == "not_reached/voicemail"
    assert actions.KeepEvent("machine", {"ending": "voicemail"}) in talk.did


def test_a_machine_detected_by_the_carrier_is_hung_up_before_anything_was_understood() -> None:
    talk = Talk()
    talk.greet()
    talk.tell(events.MachineDetected("machine_start"))
    assert ending(talk.outcome()) == "not_reached/voicemail"


def test_a_person_who_was_heard_is_not_turned_into_a_machine_by_a_late_detection() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("Yes, speaking.")
    talk.tell(events.MachineDetected("machine_end_other"))
    assert talk.all(actions.Conclude) == []


def test_a_person_who_speaks_of_messages_later_is_no_machine() -> None:
    talk = Talk()
    talk.greet()
    for text in ("Hello?", "Yes, speaking.", "March fifth", "You can leave a message after the tone next time."):
        talk.caller_says(text)
    assert talk.all(actions.Conclude) == []


def test_a_menu_is_not_the_person() -> None:
    talk = Talk()
    talk.greet()
    talk.caller_says("Thank you for calling Acme. For sales, press 1.")
    assert ending(talk.outcome()) == "not_reached/screened"


# -- with something to say ---------------------------------------------------------------------------------------


def orders(talk: Talk) -> list[str]:
    return [action.instructions for action in talk.all(actions.CreateResponse)][1:]


def test_the_message_is_left_after_the_beep_and_heard_to_its_end_before_the_hang_up() -> None:
    talk = Talk(LEAVES)
    talk.greet()
    talk.caller_says(GREETING)
    talk.wait(1.9)
    assert orders(talk) == []
    talk.wait(0.2)
    assert orders(talk) == [f'Say exactly: "{MESSAGE}"']
    message = talk.respond()
    talk.say(message, ms=3000, text=MESSAGE)
    talk.finish(message)
    assert talk.all(actions.Conclude) == []
    talk.hear_out()
    assert ending(talk.outcome()) == "not_reached/voicemail"


def test_the_models_wish_to_hang_up_on_a_voicemail_leaves_the_message_first() -> None:
    talk = Talk(LEAVES)
    talk.greet()
    response = talk.respond()
    talk.call(response, "hang_up_call", reason="voicemail")
    talk.finish(response)
    talk.wait(2.1)
    assert orders(talk) == [f'Say exactly: "{MESSAGE}"']


def test_a_late_beep_has_the_message_left_once_more_after_it() -> None:
    talk = Talk(LEAVES)
    talk.greet()
    talk.caller_says(GREETING)
    talk.wait(2.1)
    talk.say(talk.respond(), ms=3000, text=MESSAGE)
    talk.tell(events.CallerStartedSpeaking("beep", 9000))
    talk.finish("resp_2", "cancelled")
    talk.tell(events.CallerStoppedSpeaking("beep", 9500))
    talk.wait(2.1)
    assert orders(talk) == [f'Say exactly: "{MESSAGE}"'] * 2


def test_a_screener_is_told_who_calls_and_the_person_then_put_through_is_greeted_by_the_model() -> None:
    talk = Talk(REPLIES)
    talk.greet()
    talk.caller_says(SCREENER)
    talk.wait(2.1)
    assert orders(talk) == [f'Say exactly: "{REPLY}"']
    reply = talk.respond()
    talk.say(reply, text=REPLY)
    talk.finish(reply)
    talk.hear_out()
    talk.wait(20)
    talk.caller_says("Hello, this is Ada.")
    talk.wait(5)
    assert talk.all(actions.Conclude) == []


def test_a_screener_that_fetches_nobody_is_given_up_after_half_a_minute() -> None:
    talk = Talk(REPLIES)
    talk.greet()
    talk.caller_says(SCREENER)
    talk.wait(2.1)
    reply = talk.respond()
    talk.say(reply, text=REPLY)
    talk.finish(reply)
    talk.hear_out()
    talk.wait(31)
    assert ending(talk.outcome()) == "not_reached/screened"
