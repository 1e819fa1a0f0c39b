"""What was decided in a campaign, for staff: a log that keeps its newest entries."""

from datetime import datetime

from calls.models import CampaignDecision

KEPT = 2000
TRIMMED_EVERY = 200


def decision_add(
    *, campaign_id: int, kind: str, text: str, now: datetime, people: int = 1, member_id: int | None = None
) -> None:
    """`text` holds no name and no number: the row's id finds the person."""
    row = CampaignDecision.objects.create(
        campaign_id=campaign_id, member_id=member_id, at=now, kind=kind, text=text[:300], people=people
    )
    if row.pk % TRIMMED_EVERY == 0:
        own = CampaignDecision.objects.filter(campaign_id=campaign_id)
        if oldest := own.order_by("-pk").values_list("pk", flat=True)[KEPT : KEPT + 1].first():
            own.filter(pk__lte=oldest).delete()
