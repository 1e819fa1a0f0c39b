"""Listening in on live calls: what both sides said, once a second, to whoever listens.

The media path does nothing for it. The scribe, which takes each call's sounds once a second anyway, hands them over
here; only where the row says that somebody listens do they go to the channel layer, and never waited for long.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from channels.layers import get_channel_layer
from django.db import Error
from django.utils import timezone
from pybase64 import b64encode

from calls.models import Call
from calls.recording import RATE, SNAP_MS, Sounds

logger = logging.getLogger(__name__)

SEND_WITHIN_S = 0.5
"""A channel layer that is slower than this loses a second of sound; the calls lose nothing."""


def group_of(call_id: int) -> str:
    return f"listen.{call_id}"


def listened(call_ids: Iterable[int]) -> set[int]:
    """Of these calls, those that somebody listens to. For the records thread; none while the database is away."""
    try:
        calls = Call.objects.filter(pk__in=list(call_ids), listened_until__gt=timezone.now())
        return set(calls.values_list("pk", flat=True))
    except Error:
        return set()


async def publish(call_ids: Iterable[int], sounds_of: Mapping[int, Sounds]) -> None:
    """Send the last second of these calls to their listeners."""
    layer = get_channel_layer()
    for call_id in call_ids:
        message = {"type": "listen.sounds", "sounds": pieces(sounds_of.get(call_id, Sounds()))}
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await layer.group_send(group_of(call_id), message)
        except Exception as error:  # Whatever the layer's client raises: listening must not stop the scribe.
            logger.warning("call %s: its listeners missed a second: %s", call_id, type(error).__name__)


def pieces(sounds: Sounds) -> list[dict[str, Any]]:
    """Mu-law of either side in as few pieces as its pauses allow: {"side", "at_ms", "sound": base64}."""
    return [*_joined("caller", sounds.of_caller()), *_joined("agent", sounds.of_agent())]


def _joined(side: str, parts: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
    joined: list[tuple[int, bytearray]] = []
    for at_ms, sound in parts:
        if joined and abs(joined[-1][0] + len(joined[-1][1]) * 1000 // RATE - at_ms) <= SNAP_MS:
            joined[-1][1].extend(sound)
        else:
            joined.append((at_ms, bytearray(sound)))
    return [{"side": side, "at_ms": at_ms, "sound": b64encode(sound).decode()} for at_ms, sound in joined]
