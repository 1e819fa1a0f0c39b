"""What the reviews of a call amount to."""

import pytest

from calls.reviewing import Decision, ReviewState, Standing, Vote, standing

SUCCESS, FAILURE, HUNG_UP = "successful_call", "unsuccessful_call", "user_hung_up"
ESCALATE = Vote(Decision.ESCALATE)


def confirm(status: str) -> Vote:
    return Vote(Decision.CONFIRM, status)


def overturn(status: str) -> Vote:
    return Vote(Decision.OVERTURN, status)


@pytest.mark.parametrize(
    ("machine", "votes", "four_eyes", "expected"),
    [
        (FAILURE, [], False, Standing(ReviewState.DUE)),
        (FAILURE, [confirm(FAILURE)], False, Standing(ReviewState.DONE, FAILURE)),
        (SUCCESS, [confirm(SUCCESS)], False, Standing(ReviewState.DONE, SUCCESS)),
        (SUCCESS, [overturn(FAILURE)], False, Standing(ReviewState.DONE, FAILURE)),
        # An overturn to success takes two, whatever the script says.
        (FAILURE, [overturn(SUCCESS)], False, Standing(ReviewState.SECOND)),
        (FAILURE, [overturn(SUCCESS)] * 2, False, Standing(ReviewState.DONE, SUCCESS)),
        (FAILURE, [overturn(SUCCESS), confirm(FAILURE)], False, Standing(ReviewState.ESCALATED)),
        (FAILURE, [overturn(SUCCESS), confirm(FAILURE), confirm(FAILURE)], False, Standing(ReviewState.DONE, FAILURE)),
        (FAILURE, [overturn(SUCCESS), confirm(FAILURE), overturn(SUCCESS)], False, Standing(ReviewState.DONE, SUCCESS)),
        (FAILURE, [overturn(SUCCESS), confirm(FAILURE), overturn(HUNG_UP)], False, Standing(ReviewState.ESCALATED)),
        # Four eyes: the first vote decides nothing.
        (SUCCESS, [confirm(SUCCESS)], True, Standing(ReviewState.SECOND)),
        (SUCCESS, [confirm(SUCCESS)] * 2, True, Standing(ReviewState.DONE, SUCCESS)),
        (SUCCESS, [confirm(SUCCESS), overturn(FAILURE)], True, Standing(ReviewState.ESCALATED)),
        # Escalated: the supervisor's vote counts as anybody's.
        (FAILURE, [ESCALATE], False, Standing(ReviewState.ESCALATED)),
        (FAILURE, [ESCALATE, confirm(FAILURE)], False, Standing(ReviewState.DONE, FAILURE)),
        (FAILURE, [ESCALATE, overturn(SUCCESS)], False, Standing(ReviewState.SECOND)),
        (FAILURE, [overturn(SUCCESS), ESCALATE], False, Standing(ReviewState.ESCALATED)),
        # Another call decides: there is no final status here.
        (FAILURE, [Vote(Decision.CALL_AGAIN)], True, Standing(ReviewState.DONE)),
    ],
)
def test_reviews_amount_to(machine: str, votes: list[Vote], four_eyes: bool, expected: Standing) -> None:
    assert standing(machine, votes, four_eyes=four_eyes) == expected
