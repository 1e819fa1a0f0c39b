"""Small checks that compose into the strict shape of a JSON message. Each returns the first problem, or None."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is the vendor's, `param` the path of the field at fault."""

    code: str
    param: str
    message: str


Check = Callable[[Any, str], Problem | None]


def _invalid(param: str, wanted: str) -> Problem:
    return Problem("invalid_value", param, f"Invalid value for '{param}': expected {wanted}.")


def anything(_value: Any, _path: str) -> Problem | None:
    return None


def text(value: Any, path: str) -> Problem | None:
    return None if isinstance(value, str) else _invalid(path, "a string")


def flag(value: Any, path: str) -> Problem | None:
    return None if isinstance(value, bool) else _invalid(path, "a boolean")


def number(low: float, high: float) -> Check:
    def check(value: Any, path: str) -> Problem | None:
        right = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        return None if right else _invalid(path, f"a number from {low} to {high}")

    return check


def whole(low: int, high: int) -> Check:
    def check(value: Any, path: str) -> Problem | None:
        right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if right else _invalid(path, f"an integer from {low} to {high}")

    return check


def one_of(*allowed: Any) -> Check:
    def check(value: Any, path: str) -> Problem | None:
        return None if value in allowed else _invalid(path, f"one of {allowed}")

    return check


def maybe(inner: Check) -> Check:
    """`null` is allowed as well."""
    return lambda value, path: None if value is None else inner(value, path)


def either(*checks: Check) -> Check:
    """The first problem of the last check is told when none accepts."""

    def check(value: Any, path: str) -> Problem | None:
        problems = [inner(value, path) for inner in checks]
        return None if None in problems else problems[-1]

    return check


def array(inner: Check) -> Check:
    def check(value: Any, path: str) -> Problem | None:
        if not isinstance(value, list):
            return _invalid(path, "an array")
        problems = (inner(item, f"{path}[{place}]") for place, item in enumerate(value))
        return next((problem for problem in problems if problem), None)

    return check


def record(required: tuple[str, ...], fields: dict[str, Check]) -> Check:
    """An object with these fields and no other."""

    def check(value: Any, path: str) -> Problem | None:
        if not isinstance(value, dict):
            return _invalid(path, "an object")
        for name in required:
            if name not in value:
                at = f"{path}.{name}".lstrip(".")
                return Problem("missing_required_parameter", at, f"Missing required parameter: '{at}'.")
        problems = (_field(fields, name, inner, f"{path}.{name}".lstrip(".")) for name, inner in value.items())
        return next((problem for problem in problems if problem), None)

    return check


def _field(fields: dict[str, Check], name: str, value: Any, path: str) -> Problem | None:
    if name not in fields:
        return Problem("unknown_parameter", path, f"Unknown parameter: '{path}'.")
    return fields[name](value, path)


def tagged(key: str, shapes: dict[str, Check]) -> Check:
    """An object whose `key` names its shape."""

    def check(value: Any, path: str) -> Problem | None:
        tag = value.get(key) if isinstance(value, dict) else None
        if not isinstance(tag, str) or tag not in shapes:
            return _invalid(f"{path}.{key}".lstrip("."), f"one of {tuple(shapes)}")
        return shapes[tag](value, path)

    return check
