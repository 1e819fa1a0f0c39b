"""The simulator's sound: what is spoken is known again by its bytes, and only by all of them in their order."""

import pytest

from simulator import speech
from simulator.speech import FRAME_BYTES, LINE_NOISE, LINE_SILENCE, Ear, Heard, PhraseBook, line_noise, speak

PAUSE = LINE_SILENCE * 4_000
BIRTHDAY = "March fifth, nineteen eighty five"


@pytest.fixture
def book() -> PhraseBook:
    return PhraseBook()


def texts(heard: list[Heard]) -> list[tuple[str | None, bool]]:
    return [(utterance.text, utterance.cut) for utterance in heard]


def frames(audio: bytes) -> list[bytes]:
    return [audio[i : i + FRAME_BYTES] for i in range(0, len(audio), FRAME_BYTES)]


def test_speech_is_whole_frames_and_holds_no_line_silence(book: PhraseBook) -> None:
    audio = book.say(BIRTHDAY, "caller")
    assert len(audio) % FRAME_BYTES == 0
    assert 1_000 < len(audio) / 8 < 4_000
    assert not set(audio) & set(LINE_NOISE)


def test_speech_is_the_same_each_time_and_differs_by_voice_and_text() -> None:
    assert speak(BIRTHDAY, "caller") == speak(BIRTHDAY, "caller")
    assert len({speak(BIRTHDAY, "caller"), speak(BIRTHDAY, "agent"), speak("Yes, speaking.", "caller")}) == 3


def test_without_the_wheel_every_text_has_its_own_tones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_espeak", lambda: None)
    phrases = ["four three two one", "four three one two", "four three two", "Four three two one"]
    spoken = {speak.__wrapped__(text, "caller") for text in phrases}
    assert len(spoken) == 4
    assert {len(audio) % FRAME_BYTES for audio in spoken} == {0}
    assert not set(b"".join(spoken)) & set(LINE_NOISE)
    assert speak.__wrapped__("Yes.", "agent") == speak.__wrapped__("Yes.", "agent")


def test_a_phrase_is_recognised_by_exactly_its_bytes(book: PhraseBook) -> None:
    audio = book.say(BIRTHDAY, "caller")
    assert book.recognise(audio) == BIRTHDAY
    assert book.recognise(audio[:-1]) is None


def test_a_sound_that_is_no_speech_can_be_learnt(book: PhraseBook) -> None:
    beep = bytes(range(1, 81)) * 20
    book.learn(beep, "(beep)")
    assert texts(Ear(book).feed(beep + PAUSE)) == [("(beep)", False)]


@pytest.mark.parametrize("size", [1, 37, 160, 3_200, 1 << 20])
def test_an_ear_hears_the_same_in_pieces_of_any_size(book: PhraseBook, size: int) -> None:
    yes, birthday = book.say("Yes, speaking.", "caller"), book.say(BIRTHDAY, "caller")
    line = PAUSE + yes + PAUSE + birthday + PAUSE
    ear = Ear(book)
    heard = [utterance for i in range(0, len(line), size) for utterance in ear.feed(line[i : i + size])]
    second = 500 + len(yes) // 8 + 500
    assert heard == [
        Heard("Yes, speaking.", 500, 500 + len(yes) // 8, yes, False),
        Heard(BIRTHDAY, second, second + len(birthday) // 8, birthday, False),
    ]
    assert ear.position_ms == len(line) // 8


def test_a_phrase_played_twice_is_heard_twice(book: PhraseBook) -> None:
    audio = book.say(BIRTHDAY, "caller")
    assert texts(Ear(book).feed(audio + PAUSE + audio + audio + PAUSE)) == [(BIRTHDAY, False)] * 3


def test_an_utterance_is_heard_only_once_the_pause_is_long_enough(book: PhraseBook) -> None:
    audio = book.say(BIRTHDAY, "caller")
    ear = Ear(book, silence_ms=500)
    assert ear.feed(audio + LINE_SILENCE * 3_999) == []
    assert ear.is_hearing
    assert texts(ear.feed(LINE_SILENCE)) == [(BIRTHDAY, False)]
    assert not ear.is_hearing


def test_a_line_that_ran_dry_for_an_instant_has_lost_nothing(book: PhraseBook) -> None:
    audio = book.say(BIRTHDAY, "caller")
    assert texts(Ear(book).feed(audio[:1_600] + LINE_SILENCE * 800 + audio[1_600:] + PAUSE)) == [(BIRTHDAY, False)]


@pytest.mark.parametrize("damage", ["dropped", "swapped", "repeated", "altered", "silenced"])
def test_a_damaged_utterance_is_not_understood(book: PhraseBook, damage: str) -> None:
    played = frames(book.say(BIRTHDAY, "caller"))
    if damage == "dropped":
        del played[20]
    elif damage == "swapped":
        played[20], played[21] = played[21], played[20]
    elif damage == "repeated":
        played.insert(20, played[20])
    elif damage == "altered":
        played[20] = played[20][:80] + bytes([played[20][80] ^ 0x10]) + played[20][81:]
    else:
        played[20] = LINE_SILENCE * FRAME_BYTES
    assert texts(Ear(book).feed(b"".join(played) + PAUSE)) == [(None, False)]


def test_an_utterance_cut_short_is_not_understood_and_known_to_be_cut(book: PhraseBook) -> None:
    played = frames(book.say(BIRTHDAY, "caller"))
    ear = Ear(book)
    assert ear.feed(b"".join(played[:30])) == []
    assert texts(ear.end()) == [(None, True)]
    assert ear.end() == []


def test_noise_on_the_line_is_no_utterance(book: PhraseBook) -> None:
    audio = book.say(BIRTHDAY, "caller")
    noise = line_noise(8_000, seed=1)
    assert set(noise) == set(LINE_NOISE)
    assert texts(Ear(book).feed(noise + audio + noise)) == [(BIRTHDAY, False)]
