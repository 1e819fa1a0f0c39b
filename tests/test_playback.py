"""How much of what the line was given has been heard: marks, the clock between them, and clear."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.voice.playback import Heard, Playback, duration_ms
from tests.talks import sound


@pytest.mark.parametrize("ms", [0, 1, 20, 400, 401, 10_000])
def test_the_length_of_a_payload_is_read_without_decoding_it(ms: int) -> None:
    assert duration_ms(base64.b64encode(b"\xff" * 8 * ms)) == ms


def test_no_two_pieces_have_the_same_mark() -> None:
    playback = Playback()
    marks = [playback.add("item", sound(20), 0) for _ in range(1000)]
    assert len(set(marks)) == 1000


def test_a_mark_that_comes_back_tells_where_and_how_long_its_piece_was_heard() -> None:
    playback = Playback()
    mark = playback.add("item", sound(400), 1000)
    assert playback.reached(mark, 1420) == [Heard("item", 1000, 400, sound(400), 400)]
    assert playback.is_idle


def test_a_mark_answers_for_those_before_it_too() -> None:
    playback = Playback()
    playback.add("item", sound(400), 0)
    last = playback.add("item", sound(200), 0)
    assert [(heard.at_ms, heard.ms, heard.item_end_ms) for heard in playback.reached(last, 600)] == [
        (0, 400, 400),
        (400, 200, 600),
    ]


def test_an_unknown_mark_says_nothing() -> None:
    playback = Playback()
    playback.add("item", sound(400), 0)
    assert playback.reached("m99", 400) == []
    assert not playback.is_idle


def test_what_is_still_to_be_played_shrinks_with_the_clock_and_never_below_nothing() -> None:
    playback = Playback()
    playback.add("item", sound(400), 0)
    playback.add("item", sound(400), 0)
    assert [playback.buffered_ms(now) for now in (0, 300, 800, 5000)] == [800, 500, 0, 0]


def test_a_cut_counts_the_piece_that_was_playing_up_to_now_and_the_queued_ones_as_unheard() -> None:
    playback = Playback()
    first = playback.add("a", sound(400), 0)
    playback.add("a", sound(400), 0)
    playback.add("b", sound(400), 0)
    playback.reached(first, 400)
    heard, ends = playback.cut(650)
    assert heard == [Heard("a", 400, 250, sound(400), 650)]
    assert ends == {"a": 650, "b": 0}
    assert (playback.is_idle, playback.buffered_ms(700)) == (True, 0)


def test_a_mark_that_is_late_does_not_make_more_heard_than_was_sent() -> None:
    playback = Playback()
    playback.add("a", sound(400), 0)
    assert playback.cut(5000) == ([Heard("a", 0, 400, sound(400), 400)], {"a": 400})


def test_a_cut_of_a_silent_line_is_nothing() -> None:
    assert Playback().cut(1000) == ([], {})


def test_until_the_mark_comes_back_a_recording_waits_for_the_piece() -> None:
    playback = Playback()
    assert playback.final_before_ms(500) == 500
    mark = playback.add("a", sound(400), 600)
    assert playback.final_before_ms(900) == 600
    playback.reached(mark, 1000)
    assert playback.final_before_ms(1200) == 1200


@given(pieces=st.lists(st.integers(1, 1000), min_size=1, max_size=10), heard=st.integers(0, 10_000))
def test_however_the_pieces_fall_no_more_is_heard_than_was_sent(pieces: list[int], heard: int) -> None:
    playback = Playback()
    now, total = 0, 0
    for mark, ms in [(playback.add("a", sound(ms), 0), ms) for ms in pieces]:
        if now + ms > heard:
            break
        now += ms
        total += sum(piece.ms for piece in playback.reached(mark, now))
    cut, _ = playback.cut(heard)
    assert total + sum(piece.ms for piece in cut) == min(heard, sum(pieces))
