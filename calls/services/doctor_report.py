"""What the doctor says: one finding for each thing looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is ok, broken, warning or skipped; `cure` says what to do about the middle two."""

    name: str
    state: str
    text: str
    cure: str = ""


def ok(name: str, text: str) -> Finding:
    return Finding(name, "ok", text)


def broken(name: str, text: str, cure: str) -> Finding:
    return Finding(name, "broken", text, cure)


def warning(name: str, text: str, cure: str) -> Finding:
    return Finding(name, "warning", text, cure)


def skipped(name: str, text: str) -> Finding:
    return Finding(name, "skipped", text)
