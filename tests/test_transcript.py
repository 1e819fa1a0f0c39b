"""The lines of both sides, whenever their text comes."""

from calls.voice.actions import KeepTurn
from calls.voice.transcript import Transcript


def test_a_callers_text_that_comes_late_has_the_place_where_it_was_said() -> None:
    transcript = Transcript()
    transcript.caller_started("item_c", 2000)
    transcript.caller_stopped("item_c", 3500)
    assert transcript.caller_text("item_c", "March fifth", 9000) == KeepTurn(
        "item_c", "caller", "March fifth", 2000, 3500
    )


def test_a_text_for_which_no_speech_was_told_of_stands_where_it_came() -> None:
    assert Transcript().caller_text("item_c", "Hello", 700) == KeepTurn("item_c", "caller", "Hello", 700, 700)


def test_texts_in_any_order_are_read_in_the_order_of_the_call() -> None:
    transcript = Transcript()
    transcript.caller_started("one", 1000)
    transcript.caller_started("two", 2000)
    transcript.caller_text("two", "second", 3000)
    transcript.caller_text("one", "first", 3100)
    assert transcript.said_by("caller") == [(1000, "first"), (2000, "second")]


def test_the_last_answer_is_where_the_person_last_spoke_and_not_what_was_transcribed_last() -> None:
    transcript = Transcript()
    assert transcript.last_answer_ms == (0, 0)
    transcript.caller_started("one", 1000)
    transcript.caller_stopped("one", 1400)
    transcript.caller_started("two", 2000)
    transcript.caller_stopped("two", 2600)
    transcript.caller_text("one", "first", 3000)
    assert transcript.last_answer_ms == (2000, 2600)


def test_an_end_before_its_beginning_is_no_negative_length() -> None:
    transcript = Transcript()
    transcript.caller_started("one", 1000)
    transcript.caller_stopped("one", 900)
    assert transcript.last_answer_ms == (1000, 1000)


def test_who_was_heard_without_a_text_has_spoken_and_is_not_lost() -> None:
    transcript = Transcript()
    assert not transcript.caller_has_spoken
    transcript.caller_started("one", 1000)
    transcript.caller_text("two", "Hello", 1500)
    assert transcript.caller_has_spoken
    assert transcript.unkept() == [KeepTurn("one", "caller", "", 1000, 1000)]


def test_keys_typed_are_a_line_of_the_caller_and_an_answer() -> None:
    transcript = Transcript()
    assert transcript.caller_typed("4321", 5000) == KeepTurn("keys_5000", "caller", "4 3 2 1", 5000, 5000)
    assert transcript.last_answer_ms == (5000, 5000)


def test_an_agents_line_once_interrupted_stays_so() -> None:
    transcript = Transcript()
    transcript.agent_sounded("item_a", 100)
    assert transcript.agent_finished("item_a", interrupted=True) == []
    transcript.agent_heard("item_a", 100, 400)
    assert transcript.agent_text("item_a", "Hello", 500) == KeepTurn("item_a", "agent", "Hello", 100, 400, True)
    assert transcript.agent_finished("nobody", interrupted=True) == []
