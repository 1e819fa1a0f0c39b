"""Twilio's Media Streams messages, to and from the session's events and actions. Pure.

The vendor's page: https://www.twilio.com/docs/voice/media-streams/websocket-messages. Its numbers are JSON strings.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from calls.voice.actions import ClearLine, PlayAudio, SendMark
from calls.voice.events import (
    CallerAudio,
    DigitPressed,
    LineEvent,
    Malformed,
    MarkReached,
    StreamStarted,
    StreamStopped,
)
from calls.voice.wire import WrongShape, parse, table, table_or_empty, text

# Payloads and sids are put into our own messages as they came, so they may hold nothing that JSON would escape.
_PAYLOAD = r"[A-Za-z0-9+/=]{1,65536}"
_MILLISECONDS = r"[0-9]{1,9}"
_SID = re.compile(r"[A-Za-z0-9]{1,34}")
_DIGIT = re.compile(r"[0-9A-D*#]")
_IS_PAYLOAD = re.compile(_PAYLOAD)
_IS_MILLISECONDS = re.compile(_MILLISECONDS)

# A call has fifty of these a second: in the order and spacing that Twilio sends, one match costs a third of json.loads.
# Any other is parsed like the rest.
_MEDIA = re.compile(
    (
        r'\{"event":"media","sequenceNumber":"[0-9]+","media":\{"track":"inbound","chunk":"[0-9]+",'
        rf'"timestamp":"({_MILLISECONDS})","payload":"({_PAYLOAD})"\}},"streamSid":"[A-Za-z0-9]+"\}}'
    ).encode()
)

_MARK = re.compile(
    rb'\{"event": ?"mark", ?"sequenceNumber": ?"[0-9]+", ?"streamSid": ?"[A-Za-z0-9]+", ?"mark": ?'
    rb'\{"name": ?"([A-Za-z0-9]+)"\}\}'
)


def caller_audio(message: bytes) -> tuple[int, bytes] | None:
    """(at_ms, payload) of a CallerAudio as Twilio writes it; None for all else, which is `decode`'s."""
    media = _MEDIA.fullmatch(message)
    return (int(media[1]), media[2]) if media else None


def decode(message: bytes) -> LineEvent | None:
    """What the line says; None for what a session need not know. Never raises: a wrong shape is a Malformed."""
    if audio := caller_audio(message):
        return CallerAudio(audio[1], audio[0])
    if mark := _MARK.fullmatch(message):
        return MarkReached(mark[1].decode())
    try:
        parsed = parse(message)
        decoder = _DECODERS.get(text(parsed, "event"))
        return decoder(parsed) if decoder else None
    except WrongShape as wrong:
        return Malformed("line", str(wrong))


def encode(action: PlayAudio | SendMark | ClearLine, stream_sid: bytes) -> bytes:
    if isinstance(action, PlayAudio):
        return b'{"event":"media","streamSid":"' + stream_sid + b'","media":{"payload":"' + action.payload + b'"}}'
    if isinstance(action, SendMark):
        name = json.dumps(action.name).encode()
        return b'{"event":"mark","streamSid":"' + stream_sid + b'","mark":{"name":' + name + b"}}"
    return b'{"event":"clear","streamSid":"' + stream_sid + b'"}'


def _started(message: dict[str, Any]) -> StreamStarted:
    start = table(message, "start")
    given = table_or_empty(start, "customParameters")
    parameters = {name: text(given, name) for name in given}
    return StreamStarted(_sid(start, "streamSid"), _sid(start, "callSid"), parameters)


def _caller_audio(message: dict[str, Any]) -> CallerAudio:
    media = table(message, "media")
    payload, timestamp = text(media, "payload"), text(media, "timestamp")
    if not _IS_PAYLOAD.fullmatch(payload):
        raise WrongShape("payload is not base64 of at most 64 KiB")
    if not _IS_MILLISECONDS.fullmatch(timestamp):
        raise WrongShape("timestamp is not a count of ms")
    return CallerAudio(payload.encode(), int(timestamp))


def _mark_reached(message: dict[str, Any]) -> MarkReached:
    return MarkReached(text(table(message, "mark"), "name"))


def _digit_pressed(message: dict[str, Any]) -> DigitPressed:
    digit = text(table(message, "dtmf"), "digit")
    if not _DIGIT.fullmatch(digit):
        raise WrongShape("digit is not a key of a telephone")
    return DigitPressed(digit)


def _stopped(message: dict[str, Any]) -> StreamStopped:
    return StreamStopped()


def _sid(holder: dict[str, Any], key: str) -> str:
    sid = text(holder, key)
    if not _SID.fullmatch(sid):
        raise WrongShape(f"{key} is not a sid")
    return sid


_DECODERS: dict[str, Callable[[dict[str, Any]], LineEvent]] = {
    "start": _started,
    "media": _caller_audio,
    "mark": _mark_reached,
    "dtmf": _digit_pressed,
    "stop": _stopped,
}
