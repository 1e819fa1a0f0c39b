"""What the reviews of a call amount to: a table of votes, and nothing else. Pure.

A call waits for one reviewer; for two where its script asks for four eyes, or where a review would make it
`successful_call` against the machine. Where reviewers differ, or one escalates, a supervisor's vote joins theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from calls.lifecycle import Status


class Decision(StrEnum):
    CONFIRM = "confirm"
    OVERTURN = "overturn"
    CALL_AGAIN = "call_again"
    ESCALATE = "escalate"


class ReviewState(StrEnum):
    NONE = ""
    DUE = "due"
    SECOND = "second"
    ESCALATED = "escalated"
    DONE = "done"


OPEN = (ReviewState.DUE, ReviewState.SECOND, ReviewState.ESCALATED)

REVIEWABLE = tuple(status for status in Status if status != Status.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Vote:
    """One reviewer's decision; `status` is what they hold the call to be, "" where they do not say."""

    decision: Decision
    status: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a call stands; `final_status` is "" until it is decided, and where another call shall decide."""

    state: ReviewState
    final_status: str = ""


def standing(machine_status: str, votes: Sequence[Vote], *, four_eyes: bool) -> Standing:
    """The votes come from different people, in the order they were given."""
    if any(vote.decision == Decision.CALL_AGAIN for vote in votes):
        return Standing(ReviewState.DONE)
    counts: dict[str, int] = {}
    for vote in votes:
        if vote.status:
            counts[vote.status] = counts.get(vote.status, 0) + 1
    differ = len(counts) > 1
    for status, count in counts.items():
        if count >= votes_needed(machine_status, status, four_eyes=four_eyes or differ):
            return Standing(ReviewState.DONE, status)
    if differ or (votes and votes[-1].decision == Decision.ESCALATE):
        return Standing(ReviewState.ESCALATED)
    return Standing(ReviewState.SECOND if counts else ReviewState.DUE)


def votes_needed(machine_status: str, status: str, *, four_eyes: bool) -> int:
    """An overturn to `successful_call` always takes two: one person alone must not be able to pass somebody."""
    overturned_to_success = status == Status.SUCCESSFUL and machine_status != status
    return 2 if four_eyes or overturned_to_success else 1
