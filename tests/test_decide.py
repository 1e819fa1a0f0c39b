"""The table that turns evidence and an ending into a status and an end reason."""

import pytest

from calls.evidence import Decision, Ending, Evidence, decide
from calls.lifecycle import EndReason, Status

RIGHT = (Evidence("q1", "match", 1.0), Evidence("q2", "match", 0.95))
WRONG = (Evidence("q1", "match", 1.0), Evidence("q2", "mismatch", 0.0))


def outcome(ending: Ending, evidence: tuple[Evidence, ...], *, left: int = 0, reflection: str = "") -> Decision:
    return decide(
        ending=ending, evidence=evidence, required=2, questions_left=left, spoke=bool(evidence), reflection=reflection
    )


CUT = "the answers sufficed but the call was cut off"
UNLIKELY = "the answers sufficed, which does not fit how the call ended"


ENDINGS = [
    (Ending.AGENT_HUNG_UP, "successful_call/completed", "unsuccessful_call/answers_exhausted"),
    (Ending.PERSON_HUNG_UP, "successful_call/customer_hung_up", "user_hung_up/customer_hung_up"),
    (Ending.SILENCE, "successful_call/silence", "unsuccessful_call/silence"),
    (Ending.MAX_DURATION, "successful_call/max_duration", "unsuccessful_call/max_duration"),
    (Ending.LINE_LOST, f"successful_call/relay_lost/{CUT}", "system_error/relay_lost"),
    (Ending.MODEL_LOST, f"successful_call/relay_lost/{CUT}", "system_error/relay_lost"),
    (Ending.MODEL_AUTH, f"successful_call/model_auth/{CUT}", "system_error/model_auth"),
    (Ending.MODEL_ACCESS, f"successful_call/model_access/{CUT}", "system_error/model_access"),
    (Ending.MODEL_QUOTA, f"successful_call/model_quota/{CUT}", "system_error/model_quota"),
    (Ending.MODEL_RATE_LIMITED, f"successful_call/model_rate_limited/{CUT}", "system_error/model_rate_limited"),
    (Ending.MODEL_ERROR, f"successful_call/model_error/{CUT}", "system_error/model_error"),
    (Ending.PROCESS_ENDING, f"successful_call/process_lost/{CUT}", "system_error/process_lost"),
    (Ending.VOICEMAIL, f"not_reached/voicemail/{UNLIKELY}", "not_reached/voicemail"),
    (Ending.SCREENED, f"not_reached/screened/{UNLIKELY}", "not_reached/screened"),
    (Ending.WRONG_PERSON, f"unsuccessful_call/wrong_person/{UNLIKELY}", "unsuccessful_call/wrong_person"),
    (Ending.REFUSES, f"unsuccessful_call/declined/{UNLIKELY}", "unsuccessful_call/declined"),
    (Ending.CALL_LATER, f"unsuccessful_call/declined/{UNLIKELY}", "unsuccessful_call/declined"),
    (Ending.DO_NOT_CALL, f"unsuccessful_call/opted_out/{UNLIKELY}", "unsuccessful_call/opted_out"),
]


@pytest.mark.parametrize(("ending", "enough", "short"), ENDINGS)
def test_every_ending_means_one_thing_with_the_matches_and_one_without(ending: Ending, enough: str, short: str) -> None:
    def shown(decision: Decision) -> str:
        assert decision.needs_review == bool(decision.review_reason)
        return "/".join(filter(None, (decision.status, decision.end_reason, decision.review_reason)))

    assert (shown(outcome(ending, RIGHT)), shown(outcome(ending, WRONG))) == (enough, short)


def test_the_table_of_the_test_names_every_ending() -> None:
    assert {row[0] for row in ENDINGS} == set(Ending)


def test_a_person_who_never_spoke_was_not_reached() -> None:
    assert outcome(Ending.SILENCE, (), left=2) == Decision(Status.NOT_REACHED, EndReason.SILENCE)


def test_an_agent_that_hangs_up_with_questions_left_is_reviewed() -> None:
    assert outcome(Ending.AGENT_HUNG_UP, WRONG[:1], left=1) == Decision(
        Status.UNSUCCESSFUL, EndReason.COMPLETED, True, "ended before all questions were asked"
    )


def test_a_reflection_of_success_without_evidence_decides_nothing() -> None:
    assert outcome(Ending.AGENT_HUNG_UP, (), left=2, reflection="successful_call") == Decision(
        Status.UNSUCCESSFUL,
        EndReason.COMPLETED,
        True,
        "ended before all questions were asked; the model says successful_call",
    )


def test_a_reflection_of_failure_does_not_undo_the_evidence() -> None:
    assert outcome(Ending.AGENT_HUNG_UP, RIGHT, reflection="unsuccessful_call") == Decision(
        Status.SUCCESSFUL, EndReason.COMPLETED, True, "the model says unsuccessful_call"
    )


@pytest.mark.parametrize(
    ("ending", "evidence", "reflection"),
    [
        (Ending.AGENT_HUNG_UP, RIGHT, "successful_call"),
        (Ending.AGENT_HUNG_UP, RIGHT, "in_progress"),
        (Ending.PERSON_HUNG_UP, RIGHT, "user_hung_up"),
        (Ending.PERSON_HUNG_UP, WRONG, "user_hung_up"),
        (Ending.VOICEMAIL, (), "unsuccessful_call"),
        (Ending.MODEL_LOST, WRONG, "unsuccessful_call"),
    ],
)
def test_a_reflection_that_fits_asks_for_no_review(
    ending: Ending, evidence: tuple[Evidence, ...], reflection: str
) -> None:
    assert not outcome(ending, evidence, reflection=reflection).needs_review


@pytest.mark.parametrize("reflection", ["successful_call", "in_progress", "", "anything"])
@pytest.mark.parametrize("ending", list(Ending))
def test_without_the_required_matches_no_call_is_successful(ending: Ending, reflection: str) -> None:
    assert outcome(ending, WRONG, reflection=reflection).status is not Status.SUCCESSFUL


def test_an_answer_the_agent_said_first_does_not_count() -> None:
    hinted = (RIGHT[0], Evidence("q2", "match", 1.0, hinted=True))
    assert outcome(Ending.AGENT_HUNG_UP, hinted) == Decision(
        Status.UNSUCCESSFUL, EndReason.ANSWERS_EXHAUSTED, True, "q2 was said by the agent first"
    )


def test_an_answer_the_caller_never_said_does_not_count() -> None:
    invented = (RIGHT[0], Evidence("q2", "match", 1.0, said=False))
    assert outcome(Ending.AGENT_HUNG_UP, invented) == Decision(
        Status.UNSUCCESSFUL, EndReason.ANSWERS_EXHAUSTED, True, "q2 is not in the caller's transcript"
    )


def test_an_answer_without_a_transcript_counts_and_is_reviewed() -> None:
    unseen = (RIGHT[0], Evidence("q2", "match", 1.0, said=None))
    assert outcome(Ending.AGENT_HUNG_UP, unseen) == Decision(
        Status.SUCCESSFUL, EndReason.COMPLETED, True, "q2 has no transcript to check it against"
    )


def test_a_low_score_counts_and_is_reviewed() -> None:
    low = (RIGHT[0], Evidence("q2", "match", 0.7))
    assert outcome(Ending.AGENT_HUNG_UP, low) == Decision(
        Status.SUCCESSFUL, EndReason.COMPLETED, True, "q2 matched with a low score (0.70)"
    )


def test_a_failure_for_want_of_a_clear_answer_is_reviewed() -> None:
    unclear = (RIGHT[0], Evidence("q2", "unclear", 0.6))
    assert outcome(Ending.AGENT_HUNG_UP, unclear) == Decision(
        Status.UNSUCCESSFUL, EndReason.ANSWERS_EXHAUSTED, True, "q2 could not be judged"
    )


def test_a_script_that_requires_nothing_verifies_nobody() -> None:
    decision = decide(ending=Ending.AGENT_HUNG_UP, evidence=RIGHT, required=0, questions_left=0, spoke=True)
    assert decision.status is Status.UNSUCCESSFUL


def test_the_reason_fits_its_column() -> None:
    doubtful = tuple(Evidence(f"q{number}", "match", 0.5, hinted=True, said=False) for number in range(9))
    reason = outcome(Ending.VOICEMAIL, doubtful).review_reason
    assert len(reason) == 200
    assert reason.endswith("…")
