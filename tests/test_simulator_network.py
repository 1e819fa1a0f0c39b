"""The simulated phone network on real sockets: the official client places the calls, and a stand-in for our program
takes the callbacks and speaks on the media stream."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from requests.exceptions import ReadTimeout
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import connect

from simulator.app import AUTH_TOKEN, MODEL_KEY, Credentials, Simulator
from tests.phone_stage import FROM, NUMBER, Program, Stage, served, until


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    program, simulator = Program(), Simulator(Credentials())
    program.book = simulator.book
    async with served(program) as program.url, served(simulator) as url:
        yield Stage(simulator, url, program)


async def test_a_call_is_placed_answered_spoken_on_and_told_of_by_signed_callbacks(stage: Stage) -> None:
    await stage.post_scenario()
    created = await stage.place()
    assert (created.status, created.to, created._from, created.queue_time) == ("queued", NUMBER, FROM, "0")
    call = await stage.ended()
    assert stage.program.heard == ["Hi."]
    assert [heard["text"] for heard in call["heard"]] == ["Hello?"]
    assert [said["text"] for said in call["said"]] == ["Hi."]
    stages = ["initiated", "ringing", "in-progress", "stream-started", "stream-stopped", "completed"]
    assert [reached["stage"] for reached in call["stages"]] == stages
    assert stage.program.statuses() == ["initiated", "ringing", "in-progress", "completed"]
    assert sorted(stage.program.stream_events()) == [("stream-started", ""), ("stream-stopped", "")]
    assert stage.program.signatures == [True] * 6
    assert {told["http_status"] for told in call["callbacks"]} == {200}
    assert stage.simulator.ledger()["dialed"] == {NUMBER: 1}
    assert stage.simulator.ledger()["violations"] == []


async def test_a_stream_is_signed_and_has_no_origin_and_carries_the_parameters(stage: Stage) -> None:
    await stage.post_scenario()
    created = await stage.place()
    await stage.ended()
    url = stage.program.url.replace("http", "ws", 1) + "/media/7"
    expected = RequestValidator(AUTH_TOKEN).compute_signature(url, {})
    assert stage.program.stream_headers["x-twilio-signature"] == expected
    assert {"origin", "sec-websocket-extensions"} & set(stage.program.stream_headers) == set()
    start = stage.program.stream[1]["start"]
    assert (start["callSid"], start["customParameters"]) == (created.sid, {"token": "t"})
    sequence = [int(message["sequenceNumber"]) for message in stage.program.stream[1:]]
    assert sequence == list(range(1, len(sequence) + 1))
    assert [message["mark"] for message in stage.program.stream if message["event"] == "mark"] == [{"name": "greeting"}]


async def test_the_last_callback_says_how_long_the_call_was(stage: Stage) -> None:
    await stage.post_scenario()
    created = await stage.place()
    await stage.ended()
    last = next(form for form in stage.program.callbacks if form.get("CallStatus") == "completed")
    kept = ("CallSid", "SequenceNumber", "SipResponseCode", "Duration", "From", "To", "Direction", "FromCity")
    assert {name: last[name] for name in kept} == {
        "CallSid": created.sid,
        "SequenceNumber": "3",
        "SipResponseCode": "200",
        "Duration": "1",
        "From": FROM,
        "To": NUMBER,
        "Direction": "outbound-api",
        "FromCity": "",
    }


async def test_only_the_events_asked_for_are_told(stage: Stage) -> None:
    await stage.post_scenario(line="busy")
    await stage.place(status_callback_event=["completed"])
    await stage.ended(callbacks=1)
    [told] = stage.program.callbacks
    assert (told["CallStatus"], told["SequenceNumber"]) == ("busy", "0")


@pytest.mark.parametrize(("line", "sip"), [("busy", "486"), ("no-answer", "487"), ("failed", "404")])
async def test_a_call_nobody_takes_ends_without_a_stream(stage: Stage, line: str, sip: str) -> None:
    await stage.post_scenario(line=line)
    await stage.place()
    call = await stage.ended(callbacks=3)
    assert (call["status"], call["stream"], stage.program.stream) == (line, {}, [])
    assert [form["SequenceNumber"] for form in stage.program.callbacks] == ["0", "1", "2"]
    assert (stage.program.statuses()[-1], stage.program.callbacks[-1]["SipResponseCode"]) == (line, sip)


async def test_a_call_that_rings_too_long_is_not_answered(stage: Stage) -> None:
    await stage.post_scenario(ring_ms=60_000)
    await stage.place(timeout=1)
    call = await stage.ended(callbacks=3)
    assert call["status"] == "no-answer"


async def test_the_time_limit_ends_a_call(stage: Stage) -> None:
    stage.program.greets = False
    await stage.post_scenario()
    await stage.place(time_limit=1)
    call = await stage.ended()
    assert (call["status"], stage.program.stream[-1]["event"]) == ("completed", "stop")


async def test_a_call_is_hung_up_by_an_update_and_gone_for_the_next(stage: Stage) -> None:
    stage.program.greets = False
    await stage.post_scenario()
    calls = stage.client().calls
    sid = (await stage.place()).sid
    await until(lambda: stage.program.stream)
    with pytest.raises(TwilioRestException) as too_late:
        await asyncio.to_thread(calls(sid).update, status="canceled")
    await asyncio.to_thread(calls(sid).update, status="completed")
    call = await stage.ended()
    assert (call["status"], stage.program.stream[-1]["event"]) == ("completed", "stop")
    with pytest.raises(TwilioRestException) as gone:
        await asyncio.to_thread(calls(sid).update, status="completed")
    assert (too_late.value.status, too_late.value.code) == (400, 21220)
    assert (gone.value.status, gone.value.code) == (404, 20404)


async def test_a_call_canceled_while_it_rings_is_never_answered(stage: Stage) -> None:
    await stage.post_scenario(ring_ms=5000)
    sid = (await stage.place()).sid
    await until(lambda: "ringing" in stage.program.statuses())
    await asyncio.to_thread(stage.client().calls(sid).update, status="canceled")
    call = await stage.ended(callbacks=3)
    assert (call["status"], stage.program.stream) == ("canceled", [])


async def test_calls_are_fetched_and_listed_by_number_and_time(stage: Stage) -> None:
    await stage.post_scenario(line="busy")
    calls = stage.client().calls
    began = datetime.now(UTC)
    sids = [(await stage.place()).sid for _ in range(3)]
    fetched = await asyncio.to_thread(calls(sids[0]).fetch)
    assert (fetched.sid, fetched.to, fetched.date_created.tzinfo) == (sids[0], NUMBER, UTC)

    async def listed(**filters: Any) -> list[str]:
        return [call.sid for call in await asyncio.to_thread(calls.list, **filters)]

    assert await listed(to=NUMBER, from_=FROM, start_time_after=began) == sids[::-1]
    assert await listed(page_size=2) == sids[::-1]
    assert await listed(to="+12025550101") == []
    assert await listed(start_time_after=began + timedelta(minutes=1)) == []


async def test_a_wrong_token_is_refused(stage: Stage) -> None:
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(stage.client(token="wrong").calls("CA1").fetch)
    assert (refused.value.status, refused.value.code) == (401, 20003)


async def test_a_refused_number_is_told_by_its_code(stage: Stage) -> None:
    await stage.post_scenario(faults={"refuse_code": 21214})
    with pytest.raises(TwilioRestException) as refused:
        await stage.place()
    assert (refused.value.status, refused.value.code) == (400, 21214)
    assert (stage.simulator.ledger()["calls"], stage.simulator.ledger()["dialed"]) == ([], {NUMBER: 1})


async def test_a_busy_carrier_sends_the_client_away_and_counts_no_dialing(stage: Stage) -> None:
    await stage.post_scenario(line="busy", faults={"too_many_times": 1})
    with pytest.raises(TwilioRestException) as sent_away:
        await stage.place()
    assert (sent_away.value.status, sent_away.value.code) == (429, 20429)
    assert (await stage.place()).status == "queued"
    assert stage.simulator.ledger()["dialed"] == {NUMBER: 1}


async def test_a_create_that_fails_after_the_call_was_taken_leaves_the_call(stage: Stage) -> None:
    await stage.post_scenario(line="busy", faults={"answer_lost": "error"})
    with pytest.raises(TwilioRestException) as failed:
        await stage.place()
    assert failed.value.status == 500
    assert (await stage.ended(callbacks=3))["status"] == "busy"


async def test_a_create_that_is_never_answered_leaves_the_call(stage: Stage) -> None:
    await stage.post_scenario(line="busy", faults={"answer_lost": "hang"})
    with pytest.raises(ReadTimeout):
        await stage.place(patience=0.5)
    assert (await stage.ended(callbacks=3))["status"] == "busy"


async def test_callbacks_come_twice_and_out_of_order_where_the_scenario_says_so(stage: Stage) -> None:
    await stage.post_scenario(line="busy", faults={"callbacks_twice": True, "callbacks_swapped": True})
    await stage.place()
    await stage.ended(callbacks=6)
    assert stage.program.statuses() == ["ringing", "ringing", "initiated", "initiated", "busy", "busy"]


async def test_a_refused_handshake_is_told_by_the_stream_callback_and_ends_the_call(stage: Stage) -> None:
    stage.program.refuses = True
    await stage.post_scenario()
    await stage.place()
    call = await stage.ended(callbacks=5)
    told = "31920 Stream - WebSocket - Handshake error: the answer was 403"
    assert stage.program.stream_events() == [("stream-error", told)]
    assert (call["status"], call["stream"]["error"], call["violations"]) == ("completed", told, [])


async def test_a_line_lost_mid_call_sends_no_stop(stage: Stage) -> None:
    stage.program.greets = False
    await stage.post_scenario(faults={"lost_at_ms": 300})
    await stage.place()
    call = await stage.ended()
    assert call["status"] == "completed"
    assert stage.program.close_code in (1005, 1006)  # uvicorn's two codes for a socket that broke
    assert {message["event"] for message in stage.program.stream} == {"connected", "start", "media"}


async def test_an_order_with_an_unplayed_parameter_is_refused_and_kept_as_a_violation(stage: Stage) -> None:
    await stage.post_scenario()
    with pytest.raises(TwilioRestException) as refused:
        await stage.place(record=True)
    assert refused.value.code == 20001
    [violation] = stage.simulator.ledger()["violations"]
    assert violation.endswith("20001 This simulated network does not know the parameter Record")


async def test_the_ledger_is_read_and_cleared_over_http(stage: Stage) -> None:
    await stage.post_scenario(line="busy")
    await stage.place()
    await stage.ended(callbacks=3)
    async with httpx.AsyncClient(trust_env=False, base_url=stage.url) as client:
        before = (await client.get("/ledger")).json()
        cleared = await client.delete("/ledger")
        after = (await client.get("/ledger")).json()
    assert ([call["scenario"] for call in before["calls"]], cleared.status_code) == (["answers-right"], 200)
    assert after == {"calls": [], "model_sessions": [], "dialed": {}, "violations": []}


async def test_a_slow_create_places_the_call_although_the_client_has_left(stage: Stage) -> None:
    await stage.post_scenario(line="busy", faults={"create_delay_ms": 600})
    with pytest.raises(ReadTimeout):
        await stage.place(patience=0.2)
    assert stage.simulator.ledger()["calls"] == []
    await until(lambda: stage.simulator.network.calls)
    assert (await stage.ended(callbacks=3))["status"] == "busy"


async def test_callbacks_are_late_where_the_scenario_says_so(stage: Stage) -> None:
    await stage.post_scenario(line="busy", faults={"callback_delay_ms": 300})
    await stage.place()
    call = await stage.ended(callbacks=3)
    late = [told["at"] - call["stages"][0]["at"] for told in call["callbacks"]]
    assert [seconds >= 0.3 * number for number, seconds in enumerate(late, 1)] == [True] * 3


async def test_a_slow_reader_hears_late(stage: Stage) -> None:
    await stage.post_scenario(faults={"read_delay_ms": 400})
    await stage.place()
    call = await stage.ended()
    assert call["heard"][0]["start_ms"] >= 400
    assert call["violations"] == []


async def test_what_the_voice_model_objects_to_is_in_the_ledger_too(stage: Stage) -> None:
    url = f"{stage.url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime-2.1"
    headers = {"Authorization": f"Bearer {MODEL_KEY}"}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        await socket.recv()
        await socket.send('{"type":"input_audio_buffer.append","audio":"*"}')
        await socket.recv()
    [violation] = stage.simulator.ledger()["violations"]
    assert violation.startswith("voice model: ")


async def test_machine_detection_is_told_beside_the_call_where_it_was_ordered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.phone_network.DETECTION_S", 0.02)
    await stage.post_scenario(answered_by="machine_start")
    url = f"{stage.program.url}/amd/7"
    created = await stage.place(machine_detection="Enable", async_amd="true", async_amd_status_callback=url)
    await stage.ended(callbacks=7)
    [form] = [form for form in stage.program.callbacks if "AnsweredBy" in form]
    assert form == {
        "AccountSid": created.account_sid,
        "CallSid": created.sid,
        "AnsweredBy": "machine_start",
        "MachineDetectionDuration": "20",
    }


async def test_machine_detection_that_would_hold_up_the_person_is_refused(stage: Stage) -> None:
    await stage.post_scenario()
    with pytest.raises(TwilioRestException) as refused:
        await stage.place(machine_detection="Enable")
    assert refused.value.code == 20001
