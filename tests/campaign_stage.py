"""People on a campaign's list, and the tick and the endings that move them, for the tests of campaigns."""

from datetime import UTC, datetime
from typing import Any

from calls.lifecycle import EndReason, Status
from calls.models import Call, Campaign, CampaignDecision, CampaignMember
from calls.services.calls import call_conclude
from calls.services.campaign_dials import members_dial
from calls.services.campaign_dispatch import campaigns_run
from calls.services.campaigns import campaign_create
from tests import factories
from tests.one_call import at

NOON = datetime(2026, 6, 3, 18, 0, tzinfo=UTC)  # A Wednesday: 14:00 in New York, 12:00 in Denver.
NIGHT = datetime(2026, 6, 3, 6, 0, tzinfo=UTC)
NINE_IN_NEW_YORK = datetime(2026, 6, 3, 13, 0, tzinfo=UTC)
FACTS = {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"}
NEW_YORK, DENVER = "America/New_York", "America/Denver"


def campaign(*, state: str = "running", **fields: Any) -> Campaign:
    fields = {"calls_per_second": 100.0, "running_since": NIGHT, **fields}
    return campaign_create(name="Spring", state=state, **fields)


def person(of: Campaign, number: int = 1, *, zones: str = NEW_YORK, **fields: Any) -> CampaignMember:
    phone = f"+120255501{number:02d}"
    verification = factories.verification(phone=phone, name=f"Person {number}", facts=FACTS)
    values = {"row_number": number, "phone": phone, "zones": zones, "next_at": NIGHT, **fields}
    return CampaignMember.objects.create(campaign=of, verification=verification, **values)


def tick(now: datetime = NOON) -> list[int]:
    """One tick and the work it hands out; the ids of the people."""
    picked: list[int] = []
    campaigns_run(clock=at(now), hand_out=picked.extend)
    for member_id in picked:
        members_dial(member_ids=[member_id], clock=at(now), sleep=lambda _: None)
    return picked


def told(member: CampaignMember) -> tuple[str, int, str]:
    member.refresh_from_db()
    return member.state, member.attempts, member.because


def end(member: CampaignMember, status: Status, reason: EndReason, now: datetime = NOON, **fields: Any) -> Call:
    member.refresh_from_db()
    assert member.last_call is not None
    call_conclude(call_id=member.last_call.pk, status=status, end_reason=reason, now=now, **fields)
    return Call.objects.get(pk=member.last_call.pk)


def texts(of: Campaign) -> list[tuple[str, str, int]]:
    return list(CampaignDecision.objects.filter(campaign=of).order_by("id").values_list("kind", "text", "people"))
