"""Finding an expected answer, in whatever form, where it must not be."""

import pytest

from calls.evidence import forms_of, mentions


def test_a_date_is_known_written_and_spoken() -> None:
    assert forms_of("date", "1985-03-05") >= {
        "1985-03-05",
        "03/05/1985",
        "5.3.1985",
        "march 5",
        "5th of march",
        "march fifth nineteen eighty five",
        "fifth of march 1985",
        "5 mar 85",
    }


def test_digits_are_known_together_and_one_by_one() -> None:
    assert forms_of("digits", "1204") >= {"1204", "1 2 0 4", "one two zero four", "one two oh four", "1-2-0-4"}
    assert "twelve thirty four" in forms_of("digits", "1234")


def test_money_is_known_in_figures_and_words() -> None:
    assert forms_of("amount", "$2,500.00") >= {"2500", "2,500", "2.5k", "two thousand five hundred", "2,500.00"}
    assert "twenty five hundred" in forms_of("amount", "2500")


def test_a_name_is_known_spelled() -> None:
    assert forms_of("name", "Müller") >= {"müller", "muller", "m u l l e r", "m-u-l-l-e-r"}


def test_an_address_is_known_by_its_parts() -> None:
    assert forms_of("address", "12 Baker Street, London NW1 6XE") >= {
        "12 baker street",
        "12 baker street, london nw1 6xe",
    }


@pytest.mark.parametrize(
    ("kind", "expected", "text"),
    [
        ("date", "1985-03-05", "So that is the fifth of March, nineteen eighty-five?"),
        ("date", "1985-03-05", "You were born on 3/5/85, right?"),
        ("date", "1985-03-05", "Is it March the 5th?"),
        ("date", "2005-11-20", "November twentieth, two thousand five"),
        ("digits", "1234", "Does it end in one, two, three, four?"),
        ("digits", "1234", "It ends in 12 34."),
        ("digits", "0070", "oh oh seven oh"),
        ("amount", "2500", "Is it about two thousand five hundred dollars?"),
        ("amount", "1500", "fifteen hundred"),
        ("name", "Smith", "You mean S-M-I-T-H?"),
        ("name", "Smith", "Mrs. Smith, then."),
        ("text", "Acme Logistics", "And you work at ACME Logistics?"),
        ("address", "Flat 3, 12 Baker Street, London NW1 6XE", "at twelve Baker Street?"),
        ("digits", "1234", "Let me see. " * 60 + "Is it one two three four?"),
        ("digits", "1234", "Let me see. " * 60 + "Is it one, twenty-three, four?"),
    ],
)
def test_a_mention_is_found(kind: str, expected: str, text: str) -> None:
    assert mentions(kind, expected, text)


@pytest.mark.parametrize(
    ("kind", "expected", "text"),
    [
        ("date", "1985-03-05", "What is your date of birth, with the year?"),
        ("date", "1985-03-05", "March fifteenth, nineteen eighty-five"),
        ("digits", "1234", "What are the last four digits?"),
        ("digits", "1234", "one two four three"),
        ("digits", "1234", "It is 12345."),
        ("amount", "2500", "two thousand six hundred"),
        ("name", "Smith", "the locksmith"),
        ("text", "red", "I have recorded that."),
        ("address", "Flat 3, 12 Baker Street, London NW1 6XE", "at 112 Baker Street?"),
    ],
)
def test_other_words_are_no_mention(kind: str, expected: str, text: str) -> None:
    assert not mentions(kind, expected, text)
