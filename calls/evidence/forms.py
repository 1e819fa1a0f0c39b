"""The forms under which an expected answer could be said or written, to find it where it must not be. Pure."""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from calls.evidence.dates import MONTHS, readings_on_file
from calls.evidence.numbers import amounts, digit_run
from calls.evidence.text import fold, words

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_DAYS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth", 20: "twentieth",
         30: "thirtieth"}  # fmt: skip
_OMITTED = frozenset({"the", "of", "and", "a", "oh", "o", "dollars", "pounds", "euros"})


def forms_of(kind: str, expected: str) -> set[str]:
    """Every usual form of `expected`, in lower case: as written, digit by digit, in spoken words; of a date also the
    day and month alone. Made for finding a leak, so rather too many than too few."""
    found = {expected.lower().strip(), fold(expected)} | set(_FORMS.get(kind, _no_more)(expected))
    return {form for form in found if words(form)}


def mentions(kind: str, expected: str, text: str) -> bool:
    """Whether `text` says `expected` in any usual form, as whole words: a hint by the agent, an answer of the caller.

    Reads long texts too, piece by piece.
    """
    tokens = _tokens(text)
    if kind == "digits" and _run_in(digit_run(words(expected)), tokens):
        return True
    said = f" {_plain(tokens)} "
    return any(f" {form} " in said for form in _plain_forms(kind, expected))


@lru_cache(maxsize=64)
def _plain_forms(kind: str, expected: str) -> frozenset[str]:
    """Kept, for a call's every line is searched for the same few answers."""
    return frozenset(filter(None, (_plain(words(form)) for form in forms_of(kind, expected))))


def _tokens(text: str) -> list[str]:
    """The words of a text of any length: cut at spaces into pieces short enough for `words`."""
    return [token for piece in re.findall(r"(?s).{1,400}(?:\s|$)|.{1,400}", text) for token in words(piece)]


def _plain(tokens: Sequence[str]) -> str:
    """The words, ordinals as numbers, without the small words that come and go in a date."""
    return " ".join(re.sub(r"^(\d+)(?:st|nd|rd|th)$", r"\1", token) for token in tokens if token not in _OMITTED)


def _run_in(wanted: str, tokens: Sequence[str]) -> bool:
    """Whether neighbouring numbers make up `wanted`, however they are grouped."""
    said = " ".join("0" if token in ("oh", "o") else token for token in tokens)
    return bool(wanted) and bool(re.search(rf"(?<!\d){' ?'.join(wanted)}(?!\d)", said))


def _spoken(number: int) -> str:
    """The number in words, up to 999,999,999."""
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {_spoken(number % size)}" if number % size else ""
            return f"{_spoken(number // size)} {name}{rest}"
    if number < 20:
        return _ONES[number]
    return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")


def _no_more(expected: str) -> Iterator[str]:
    yield from ()


def _date_forms(expected: str) -> Iterator[str]:
    for year, month, day in readings_on_file(expected):
        name = next(name for name, number in MONTHS.items() if number == month)
        for said_year in ("", *_years(year)):
            for said_day in (str(day), f"{day}{_suffix(day)}", _ordinal(day), _spoken(day)):
                for said_month in {name, name[:3]}:
                    yield f"{said_month} {said_day} {said_year}".strip()
                    yield f"{said_day} {said_month} {said_year}".strip()
                    yield f"{said_day} of {said_month} {said_year}".strip()
        short = f"{year % 100:02d}"
        for pattern in ("{y}-{m:02}-{d:02}", "{y}{m:02}{d:02}", "{y}/{m:02}/{d:02}", "{m}/{d}/{y}", "{d}/{m}/{y}",
                        "{m:02}/{d:02}/{y}", "{d:02}/{m:02}/{y}", "{d:02}.{m:02}.{y}", "{d}.{m}.{y}",
                        "{m:02}{d:02}{y}", "{d:02}{m:02}{y}", "{m}/{d}/{s}", "{d}/{m}/{s}"):  # fmt: skip
            yield pattern.format(y=year, m=month, d=day, s=short)


def _years(year: int) -> Iterator[str]:
    century, rest = divmod(year, 100)
    tail = _spoken(rest) if rest > 9 else f"oh {_spoken(rest)}"
    yield from (str(year), f"{rest:02d}", _spoken(rest), _spoken(year), f"{_spoken(century)} {tail}")
    yield f"{_spoken(century)} hundred and {_spoken(rest)}"
    yield " ".join(_ONES[int(digit)] for digit in str(year))


def _suffix(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _ordinal(day: int) -> str:
    if day in _DAYS:
        return _DAYS[day]
    return f"{_ONES[day]}th" if day < 20 else f"{_TENS[day // 10]} {_DAYS.get(day % 10, f'{_ONES[day % 10]}th')}"


def _digit_forms(expected: str) -> Iterator[str]:
    code = "".join(character for character in fold(expected) if character.isalnum())
    said = [_ONES[int(each)] if each.isdecimal() else each for each in code]
    yield from (code, " ".join(code), "-".join(code), " ".join(said), ", ".join(said), "-".join(said))
    yield " ".join("oh" if each == "zero" else each for each in said)
    if len(code) == 4 and code.isdecimal():
        yield f"{code[:2]} {code[2:]}"
        yield f"{_pair(code[:2])} {_pair(code[2:])}"


def _pair(digits: str) -> str:
    return _spoken(int(digits)) if digits[0] != "0" else " ".join(_ONES[int(each)] for each in digits)


def _amount_forms(expected: str) -> Iterator[str]:
    for amount in amounts(expected):
        whole = int(amount)
        yield from (f"{whole}", f"{whole:,}", f"{amount:.2f}", f"{amount:,.2f}", _spoken(whole))
        if whole % 1000 in range(100, 1000, 100) and whole < 10000:
            yield f"{whole / 1000:g}k"
            yield f"{_spoken(whole // 100)} hundred"
        if whole and whole % 1000 == 0:
            yield f"{whole // 1000}k"


def _spelled_forms(expected: str) -> Iterator[str]:
    for token in words(expected):
        if len(token) > 2:
            yield from (" ".join(token), "-".join(token))


def _address_forms(expected: str) -> Iterator[str]:
    """The parts that name the place: a number with its street, a postcode with figures and letters."""
    for part in expected.split(","):
        figures = any(character.isdecimal() for character in part)
        if figures and len(words(part)) > 1 and any(len(word) > 2 and word.isalpha() for word in words(part)):
            yield part.strip().lower()


_FORMS = {
    "address": _address_forms,
    "date": _date_forms,
    "digits": _digit_forms,
    "amount": _amount_forms,
    "name": _spelled_forms,
    "text": _spelled_forms,
}
