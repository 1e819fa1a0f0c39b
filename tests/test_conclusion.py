"""From the evidence beside both transcripts to the one outcome of the call."""

import json
from dataclasses import replace

import pytest

from calls.evidence import Ending
from calls.voice.actions import Conclude
from calls.voice.conclusion import conclusion
from calls.voice.interview import Interview
from calls.voice.transcript import Transcript
from calls.voice.troubles import Stop
from tests.talks import BIRTH, DIGITS, PLAN, ending

SPOKEN = "March fifth, 1985"


class Story:
    def __init__(self) -> None:
        self.interview = Interview((BIRTH,), 2)
        self.transcript = Transcript()
        self._at = 0

    def agent(self, text: str) -> "Story":
        self._at += 1000
        self.transcript.agent_sounded(f"a{self._at}", self._at)
        self.transcript.agent_text(f"a{self._at}", text, self._at)
        return self

    def caller(self, text: str | None) -> "Story":
        self._at += 1000
        self.transcript.caller_started(f"c{self._at}", self._at)
        if text is not None:
            self.transcript.caller_text(f"c{self._at}", text, self._at)
        return self

    def recorded(self, heard: str) -> "Story":
        start, end = self.transcript.last_answer_ms
        arguments = json.dumps({"question_id": "q1", "heard": heard, "value": ""})
        self.interview.use("record_answer", arguments, start_ms=start, end_ms=end)
        return self

    def ends(self, how: Ending = Ending.AGENT_HUNG_UP) -> Conclude:
        return conclusion(
            Stop(how, "code", "text"),
            plan=replace(PLAN, matches_required=1),
            interview=self.interview,
            transcript=self.transcript,
            usage={"a": 1},
        )


def told(outcome: Conclude) -> tuple[str, str]:
    return ending(outcome), outcome.review_reason


GOOD = ("successful_call/completed", "")


def test_an_answer_in_the_callers_own_words_counts() -> None:
    outcome = Story().agent("What is your date of birth?").caller(SPOKEN).recorded(SPOKEN).ends()
    assert told(outcome) == GOOD
    assert (outcome.vendor_code, outcome.vendor_text, outcome.usage) == ("code", "text", {"a": 1})


def test_an_answer_the_agent_said_first_does_not_count() -> None:
    outcome = Story().agent(f"You were born {SPOKEN}, yes?").caller(f"Yes, {SPOKEN}").recorded(SPOKEN).ends()
    assert told(outcome) == ("unsuccessful_call/answers_exhausted", "q1 was said by the agent first")


def test_an_answer_the_agent_only_repeats_counts() -> None:
    story = Story().caller(f"I was born {SPOKEN}").agent(f"So, {SPOKEN}?").caller(f"Yes, {SPOKEN}.").recorded(SPOKEN)
    assert told(story.ends()) == GOOD


def test_what_the_agent_says_after_the_answer_is_no_hint() -> None:
    assert told(Story().caller(SPOKEN).recorded(SPOKEN).agent(f"Noted: {SPOKEN}").ends()) == GOOD


def test_an_answer_that_the_callers_transcript_does_not_hold_does_not_count() -> None:
    outcome = Story().caller("I like trains").recorded(SPOKEN).ends()
    assert told(outcome) == ("unsuccessful_call/answers_exhausted", "q1 is not in the caller's transcript")


def test_an_answer_of_which_no_transcript_came_counts_and_is_reviewed() -> None:
    outcome = Story().caller("Yes, speaking").caller(None).recorded(SPOKEN).ends()
    assert told(outcome) == ("successful_call/completed", "q1 has no transcript to check it against")


def test_an_answer_nobody_spoke_for_does_not_count() -> None:
    outcome = Story().agent("Hello?").recorded(SPOKEN).ends()
    assert told(outcome) == ("unsuccessful_call/answers_exhausted", "q1 is not in the caller's transcript")


def test_an_answer_said_in_two_breaths_is_found_in_the_transcript() -> None:
    assert told(Story().caller("March fifth").caller("1985").recorded(SPOKEN).ends()) == GOOD


@pytest.mark.parametrize("how", [Ending.AGENT_HUNG_UP, Ending.PERSON_HUNG_UP, Ending.SILENCE])
def test_a_decline_goes_before_the_hang_up_that_follows_it(how: Ending) -> None:
    story = Story().caller("Stop calling me")
    story.interview.use("decline", '{"reason": "do_not_call"}', start_ms=0, end_ms=0)
    assert ending(story.ends(how)) == "unsuccessful_call/opted_out"


def test_a_decline_does_not_hide_that_the_model_was_lost() -> None:
    story = Story().caller("Call me later")
    story.interview.use("decline", '{"reason": "call_later"}', start_ms=0, end_ms=0)
    assert ending(story.ends(Ending.MODEL_LOST)) == "system_error/relay_lost"


def test_a_voicemail_that_the_agent_spoke_to_is_not_a_person() -> None:
    assert ending(Story().caller("Please leave a message").ends(Ending.VOICEMAIL)) == "not_reached/voicemail"


def test_two_questions_are_judged_each_by_its_own_line() -> None:
    story = Story()
    story.interview = Interview((BIRTH, DIGITS), 2)
    story.caller(SPOKEN).recorded(SPOKEN).caller("no idea")
    story.interview.use(
        "record_answer", '{"question_id": "q2", "heard": "4321", "value": ""}', start_ms=2000, end_ms=2000
    )
    assert told(story.ends()) == ("successful_call/completed", "q2 is not in the caller's transcript")


def test_an_agent_that_names_the_company_before_anybody_has_spoken_is_reviewed() -> None:
    story = Story().agent("Hello, this is Marlow Lending.").caller(SPOKEN).recorded(SPOKEN)
    assert told(story.ends()) == (
        "successful_call/completed",
        "the agent named the company before anybody had spoken",
    )


def test_an_agent_may_name_the_company_after_the_person_has_spoken() -> None:
    story = Story().caller("Yes, speaking").agent("I call for Marlow Lending.").caller(SPOKEN).recorded(SPOKEN)
    assert told(story.ends()) == GOOD
