"""Reading a list of people from CSV or XLSX, a row at a time: a hundred thousand rows take no more memory than ten.

(django-import-export holds the whole file as one dataset, and so serves the small lists of the admin, not this.)
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MOST_COLUMNS = 60
csv.field_size_limit(100_000)


class UnreadableFile(Exception):
    """The file as a whole cannot be read; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """`number` as a spreadsheet shows it: the header is 1. `problems` are those of the file's own kind, by column."""

    number: int
    cells: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)


def rows_read(path: Path) -> tuple[list[str], Iterator[Row]]:
    """The columns, as the header names them, and the rows that are not blank. Raises UnreadableFile, also midway."""
    with path.open("rb") as file:
        is_workbook = file.read(4) == b"PK\x03\x04"
    lines = _workbook(path) if is_workbook else _csv(path)
    header = next(lines, (1, []))[1]
    columns = [str(cell or "").strip() for cell in header]
    _check_columns([column for column in columns if column])
    return [column for column in columns if column], _rows(columns, lines)


def _check_columns(columns: list[str]) -> None:
    if not columns:
        raise UnreadableFile("The file has no header: its first row must name the columns.")
    if len(columns) > MOST_COLUMNS:
        raise UnreadableFile(f"The file has {len(columns)} columns; at most {MOST_COLUMNS} are read.")
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise UnreadableFile(f"The column {twice[0]} is there twice.")


def _rows(columns: list[str], lines: Iterator[tuple[int, list[Any]]]) -> Iterator[Row]:
    for number, cells in lines:
        if not any(cell not in (None, "") for cell in cells):
            continue
        row = Row(number, {})
        for column, cell in zip(columns, cells, strict=False):
            if column:
                row.cells[column], problem = _text(cell)
                if problem:
                    row.problems[column] = problem
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            row.problems["(row)"] = "has more cells than the header has columns"
        yield row


def _text(cell: Any) -> tuple[str, str]:
    """A cell as text, and what is wrong with it. A formula is refused: its result is not in the file, or is old."""
    if cell is None:
        return "", ""
    if isinstance(cell, bool):
        return str(cell).lower(), ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell)), ""
    if hasattr(cell, "isoformat"):  # A date cell: a spreadsheet holds it as a moment.
        return cell.isoformat().removesuffix("T00:00:00"), ""
    text = str(cell).strip()
    if text.startswith("="):
        return text, "is a formula; put its value there"
    return text, ("holds an error of the spreadsheet" if text in ("#N/A", "#REF!", "#VALUE!", "#NAME?") else "")


def _csv(path: Path) -> Iterator[tuple[int, list[Any]]]:
    encoding = _encoding(path)
    with path.open(newline="", encoding=encoding) as file:
        sample = file.read(4096).partition("\n")[0]
        file.seek(0)
        delimiter = (
            ";" if sample.count(";") > sample.count(",") else ("\t" if sample.count("\t") > sample.count(",") else ",")
        )
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        number = 0
        try:
            for line in reader:
                number += 1
                yield number, line
        except (csv.Error, UnicodeDecodeError) as error:
            raise UnreadableFile(f"Row {number + 1} cannot be read as CSV: {error}.") from None


def _encoding(path: Path) -> str:
    """UTF-8, or UTF-16 where its mark says so. Another is refused, with the row: a guess would change names."""
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        file.seek(0)
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                raise UnreadableFile(
                    f"Row {number} is not UTF-8. Save the file as CSV UTF-8, or as XLSX, and give it again."
                ) from None
    return "utf-8-sig"


def _workbook(path: Path) -> Iterator[tuple[int, list[Any]]]:
    # As an open file, for of a path openpyxl would judge the name's ending.
    with path.open("rb") as file:
        try:
            book = load_workbook(file, read_only=True)
        except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
            text = "The file is not a workbook that can be read. Save it as XLSX, or as CSV UTF-8."
            raise UnreadableFile(text) from None
        for number, line in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            yield number, list(line)


# -- writing ----------------------------------------------------------------------------------------------------------


def safe_cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is written with a mark before it, which makes it text."""
    text = str(value)
    is_number = text[1:].replace("•", "").isdecimal()  # A phone number, masked or not.
    return f"'{text}" if text[:1] in ("=", "@", "\t", "\r") or (text[:1] in ("+", "-") and not is_number) else value


def csv_line(cells: list[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()
