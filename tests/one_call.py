"""Short words of many tests about one call: its SIDs, where it stands, what is in its history."""

from collections.abc import Callable
from datetime import datetime

from calls.models import Call

SID, OTHER_SID = "CA" + "1" * 32, "CA" + "2" * 32


def at(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: moment


def kinds(call: Call) -> list[str]:
    return list(call.events.values_list("kind", flat=True))


def told(call: Call) -> tuple[str, str, str, str]:
    """(stage, status, end_reason, vendor_code), read anew."""
    call.refresh_from_db()
    return call.stage, call.status, call.end_reason, call.vendor_code
