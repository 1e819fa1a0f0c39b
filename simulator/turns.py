"""Turn detection: when the caller begins and stops speaking, in the time of the audio appended so far."""

from dataclasses import dataclass

from simulator.dialects import Json
from simulator.speech import Ear, Heard, PhraseBook

# A click is no speech.
ONSET_MS = 60
SEMANTIC_SILENCE_MS = 500
_NEVER_MS = 1 << 40


@dataclass(frozen=True, slots=True)
class TurnBegan:
    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """`words` is None where any of it was not understood."""

    at_ms: int
    audio_ms: int
    words: str | None


class Turns:
    """An `Ear` with the settings of `turn_detection`; with none, a turn ends only by `commit`."""

    def __init__(self, book: PhraseBook) -> None:
        self._ear = Ear(book, silence_ms=_NEVER_MS)
        self._prefix_ms = 0
        self._is_announced = False

    @property
    def position_ms(self) -> int:
        return self._ear.position_ms

    @property
    def is_speaking(self) -> bool:
        return self._is_announced

    def configure(self, detection: Json | None) -> None:
        self._prefix_ms = detection.get("prefix_padding_ms", 0) if detection else 0
        self._ear.silence_ms = detection.get("silence_duration_ms", SEMANTIC_SILENCE_MS) if detection else _NEVER_MS

    def feed(self, audio: bytes) -> list[TurnBegan | TurnEnded]:
        """Listen on. A long piece may hold whole turns."""
        events: list[TurnBegan | TurnEnded] = []
        for turn in _turns(self._ear.feed(audio)):
            events += self._begin(turn[0].start_ms) if _length(turn) >= ONSET_MS else []
            events += self._end(turn)
        if self._ear.is_hearing and self._ear.voiced_ms >= ONSET_MS and self._ear.silence_ms != _NEVER_MS:
            events += self._begin(self._ear.start_ms)
        return events

    def commit(self) -> TurnEnded | None:
        """End the turn now. None where nothing was said."""
        turn = self._ear.end()
        self._is_announced = False
        return _ended(turn, 0) if turn else None

    def _begin(self, start_ms: int) -> list[TurnBegan | TurnEnded]:
        if self._is_announced:
            return []
        self._is_announced = True
        return [TurnBegan(max(0, start_ms - self._prefix_ms))]

    def _end(self, turn: list[Heard]) -> list[TurnBegan | TurnEnded]:
        if not self._is_announced:
            return []
        self._is_announced = False
        return [_ended(turn, self._ear.silence_ms)]


def _turns(heard: list[Heard]) -> list[list[Heard]]:
    """Utterances with no pause between them are one turn."""
    turns: list[list[Heard]] = []
    for utterance in heard:
        if turns and turns[-1][-1].end_ms == utterance.start_ms:
            turns[-1].append(utterance)
        else:
            turns.append([utterance])
    return turns


def _length(turn: list[Heard]) -> int:
    return turn[-1].end_ms - turn[0].start_ms


def _ended(turn: list[Heard], silence_ms: int) -> TurnEnded:
    texts = [utterance.text for utterance in turn]
    words = None if None in texts else " ".join(text for text in texts if text)
    return TurnEnded(turn[-1].end_ms + silence_ms, _length(turn), words)
