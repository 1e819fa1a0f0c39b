"""One phone line's media stream as Twilio speaks it, sans-I/O: messages in, messages out, and time is an argument.

Wire: Twilio's page "Media Streams - WebSocket Messages". What the person hears is what was really played: a clock
drains the buffer at 8000 bytes a second, and the bytes played are recognised, or not.
"""

import base64
import binascii
import json
from dataclasses import replace
from typing import Any

from simulator.person import FRAME_MS, Person
from simulator.playback import Playback
from simulator.scenario import Scenario
from simulator.speech import FRAME_BYTES, LINE_SILENCE, Ear, Heard, PhraseBook

_QUIET = LINE_SILENCE * FRAME_BYTES


class PhoneLine:
    """`now` is in ms on any steady clock; the times kept are ms since `start`. Messages are JSON texts."""

    def __init__(
        self,
        scenario: Scenario,
        call_sid: str,
        stream_sid: str,
        account_sid: str,
        parameters: dict[str, str],
        book: PhraseBook,
    ) -> None:
        self.person = Person(scenario, book)
        self.heard: list[Heard] = []
        self.violations: list[str] = []
        self.finished = False
        self.lost = False
        self.deadline = 0.0
        self._faults = scenario.faults
        self._malformed_sent = False
        self._call_sid, self._stream_sid, self._account_sid = call_sid, stream_sid, account_sid
        self._parameters = parameters
        self._playback = Playback()
        self._ear = Ear(book)
        self._utterances = 0
        self._sequence = 0
        self._chunk = 0
        self._began = 0.0

    @property
    def unplayed_ms(self) -> int:
        """How much of the agent's voice was sent and not played."""
        return self._playback.buffered_ms

    def start(self, now: float) -> list[str]:
        """The call is answered and the socket open."""
        self._began = now
        self.deadline = now + FRAME_MS
        connected = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        body = {
            "accountSid": self._account_sid,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._parameters,
        }
        return [connected, self._message("start", body)]

    def tick(self, now: float) -> list[str]:
        """All that happened since the last call: media frames, marks reached, perhaps the end."""
        messages: list[str] = []
        while self.deadline <= now and not self.finished:
            messages += self._frame(self.deadline - self._began)
            self.deadline += FRAME_MS
        return messages

    def hang_up(self) -> list[str]:
        """The line goes down: by the person, by Calls.update or by the time limit."""
        if self.finished:
            return []
        self.close()
        return [self._message("stop", {"accountSid": self._account_sid, "callSid": self._call_sid})]

    def close(self) -> None:
        """Nothing more is sent or played."""
        if not self.finished:
            self._cut_short()
            self.finished = True

    # -- what the line does every 20 ms ---------------------------------------------------------------------------

    def _frame(self, at: float) -> list[str]:
        if 0 < self._faults.lost_at_ms <= at:
            self.lost = True
            self.close()
            return []
        marks = self._play(at)
        if self.person.hangs_up_at is not None and self.person.hangs_up_at <= at:
            return [*marks, *self.hang_up()]
        return [*marks, *self._fault(at), self._media(self.person.frame(at))]

    def _play(self, at: float) -> list[str]:
        piece, names = self._playback.play(FRAME_BYTES)
        was_hearing = self._ear.is_hearing
        self._hear(piece)
        if self._ear.is_hearing and not was_hearing:
            self._utterances += 1
            self.person.agent_began(self._utterances, at)
        return [self._mark(name) for name in names]

    def _hear(self, piece: bytes) -> None:
        for heard in self._ear.feed(piece + _QUIET[len(piece) :]):
            self._keep(heard)
            if heard.text is None:
                self._object_to(heard)
            self.person.hears(heard.text, self._ear.position_ms)

    def _cut_short(self) -> None:
        """Playback ends here. The beginning of an utterance is no fault here, and wants no answer."""
        for heard in self._ear.end():
            self._keep(heard)
            if heard.text is not None:
                self.person.hears(heard.text, self._ear.position_ms)
            elif not heard.cut:
                self._object_to(heard)

    def _keep(self, heard: Heard) -> None:
        # Without the sound: thousands of calls are kept for the ledger.
        self.heard.append(replace(heard, audio=b""))

    def _object_to(self, heard: Heard) -> None:
        self.violations.append(f"heard at {heard.start_ms} ms what nobody said: audio lost, reordered or altered")

    def _fault(self, at: float) -> list[str]:
        if self._malformed_sent or not 0 < self._faults.malformed_at_ms <= at:
            return []
        self._malformed_sent = True
        return ['{"event":"media","media":{"payload":']

    # -- what the program sends -----------------------------------------------------------------------------------

    def receive(self, text: str | bytes, now: float) -> list[str]:
        """A message of the program: media, mark or clear. Anything else is Twilio's warning 31951: a violation."""
        played = self.tick(now)
        if self.finished:
            return played
        try:
            message = json.loads(text)
            answer = self._obey(message)
        except (ValueError, KeyError, TypeError) as error:
            self.violations.append(f"31951 invalid message: {type(error).__name__}: {error}")
            return played
        return played + answer

    def _obey(self, message: dict[str, Any]) -> list[str]:
        event = message["event"]
        if message["streamSid"] != self._stream_sid:
            raise ValueError("wrong streamSid")
        if event == "media":
            self._playback.add(_audio(message["media"]["payload"]))
            return []
        if event == "mark":
            return [self._mark(name) for name in self._playback.mark(_text(message["mark"]["name"]))]
        if event == "clear":
            return self._clear()
        raise ValueError("unknown event")

    def _clear(self) -> list[str]:
        names = self._playback.clear()
        self._cut_short()
        return [self._mark(name) for name in names]

    # -- messages -------------------------------------------------------------------------------------------------

    def _media(self, payload: str) -> str:
        self._chunk += 1
        self._sequence += 1
        # By hand: fifty of these a second for each call.
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self._chunk}","timestamp":"{(self._chunk - 1) * FRAME_MS}","payload":"{payload}"}},'
            f'"streamSid":"{self._stream_sid}"}}'
        )

    def _mark(self, name: str) -> str:
        return self._message("mark", {"name": name})

    def _message(self, event: str, body: dict[str, Any]) -> str:
        self._sequence += 1
        fields = {"event": event, "sequenceNumber": str(self._sequence), event: body, "streamSid": self._stream_sid}
        return json.dumps(fields)


def _audio(payload: object) -> bytes:
    try:
        audio = base64.b64decode(_text(payload), validate=True)
    except binascii.Error as error:
        raise ValueError("media.payload is not base64") from error
    if not audio:
        raise ValueError("media.payload is empty")
    return audio


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("expected a text that is not empty")
    return value
