"""From facts to questions: wording, choice of questions, decoys, and clear errors."""

from collections.abc import Mapping

import pytest

from calls.evidence import (
    Fact,
    FactError,
    Question,
    compare,
    facts_problems,
    mentions,
    questions_from_facts,
    wordings_problems,
)

FACTS = {
    "date_of_birth": "1985-03-05",
    "ssn_last_4": "1234",
    "address": "12 Baker Street, London NW1 6XE",
    "postcode": "NW1 6XE",
    "employer": "Acme Logistics",
    "car": "Ford Fiesta",
}


def keys(facts: tuple[Fact, ...]) -> set[str]:
    return {fact.question.key for fact in facts}


def ask(facts: Mapping[str, object], wordings: Mapping[str, object], seed: int = 1, count: int = 2) -> tuple[Fact, ...]:
    return questions_from_facts(facts, wordings=wordings, count=count, seed=seed)


def test_a_well_known_fact_is_asked_in_the_catalogue_s_words() -> None:
    assert ask({"DOB": "1985-03-05"}, {}) == (
        Fact(Question("q1", "DOB", "What is your date of birth, with the year?", "date"), "1985-03-05"),
    )


def test_an_unknown_fact_is_asked_in_the_words_of_its_key() -> None:
    assert ask({"favouriteColour": "blue"}, {}) == (
        Fact(Question("q1", "favouriteColour", "What is your favourite colour?", "text"), "blue"),
    )


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("loan_start_date", "1985-03-05", "date"),
        ("work_address", "12 Baker Street", "address"),
        ("last_payment", "250", "amount"),
        ("member_number", "771", "digits"),
        ("father_name", "Smith", "name"),
        ("pet", "a cat", "text"),
    ],
)
def test_the_key_of_an_unknown_fact_tells_how_to_compare_it(key: str, value: str, kind: str) -> None:
    (fact,) = ask({key: value}, {})
    assert fact.question.kind == kind


def test_a_script_overrides_the_words_and_the_kind() -> None:
    wordings = {"car": "What do you drive?", "employer": {"ask": "Who pays you?", "kind": "name"}}
    asked = ask({"car": "Ford Fiesta", "employer": "Smith"}, wordings)
    assert {(fact.question.asked, fact.question.kind) for fact in asked} == {
        ("What do you drive?", "text"),
        ("Who pays you?", "name"),
    }


def test_a_question_does_not_hold_its_answer() -> None:
    for fact in ask(FACTS, {}, count=6):
        assert fact.expected not in repr(fact.question)


def test_a_choice_offers_the_answer_among_given_decoys() -> None:
    (fact,) = ask({"car": "Ford Fiesta"}, {"car": {"options": ["Audi A4", "ford fiesta", "Mini", "Volvo"]}})
    assert fact.question.kind == "choice"
    assert sorted(fact.question.options) == ["Audi A4", "Ford Fiesta", "Mini", "Volvo"]


def test_a_choice_without_given_decoys_takes_the_catalogue_s() -> None:
    (fact,) = ask({"car": "Ford Fiesta"}, {"car": {"kind": "choice"}})
    assert len(fact.question.options) == 4
    assert "Ford Fiesta" in fact.question.options


def test_decoys_stay_the_same_from_call_to_call_and_only_their_order_changes() -> None:
    wordings: dict[str, object] = {"car": {"kind": "choice"}}
    orders = {ask({"car": "Ford Fiesta"}, wordings, seed)[0].question.options for seed in range(20)}
    assert len(orders) > 5
    assert len({frozenset(order) for order in orders}) == 1
    assert {order.index("Ford Fiesta") for order in orders} == {0, 1, 2, 3}


def test_the_same_seed_asks_the_same() -> None:
    assert ask(FACTS, {}, seed=7) == ask(FACTS, {}, seed=7)


def test_the_choice_rotates() -> None:
    assert len({frozenset(keys(ask(FACTS, {}, seed))) for seed in range(30)}) > 8


@pytest.mark.parametrize("seed", range(20))
def test_a_later_call_repeats_no_question_while_others_remain(seed: int) -> None:
    facts = {"dob": "1985-03-05", "ssn_last_4": "1234", "employer": "Acme", "car": "Mini"}
    first = keys(questions_from_facts(facts, wordings={}, count=2, seed=seed))
    second = keys(questions_from_facts(facts, wordings={}, count=2, seed=seed, asked_before=sorted(first)))
    third = questions_from_facts(facts, wordings={}, count=3, seed=seed, asked_before=sorted(first))
    assert first | second == set(facts)
    assert second < keys(third)


@pytest.mark.parametrize("seed", range(30))
def test_facts_that_give_each_other_away_are_never_asked_together(seed: int) -> None:
    asked = keys(questions_from_facts(FACTS, wordings={}, count=6, seed=seed, never_together=[{"employer", "car"}]))
    assert len(asked) == 4
    assert not {"address", "postcode"} <= asked
    assert not {"employer", "car"} <= asked


@pytest.mark.parametrize("seed", range(10))
def test_a_fact_that_rules_out_the_others_gives_way(seed: int) -> None:
    facts = {"address": "12 Baker Street", "street": "Baker Street", "city": "London"}
    assert keys(questions_from_facts(facts, wordings={}, count=2, seed=seed)) == {"street", "city"}


def test_two_spellings_of_one_key_are_one_question() -> None:
    assert len(ask({"dob": "1985-03-05", "date_of_birth": "1985-03-05"}, {})) == 1


def test_too_few_facts_give_fewer_questions() -> None:
    assert ask({}, {}) == ()
    assert len(ask({"car": "Mini"}, {})) == 1


def test_a_spreadsheet_s_number_loses_its_point_nought() -> None:
    assert ask({"member_number": 1234.0}, {})[0].expected == "1234"


def test_problems_name_the_key_and_the_cure_and_never_the_value() -> None:
    problems = facts_problems(
        {
            "a": {"b": 1},
            "b": None,
            "c": True,
            "dob": "03/05/1985",
            "birth_date": "in spring",
            "ssn_last_4": 123,
            "monthly_income": "lots",
            "d": "…",
            "": "x",
        }
    )
    assert problems == {
        "a": "holds a nested value; give one text or number for each key, such as address_city",
        "b": "has no value; give one or leave the key out",
        "c": "is not a text or a number; write the answer as the person would say it",
        "dob": "can be read as two dates; write it as 1985-03-05",
        "birth_date": "is not a date with day, month and year; write it as 1985-03-05",
        "ssn_last_4": 'needs exactly 4 digits; write it as text, for a number loses its noughts: "0123"',
        "monthly_income": "is not one amount of money; write it as 2500.00",
        "d": "must have letters or digits, and at most 300 characters",
        "": "is not a usable key; write a name such as date_of_birth, of at most 100 characters",
    }


def test_facts_must_be_an_object_of_modest_size() -> None:
    assert list(facts_problems(["a"])) == ["facts"]
    assert facts_problems({str(number): "x" for number in range(51)}) == {"facts": "has 51 keys; send at most 50"}


def test_asking_a_bad_fact_is_an_error_that_names_its_key() -> None:
    with pytest.raises(FactError, match=r"^dob: can be read as two dates; write it as 1985-03-05$"):
        ask({"dob": "03/05/1985"}, {})


@pytest.mark.parametrize(
    ("wording", "problem"),
    [
        ("", "is empty"),
        (3, 'must be a text, or {"ask": "…", "kind": "…", "options": ["…"]}'),
        ({"asks": "What?"}, "has an unknown part asks; only ask, kind and options are read"),
        (
            {"kind": "colour"},
            "needs a text in ask and one of text, name, date, digits, amount, address, choice in kind",
        ),
        ({"options": "red"}, "needs a list of texts in options"),
    ],
)
def test_a_bad_wording_is_named(wording: object, problem: str) -> None:
    assert wordings_problems({"car": wording}) == {"car": problem}


def test_a_choice_needs_a_wrong_option() -> None:
    assert facts_problems({"pet": "a cat"}, {"pet": {"options": ["Cat"]}}) == {
        "pet": "is a choice question without a wrong option; give options in the script's wording"
    }


@pytest.mark.parametrize(
    "written",
    ["Tue Mar 05 00:00:00 EST 1985", "1985-03-05T00:00:00Z", "5-Mar-1985", "05 Mar 1985 9 AM"],
)
def test_a_date_on_file_may_be_written_as_computers_write_it(written: str) -> None:
    assert facts_problems({"date_of_birth": written}) == {}
    assert compare("date", written, "March fifth, nineteen eighty five", "").verdict == "match"
    assert compare("date", written, "May third, nineteen eighty five", "").verdict == "mismatch"
    assert mentions("date", written, "you were born on the fifth of March 1985")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("March 1985", "is not a date with day, month and year"),
        ("1985", "is not a date with day, month and year"),
        ("5 March", "is not a date with day, month and year"),
        ("03/05/1985 5 pm", "can be read as two dates"),
        ("1985-13-45", "is not a date with day, month and year"),
    ],
)
def test_a_date_on_file_that_leaves_a_doubt_is_refused(written: str, problem: str) -> None:
    assert facts_problems({"date_of_birth": written}) == {"date_of_birth": f"{problem}; write it as 1985-03-05"}
