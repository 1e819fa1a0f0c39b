"""How often the comparators err, and how long they take: `make bench-evidence`.

A false accept is a wrong answer that matched. A false reject is a right answer that did not match when first given;
most of them are unclear, so that the question is asked once more. Exits with 1 if any wrong answer is accepted.
"""

# ruff: noqa: T201 (its output is its purpose)

import sys
import time
from collections.abc import Sequence

from calls.evidence import REVIEW_BELOW
from calls.evidence.text import sound, words
from tests.evidence_pairs import Pair, pairs


def main() -> int:
    table = pairs()
    print(f"{'kind':8}  {'right':>5}  {'rejected':>14}  {'wrong':>5}  {'accepted':>14}")
    for kind in [*dict.fromkeys(pair.kind for pair in table), "all"]:
        print(_line(kind, [pair for pair in table if kind in (pair.kind, "all")]))
    times = sorted(_milliseconds(pair) for pair in table)
    print(f"{len(table)} pairs; ms for one: median {times[len(times) // 2]:.3f}, 99 % {times[-len(times) // 100]:.3f}")
    accepted = [pair for pair in table if pair.truth != "right" and pair.compare().verdict == "match"]
    for pair in accepted:
        print(f"accepted: {pair}")
    return 1 if accepted else 0


def _line(kind: str, rows: Sequence[Pair]) -> str:
    right = [pair.compare() for pair in rows if pair.truth == "right"]
    wrong = [pair.compare() for pair in rows if pair.truth == "wrong"]
    rejected = sum(found.verdict != "match" for found in right)
    accepted = sum(found.verdict == "match" for found in wrong)
    reviewed = sum(found.verdict == "match" and found.score < REVIEW_BELOW for found in right)
    return (
        f"{kind:8}  {len(right):5}  {rejected:5} {rejected / len(right):8.1%}  {len(wrong):5}"
        f"  {accepted:5} {accepted / len(wrong):8.1%}   ({reviewed} right ones matched with a low score)"
    )


def _milliseconds(pair: Pair) -> float:
    words.cache_clear()
    sound.cache_clear()
    started = time.perf_counter()
    pair.compare()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
