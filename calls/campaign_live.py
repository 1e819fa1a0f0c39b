"""The websocket of a campaign's live page: for staff who may see campaigns, the page's inner part once a second."""

import asyncio
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth.models import User
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import timezone

from calls.models import Campaign
from calls.services.campaign_figures import campaign_figures

EVERY_S = 1.0
REFUSED = 4403
GONE = 4404


class CampaignConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels ships no types
    """Sends {"state", "html"}; the same once more only when it has changed."""

    _sending: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self._campaign_id = self.scope["url_route"]["kwargs"]["campaign_id"]
        await self.accept()
        if not await self._may_watch():
            await self.close(REFUSED)
            return
        self._sending = asyncio.create_task(self._send_on())

    async def disconnect(self, code: int) -> None:
        if self._sending:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """One who watches has nothing to say: the buttons are forms."""

    async def _send_on(self) -> None:
        sent: dict[str, str] = {}
        while True:
            shown = await self._shown()
            if not shown:
                await self.close(GONE)
                return
            if shown != sent:
                sent = shown
                await self.send_json(shown)
            await asyncio.sleep(EVERY_S)

    # On threads of their own: the one thread that Django shares must not be held up for the calls on the line.
    def _may_watch(self) -> Any:
        return database_sync_to_async(may_watch, thread_sensitive=False)(self.scope["user"])

    def _shown(self) -> Any:
        return database_sync_to_async(shown, thread_sensitive=False)(self._campaign_id)


def may_watch(user: object) -> bool:
    return isinstance(user, User) and user.is_staff and user.has_perm("calls.view_campaign")


def shown(campaign_id: int) -> dict[str, str]:
    """The page's inner part as it is now; {} where the campaign is gone. Made once for all who watch at a time."""
    key = f"campaign-shown-{campaign_id}"
    page: dict[str, str] | None = cache.get(key)
    if page is None:
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        page = _page(campaign) if campaign else {}
        cache.set(key, page, EVERY_S * 0.9)
    return page


def _page(campaign: Campaign) -> dict[str, str]:
    figures = campaign_figures(campaign=campaign, now=timezone.now())
    return {"state": campaign.state, "html": render_to_string("admin/calls/campaign/_figures.html", figures)}
