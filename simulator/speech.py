"""Sound as the wire carries it: mu-law at 8 kHz, spoken by espeak-ng, and understood only by its exact bytes.

Neither half of the simulator is told what the other said. Each hears bytes, and a `PhraseBook` shared within the
process knows the text of every utterance spoken so far: a relay that drops, reorders or corrupts a frame makes the
utterance unknown. Quiet is a line's alone: no utterance holds the bytes of LINE_NOISE, so that a run of them is
always a pause.
"""

import audioop
import ctypes
import functools
import hashlib
import math
import random
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RATE = 8_000
BYTES_PER_MS = 8
FRAME_BYTES = 160
LINE_SILENCE = b"\xff"
LINE_NOISE = b"\xff\xfe"
VOICES = {"agent": b"en-us+f3", "caller": b"en-us+m3"}

# Speech's own zeros and near-zeros, of either sign, become the negative ones: inaudible, and never the line's.
_OWN_QUIET = bytes.maketrans(LINE_NOISE, b"\x7f\x7e")
_RUNS = re.compile(rb"[\xff\xfe]+|[^\xff\xfe]+")

_ESPEAK_RATE = 22_050
_ESPEAK_SYNCHRONOUS = 2
_ESPEAK_POSITION_CHARACTER = 1
_ESPEAK_UTF8 = 1
_SAMPLES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@functools.cache
def speak(text: str, voice: str) -> bytes:
    """Say `text` in the voice "agent" or "caller": mu-law at 8 kHz, whole frames of 160 bytes, no line silence in it.

    Within one process the same text has the same bytes: espeak-ng's own are not, it carries state from one sentence
    into the next. Raises KeyError for an unknown voice.
    """
    synthesise = _espeak() or _tones
    audio = audioop.lin2ulaw(synthesise(text, VOICES[voice]), 2).translate(_OWN_QUIET).strip(b"\x7f\x7e") or b"\x7f"
    return audio + b"\x7f" * (-len(audio) % FRAME_BYTES)


def line_noise(length: int, seed: int) -> bytes:
    """`length` bytes of a faintly hissing line, which an `Ear` takes for silence."""
    return bytes(random.Random(seed).choices(LINE_NOISE, k=length))


@functools.cache
def _espeak() -> Callable[[str, bytes], bytes] | None:
    """Load espeak-ng from its wheel, once; None where this machine has no wheel of it."""
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        rate = library.espeak_Initialize(_ESPEAK_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    except (ImportError, OSError, RuntimeError):
        return None
    return functools.partial(_spoken, library) if rate == _ESPEAK_RATE else None


def _spoken(library: ctypes.CDLL, text: str, voice: bytes) -> bytes:
    pieces: list[bytes] = []

    def keep(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    callback = _SAMPLES(keep)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(voice)
    said = text.encode()
    library.espeak_Synth(said, len(said) + 1, 0, _ESPEAK_POSITION_CHARACTER, 0, _ESPEAK_UTF8, None, None)
    # The weights make the one-pole low-pass that audioop offers: what lies above 4 kHz would fold back as noise.
    return audioop.ratecv(b"".join(pieces), 2, 1, _ESPEAK_RATE, RATE, None, 1, 1)[0]


def _tones(text: str, voice: bytes) -> bytes:
    """Two tones for each word, chosen by its letters and place: no speech, but as distinct as speech."""
    return b"".join(_tone(f"{place} {word}".encode() + voice) for place, word in enumerate([text, *text.split()]))


def _tone(name: bytes) -> bytes:
    digest = hashlib.sha256(name).digest()
    low, high = (300 + int.from_bytes(digest[i : i + 4], "big") % 1_500_000 / 1_000 for i in (0, 4))
    step = 2 * math.pi / RATE
    wave = (6_000 * (math.sin(n * low * step) + math.sin(n * high * step)) for n in range(RATE // 5))
    return array("h", (int(sample) for sample in wave)).tobytes()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of audio and its text: None where the bytes are no utterance of the book.

    `cut` marks the beginning of a known utterance that was not played to its end.
    """

    text: str | None
    audio: bytes
    cut: bool = False


class PhraseBook:
    """Every utterance spoken in this process, to be known again by its bytes."""

    def __init__(self) -> None:
        self._texts: dict[bytes, str] = {}

    def say(self, text: str, voice: str) -> bytes:
        """Speak, and remember. Returns the audio, as `speak`."""
        audio = speak(text, voice)
        self.learn(audio, text)
        return audio

    def learn(self, audio: bytes, text: str) -> None:
        """Remember a sound that is no speech, such as a voicemail's beep. It may hold no byte of LINE_NOISE."""
        self._texts[audio] = text

    def learn_folder(self, folder: Path) -> None:
        """Remember the recordings of a folder: NAME.ulaw, its words in NAME.txt. A program may play its own."""
        for sound in folder.glob("*.ulaw"):
            self.learn(sound.read_bytes(), sound.with_suffix(".txt").read_text().strip())

    def recognise(self, audio: bytes) -> str | None:
        """The text of exactly these bytes."""
        return self._texts.get(audio)

    def parse(self, audio: bytes) -> list[Phrase]:
        """Part unbroken audio into the utterances it holds, played one after the other with no pause."""
        phrases = []
        while audio:
            known = self._opening(audio)
            phrases.append(Phrase(self._texts[known], known) if known else self._unknown(audio))
            audio = audio[len(phrases[-1].audio) :]
        return phrases

    def _opening(self, audio: bytes) -> bytes | None:
        if audio in self._texts:
            return audio
        return max((known for known in self._texts if audio.startswith(known)), key=len, default=None)

    def _unknown(self, audio: bytes) -> Phrase:
        return Phrase(None, audio, cut=any(known.startswith(audio) for known in self._texts))


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance that ended, with its place in the audio fed so far, in ms. See `Phrase` for `text` and `cut`."""

    text: str | None
    start_ms: int
    end_ms: int
    audio: bytes
    cut: bool


class Ear:
    """Listens to a line, in pieces of any size, and parts what it hears at pauses of `silence_ms`.

    Shorter pauses are forgiven, since a line that ran dry for an instant has lost nothing. Time is the audio's own:
    the milliseconds fed so far, silence included.
    """

    def __init__(self, book: PhraseBook, *, silence_ms: int = 200) -> None:
        self.silence_ms = silence_ms
        self._book = book
        self._voiced = bytearray()
        self._start = self._end = self._position = 0

    @property
    def position_ms(self) -> int:
        return self._position // BYTES_PER_MS

    @property
    def is_hearing(self) -> bool:
        """Whether an utterance has begun and not yet ended."""
        return bool(self._voiced)

    @property
    def start_ms(self) -> int:
        """When the utterance that `is_hearing` began."""
        return self._start // BYTES_PER_MS

    @property
    def voiced_ms(self) -> int:
        """How much of the utterance that `is_hearing` was heard so far."""
        return len(self._voiced) // BYTES_PER_MS

    def feed(self, audio: bytes) -> list[Heard]:
        """Listen on; returns the utterances that ended."""
        heard: list[Heard] = []
        for run in _RUNS.findall(audio):
            if run[0] in LINE_NOISE:
                heard += self._pause(len(run))
            else:
                self._voice(run)
        return heard

    def end(self) -> list[Heard]:
        """Nothing more comes (playback ended, or was cleared): returns what was being heard."""
        audio, at = bytes(self._voiced), self._start
        self._voiced.clear()
        heard = []
        for phrase in self._book.parse(audio):
            end = at + len(phrase.audio)
            heard.append(Heard(phrase.text, at // BYTES_PER_MS, end // BYTES_PER_MS, phrase.audio, phrase.cut))
            at = end
        return heard

    def _voice(self, run: bytes) -> None:
        if not self._voiced:
            self._start = self._position
        self._voiced += run
        self._position += len(run)
        self._end = self._position

    def _pause(self, length: int) -> list[Heard]:
        self._position += length
        if not self._voiced or self._position - self._end < self.silence_ms * BYTES_PER_MS:
            return []
        return self.end()
