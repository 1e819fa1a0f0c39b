"""Rules for the texts people give us: how long, and which characters."""

import re
import unicodedata


def line_problem(text: str, *, limit: int) -> str:
    """What is wrong with one line of text, or "". A line break in it could pass for an instruction in a prompt."""
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        return "must be one line, without control characters"
    return _length_problem(text, limit=limit)


def name_problem(text: str, *, limit: int) -> str:
    """What is wrong with a name that is part of an address, or ""."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        return "must be letters, digits, dots, - and _, beginning with a letter or digit"
    return _length_problem(text, limit=limit)


def spoken_problem(text: str, *, limit: int) -> str:
    """As `line_problem`, for a sentence that is given to the voice model between double quotes."""
    return "must not contain \" (use ' instead)" if '"' in text else line_problem(text, limit=limit)


def prose_problem(text: str, *, limit: int) -> str:
    """What is wrong with a text of several lines, or ""."""
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\r\t" for character in text):
        return "must not contain control characters"
    return _length_problem(text, limit=limit)


def _length_problem(text: str, *, limit: int) -> str:
    return f"is {len(text)} characters long; at most {limit} are kept" if len(text) > limit else ""
