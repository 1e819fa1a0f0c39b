"""What the end of a call does to the person, the money and the campaign."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from pytest_django import Settings

from calls.lifecycle import EndReason, Status
from calls.models import Call, CallCost, Campaign, DoNotCall
from calls.services.calls import call_request
from calls.services.campaign_alerts import alerts_send
from calls.services.campaigns import campaign_start
from calls.services.dialing import call_dial
from calls.services.do_not_call import do_not_call_add
from calls.services.errors import Refused
from tests import factories
from tests.campaign_stage import FACTS, NOON, campaign, end, person, tick, told
from tests.one_call import at
from tests.phone_company import PhoneCompany

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("company")]


# -- what the end of a call does --------------------------------------------------------------------------------------


def test_an_outcome_is_kept_with_the_person() -> None:
    member = person(campaign())
    tick()
    end(member, Status.SUCCESSFUL, EndReason.COMPLETED)
    assert told(member) == ("done", 1, "")
    assert (member.status, member.end_reason, member.ended_at) == ("successful_call", "completed", NOON)


def test_a_person_not_reached_is_rung_again_by_the_ladder_until_the_attempts_are_used() -> None:
    member = person(campaign(max_attempts=2, ladder={"busy": [30]}))
    tick()
    end(member, Status.NOT_REACHED, EndReason.BUSY)
    assert told(member) == ("waiting", 1, "attempt 2 of 2 after busy")
    assert member.next_at == NOON + timedelta(minutes=30)
    tick(NOON + timedelta(minutes=30))
    end(member, Status.NOT_REACHED, EndReason.BUSY, NOON + timedelta(minutes=31))
    assert told(member)[:2] == ("exhausted", 2)
    assert Call.objects.count() == 2


def test_the_next_attempt_falls_into_the_persons_window() -> None:
    member = person(campaign(ladder={"busy": [600]}))
    tick()
    end(member, Status.NOT_REACHED, EndReason.BUSY)
    member.refresh_from_db()
    assert member.next_at == datetime(2026, 6, 4, 13, 0, tzinfo=UTC)


def test_a_wish_not_to_be_called_again_is_kept_and_bars_every_campaign(company: PhoneCompany) -> None:
    member = person(campaign())
    tick()
    call = end(member, Status.UNSUCCESSFUL, EndReason.OPTED_OUT)
    entry = DoNotCall.objects.get()
    assert (entry.phone, entry.source, entry.call, told(member)[0]) == (member.phone, "person", call, "done")
    other = person(campaign(), 1)
    tick(NOON + timedelta(days=7))
    assert (told(other)[2], len(company.rung)) == ("the number is on the do-not-call list", 1)


def test_a_barred_number_is_not_rung_by_request_either(company: PhoneCompany) -> None:
    do_not_call_add(phone="+12025550123")
    with pytest.raises(Refused, match="do-not-call"):
        call_request(verification=factories.verification(facts=FACTS), now=NOON)
    late = factories.call(due_at=NOON)
    assert not call_dial(call_id=late.pk, clock=at(NOON))
    late.refresh_from_db()
    assert (late.status, company.rung) == ("canceled", {})


def test_half_of_the_last_calls_failing_pauses_the_campaign_and_tells_staff(settings: Settings) -> None:
    settings.STAFF_EMAILS = ["ops@example.com"]
    spring = campaign(breaker_calls=4, max_attempts=1)
    members = [person(spring, number) for number in range(1, 6)]
    tick()
    end(members[0], Status.SUCCESSFUL, EndReason.COMPLETED)
    end(members[1], Status.SYSTEM_ERROR, EndReason.MODEL_QUOTA)
    spring.refresh_from_db()
    assert spring.state == "running"
    end(members[2], Status.SYSTEM_ERROR, EndReason.MODEL_QUOTA)
    spring.refresh_from_db()
    because = "2 of the last 3 calls failed for a reason of ours, mostly: model quota"
    assert (spring.state, spring.state_because) == ("paused", because)
    alerts_send()
    alerts_send()
    assert [(letter.to, because in letter.body) for letter in mail.outbox] == [(["ops@example.com"], True)]


def test_what_failed_before_it_was_resumed_does_not_pause_it_again() -> None:
    spring = campaign(breaker_calls=4, max_attempts=1)
    members = [person(spring, number) for number in range(1, 5)]
    tick()
    for member in members[:2]:
        end(member, Status.SYSTEM_ERROR, EndReason.RELAY_LOST)
    spring.refresh_from_db()
    assert spring.state == "paused"
    campaign_start(campaign=spring, now=NOON + timedelta(seconds=10))
    end(members[2], Status.SYSTEM_ERROR, EndReason.RELAY_LOST, NOON + timedelta(seconds=11))
    spring.refresh_from_db()
    assert spring.state == "running"


# -- money ------------------------------------------------------------------------------------------------------------


def test_the_cost_of_calls_adds_up_and_the_cap_pauses_the_campaign(company: PhoneCompany) -> None:
    spring = campaign(cap_micros=1_000_000, reserve_micros=400_000)
    members = [person(spring, number) for number in range(1, 5)]
    tick()
    assert len(company.rung) == 2  # Two may cost 0.80; a third could pass 1.00.
    Call.objects.update(answered_at=NOON)
    end(members[0], Status.SUCCESSFUL, EndReason.COMPLETED, usage={"audio_out": 4000})
    end(members[1], Status.SUCCESSFUL, EndReason.COMPLETED, usage={"audio_out": 4000})
    spent = sum(CallCost.objects.values_list("total_micros", flat=True))
    spring.refresh_from_db()
    assert (spring.spent_micros, spring.spent_today_micros) == (spent, spent)
    Campaign.objects.update(spent_micros=700_000)
    tick(NOON + timedelta(seconds=5))
    spring.refresh_from_db()
    assert (spring.state, spring.state_because) == ("paused", "the money cap of the campaign is reached")
    assert len(company.rung) == 2


def test_the_cap_of_the_day_waits_for_the_next(company: PhoneCompany) -> None:
    spring = campaign(day_cap_micros=500_000, spent_today_micros=400_000, spent_on=NOON.date())
    member = person(spring)
    tick()
    assert told(member) == ("waiting", 0, "the money cap of the day is reached")
    assert member.next_at == datetime(2026, 6, 4, tzinfo=UTC)
    tick(datetime(2026, 6, 4, 14, tzinfo=UTC))
    assert len(company.rung) == 1
