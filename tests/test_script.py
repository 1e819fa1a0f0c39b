"""The words given to the model: what is in them, and above all what is not."""

from dataclasses import replace

from calls.evidence import Question
from calls.voice import script
from tests.talks import BIRTH, DIGITS, PLAN

QUESTIONS = [BIRTH.question, Question("q2", "street", "Which street?", "choice", ("Elm Court", "Mill Street"))]


def test_the_disclosure_is_the_first_sentence_and_the_greeting_names_the_person_only() -> None:
    assert script.greeting(PLAN) == f"{PLAN.disclosure} Am I speaking with Ada Bright?"
    assert not any(told in script.greeting(PLAN) for told in (PLAN.company, PLAN.purpose))


def test_the_questions_are_listed_with_their_ids_and_the_options_of_a_choice() -> None:
    text = script.instructions(PLAN, QUESTIONS)
    listed = text.partition("# Questions\n")[2].partition("\n\n")[0]
    assert listed == (
        '- q1: "What is your date of birth?"\n- q2: "Which street?" (options: "Elm Court"; "Mill Street")'
    )


def test_no_expected_answer_is_in_the_instructions() -> None:
    text = script.instructions(PLAN, [BIRTH.question, DIGITS.question])
    assert not any(answer in text for answer in (BIRTH.expected, DIGITS.expected))


def test_company_and_purpose_come_with_the_order_to_keep_them_until_the_person_has_said_who_they_are() -> None:
    rules = script.instructions(PLAN, QUESTIONS).splitlines()
    keep = next(index for index, line in enumerate(rules) if line.startswith("- Until the person has said"))
    told = next(index for index, line in enumerate(rules) if PLAN.purpose in line)
    assert keep < told
    assert rules[told].startswith("- After that you may say")


def test_the_sections_stand_in_the_order_in_which_a_model_is_to_read_them() -> None:
    text = script.instructions(PLAN, QUESTIONS)
    heads = [line for line in text.splitlines() if line.startswith("# ")]
    assert heads == ["# Role", "# Opening", "# Person", "# Rules", "# Questions", "# Closing"]


def test_braces_in_a_scripts_own_words_are_only_words() -> None:
    plan = replace(PLAN, purpose="Case {person} {0}", closing="Bye {x}")
    text = script.instructions(plan, QUESTIONS)
    assert "Case {person} {0}" in text
    assert 'Say: "Bye {x}"' in text
