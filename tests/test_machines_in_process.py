"""Voicemail and call screening as they sound: the simulator's line and model, our codecs and session between."""

from dataclasses import replace

from simulator.scenarios import SCENARIOS
from tests.in_process import PLAN, Played, play

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
MESSAGE = "Hello, this is a message for Viola Maine. We will call again. Goodbye."
REPLY = "This is an automated assistant, calling for Stella Crane."


def heard_whole(played: Played) -> list[str | None]:
    return [heard.text for heard in played.line.heard if not heard.cut]


def test_a_voicemail_records_the_whole_message_after_its_beep_and_nothing_else() -> None:
    played = play(BY_NAME["voicemail"], plan=replace(PLAN, voicemail_message=MESSAGE))
    assert (played.ending, played.violations) == ("not_reached/voicemail", [])
    assert heard_whole(played) == [MESSAGE]
    beep = next(said for said in played.line.person.said if said.text == "(beep)")
    assert played.line.heard[-1].start_ms > beep.end_ms


def test_with_no_message_a_voicemail_records_nothing() -> None:
    played = play(BY_NAME["voicemail"])
    assert (played.ending, heard_whole(played)) == ("not_reached/voicemail", [])


def test_a_screener_is_told_who_calls_and_waited_for() -> None:
    played = play(BY_NAME["screened"], plan=replace(PLAN, screening_reply=REPLY))
    assert (played.ending, heard_whole(played)) == ("not_reached/screened", [REPLY])
    assert 35 < played.seconds < 45
