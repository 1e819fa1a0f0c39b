"""What to do about one person of a campaign now, and how campaigns share a pace. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.campaign_states import CampaignState
from calls.windows import Opening

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_AHEAD = timedelta(seconds=1)
"""How long a worker may hold a person until the pace lets the dial start. Pause waits for no more than this."""

SLACK = 1.045
LOOK_AGAIN = timedelta(seconds=1)
MONEY_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Money:
    """In millionths. `held` is counted for each of the `live` calls, whose cost is not known yet, and for the next."""

    cap: int | None = None
    spent: int = 0
    day_cap: int | None = None
    spent_today: int = 0
    held: int = 0
    budget_is_spent: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that bears on one dial. `opening` is judged at the moment the dial would start, `start_at`: now, or when the
    pace allows. `never`: why the person is not to be called at all, or "". `called_at`: when the number was rung in the
    last seven days, newest first. Limits of 0 do not limit.
    """

    now: datetime
    start_at: datetime
    state: CampaignState
    opening: Opening
    never: str = ""
    called_at: Sequence[datetime] = ()
    per_day: int = 0
    per_week: int = 0
    live: int = 0
    lines_full: bool = False
    requests_waiting: bool = False
    money: Money = Money()


@dataclass(frozen=True, slots=True)
class Dial:
    at: datetime


@dataclass(frozen=True, slots=True)
class Defer:
    """Look again at `until`. Without `because` it is a matter of seconds and not worth telling."""

    until: datetime
    because: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """Never call this person in this campaign."""

    because: str


@dataclass(frozen=True, slots=True)
class Pause:
    """The campaign itself must stop."""

    because: str


Decision = Dial | Defer | Skip | Pause


def decide(facts: Facts) -> Decision:
    """What stands against the person for ever comes first, then what stands against this hour, then the line."""
    return _person(facts) or _hour(facts) or _money(facts) or _line(facts) or Dial(facts.start_at)


def _person(facts: Facts) -> Decision | None:
    if facts.state != CampaignState.RUNNING:
        return Defer(facts.now)
    if facts.never:
        return Skip(facts.never)
    if facts.opening.at is None:
        return Skip(facts.opening.because)
    return None


def _hour(facts: Facts) -> Decision | None:
    if not facts.opening.is_open and facts.opening.at is not None:
        return Defer(facts.opening.at, facts.opening.because)
    for most, span, name in ((facts.per_week, WEEK, "7 days"), (facts.per_day, DAY, "24 hours")):
        recent = [at for at in facts.called_at if at > facts.now - span]
        if most and len(recent) >= most:
            calls = "1 call" if most == 1 else f"{most} calls"
            return Defer(recent[most - 1] + span, f"{calls} to this number in {name} already")
    return None


def _money(facts: Facts) -> Decision | None:
    money, at_most = facts.money, facts.money.held * (facts.live + 1)
    if money.budget_is_spent:
        return Defer(facts.now + MONEY_AGAIN, "the budget is spent")
    if money.cap is not None and money.spent + at_most > money.cap:
        # With calls on the line their true cost may yet leave room.
        return Defer(facts.now + LOOK_AGAIN) if facts.live else Pause("the money cap of the campaign is reached")
    if money.day_cap is not None and money.spent_today + at_most > money.day_cap:
        midnight = facts.now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        return Defer(facts.now + LOOK_AGAIN) if facts.live else Defer(midnight, "the money cap of the day is reached")
    return None


def _line(facts: Facts) -> Decision | None:
    if facts.lines_full or facts.requests_waiting:
        return Defer(facts.now + LOOK_AGAIN)
    # As late as the turn would come, so that those who could not be served do not all come back at once.
    return Defer(facts.start_at - MOST_AHEAD / 2) if facts.start_at > facts.now + MOST_AHEAD else None


def gap(per_second: float) -> timedelta:
    """The least time between two dials. A little over one part of the second, for requests sent evenly arrive unevenly,
    and no second at the carrier, wherever it begins, shall hold more than `per_second`."""
    return timedelta(seconds=SLACK / per_second) if per_second else timedelta(0)


def shares(wants: Mapping[int, int], room: int) -> dict[int, int]:
    """Give out `room` evenly, to nobody more than wanted; the odd ones to the first in `wants`."""
    given = dict.fromkeys(wants, 0)
    while room > 0 and (hungry := [key for key in wants if given[key] < wants[key]]):
        portion = max(room // len(hungry), 1)
        for key in hungry[:room]:
            part = min(portion, wants[key] - given[key])
            given[key] += part
            room -= part
    return given
