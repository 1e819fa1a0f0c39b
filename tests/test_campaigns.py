"""Campaigns: the moves of their life, their settings, their log."""

from datetime import timedelta
from typing import Any

import pytest

from calls.lifecycle import EndReason, Status
from calls.models import Call, CampaignDecision
from calls.services.campaign_dials import members_dial
from calls.services.campaign_dispatch import campaigns_run
from calls.services.campaigns import campaign_cancel, campaign_create, campaign_edit, campaign_pause, campaign_start
from calls.services.errors import Refused
from tests.campaign_stage import DENVER, NIGHT, NINE_IN_NEW_YORK, NOON, campaign, end, person, tick, told
from tests.one_call import at
from tests.phone_company import PhoneCompany

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("company")]


# -- life -------------------------------------------------------------------------------------------------------------


def test_a_paused_campaign_dials_nobody_and_goes_on_when_resumed(company: PhoneCompany) -> None:
    spring = campaign()
    member = person(spring)
    picked: list[int] = []
    campaigns_run(clock=at(NOON), hand_out=picked.extend)
    campaign_pause(campaign=spring, now=NOON, because="by ada")
    assert not members_dial(member_ids=picked[:1], clock=at(NOON), sleep=lambda _: None)
    assert (tick(), company.rung, told(member)[0]) == ([], {}, "waiting")
    campaign_start(campaign=spring, now=NOON)
    assert (tick(), len(company.rung)) == ([member.pk], 1)


def test_cancel_settles_who_waits_and_lets_the_live_call_end() -> None:
    spring = campaign(max_concurrent=1)
    calling, waiting = person(spring, 1), person(spring, 2)
    tick()
    assert campaign_cancel(campaign=spring, now=NOON, because="by ada")
    assert (told(calling)[0], told(waiting)) == ("calling", ("canceled", 0, "the campaign was canceled"))
    end(calling, Status.NOT_REACHED, EndReason.BUSY)
    assert told(calling) == ("canceled", 1, "the campaign was canceled")


def test_a_scheduled_campaign_begins_by_itself_and_ends_when_all_have_an_outcome() -> None:
    spring = campaign(state="scheduled", starts_at=NOON)
    member = person(spring)
    tick(NOON - timedelta(seconds=1))
    assert Call.objects.count() == 0
    tick()
    end(member, Status.SUCCESSFUL, EndReason.COMPLETED)
    tick(NOON + timedelta(seconds=1))
    spring.refresh_from_db()
    assert (spring.state, spring.state_because, spring.ended_at) == (
        *("completed", "everybody has an outcome"),
        NOON + timedelta(seconds=1),
    )


def test_a_start_spreads_people_over_their_openings() -> None:
    spring = campaign(state="draft")
    east, west = person(spring, 1), person(spring, 2, zones=DENVER)
    campaign_start(campaign=spring, now=NIGHT)
    east.refresh_from_db()
    west.refresh_from_db()
    assert (east.next_at, west.next_at) == (NINE_IN_NEW_YORK, NINE_IN_NEW_YORK + timedelta(hours=2))


def test_a_changed_window_moves_those_who_wait() -> None:
    spring = campaign(state="draft")
    member = person(spring)
    campaign_start(campaign=spring, now=NIGHT)
    campaign_edit(campaign=spring, now=NIGHT, hours={"wed": [["08:00", "10:00"]]})
    member.refresh_from_db()
    assert member.next_at == NINE_IN_NEW_YORK - timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, {"name": "is required"}),
        ({"hours": {}}, {"hours": "no day has hours, so nobody could ever be called"}),
        ({"ladder": {"opted_out": [5]}}, {"ladder": "opted_out is never called again"}),
        ({"ladder": {"busy": [0]}}, {"ladder": "busy: must be a list of minutes, from 1 to 20160"}),
        ({"calls_per_second": 0.0}, {"calls_per_second": "must be from 0.01 to 500"}),
        ({"closed_days": ["soon"]}, {"closed_days": 'must be a list of dates: ["2026-12-24"]'}),
        ({"script_name": "no-such"}, {"script_name": "no script has this name; publish it first"}),
        ({"cap_micros": 0}, {"cap_micros": "must be above 0"}),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_field(fields: dict[str, Any], problem: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        campaign_create(**{"name": "Spring", **fields})
    assert refused.value.fields == problem


def test_the_log_keeps_its_newest_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    from calls.services import campaign_log

    monkeypatch.setattr(campaign_log, "KEPT", 10)
    monkeypatch.setattr(campaign_log, "TRIMMED_EVERY", 5)
    spring = campaign()
    for number in range(50):
        campaign_log.decision_add(campaign_id=spring.pk, kind="deferred", text=str(number), now=NOON)
    left = list(CampaignDecision.objects.order_by("id").values_list("text", flat=True))
    assert (len(left) < 20, left[-1]) == (True, "49")
