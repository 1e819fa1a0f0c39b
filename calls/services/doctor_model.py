"""The doctor at the voice provider: key, model, shutdown date, and a session opened and closed. For each profile.

The key and the model are asked of GET /models (docs/api-reference/models), beside the realtime address.
"""

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from django.conf import settings

from calls import causes
from calls.model_socket import ModelConnection, open_model
from calls.models import Profile
from calls.services.doctor_report import Finding, broken, ok, warning
from calls.services.profiles import Door, door
from calls.services.scripts import script_current
from calls.voice import realtime
from calls.voice.events import ModelLost, ModelRefused

TIMEOUT_S = 10.0
SOON_DAYS = 90


def examine_models(*, today: date) -> Iterator[Finding]:
    profiles: list[Profile | None] = list(Profile.objects.filter(is_active=True))
    if not any(profile and profile.is_default for profile in profiles):
        profiles.insert(0, None)
    model = script_current(name="default").model
    for profile in profiles:
        name = f"voice model {profile.name}" if profile else "voice model"
        yield from _examine(name, door(profile=profile), model, today)


def _examine(name: str, way: Door, model: str, today: date) -> Iterator[Finding]:
    model = way.model or model
    listed = _listed(name, way, model, today)
    if listed:
        yield listed
        if listed.state == "broken":
            return
    yield asyncio.run(_session(name, way, model))


def _listed(name: str, way: Door, model: str, today: date) -> Finding | None:
    """What the list of models says; None where a provider keeps no such list (a look-alike need not)."""
    try:
        answer = httpx.get(
            _models_url(way.url), headers={"Authorization": f"Bearer {way.key}"}, timeout=TIMEOUT_S, trust_env=False
        )
        body = answer.json() if answer.content else {}
    except (httpx.HTTPError, ValueError) as error:
        cure = "See the network, the URL of the provider, and its status."
        return broken(name, f"the provider does not answer: {type(error).__name__}", cure)
    if cause := causes.of_model(status=answer.status_code, code=_code(body)) if answer.status_code != 404 else None:
        return broken(name, cause.cause, cause.cure)
    models = {one.get("id"): one for one in body.get("data", [])} if answer.status_code == 200 else {}
    if not models:
        return None
    if model not in models:
        cause = causes.of_model(status=403)
        return broken(name, f"{model} is not among the models of this key", cause.cure if cause else "")
    return _dated(name, model, models[model].get("shutdown_date"), today)


def _dated(name: str, model: str, shutdown: str | None, today: date) -> Finding:
    if shutdown is None:
        return ok(name, f"the key is accepted and may use {model}")
    left = (date.fromisoformat(shutdown) - today).days
    if left > SOON_DAYS:
        return ok(name, f"the key may use {model}, which is switched off on {shutdown}")
    return warning(name, f"{model} is switched off on {shutdown}", "Choose a newer model in the script.")


async def _session(name: str, way: Door, model: str) -> Finding:
    opened = await open_model(
        realtime.DIALECTS[way.dialect],
        base_url=way.url,
        model=model,
        key=way.key,
        timeout_s=settings.OPENAI_CONNECT_TIMEOUT_S,
    )
    if isinstance(opened, ModelConnection):
        opened.drop()
        return ok(f"{name} session", "a realtime session was opened and closed")
    return _refused(f"{name} session", opened)


def _refused(name: str, told: ModelRefused | ModelLost) -> Finding:
    code = told.code if isinstance(told, ModelRefused) else ""
    cause = causes.of_call(end_reason="", vendor_code=str(code))
    if cause is None and isinstance(told, ModelRefused):
        cause = causes.of_model(status=told.status)
    if cause:
        return broken(name, cause.cause, cause.cure)
    return broken(name, f"no session: {told}", "See the provider's URL and dialect.")


def _models_url(realtime_url: str) -> str:
    """wss://api.openai.com/v1/realtime → https://api.openai.com/v1/models."""
    parts = urlsplit(realtime_url)
    path = parts.path.rstrip("/").removesuffix("/realtime") + "/models"
    return urlunsplit((parts.scheme.replace("ws", "http", 1), parts.netloc, path, "", ""))


def _code(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("code") or "") if isinstance(error, dict) else ""
