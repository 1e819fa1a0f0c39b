"""What was spent: calls, minutes and money, by day, key and campaign. Reads only."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Count, F, Sum

from calls.models import CallCost

COLUMNS = ("day", "key", "campaign", "calls", "minutes", "model", "transcription", "carrier", "total")
_MONEY = ("model", "transcription", "carrier", "total")


def report_rows(*, since: date, until: date, key_id: int | None = None) -> Iterator[dict[str, Any]]:
    """One row for each day, key and campaign, newest first; money in the currency of the prices, to six places."""
    costs = CallCost.objects.filter(day__gte=since, day__lte=until)
    if key_id is not None:
        costs = costs.filter(key_id=key_id)
    sums = {name: Sum(f"{name}_micros") for name in _MONEY}
    grouped = costs.order_by().values("day", "key_id", "key__name", "call__campaign_id", "call__campaign__name")
    rows = grouped.annotate(calls=Count("pk"), billed=Sum("minutes"), **sums).order_by(
        # The databases disagree on where nothing sorts.
        "-day",
        F("key__name").asc(nulls_first=True),
        F("call__campaign__name").asc(nulls_first=True),
    )
    for row in map(dict[str, Any], rows):
        money = {name: f"{row[name] / 1_000_000:.6f}" for name in _MONEY}
        yield {
            "day": row["day"].isoformat(),
            "key": row["key__name"] or "",
            "campaign": row["call__campaign__name"] or "",
            "calls": row["calls"],
            "minutes": row["billed"],
            **money,
        }
