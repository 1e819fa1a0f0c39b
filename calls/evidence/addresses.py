"""Comparing postal addresses: the house number, the unit and the postcode decide, then the street. Pure."""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from calls.evidence.result import Comparison, match, mismatch, unclear
from calls.evidence.text import fold, join_spelled, sound, without_fillers, words

# Long and short forms share the short one; "st" is both street and saint, which does no harm to comparing.
_SHORT = {
    long: short
    for short, forms in {
        "st": "street saint", "ave": "avenue av", "rd": "road", "dr": "drive", "ln": "lane", "ct": "court",
        "blvd": "boulevard", "pl": "place", "sq": "square", "ter": "terrace", "hwy": "highway", "pkwy": "parkway",
        "cir": "circle", "cres": "crescent", "cl": "close", "gdns": "gardens", "mt": "mount", "n": "north",
        "s": "south", "e": "east", "w": "west", "ne": "northeast", "nw": "northwest", "se": "southeast",
        "sw": "southwest", "unit": "apartment apt flat suite ste room rm",
    }.items()
    for long in forms.split()
}  # fmt: skip
_STREET_TYPES = frozenset("st ave rd dr ln ct blvd pl sq ter hwy pkwy cir cres cl gdns way row mews hill walk".split())
_SAID_BESIDE = frozenset("address house number postcode post code zip zipcode usa uk".split())
_POSTCODE = re.compile(r"[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|[a-z]\d[a-z]\d[a-z]\d|\d{5}|\d{9}")
_HOUSE = re.compile(r"^\d+[a-f]?$")
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")


@dataclass(frozen=True, slots=True)
class _Address:
    house: str = ""
    unit: str = ""
    postcode: str = ""
    names: list[str] = field(default_factory=list)


def compare_address(expected: str, heard: str) -> Comparison:
    wanted, given = _read(expected, words(expected)), _read(heard, words(expected))
    shown = " ".join(part for part in (given.unit, given.house, *given.names, given.postcode) if part)
    if not (given.house or given.names):
        return unclear("address/unread")
    pairs = ((wanted.house, given.house), (wanted.unit, given.unit), (wanted.postcode, given.postcode))
    if any(want and got and want != got for want, got in pairs):
        return mismatch("address/number", shown)
    names = _compare_names(wanted.names[: _street_end(expected)], wanted, given)
    if names.verdict == "mismatch":
        return names
    if any(got and not want for want, got in pairs):
        return unclear("address/more", shown, 0.5)
    if any(want and not got for want, got in pairs):
        return unclear("address/partial", shown, 0.5)
    return Comparison(names.verdict, names.score, names.method, shown)


def _read(text: str, expected: Sequence[str]) -> _Address:
    tokens = _numbered(words(fold(text).replace("#", " unit ")))
    kept = without_fillers(tokens, expected)
    plain = [_plain(token) for token in kept if token not in _SAID_BESIDE or token in expected]
    postcode, plain = _cut_postcode(plain)
    unit, plain = _cut_unit(plain)
    house, plain = _cut_house(plain)
    return _Address(house, unit, postcode, join_spelled(plain))


def _numbered(tokens: Sequence[str]) -> list[str]:
    """Noughts said as "oh", and a single letter after a number joined to it: 12 a baker → 12a baker."""
    joined: list[str] = []
    for said, after in zip(tokens, [*tokens, ""][1:], strict=True):
        beside_number = bool(joined) and joined[-1].isdecimal()
        if said in ("oh", "o") and beside_number:
            joined.append("0")
        elif beside_number and said in ("a", "b", "c", "d", "e", "f") and len(after) > 1 and not after.isdecimal():
            joined[-1] += said
        else:
            joined.append(said)
    return joined


def _plain(token: str) -> str:
    ordinal = _ORDINAL.match(token)
    return f"{ordinal[1]}th" if ordinal else _SHORT.get(token, token)


def _cut_postcode(tokens: Sequence[str]) -> tuple[str, list[str]]:
    """The postcode said last, even letter by letter: n w 1 6 x e. Of a ZIP+4 the first five figures count."""
    for start in range(max(0, len(tokens) - 9), len(tokens)):
        tail = "".join(tokens[start:])
        if _POSTCODE.fullmatch(tail):
            return (tail[:5] if tail.isdecimal() else tail), list(tokens[:start])
    return "", list(tokens)


def _cut_unit(tokens: Sequence[str]) -> tuple[str, list[str]]:
    if "unit" not in tokens[:-1]:
        return "", list(tokens)
    at = tokens.index("unit")
    return tokens[at + 1], [*tokens[:at], *tokens[at + 2 :]]


def _cut_house(tokens: Sequence[str]) -> tuple[str, list[str]]:
    """The first run of numbers: 1 23a baker → 123a. A numbered street (5th) is a name."""
    at = next((index for index, token in enumerate(tokens) if _HOUSE.match(token)), None)
    if at is None:
        return "", list(tokens)
    end = at + 1
    while end < len(tokens) and tokens[end - 1].isdecimal() and _HOUSE.match(tokens[end]):
        end += 1
    return "".join(tokens[at:end]), [*tokens[:at], *tokens[end:]]


def _street_end(expected: str) -> int:
    """How many of the expected names are the street's: up to its type or the first comma after a name, else all."""
    whole = _read(expected, words(expected)).names
    parts = [_read(part, words(part)).names for part in expected.split(",")]
    by_comma = next((len(names) for names in parts if names), len(whole))
    by_type = next((index for index, name in enumerate(whole, 1) if index > 1 and name in _STREET_TYPES), len(whole))
    return min(by_comma, by_type)


def _compare_names(street: Sequence[str], wanted: _Address, given: _Address) -> Comparison:
    """The street must be whole. Words that are not in the expected address are let pass beside the right postcode."""
    shown = " ".join(given.names)
    core = [name for name in street if name not in _STREET_TYPES] or list(street)
    said = [name for name in given.names if name not in _STREET_TYPES]
    types = {name for name in given.names if name in _STREET_TYPES}
    if all(name in given.names for name in core) and types <= set(wanted.names):
        extra = [name for name in said if name not in wanted.names]
        if extra and not wanted.postcode:
            return unclear("address/within", shown, 0.7)
        return match("address", shown, 1.0 if types else 0.9)
    ratio = fuzz.partial_ratio(" ".join(core), " ".join(said)) / 100 if said else 0.0
    if ratio >= 0.8 or [sound(name) for name in core] == [sound(name) for name in said[: len(core)]]:
        return unclear("address/near", shown, ratio)
    return mismatch("address", shown, ratio)
