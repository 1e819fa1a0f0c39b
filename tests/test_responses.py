"""One response of the model at a time."""

from calls.voice.actions import CancelResponse, CreateResponse
from calls.voice.events import AgentAudio
from calls.voice.responses import Responses


def test_a_second_response_is_asked_for_only_after_the_first_has_ended() -> None:
    responses = Responses()
    assert responses.ask("Say hello") == [CreateResponse("Say hello")]
    assert responses.ask() == []
    responses.started("resp_1")
    assert responses.owed() == []
    responses.ended("resp_1")
    assert responses.owed() == [CreateResponse()]
    assert responses.is_active


def test_nothing_is_owed_where_nothing_was_asked_for_meanwhile() -> None:
    responses = Responses()
    responses.ask()
    responses.started("resp_1")
    responses.ended("resp_1")
    assert (responses.owed(), responses.is_active) == ([], False)


def test_a_response_the_server_began_by_itself_is_waited_for_too() -> None:
    responses = Responses()
    responses.started("resp_1")
    assert responses.ask() == []


def test_audio_of_the_response_that_ran_when_the_person_spoke_is_dropped() -> None:
    responses = Responses()
    responses.started("resp_1")
    responses.caller_spoke()
    responses.drop_item("item_9")
    said = [
        AgentAudio("resp_1", "item_1", b"AAAA"),
        AgentAudio("resp_2", "item_9", b"AAAA"),
        AgentAudio("resp_2", "x", b""),
    ]
    assert [responses.is_dropped(audio) for audio in said] == [True, True, False]


def test_only_a_response_that_has_begun_can_be_cancelled() -> None:
    responses = Responses()
    assert responses.give_up() == []
    responses.ask()
    assert responses.give_up() == []
    responses.started("resp_1")
    assert responses.give_up() == [CancelResponse("resp_1")]
    assert not responses.is_active


def test_the_late_end_of_another_response_does_not_end_the_running_one() -> None:
    responses = Responses()
    responses.started("resp_2")
    responses.ended("resp_1")
    assert responses.is_active
