"""Windows: the person's own clock decides, at daylight saving's edges too."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.windows import Opening, Window, hours_read, is_country, is_zone, opening, zones_of_number

DAY = ((time(9), time(20)),)
WEEKDAYS = Window(hours=(DAY,) * 5 + ((), ()))
DAILY = Window(hours=(DAY,) * 7)
NEW_YORK, CHICAGO, DENVER, PHOENIX, HONOLULU = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"),
    "Pacific/Honolulu",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_inside_the_hours_it_is_open() -> None:
    now = local("2026-06-03 09:00", DENVER)
    assert opening(WEEKDAYS, (DENVER,), now) == Opening(True, now)


def test_before_the_hours_it_opens_later_that_day_and_says_where() -> None:
    now = local("2026-06-03 08:59", DENVER)
    at = local("2026-06-03 09:00", DENVER)
    assert opening(WEEKDAYS, (DENVER,), now) == Opening(False, at, "outside window until 09:00 in Denver")


def test_the_end_of_the_hours_is_closed_already() -> None:
    at = local("2026-06-04 09:00", DENVER)
    because = "outside window until Thu 04 Jun 09:00 in Denver"
    assert opening(WEEKDAYS, (DENVER,), local("2026-06-03 20:00", DENVER)) == Opening(False, at, because)


def test_after_friday_comes_monday() -> None:
    assert opening(WEEKDAYS, (DENVER,), local("2026-06-05 21:00", DENVER)).at == local("2026-06-08 09:00", DENVER)


def test_a_person_of_no_known_zone_is_never_called() -> None:
    expected = Opening(False, None, "the person's time zone is not known")
    assert opening(DAILY, (), utc("2026-06-03 15:00")) == expected


def test_a_number_of_several_zones_is_open_only_where_all_are() -> None:
    zones = (CHICAGO, HONOLULU, NEW_YORK)
    early = local("2026-06-03 09:00", NEW_YORK)
    assert opening(DAILY, zones, early).at == local("2026-06-03 09:00", HONOLULU)
    assert opening(DAILY, zones, local("2026-06-03 14:59", HONOLULU)).at == local("2026-06-04 09:00", HONOLULU)


def test_hours_that_never_meet_never_open() -> None:
    window = Window(hours=(((time(9), time(10)),),) * 7)
    expected = Opening(False, None, "outside window, and the window does not open again")
    assert opening(window, (HONOLULU, NEW_YORK), utc("2026-06-03 15:00")) == expected


def test_in_spring_the_opening_is_an_hour_sooner_by_the_worlds_clock() -> None:
    before = opening(DAILY, (NEW_YORK,), utc("2026-03-07 05:00"))
    after = opening(DAILY, (NEW_YORK,), utc("2026-03-08 05:00"))
    assert (before.at, after.at) == (utc("2026-03-07 14:00"), utc("2026-03-08 13:00"))


def test_in_autumn_the_opening_is_an_hour_later_by_the_worlds_clock() -> None:
    assert opening(DAILY, (NEW_YORK,), utc("2026-11-01 05:00")).at == utc("2026-11-01 14:00")
    assert opening(DAILY, (NEW_YORK,), utc("2026-11-01 13:30")).is_open is False
    assert opening(DAILY, (NEW_YORK,), utc("2026-11-02 00:59")).is_open is True
    assert opening(DAILY, (NEW_YORK,), utc("2026-11-02 01:00")).is_open is False


def test_a_zone_without_daylight_saving_keeps_its_hour() -> None:
    assert opening(DAILY, (PHOENIX,), utc("2026-03-08 05:00")).at == utc("2026-03-08 16:00")


def test_an_opening_in_the_hour_that_is_skipped_comes_after_it() -> None:
    window = Window(hours=(((time(2, 30), time(12)),),) * 7)
    found = opening(window, (NEW_YORK,), utc("2026-03-08 06:00"))
    assert found.at == utc("2026-03-08 07:30")
    assert opening(window, (NEW_YORK,), found.at).is_open


def test_the_hour_that_comes_twice_is_open_both_times() -> None:
    window = Window(hours=(((time(1), time(2)),),) * 7)
    hours = [utc("2026-11-01 04:30") + timedelta(hours=count) for count in range(4)]
    assert [opening(window, (NEW_YORK,), hour).is_open for hour in hours] == [False, True, True, False]


def test_a_public_holiday_of_the_country_is_closed() -> None:
    window = Window(hours=(DAY,) * 7, country="US")
    found = opening(window, (NEW_YORK,), local("2026-11-26 12:00", NEW_YORK))
    assert found == Opening(
        False, local("2026-11-27 09:00", NEW_YORK), "a public holiday until Fri 27 Nov 09:00 in New York"
    )


def test_a_holiday_is_the_persons_own_day() -> None:
    window = Window(hours=(((time(0), time.max),),) * 7, country="US")
    assert opening(window, (HONOLULU,), local("2026-11-25 23:00", HONOLULU)).is_open
    assert not opening(window, (NEW_YORK,), local("2026-11-25 23:00", HONOLULU)).is_open


def test_a_state_has_holidays_of_its_own() -> None:
    at = local("2026-03-31 12:00", "America/Los_Angeles")
    assert opening(Window(hours=(DAY,) * 7, country="US"), ("America/Los_Angeles",), at).is_open
    assert not opening(Window(hours=(DAY,) * 7, country="US-CA"), ("America/Los_Angeles",), at).is_open


def test_days_that_staff_close_are_closed() -> None:
    window = Window(hours=(DAY,) * 7, closed=frozenset({date(2026, 6, 3)}))
    assert opening(window, (DENVER,), local("2026-06-03 12:00", DENVER)).at == local("2026-06-04 09:00", DENVER)


def test_the_dates_are_inclusive_and_then_it_is_over() -> None:
    window = Window(hours=(DAY,) * 7, first=date(2026, 6, 3), last=date(2026, 6, 4))
    assert opening(window, (DENVER,), local("2026-01-01 12:00", DENVER)).at == local("2026-06-03 09:00", DENVER)
    assert opening(window, (DENVER,), local("2026-06-04 19:59", DENVER)).is_open
    over = opening(window, (DENVER,), local("2026-06-04 20:00", DENVER))
    assert (over.is_open, over.at) == (False, None)


def test_two_spans_a_day_leave_the_noon_hour_free() -> None:
    hours = hours_read({"wed": [["09:00", "12:00"], ["13:00", "24:00"]]})
    window = Window(hours=hours)
    assert opening(window, (DENVER,), local("2026-06-03 12:30", DENVER)).at == local("2026-06-03 13:00", DENVER)
    assert opening(window, (DENVER,), local("2026-06-03 23:59", DENVER)).is_open
    assert not opening(window, (DENVER,), local("2026-06-04 00:00", DENVER)).is_open


@pytest.mark.parametrize(
    ("given_hours", "message"),
    [
        ({"fun": [["09:00", "20:00"]]}, "fun is no day; use mon, tue, wed, thu, fri, sat, sun"),
        ({"mon": [["9", "20:00"]]}, 'mon: write spans as [["09:00", "20:00"]]'),
        ({"mon": [["20:00", "09:00"]]}, "mon: a span must end after it begins; over midnight takes two spans"),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_day(given_hours: dict[str, list[list[str]]], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        hours_read(given_hours)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+12025550123", (NEW_YORK,)),
        ("+13035550123", (DENVER,)),
        ("+18085550123", (HONOLULU,)),
        ("+442079460123", ("Europe/London",)),
        ("+881612345678", ()),
        ("nothing", ()),
    ],
)
def test_a_number_tells_its_zones(number: str, zones: tuple[str, ...]) -> None:
    assert zones_of_number(number) == zones


def test_a_toll_free_number_may_be_anywhere_in_the_country() -> None:
    assert {NEW_YORK, HONOLULU} < set(zones_of_number("+18005550123"))


def test_a_zone_is_a_place() -> None:
    assert [is_zone(name) for name in (DENVER, "EST", "Etc/UTC", "America/Nowhere", "")] == [True, *[False] * 4]


def test_a_country_is_one_whose_holidays_are_known() -> None:
    assert [is_country(code) for code in ("US", "US-CA", "DE", "US-XX", "ZZ", "")] == [True, True, True, *[False] * 3]


MINUTES = st.integers(0, 366 * 24 * 60 * 2)
ZONES = (NEW_YORK, DENVER, PHOENIX, HONOLULU, "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")


@given(MINUTES, st.sets(st.sampled_from(ZONES), min_size=1, max_size=2))
def test_an_opening_is_open_and_nothing_before_it_is(minutes: int, zones: set[str]) -> None:
    window = Window(hours=(((time(6), time(22)),),) * 7)
    now = utc("2026-01-01 00:00") + timedelta(minutes=minutes)
    found = opening(window, tuple(sorted(zones)), now)
    if found.at is None:
        return
    assert opening(window, tuple(sorted(zones)), found.at).is_open
    wait = int((found.at - now).total_seconds() // 600)
    between = [now + timedelta(minutes=10 * count) for count in range(min(wait, 150))]
    assert not any(opening(window, tuple(sorted(zones)), at).is_open for at in between if not found.is_open)
