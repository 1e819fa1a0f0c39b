"""What a simulated call is made of: scenarios, orders for calls, their TwiML and Twilio's signatures."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.faults import ModelFaults
from simulator.scenario import Cast, LineFaults, Reply, TalkOver
from simulator.scenario_json import scenario_read
from simulator.scenarios import SCENARIOS
from simulator.twilio_orders import Refusal, order_read
from simulator.twilio_signature import sign
from simulator.twiml import Hangup, Stream, TwimlError, parse, stream_url_problem

CAST = Cast(SCENARIOS)


def test_signatures_are_twilios_own_examples() -> None:
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    assert sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert sign("12345", "wss://example.com/media") == "7PR3qMkpDyEJtMrVOY/LDyNq8J8="


# -- scenarios ---------------------------------------------------------------------------------------------------


def test_every_scenario_has_a_person_a_number_and_facts_of_its_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({scenario.person for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({scenario.number for scenario in SCENARIOS}) == len(SCENARIOS)
    values = [value for scenario in SCENARIOS for value in scenario.facts.values()]
    assert len(set(values)) == len(values)


def test_a_scenario_can_be_made_from_another_by_json() -> None:
    given = {
        "like": "answers-right",
        "number": "+12025550199",
        "person": "Zoe Quist",
        "ring_ms": 50,
        "replies": [{"pattern": "birth", "say": ["Monday", "March fifth"]}],
        "talk_over": {"utterance": 1, "after_ms": 500, "say": "Yes."},
        "faults": {"too_many_times": 2},
        "model_faults": {"lies": True},
    }
    like = next(scenario for scenario in SCENARIOS if scenario.name == "answers-right")
    assert scenario_read(CAST, given) == replace(
        like,
        number="+12025550199",
        person="Zoe Quist",
        ring_ms=50,
        replies=(Reply("birth", ("Monday", "March fifth")),),
        talk_over=TalkOver(1, 500, "Yes."),
        faults=LineFaults(too_many_times=2),
        model_faults=ModelFaults(lies=True),
    )


@pytest.mark.parametrize(
    "wrong",
    [{"like": "nobody"}, {"number": "123"}, {"person": ""}, {"colour": "red"}, {"faults": {"colour": 1}}],
)
def test_a_scenario_with_a_mistake_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        scenario_read(CAST, {"like": "answers-right", "number": "+12025550199", "person": "Zoe Quist", **wrong})


# -- TwiML and orders --------------------------------------------------------------------------------------------


def test_twiml_of_a_stream_with_parameters_is_read() -> None:
    document = (
        '<Response><Connect><Stream url="wss://h/media/1" statusCallback="https://h/s" statusCallbackMethod="POST">'
        '<Parameter name="token" value="a&amp;b"/></Stream></Connect><Hangup/></Response>'
    )
    stream = Stream("wss://h/media/1", status_callback="https://h/s", parameters={"token": "a&b"})
    assert parse(document) == [stream, Hangup()]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("<Response>", 12100),
        ("<Other/>", 12100),
        ("<Response><Dial/></Response>", 12200),
        ('<Response><Connect><Stream url="wss://h" tracks="both"/></Connect></Response>', 12200),
        (f'<Response><Connect><Stream><Parameter name="t" value="{"x" * 499}"/></Stream></Connect></Response>', 12200),
    ],
)
def test_twiml_that_twilio_would_not_run_is_refused(document: str, code: int) -> None:
    with pytest.raises(TwimlError) as refused:
        parse(document)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("wss://h.example/media", None),
        ("ws://127.0.0.1:8000/media", None),
        ("ws://h.example/media", 31922),
        ("https://h.example/media", 31922),
        ("wss:///media", 31923),
        ("wss://h.example/media?token=1", 31920),
    ],
)
def test_a_stream_url_must_be_wss_without_a_query(url: str, code: int | None) -> None:
    problem = stream_url_problem(url)
    assert (problem[0] if problem else None) == code


ORDER = [("To", "+12025550101"), ("From", "+12025550100"), ("Twiml", "<Response><Hangup/></Response>")]


def test_an_order_without_options_has_twilios_defaults() -> None:
    order = order_read(ORDER)
    assert (order.timeout_s, order.time_limit_s, order.events) == (60, 14400, frozenset({"completed"}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("To", "5551234"), 21211),
        (("To", ""), 21201),
        (("From", "me"), 21212),
        (("From", ""), 21213),
        (("Twiml", ""), 21205),
        (("Twiml", f"<Response><!--{'x' * 4000}--></Response>"), 21605),
        (("Twiml", "<Response>"), 12100),
        (("Timeout", "601"), 20001),
        (("TimeLimit", "soon"), 20001),
        (("StatusCallback", "http://under_score/x"), 21609),
        (("StatusCallbackEvent", "dialing"), 20001),
        (("Record", "true"), 20001),
    ],
)
def test_an_order_twilio_would_not_take_is_refused(change: tuple[str, str], code: int) -> None:
    with pytest.raises(Refusal) as refused:
        order_read(list({**dict(ORDER), change[0]: change[1]}.items()))
    assert (refused.value.status, refused.value.code) == (400, code)
