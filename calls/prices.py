"""What things cost: the built-in prices, and the arithmetic of one call. Pure.

USD. Tokens by the million, minutes each. OpenAI: docs/models/gpt-realtime-2.1 and its siblings, guides/realtime-costs;
Twilio: voice pricing for the United States (outbound 0.0140 a begun minute, Media Streams 0.0044). As of
2026-11-21; a PriceTable in the admin takes their place from its day on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BIG = {"text_in": 4, "text_cached": 0.40, "text_out": 24, "audio_in": 32, "audio_cached": 0.40, "audio_out": 64}
_MINI = {"text_in": 0.60, "text_cached": 0.06, "text_out": 2.40, "audio_in": 10, "audio_cached": 0.30, "audio_out": 20}

BUILT_IN: dict[str, Any] = {
    "models": {
        "gpt-realtime-2.1": _BIG,
        "gpt-realtime-2": _BIG,
        "gpt-realtime-2.1-mini": _MINI,
        "gpt-realtime-1.5": {**_BIG, "text_out": 16},
    },
    "transcription": {
        "gpt-transcribe": {"minute": 0.006},
        "gpt-live-transcribe": {"minute": 0.017},
        "gpt-realtime-whisper": {"minute": 0.017},
    },
    "carrier": {"minute": 0.0140, "stream_minute": 0.0044},
}
_TOKENS = tuple(_BIG)


@dataclass(frozen=True, slots=True)
class Cost:
    """In millionths of the currency. `unpriced` names what had no price and so counts as nothing."""

    model: int = 0
    transcription: int = 0
    carrier: int = 0
    unpriced: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.model + self.transcription + self.carrier


def cost(
    *, usage: Mapping[str, int], minutes: int, model: str, transcription_model: str, prices: Mapping[str, Any]
) -> Cost:
    """The cost of one call: `usage` as the session adds it up (cached tokens are part of those in), billed minutes."""
    spoken = {kind: usage.get(kind, 0) for kind in _TOKENS}
    spoken["text_in"] = max(spoken["text_in"] - spoken["text_cached"], 0)
    spoken["audio_in"] = max(spoken["audio_in"] - spoken["audio_cached"], 0)
    heard = {
        "in": usage.get("transcription_in", 0),
        "out": usage.get("transcription_out", 0),
        "minute": usage.get("transcription_ms", 0) / 60_000,
    }
    tables = prices.get("models", {}).get(model, {}), prices.get("transcription", {}).get(transcription_model, {})
    missing = [f"{model} {kind}" for kind, count in spoken.items() if count and kind not in tables[0]]
    missing += [f"{transcription_model} {kind}" for kind, count in heard.items() if count and kind not in tables[1]]
    carrier = prices.get("carrier", {})
    a_minute = carrier.get("minute", 0) + carrier.get("stream_minute", 0)
    return Cost(
        # A price for a million tokens, in millionths, is the price of a token.
        model=round(sum(count * tables[0].get(kind, 0) for kind, count in spoken.items())),
        transcription=round(
            sum(
                count * tables[1].get(kind, 0) * (1_000_000 if kind == "minute" else 1) for kind, count in heard.items()
            )
        ),
        carrier=round(minutes * a_minute * 1_000_000),
        unpriced=tuple(missing),
    )


def prices_problem(prices: object) -> str:
    """What is wrong with a table of prices, or ""."""
    if not isinstance(prices, dict) or set(prices) - set(BUILT_IN):
        return f"must be an object with {', '.join(BUILT_IN)}"
    for group, tables in prices.items():
        if not isinstance(tables, dict):
            return f"{group}: must be an object"
    groups = {**prices.get("models", {}), **prices.get("transcription", {}), "carrier": prices.get("carrier", {})}
    for name, table in groups.items():
        if not isinstance(table, dict):
            return f"{name}: must be an object of prices"
        for kind, price in table.items():
            if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < 1_000_000:
                return f"{name}: {kind} must be a number from 0 up"
    return ""
