"""A scenario from JSON: one already known, under another number and person, with other changes."""

from dataclasses import replace
from typing import Any

from simulator.faults import ModelFaults
from simulator.scenario import Cast, LineFaults, Reply, Scenario, TalkOver
from simulator.twilio_orders import E164


def scenario_read(cast: Cast, given: dict[str, Any]) -> Scenario:
    """`given` is {"like": a scenario's name, "number", "person", and any other field of a Scenario}.
    Raises ValueError saying what is wrong."""
    changes = dict(given)
    like = cast.by_name(str(changes.pop("like", "")))
    if like is None:
        raise ValueError('"like" must name a known scenario')
    if not E164.fullmatch(str(changes.get("number", ""))) or not changes.get("person"):
        raise ValueError('"number" (E.164) and "person" are required')
    try:
        return replace(like, **{name: _value(name, value) for name, value in changes.items()})
    except (TypeError, KeyError) as error:
        raise ValueError(f"unknown or malformed field: {error}") from error


def _value(name: str, value: Any) -> Any:
    if name == "replies":
        return tuple(Reply(reply["pattern"], tuple(reply["say"])) for reply in value)
    if name == "talk_over":
        return TalkOver(**value)
    if name == "faults":
        return LineFaults(**value)
    if name == "model_faults":
        return ModelFaults(**value)
    return value
