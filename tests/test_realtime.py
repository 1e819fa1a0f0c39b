import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.voice.actions import (
    AddSystemMessage,
    AnswerTool,
    AppendAudio,
    AskReflection,
    CancelResponse,
    CloseModel,
    ConfigureSession,
    CreateResponse,
    ModelAction,
    TruncateItem,
)
from calls.voice.events import (
    ModelRefused,
)
from calls.voice.realtime import BETA, DIALECTS, GA
from calls.voice.tools import CALL_REFLECTION_DATA, TOOLS
from tests.openai_types import assert_client_event_is_valid

CONFIGURE = ConfigureSession(
    instructions="# Person\nYou are calling: Ana",
    tools=TOOLS,
    voice="marin",
    language="en",
    transcription_model="gpt-transcribe",
)
ACTIONS: list[ModelAction] = [
    CONFIGURE,
    AppendAudio(b"ab/+"),
    CreateResponse(),
    CreateResponse('Say exactly: "Hello."'),
    AskReflection("The person has hung up."),
    CancelResponse("resp_1"),
    TruncateItem("item_1", 1500),
    AnswerTool("call_1", 'recorded. Next, ask q2: "…"'),
    AddSystemMessage("The person has been silent."),
]


def encoded(dialect: str, action: ModelAction) -> Any:
    return json.loads(DIALECTS[dialect].encode(action))


@pytest.mark.parametrize("dialect", ["ga", "beta"])
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_every_message_sent_is_one_that_openai_documents(dialect: str, action: ModelAction) -> None:
    assert_client_event_is_valid(encoded(dialect, action), dialect)


def test_a_field_of_the_beta_does_not_pass_for_ga() -> None:
    event = encoded("ga", CONFIGURE)
    event["session"]["audio"]["output"]["temperature"] = 0.6

    with pytest.raises(AssertionError, match=r"session\.update\.session\.audio\.output\.temperature"):
        assert_client_event_is_valid(event)


def test_the_ga_session_speaks_mu_law_and_leaves_silence_to_us() -> None:
    assert encoded("ga", CONFIGURE) == {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": "# Person\nYou are calling: Ana",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "noise_reduction": {"type": "near_field"},
                    "transcription": {"model": "gpt-transcribe", "language": "en"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.6,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 500,
                        "create_response": True,
                        "interrupt_response": True,
                    },
                },
                "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"},
            },
            "tools": list(TOOLS),
            "tool_choice": "auto",
            "max_output_tokens": 1024,
            "truncation": "auto",
        },
    }


def test_the_beta_session_is_flat_and_maps_a_voice_it_does_not_have() -> None:
    assert encoded("beta", CONFIGURE) == {
        "type": "session.update",
        "session": {
            "modalities": ["audio", "text"],
            "instructions": "# Person\nYou are calling: Ana",
            "voice": "shimmer",
            "input_audio_format": "g711_ulaw",
            "output_audio_format": "g711_ulaw",
            "input_audio_transcription": {"model": "whisper-1", "language": "en"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.95,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "create_response": True,
                "interrupt_response": True,
            },
            "tools": list(TOOLS),
            "tool_choice": "auto",
            "temperature": 0.6,
            "max_response_output_tokens": 1024,
        },
    }


def test_a_voice_that_the_beta_has_is_kept() -> None:
    coral = ConfigureSession("", (), "coral", "en", "gpt-transcribe")

    assert encoded("beta", coral)["session"]["voice"] == "coral"


@pytest.mark.parametrize("dialect", ["ga", "beta"])
def test_the_messages_of_both_dialects_are_otherwise_the_same(dialect: str) -> None:
    item = {"type": "conversation.item.create"}
    said = [{"type": "input_text", "text": "The person has been silent."}]

    assert [
        encoded(dialect, action) for action in ACTIONS if not isinstance(action, ConfigureSession | AskReflection)
    ] == [
        {"type": "input_audio_buffer.append", "audio": "ab/+"},
        {"type": "response.create"},
        {"type": "response.create", "response": {"instructions": 'Say exactly: "Hello."'}},
        {"type": "response.cancel", "response_id": "resp_1"},
        {"type": "conversation.item.truncate", "item_id": "item_1", "content_index": 0, "audio_end_ms": 1500},
        item | {"item": {"type": "function_call_output", "call_id": "call_1", "output": 'recorded. Next, ask q2: "…"'}},
        item | {"item": {"type": "message", "role": "system", "content": said}},
    ]


def test_the_reflection_is_asked_out_of_band() -> None:
    ga, beta = (encoded(dialect, AskReflection("The person has hung up.")) for dialect in ("ga", "beta"))
    shared = {
        "conversation": "none",
        "metadata": {"purpose": "reflection"},
        "tools": [CALL_REFLECTION_DATA],
        "instructions": "The person has hung up. Judge it from the conversation alone, and answer by calling "
        "call_reflection_data.",
    }

    assert ga["response"] == shared | {
        "output_modalities": ["text"],
        "tool_choice": {"type": "function", "name": "call_reflection_data"},
    }
    assert beta["response"] == shared | {"modalities": ["text"], "tool_choice": "required"}


def test_closing_the_socket_is_no_message() -> None:
    with pytest.raises(TypeError, match="CloseModel is not a message"):
        GA.encode(CloseModel())


def test_the_url_names_the_model_and_the_headers_the_key() -> None:
    assert GA.url("wss://h/v1/realtime", "gpt-realtime-2.1") == "wss://h/v1/realtime?model=gpt-realtime-2.1"
    assert GA.url("wss://h/realtime?api-version=1", "a b") == "wss://h/realtime?api-version=1&model=a+b"
    assert GA.headers("k") == {"Authorization": "Bearer k"}
    assert BETA.headers("k") == {"Authorization": "Bearer k", "OpenAI-Beta": "realtime=v1"}


def test_a_refused_handshake_is_read_from_its_body() -> None:
    error = {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key provided."}

    assert GA.refusal(401, json.dumps({"error": error}).encode()) == ModelRefused(
        401, "invalid_api_key", "Incorrect API key provided."
    )
    assert GA.refusal(502, b"<html>Bad gateway</html>") == ModelRefused(502, "", "")
    assert GA.refusal(403, b'{"error": "no"}') == ModelRefused(403, "", "")


@given(
    st.binary()
    | st.dictionaries(st.just("error"), st.text() | st.dictionaries(st.just("code"), st.integers())).map(
        lambda body: json.dumps(body).encode()
    )
)
def test_no_refusal_raises(body: bytes) -> None:
    assert GA.refusal(500, body).status == 500
