"""The sounds that the program plays by itself: calls/assets holds them as raw mu-law at 8 kHz, one file a language.

`apology.en.ulaw` says calls.voice.script.APOLOGY. A recording of a human voice may take its place.
"""

import base64
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "assets"
PIECE_BYTES = 3200
"""400 ms, as the voice model sends: what is cut off by a hang-up is then known to within that."""


@cache
def apology(language: str) -> tuple[bytes, ...]:
    """The apology in base64 pieces; in English where there is none in `language` (a code such as "en")."""
    path = _FOLDER / f"apology.{language[:2]}.ulaw"
    sound = (path if path.exists() else _FOLDER / "apology.en.ulaw").read_bytes()
    starts = range(0, len(sound), PIECE_BYTES)
    return tuple(base64.b64encode(sound[start : start + PIECE_BYTES]) for start in starts)
