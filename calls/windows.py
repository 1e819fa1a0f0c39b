"""When a person may be called: hours of their own wall clock, in every time zone they may be in. Pure.

A person whose number spans several zones may be in any of them, so it must be open in all. Where no zone is known it is
closed. Wall clocks are compared as the person reads them, so both edges of daylight saving come out by themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import merge
from zoneinfo import ZoneInfo, available_timezones

import holidays
import phonenumbers
from phonenumbers import NumberParseException, timezone

LOOK_AHEAD_DAYS = 400
"""A yearly closing cannot hide the next opening; beyond this there is none."""

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Window:
    """`hours[weekday]` (Monday is 0) are spans of local time, each from inclusive to exclusive; `time.max` as an end
    means midnight. `first` and `last` are local dates, inclusive. `country` is "", "US" or "US-CA": its public
    holidays are closed. Frozen, so that an opening can be remembered by it.
    """

    hours: tuple[tuple[Span, ...], ...]
    first: date | None = None
    last: date | None = None
    country: str = ""
    closed: frozenset[date] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Opening:
    """`at` is now where it is open, else the next opening, or None where there is none. `because` is for staff."""

    is_open: bool
    at: datetime | None
    because: str = ""


def opening(window: Window, zones: tuple[str, ...], now: datetime) -> Opening:
    """Whether a person in any of `zones` (IANA names) may be called at `now` (aware), and else when and why not."""
    if not zones:
        return Opening(False, None, "the person's time zone is not known")
    reason = _closed_because(window, zones, now)
    if not reason:
        return Opening(True, now)
    at = next((start for start in _starts(window, zones, now) if not _closed_because(window, zones, start)), None)
    if at is None:
        return Opening(False, None, f"{reason}, and the window does not open again")
    return Opening(False, at, f"{reason} until {_told(at, zones[0], now)}")


def zones_of_number(number: str) -> tuple[str, ...]:
    """The zones a number in E.164 may be in, sorted; empty where nothing is known."""
    try:
        found = timezone.time_zones_for_number(phonenumbers.parse(number))
    except NumberParseException:
        return ()
    return tuple(sorted(zone for zone in found if is_zone(zone)))


def is_zone(name: str) -> bool:
    """Whether this is the name of an IANA time zone with a place: "America/Denver", not "EST" or "Etc/Unknown"."""
    return "/" in name and not name.startswith("Etc/") and name in _known_zones()


def is_country(code: str) -> bool:
    """Whether holidays are known for "US" or "US-CA"."""
    country, _, subdivision = code.partition("-")
    known = holidays.list_supported_countries()
    return country in known and (not subdivision or subdivision in known[country])


def hours_read(text: dict[str, list[list[str]]]) -> tuple[tuple[Span, ...], ...]:
    """{"mon": [["09:00", "12:00"], ["13:00", "24:00"]], …} as `Window.hours`; a day left out is closed.

    Raises ValueError, whose text says which day is wrong and why.
    """
    unknown = sorted(set(text) - set(DAY_NAMES))
    if unknown:
        raise ValueError(f"{unknown[0]} is no day; use {', '.join(DAY_NAMES)}")
    return tuple(_spans_read(day, text.get(day, [])) for day in DAY_NAMES)


def _spans_read(day: str, spans: list[list[str]]) -> tuple[Span, ...]:
    try:
        read = tuple((_time_read(start), _time_read(end)) for start, end in spans)
    except (ValueError, TypeError):
        raise ValueError(f'{day}: write spans as [["09:00", "20:00"]]') from None
    if any(end <= start for start, end in read):
        raise ValueError(f"{day}: a span must end after it begins; over midnight takes two spans")
    return read


def _time_read(text: str) -> time:
    return time.max if text == "24:00" else time.fromisoformat(text)


def _closed_because(window: Window, zones: tuple[str, ...], now: datetime) -> str:
    """Why it is closed at `now`, or "". The first zone that objects gives the reason."""
    for zone in zones:
        if reason := _closed_in(window, now.astimezone(_zone(zone))):
            return reason
    return ""


def _closed_in(window: Window, local: datetime) -> str:
    day = local.date()
    if window.first and day < window.first:
        return "the window has not begun"
    if window.last and day > window.last:
        return "the window is over"
    if day in window.closed:
        return "closed that day"
    if window.country and day in _holidays(window.country, day.year):
        return "a public holiday"
    clock = local.time()
    inside = any(start <= clock < end or end == time.max <= clock for start, end in window.hours[day.weekday()])
    return "" if inside else "outside window"


def _starts(window: Window, zones: tuple[str, ...], now: datetime) -> Iterator[datetime]:
    """Every moment after `now` at which some zone's span begins, in order. An opening of all zones is one of them:
    the latest of the spans' beginnings."""
    first = now.date() - timedelta(days=1)
    if window.first:
        first = max(first, window.first)
    last = min(first + timedelta(days=LOOK_AHEAD_DAYS), window.last or date.max)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return merge(*(_starts_in(window, zone, days, now) for zone in zones))


def _starts_in(window: Window, zone: str, days: list[date], now: datetime) -> Iterator[datetime]:
    for day in days:
        starts = (_instant(day, start, zone) for start, _ in sorted(window.hours[day.weekday()]))
        yield from (start for start in starts if start > now)


def _instant(day: date, clock: time, zone: str) -> datetime:
    """The moment the wall clock shows `clock`. Where that hour is skipped, fold 0 lies after the gap: open."""
    return datetime.combine(day, clock, _zone(zone)).astimezone(UTC)


def _told(at: datetime, zone: str, now: datetime) -> str:
    local, today = at.astimezone(_zone(zone)), now.astimezone(_zone(zone)).date()
    place = zone.rpartition("/")[2].replace("_", " ")
    day = "" if local.date() == today else f"{local:%a %d %b} "
    return f"{day}{local:%H:%M} in {place}"


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=200)
def _holidays(country: str, year: int) -> frozenset[date]:
    name, _, subdivision = country.partition("-")
    return frozenset(holidays.country_holidays(name, subdiv=subdivision or None, years=year))
