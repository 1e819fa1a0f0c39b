"""From a person's facts to the questions of one call. Pure; chance is a seed.

A `Question` is all the voice model may know. The expected value stays outside it, in `Fact`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from calls.evidence.catalogue import KINDS, NEVER_TOGETHER, Entry, entry_for, known_key
from calls.evidence.compare import compare_text
from calls.evidence.dates import readings_on_file
from calls.evidence.forms import mentions
from calls.evidence.numbers import amounts, digit_run
from calls.evidence.text import words

MAX_FACTS = 50
MAX_LENGTH = 300
MAX_KEY = 100
DECOYS = 3


class FactError(ValueError):
    """A fact that cannot be asked. `key` names it; the text says what is wrong and the cure, never the value."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
        self.message = message


@dataclass(frozen=True, slots=True)
class Question:
    """`id` is q1, q2…; `kind` one of text, name, date, digits, amount, address, choice; `options` of a choice, in the
    order in which they are read out."""

    id: str
    key: str
    asked: str
    kind: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A question with the answer on file, which never leaves the server."""

    question: Question
    expected: str


def questions_from_facts(
    facts: Mapping[str, Any],
    *,
    wordings: Mapping[str, Any],
    count: int,
    asked_before: Sequence[str] = (),
    never_together: Sequence[Collection[str]] = (),
    told: str = "",
    seed: int,
) -> tuple[Fact, ...]:
    """Up to `count` questions: the keys least often in `asked_before` come first, else by chance of
    `seed`; of each set in `never_together`, and in the catalogue's own, at most one. Fewer if the facts allow no more.
    What stands in `told`, the words that the agent says anyway, is no evidence and is not asked.

    `wordings` overrides by key: "How to ask?" or {"ask": …, "kind": …, "options": […]}. Raises FactError.
    """
    for key, message in (facts_problems(facts, wordings) | wordings_problems(wordings)).items():
        raise FactError(key, message)
    before = [known_key(key) for key in asked_before]
    secret = [key for key in facts if not mentions(_entry(key, wordings)[0].kind, _text(facts[key]), told)]
    preferred = sorted(secret, key=lambda key: (before.count(known_key(key)), _chance(seed, key)))
    apart = [{known_key(key) for key in group} for group in (*never_together, *NEVER_TOGETHER)]
    chosen = _choose(preferred, count, apart)
    return tuple(_fact(f"q{number}", key, facts[key], wordings, seed) for number, key in enumerate(chosen, 1))


def facts_problems(facts: object, wordings: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What is wrong with `facts`, by key: {} if all of them can be asked. The texts never quote a value."""
    if not isinstance(facts, Mapping):
        return {"facts": 'must be an object of keys and values, like {"date_of_birth": "1985-03-05"}'}
    if len(facts) > MAX_FACTS:
        return {"facts": f"has {len(facts)} keys; send at most {MAX_FACTS}"}
    usable = {} if wordings_problems(wordings or {}) else wordings or {}
    checked = {str(key): _problem(key, value, usable) for key, value in facts.items()}
    return {key: problem for key, problem in checked.items() if problem}


def wordings_problems(wordings: object) -> dict[str, str]:
    """What is wrong with a script's overrides, by key: {} if nothing is."""
    if not isinstance(wordings, Mapping):
        return {"wordings": 'must be an object, like {"employer": "Whom do you work for?"}'}
    checked = {str(key): _wording_problem(value) for key, value in wordings.items()}
    return {key: problem for key, problem in checked.items() if problem}


def never_together_problem(groups: object) -> str:
    """What is wrong with a script's sets of keys that are not asked together, or ""."""
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        return 'must be a list of lists of keys, like [["employer", "job_title"]]'
    if not all(isinstance(key, str) and words(key) and len(key) <= MAX_KEY for group in groups for key in group):
        return f"must hold keys such as employer, each a text of at most {MAX_KEY} characters"
    if any(len({known_key(key) for key in group}) < 2 for group in groups):
        return "needs two different keys or more in each list"
    return f"holds more than {MAX_FACTS} lists" if len(groups) > MAX_FACTS else ""


def _choose(preferred: Sequence[str], count: int, apart: Sequence[Collection[str]]) -> list[str]:
    """Up to `count` permitted keys, as preferred as may be. A first key that rules out too many others gives way."""
    orders = [[*preferred[at:], *preferred[:at]] for at in range(len(preferred))]
    return max((_permitted(order, count, apart) for order in orders), key=len, default=[])


def _permitted(keys: Sequence[str], count: int, apart: Sequence[Collection[str]]) -> list[str]:
    taken: list[str] = []
    for key in keys:
        if len(taken) < count and not any(_clash(known_key(key), known_key(each), apart) for each in taken):
            taken.append(key)
    return taken


def _clash(one: str, other: str, apart: Sequence[Collection[str]]) -> bool:
    """Two spellings of one key (dob, date_of_birth) clash as well."""
    return one == other or any(one in group and other in group for group in apart)


def _chance(seed: int, text: str) -> bytes:
    return sha256(f"{seed}:{text}".encode()).digest()


def _entry(key: str, wordings: Mapping[str, Any]) -> tuple[Entry, tuple[str, ...]]:
    """How to ask for `key`, with the script's override applied, and the override's own options."""
    entry, override = entry_for(key), wordings.get(key, wordings.get(known_key(key), {}))
    if isinstance(override, str):
        override = {"ask": override}
    kind = override.get("kind", "choice" if "options" in override else entry.kind)
    merged = Entry(override.get("ask", entry.ask), kind, entry.length if kind == entry.kind else 0, entry.decoys)
    return merged, tuple(override.get("options", ()))


def _fact(number: str, key: str, value: Any, wordings: Mapping[str, Any], seed: int) -> Fact:
    entry, given = _entry(key, wordings)
    expected = _text(value)
    options: tuple[str, ...] = ()
    if entry.kind == "choice":
        options = tuple(
            sorted([expected, *_decoys(key, expected, given or entry.decoys)], key=lambda each: _chance(seed, each))
        )
    return Fact(Question(number, key, entry.ask, entry.kind, options), expected)


def _text(value: Any) -> str:
    """A spreadsheet's 1234.0 is the person's 1234."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _decoys(key: str, expected: str, offered: Sequence[str]) -> list[str]:
    """Wrong options, the same ones in every call: were they drawn anew, two calls would show which option stays."""
    wrong = [option for option in offered if compare_text(expected, option).verdict == "mismatch"]
    return sorted(wrong, key=lambda option: sha256(f"{key}:{expected}:{option}".encode()).digest())[:DECOYS]


def _problem(key: object, value: object, wordings: Mapping[str, Any]) -> str:
    if not isinstance(key, str) or not words(key) or len(key) > MAX_KEY:
        return "is not a usable key; write a name such as date_of_birth, of at most 100 characters"
    if isinstance(value, Mapping | list | tuple):
        return "holds a nested value; give one text or number for each key, such as address_city"
    if value is None or value == "":
        return "has no value; give one or leave the key out"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "is not a text or a number; write the answer as the person would say it"
    if len(str(value)) > MAX_LENGTH or not words(str(value)):
        return f"must have letters or digits, and at most {MAX_LENGTH} characters"
    return _problem_of_kind(key, _text(value), wordings)


def _problem_of_kind(key: str, value: str, wordings: Mapping[str, Any]) -> str:
    entry, given = _entry(key, wordings)
    dates = len(readings_on_file(value))
    if entry.kind == "date" and dates != 1:
        problem = "can be read as two dates" if dates else "is not a date with day, month and year"
        return f"{problem}; write it as 1985-03-05"
    if entry.kind == "digits" and entry.length and len(digit_run(words(value))) != entry.length:
        return f'needs exactly {entry.length} digits; write it as text, for a number loses its noughts: "0123"'
    if entry.kind == "amount" and len(amounts(value)) != 1:
        return "is not one amount of money; write it as 2500.00"
    if entry.kind == "choice" and not _decoys(key, value, given or entry.decoys):
        return "is a choice question without a wrong option; give options in the script's wording"
    return ""


def _wording_problem(value: object) -> str:
    if isinstance(value, str):
        return "" if words(value) else "is empty"
    if not isinstance(value, Mapping):
        return 'must be a text, or {"ask": "…", "kind": "…", "options": ["…"]}'
    if unknown := set(value) - {"ask", "kind", "options"}:
        return f"has an unknown part {sorted(map(str, unknown))[0]}; only ask, kind and options are read"
    if not isinstance(value.get("ask", "-"), str) or value.get("kind", "text") not in KINDS:
        return f"needs a text in ask and one of {', '.join(KINDS)} in kind"
    options = value.get("options", ["-"])
    if not isinstance(options, list) or not all(isinstance(each, str) and each for each in options):
        return "needs a list of texts in options"
    return ""
