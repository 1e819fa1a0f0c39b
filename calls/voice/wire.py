"""Reading a vendor's JSON without trusting its shape. Pure.

Every reader takes an object and a key. A WrongShape names the key and never quotes the value: its text is kept and
logged, and what callers say is not.
"""

import json
from typing import Any, TypeGuard

_LARGEST = 2**31 - 1  # what the database's integers hold


class WrongShape(Exception):
    """A message is not what the vendor documents. Its text is the reason, free of content."""


def parse(message: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(message.decode())
    except (ValueError, RecursionError):
        raise WrongShape("not JSON") from None
    if not isinstance(parsed, dict):
        raise WrongShape("not an object")
    return parsed


def text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str):
        raise WrongShape(f"{key} is not text")
    return value


def number(holder: dict[str, Any], key: str) -> int:
    value = holder.get(key)
    if not _is_count(value):
        raise WrongShape(f"{key} is not a count")
    return value


def table(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    if not isinstance(value, dict):
        raise WrongShape(f"{key} is not an object")
    return value


def text_or_empty(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def number_or_zero(holder: dict[str, Any], key: str) -> int:
    value = holder.get(key)
    return value if _is_count(value) else 0


def table_or_empty(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def tables(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in a list; whatever else the list holds, and a missing list, is passed over."""
    value = holder.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST
