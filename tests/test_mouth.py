"""The agent's voice and its lines of the transcript: heard whole, cut off, or never heard."""

from calls.voice.actions import ClearLine, KeepEvent, KeepSound, KeepTurn, PlayAudio, SendMark, TruncateItem
from calls.voice.events import AgentAudio
from calls.voice.mouth import Mouth
from calls.voice.transcript import Transcript
from tests.talks import sound


def speaking(text: str = "How are you?") -> tuple[Mouth, Transcript]:
    transcript = Transcript()
    mouth = Mouth(transcript)
    mouth.say(AgentAudio("r", "item_a", sound(1000)), 0)
    transcript.agent_text("item_a", text, 0)
    return mouth, transcript


def test_a_piece_is_played_as_it_came_and_marked() -> None:
    mouth = Mouth(Transcript())
    assert mouth.say(AgentAudio("r", "item_a", b"AAAA"), 0) == [PlayAudio(b"AAAA"), SendMark("m1")]
    assert not mouth.is_silent


def test_a_line_heard_to_its_end_is_kept_with_its_place_in_the_call() -> None:
    mouth, _ = speaking()
    assert mouth.reached("m1", 1010) == [
        KeepSound(0, 1000, sound(1000)),
        KeepTurn("item_a", "agent", "How are you?", 0, 1000),
    ]
    assert mouth.is_silent


def test_a_line_that_was_cut_off_is_kept_as_interrupted_where_it_was_cut() -> None:
    mouth, _ = speaking()
    assert mouth.interrupt(300) == (
        [
            ClearLine(),
            KeepSound(0, 300, sound(1000)),
            KeepTurn("item_a", "agent", "How are you?", 0, 300, interrupted=True),
            TruncateItem("item_a", 300),
            KeepEvent("barge_in", {"heard_ms": 300}),
        ],
        ["item_a"],
    )


def test_at_the_end_what_is_buffered_is_cleared_and_the_model_is_not_told() -> None:
    mouth, _ = speaking()
    assert mouth.stop(300) == [
        ClearLine(),
        KeepSound(0, 300, sound(1000)),
        KeepTurn("item_a", "agent", "How are you?", 0, 300, interrupted=True),
    ]
    assert mouth.stop(400) == []


def test_a_second_item_begins_in_the_transcript_where_the_first_ends() -> None:
    mouth, transcript = speaking()
    mouth.say(AgentAudio("r", "item_b", sound(500)), 200)
    transcript.agent_text("item_b", "And you?", 200)
    assert transcript.said_by("agent") == [(0, "How are you?"), (1000, "And you?")]
