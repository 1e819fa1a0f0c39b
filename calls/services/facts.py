"""Which facts and wordings may be kept: what the evidence can work with, in characters every store can hold."""

import math
from collections.abc import Mapping
from typing import Any

from calls import evidence
from calls.services.texts import line_problem, spoken_problem

MAX_FACTS = 50
MAX_KEY = 100
MAX_VALUE = 300
MAX_WORDING = 300


def facts_problems(facts: Mapping[str, Any], *, wordings: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What is wrong with a person's facts under a script's wordings, by path: {"facts.car": "has no value; …"}.

    Never repeats a value.
    """
    found = {key: _key_problem(key) or _value_problem(value) for key, value in facts.items()}
    return _paths("facts", facts, evidence.facts_problems(facts, wordings) | _only_problems(found))


def wordings_problems(wordings: object) -> dict[str, str]:
    """What is wrong with a script's wordings, by path: {"wordings.car": "is empty"}."""
    if not isinstance(wordings, Mapping):
        return evidence.wordings_problems(wordings)
    found = {key: _key_problem(key) or _wording_problem(wording) for key, wording in wordings.items()}
    return _paths("wordings", wordings, evidence.wordings_problems(wordings) | _only_problems(found))


def _key_problem(key: str) -> str:
    return line_problem(key, limit=MAX_KEY)


def _value_problem(value: object) -> str:
    # JSON's 1e999 is read as infinity, which PostgreSQL would refuse to keep.
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a number that can be kept"
    return line_problem(value, limit=MAX_VALUE) if isinstance(value, str) else ""


def _wording_problem(wording: object) -> str:
    """Each text in it is spoken: the question, and the options of a choice."""
    parts = [wording.get("ask"), *_listed(wording.get("options"))] if isinstance(wording, Mapping) else [wording]
    found = [spoken_problem(part, limit=MAX_WORDING) for part in parts if isinstance(part, str)]
    return next(filter(None, found), "")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _only_problems(found: dict[str, str]) -> dict[str, str]:
    return {key: problem for key, problem in found.items() if problem}


def _paths(whole: str, given: Mapping[str, Any], problems: dict[str, str]) -> dict[str, str]:
    """The evidence names a key, or the whole object where it is at fault."""
    return {f"{whole}.{key[:MAX_KEY]}" if key in given else whole: text for key, text in problems.items()}
