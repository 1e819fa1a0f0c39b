"""The simulated voice model under a hand-moved clock: turns, responses, their pace and their price."""

import json

import pytest

from tests.model_client import (
    GA_SESSION,
    GREETING,
    INSTRUCTIONS,
    Q1,
    VAD,
    Client,
    called,
    errors,
    first,
    heard_from,
    kinds,
    of,
    said,
)

DIALECTS = pytest.mark.parametrize("dialect", ["ga", "beta"])


# -- turn detection ---------------------------------------------------------------------------------------------


def test_turns_are_timed_by_the_audio_appended() -> None:
    client = Client().greeted()
    audio = client.book.say("Yes, speaking.", "caller")
    began = client.model.appended_bytes // 8
    events = client.say("Yes, speaking.")
    assert first("input_audio_buffer.speech_started", events)["audio_start_ms"] == began - 300
    assert first("input_audio_buffer.speech_stopped", events)["audio_end_ms"] == began + len(audio) // 8 + 500
    ids = {event["item_id"] for event in events if event["type"].startswith("input_audio_buffer.")}
    assert len(ids) == 1


def test_a_turn_in_one_long_piece_is_heard_like_one_in_frames() -> None:
    client = Client().greeted()
    events = client.append(client.book.say("Yes, speaking.", "caller") + b"\xff" * 8_000)
    assert kinds(events)[:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    assert said(client.run(2_000)) == [Q1]


def test_with_no_turn_detection_a_turn_ends_by_commit() -> None:
    client = Client().configured()
    audio = {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": None}}
    client.send("session.update", session={"type": "realtime", "audio": audio})
    assert client.say("Yes, speaking.") == [client.events[-1]]  # session.updated
    assert kinds(client.send("input_audio_buffer.commit")) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    client.send("response.create")
    assert said(client.run(2_000)) == [Q1]
    assert errors(client.send("input_audio_buffer.commit")) == ["input_audio_buffer_commit_empty"]


def test_without_create_response_the_model_waits_to_be_asked() -> None:
    client = Client().configured()
    audio = {"input": {"turn_detection": {**VAD, "create_response": False}}}
    client.send("session.update", session={"type": "realtime", "audio": audio})
    assert of("response.created", client.say("Yes, speaking.")) == []
    client.send("response.create")
    assert said(client.run(2_000)) == [Q1]


def test_the_person_cuts_the_agent_off_and_two_deltas_are_late() -> None:
    client = Client().configured()
    client.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
    client.run(400)
    events = client.hear(client.book.say("Yes, speaking.", "caller"))
    assert kinds(events) == [
        "input_audio_buffer.speech_started",
        *["response.output_audio_transcript.delta", "response.output_audio.delta"] * 2,
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    done = events[-1]["response"]
    assert (done["status"], done["status_details"]) == ("cancelled", {"type": "cancelled", "reason": "turn_detected"})
    assert done["output"][0]["status"] == "incomplete"
    assert done["usage"]["output_tokens"] > 0


def test_a_greeting_cut_short_is_given_again_as_the_instructions_say() -> None:
    client = Client().greeted()
    item = first("response.output_item.done", client.events)["item"]
    truncated = client.send("conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=900)
    assert kinds(truncated) == ["conversation.item.truncated"]
    assert said(client.say("Yes, speaking.")) == [GREETING]
    assert said(client.say("Yes, speaking.")) == [Q1]


def test_without_interrupt_response_the_agent_speaks_on() -> None:
    client = Client().configured()
    audio = {"input": {"turn_detection": {**VAD, "interrupt_response": False}}}
    client.send("session.update", session={"type": "realtime", "audio": audio})
    client.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
    client.run(400)
    assert [event["response"]["status"] for event in of("response.done", client.say("Yes, speaking."))] == [
        "completed"
    ] * 2


def test_a_long_silence_is_taken_for_a_turn() -> None:
    client = Client()
    audio = {**GA_SESSION["audio"], "input": {**GA_SESSION["audio"]["input"]}}
    audio["input"]["turn_detection"] = {**VAD, "idle_timeout_ms": 5_000}
    client.configured(audio=audio)
    client.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
    client.run(5_000)
    assert of("input_audio_buffer.timeout_triggered", client.events) == []
    events = client.run(6_000)
    timeout = first("input_audio_buffer.timeout_triggered", events)
    assert timeout["audio_end_ms"] - timeout["audio_start_ms"] == 5_000
    assert said(events)[0] == "Are you still there?"


def test_a_word_begins_the_silence_anew() -> None:
    client = Client()
    audio = {**GA_SESSION["audio"], "input": {**GA_SESSION["audio"]["input"]}}
    audio["input"]["turn_detection"] = {**VAD, "idle_timeout_ms": 5_000, "create_response": False}
    client.configured(audio=audio)
    client.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
    client.run(6_000)
    client.say("Yes, speaking.")
    assert of("input_audio_buffer.timeout_triggered", client.run(20_000)) == []


# -- responses --------------------------------------------------------------------------------------------------


def test_only_one_response_at_a_time_writes_to_the_conversation() -> None:
    client = Client().configured()
    client.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
    refused = client.send("response.create", event_id="second")
    assert errors(refused) == ["conversation_already_has_active_response"]
    assert refused[0]["error"]["event_id"] == "second"
    assert client.model.violations == []


@DIALECTS
def test_a_reflection_out_of_band_runs_beside_the_conversation(dialect: str) -> None:
    client = Client(dialect).configured()
    client.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
    client.send(
        "response.create",
        response={
            "conversation": "none",
            "metadata": {"purpose": "reflection"},
            client.model.dialect.modalities: ["text"],
            "tools": [{"type": "function", "name": "call_reflection_data"}],
            "tool_choice": "required",
            "instructions": "The person has hung up. Report your impression of the call.",
        },
    )
    events = client.run(500)
    done = first("response.done", events)["response"]
    assert (done["metadata"], done["conversation_id"]) == ({"purpose": "reflection"}, None)
    assert called(events) == [("call_reflection_data", {"status": "user_hung_up"})]
    assert said(client.run(3_000)) == [GREETING]


def test_a_response_can_be_cancelled_and_only_while_it_runs() -> None:
    client = Client().configured()
    client.send("response.create", response={"instructions": f'Say exactly: "{GREETING}"'})
    client.run(400)
    events = client.send("response.cancel")
    done = first("response.done", events)["response"]
    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    assert errors(client.send("response.cancel")) == ["response_cancel_not_active"]
    assert client.run(3_000) == []
    assert client.model.violations == []


def test_usage_counts_the_whole_conversation_again_and_its_known_part_as_cached() -> None:
    client = Client().greeted()
    greeting_ms = len(heard_from(client.events)) // 8
    spoken = client.say("Yes, speaking.")
    caller_ms = len(client.book.say("Yes, speaking.", "caller")) // 8
    usages = [event["response"]["usage"] for event in of("response.done", client.events)]
    prompt = -(-len(INSTRUCTIONS + json.dumps(GA_SESSION["tools"])) // 4)
    assert usages[0]["input_token_details"]["cached_tokens"] == 0
    assert usages[0]["input_token_details"]["text_tokens"] == prompt
    assert usages[0]["output_token_details"]["audio_tokens"] == -(-greeting_ms // 50)
    details = usages[1]["input_token_details"]
    assert details["audio_tokens"] == -(-greeting_ms // 50) + -(-caller_ms // 100)
    assert details["cached_tokens"] == prompt // 64 * 64
    assert usages[1]["output_token_details"]["audio_tokens"] == -(-len(heard_from(spoken)) // 8 // 50)
