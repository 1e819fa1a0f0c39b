"""What the demo looks at once the calls have ended: the vendors' side of the story, the recordings and the logs."""

import re
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx

from simulator.demo_calls import Watched
from simulator.demo_program import MODEL_KEY, Program, Vendors

_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def run_checks(
    calls: Sequence[Watched], programs: Sequence[Program], vendors: Vendors, logs: Path
) -> dict[str, list[str]]:
    """Each check with what it found wrong."""
    ledger = httpx.get(f"{vendors.url}/ledger", trust_env=False).json()
    return {
        "every call ended as its scenario says": _endings(calls),
        "every number was dialed once": _dials(ledger, calls),
        "the vendors saw nothing out of order": ledger["violations"],
        "every goodbye was heard to its end": _goodbyes(ledger),
        "each conversation left its recording": recording_problems(calls, programs),
        "the program's logs hold no fact, number, key or token": secrets_in_logs(calls, programs, vendors, logs),
    }


def _endings(calls: Iterable[Watched]) -> list[str]:
    return [
        f"{call.scenario.name}: expected {' / '.join(call.expected)}, got {call.status} / {call.end_reason or '-'}"
        for call in calls
        if not call.as_expected
    ]


def _dials(ledger: dict[str, Any], calls: Iterable[Watched]) -> list[str]:
    dialed = {call.scenario.number: ledger["dialed"].get(call.scenario.number, 0) for call in calls}
    return [f"{number} was dialed {times} times" for number, times in dialed.items() if times != 1]


def _goodbyes(ledger: dict[str, Any]) -> list[str]:
    """What a person heard last in a call that ended well: the ledger knows what was played to its end."""
    ended_well = [call for call in ledger["calls"] if call["expected"]["end_reason"] == "completed"]
    last = {call["scenario"]: (call["heard"] or [{"text": "", "cut": True}])[-1] for call in ended_well}
    return [
        f"{scenario}: heard {heard['text']!r} last"
        for scenario, heard in last.items()
        if heard["cut"] or "Goodbye" not in (heard["text"] or "")
    ]


def recording_problems(calls: Iterable[Watched], programs: Iterable[Program]) -> list[str]:
    """A stereo file as long as the conversation, for each call in which something was said."""
    found = {program.name: program.recordings() for program in programs}
    problems = []
    for call in calls:
        if not call.turns:
            continue
        files = [path for path in found[call.program.name] if re.search(rf"\b{call.call_id}\b", path.stem)]
        if len(files) != 1:
            problems.append(f"{call.scenario.name}: {len(files)} recordings")
        else:
            problems += [f"{call.scenario.name}: {problem}" for problem in _wrong_with(files[0], call)]
    return problems


def _wrong_with(path: Path, call: Watched) -> list[str]:
    with path.open("rb") as file:
        header = file.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        return ["the recording is no WAV file"]
    with wave.open(str(path)) as audio:
        seconds = audio.getnframes() / audio.getframerate()
        if audio.getnchannels() != 2:
            return ["the recording is not stereo"]
    return [] if seconds >= call.turns[-1].start_s else [f"the recording ends at {seconds:.1f} s, before the last turn"]


def secrets_in_logs(calls: Iterable[Watched], programs: Iterable[Program], vendors: Vendors, logs: Path) -> list[str]:
    """Looks for the value of every fact, every answer, number and key. The simulator's own log is not the program's."""
    secrets = {f"the API key of {program.name}": program.api_key for program in programs}
    secrets |= {"the carrier's token": vendors.token, "the model's key": MODEL_KEY}
    for call in calls:
        secrets |= {f"{call.scenario.name}'s {key}": value for key, value in call.scenario.facts.items()}
        secrets |= {f"{call.scenario.name}'s number": call.scenario.number.lstrip("+")}
        secrets |= {f"what {call.scenario.name} said": turn.text for turn in call.turns if turn.speaker == "caller"}
    # A task's id is chance: one in some thousands has four digits that are somebody's, between its hyphens.
    texts = {
        path.name: _UUID.sub("", path.read_text(errors="replace"))
        for path in logs.glob("*.log")
        if path.stem != "simulator"
    }
    found = [
        f"{name} holds {what}"
        for name, text in texts.items()
        for what, value in secrets.items()
        if value and re.search(rf"(?<![\w.]){re.escape(value)}(?!\w)", text)
    ]
    return found + [f"{name} holds what may be a token" for name, text in texts.items() if _opaque(text)]


def _opaque(text: str) -> bool:
    """A token of a media stream is not known here, but it looks like one: long, of letters of both cases and digits."""
    runs: list[str] = re.findall(r"[\w-]{40,}", text)
    return any(re.search("[a-z]", run) and re.search("[A-Z]", run) and re.search("[0-9]", run) for run in runs)
