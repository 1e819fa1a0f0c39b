"""Comparing one answer with what is on file. Pure.

One principle for every kind: only the whole of the same thing matches; what is close, partial or doubtful is unclear;
all else is a mismatch. `heard` (the person's words) and `value` (the model's reading of them) both come from a model
and are not trusted. The verdict rests on `heard`. `value` can settle one thing, which of the words were meant as the
answer, and only if those words are in `heard`; where it contradicts `heard` it lowers the score.
"""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from calls.evidence.addresses import compare_address
from calls.evidence.dates import compare_date
from calls.evidence.names import compare_name
from calls.evidence.numbers import compare_amount, compare_digits
from calls.evidence.result import Comparison, match, mismatch, unclear
from calls.evidence.text import fold, join_spelled, last_said, offers_several, refuses, sound, without_fillers, words

_COMPANY_FORMS = frozenset(
    "inc incorporated ltd limited llc plc corp corporation co company gmbh group holdings".split()
)
_ORDINALS = {"1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "5th": 4, "6th": 5, "last": -1}


def compare(kind: str, expected: str, heard: str, value: str, *, options: Sequence[str] = ()) -> Comparison:
    """The verdict on an answer of `kind` (text, name, date, digits, amount, address, choice).

    `options`: for a choice, in the order in which they were read out. Raises nothing on any text.
    """
    if not words(heard):
        return unclear("nothing_heard")
    if offers_several(heard, expected):
        return unclear(f"{kind}/several")
    said = last_said(heard, expected)
    if not said:
        return unclear(f"{kind}/withdrawn")
    by_heard = _judge(kind, expected, said, options)
    if by_heard.verdict != "match" and refuses(heard):
        return Comparison("refused", 0.0, "refused")
    return _with_value(by_heard, _judge(kind, expected, value, options) if words(value) else None)


def _judge(kind: str, expected: str, answer: str, options: Sequence[str]) -> Comparison:
    if kind == "choice":
        return _compare_choice(expected, answer, options)
    return _BY_KIND.get(kind, compare_text)(expected, answer)


def _with_value(by_heard: Comparison, by_value: Comparison | None) -> Comparison:
    if by_value is None:
        return by_heard
    if by_heard.verdict == "match" and by_value.verdict == "mismatch":
        return replace(by_heard, score=min(by_heard.score, 0.8), method=f"{by_heard.method}/value_differs")
    if by_heard.method.endswith("/within") and by_value.verdict == "match":
        return match(by_heard.method, by_value.normalised, 0.8)
    if by_heard.verdict == "mismatch" and by_value.verdict == "match":
        return unclear("value_not_heard", by_heard.normalised)
    return by_heard


def compare_text(expected: str, heard: str) -> Comparison:
    wanted = _content(expected, ())
    given = _content(heard, wanted)
    shown = " ".join(given)
    if not wanted or not given:
        return unclear("text/unread")
    if sorted(given) == sorted(wanted) or "".join(given) == "".join(wanted):
        return match("text", shown)
    ratio = fuzz.ratio(" ".join(wanted), shown) / 100
    if _figures(wanted) == _figures(given) and [sound(each) for each in wanted] == [sound(each) for each in given]:
        return unclear("text/sounds_alike", shown, ratio)
    if f" {' '.join(wanted)} " in f" {shown} ":
        return unclear("text/within", shown, ratio)
    if set(given) < set(wanted):
        return unclear("text/partial", shown, ratio)
    if ratio >= 0.85 and _figures(wanted) == _figures(given):
        return unclear("text/near", shown, ratio)
    return mismatch("text", shown, ratio)


def _content(text: str, expected: Sequence[str]) -> list[str]:
    tokens = without_fillers(join_spelled(words(text)), expected)
    content = [token for token in tokens if token not in _COMPANY_FORMS]
    return content or tokens or list(words(text))


def _figures(tokens: Sequence[str]) -> list[str]:
    return [token for token in tokens if any(character.isdecimal() for character in token)]


def _compare_choice(expected: str, heard: str, options: Sequence[str]) -> Comparison:
    """By the option's words, or by its letter or place: "B", "the second one"."""
    wanted = {option for option in options if fold(option) == fold(expected)} or {expected}
    verdicts = {option: compare_text(option, heard) for option in options}
    whole = [option for option, each in verdicts.items() if each.verdict == "match"]
    named = whole or [option for option, each in verdicts.items() if each.method == "text/within"]
    chosen = named or _by_place(heard, options)
    if len(chosen) != 1:
        return unclear("choice/several" if chosen else "choice/unread")
    method = "choice" if named else "choice/by_place"
    return match(method, chosen[0]) if chosen[0] in wanted else mismatch(method, chosen[0])


def _by_place(heard: str, options: Sequence[str]) -> list[str]:
    tokens = [token for token in words(heard) if token not in ("option", "letter", "number", "choice", "answer", "1")]
    if words(heard) in (("1",), ("option", "1"), ("number", "1")):
        tokens = ["1st"]
    places = {_place(token) for token in without_fillers(tokens, ("a",) if tokens[-1:] == ["a"] else ())}
    if len(places) != 1 or None in places:
        return []
    place = places.pop() or 0
    return [options[place]] if -len(options) <= place < len(options) else []


def _place(token: str) -> int | None:
    if re.fullmatch(r"[a-f]", token):
        return ord(token) - ord("a")
    if re.fullmatch(r"[1-6]", token):
        return int(token) - 1
    return _ORDINALS.get(token)


_BY_KIND: dict[str, Callable[[str, str], Comparison]] = {
    "text": compare_text,
    "name": compare_name,
    "date": compare_date,
    "digits": compare_digits,
    "amount": compare_amount,
    "address": compare_address,
}
