"""Checks a client event against the `openai` package's own types, for any test that sees what we send."""

import json
from typing import Annotated, Any, get_args

from openai.types.beta.realtime import RealtimeClientEvent as BetaClientEvent
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import BaseModel, Field, TypeAdapter


def _adapter(union: Any) -> TypeAdapter[Any]:
    """The package's unions carry a discriminator that plain pydantic ignores, so it is given again."""
    members = get_args(union)[0]
    discriminated: Any = Annotated[members, Field(discriminator="type")]
    return TypeAdapter(discriminated)


_CLIENT_EVENTS = {"ga": _adapter(RealtimeClientEvent), "beta": _adapter(BetaClientEvent)}
_SERVER_EVENTS = _adapter(RealtimeServerEvent)


def assert_client_event_is_valid(event: dict[str, Any], dialect: str = "ga") -> None:
    """`dialect` is "ga" or "beta". Fails on a wrong type, and on any field that the vendor does not know.

    The package's models let unknown fields pass, so a beta field would go through GA's types unseen.
    """
    unknown = _unknown_fields(_CLIENT_EVENTS[dialect].validate_json(json.dumps(event), strict=True), event["type"])
    assert unknown == [], unknown


def assert_server_event_is_valid(event: dict[str, Any]) -> None:
    """Of GA only, and unknown fields pass: the vendor sends more than it documents."""
    _SERVER_EVENTS.validate_python(event)


def _unknown_fields(value: Any, path: str) -> list[str]:
    if isinstance(value, BaseModel):
        extra = [f"{path}.{name}" for name in value.model_extra or {}]
        known = {name: getattr(value, name) for name in type(value).model_fields}
        return extra + [found for name, field in known.items() for found in _unknown_fields(field, f"{path}.{name}")]
    if isinstance(value, list):
        return [found for index, entry in enumerate(value) for found in _unknown_fields(entry, f"{path}[{index}]")]
    return []
