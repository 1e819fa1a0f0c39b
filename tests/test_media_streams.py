import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.voice.actions import ClearLine, PlayAudio, SendMark
from calls.voice.events import CallerAudio, DigitPressed, Malformed, MarkReached, StreamStarted, StreamStopped
from calls.voice.media_streams import decode, encode

VENDOR = json.loads((Path(__file__).parent / "wire" / "twilio_media_streams.json").read_text())["messages"]
STREAM = "MZ18ad3ab5a668481ce02b83e7395059f0"
COMPACT, SPACED = (",", ":"), (", ", ": ")
PAYLOAD = VENDOR[2]["media"]["payload"]


def media(**changes: Any) -> bytes:
    message = {**VENDOR[2], "media": {**VENDOR[2]["media"], **changes}}
    return json.dumps(message, separators=COMPACT).encode()


@pytest.mark.parametrize("separators", [COMPACT, SPACED])
def test_twilios_own_examples_become_events(separators: tuple[str, str]) -> None:
    decoded = [decode(json.dumps(message, separators=separators).encode()) for message in VENDOR]

    assert decoded == [
        None,
        StreamStarted(STREAM, "CA00000000000000000000000000000001", {"token": "a.b-c:d"}),
        CallerAudio(PAYLOAD.encode(), 5),
        DigitPressed("1"),
        MarkReached("my label"),
        StreamStopped(),
    ]


def shuffled(message: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.permutations(list(message.items())).map(dict)


@given(
    payload=st.binary(min_size=1, max_size=400).map(lambda raw: b64encode(raw).decode()),
    ms=st.integers(0, 999_999_999),
    separators=st.sampled_from([COMPACT, SPACED, (" , ", " : ")]),
    data=st.data(),
)
def test_audio_is_read_the_same_in_any_order_and_spacing(
    payload: str, ms: int, separators: tuple[str, str], data: st.DataObject
) -> None:
    inner = data.draw(shuffled({"track": "inbound", "chunk": "2", "timestamp": str(ms), "payload": payload}))
    outer = {"event": "media", "sequenceNumber": "4", "media": inner, "streamSid": STREAM}

    in_twilios_order = json.dumps(outer, separators=separators).encode()
    in_any_order = json.dumps(data.draw(shuffled(outer)), separators=separators).encode()

    assert decode(in_twilios_order) == decode(in_any_order) == CallerAudio(payload.encode(), ms)


def test_a_media_event_inside_another_event_is_not_audio() -> None:
    assert decode(b'{"event":"connected","media":{"event":"media","timestamp":"5","payload":"AAAA"}}') is None


def test_an_escaped_slash_in_a_payload_is_unescaped() -> None:
    assert decode(media(payload="ab/+").replace(b"/", b"\\/")) == CallerAudio(b"ab/+", 5)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"\xff" * 200, "not JSON"),
        (b'{"event":"mark","mark":{"name":"\xff"}}', "not JSON"),
        (media().replace(b"inbound", b"\xff"), "not JSON"),
        (b"secret", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (media()[:-1], "not JSON"),
        (media() + b"}", "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "event is not text"),
        (b'{"event":["media"]}', "event is not text"),
        (b'{"event":"media"}', "media is not an object"),
        (media(payload=""), "payload is not base64 of at most 64 KiB"),
        (media(payload='","secret'), "payload is not base64 of at most 64 KiB"),
        (media(payload="A\n"), "payload is not base64 of at most 64 KiB"),
        (media(payload="A" * 65_537), "payload is not base64 of at most 64 KiB"),
        (media(payload=7), "payload is not text"),
        (media(timestamp="-5"), "timestamp is not a count of ms"),
        (media(timestamp="٣"), "timestamp is not a count of ms"),
        (media(timestamp="9" * 10), "timestamp is not a count of ms"),
        (media(timestamp=5), "timestamp is not text"),
        (b'{"event":"start"}', "start is not an object"),
        (b'{"event":"start","start":{"streamSid":"MZ\\"","callSid":"CA1"}}', "streamSid is not a sid"),
        (b'{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1\\u0000"}}', "callSid is not a sid"),
        (
            b'{"event":"start","start":{"streamSid":"M","callSid":"C","customParameters":{"token":7}}}',
            "token is not text",
        ),
        (b'{"event":"mark","mark":{}}', "name is not text"),
        (b'{"event":"dtmf","dtmf":{"digit":"12"}}', "digit is not a key of a telephone"),
    ],
)
def test_a_wrong_shape_is_named_and_never_quoted(message: bytes, reason: str) -> None:
    assert decode(message) == Malformed("line", reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["streamSid", "name", "digit", "payload"]), inner)
    ),
    max_leaves=8,
)


@given(st.text().map(str.encode) | st.binary())
def test_no_message_raises(message: bytes) -> None:
    decode(message)


@given(
    event=st.sampled_from(["start", "media", "mark", "dtmf", "stop", "connected"]) | JSON,
    start=JSON,
    media=JSON,
    mark=JSON,
    dtmf=JSON,
)
def test_no_json_raises(**message: Any) -> None:
    decode(json.dumps(message).encode())


def test_actions_become_twilios_messages() -> None:
    encoded = [encode(action, STREAM.encode()) for action in (PlayAudio(b"ab/+"), SendMark('item_1:"2"'), ClearLine())]

    assert [json.loads(message) for message in encoded] == [
        {"event": "media", "streamSid": STREAM, "media": {"payload": "ab/+"}},
        {"event": "mark", "streamSid": STREAM, "mark": {"name": 'item_1:"2"'}},
        {"event": "clear", "streamSid": STREAM},
    ]
