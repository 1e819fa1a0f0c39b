"""The result of comparing one answer. Pure."""

from dataclasses import dataclass

REVIEW_BELOW = 0.85  # A match with a lower score counts, and is shown to staff.


@dataclass(frozen=True, slots=True)
class Comparison:
    """`verdict` is match, mismatch, refused or unclear; `score` 0 to 1; `method` a small code; `normalised` how the
    answer was read ("1985-03-05"), or "" if it could not be."""

    verdict: str
    score: float
    method: str
    normalised: str = ""


def match(method: str, normalised: str, score: float = 1.0) -> Comparison:
    return Comparison("match", score, method, normalised)


def mismatch(method: str, normalised: str, score: float = 0.0) -> Comparison:
    return Comparison("mismatch", score, method, normalised)


def unclear(method: str, normalised: str = "", score: float = 0.0) -> Comparison:
    return Comparison("unclear", score, method, normalised)
