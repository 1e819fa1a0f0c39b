"""Comparing digits read out one by one or in groups, and amounts of money. Pure."""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
from collections.abc import Sequence
from decimal import Decimal

from text_to_num import alpha2digit

from calls.evidence.result import Comparison, match, mismatch, unclear
from calls.evidence.text import fold, without_fillers, words

_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_COUNTED = frozenset({"digit", "digits", "number", "numbers", "character", "characters"})
_PRONOUN_AFTER = frozenset({"no", "that", "this", "which", "any", "every", "some"})
_NATO = {word: word[0] for word in
    """alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo
    sierra tango uniform victor whiskey xray yankee zulu""".split()} | {"alfa": "a", "juliett": "j"}  # fmt: skip

_NOISE = re.compile(r"(?<=\d) (?=000\b)|[$£€]|\b(?:usd|eur|gbp|us)\b")
_MULTIPLIERS = {"k": 1000, "grand": 1000, "thousand": 1000, "m": 1000000, "million": 1000000, "mn": 1000000}
_AMOUNT = re.compile(r"(\d+(?:[.,' ]\d{3})*(?:[.,]\d{1,2})?|\d*[.,]\d+)\s*(k|grand|thousand|million|mn|m)?\b")


def compare_digits(expected: str, heard: str) -> Comparison:
    """Digits in order, however grouped; letters count too when the expected code has any (a postcode, an account)."""
    has_letters = any(character.isalpha() for character in fold(expected))
    wanted, given = _code(expected, letters=has_letters), _code(heard, letters=has_letters)
    if not wanted or not given:
        return unclear("digits/unread")
    if given == wanted:
        return match("digits", given)
    if len(given) > len(wanted) and wanted in given:
        return unclear("digits/within", given)
    return mismatch("digits", given)


def digit_run(tokens: Sequence[str]) -> str:
    """The digits among `tokens`, in order: double 7 oh 1 → 7701. A count ("last 4", "4 digits") is left out."""
    run = ""
    repeat = 1
    for before, said, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        is_nought = said in ("oh", "o") and (run or after[:1].isdecimal() or after in ("oh", "o"))
        word = "0" if is_nought else said
        if word.isdecimal() and not _is_count(before, word, after):
            run += word[0] * (repeat - 1) + word
        repeat = _REPEATS.get(word, 1)
    return run


def _is_count(before: str, word: str, after: str) -> bool:
    if before in ("last", "final", "first") and len(word) == 1:
        return True
    return after in _COUNTED or (word == "1" and (before in _PRONOUN_AFTER or after in ("moment", "second", "sec")))


def _code(text: str, *, letters: bool) -> str:
    tokens = words(re.sub(r"\bx[- ]ray\b", "xray", text, flags=re.IGNORECASE))
    if not letters:
        return digit_run(tokens)
    spoken = [_NATO.get(token, token) for token in without_fillers(tokens, _lone_letters(tokens))]
    return "".join(spoken)


def _lone_letters(tokens: Sequence[str]) -> list[str]:
    """Small words that are letters of a code, for another letter or digit stands beside them: the i of "i 5"."""
    alone = [len(token) == 1 or token.isdecimal() for token in tokens]
    return [
        token
        for index, token in enumerate(tokens)
        if len(token) == 1 and any(alone[max(0, index - 1) : index] + alone[index + 1 : index + 2])
    ]


def compare_amount(expected: str, heard: str) -> Comparison:
    """Money, exact to the unit: cents may be left off. A rounding of the expected amount is unclear, not a match."""
    wanted, given = amounts(expected), amounts(heard)
    if len(wanted) != 1 or not given:
        return unclear("amount/unread")
    if len(given) > 1:
        return unclear("amount/several")
    want, got = wanted.pop(), given.pop()
    if got == want:
        return match("amount", str(got))
    if got == int(got) and abs(got - want) < 1 and want != int(want):
        return match("amount/whole", str(got), 0.9)
    if want and abs(got - want) / abs(want) <= Decimal("0.02"):
        return unclear("amount/near", str(got), 0.5)
    return mismatch("amount", str(got))


def amounts(text: str) -> set[Decimal]:
    """Every amount named in `text`: "two and a half thousand", "2.5k", "$2,500.00", "2.500,00 €"."""
    plain = re.sub(r"[^a-z0-9.,' ]+", " ", _NOISE.sub("", fold(text)))
    plain = re.sub(r"(?<=[a-z])[.,-]+|[.,]+(?=\s|$)", " ", plain)
    spoken = re.sub(r"\b(\w+) and a half (thousand|million|grand|k)\b", r"\1 point five \2", plain)
    spoken = re.sub(r"\bhalf a (thousand|million)\b", r"zero point five \1", spoken)
    spoken = re.sub(r"\b(\d+(?:\.\d+)?) (thousand|million)\b", r"\1 \2", spoken)
    digits = _thousands(str(alpha2digit(spoken, "en", 0)))
    found = [_scaled(number, multiplier) for number, multiplier in _AMOUNT.findall(digits)]
    return _with_cents(found, digits)


def _thousands(text: str) -> str:
    """text2num leaves "5 thousand" as "5 1000", and "2.5 million" as "2.5 1000000"."""
    return re.sub(r"(?<=\d) 1000000\b", " million", re.sub(r"(?<=\d) 1000\b", " thousand", text))


def _scaled(number: str, multiplier: str) -> Decimal:
    return _decimal(number) * _MULTIPLIERS.get(multiplier, 1)


def _decimal(text: str) -> Decimal:
    """A comma or a point before one or two last digits is decimal; before three it groups thousands."""
    whole, point, cents = re.fullmatch(r"(.*?)(?:([.,])(\d{1,2}))?", text).groups()  # type: ignore[union-attr]
    return Decimal(f"{re.sub(r'[^0-9]', '', whole) or 0}.{cents or 0}" if point else re.sub(r"[^0-9]", "", text) or 0)


def _with_cents(found: Sequence[Decimal], text: str) -> set[Decimal]:
    """ "2500 dollars and 50 cents" is one amount."""
    if len(found) == 2 and re.search(r"\b(?:cents?|pence|p)\b", text) and found[1] < 100:
        return {found[0] + found[1] / 100}
    return set(found)
