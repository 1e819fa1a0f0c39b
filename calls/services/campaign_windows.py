"""A campaign's window as its row states it, and a person's place in it."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from calls.models import Campaign
from calls.windows import Opening, Window, hours_read, opening


def window_of(campaign: Campaign) -> Window:
    return Window(
        hours=hours_read(campaign.hours),
        first=campaign.first_day,
        last=campaign.last_day,
        country=campaign.holidays,
        closed=frozenset(date.fromisoformat(day) for day in campaign.closed_days),
    )


def opening_for(campaign: Campaign, *, zones: str, now: datetime) -> Opening:
    """`zones` as a member's row holds them: comma-separated, "" where they are not known."""
    return opening(window_of(campaign), zones_read(zones), now)


def zones_read(zones: str) -> tuple[str, ...]:
    return tuple(zone for zone in zones.split(",") if zone)


@lru_cache(maxsize=600)
def zone_told(zones: str) -> ZoneInfo:
    """The zone in which times are told and tries are spread: the person's first."""
    return ZoneInfo((zones_read(zones) or ("UTC",))[0])
