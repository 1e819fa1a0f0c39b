"""What holds for every text: no comparator raises, and formatting never changes a verdict."""

# ruff: noqa: SIM905 (a list of words reads better as text)

import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calls.evidence import compare, facts_problems, forms_of, mentions, questions_from_facts
from calls.evidence.catalogue import KINDS
from calls.evidence.dates import readings
from tests.evidence_pairs import Pair, pairs

FORMATTING: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "title case": str.title,
    "space around": lambda text: f"  {text}\n",
    "wide spaces": lambda text: text.replace(" ", "   "),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "a full stop": lambda text: f"{text}.",
    "an exclamation": lambda text: f"{text}!",
    "a hesitation": lambda text: f"Um, {text}",
    "politeness": lambda text: f"{text}, sir",
    "decomposed accents": lambda text: unicodedata.normalize("NFD", text),
    "full-width digits": lambda text: text.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)}),
    "curly apostrophes": lambda text: text.replace("'", "’"),
    "typographic hyphens": lambda text: text.replace("-", "‐"),
}

TEXTS = st.text(max_size=200) | st.lists(
    st.sampled_from(
        """one two seven oh zero double triple hundred thousand million and a half or no sorry wait march may fifth 5th
        1985 85 03/05/1985 1234 $ . , - / # k smith s m i t h flat 3 12 baker street nw1 6xe 62704 the i don't know
        first last option b ½ ² ٣ 三 İ ß""".split()
    ),
    max_size=30,
).map(" ".join)


@settings(deadline=None)
@given(kind=st.sampled_from(KINDS), expected=TEXTS, heard=TEXTS, value=TEXTS, options=st.lists(TEXTS, max_size=4))
@example(kind="amount", expected="0", heard="0", value="", options=[])
@example(kind="address", expected="", heard="0", value="", options=[])
@example(kind="choice", expected="", heard="a", value="", options=[])
def test_no_comparator_raises_on_any_text(kind: str, expected: str, heard: str, value: str, options: list[str]) -> None:
    found = compare(kind, expected, heard, value, options=options)
    assert found.verdict in ("match", "mismatch", "refused", "unclear")
    assert 0 <= found.score <= 1


@settings(deadline=None)
@given(kind=st.sampled_from(KINDS), expected=TEXTS, text=TEXTS)
def test_looking_for_an_answer_raises_on_no_text(kind: str, expected: str, text: str) -> None:
    assert all(isinstance(form, str) for form in forms_of(kind, expected))
    assert mentions(kind, expected, text) in (True, False)


@settings(deadline=None)
@given(
    facts=st.dictionaries(
        TEXTS | st.sampled_from(["dob", "ssn_last_4", "car", "address", "monthly_income"]),
        TEXTS | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(TEXTS, max_size=1),
        max_size=8,
    ),
    count=st.integers(0, 5),
    seed=st.integers(),
)
def test_facts_are_either_asked_or_refused_by_key(facts: dict[str, object], count: int, seed: int) -> None:
    problems = facts_problems(facts)
    assert set(problems) <= {*facts, "facts"}
    if not problems:
        asked = questions_from_facts(facts, wordings={}, count=count, seed=seed)
        assert len(asked) <= count
        assert [fact.question.id for fact in asked] == [f"q{number}" for number in range(1, len(asked) + 1)]


DATES = st.dates(date(1901, 1, 1), date(2024, 12, 31))
CODES = st.text("0123456789", min_size=4, max_size=4)
SUMS = st.integers(1, 2_000_000) | st.integers(1, 99).map(lambda hundreds: hundreds * 100)


def full_forms(day: date) -> list[str]:
    """Every form of a date that says its year."""
    return sorted(form for form in forms_of("date", day.isoformat()) if readings(form))


@settings(deadline=None)
@given(day=DATES, pick=st.randoms(use_true_random=False))
def test_a_date_matches_itself_in_every_form(day: date, pick: Random) -> None:
    form = pick.choice(full_forms(day))
    assert (form, compare("date", day.isoformat(), form, "").verdict) == (form, "match")


@settings(deadline=None)
@given(
    day=DATES,
    other=DATES,
    near=st.sampled_from([1, 7, 10, 28, 30, 31, 365, 366, 3652, 3653]) | st.just(0),
    pick=st.randoms(use_true_random=False),
)
def test_another_date_matches_in_no_form_that_says_it_plainly(day: date, other: date, near: int, pick: Random) -> None:
    other = day + timedelta(days=near) if near else other
    plain = [form for form in full_forms(other) if len(readings(form)) == 1 and min(readings(form))[0] > 99]
    form = pick.choice(plain)
    assert (form, compare("date", day.isoformat(), form, "").verdict == "match") == (form, day == other)


@settings(deadline=None)
@given(code=CODES, pick=st.randoms(use_true_random=False))
def test_digits_match_themselves_in_every_form(code: str, pick: Random) -> None:
    form = pick.choice(sorted(forms_of("digits", code)))
    assert (form, compare("digits", code, form, "").verdict) == (form, "match")


@settings(deadline=None)
@given(code=CODES, other=CODES, swap=st.integers(-1, 2), pick=st.randoms(use_true_random=False))
def test_other_digits_match_in_no_form(code: str, other: str, swap: int, pick: Random) -> None:
    if swap >= 0:
        other = code[:swap] + code[swap + 1] + code[swap] + code[swap + 2 :]
    form = pick.choice(sorted(forms_of("digits", other)))
    assert (form, compare("digits", code, form, "").verdict == "match") == (form, code == other)


@settings(deadline=None)
@given(sum_=SUMS, other=SUMS, near=st.integers(-3, 3), pick=st.randoms(use_true_random=False))
def test_a_sum_matches_itself_and_no_other(sum_: int, other: int, near: int, pick: Random) -> None:
    other = max(1, sum_ + near) if near else other
    own, strange = (
        pick.choice(sorted(forms_of("amount", str(sum_)))),
        pick.choice(sorted(forms_of("amount", str(other)))),
    )
    assert (own, compare("amount", str(sum_), own, "").verdict) == (own, "match")
    assert (strange, compare("amount", str(sum_), strange, "").verdict == "match") == (strange, sum_ == other)


@pytest.mark.parametrize("style", FORMATTING)
def test_formatting_never_changes_a_verdict(style: str) -> None:
    def verdicts(change: Callable[[str], str]) -> dict[Pair, str]:
        return {
            pair: compare(
                pair.kind, pair.expected, change(pair.heard), change(pair.value), options=pair.options
            ).verdict
            for pair in pairs()
        }

    assert verdicts(FORMATTING[style]) == verdicts(str)
