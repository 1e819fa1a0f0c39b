"""Whether and when a person of a campaign is rung."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from pytest_django import Settings

from calls import draining
from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call, Campaign, CampaignMember, Line
from calls.services import campaign_dials
from calls.services.calls import call_request
from calls.services.campaign_dials import members_dial
from calls.services.campaign_dispatch import campaigns_run
from calls.services.dialing import call_dial, call_ring
from calls.services.do_not_call import do_not_call_add
from calls.services.lines import turn_next
from tests import factories
from tests.campaign_stage import NIGHT, NINE_IN_NEW_YORK, NOON, campaign, end, person, texts, tick, told
from tests.one_call import at
from tests.phone_company import PhoneCompany

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("company")]

GAP = 0.26125
"""Seconds between dials at four a second: a little over a quarter."""


# -- one person -------------------------------------------------------------------------------------------------------


def test_a_person_whose_window_is_open_is_rung_once(company: PhoneCompany) -> None:
    member = person(campaign())
    tick()
    tick()
    call = Call.objects.get()
    assert [rung.to for rung in company.rung.values()] == ["+12025550101"]
    assert (call.stage, call.campaign_id, call.attempt, call.max_tries) == ("dialing", member.campaign_id, 1, 1)
    assert told(member) == ("calling", 0, "")


def test_a_person_at_night_is_put_off_to_the_morning_with_the_reason(company: PhoneCompany) -> None:
    spring = campaign()
    member, other = person(spring, 1), person(spring, 2)
    tick(NIGHT)
    assert company.rung == {}
    assert told(member) == ("waiting", 0, "outside window until 09:00 in New York")
    other.refresh_from_db()
    assert (member.next_at, other.next_at) == (NINE_IN_NEW_YORK, NINE_IN_NEW_YORK)
    assert texts(spring) == [("deferred", "deferred: outside window until 09:00 in New York", 2)]


def test_the_window_is_asked_again_at_the_moment_of_dialling(company: PhoneCompany) -> None:
    member = person(campaign())
    picked: list[int] = []
    evening = datetime(2026, 6, 3, 23, 59, 59, 900000, tzinfo=UTC)
    campaigns_run(clock=at(evening), hand_out=picked.extend)
    assert picked == [member.pk]
    assert not members_dial(member_ids=[member.pk], clock=at(evening + timedelta(seconds=1)), sleep=lambda _: None)
    assert (company.rung, told(member)[2]) == ({}, "outside window until Thu 04 Jun 09:00 in New York")


def test_a_person_of_no_known_zone_is_skipped_and_said_so(company: PhoneCompany) -> None:
    member = person(campaign(), zones="")
    tick()
    assert (company.rung, told(member)) == ({}, ("skipped", 0, "the person's time zone is not known"))


def test_a_number_on_the_do_not_call_list_is_skipped(company: PhoneCompany) -> None:
    member = person(campaign())
    do_not_call_add(phone=member.phone, reason="asked")
    tick()
    assert (company.rung, told(member)) == ({}, ("skipped", 0, "the number is on the do-not-call list"))


def test_an_entry_that_has_expired_bars_nobody(company: PhoneCompany) -> None:
    member = person(campaign())
    do_not_call_add(phone=member.phone, expires_at=NOON - timedelta(seconds=1))
    tick()
    assert told(member)[0] == "calling"


def test_calls_of_another_campaign_count_against_the_caps(company: PhoneCompany) -> None:
    member = person(campaign(per_person_day=1))
    factories.call(
        to_number=member.phone,
        stage=Stage.ENDED,
        claimed_at=NOON - timedelta(hours=23),
        dialed_at=NOON - timedelta(hours=23),
    )
    tick()
    assert told(member) == ("waiting", 0, "1 call to this number in 24 hours already")
    assert member.next_at == NOON + timedelta(hours=1)


def test_a_person_with_another_call_in_progress_waits(company: PhoneCompany) -> None:
    member = person(campaign(), next_at=NIGHT)
    call_request(verification=member.verification, now=NOON)
    tick()
    assert (company.rung, told(member)[0]) == ({}, "waiting")


@pytest.mark.parametrize("limits", [{}, {"calls_per_second": 0.5}, {"max_concurrent": 1}])
def test_one_who_was_picked_and_forgotten_is_picked_again_after_a_while(limits: dict[str, Any]) -> None:
    member = person(campaign(**limits))
    handed: list[int] = []
    campaigns_run(clock=at(NOON), hand_out=handed.extend)
    campaigns_run(clock=at(NOON + timedelta(seconds=29)), hand_out=handed.extend)
    assert handed == [member.pk]
    campaigns_run(clock=at(NOON + timedelta(seconds=31)), hand_out=handed.extend)
    assert handed == [member.pk, member.pk]


def test_a_task_delivered_twice_rings_once(company: PhoneCompany) -> None:
    member = person(campaign())
    campaigns_run(clock=at(NOON), hand_out=lambda _: None)
    rang = [bool(members_dial(member_ids=[member.pk], clock=at(NOON), sleep=lambda _: None)) for _ in range(2)]
    assert (rang, len(company.rung)) == ([True, False], 1)


def test_of_two_workers_that_decide_at_once_the_second_finds_it_decided(
    company: PhoneCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = person(campaign())
    picked: list[int] = []
    campaigns_run(clock=at(NOON), hand_out=picked.extend)

    def the_other_comes_first(**options: Any) -> Any:
        # Between the first look and the lock, which SQLite's one writer would not allow.
        CampaignMember.objects.filter(pk=member.pk).update(state="calling")
        return turn_next(**options)

    monkeypatch.setattr(campaign_dials, "turn_next", the_other_comes_first)
    assert not members_dial(member_ids=[member.pk], clock=at(NOON), sleep=lambda _: None)
    assert (company.rung, told(member)[0]) == ({}, "calling")


# -- a handful of people at once --------------------------------------------------------------------------------------


def dial_all(members: list[CampaignMember], **options: Any) -> list[Call]:
    campaigns_run(clock=at(NOON), hand_out=lambda _: None)
    ids = [member.pk for member in members]
    return list(members_dial(member_ids=ids, **{"clock": at(NOON), "sleep": lambda _: None, **options}))


def test_a_handful_is_decided_together_and_each_rings_once_at_its_own_turn(company: PhoneCompany) -> None:
    spring = campaign(calls_per_second=10.0)
    members = [person(spring, number) for number in range(1, 5)]
    slept: list[float] = []
    calls = dial_all(members, sleep=slept.append)
    assert sorted(rung.to for rung in company.rung.values()) == [member.phone for member in members]
    assert sorted(round(seconds, 4) for seconds in slept) == [0.1045, 0.209, 0.3135]
    assert {told(member) for member in members} == {("calling", 0, "")}
    for member, call in zip(members, calls, strict=True):
        member.refresh_from_db()
        call.refresh_from_db()
        assert (member.last_call, call.stage, call.carrier_sid != "") == (call, "dialing", True)
        assert sorted(call.events.values_list("kind", flat=True)) == ["claimed", "dialed", "requested"]
        assert call.verification.latest_status == "in_progress"


def test_each_of_a_handful_is_judged_by_itself(company: PhoneCompany) -> None:
    spring = campaign(calls_per_second=30.0, per_person_day=1)
    barred, rung, nowhere, engaged, free = [
        person(spring, number, **fields) for number, fields in enumerate([{}, {}, {"zones": ""}, {}, {}], start=1)
    ]
    do_not_call_add(phone=barred.phone, reason="asked")
    factories.call(to_number=rung.phone, stage=Stage.ENDED, claimed_at=NOON, dialed_at=NOON)
    call_request(verification=engaged.verification, now=NOON)
    dial_all([barred, rung, nowhere, engaged, free])
    assert [one.to for one in company.rung.values()] == [free.phone]
    assert [told(member)[0] for member in (barred, rung, nowhere, engaged, free)] == [
        "skipped",
        "waiting",
        "skipped",
        "waiting",
        "calling",
    ]


def test_those_of_a_handful_count_against_the_lines_one_after_the_other(settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 3
    small, large = campaign(max_concurrent=2), campaign()
    members = [person(small if number < 5 else large, number) for number in range(1, 9)]
    assert len(dial_all(members[:4])) == 2
    assert (
        len(members_dial(member_ids=[member.pk for member in members[4:]], clock=at(NOON), sleep=lambda _: None)) == 1
    )


def test_a_call_that_somebody_asks_for_in_that_moment_costs_the_others_of_the_handful_nothing(
    company: PhoneCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    spring = campaign(calls_per_second=30.0)
    first, second, third = (person(spring, number) for number in range(1, 4))
    # The request comes after the look at who is engaged.
    monkeypatch.setattr(campaign_dials, "_engaged", lambda _: set())
    call_request(verification=second.verification, now=NOON)
    dial_all([first, second, third])
    assert sorted(rung.to for rung in company.rung.values()) == [first.phone, third.phone]
    assert [told(member)[0] for member in (first, second, third)] == ["calling", "waiting", "calling"]


def test_a_carrier_that_keeps_one_waiting_holds_up_no_other(company: PhoneCompany) -> None:
    spring = campaign(calls_per_second=30.0)
    members = [person(spring, number) for number in range(1, 4)]
    # The second and third wait for their turns, and here for each other: one after the other they would wait in vain.
    together = threading.Barrier(2)
    dial_all(members, sleep=lambda _: together.wait(10))
    assert len(company.rung) == 3


# -- pace -------------------------------------------------------------------------------------------------------------


def test_a_worker_that_missed_its_turn_takes_another(company: PhoneCompany) -> None:
    spring = campaign(calls_per_second=4.0)
    late, next_one = (
        factories.call(campaign=spring, verification=factories.verification(), claimed_at=NOON, stage=stage)
        for stage in (Stage.DIALING, Stage.DIALING)
    )
    slept: list[float] = []
    held_up = at(NOON + timedelta(seconds=1))
    for call in (late, next_one):
        call_ring(call=call, clock=held_up, sleep=slept.append)
    assert slept == [GAP]
    assert len(company.rung) == 2


def test_a_turn_missed_that_nobody_followed_is_used_late_and_the_next_is_a_gap_after_it(company: PhoneCompany) -> None:
    spring = campaign(calls_per_second=4.0)
    members = [person(spring, number) for number in (1, 2)]
    campaigns_run(clock=at(NOON), hand_out=lambda _: None)
    # The decision itself took 200 ms.
    hours = iter([NOON, NOON, *[NOON + timedelta(milliseconds=200)] * 20])
    slept: list[float] = []
    members_dial(member_ids=[members[0].pk], clock=lambda: next(hours), sleep=slept.append)
    assert (len(company.rung), slept) == (1, [])
    members_dial(member_ids=[members[1].pk], clock=at(NOON + timedelta(milliseconds=200)), sleep=slept.append)
    assert (len(company.rung), slept) == (2, [GAP])


def test_where_the_pace_is_slow_a_late_dial_is_not_held_for_another_turn(company: PhoneCompany) -> None:
    spring = campaign(calls_per_second=0.05)
    late = factories.call(campaign=spring, claimed_at=NOON, stage=Stage.DIALING)
    Line.objects.create(key="account", free_at=NOON)
    Line.objects.create(key=f"campaign {spring.pk}", free_at=NOON + timedelta(seconds=41.6))
    slept: list[float] = []
    call_ring(call=late, clock=at(NOON + timedelta(seconds=1)), sleep=slept.append)
    assert (len(company.rung), slept) == (1, [])


def test_a_campaign_slower_than_a_worker_waits_puts_its_people_off_and_parks_no_worker(company: PhoneCompany) -> None:
    spring = campaign(calls_per_second=0.05)
    members = [person(spring, number) for number in (1, 2)]
    slept: list[float] = []
    for member in members:
        campaigns_run(clock=at(NOON), hand_out=lambda _: None)
        CampaignMember.objects.filter(pk=member.pk).update(state="picked")
        members_dial(member_ids=[member.pk], clock=at(NOON), sleep=slept.append)
    members[1].refresh_from_db()
    assert (len(company.rung), slept, told(members[1])[0]) == (1, [], "waiting")
    assert members[1].next_at == NOON + timedelta(seconds=20.9 - 0.5)


def test_a_profile_that_is_not_to_be_had_pauses_the_campaign_and_says_why(company: PhoneCompany) -> None:
    spring = campaign()
    member = person(spring)
    campaigns_run(clock=at(NOON), hand_out=lambda _: None)
    Campaign.objects.filter(pk=spring.pk).update(profile="gone")
    assert members_dial(member_ids=[member.pk], clock=at(NOON), sleep=lambda _: None) == []
    spring.refresh_from_db()
    assert (spring.state, spring.alert_pending, told(member)[0], company.rung) == ("paused", True, "waiting", {})
    assert spring.state_because == "The profile cannot be used; no active profile has this name"


def test_a_process_that_is_going_down_picks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    member = person(campaign())
    monkeypatch.setattr(draining, "draining", True)
    assert campaigns_run(clock=at(NOON), hand_out=lambda _: None) == 0
    assert told(member)[0] == "waiting"


def test_a_worker_that_is_always_late_rings_all_the_same(company: PhoneCompany) -> None:
    call = factories.call(campaign=campaign(calls_per_second=4.0), claimed_at=NOON, stage=Stage.DIALING)
    hours = iter(NOON + timedelta(milliseconds=300) * step for step in range(1, 30))
    call_ring(call=call, clock=lambda: next(hours), sleep=lambda _: None)
    assert len(company.rung) == 1


def test_dials_start_a_gap_apart_and_a_tick_hands_out_no_more_than_the_pace_takes() -> None:
    spring = campaign(calls_per_second=4.0)
    for number in range(1, 20):
        person(spring, number)
    hand = [NOON]
    picked: list[int] = []
    campaigns_run(clock=at(NOON), hand_out=picked.extend)
    for member_id in picked:
        members_dial(member_ids=[member_id], clock=lambda: hand[0], sleep=partial(_moved_by, hand))
    calls = Call.objects.order_by("claimed_at")
    starts = [call.claimed_at or NOON for call in calls]
    assert len(picked) == 6
    assert [(later - first).total_seconds() for first, later in pairwise(starts)] == [GAP] * 5
    # Who is claimed is rung even where the campaign is paused now.
    assert max(start - call.due_at for start, call in zip(starts, calls, strict=True)) <= timedelta(seconds=0.5)


def _moved_by(hand: list[datetime], seconds: float) -> None:
    hand[0] += timedelta(seconds=seconds)


def test_who_waited_while_others_took_the_turn_waits_again_and_decides_once() -> None:
    spring = campaign(calls_per_second=4.0)
    first, second = person(spring, 1), person(spring, 2)
    campaigns_run(clock=at(NOON), hand_out=lambda _: None)
    line = Line.objects.filter(pk=f"campaign {spring.pk}")
    hand, slept = [NOON], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        _moved_by(hand, seconds)
        if len(slept) == 1:  # Another worker was quicker, and took two turns; and staff changed the number.
            line.update(free_at=hand[0] + timedelta(seconds=1.02))
            Campaign.objects.update(from_number="+12025550177")

    members_dial(member_ids=[first.pk], clock=lambda: hand[0], sleep=sleep)
    line.update(free_at=NOON + timedelta(seconds=0.6))
    members_dial(member_ids=[second.pk], clock=lambda: hand[0], sleep=sleep)
    second.refresh_from_db()
    assert second.last_call is not None
    # Until half a second before the turn; again, for it was taken; and then for its own turn.
    assert slept == [0.1, 0.52, 0.5]
    assert second.last_call.claimed_at == NOON + timedelta(seconds=1.12)
    assert second.last_call.from_number == "+12025550177"
    assert texts(spring) == []


def test_never_more_calls_are_on_the_line_than_the_campaign_may_have() -> None:
    spring = campaign(max_concurrent=2)
    members = [person(spring, number) for number in range(1, 5)]
    tick()
    tick(NOON + timedelta(seconds=40))
    assert Call.objects.exclude(stage=Stage.ENDED).count() == 2
    end(members[0], Status.SUCCESSFUL, EndReason.COMPLETED)
    tick(NOON + timedelta(seconds=80))
    assert Call.objects.exclude(stage=Stage.ENDED).count() == 2
    assert Call.objects.count() == 3


def test_the_accounts_lines_bound_campaigns_together_and_requests_alone(settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 1
    person(campaign(), 1)
    person(campaign(), 2)
    tick()
    assert Call.objects.exclude(stage=Stage.ENDED).count() == 1
    single = factories.call(to_number="+12025550150", due_at=NOON)
    assert not call_dial(call_id=single.pk, clock=at(NOON))
    single.refresh_from_db()
    assert (single.stage, single.due_at) == ("queued", NOON + timedelta(seconds=1))


def test_a_single_request_that_waits_goes_before_campaigns(settings: Settings, company: PhoneCompany) -> None:
    settings.CALLS_PER_SECOND = 10.0
    person(campaign(), 1)
    single = factories.call(to_number="+12025550150", due_at=NOON)
    tick()
    assert company.rung == {}
    call_dial(call_id=single.pk, clock=at(NOON))
    tick(NOON + timedelta(seconds=2))
    assert [rung.to for rung in company.rung.values()] == ["+12025550150", "+12025550101"]


def test_two_campaigns_share_the_account_evenly(settings: Settings) -> None:
    settings.CALLS_PER_SECOND = 4.0
    long, short = campaign(), campaign()
    for number in range(1, 41):
        person(long, number)
        person(short, number + 50)
    handed: list[int] = []
    campaigns_run(clock=at(NOON), hand_out=handed.extend)
    shares = [CampaignMember.objects.filter(campaign=one, pk__in=handed).count() for one in (long, short)]
    assert shares == [3, 3]
