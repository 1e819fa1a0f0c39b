"""The table of answers (evidence_pairs.txt) that the comparators are measured by."""

import re
from dataclasses import dataclass
from pathlib import Path

from calls.evidence import Comparison, compare

_SUBJECT = re.compile(r"\[(?P<kind>\w+)\] (?P<expected>[^|]+?)(?: \| (?P<options>.+))?")
_ROW = re.compile(r"(?P<truth>right|wrong|none) (?P<verdict>\w+)\s+(?P<heard>.*?)(?: => (?P<value>.*))?")


@dataclass(frozen=True)
class Pair:
    kind: str
    expected: str
    options: tuple[str, ...]
    truth: str
    verdict: str
    heard: str
    value: str

    def compare(self) -> Comparison:
        return compare(self.kind, self.expected, self.heard, self.value, options=self.options)


def pairs() -> list[Pair]:
    found = []
    kind, expected, options = "", "", ()
    for line in (Path(__file__).parent / "evidence_pairs.txt").read_text(encoding="utf-8").splitlines():
        if subject := _SUBJECT.fullmatch(line):
            kind, expected = subject["kind"], subject["expected"]
            options = tuple((subject["options"] or "").split("; "))
        elif row := _ROW.fullmatch(line):
            found.append(Pair(kind, expected, options, row["truth"], row["verdict"], row["heard"], row["value"] or ""))
        elif line and not line.startswith("#"):
            raise ValueError(f"not a row: {line}")
    return found
