"""What we hear of the voice model: calls/voice/realtime_events.py, read through its dialects."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.voice.events import (
    AgentAudio,
    AgentTranscript,
    CallerStartedSpeaking,
    CallerStoppedSpeaking,
    CallerTranscript,
    Malformed,
    ModelError,
    ResponseEnded,
    ResponseStarted,
    SessionCreated,
    SessionUpdated,
    ToolCalled,
)
from calls.voice.realtime import BETA, DIALECTS, GA
from tests.openai_types import assert_server_event_is_valid

VENDOR = json.loads((Path(__file__).parent / "wire" / "openai_events.json").read_text())["events"]


@pytest.mark.parametrize("event", VENDOR, ids=lambda event: event["type"])
def test_openais_own_examples_are_accepted(event: dict[str, Any]) -> None:
    assert_server_event_is_valid(event)
    assert not isinstance(GA.decode(json.dumps(event).encode()), Malformed)


def test_openais_own_examples_become_events() -> None:
    decoded = [GA.decode(json.dumps(event).encode()) for event in VENDOR]

    assert [event for event in decoded if event is not None] == [
        CallerTranscript("item_CCXGQ4e1ht4cOraEYcuR2", "Hey, can you hear me?", {"in": 13, "out": 9}),
        ModelError("invalid_event", "The 'type' field is missing.", "event_567"),
        CallerStartedSpeaking("msg_003", 1000),
        CallerStoppedSpeaking("msg_003", 2000),
        AgentAudio("resp_001", "msg_008", b"Base64EncodedAudioDelta"),
        AgentTranscript("resp_001", "msg_008", "Hello, how can I assist you today?"),
        ResponseStarted("resp_C9G8p7IH2WxLbkgPNouYL"),
        ResponseEnded(
            "resp_CCXHw0UJld10EzIUXQCNh",
            "completed",
            usage={
                "text_in": 119,
                "text_cached": 64,
                "text_out": 30,
                "audio_in": 13,
                "audio_cached": 0,
                "audio_out": 91,
            },
        ),
        SessionCreated("sess_C9G5QPteg4UIbotdKLoYQ"),
        SessionUpdated(),
    ]


def delta(kind: str, payload: str) -> dict[str, Any]:
    place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
    return {"type": kind, "event_id": "event_1", **place, "delta": payload}


@given(
    payload=st.binary(min_size=1, max_size=4000).map(lambda raw: b64encode(raw).decode()),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]),
    name=st.sampled_from(["ga", "beta"]),
    data=st.data(),
)
def test_audio_is_read_the_same_in_any_order_and_spacing(
    payload: str, separators: tuple[str, str], name: str, data: st.DataObject
) -> None:
    event = delta({"ga": "response.output_audio.delta", "beta": "response.audio.delta"}[name], payload)
    shuffled = dict(data.draw(st.permutations(list(event.items()))))

    as_openai_writes_it = DIALECTS[name].decode(json.dumps(event, separators=separators).encode())
    as_anyone_may = DIALECTS[name].decode(json.dumps(shuffled, separators=separators).encode())

    assert as_openai_writes_it == as_anyone_may == AgentAudio("resp_1", "item_1", payload.encode())


def test_a_dialect_does_not_hear_the_others_audio() -> None:
    assert GA.decode(json.dumps(delta("response.audio.delta", "AAAA")).encode()) is None
    assert BETA.decode(json.dumps(delta("response.output_audio.delta", "AAAA")).encode()) is None


def test_audio_with_further_fields_or_escapes_is_still_read() -> None:
    event = delta("response.output_audio.delta", "ab/+")

    assert GA.decode(json.dumps(event | {"obfuscation": "x"}).encode()) == AgentAudio("resp_1", "item_1", b"ab/+")
    assert GA.decode(json.dumps(event).replace("/", "\\/").encode()) == AgentAudio("resp_1", "item_1", b"ab/+")
    assert GA.decode(json.dumps(event | {"delta": ""}).encode()) is None


def function_call(**changes: Any) -> dict[str, Any]:
    item = {"id": "item_1", "type": "function_call", "status": "completed", "call_id": "call_1"}
    return {**item, "name": "hang_up_call", "arguments": '{"reason": "done"}', **changes}


def item_done(item: dict[str, Any]) -> bytes:
    event = {"type": "response.output_item.done", "event_id": "e", "response_id": "resp_1", "output_index": 0}
    return json.dumps(event | {"item": item}).encode()


def test_a_tool_is_called_by_a_completed_item_only() -> None:
    called = ToolCalled("resp_1", "call_1", "hang_up_call", '{"reason": "done"}')

    assert GA.decode(item_done(function_call())) == called
    assert GA.decode(item_done(function_call(status=None))) == called
    assert GA.decode(item_done(function_call(status="incomplete"))) is None
    assert GA.decode(item_done({"id": "item_1", "type": "message", "status": "completed"})) is None


def response_done(**fields: Any) -> bytes:
    return json.dumps({"type": "response.done", "response": {"id": "resp_1", "status": "completed", **fields}}).encode()


def test_the_end_of_a_response_carries_its_purpose_and_its_completed_tool_calls() -> None:
    output = [function_call(), function_call(call_id="call_2", status="incomplete"), {"type": "message"}, "junk"]

    assert GA.decode(response_done(metadata={"purpose": "reflection"}, output=output)) == ResponseEnded(
        "resp_1",
        "completed",
        "reflection",
        tool_calls=(ToolCalled("resp_1", "call_1", "hang_up_call", '{"reason": "done"}'),),
    )


def test_a_failed_response_says_why() -> None:
    error = {"type": "insufficient_quota", "code": "insufficient_quota", "message": "You exceeded your quota."}
    details = {"type": "failed", "error": error}

    assert GA.decode(response_done(status="failed", status_details=details)) == ResponseEnded(
        "resp_1", "failed", error_code="insufficient_quota", error_message="You exceeded your quota."
    )


@pytest.mark.parametrize(
    ("usage", "flat"),
    [
        (
            {"input_tokens": 130, "output_tokens": 50, "total_tokens": 180}
            | {"input_token_details": {"cached_tokens": 110, "text_tokens": 100, "audio_tokens": 30}}
            | {"output_token_details": {"text_tokens": 10, "audio_tokens": 40}},
            (100, 100, 10, 30, 10, 40),
        ),
        (
            {"input_tokens_details": {"text_tokens": 7, "audio_tokens": 3}, "output_tokens_details": {}},
            (7, 0, 0, 3, 0, 0),
        ),
        ({"total_tokens": 10, "input_tokens": 5, "output_tokens": 4}, (5, 0, 4, 0, 0, 0)),
        ({"input_tokens": "5", "output_tokens": -4, "input_token_details": []}, (0, 0, 0, 0, 0, 0)),
    ],
    ids=["beta", "plural names", "totals only", "nonsense"],
)
def test_usage_is_flat_whatever_a_server_breaks_down(usage: dict[str, Any], flat: tuple[int, ...]) -> None:
    names = ("text_in", "text_cached", "text_out", "audio_in", "audio_cached", "audio_out")

    assert GA.decode(response_done(usage=usage)) == ResponseEnded(
        "resp_1", "completed", usage=dict(zip(names, flat, strict=True))
    )


@pytest.mark.parametrize(
    ("usage", "flat"),
    [({"type": "duration", "seconds": 2.3}, {"ms": 2300}), (None, {}), ({"type": "duration", "seconds": "2"}, {})],
)
def test_a_transcript_carries_what_it_cost(usage: Any, flat: dict[str, int]) -> None:
    kind = "conversation.item.input_audio_transcription.completed"
    event = {"type": kind, "item_id": "item_1", "transcript": "Yes.", "usage": usage}

    assert BETA.decode(json.dumps(event).encode()) == CallerTranscript("item_1", "Yes.", flat)


def test_the_beta_has_its_own_name_for_a_transcript() -> None:
    event = {"response_id": "resp_1", "item_id": "item_1", "transcript": "Hello."}

    assert BETA.decode(json.dumps(event | {"type": "response.audio_transcript.done"}).encode()) == AgentTranscript(
        "resp_1", "item_1", "Hello."
    )


def test_an_error_without_a_code_goes_by_its_type_and_shows_no_key() -> None:
    error = {"type": "server_error", "code": None, "message": "Incorrect API key provided: sk-proj-abc***xyz."}

    assert GA.decode(json.dumps({"type": "error", "error": error}).encode()) == ModelError(
        "server_error", "Incorrect API key provided: sk-…"
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\xff", "not JSON"),
        (b'{"type":"\xff"}', "not JSON"),
        (b"secret", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"null", "not an object"),
        (b"{}", "type is not text"),
        (
            json.dumps(delta("response.output_audio.delta", "secret!")).replace(", ", " ,").encode(),
            "delta is not base64",
        ),
        (json.dumps(delta("response.output_audio.delta", 'a","b')).encode(), "delta is not base64"),
        (b'{"type":"response.done","response":[]}', "response is not an object"),
        (b'{"type":"response.created","response":{"id":7}}', "id is not text"),
        (
            b'{"type":"input_audio_buffer.speech_started","item_id":"i","audio_start_ms":true}',
            "audio_start_ms is not a count",
        ),
        (
            b'{"type":"input_audio_buffer.speech_stopped","item_id":"i","audio_end_ms":-1}',
            "audio_end_ms is not a count",
        ),
        (item_done(function_call(arguments={"reason": "secret"})), "arguments is not text"),
    ],
)
def test_a_wrong_shape_is_named_and_never_quoted(message: bytes, reason: str) -> None:
    assert GA.decode(message) == Malformed("model", reason)


@given(st.text().map(str.encode) | st.binary())
def test_no_message_raises(message: bytes) -> None:
    GA.decode(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["id", "status", "output", "usage", "error", "code", "message", "metadata", "type"]), inner
        )
    ),
    max_leaves=8,
)
KINDS = sorted({event["type"] for event in VENDOR} | {"response.output_item.done"})


@given(type=st.sampled_from(KINDS) | JSON, response=JSON, item=JSON, error=JSON, usage=JSON, delta=JSON, session=JSON)
def test_no_json_raises(**message: Any) -> None:
    GA.decode(json.dumps(message).encode())
