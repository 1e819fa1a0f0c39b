"""The five-minute conversation of the bench: nothing lost on the way, and quick."""

from tests.bench_conversation import FRAMES, converse, measure, messages


def test_every_frame_of_five_minutes_goes_through_with_a_mark_for_each_of_the_agents() -> None:
    sent = converse(messages())
    assert sent["line"] >= 2 * FRAMES
    assert sent["model"] >= FRAMES


def test_five_minutes_take_a_second_or_two_even_on_a_busy_machine() -> None:
    assert measure() < 3.0
