"""The demo's looks at logs and recordings: each must see what it is there to see."""

import wave
from pathlib import Path

import pytest

from simulator.demo_calls import Turn, Watched
from simulator.demo_checks import recording_problems, secrets_in_logs
from simulator.demo_processes import Processes
from simulator.demo_program import Program, Vendors
from simulator.scenarios import SCENARIOS

ADA = next(scenario for scenario in SCENARIOS if scenario.name == "answers-right")
VENDORS = Vendors(port=1, token="carrier-token")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program("main", "ga", tmp_path / "main", Processes(tmp_path / "logs"), VENDORS, {})
    program.api_key = "hw_key"
    return program


@pytest.fixture
def call(program: Program) -> Watched:
    turns = [Turn("agent", "Am I speaking with Ada?", 0.5), Turn("caller", "Yes, speaking.", 2.0)]
    return Watched(ADA, program, 7, turns=turns)


def found(call: Watched, line: str, tmp_path: Path) -> list[str]:
    (tmp_path / "logs" / "main-web1.log").write_text(f"before\n{line}\nafter\n")
    return secrets_in_logs([call], [call.program], VENDORS, tmp_path / "logs")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("born 1985-03-05", "answers-right's date_of_birth"),
        ("last four: 4321", "answers-right's ssn_last_4"),
        ("dialing +12025550101", "answers-right's number"),
        ("heard 'Yes, speaking.'", "what answers-right said"),
        ("Authorization: Bearer hw_key", "the API key of main"),
        ("signed with carrier-token", "the carrier's token"),
        ("token=1/7:1vLxAb:aB3" + "x" * 40, "what may be a token"),
    ],
)
def test_a_log_line_with_a_secret_is_found(call: Watched, tmp_path: Path, line: str, what: str) -> None:
    assert found(call, line, tmp_path) == [f"main-web1.log holds {what}"]


def test_a_log_of_ids_and_codes_passes(call: Watched, tmp_path: Path) -> None:
    assert found(call, f"call 7 ended: completed, CA{'0' * 32}, 14321 ms", tmp_path) == []
    assert found(call, "task 0d2ae5a1-7f3c-4321-9a0e-5d1f6c1b2a3d done", tmp_path) == []


def write_recording(program: Program, name: str, channels: int, seconds: float) -> None:
    path = program.data / "recordings" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(channels)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(bytes(int(seconds * 8000) * 2 * channels))


def test_a_stereo_recording_as_long_as_the_conversation_passes(call: Watched) -> None:
    write_recording(call.program, "7.wav", channels=2, seconds=3)
    write_recording(call.program, "17.wav", channels=2, seconds=3)
    assert recording_problems([call], [call.program]) == []


def test_a_missing_a_mono_and_a_short_recording_are_found(call: Watched) -> None:
    assert recording_problems([call], [call.program]) == ["answers-right: 0 recordings"]
    write_recording(call.program, "7.wav", channels=1, seconds=3)
    assert recording_problems([call], [call.program]) == ["answers-right: the recording is not stereo"]
    write_recording(call.program, "7.wav", channels=2, seconds=1)
    assert recording_problems([call], [call.program]) == [
        "answers-right: the recording ends at 1.0 s, before the last turn"
    ]
