"""Reading dates as people say and write them. Pure.

What was said is read by own code: dateutil and dateparser settle what was not said (a missing year is this year's,
03/05 is March) and return one date, while here every reading is needed, so that a doubt can be seen as one. dateutil
reads what stands on file in a computer's own form, and only where it had nothing to settle.
"""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from dateutil.parser import ParserError, parse

from calls.evidence.result import Comparison, match, mismatch, unclear
from calls.evidence.text import words

_NAMES = "january february march april may june july august september october november december".split()
MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_MONTH_WORDS = MONTHS | {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
_ORDINAL = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)$")
_GLUED = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?([a-z]{3,9})(\d{2,4})?$")
_TIME_OF_DAY = re.compile(r"(?<=\d)[t ]\d{2}:\d{2}.*$", re.IGNORECASE)

_FOUR_DIGITS = re.compile(r"\d{4}")  # dateutil gives a two-digit year the century that is nearest to today.
_DEFAULTS = (datetime(2001, 1, 1), datetime(2002, 2, 2))

# A reading: year, month, day. A year under 100 was said with two digits and stands for any century's.
Reading = tuple[int, int, int]


def readings(text: str) -> set[Reading]:
    """Every complete date `text` can mean; none if a part is missing or more than one date is named."""
    tokens = [token for word in words(_TIME_OF_DAY.sub("", text)) for token in _unglue(word)]
    named = [token in _MONTH_WORDS and not _is_modal(token, tokens) for token in tokens]
    months = {_MONTH_WORDS[token] for token, is_month in zip(tokens, named, strict=True) if is_month}
    if len(months) > 1:
        return set()
    if months:
        at = named.index(True)
        found = _with_month(months.pop(), _numbers(tokens[:at]), _numbers(tokens[at + 1 :]))
    else:
        found = _all_numbers(_numbers(tokens), first_is_day=_starts_with_ordinal(tokens))
    return {reading for reading in found if _exists(reading)}


def readings_on_file(text: str) -> set[Reading]:
    """As `readings`, and of a written date also such forms as nobody says: Tue Mar 05 00:00:00 EST 1985."""
    return readings(text) or (_written(text) if _FOUR_DIGITS.search(text) else set())


def _written(text: str) -> set[Reading]:
    """The dates that dateutil makes of it, month first and day first; none if it took a part from the default."""
    found = set()
    for day_first in (False, True):
        try:
            dates = {parse(text, default=day, dayfirst=day_first, ignoretz=True).date() for day in _DEFAULTS}
        except (ParserError, OverflowError):
            return set()
        if len(dates) > 1:
            return set()
        found |= dates
    return {reading for day in found if _exists(reading := (day.year, day.month, day.day))}


def compare_date(expected: str, heard: str) -> Comparison:
    wanted, given = readings_on_file(expected), readings(heard)
    if not given and _stands_within(wanted, heard):
        return unclear("date/within")
    if not wanted or not given:
        return unclear("date/unread")
    shown = " or ".join(f"{year:02d}-{month:02d}-{day:02d}" for year, month, day in sorted(given))
    same = [reading for reading in given if any(_same(reading, each) for each in wanted)]
    if not same:
        return mismatch("date", shown)
    if len(given) > 1 or len(wanted) > 1:
        return match("date/ambiguous", shown, 0.7)
    return match("date", shown, 1.0 if given == wanted else 0.95)


def _stands_within(wanted: set[Reading], heard: str) -> bool:
    """Whether the date is one part of a longer answer: March 5th 1985, and the digits are 1 2 3 4."""
    tokens = [token for token in words(heard) if token in _MONTH_WORDS or token in ("oh", "o") or token[0].isdecimal()]
    spans = ((start, start + size) for size in range(2, 9) for start in range(len(tokens[:16]) - size + 1))
    return any(readings(" ".join(tokens[start:end])) == wanted for start, end in spans)


def _unglue(word: str) -> list[str]:
    """ "05mar1985" → 05 mar 1985; anything else stays whole."""
    parts = _GLUED.match(word)
    return [part for part in parts.groups() if part] if parts and parts[2] in _MONTH_WORDS else [word]


def _is_modal(word: str, tokens: Sequence[str]) -> bool:
    """Whether "may" is the verb: it may be…, may I…"""
    following = tokens[tokens.index(word) + 1 :][:1]
    return word == "may" and bool({*following} & {"be", "i", "have", "we"})


def _starts_with_ordinal(tokens: Sequence[str]) -> bool:
    """Nobody says a month as "the fifth" before the day: the fifth, nineteen eighty-five lacks its month."""
    return bool(_ORDINAL.match(next((token for token in tokens if token[0].isdecimal()), "")))


def _numbers(tokens: Sequence[str]) -> list[str]:
    """The digit groups in order. "oh" is a nought beside a number; six or eight digits in a row are taken apart."""
    found: list[str] = []
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        ordinal = _ORDINAL.match(token)
        if ordinal or token.isdecimal():
            digits = ordinal[1] if ordinal else token
            found += list(digits) if len(digits) in (6, 8) else [digits]
        elif token in ("oh", "o") and (after[:1].isdecimal() or (before[:1].isdecimal() and after in ("oh", "o"))):
            found.append("0")
    return found[:12]


def _cuts(numbers: Sequence[str], pieces: int) -> Iterator[tuple[str, ...]]:
    """Every way to cut the groups into that many runs, each run joined: 3 5 19 85 → (3, 5, 1985), …"""
    if pieces == 1:
        yield ("".join(numbers),)
        return
    for at in range(1, len(numbers) - pieces + 2):
        for rest in _cuts(numbers[at:], pieces - 1):
            yield ("".join(numbers[:at]), *rest)


def _with_month(month: int, before: Sequence[str], after: Sequence[str]) -> Iterator[Reading]:
    """March 5 1985, 5 March 1985, 1985 March 5, 1985 the 5th of March, March 1985 the 5th."""
    pairs = [("".join(before), "".join(after))] if before and after else _cuts(before or after, 2)
    for first, second in pairs:
        if len(first) <= 2 and len(second) in (2, 4) and after:
            yield int(second), month, int(first)
        if len(first) == 4 and len(second) <= 2:
            yield int(first), month, int(second)


def _all_numbers(numbers: Sequence[str], *, first_is_day: bool) -> Iterator[Reading]:
    for first, second, third in _cuts(numbers, 3):
        if len(first) <= 2 and len(second) <= 2 and len(third) in (2, 4):
            yield int(third), int(second), int(first)
            if not first_is_day:
                yield int(third), int(first), int(second)
        if len(first) == 4 and len(second) <= 2 and len(third) <= 2:
            yield int(first), int(second), int(third)


def _exists(reading: Reading) -> bool:
    year, month, day = reading
    if not (0 <= year < 100 or 1880 <= year <= 2100):
        return False
    try:
        date(year if year > 99 else 2000 + year, month, day)  # 2000 was a leap year: 29 February 00 may exist.
    except ValueError:
        return False
    return True


def _same(one: Reading, other: Reading) -> bool:
    two_digits = one[0] < 100 or other[0] < 100
    return one[1:] == other[1:] and (one[0] % 100 == other[0] % 100 if two_digits else one[0] == other[0])
