"""What a call costs, by hand."""

from typing import Any

import pytest

from calls.prices import BUILT_IN, Cost, cost, prices_problem

USAGE = {
    "text_in": 3000,
    "text_cached": 1000,
    "text_out": 200,
    "audio_in": 5000,
    "audio_cached": 4000,
    "audio_out": 900,
}


def test_a_call_costs_its_tokens_its_transcription_and_its_minutes() -> None:
    counted = cost(
        usage={**USAGE, "transcription_ms": 90_000},
        minutes=3,
        model="gpt-realtime-2.1",
        transcription_model="gpt-transcribe",
        prices=BUILT_IN,
    )
    # (2000·4 + 1000·0.40 + 200·24 + 1000·32 + 4000·0.40 + 900·64) / 1e6 USD; 1.5 min · 0.006; 3 · (0.0140 + 0.0044).
    assert counted == Cost(model=104_400, transcription=9_000, carrier=55_200)
    assert counted.total == 168_600


def test_what_has_no_price_is_named_and_counts_as_nothing() -> None:
    usage = {"text_in": 10, "transcription_in": 5}
    counted = cost(usage=usage, minutes=0, model="new", transcription_model="newer", prices=BUILT_IN)
    assert counted == Cost(unpriced=("new text_in", "newer in"))


def test_a_transcription_billed_by_tokens_is_counted_by_tokens() -> None:
    prices = {"transcription": {"asr": {"in": 2, "out": 10}}}
    usage = {"transcription_in": 1000, "transcription_out": 50}
    assert cost(usage=usage, minutes=1, model="m", transcription_model="asr", prices=prices) == Cost(transcription=2500)


@pytest.mark.parametrize(
    ("prices", "problem"),
    [
        (BUILT_IN, ""),
        ({}, ""),
        ([], "must be an object with models, transcription, carrier"),
        ({"model": {}}, "must be an object with models, transcription, carrier"),
        ({"models": {"m": 4}}, "m: must be an object of prices"),
        ({"models": {"m": {"text_in": "4"}}}, "m: text_in must be a number from 0 up"),
        ({"carrier": {"minute": -1}}, "carrier: minute must be a number from 0 up"),
        ({"models": []}, "models: must be an object"),
    ],
)
def test_a_wrong_table_is_named(prices: Any, problem: str) -> None:
    assert prices_problem(prices) == problem
