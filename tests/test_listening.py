"""Listening in: what is sent, to whom, and that nothing is where nobody listens."""

import base64
import json
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from calls import listening
from calls.models import AuditEntry, Call
from calls.recording import Sounds
from highway.asgi import application
from tests import factories

FRAME = base64.b64encode(b"\x01" * 160)


def test_sounds_are_sent_in_as_few_pieces_as_their_pauses_allow() -> None:
    sounds = Sounds(
        caller=[(0, FRAME), (20, FRAME), (45, FRAME), (1000, FRAME), (1020, b"not base64!")],
        agent=[(500, 10, FRAME)],
    )
    assert listening.pieces(sounds) == [
        {"side": "caller", "at_ms": 0, "sound": base64.b64encode(b"\x01" * 480).decode()},
        {"side": "caller", "at_ms": 1000, "sound": FRAME.decode()},
        {"side": "agent", "at_ms": 500, "sound": base64.b64encode(b"\x01" * 80).decode()},
    ]


@pytest.mark.django_db
def test_only_calls_that_somebody_listens_to_are_sent() -> None:
    now = timezone.now()
    heard = factories.call(stage="answered", listened_until=now + timedelta(seconds=9))
    others = [factories.call(stage="answered"), factories.call(stage="answered", listened_until=now)]
    assert listening.listened([heard.pk, *(call.pk for call in others)]) == {heard.pk}


def browser(*codenames: str) -> tuple[User, list[tuple[bytes, bytes]]]:
    """A logged-in member of staff, and the headers that their browser would send."""
    user = User.objects.create_user("olga", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    cookie = SimpleCookie({django_settings.SESSION_COOKIE_NAME: client.cookies["sessionid"].value})
    header = cookie.output(header="").strip().encode()
    return user, [(b"cookie", header), (b"origin", b"http://127.0.0.1"), (b"host", b"127.0.0.1")]


async def connect(call: Call, headers: list[tuple[bytes, bytes]]) -> Any:
    scope = {"type": "websocket", "path": f"/listen/{call.pk}", "headers": headers, "query_string": b""}
    socket: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    await socket.send_input({"type": "websocket.connect"})
    return socket


async def closing(socket: Any) -> int:
    """The code with which an accepted socket is closed."""
    assert (await socket.receive_output())["type"] == "websocket.accept"
    message = await socket.receive_output()
    assert message["type"] == "websocket.close"
    return int(message["code"])


@pytest.mark.django_db(transaction=True)
async def test_who_may_listen_gets_the_sounds_and_is_recorded() -> None:
    call = await sync_to_async(factories.call)(stage="answered")
    user, headers = await sync_to_async(browser)("listen_live")
    socket = await connect(call, headers)
    assert (await socket.receive_output())["type"] == "websocket.accept"
    # The mark on the row is written by the consumer's own task.
    while call.pk not in await sync_to_async(listening.listened)([call.pk]):
        assert await socket.receive_nothing(timeout=0.02)
    await listening.publish([call.pk], {call.pk: Sounds(caller=[(0, FRAME)])})
    sent = await socket.receive_output()
    assert json.loads(sent["text"]) == {"sounds": [{"side": "caller", "at_ms": 0, "sound": FRAME.decode()}]}
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()
    entry = await AuditEntry.objects.aget()
    assert (entry.actor_id, entry.action, entry.object_id) == (user.pk, "live_heard", str(call.pk))


@pytest.mark.django_db(transaction=True)
async def test_who_may_not_listen_is_refused() -> None:
    call = await sync_to_async(factories.call)(stage="answered")
    _, headers = await sync_to_async(browser)("view_call")
    assert await closing(await connect(call, headers)) == 4403
    assert not await AuditEntry.objects.aexists()


@pytest.mark.django_db(transaction=True)
async def test_a_page_of_another_site_cannot_listen() -> None:
    call = await sync_to_async(factories.call)(stage="answered")
    _, headers = await sync_to_async(browser)("listen_live")
    headers[1] = (b"origin", b"https://elsewhere.example")
    socket = await connect(call, headers)
    assert (await socket.receive_output())["type"] == "websocket.close"  # before accept: HTTP 403


@pytest.mark.django_db(transaction=True)
async def test_a_call_that_is_over_closes_the_socket() -> None:
    call = await sync_to_async(factories.call)(stage="ended")
    _, headers = await sync_to_async(browser)("listen_live")
    assert await closing(await connect(call, headers)) == 4410
