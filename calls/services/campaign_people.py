"""One row of a list: what is wrong with it, by column, or the person it names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings

from calls.campaign_table import Row
from calls.services.facts import facts_problems
from calls.services.numbers import to_e164
from calls.services.texts import line_problem, prose_problem
from calls.services.verifications import MAX_BACKGROUND
from calls.windows import is_zone, zones_of_number

NAME, PHONE, BACKGROUND, EXTERNAL_ID, TIME_ZONE = "name", "phone", "background", "external_id", "time_zone"
OWN_COLUMNS = (NAME, PHONE, BACKGROUND, EXTERNAL_ID, TIME_ZONE)
"""All other columns are facts, by their header."""
REQUIRED = (NAME, PHONE)
TEMPLATE = [
    [*OWN_COLUMNS, "date_of_birth", "ssn_last_4"],
    ["Ada Byron", "+12025550123", "Loan application of 3 March", "crm-77", "America/New_York", "1985-03-05", "4321"],
]
Problem = tuple[int, str, str]
"""Row, column, what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Person:
    row_number: int
    name: str
    phone: str
    background: str
    external_id: str
    zones: str
    facts: dict[str, str]


def person_read(row: Row, *, wordings: Mapping[str, Any], facts_needed: int) -> tuple[Person, list[Problem]]:
    """The person, and every problem of the row; with a problem the person is not to be used.

    `facts_needed`: how many facts a call of the campaign's script must be able to ask.
    """
    cells = {column: row.cells.get(column, "") for column in OWN_COLUMNS}
    facts = {column: text for column, text in row.cells.items() if column not in OWN_COLUMNS and text}
    found = dict(row.problems)
    phone = _phone(cells[PHONE], found)
    zones = _zones(cells[TIME_ZONE], phone, found)
    for column, problem in _texts(cells):
        found.setdefault(column, problem)
    for path, problem in facts_problems(facts, wordings=wordings).items():
        found.setdefault(path.removeprefix("facts."), problem)
    if len(facts) < facts_needed:
        found.setdefault("facts", f"{len(facts)} of the {facts_needed} that the script needs are there")
    person = Person(row.number, cells[NAME], phone, cells[BACKGROUND], cells[EXTERNAL_ID], zones, facts)
    return person, [(row.number, column, problem) for column, problem in found.items() if problem]


def _phone(text: str, found: dict[str, str]) -> str:
    if not text:
        found.setdefault(PHONE, "is required")
        return ""
    try:
        return to_e164(text, region=settings.DEFAULT_REGION)
    except ValueError as problem:
        found.setdefault(PHONE, str(problem))
        return ""


def _zones(text: str, phone: str, found: dict[str, str]) -> str:
    """The row's own zone, else what the number tells. Without one nobody would ever be called: that is said now."""
    if text and not is_zone(text):
        found.setdefault(TIME_ZONE, "is not a time zone; write it like America/New_York")
        return ""
    zones = text or (",".join(_number_zones(phone)) if phone else "")
    if phone and not zones:
        found.setdefault(TIME_ZONE, "cannot be told from the number; name it, like America/New_York")
    return zones if len(zones) <= 400 else ""


@lru_cache(maxsize=50_000)
def _number_zones(phone: str) -> tuple[str, ...]:
    return zones_of_number(phone)


def _texts(cells: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (NAME, line_problem(cells[NAME], limit=200) if cells[NAME] else "is required"),
        (EXTERNAL_ID, line_problem(cells[EXTERNAL_ID], limit=100)),
        (BACKGROUND, prose_problem(cells[BACKGROUND], limit=MAX_BACKGROUND)),
    ]
