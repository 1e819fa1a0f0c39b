"""The shape of a recording for a waveform: the loudest sample of each twentieth of a second, caller and agent apart.

Computed once a recording is complete and kept beside it, for a five-minute WAV takes a moment to read through.
"""

import json
import warnings
import wave
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    # As in calls/recording.py: audioop is deprecated in 3.11 and 3.12, and audioop-lts carries it on.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

PER_S = 20


def recording_peaks(recording: Path) -> dict[str, Any]:
    """{"per_s": 20, "ms": length, "caller": [0 … 100, …], "agent": […]}. Raises OSError, wave.Error."""
    kept = recording.with_suffix(".peaks.json")
    if kept.is_file() and kept.stat().st_mtime >= recording.stat().st_mtime:
        found: dict[str, Any] = json.loads(kept.read_text())
        return found
    peaks = _read(recording)
    # Written aside and renamed: two readers at once must never see half a file.
    partial = kept.with_suffix(".partial")
    partial.write_text(json.dumps(peaks, separators=(",", ":")))
    partial.replace(kept)
    return peaks


def _read(recording: Path) -> dict[str, Any]:
    caller: list[int] = []
    agent: list[int] = []
    with wave.open(str(recording), "rb") as file:
        width, rate, frames = file.getsampwidth(), file.getframerate(), file.getnframes()
        full = 1 << (8 * width - 1)
        while piece := file.readframes(rate // PER_S):
            caller.append(audioop.max(audioop.tomono(piece, width, 1, 0), width) * 100 // full)
            agent.append(audioop.max(audioop.tomono(piece, width, 0, 1), width) * 100 // full)
    return {"per_s": PER_S, "ms": frames * 1000 // rate, "caller": caller, "agent": agent}
