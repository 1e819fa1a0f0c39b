"""A campaign's results as a file: a row in, an outcome out, and a last line that says so."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from calls.campaign_states import UNSETTLED
from calls.campaign_table import csv_line, safe_cell
from calls.models import Campaign, CampaignMember
from calls.services.campaign_people import TEMPLATE
from calls.services.numbers import masked

COLUMNS = (
    *("row", "name", "phone", "external_id", "state", "status", "end_reason", "attempts", "last_call", "ended_at"),
    *("next_attempt", "because"),
)
CHUNK = 2000


def results_rows(*, campaign: Campaign, with_numbers: bool) -> Iterator[list[Any]]:
    """The header, each person in the order of the list, and the line that adds them up."""
    yield list(COLUMNS)
    members = CampaignMember.objects.filter(campaign=campaign).select_related("verification").order_by("pk")
    rows = open_rows = 0
    for member in members.iterator(CHUNK):
        rows += 1
        open_rows += member.state in UNSETTLED
        yield _row(member, with_numbers=with_numbers)
    settled = rows - open_rows
    yield [f"{rows} rows in, {settled} outcomes out, {open_rows} still open."]


def results_csv(*, campaign: Campaign, with_numbers: bool) -> Iterator[str]:
    yield "\ufeff"  # Without it a spreadsheet takes UTF-8 for something else.
    for row in results_rows(campaign=campaign, with_numbers=with_numbers):
        yield csv_line(row)


def results_workbook(*, campaign: Campaign, with_numbers: bool, path: Path) -> None:
    _write_workbook(results_rows(campaign=campaign, with_numbers=with_numbers), path)


def template_csv() -> str:
    return "".join(csv_line(list(row)) for row in TEMPLATE)


def template_workbook(path: Path) -> None:
    _write_workbook(iter(TEMPLATE), path)


def _write_workbook(rows: Iterator[Any], path: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("people")
    for row in rows:
        sheet.append([safe_cell(cell) for cell in row])
    book.save(path)


def _row(member: CampaignMember, *, with_numbers: bool) -> list[Any]:
    person = member.verification
    return [
        member.row_number,
        person.name,
        member.phone if with_numbers else masked(member.phone),
        person.external_id,
        member.state,
        member.status,
        member.end_reason,
        member.attempts,
        member.last_call_id or "",
        _moment(member.ended_at),
        "" if member.ended_at else _moment(member.next_at),
        member.because,
    ]


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
