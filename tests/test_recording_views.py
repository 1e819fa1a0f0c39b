"""Serving a recording: whole or by parts, to those who may hear it, and nothing beside it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from calls.models import Call
from calls.recording_views import wanted_part
from tests import factories
from tests.admin_pages import ENDED, member

pytestmark = pytest.mark.django_db


def recorded(settings: Settings, content: bytes, name: str = "7.wav") -> Call:
    folder = Path(settings.RECORDINGS_DIR)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return factories.call(recording=name, **ENDED)


def content_of(response: Any) -> bytes:
    """What the server would send. The view streams for ASGI, which Django's synchronous test client cannot read."""

    async def collect() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return asyncio.run(collect()) if response.streaming else bytes(response.content)


@pytest.mark.parametrize("page", ["{}/change/", "{}/live/", "{}/recording/", "today/", ""])
def test_without_the_permission_no_part_of_a_call_is_shown(client: Client, settings: Settings, page: str) -> None:
    path = "/admin/calls/call/" + page.format(recorded(settings, b"RIFF").pk)
    assert client.get(path).status_code == 302
    assert member(client, "view_verification").get(path).status_code == 403


@pytest.mark.parametrize(
    ("header", "status", "content", "content_range"),
    [
        ("", 200, b"0123456789", None),
        ("bytes=0-", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=4-2", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("pages=1-2", 200, b"0123456789", None),
    ],
)
def test_a_recording_is_served_whole_or_by_parts(
    admin_client: Client, settings: Settings, header: str, status: int, content: bytes, content_range: str | None
) -> None:
    call = recorded(settings, b"0123456789")
    response = admin_client.get(f"/admin/calls/call/{call.pk}/recording/", headers={"Range": header} if header else {})
    assert response.status_code == status
    assert content_of(response) == content
    assert response.get("Content-Range") == content_range
    assert "no-store" in response["Cache-Control"]
    if status != 416:
        assert response["Content-Type"] == "audio/wav"
        assert response["Content-Length"] == str(len(content))


def test_a_recording_longer_than_one_piece_arrives_unharmed(admin_client: Client, settings: Settings) -> None:
    content = bytes(range(256)) * 1000
    call = recorded(settings, content)
    assert content_of(admin_client.get(f"/admin/calls/call/{call.pk}/recording/")) == content


@pytest.mark.parametrize("name", ["", "../secret", "missing.wav", "."])
def test_no_file_outside_the_recordings_folder_is_served(admin_client: Client, settings: Settings, name: str) -> None:
    call = recorded(settings, b"RIFF")
    (Path(settings.RECORDINGS_DIR).parent / "secret").write_bytes(b"secret")
    Call.objects.filter(pk=call.pk).update(recording=name)
    assert admin_client.get(f"/admin/calls/call/{call.pk}/recording/").status_code == 404


def test_a_range_of_an_empty_file_cannot_be_satisfied() -> None:
    assert wanted_part("bytes=0-", 0) == range(0)
    assert wanted_part("", 0) is None
