"""A five-minute conversation through both codecs and the session, in one process: `make bench-conversation`.

15,000 frames of the caller, 15,000 of the agent's voice with a mark for each, a turn of either side every ten seconds.
What it measures is our code alone: the vendors' messages are made beforehand. Prints the seconds; the goal is 0.5.
"""

# ruff: noqa: T201 (its output is its purpose)

import base64
import gc
import json
import sys
import time
from collections.abc import Iterator

from calls.voice import actions, media_streams, realtime
from calls.voice.realtime import GA
from calls.voice.session import Session
from tests.talks import BIRTH, DIGITS, PLAN

FRAMES = 15_000
TURN_FRAMES = 500
GOAL_S = 0.5
_FRAME = base64.b64encode(bytes(range(160))).decode()
Message = tuple[float, str, bytes]
"""When, on which wire, and what."""


def messages() -> list[Message]:
    """The whole conversation as it arrives, in order of time."""
    began = [
        (0.0, "model", _json({"type": "session.created", "session": {"id": "sess_1"}})),
        (0.0, "model", _json({"type": "session.updated", "session": {}})),
    ]
    return began + [message for frame in range(FRAMES) for message in _at(frame)]


def _at(frame: int) -> Iterator[Message]:
    now, turn = frame / 50, frame // TURN_FRAMES
    if frame % TURN_FRAMES == 0:
        yield now, "model", _json({"type": "response.created", "response": {"id": f"resp_{turn}"}})
    yield now, "line", _caller(frame)
    yield now, "model", _agent(frame, turn)
    # The mark of the frame before comes back as its sound has been played.
    yield now, "line", _json({"event": "mark", "streamSid": "MZ1", "mark": {"name": f"m{frame}"}})
    if frame % TURN_FRAMES == TURN_FRAMES - 1:
        yield from ((now, "model", _json(event)) for event in _turn_ends(turn, frame * 20))


def _json(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode()


def _caller(frame: int) -> bytes:
    return (
        f'{{"event":"media","sequenceNumber":"{frame + 2}","media":{{"track":"inbound","chunk":"{frame + 1}",'
        f'"timestamp":"{frame * 20}","payload":"{_FRAME}"}},"streamSid":"MZ1"}}'
    ).encode()


def _agent(frame: int, turn: int) -> bytes:
    return (
        f'{{"type":"response.output_audio.delta","event_id":"event_{frame}","response_id":"resp_{turn}",'
        f'"item_id":"item_{turn}","output_index":0,"content_index":0,"delta":"{_FRAME}"}}'
    ).encode()


def _turn_ends(turn: int, at_ms: int) -> list[dict[str, object]]:
    text = "Thank you. And what are the last four digits of the number on your card?"
    agent = {"response_id": f"resp_{turn}", "item_id": f"item_{turn}", "transcript": text}
    caller = {"item_id": f"caller_{turn}"}
    heard = "conversation.item.input_audio_transcription.completed"
    return [
        {"type": "response.output_audio_transcript.done", **agent},
        {"type": "response.done", "response": {"id": f"resp_{turn}", "status": "completed"}},
        {"type": "input_audio_buffer.speech_started", **caller, "audio_start_ms": at_ms},
        {"type": "input_audio_buffer.speech_stopped", **caller, "audio_end_ms": at_ms + 500},
        {"type": heard, **caller, "transcript": "Four three two one.", "usage": {}},
    ]


def converse(arriving: list[Message]) -> dict[str, int]:
    """Take in every message, and write every message out; how many of each went where."""
    session, sent = Session(PLAN, (BIRTH, DIGITS), now=0.0), {"line": 0, "model": 0, "kept": 0}
    for now, wire, message in arriving:
        event = media_streams.decode(message) if wire == "line" else GA.decode(message)
        for action in session.receive(event, now=now) if event is not None else ():
            sent[_write(action)] += 1
        if session.deadline is not None and session.deadline <= now:
            for action in session.tick(now=now):
                sent[_write(action)] += 1
    return sent


def _write(action: actions.Action) -> str:
    match action:
        case actions.AppendAudio():
            realtime.append(action.payload)
            return "model"
        case actions.PlayAudio() | actions.SendMark() | actions.ClearLine():
            media_streams.encode(action, b"MZ1")
            return "line"
        case actions.KeepTurn() | actions.KeepEvent() | actions.KeepAnswer() | actions.KeepSound():
            return "kept"
        case actions.Conclude() | actions.HangUp() | actions.CloseModel() | actions.RunTool():
            raise AssertionError("the conversation ended before its time")
        case _:
            GA.encode(action)
            return "model"


def measure() -> float:
    """The seconds of processor time of the best of three: a neighbour's noise does not count."""
    arriving = messages()
    return min(_once(arriving) for _ in range(3))


def _once(arriving: list[Message]) -> float:
    gc.collect()
    started = time.process_time()
    converse(arriving)
    return time.process_time() - started


def main() -> int:
    sent, seconds = converse(messages()), measure()
    print(f"five minutes, {FRAMES} frames each way: {seconds:.3f} s (goal {GOAL_S} s); messages out: {sent}")
    return 0 if seconds < GOAL_S else 1


if __name__ == "__main__":
    sys.exit(main())
