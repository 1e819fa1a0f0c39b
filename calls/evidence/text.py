"""What a person said, made plain: folded to ASCII words, number words as digits, corrections and doubts found. Pure."""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from anyascii import anyascii
from text_to_num import alpha2digit

MAX_CHARS = 500  # An answer is a sentence; a longer text is cut, so that no argument of the model can cost time.

FILLERS = frozenset(
    """a ah alright an and at be believe called calling course currently dash do does dot drive er erm for fine from
    guess have he hello her hers hey hi him his hm hmm i id im in is it its ive just let like live lives living looks
    maam me mine my name named oh ok okay on our please right say says see she should sir so spelled still sure thank
    thanks that thats the their then there they think this to uh uhm um underscore was we well were with work working
    works would yeah yep yes you your""".split()
)

_CORRECTIONS = re.compile(
    r"\b(?:no sorry|no wait|no no|oh no|sorry i meant?|i meant?|or rather|scratch that|make that|wait no|let me correct"
    r"(?: that| myself)?|correction|actually|sorry|wait|nope|rather|no)\b"
)
_WITHDRAWN = re.compile(r"\b(?:no|nope|wait|scratch that)\s*$")
_REFUSALS = re.compile(
    r"\b(?:(?:do not|dont|cannot|cant|wont|will not|would not|wouldnt|not) (?:really |even )?(?:know|remember|recall|"
    r"want|wish|say|saying|tell|telling|give|giving|answer|answering|share|sharing|disclose|care|like|have|feel)|"
    r"(?:i|we) (?:refuse|forgot|forget|have no|prefer not)|rather not|prefer not|no idea|no clue|not sure|pass|"
    r"none of your business|skip (?:it|that|this))\b"
)
_ALTERNATIVES = re.compile(r"\b(?:or|either|maybe both)\b")

# Spellings that sound the same on a telephone. In this order: each rule reads what the one before left.
_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        (r"^(?:kn|gn|pn)", "n"), (r"^wr", "r"), (r"^wh", "w"), (r"^ps", "s"), (r"ph", "f"), (r"ght?", "t"),
        (r"sch|tch", "ch"), (r"ck|q|c(?![eiyh])", "k"), (r"c(?=[eiy])|z", "s"), (r"x", "ks"), (r"mac(?=[a-z])", "mk"),
        (r"^mc", "mk"), (r"th", "th"), (r"dg", "j"), (r"ie|ey|ee|ea|y|ei", "i"), (r"ou|oo|ew", "u"), (r"ow", "o"),
        (r"e$", ""), (r"(?<=[aou])h(?=[bcdfgklmnrst]|$)", ""), (r"(.)\1+", r"\1"),
    ]
]  # fmt: skip


def fold(text: str) -> str:
    """`text` as lower-case ASCII without apostrophes, at most MAX_CHARS long: "  Zoë O’Brien" → "zoe obrien"."""
    plain = anyascii(unicodedata.normalize("NFKC", text[:MAX_CHARS])).lower()
    return " ".join(re.sub(r"(?<=[a-z])['`](?=[a-z])", "", plain).split())


@lru_cache(maxsize=512)
def words(text: str) -> tuple[str, ...]:
    """The words of `text`, numbers as digits: "March fifth, nineteen-oh-five" → march 5th 19 oh 5."""
    spaced = re.sub(r"[^a-z0-9]+", " ", fold(text)).strip()
    return tuple(str(alpha2digit(spaced, "en", 0)).split())


def last_said(text: str, expected: str) -> str:
    """What stands after the last correction: "the fifth, no sorry, the sixth" → "the sixth"; "" if only withdrawn.

    A correction's own word that is part of the expected answer ("Sorry Records") corrects nothing.
    """
    plain = re.sub(r"[^a-z0-9.,$#/:+-]+", " ", fold(text))
    spoken = re.sub(r"[.,](?=\s|$)", " ", plain)
    if _CORRECTIONS.search(fold(expected)):
        return plain
    if _WITHDRAWN.search(spoken):
        return ""
    parts = [part.strip() for part in _CORRECTIONS.split(spoken)]
    return next((part for part in reversed(parts) if part), "")


def offers_several(text: str, expected: str) -> bool:
    """Whether the person named alternatives ("the fifth or the sixth?"), which is a guess and not an answer."""
    return bool(_ALTERNATIVES.search(fold(text))) and not _ALTERNATIVES.search(fold(expected))


def refuses(text: str) -> bool:
    """Whether the person would not or could not answer."""
    return bool(_REFUSALS.search(" ".join(re.sub(r"[^a-z0-9]+", " ", fold(text)).split())))


def without_fillers(tokens: Iterable[str], expected: Sequence[str] = ()) -> list[str]:
    """`tokens` without the small words around an answer, save those the expected answer itself has."""
    return [token for token in tokens if token not in FILLERS or token in expected]


def join_spelled(tokens: Sequence[str]) -> list[str]:
    """Letters said one by one joined into a word, which replaces the word they spell: smyth s m i t h → smith."""
    joined: list[str] = []
    run = ""
    for token in [*_double_letters(tokens), ""]:
        if len(token) == 1 and token.isalpha():
            run += token
            continue
        if len(run) > 2 and joined and joined[-1][0] == run[0]:
            joined.pop()
        joined += [run] if len(run) > 2 else list(run)
        joined += [token] if token else []
        run = ""
    return joined


def _double_letters(tokens: Sequence[str]) -> list[str]:
    letters: list[str] = []
    for token in tokens:
        if letters and letters[-1] == "double" and len(token) == 1:
            letters[-1] = token
        letters.append(token)
    return letters


@lru_cache(maxsize=512)
def sound(word: str) -> str:
    """A rough key of how an English word sounds: smith and smyth share it."""
    for pattern, replacement in _SOUNDS:
        word = pattern.sub(replacement, word)
    return word
