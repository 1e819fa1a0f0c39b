"""What is kept of each event: transcript, sound and usage."""

import pytest

from calls.voice import events
from calls.voice.actions import KeepSound, KeepTurn
from calls.voice.minutes import Minutes
from tests.talks import sound


def test_a_mark_keeps_the_sound_that_was_heard_and_then_the_line() -> None:
    minutes = Minutes()
    minutes.mouth.say(events.AgentAudio("r", "item_a", sound(400)), 100)
    assert minutes.keep(events.AgentTranscript("r", "item_a", "Hello."), 150) == [
        KeepTurn("item_a", "agent", "Hello.", 100, 100)
    ]
    assert minutes.keep(events.MarkReached("m1"), 510) == [
        KeepSound(100, 400, sound(400)),
        KeepTurn("item_a", "agent", "Hello.", 100, 500),
    ]
    assert minutes.keep(events.MarkReached("m1"), 520) == []


def test_a_text_of_the_agent_that_came_before_its_sound_is_kept_where_it_came() -> None:
    minutes = Minutes()
    assert minutes.keep(events.AgentTranscript("r", "item_a", "Hello."), 150) == [
        KeepTurn("item_a", "agent", "Hello.", 150, 150)
    ]


def test_what_the_caller_says_is_kept_when_its_text_comes_with_the_times_of_the_speech() -> None:
    minutes = Minutes()
    assert minutes.keep(events.CallerStartedSpeaking("item_c", 500), 520) == []
    assert minutes.keep(events.CallerStoppedSpeaking("item_c", 900), 1400) == []
    assert minutes.transcript.last_answer_ms == (500, 900)
    assert minutes.keep(events.CallerTranscript("item_c", "Yes."), 1600) == [
        KeepTurn("item_c", "caller", "Yes.", 500, 900)
    ]
    assert minutes.transcript.lines() == [("caller", "Yes.")]


def test_usage_of_responses_and_transcriptions_is_added_up_under_names_of_their_own() -> None:
    minutes = Minutes()
    assert minutes.keep(events.ResponseEnded("r1", "completed", usage={"in": 10, "text_out": 5}), 0) == []
    assert minutes.keep(events.ResponseEnded("r2", "cancelled", usage={"in": 7}), 0) == []
    minutes.keep(events.CallerTranscript("item_c", "Yes.", {"in": 3, "out": 1}), 0)
    minutes.keep(events.CallerTranscript("item_d", "No.", {"in": 2}), 0)
    assert minutes.usage == {"in": 17, "text_out": 5, "transcription_in": 5, "transcription_out": 1}


@pytest.mark.parametrize(
    "event",
    [
        events.CallerAudio(b"AAAA", 20),
        events.AgentAudio("r", "item_a", b"AAAA"),
        events.DigitPressed("1"),
        events.StreamStopped(),
        events.LineLost(1006),
        events.SessionCreated("sess_1"),
        events.SessionUpdated(),
        events.ResponseStarted("r"),
        events.ToolCalled("r", "call_1", "hang_up_call", "{}"),
        events.ModelError("x", "y"),
        events.ModelLost(1006),
        events.Malformed("model", "not JSON"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_nothing_is_kept_of_any_other_event(event: events.Event) -> None:
    minutes = Minutes()
    assert minutes.keep(event, 100) == []
    assert (minutes.transcript.lines(), minutes.usage, minutes.mouth.is_silent) == ([], {}, True)
