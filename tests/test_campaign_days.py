"""The play of tests/campaign_days.py with some hundred people; CAMPAIGN_PEOPLE=10000 plays it with ten thousand."""

import os
import sys
from collections import Counter
from datetime import UTC, datetime, time

import pytest

from calls.campaign_states import CampaignState
from calls.models import CampaignMember
from calls.services.campaigns import campaign_create, campaign_start
from tests.campaign_days import Days, faults, people
from tests.phone_company import PhoneCompany

AMOUNT = int(os.environ.get("CAMPAIGN_PEOPLE", "160"))
# The Friday before the clocks of New York change, in the evening there and the afternoon in Honolulu.
START = datetime(2026, 10, 30, 22, 30, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_over_days_and_time_zones_everybody_has_an_outcome_and_nobody_is_rung_at_the_wrong_time(
    company: PhoneCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = campaign_create(name="Autumn", calls_per_second=2.0, max_concurrent=80, per_person_day=1, max_attempts=3)
    people(campaign, AMOUNT, START)
    days = Days(company, now=START, deaths=[AMOUNT // 5, AMOUNT // 4])
    campaign_start(campaign=campaign, now=START)
    days.play(campaign)
    states = Counter(CampaignMember.objects.filter(campaign=campaign).values_list("state", flat=True))
    with capsys.disabled():
        span = days.now - START
        sys.stdout.write(f"\n{AMOUNT} people, {len(company.rung)} calls, {span}, {days.died} deaths, {dict(states)}\n")
    assert faults(days, campaign, opens=time(9), closes=time(20)) == []
    assert (campaign.state, days.died, sum(states.values())) == (CampaignState.COMPLETED, 2, AMOUNT)
