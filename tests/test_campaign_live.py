"""The websocket of a campaign's live page: for staff who may see campaigns, and nobody else."""

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import cache
from django.urls import path

from calls.campaign_live import GONE, REFUSED, CampaignConsumer
from calls.services.campaigns import campaign_create

pytestmark = pytest.mark.django_db(transaction=True)
ROUTER = URLRouter([path("campaigns/<int:campaign_id>/live", CampaignConsumer.as_asgi())])


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


async def watching(campaign_id: int, user: object) -> tuple[Any, dict[str, Any]]:
    """A connected socket and the first thing it was told."""
    scope = {"type": "websocket", "path": f"/campaigns/{campaign_id}/live", "headers": [], "user": user}
    socket: Any = ApplicationCommunicator(ROUTER, scope)  # type: ignore[no-untyped-call]
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(timeout=10))["type"] == "websocket.accept"
    return socket, await socket.receive_output(timeout=10)


async def test_staff_are_sent_the_page_at_once() -> None:
    boss = await database_sync_to_async(User.objects.create_superuser)("boss")
    campaign = await database_sync_to_async(campaign_create)(name="Spring")
    socket, message = await watching(campaign.pk, boss)
    told = json.loads(message["text"])
    assert (told["state"], "0 of 0 people have an outcome" in told["html"]) == ("draft", True)
    await socket.send_input({"type": "websocket.disconnect", "code": 1001})
    await socket.wait(timeout=10)


@pytest.mark.parametrize("is_staff", [None, False, True])
async def test_strangers_and_staff_without_the_permission_are_refused(is_staff: bool | None) -> None:
    user: Any = AnonymousUser()
    if is_staff is not None:
        user = await database_sync_to_async(User.objects.create_user)("somebody", is_staff=is_staff)
    campaign = await database_sync_to_async(campaign_create)(name="Spring")
    _, message = await watching(campaign.pk, user)
    assert (message["type"], message["code"]) == ("websocket.close", REFUSED)


async def test_a_campaign_that_is_not_there_closes_the_socket() -> None:
    boss = await database_sync_to_async(User.objects.create_superuser)("boss")
    _, message = await watching(99, boss)
    assert (message["type"], message["code"]) == ("websocket.close", GONE)
