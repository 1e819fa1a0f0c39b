"""The websocket of one who listens in on a live call: a logged-in member of staff with the permission, and recorded."""

import asyncio
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth.models import User
from django.utils import timezone

from calls.listening import group_of
from calls.services.staff import LISTEN_FOR, call_listen

REFUSED = 4403
OVER = 4410


class ListenConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels ships no types
    """Sends {"sounds": [{"side", "at_ms", "sound"}]} about once a second, until the call is over (close code 4410)."""

    _renewing: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self._call_id = self.scope["url_route"]["kwargs"]["call_id"]
        await self.accept()
        if not await self._may_listen():
            await self.close(REFUSED)
            return
        # Joined before the row says so: the first second is not lost.
        await self.channel_layer.group_add(group_of(self._call_id), self.channel_name)
        self._renewing = asyncio.create_task(self._renew())

    async def disconnect(self, code: int) -> None:
        if self._renewing is None:
            return
        self._renewing.cancel()
        with suppress(asyncio.CancelledError):
            await self._renewing
        await self.channel_layer.group_discard(group_of(self._call_id), self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """A listener has nothing to say."""

    async def listen_sounds(self, event: dict[str, Any]) -> None:
        await self.send_json({"sounds": event["sounds"]})

    async def _renew(self) -> None:
        # The mark runs out by itself: a browser that vanished must not have sounds sent for ever.
        while await self._listen():  # noqa: ASYNC110  (it is the database that is asked)
            await asyncio.sleep(LISTEN_FOR.total_seconds() / 3)
        await self.close(OVER)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _may_listen(self) -> bool:
        user = self.scope["user"]
        return isinstance(user, User) and user.is_staff and user.has_perm("calls.listen_live")

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _listen(self) -> bool:
        return call_listen(call_id=self._call_id, actor=self.scope["user"], now=timezone.now())
