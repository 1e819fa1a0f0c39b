"""One simulated phone line under a hand-moved clock: the media stream, and the person at its end."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from simulator.phone_line import PhoneLine
from simulator.scenario import LineFaults, Scenario, TalkOver
from simulator.scenarios import SCENARIOS
from simulator.speech import LINE_SILENCE, PhraseBook

ALIKE, VOICEMAIL = (next(one for one in SCENARIOS if one.name == name) for name in ("answers-right", "voicemail"))
QUESTION = "What is your date of birth?"
ANSWER = "March fifth, nineteen eighty five"
GREETING = "Hello, this is an automated assistant calling on a recorded line. Am I speaking with Ada Bright?"


class Line:
    """A PhoneLine with a clock moved by hand, and the agent's voice to play on it."""

    def __init__(self, scenario: Scenario = ALIKE) -> None:
        self.book = PhraseBook()
        self.phone = PhoneLine(scenario, "CA1", "MZ1", "AC1", {"token": "t"}, self.book)
        self.now = 5000.0
        self.messages = [json.loads(text) for text in self.phone.start(self.now)]

    def run(self, ms: int) -> list[dict[str, Any]]:
        self.now += ms
        return self._keep(self.phone.tick(self.now))

    def send(self, **message: Any) -> list[dict[str, Any]]:
        return self._keep(self.phone.receive(json.dumps({"streamSid": "MZ1", **message}), self.now))

    def play(self, audio: bytes) -> None:
        self.send(event="media", media={"payload": base64.b64encode(audio).decode()})

    def say(self, text: str) -> None:
        self.play(self.book.say(text, "agent"))

    def mark(self, name: str) -> list[dict[str, Any]]:
        return self.send(event="mark", mark={"name": name})

    def texts_heard(self) -> list[str | None]:
        return [heard.text for heard in self.phone.heard]

    def texts_said(self) -> list[str]:
        return [said.text for said in self.phone.person.said]

    def caller_audio(self) -> bytes:
        return b"".join(base64.b64decode(m["media"]["payload"]) for m in self.messages if m["event"] == "media")

    def _keep(self, texts: list[str]) -> list[dict[str, Any]]:
        messages = [json.loads(text) for text in texts]
        self.messages += messages
        return messages


def mark_names(messages: list[dict[str, Any]]) -> list[str]:
    return [message["mark"]["name"] for message in messages if message["event"] == "mark"]


# -- the wire ----------------------------------------------------------------------------------------------------


def test_a_stream_begins_with_connected_and_start() -> None:
    start = {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": "t"},
    }
    assert Line().messages == [
        {"event": "connected", "protocol": "Call", "version": "1.0.0"},
        {"event": "start", "sequenceNumber": "1", "start": start, "streamSid": "MZ1"},
    ]


def test_a_silent_line_sends_a_frame_every_20_ms_with_all_numbers_as_text() -> None:
    line = Line()
    silence = base64.b64encode(LINE_SILENCE * 160).decode()
    assert line.run(19) == []
    assert line.run(21) == [
        {
            "event": "media",
            "sequenceNumber": str(2 + frame),
            "media": {
                "track": "inbound",
                "chunk": str(1 + frame),
                "timestamp": str(20 * frame),
                "payload": silence,
            },
            "streamSid": "MZ1",
        }
        for frame in range(2)
    ]


def test_a_mark_comes_back_at_once_where_nothing_is_buffered() -> None:
    line = Line()
    assert line.mark("now") == [{"event": "mark", "sequenceNumber": "2", "streamSid": "MZ1", "mark": {"name": "now"}}]


def test_a_mark_comes_back_when_all_before_it_was_played() -> None:
    line = Line()
    line.play(b"\x10" * 8 * 100)
    assert line.mark("first") == []
    line.play(b"\x10" * 8 * 100)
    assert line.mark("second") == []
    assert mark_names(line.run(80)) == []
    assert mark_names(line.run(20)) == ["first"]
    assert mark_names(line.run(80)) == []
    assert mark_names(line.run(20)) == ["second"]


def test_clear_drops_the_audio_and_returns_its_marks_in_order() -> None:
    line = Line()
    for name in ("one", "two"):
        line.play(b"\x10" * 8 * 1000)
        line.mark(name)
    line.run(500)
    assert line.phone.unplayed_ms == 1500
    assert mark_names(line.send(event="clear")) == ["one", "two"]
    assert line.phone.unplayed_ms == 0


@pytest.mark.parametrize(
    "text",
    [
        "{not json",
        "[]",
        '{"event":"clear","streamSid":"MZ2"}',
        '{"event":"clear"}',
        '{"event":"stop","streamSid":"MZ1"}',
        '{"event":"mark","streamSid":"MZ1"}',
        '{"event":"mark","streamSid":"MZ1","mark":{"name":7}}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":"*AAA"}}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":""}}',
    ],
)
def test_a_message_twilio_would_not_take_is_a_violation_and_the_stream_goes_on(text: str) -> None:
    line = Line()
    assert line.phone.receive(text, line.now) == []
    assert [violation.split(":")[0] for violation in line.phone.violations] == ["31951 invalid message"]
    assert len(line.run(40)) == 2


# -- the person --------------------------------------------------------------------------------------------------


def test_the_person_answers_what_was_played_to_them_after_their_latency() -> None:
    line = Line()
    line.say(GREETING)
    line.run(20_000)
    line.say(QUESTION)
    line.run(10_000)
    assert line.texts_heard() == [GREETING, QUESTION]
    assert line.texts_said() == ["Yes, speaking.", ANSWER]
    assert line.phone.violations == []
    pause = line.phone.person.said[1].start_ms - line.phone.heard[1].end_ms
    assert 500 <= pause <= 500 + 200 + 40  # latency, and what it takes to notice a pause


def test_what_the_person_says_reaches_the_wire_byte_for_byte() -> None:
    line = Line()
    line.say(QUESTION)
    line.run(12_000)
    assert line.caller_audio().strip(LINE_SILENCE) == line.book.say(ANSWER, "caller")


@pytest.mark.parametrize("harm", ["dropped", "dropped at the end", "reordered", "altered"])
def test_one_frame_dropped_reordered_or_altered_makes_the_utterance_unknown(harm: str) -> None:
    line = Line()
    audio = line.book.say(QUESTION, "agent")
    frames = [audio[i : i + 160] for i in range(0, len(audio), 160)]
    middle = len(frames) // 2
    if harm == "dropped":
        del frames[middle]
    elif harm == "dropped at the end":
        del frames[-1]
    elif harm == "reordered":
        frames[middle], frames[middle + 1] = frames[middle + 1], frames[middle]
    else:
        frames[middle] = bytes([frames[middle][0] ^ 1]) + frames[middle][1:]
    line.play(b"".join(frames))
    line.run(10_000)
    assert ANSWER not in line.texts_said()
    assert any("audio lost, reordered or altered" in violation for violation in line.phone.violations)


def test_an_utterance_cut_by_clear_is_no_violation_and_wants_no_answer() -> None:
    line = Line()
    line.say(QUESTION)
    line.run(600)
    line.send(event="clear")
    line.run(5000)
    assert [(heard.text, heard.cut) for heard in line.phone.heard] == [(None, True)]
    assert (line.phone.violations, line.texts_said()) == ([], [])


def test_an_utterance_cut_by_the_end_of_the_call_is_kept_as_cut() -> None:
    line = Line()
    line.say(QUESTION)
    line.run(600)
    assert [json.loads(message)["event"] for message in line.phone.hang_up()] == ["stop"]
    assert [(heard.text, heard.cut) for heard in line.phone.heard] == [(None, True)]
    assert line.phone.hang_up() == []


def test_a_person_who_talks_over_begins_while_the_agent_speaks() -> None:
    line = Line(replace(ALIKE, talk_over=TalkOver(utterance=1, after_ms=2000, say="Yes, speaking.")))
    line.say(GREETING)
    line.run(2300)
    assert [(said.text, said.start_ms) for said in line.phone.person.said] == [("Yes, speaking.", 2020)]
    assert line.phone.unplayed_ms > 0


def test_a_person_who_hangs_up_midway_sends_stop_and_nothing_after() -> None:
    line = Line(replace(ALIKE, hang_up_after=2))
    line.say(GREETING)
    line.run(15_000)
    line.say(QUESTION)
    last = line.run(10_000)[-1]
    assert (last["event"], last["stop"]) == ("stop", {"accountSid": "AC1", "callSid": "CA1"})
    assert line.phone.finished
    assert line.run(1000) == []


def test_a_silent_person_says_nothing() -> None:
    line = Line(replace(ALIKE, silent=True))
    line.say(GREETING)
    line.run(20_000)
    assert (line.texts_heard(), line.texts_said()) == ([GREETING], [])


def test_a_voicemail_greets_beeps_and_then_says_nothing_whatever_it_hears() -> None:
    line = Line(VOICEMAIL)
    line.run(15_000)
    line.say(QUESTION)
    line.run(10_000)
    assert line.texts_said() == [VOICEMAIL.opening, "(beep)"]


def test_a_person_on_a_noisy_line_is_still_understood() -> None:
    line = Line(replace(ALIKE, noise=True))
    line.say(QUESTION)
    line.run(12_000)
    assert line.caller_audio().strip(b"\xff\xfe") == line.book.say(ANSWER, "caller")
    assert line.caller_audio()[:160] != LINE_SILENCE * 160


def test_a_question_without_a_reply_confuses_a_person_three_times_and_no_more() -> None:
    line = Line()
    for _ in range(4):
        line.say("Why is the sky blue?")
        line.run(6000)
    assert line.texts_said() == ["Sorry?"] * 3


def test_a_lost_line_ends_with_no_stop() -> None:
    line = Line(replace(ALIKE, faults=LineFaults(lost_at_ms=1000)))
    assert {message["event"] for message in line.run(3000)} == {"media"}
    assert (line.phone.lost, line.phone.finished) == (True, True)


def test_a_malformed_message_is_sent_once_where_the_scenario_says_so() -> None:
    line = Line(replace(ALIKE, faults=LineFaults(malformed_at_ms=1000)))
    messages = line.phone.tick(line.now + 2000)
    assert len(messages) == 101
    broken = []
    for message in messages:
        try:
            json.loads(message)
        except ValueError:
            broken.append(message)
    assert broken == ['{"event":"media","media":{"payload":']
