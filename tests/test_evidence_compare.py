"""Comparing answers: the table of pairs, and the rules between what was heard and the model's reading of it."""

import pytest

from calls.evidence import Comparison, compare
from tests.evidence_pairs import Pair, pairs


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: f"{pair.kind}: {pair.heard} for {pair.expected}")
def test_an_answer_gets_the_verdict_of_the_table(pair: Pair) -> None:
    assert pair.compare().verdict == pair.verdict


def test_the_table_is_large_and_mostly_near_misses() -> None:
    table = pairs()
    assert len(table) >= 300
    assert sum(pair.truth == "wrong" for pair in table) >= 200


def test_no_wrong_answer_of_the_table_is_accepted() -> None:
    assert [pair for pair in pairs() if pair.truth != "right" and pair.compare().verdict == "match"] == []


def test_a_full_match_is_certain() -> None:
    assert compare("date", "1985-03-05", "March fifth, 1985", "1985-03-05") == Comparison(
        "match", 1.0, "date", "1985-03-05"
    )


def test_a_date_that_reads_two_ways_matches_with_a_low_score() -> None:
    assert compare("date", "1985-03-05", "03/05/1985", "") == Comparison(
        "match", 0.7, "date/ambiguous", "1985-03-05 or 1985-05-03"
    )


def test_a_year_of_two_digits_matches_any_century() -> None:
    assert compare("date", "1985-03-05", "the fifth of March 85", "") == Comparison("match", 0.95, "date", "85-03-05")


def test_a_value_that_was_not_heard_is_worth_nothing() -> None:
    assert compare("digits", "1234", "uh, five six seven eight", "1234") == Comparison(
        "unclear", 0.0, "value_not_heard", "5678"
    )


def test_a_value_that_differs_from_what_was_heard_casts_doubt() -> None:
    assert compare("digits", "1234", "one two three four", "1243") == Comparison(
        "match", 0.8, "digits/value_differs", "1234"
    )


def test_a_value_picks_the_answer_out_of_a_longer_sentence() -> None:
    heard = "I drive trucks over at Acme Logistics"
    alone = compare("text", "Acme Logistics", heard, "")
    assert (alone.verdict, alone.method, alone.normalised) == ("unclear", "text/within", "trucks over acme logistics")
    assert compare("text", "Acme Logistics", heard, "Acme Logistics") == Comparison(
        "match", 0.8, "text/within", "acme logistics"
    )


def test_a_name_that_only_sounds_alike_is_unclear_until_spelled() -> None:
    assert compare("name", "Smith", "Smyth", "Smyth") == Comparison("unclear", 0.6, "name/sounds_alike", "smyth")
    assert compare("name", "Smith", "Smyth, S M I T H", "Smith") == Comparison("match", 1.0, "name", "smith")


def test_silence_is_unclear() -> None:
    assert compare("digits", "1234", " … ", "1234") == Comparison("unclear", 0.0, "nothing_heard")


def test_a_choice_is_taken_by_its_words_or_its_place() -> None:
    options = ("Honda Civic", "Ford Fiesta", "Kia Sportage")
    assert compare("choice", "Ford Fiesta", "the Ford Fiesta", "", options=options) == Comparison(
        "match", 1.0, "choice", "Ford Fiesta"
    )
    assert compare("choice", "Ford Fiesta", "the third", "", options=options) == Comparison(
        "mismatch", 0.0, "choice/by_place", "Kia Sportage"
    )
