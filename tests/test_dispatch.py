"""The decision about one person, by its facts alone; and how a pace is shared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.campaign_states import CampaignState
from calls.dispatch import Defer, Dial, Facts, Money, Pause, Skip, decide, gap, shares
from calls.windows import Opening

NOW = datetime(2026, 6, 3, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=15)
FACTS = Facts(now=NOW, start_at=NOW, state=CampaignState.RUNNING, opening=Opening(True, NOW))
CLOSED = Opening(False, LATER, "outside window until 09:00 in Denver")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("change", "decision"),
    [
        ({}, Dial(NOW)),
        ({"start_at": NOW + SECOND}, Dial(NOW + SECOND)),
        ({"start_at": NOW + 3 * SECOND}, Defer(NOW + 2.5 * SECOND)),
        ({"state": CampaignState.PAUSED}, Defer(NOW)),
        ({"never": "the number is on the do-not-call list"}, Skip("the number is on the do-not-call list")),
        ({"opening": CLOSED}, Defer(LATER, "outside window until 09:00 in Denver")),
        ({"opening": Opening(False, None, "the window is over")}, Skip("the window is over")),
        (
            {"called_at": [NOW - 5 * SECOND, NOW - 9 * SECOND], "per_day": 2},
            Defer(NOW - 9 * SECOND + timedelta(days=1), "2 calls to this number in 24 hours already"),
        ),
        ({"called_at": [NOW - timedelta(days=1)], "per_day": 1}, Dial(NOW)),
        (
            {"called_at": [NOW - timedelta(days=1, seconds=5)], "per_day": 1, "per_week": 1},
            Defer(NOW + timedelta(days=6) - 5 * SECOND, "1 call to this number in 7 days already"),
        ),
        ({"lines_full": True}, Defer(NOW + SECOND)),
        ({"requests_waiting": True}, Defer(NOW + SECOND)),
        ({"money": Money(cap=100, spent=50, held=50)}, Dial(NOW)),
        ({"money": Money(cap=100, spent=51, held=50)}, Pause("the money cap of the campaign is reached")),
        ({"money": Money(cap=100, spent=1, held=50), "live": 1}, Defer(NOW + SECOND)),
        (
            {"money": Money(day_cap=100, spent_today=51, held=50)},
            Defer(datetime(2026, 6, 4, tzinfo=UTC), "the money cap of the day is reached"),
        ),
        ({"money": Money(budget_is_spent=True)}, Defer(NOW + 30 * SECOND, "the budget is spent")),
    ],
)
def test_the_facts_decide(change: dict[str, Any], decision: object) -> None:
    assert decide(replace(FACTS, **change)) == decision


def test_what_stands_for_ever_comes_before_the_hour_and_the_hour_before_the_line() -> None:
    facts = replace(FACTS, never="never", opening=CLOSED, lines_full=True)
    assert decide(facts) == Skip("never")
    assert decide(replace(facts, never="")) == Defer(LATER, CLOSED.because)


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.0, 30.0])
def test_no_second_holds_more_turns_than_the_rate(rate: float) -> None:
    turns = [NOW + count * gap(rate) for count in range(200)]
    most = max(sum(first <= turn < first + SECOND for turn in turns) for first in turns[:50])
    assert most <= max(rate, 1)
    assert 199 / (turns[-1] - turns[0]).total_seconds() > rate * 0.95


@given(st.dictionaries(st.integers(1, 9), st.integers(0, 50), max_size=6), st.integers(0, 200))
def test_room_is_shared_out_evenly_and_none_is_wasted(wants: dict[int, int], room: int) -> None:
    given_out = shares(wants, room)
    assert sum(given_out.values()) == min(room, sum(wants.values()))
    assert all(given_out[key] <= want for key, want in wants.items())
    hungry = [given_out[key] for key in wants if given_out[key] < wants[key]]
    assert not hungry or max(given_out.values()) - min(hungry) <= 1
