"""The person at the far end: what they say and when, decided by a scenario and by what they heard. Sans-I/O."""

import audioop
import base64
import re
from array import array
from collections import Counter, deque
from dataclasses import dataclass

from simulator.scenario import Scenario
from simulator.speech import FRAME_BYTES, LINE_SILENCE, PhraseBook, line_noise

FRAME_MS = 20
# Longer than a voice model waits before it takes a turn for ended: greeting and beep are two things to it.
BEEP_PAUSE_MS = 2000
PATIENCE = 3
CONFUSED = "Sorry?"
BEEP = "(beep)"

_SILENCE = base64.b64encode(LINE_SILENCE * FRAME_BYTES).decode()
_NOISES = tuple(base64.b64encode(line_noise(FRAME_BYTES, seed)).decode() for seed in range(50))
# One period of 1 kHz. 0xFF is the line's own silence, so the tone's zeros are the negative ones.
_PERIOD = array("h", [0, 5657, 8000, 5657, 0, -5657, -8000, -5657]).tobytes()
_BEEP = audioop.lin2ulaw(_PERIOD, 2).replace(LINE_SILENCE, b"\x7f") * 500


@dataclass(slots=True)
class Said:
    """What the person said, in ms of the stream."""

    text: str
    start_ms: int
    end_ms: int


class Person:
    """Times are milliseconds since the stream began, given by the caller."""

    def __init__(self, scenario: Scenario, book: PhraseBook) -> None:
        self.said: list[Said] = []
        self.hangs_up_at: float | None = None
        self._scenario = scenario
        self._book = book
        self._plans: list[tuple[float, str, bytes]] = []
        self._speech: deque[str] = deque()
        self._asked: Counter[str] = Counter()
        self._utterances = 0
        self._quiet = _NOISES if scenario.noise else (_SILENCE,)
        if scenario.opening:
            self._open()

    def _open(self) -> None:
        greeting = self._book.say(self._scenario.opening, "caller")
        self._plans.append((self._scenario.opening_ms, self._scenario.opening, greeting))
        if self._scenario.beep:
            end = self._scenario.opening_ms + len(greeting) / FRAME_BYTES * FRAME_MS
            self._book.learn(_BEEP, BEEP)
            self._plans.append((end + BEEP_PAUSE_MS, BEEP, _BEEP))

    def agent_began(self, number: int, at: float) -> None:
        """The agent's utterance `number` (the first is 1) begins to play."""
        over = self._scenario.talk_over
        if over and over.utterance == number:
            self._plan(over.say, at + over.after_ms)

    def hears(self, text: str | None, at: float) -> None:
        """An utterance of the agent has ended; None: it made no sense."""
        self._utterances += 1
        if self._utterances == self._scenario.hang_up_after:
            self.hangs_up_at = at + self._scenario.latency_ms
        elif reply := self._reply(text):
            self._plan(reply, at + self._scenario.latency_ms)

    def frame(self, at: float) -> str:
        """The next 20 ms of the person's side of the line: base64 mu-law."""
        if not self._speech:
            self._begin_what_is_due(at)
        if self._speech:
            return self._speech.popleft()
        return self._quiet[int(at / FRAME_MS) % len(self._quiet)]

    def _reply(self, text: str | None) -> str:
        if self._scenario.silent or self._scenario.opening:
            return ""
        for reply in self._scenario.replies:
            if text is not None and re.search(reply.pattern, text, re.IGNORECASE):
                self._asked[reply.pattern] += 1
                return reply.say[min(self._asked[reply.pattern], len(reply.say)) - 1]
        return self._confusion(text)

    def _confusion(self, text: str | None) -> str:
        """To audio without sense, or a question with no answer in the scenario: "Sorry?", but not for ever."""
        if text is not None and "?" not in text:
            return ""
        self._asked[CONFUSED] += 1
        return CONFUSED if self._asked[CONFUSED] <= PATIENCE else ""

    def _plan(self, text: str, at: float) -> None:
        self._plans.append((at, text, self._book.say(text, "caller")))

    def _begin_what_is_due(self, at: float) -> None:
        due = [plan for plan in self._plans if plan[0] <= at]
        if not due:
            return
        plan = min(due)
        self._plans.remove(plan)
        _, text, audio = plan
        pieces = [audio[i : i + FRAME_BYTES] for i in range(0, len(audio), FRAME_BYTES)]
        self._speech.extend(base64.b64encode(piece).decode() for piece in pieces)
        self.said.append(Said(text, int(at), int(at) + len(pieces) * FRAME_MS))
