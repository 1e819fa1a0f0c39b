"""Deciding what came of a call, from the evidence, the way it ended and the script's policy. Pure, one table.

The model's reflection decides nothing: where it disagrees, staff are asked to look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from calls.evidence.result import REVIEW_BELOW
from calls.lifecycle import EndReason as Reason
from calls.lifecycle import Status


class Ending(StrEnum):
    """How the conversation stopped, as the session saw it."""

    AGENT_HUNG_UP = "agent_hung_up"
    PERSON_HUNG_UP = "person_hung_up"
    LINE_LOST = "line_lost"
    SILENCE = "silence"
    MAX_DURATION = "max_duration"
    VOICEMAIL = "voicemail"
    SCREENED = "screened"
    WRONG_PERSON = "wrong_person"
    REFUSES = "refuses"
    CALL_LATER = "call_later"
    DO_NOT_CALL = "do_not_call"
    MODEL_LOST = "model_lost"
    MODEL_AUTH = "model_auth"
    MODEL_ACCESS = "model_access"
    MODEL_QUOTA = "model_quota"
    MODEL_RATE_LIMITED = "model_rate_limited"
    MODEL_ERROR = "model_error"
    PROCESS_ENDING = "process_ending"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The last word on one question. `hinted`: the agent said the expected value before the person did. `said`: the
    answer stands in the caller's own transcript; None if there is no transcript to look in."""

    question_id: str
    verdict: str
    score: float
    hinted: bool = False
    said: bool | None = True

    @property
    def stands(self) -> bool:
        """A match that counts: the person, and nobody else, supplied the answer."""
        return self.verdict == "match" and not self.hinted and self.said is not False


@dataclass(frozen=True, slots=True)
class Decision:
    status: Status
    end_reason: Reason
    needs_review: bool = False
    review_reason: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """What an ending means: the status with the required matches, without them, and the end reason. `doubt`: why staff
    should look although the matches are there."""

    enough: Status
    short: Status
    reason: Reason
    doubt: str = ""


_OK, _NOT, _ERROR, _NOBODY = Status.SUCCESSFUL, Status.UNSUCCESSFUL, Status.SYSTEM_ERROR, Status.NOT_REACHED
_CUT = "the answers sufficed but the call was cut off"
_UNLIKELY = "the answers sufficed, which does not fit how the call ended"

_TABLE: dict[Ending, _Row] = {
    Ending.AGENT_HUNG_UP: _Row(_OK, _NOT, Reason.COMPLETED),
    Ending.PERSON_HUNG_UP: _Row(_OK, Status.USER_HUNG_UP, Reason.CUSTOMER_HUNG_UP),
    Ending.SILENCE: _Row(_OK, _NOT, Reason.SILENCE),
    Ending.MAX_DURATION: _Row(_OK, _NOT, Reason.MAX_DURATION),
    Ending.LINE_LOST: _Row(_OK, _ERROR, Reason.RELAY_LOST, _CUT),
    Ending.MODEL_LOST: _Row(_OK, _ERROR, Reason.RELAY_LOST, _CUT),
    Ending.MODEL_AUTH: _Row(_OK, _ERROR, Reason.MODEL_AUTH, _CUT),
    Ending.MODEL_ACCESS: _Row(_OK, _ERROR, Reason.MODEL_ACCESS, _CUT),
    Ending.MODEL_QUOTA: _Row(_OK, _ERROR, Reason.MODEL_QUOTA, _CUT),
    Ending.MODEL_RATE_LIMITED: _Row(_OK, _ERROR, Reason.MODEL_RATE_LIMITED, _CUT),
    Ending.MODEL_ERROR: _Row(_OK, _ERROR, Reason.MODEL_ERROR, _CUT),
    Ending.PROCESS_ENDING: _Row(_OK, _ERROR, Reason.PROCESS_LOST, _CUT),
    Ending.VOICEMAIL: _Row(_NOBODY, _NOBODY, Reason.VOICEMAIL, _UNLIKELY),
    Ending.SCREENED: _Row(_NOBODY, _NOBODY, Reason.SCREENED, _UNLIKELY),
    Ending.WRONG_PERSON: _Row(_NOT, _NOT, Reason.WRONG_PERSON, _UNLIKELY),
    Ending.REFUSES: _Row(_NOT, _NOT, Reason.DECLINED, _UNLIKELY),
    Ending.CALL_LATER: _Row(_NOT, _NOT, Reason.DECLINED, _UNLIKELY),
    Ending.DO_NOT_CALL: _Row(_NOT, _NOT, Reason.OPTED_OUT, _UNLIKELY),
}


def decide(
    *,
    ending: Ending,
    evidence: Sequence[Evidence],
    required: int,
    questions_left: int,
    spoke: bool,
    reflection: str = "",
    concern: str = "",
) -> Decision:
    """The status and end reason of a conversation that ended with `ending`.

    `evidence`: one entry for each question answered at least once, the last answer of each. `required`: how many must
    match. `questions_left`: how many may still be asked (not matched, tries left). `spoke`: the person was heard at
    all. `reflection`: the model's opinion, one of the five statuses of its tool, or "". `concern`: what else staff
    should look at.

    A decline goes before the hang-up that follows it: pass its reason as the ending.
    """
    enough = required > 0 and sum(each.stands for each in evidence) >= required
    status, reason, doubt = _outcome(ending, enough, questions_left, spoke)
    doubts = [doubt, *_doubts(evidence, status), _disagreement(status, reason, reflection), concern]
    text = "; ".join(doubt for doubt in doubts if doubt)
    return Decision(status, reason, bool(text), text if len(text) <= 200 else f"{text[:199]}…")


def _outcome(ending: Ending, enough: bool, questions_left: int, spoke: bool) -> tuple[Status, Reason, str]:
    row = _TABLE[ending]
    if enough:
        return row.enough, row.reason, row.doubt
    if ending is Ending.SILENCE and not spoke:
        return _NOBODY, row.reason, ""
    if ending is Ending.AGENT_HUNG_UP and not questions_left:
        return row.short, Reason.ANSWERS_EXHAUSTED, ""
    if ending is Ending.AGENT_HUNG_UP:
        return row.short, row.reason, "ended before all questions were asked"
    return row.short, row.reason, ""


def _doubts(evidence: Sequence[Evidence], status: Status) -> list[str]:
    found = []
    for each in evidence:
        if each.verdict == "match":
            found += [f"{each.question_id} {doubt}" for doubt in _match_doubts(each)]
        elif each.verdict == "unclear" and status is Status.UNSUCCESSFUL:
            found.append(f"{each.question_id} could not be judged")
    return found


def _match_doubts(match: Evidence) -> list[str]:
    said = {True: "", False: "is not in the caller's transcript", None: "has no transcript to check it against"}
    doubts = [
        "was said by the agent first" if match.hinted else "",
        said[match.said],
        f"matched with a low score ({match.score:.2f})" if match.score < REVIEW_BELOW else "",
    ]
    return [doubt for doubt in doubts if doubt]


def _disagreement(status: Status, reason: Reason, reflection: str) -> str:
    """The model cannot know a status that only the server sets; of those, only its claim of success is news."""
    known = {Status.SUCCESSFUL, Status.UNSUCCESSFUL, Status.USER_HUNG_UP}
    if reflection in ("", Status.IN_PROGRESS, status):
        return ""
    if reflection == Status.USER_HUNG_UP and reason is Reason.CUSTOMER_HUNG_UP:
        return ""
    if status in known or reflection == Status.SUCCESSFUL:
        return f"the model says {reflection}"
    return ""
