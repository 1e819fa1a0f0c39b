"""What the simulated voice model refuses: it judges its client as strictly as the vendor documents allow."""

from typing import Any

import pytest

from tests.model_client import (
    GA_SESSION,
    INSTRUCTIONS,
    SESSIONS,
    VAD,
    Client,
    calls,
    errors,
    first,
    heard_from,
    kinds,
    of,
)


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"instructions": "Hello"}, "missing_required_parameter", "session.type"),
        ({"type": "realtime", "modalities": ["audio"]}, "unknown_parameter", "session.modalities"),
        ({"type": "realtime", "temperature": 0.6}, "unknown_parameter", "session.temperature"),
        ({"type": "realtime", "input_audio_format": "g711_ulaw"}, "unknown_parameter", "session.input_audio_format"),
        (
            {"type": "realtime", "audio": {"input": {"format": "g711_ulaw"}}},
            "invalid_value",
            "session.audio.input.format",
        ),
        ({"type": "realtime", "audio": {"output": {"voice": "hal"}}}, "invalid_value", "session.audio.output.voice"),
        ({"type": "realtime", "output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
        ({"type": "realtime"}, "invalid_value", "session.audio"),
        ({**GA_SESSION, "model": "gpt-realtime-2"}, "invalid_value", "session.model"),
        (
            {**GA_SESSION, "tools": [{"type": "function", "function": {}}]},
            "missing_required_parameter",
            "session.tools[0].name",
        ),
    ],
)
def test_a_session_that_ga_does_not_allow_is_refused(session: dict[str, Any], code: str, param: str) -> None:
    client = Client()
    error = client.send("session.update", session=session, event_id="evt_1")[0]["error"]
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "evt_1")
    assert len(client.model.violations) == 1
    assert of("session.updated", client.run(100)) == []


@pytest.mark.parametrize(
    ("session", "param"),
    [
        (SESSIONS["ga"], "session.type"),
        ({**SESSIONS["beta"], "temperature": 0.5}, "session.temperature"),
        ({**SESSIONS["beta"], "voice": "marin"}, "session.voice"),
        (
            {**SESSIONS["beta"], "turn_detection": {**VAD, "idle_timeout_ms": 5_000}},
            "session.turn_detection.idle_timeout_ms",
        ),
    ],
)
def test_a_session_that_the_beta_did_not_allow_is_refused(session: dict[str, Any], param: str) -> None:
    client = Client("beta")
    assert client.send("session.update", session=session)[0]["error"]["param"] == param
    assert len(client.model.violations) == 1


def test_an_update_changes_only_what_it_names() -> None:
    client = Client().configured()
    audio = {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.9}}}
    client.send("session.update", session={"type": "realtime", "audio": audio})
    audio = {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 900}}}
    client.send("session.update", session={"type": "realtime", "audio": audio})
    session = of("session.updated", client.run(20))[-1]["session"]
    assert session["instructions"] == INSTRUCTIONS
    assert session["audio"]["output"]["voice"] == "marin"
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.9,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 900,
        "create_response": True,
        "interrupt_response": True,
    }


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("output.dance", {}, "invalid_value"),
        ("response.create", {"response": {"modalities": ["text"]}}, "unknown_parameter"),
        ("response.create", {"response": {"tool_choice": {"type": "function", "name": "rob"}}}, "invalid_value"),
        ("input_audio_buffer.append", {"audio": ""}, "invalid_value"),
        ("input_audio_buffer.append", {"audio": "###"}, "invalid_value"),
        ("input_audio_buffer.append", {}, "missing_required_parameter"),
        (
            "conversation.item.create",
            {"item": {"type": "function_call_output", "call_id": "no", "output": ""}},
            "invalid_value",
        ),
        (
            "conversation.item.create",
            {"item": {"type": "function_call_output", "call_id": "no", "output": {}}},
            "invalid_value",
        ),
        ("conversation.item.create", {"item": {"type": "message", "role": "robot", "content": []}}, "invalid_value"),
        ("conversation.item.truncate", {"item_id": "no", "content_index": 0, "audio_end_ms": 1}, "invalid_value"),
        ("conversation.item.truncate", {"item_id": "no", "content_index": 0, "audio_end_ms": 1.5}, "invalid_value"),
    ],
)
def test_what_the_vendor_does_not_know_is_an_error_and_a_violation(
    kind: str, fields: dict[str, Any], code: str
) -> None:
    client = Client().configured()
    assert errors(client.send(kind, **fields)) == [code]
    assert len(client.model.violations) == 1


@pytest.mark.parametrize("text", ["{", "[]", '"hello"', ""])
def test_a_message_that_is_no_json_object_is_an_error_and_a_violation(text: str) -> None:
    client = Client().configured()
    assert errors(client.send_text(text)) == ["invalid_event"]
    assert len(client.model.violations) == 1


def test_asking_and_appending_before_the_session_is_updated_are_violations() -> None:
    client = Client()
    assert errors(client.send("response.create")) == ["invalid_event"]
    assert client.append(b"\xff" * 160) == []
    assert len(client.model.violations) == 2


def test_a_truncation_may_not_be_longer_than_the_item() -> None:
    client = Client().greeted()
    item_id = first("response.output_item.done", client.events)["item"]["id"]
    length = len(heard_from(client.events)) // 8
    place = {"item_id": item_id, "content_index": 0}
    refused = client.send("conversation.item.truncate", audio_end_ms=length + 1, **place)
    assert refused[0]["error"]["message"] == f"Audio content of {length} ms is already shorter than {length + 1} ms"
    assert kinds(client.send("conversation.item.truncate", audio_end_ms=length, **place)) == [
        "conversation.item.truncated"
    ]


def test_a_function_call_is_answered_once() -> None:
    client = Client().greeted()
    call = calls(client.say("Stop calling me."))[0]
    client.answer(call, "noted. Say goodbye politely and call hang_up_call.")
    assert client.model.violations == []
    client.answer(call, "noted. Say goodbye politely and call hang_up_call.")
    assert len(client.model.violations) == 1


def test_the_clients_events_are_kept_and_of_its_audio_the_first() -> None:
    client = Client().greeted()
    assert [event["type"] for event in client.model.client_events] == [
        "session.update",
        "input_audio_buffer.append",
        "response.create",
    ]
