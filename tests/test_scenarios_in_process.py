"""Every scenario with a conversation, under a hand-moved clock, and every byte that went to the model."""

import json
from dataclasses import replace

import pytest

from calls.evidence import compare, forms_of, mentions
from calls.evidence.text import words
from simulator.faults import ModelFaults
from simulator.scenario import Reply, Scenario
from simulator.scenarios import SCENARIOS
from tests.in_process import COMPANY, PLAN, PURPOSE, Played, client_events, play
from tests.openai_types import assert_client_event_is_valid

TALKS = [
    scenario
    for scenario in SCENARIOS
    if scenario.line == "answer" and not scenario.faults.refuse_code and not scenario.model.startswith("gpt-realtime-")
]
BY_NAME = {scenario.name: scenario for scenario in TALKS}


@pytest.fixture(scope="module", params=TALKS, ids=lambda scenario: scenario.name)
def talk(request: pytest.FixtureRequest) -> tuple[Scenario, Played]:
    scenario: Scenario = request.param
    return scenario, play(scenario, wordings=scenario.wordings)


def test_every_talk_ends_as_its_scenario_says(talk: tuple[Scenario, Played]) -> None:
    scenario, played = talk
    assert (played.ending, played.violations) == (f"{scenario.status}/{scenario.end_reason}", [])


def test_every_message_to_the_model_is_one_the_vendor_knows(talk: tuple[Scenario, Played]) -> None:
    scenario, played = talk
    for event in client_events(played):
        assert_client_event_is_valid(event, scenario.dialect)


def test_no_byte_to_the_model_holds_an_answer_that_the_person_has_not_given(talk: tuple[Scenario, Played]) -> None:
    scenario, played = talk
    assert leaks(scenario, played) == []


def test_the_disclosure_comes_first_and_no_more_is_told_before_the_person_says_who_they_are(
    talk: tuple[Scenario, Played],
) -> None:
    _, played = talk
    spoken = sorted(played.turns, key=lambda turn: turn.start_ms)
    agent = [turn.text for turn in spoken if turn.speaker == "agent"]
    yes = next((turn.start_ms for turn in spoken if turn.speaker == "caller" and "speaking" in turn.text), 10**9)
    before = " ".join(turn.text for turn in spoken if turn.speaker == "agent" and turn.start_ms < yes)
    # A machine that talks on cuts the agent short.
    assert agent[0].startswith(PLAN.disclosure) or PLAN.disclosure.startswith(agent[0])
    assert not any(told in before for told in (COMPANY, PURPOSE))


def leaks(scenario: Scenario, played: Played) -> list[tuple[str, str]]:
    """(key, form) of every expected answer found in a message to the model before the person said it.

    The options of a choice are read out, so the right one is among them.
    """
    kinds = {fact.question.key: fact.question.kind for fact in played.facts}
    guarded = {key: _kind(key, kinds) for key in scenario.facts if kinds.get(key) != "choice"}
    found = []
    for told in played.told:
        plain = f" {' '.join(words_of(told.text))} "
        for key, kind in guarded.items():
            expected = scenario.facts[key]
            if not any(_says(kind, expected, said) for said in told.caller_said):
                forms = forms_of(kind, expected)
                found += [(key, form) for form in forms if f" {' '.join(words_of(form))} " in plain]
                found += [(key, form) for form in {*forms, json.dumps(expected)[1:-1]} if is_in(form, told.text)]
    return found


def _kind(key: str, kinds: dict[str, str]) -> str:
    return kinds.get(key) or {"date_of_birth": "date", "ssn_last_4": "digits"}.get(key, "text")


def _says(kind: str, expected: str, said: str) -> bool:
    return mentions(kind, expected, said) or compare(kind, expected, said, "").verdict == "match"


def words_of(text: str) -> list[str]:
    """All words of a text of any length: `words` reads the beginning only."""
    return [word for piece in text.lower().split() for word in words(piece)]


def is_in(form: str, text: str) -> bool:
    return len(form) > 3 and form in text.lower()


@pytest.mark.parametrize("form", ["1985-03-05", "March fifth, nineteen eighty five", "4 3 2 1", "four three two one"])
def test_the_inspector_finds_a_leak(form: str) -> None:
    scenario = BY_NAME["answers-right"]
    played = play(scenario)
    played.told[0].text = played.told[0].text.replace("# Person", f"# Person ({form})")
    assert leaks(scenario, played) != []


def test_an_answer_the_agent_said_first_does_not_count() -> None:
    scenario = BY_NAME["answers-right"]
    hint = "I see the date is March fifth, nineteen eighty five."
    played = play(replace(scenario, model_faults=ModelFaults(leaks=hint)), count=3)
    [hinted] = [fact.question.id for fact in played.facts if fact.question.key == "date_of_birth"]
    assert (played.ending, played.outcome.review_reason) == (
        "successful_call/completed",
        f"{hinted} was said by the agent first",
    )


def test_an_answer_the_agent_repeats_after_the_person_counts() -> None:
    scenario = BY_NAME["talks-over"]
    birth = "August twenty seventh, nineteen eighty eight"
    over = replace(scenario, talk_over=None, opening="")
    replies = (replace(over.replies[0], say=(f"Yes, speaking. I was born {birth}.",)), *over.replies[1:])
    played = play(replace(over, replies=replies, model_faults=ModelFaults(leaks=f"So {birth}.")))
    assert (played.ending, played.outcome.review_reason) == ("successful_call/completed", "")


def test_an_invented_answer_does_not_count_and_is_reviewed() -> None:
    played = play(BY_NAME["model-invents"])
    assert played.verdicts == [("q1", "match"), ("q2", "match")]
    assert played.outcome.review_reason == (
        "q1 is not in the caller's transcript; q2 is not in the caller's transcript; the model says successful_call"
    )


def test_a_choice_is_read_out_with_decoys_and_the_answer_among_them() -> None:
    played = play(BY_NAME["chooses"], wordings=BY_NAME["chooses"].wordings)
    asked = next(turn.text for turn in played.turns if "streets" in turn.text)
    [street] = [fact.question for fact in played.facts if fact.question.key == "street"]
    assert len(street.options) == 4
    assert all(option in asked for option in street.options)
    assert "Juniper Row" in street.options


@pytest.mark.parametrize("said", ["All of them.", "None of them.", "The first one or the second one.", "Juniper"])
def test_who_does_not_choose_has_not_answered(said: str) -> None:
    scenario = BY_NAME["chooses"]
    answers = (scenario.replies[0], Reply("streets|employer", (said,)))
    played = play(replace(scenario, replies=answers), wordings=scenario.wordings)
    assert (played.ending, {verdict for _, verdict in played.verdicts}) == (
        "unsuccessful_call/answers_exhausted",
        {"unclear"},
    )


def test_two_calls_read_the_options_in_different_orders() -> None:
    scenario = BY_NAME["chooses"]
    orders = {
        tuple(fact.question.options)
        for seed in range(6)
        for fact in play(scenario, wordings=scenario.wordings, seed=seed).facts
        if fact.question.key == "street"
    }
    assert len(orders) > 1
