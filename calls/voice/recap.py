"""What a model is told whose socket was lost in the middle of a call and opened anew: it has forgotten all. Pure."""

from calls.voice import script
from calls.voice.actions import AddHistory, AddSystemMessage
from calls.voice.interview import Interview
from calls.voice.transcript import Transcript

MAX_HISTORY = 40
"""Lines of the transcript, the last ones."""


def recap(plan: script.Plan, interview: Interview, transcript: Transcript) -> list[AddHistory | AddSystemMessage]:
    """The conversation so far, and the sentence with which to go on where it stopped."""
    history = [AddHistory(speaker, text) for speaker, text in transcript.lines()[-MAX_HISTORY:]]
    return [*history, AddSystemMessage(script.resume(_next_sentence(plan, interview, transcript)))]


def _next_sentence(plan: script.Plan, interview: Interview, transcript: Transcript) -> str:
    said = " ".join(text for _, text in transcript.said_by("agent"))
    if not any(fact.question.asked in said for fact in interview.facts):
        # Not yet past the greeting: nobody has said who they are.
        return script.greeting(plan)
    return script.cut_off(interview.next_question) if interview.questions_left else plan.closing
