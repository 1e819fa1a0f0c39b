"""From the way a conversation stopped, and the evidence, to its outcome. Pure. calls.evidence.decide is the table."""

from calls.evidence import Ending, Evidence, Fact, compare, decide, mentions
from calls.lifecycle import EndReason, Status
from calls.voice.actions import Conclude, KeepAnswer
from calls.voice.interview import Interview
from calls.voice.script import Plan, greeting
from calls.voice.transcript import Transcript
from calls.voice.troubles import Stop

_DECLINED = {
    "wrong_person": Ending.WRONG_PERSON,
    "refuses": Ending.REFUSES,
    "call_later": Ending.CALL_LATER,
    "do_not_call": Ending.DO_NOT_CALL,
}
CRASHED = Conclude(
    end_reason=EndReason.PROCESS_LOST,
    status=Status.SYSTEM_ERROR,
    needs_review=True,
    review_reason="the program failed during the call",
    reflection="",
    vendor_code="",
    vendor_text="",
    usage={},
)
"""The outcome of a conversation that a defect of ours ended."""


def conclusion(
    stop: Stop, *, plan: Plan, interview: Interview, transcript: Transcript, usage: dict[str, int]
) -> Conclude:
    """The one outcome of the call."""
    ending = stop.ending
    if interview.declined and ending in (Ending.AGENT_HUNG_UP, Ending.PERSON_HUNG_UP, Ending.SILENCE):
        ending = _DECLINED[interview.declined]
    decision = decide(
        ending=ending,
        evidence=[_evidence(fact, answer, transcript) for fact, answer in interview.last_answers()],
        required=plan.matches_required,
        questions_left=interview.questions_left,
        spoke=transcript.caller_has_spoken,
        reflection=interview.reflection,
        concern="the agent named the company before anybody had spoken" if _named_too_soon(plan, transcript) else "",
    )
    return Conclude(
        end_reason=decision.end_reason,
        status=decision.status,
        needs_review=decision.needs_review,
        review_reason=decision.review_reason,
        reflection=interview.reflection,
        vendor_code=stop.code,
        vendor_text=stop.text,
        usage=usage,
    )


def _named_too_soon(plan: Plan, transcript: Transcript) -> bool:
    """The model is told to wait until the person has said who they are. A script may name the company by itself."""
    first = min((at for at, _ in transcript.said_by("caller")), default=None)
    early = " ".join(text for at, text in transcript.said_by("agent") if first is None or at < first)
    return mentions("text", plan.company, early) and not mentions("text", plan.company, greeting(plan))


def _evidence(fact: Fact, answer: KeepAnswer, transcript: Transcript) -> Evidence:
    """An answer beside what both sides really said, as far as it was transcribed."""
    question, caller = fact.question, transcript.said_by("caller")
    agent = [(at, text) for at, text in transcript.said_by("agent") if at < answer.start_ms]
    by_agent = next((at for at, text in agent if mentions(question.kind, fact.expected, text)), None)
    by_caller = next((at for at, text in caller if _says(fact, text)), None)
    return Evidence(
        question_id=answer.question_id,
        verdict=answer.verdict,
        score=answer.score,
        # The options of a choice are read out, the right one among them.
        hinted=question.kind != "choice" and by_agent is not None and (by_caller is None or by_agent < by_caller),
        said=True if by_caller is not None else _was_said(fact, answer, caller),
    )


def _says(fact: Fact, text: str) -> bool:
    """Whether a line holds the answer, or is one in a form of its own ("Bob" for Robert)."""
    question = fact.question
    if mentions(question.kind, fact.expected, text):
        return True
    return compare(question.kind, fact.expected, text, "", options=question.options).verdict == "match"


def _was_said(fact: Fact, answer: KeepAnswer, caller: list[tuple[int, str]]) -> bool | None:
    """Of an answer that no single line holds. None: the line it was taken from has no text to look in."""
    if mentions(fact.question.kind, fact.expected, " ".join(text for _, text in caller)):
        return True
    taken_from = [text for at, text in caller if at == answer.start_ms]
    return None if taken_from and not any(taken_from) else False
