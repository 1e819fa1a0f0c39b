"""The stereo file: what was said left, what was heard right, each where it was in the call."""

import base64
import wave
from pathlib import Path

import pytest

from calls.recording import Recording, Sounds

LOUD, OTHER = b"\x00", b"\x80"
"""Mu-law's extremes: -32124 and 32124 (ITU-T G.711)."""


def payload(sound: bytes) -> bytes:
    return base64.b64encode(sound)


def samples(path: Path) -> tuple[list[int], list[int]]:
    """Left and right, one number for each ms (the first sample of it)."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        raw = memoryview(file.readframes(file.getnframes())).cast("h").tolist()
    return raw[0::16], raw[1::16]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "2026" / "call.wav"


def test_the_caller_is_left_and_the_agent_right_each_at_its_time(path: Path) -> None:
    recording = Recording(path)
    recording.write(Sounds([(0, payload(LOUD * 160))], [(100, 20, payload(OTHER * 160))]), until_ms=0)
    recording.close()
    left, right = samples(path)
    assert (len(left), len(right)) == (120, 120)
    assert left == [-32124] * 20 + [0] * 100
    assert right == [0] * 100 + [32124] * 20


def test_of_an_interrupted_piece_only_what_was_heard_is_kept(path: Path) -> None:
    recording = Recording(path)
    recording.write(Sounds([], [(0, 5, payload(OTHER * 160))]), until_ms=0)
    recording.close()
    assert samples(path)[1] == [32124] * 5


def test_pieces_whose_times_jitter_are_one_sound(path: Path) -> None:
    recording = Recording(path)
    pieces = [(0, 20, payload(OTHER * 160)), (23, 20, payload(OTHER * 160)), (38, 20, payload(OTHER * 160))]
    recording.write(Sounds([], pieces), until_ms=0)
    recording.close()
    assert samples(path)[1] == [32124] * 60


def test_the_file_of_a_killed_process_is_whole_up_to_its_last_write(path: Path) -> None:
    recording = Recording(path)
    frames = [(at, payload(LOUD * 160)) for at in range(0, 10_000, 20)]
    recording.write(Sounds(frames, []), until_ms=9_000)
    # Not closed: the process is gone.
    assert len(samples(path)[0]) == 9_000


def test_what_is_not_base64_is_passed_over(path: Path) -> None:
    recording = Recording(path)
    recording.write(Sounds([(0, b"A"), (0, payload(LOUD * 160))], []), until_ms=0)
    recording.close()
    assert samples(path)[0] == [-32124] * 20
