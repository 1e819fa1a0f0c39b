"""The media stream on real sockets: who is let in, what is relayed, how it ends."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from pytest_django import Settings
from websockets.exceptions import InvalidStatus

from calls import consumers, draining
from calls.lifecycle import Stage
from calls.models import Call
from tests import factories
from tests.media_stage import CALL_SID, STREAM_SID, Model, line, model, program, token, until

pytestmark = pytest.mark.django_db(transaction=True)

SPOKEN = bytes(range(1, 161))
PLAIN = "websockets-sansio"
OURS = "highway.websocket_protocol:MediaWebSocketProtocol"


@pytest.fixture(params=[OURS, PLAIN], ids=["direct", "plain-asgi"])
async def address(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    async with program(ws=request.param) as url:
        yield url


@pytest.fixture
async def voice(settings: Settings) -> AsyncIterator[Model]:
    async with model() as played:
        settings.OPENAI_REALTIME_URL, settings.OPENAI_API_KEY = played.url, "sk-test"
        yield played


@pytest.fixture
def call(db: None) -> Call:
    facts = {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"}
    return factories.call(
        stage=Stage.RINGING,
        carrier_sid=CALL_SID,
        claimed_at=factories.NOW,
        verification=factories.verification(facts=facts),
    )


def stored(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def has_ended(call: Call) -> bool:
    return stored(call).stage == Stage.ENDED


async def begin(voice: Model) -> None:
    """Through the handshake to the greeting."""
    await voice.next("session.update")
    await voice.say({"type": "session.updated", "session": {}})
    await voice.next("response.create")
    await voice.say({"type": "response.created", "response": {"id": "r1"}})


async def test_a_stream_without_twilios_signature_is_refused_before_it_is_accepted(address: str, call: Call) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with line(address, call, signed=False):
            pass
    assert refused.value.response.status_code == 403


async def test_a_process_that_drains_takes_no_stream(address: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "draining", True)
    with pytest.raises(InvalidStatus):
        async with line(address, call):
            pass


async def test_a_forged_token_is_refused_and_no_model_is_connected(address: str, voice: Model, call: Call) -> None:
    async with line(address, call) as twilio:
        await twilio.start("forged")
        assert await twilio.wait_closed() == (1008, "the token is missing, forged or too old")
    assert not voice.connected.is_set()


async def test_a_token_serves_one_stream(address: str, voice: Model, call: Call) -> None:
    async with line(address, call) as first:
        await first.start(token(call))
        await voice.next("session.update")
        async with line(address, call) as second:
            await second.start(token(call))
            assert await second.wait_closed() == (1008, "the call has ended, or had its stream already")


async def test_a_stream_of_another_call_of_the_carrier_is_refused(address: str, voice: Model, call: Call) -> None:
    async with line(address, call) as twilio:
        await twilio.start(token(call), call_sid="CA" + "9" * 32)
        assert await twilio.wait_closed() == (1008, "the stream is of another call of the carrier")


async def test_every_frame_reaches_the_model_in_order_even_those_from_before_it_was_ready(
    address: str, voice: Model, call: Call
) -> None:
    frames = [bytes([number]) * 160 for number in range(1, 101)]
    async with line(address, call) as twilio:
        await twilio.start(token(call))
        for number, frame in enumerate(frames[:50]):
            await twilio.media(number, frame)
        await voice.next("session.update")
        await voice.say({"type": "session.updated", "session": {}})
        for number, frame in enumerate(frames[50:], 50):
            await twilio.media(number, frame)
        heard = [await voice.next("input_audio_buffer.append") for _ in frames]
    assert [base64.b64decode(event["audio"]) for event in heard] == frames


async def test_the_agents_voice_reaches_the_line_with_a_mark_behind_each_piece(
    address: str, voice: Model, call: Call
) -> None:
    async with line(address, call) as twilio:
        await twilio.start(token(call))
        await begin(voice)
        await voice.say(_delta(SPOKEN), _delta(SPOKEN[::-1]))
        sent = [
            await twilio.next("media"),
            await twilio.next("mark"),
            await twilio.next("media"),
            await twilio.next("mark"),
        ]
    assert [base64.b64decode(message["media"]["payload"]) for message in sent[0::2]] == [SPOKEN, SPOKEN[::-1]]
    assert [message["mark"]["name"] for message in sent[1::2]] == ["m1", "m2"]
    assert {message["streamSid"] for message in sent} == {STREAM_SID}


async def test_a_person_who_hangs_up_ends_the_call_after_the_models_reflection(
    address: str, voice: Model, call: Call
) -> None:
    async with line(address, call) as twilio:
        await twilio.start(token(call))
        await begin(voice)
        await voice.say(
            {"type": "input_audio_buffer.speech_started", "item_id": "i1", "audio_start_ms": 500},
            {"type": "input_audio_buffer.speech_stopped", "item_id": "i1", "audio_end_ms": 900},
            {"type": "conversation.item.input_audio_transcription.completed", "item_id": "i1", "transcript": "Hello?"},
        )
        await twilio.media(1, SPOKEN)
        await voice.next("input_audio_buffer.append")
        await twilio.send(
            {"event": "stop", "sequenceNumber": "9", "stop": {"callSid": CALL_SID}, "streamSid": STREAM_SID}
        )
        asked = await voice.next("response.create")
        await voice.say(_reflection(asked))
        await until(lambda: has_ended(call))
        await voice.closed.wait()
    ended = await sync_to_async(stored)(call)
    assert (ended.status, ended.end_reason, ended.reflection) == ("user_hung_up", "customer_hung_up", "user_hung_up")
    turns = await sync_to_async(lambda: list(ended.turns.values_list("speaker", "text", "start_ms", "end_ms")))()
    assert turns == [("caller", "Hello?", 500, 900)]


async def test_without_a_database_the_stream_is_closed_and_the_log_says_why_without_a_traceback(
    address: str, call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(**_: Any) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed for +12025550123")

    monkeypatch.setattr(consumers, "conversation_admit", away)
    async with line(address, call) as twilio:
        await twilio.start(token(call))
        assert (await twilio.wait_closed())[0] == 1011
    assert f"call {call.pk}: cannot be admitted: OperationalError" in caplog.text
    assert not any(leak in caplog.text for leak in ("Traceback", "10.0.0.1", "5550123"))


async def test_a_malformed_message_ends_the_stream_with_a_reason_and_no_traceback(
    address: str, voice: Model, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    async with line(address, call) as twilio:
        await twilio.start(token(call))
        await begin(voice)
        await twilio.socket.send("{not json")
        await until(lambda: has_ended(call))
        assert (await twilio.wait_closed())[0] == 1000
    ended = await sync_to_async(stored)(call)
    assert (ended.status, ended.end_reason, ended.vendor_text) == ("system_error", "relay_lost", "not JSON")
    assert "Traceback" not in caplog.text


async def test_a_message_beyond_the_limit_closes_the_socket(address: str, voice: Model, call: Call) -> None:
    async with line(address, call) as twilio:
        await twilio.start(token(call))
        await begin(voice)
        await twilio.socket.send("x" * 70_000)
        assert (await twilio.wait_closed())[0] == 1009
        await until(lambda: has_ended(call))


async def test_a_model_that_goes_away_for_good_ends_the_call(
    address: str, voice: Model, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.sounds.apology", lambda language: ())
    async with line(address, call) as twilio:
        await twilio.start(token(call))
        await begin(voice)
        assert voice.socket
        await voice.socket.close(1008, "policy")
        await until(lambda: has_ended(call))
        assert (await twilio.wait_closed())[0] == 1000
    ended = await sync_to_async(stored)(call)
    assert (ended.status, ended.end_reason) == ("system_error", "relay_lost")


async def test_a_defect_of_ours_ends_the_call_for_review(
    address: str, voice: Model, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    async with line(address, call) as twilio:
        await twilio.start(token(call))
        await begin(voice)
        monkeypatch.setattr("calls.voice.mouth.Mouth.say", broken)
        await voice.say(_delta(SPOKEN))
        await until(lambda: has_ended(call))
        assert (await twilio.wait_closed())[0] == 1000
    ended = await sync_to_async(stored)(call)
    assert (ended.status, ended.end_reason, ended.needs_review) == ("system_error", "process_lost", True)


async def test_no_stream_is_counted_once_all_are_over(address: str, voice: Model, call: Call) -> None:
    async with line(address, call) as twilio:
        await twilio.start("forged")
        await twilio.wait_closed()
    await until(lambda: draining.live_calls == 0)


def _delta(sound: bytes) -> dict[str, Any]:
    ids = {"response_id": "r1", "item_id": "a1", "output_index": 0, "content_index": 0}
    return {"type": "response.output_audio.delta", **ids, "delta": base64.b64encode(sound).decode()}


def _reflection(asked: dict[str, Any]) -> dict[str, Any]:
    item = {
        "type": "function_call",
        "id": "f1",
        "call_id": "c1",
        "name": "call_reflection_data",
        "status": "completed",
        "arguments": '{"status": "user_hung_up"}',
    }
    done = {"id": "r2", "status": "completed", "metadata": asked["response"]["metadata"], "output": [item]}
    return {"type": "response.done", "response": done}
