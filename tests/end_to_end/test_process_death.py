"""The process that holds a conversation is killed in the middle of it."""

import signal
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.demo import Demo, start
from simulator.scenarios import SCENARIOS

pytestmark = pytest.mark.end_to_end
ANSWERS_RIGHT = next(scenario for scenario in SCENARIOS if scenario.name == "answers-right")


def wait_for(read: Callable[[], Any], *, seconds: float) -> Any:
    """What `read` returns, once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := read()):
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.1)
    return found


def line_of(demo: Demo) -> dict[str, Any]:
    [line] = httpx.get(f"{demo.vendors.url}/ledger", trust_env=False).json()["calls"]
    return dict(line)


def test_a_killed_process_ends_the_line_at_once_and_keeps_what_was_said(tmp_path: Path) -> None:
    demo = start(tmp_path / "demo", {}, [ANSWERS_RIGHT], web=1, workers=1)
    try:
        [call] = demo.request([ANSWERS_RIGHT])
        url = f"/calls/{call.call_id}"
        # The second question stands in the transcript, so the first answer was given, and both are written.
        before = wait_for(lambda: (told := demo.programs[0].get(url))["transcript"][4:] and told, seconds=40)
        demo.processes.signal("main-web1", signal.SIGKILL)
        line = wait_for(lambda: (line := line_of(demo))["status"] == "completed" and line, seconds=3)
        demo.processes.restart("main-web1")
        demo.processes.wait_until("main-web1", demo.programs[0]._answers)
        after = wait_for(lambda: (told := demo.programs[0].get(url))["stage"] == "ended" and told, seconds=60)
    finally:
        demo.processes.stop()
    assert (after["status"], after["end_reason"]) == ("system_error", "process_lost")
    assert [turn["text"] for turn in before["transcript"]] == [turn["text"] for turn in after["transcript"]][
        : len(before["transcript"])
    ]
    # The recording is written four seconds at a time, and in mid-sentence no further than what was heard.
    [recording] = demo.programs[0].recordings()
    at = {one["stage"]: one["at"] for one in line["stages"]}
    with wave.open(str(recording)) as audio:
        assert audio.getnframes() / audio.getframerate() > at["stream-stopped"] - at["stream-started"] - 6
