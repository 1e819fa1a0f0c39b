"""Telling staff by mail that a campaign has paused itself. Told by the clock's task: a mail server is slow, or away."""

import logging

from django.conf import settings
from django.core.mail import send_mail

from calls.models import Campaign

logger = logging.getLogger(__name__)


def alerts_send() -> None:
    """Mail each alert once. One that the mail server refuses is not sent again: the admin and the log tell it too."""
    for campaign in Campaign.objects.filter(alert_pending=True):
        if not Campaign.objects.filter(pk=campaign.pk, alert_pending=True).update(alert_pending=False):
            continue  # Another worker has it.
        if settings.STAFF_EMAILS:
            _mail(campaign)


def _mail(campaign: Campaign) -> None:
    address = f"{settings.PUBLIC_BASE_URL}/admin/calls/campaign/{campaign.pk}/watch/"
    text = f"{campaign.state_because}.\n\nNobody is called until it is resumed: {address}\n"
    try:
        send_mail(f"Campaign {campaign.pk} has paused itself", text, None, settings.STAFF_EMAILS)
    except OSError as error:
        logger.warning("campaign %s: staff could not be told by mail (%s)", campaign.pk, type(error).__name__)
