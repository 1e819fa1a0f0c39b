"""CallStart: on answer, a lender's endpoint is asked for this call's instructions, and says what it wants otherwise.

It is signed as the webhooks are, has a timeout and a size limit, and whatever goes wrong the call goes on with the
script and its profile: a person is on the line. It may choose the provider, model, voice, language, purpose and a
shorter time limit. It may not touch what makes the call honest (disclosure, our tools, how evidence is judged):
refused by name.
"""

import json
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook

from calls import safe_http
from calls.models import Call, CallHook
from calls.secret_box import Unreadable, seal, unseal
from calls.services.calls import event_add
from calls.services.profiles import Door
from calls.services.texts import line_problem, prose_problem
from calls.services.webhooks_out import secret_make
from calls.voice.script import Plan
from calls.voice.tools import TOOLS

logger = logging.getLogger(__name__)

ANSWER_LIMIT = 65_536
_TEXTS = {"model": 100, "voice": 50, "language": 10}
_SESSION_FIELDS = {"type", "model", "instructions", "audio", "tools"}
MOST_TOOLS = 16


class Unfit(Exception):
    """The endpoint's answer cannot be used at all. The text is for the call's history."""


@dataclass(frozen=True, slots=True)
class ToolEndpoint:
    """Where the lender's own tools run."""

    url: str
    hook_id: int
    call_id: int


@dataclass(slots=True)
class Wishes:
    """What the endpoint asked for and may have; `refused` names what it may not."""

    plan: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    key: str = field(default="", repr=False)
    tool_url: str = ""
    refused: list[str] = field(default_factory=list)


def hook_secret() -> tuple[str, str]:
    """(encrypted, to be shown once)."""
    secret = secret_make()
    return seal(secret), secret


def call_start(*, call_id: int, plan: Plan, door: Door, now: datetime) -> tuple[Plan, Door, ToolEndpoint | None]:
    """The plan, the way to the model and where tools run, as the script's endpoint wants; unchanged without one."""
    call = Call.objects.select_related("script", "verification").get(pk=call_id)
    hook = CallHook.objects.filter(script_name=call.script.name, is_active=True).first()
    if hook is None:
        return plan, door, None
    try:
        wishes = wishes_read(_ask(hook, call, now=now), plan=plan)
        door = _door(door, wishes, allow_private=hook.allow_private)
    except (Unfit, safe_http.Unreachable, safe_http.Forbidden, Unreadable) as error:
        logger.warning("call %s: CallStart is ignored: %s", call_id, error)
        event_add(call_id=call_id, kind="call_start", now=now, detail={"ignored": str(error)})
        return plan, door, None
    detail = {"changed": sorted(wishes.plan) + (["openAIUrl"] if wishes.url else []), "refused": wishes.refused}
    event_add(call_id=call_id, kind="call_start", now=now, detail=detail)
    tools = ToolEndpoint(wishes.tool_url, hook.pk, call_id) if wishes.tool_url else None
    return replace(plan, **wishes.plan), door, tools


def _ask(hook: CallHook, call: Call, *, now: datetime) -> Any:
    body = json.dumps(
        {
            "sessionGuid": call.carrier_sid or str(call.pk),
            "calledNumber": call.to_number,
            "callerId": call.from_number,
            "callerIdName": call.script.company,
            "outboundTriggered": True,
            "customerCallId": call.verification.external_id or str(call.pk),
        }
    )
    answer = _post(hook, hook.url, body, f"msg_call_start_{call.pk}_{secrets.token_hex(4)}", now=now)
    if answer.status != 200:
        raise Unfit(f"HTTP {answer.status}")
    try:
        return json.loads(answer.body)
    except ValueError:
        raise Unfit("not JSON") from None


def _post(hook: CallHook, url: str, body: str, message_id: str, *, now: datetime) -> safe_http.Answer:
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(unseal(hook.secret)).sign(message_id, now, body),
    }
    return safe_http.post(
        url,
        body=body.encode(),
        headers=headers,
        timeout_s=hook.timeout_ms / 1000,
        limit=ANSWER_LIMIT,
        allow_private=hook.allow_private,
    )


def wishes_read(answer: Any, *, plan: Plan) -> Wishes:
    """Sort an answer into what may be had and what is refused. Raises Unfit where it is no such answer."""
    if not isinstance(answer, dict):
        raise Unfit("not an object")
    wishes = Wishes()
    wishes.refused += sorted(set(answer) - {"VoiceElements_Instructions", "session"})
    _read_instructions(wishes, _table(answer, "VoiceElements_Instructions"), plan)
    _read_session(wishes, _table(answer, "session"))
    _read_tools(wishes, _table(answer, "session").get("tools", []))
    return wishes


def _read_instructions(wishes: Wishes, given: Mapping[str, Any], plan: Plan) -> None:
    for name, value in given.items():
        if name == "openAIUrl" and isinstance(value, str) and urlsplit(value).scheme in ("ws", "wss"):
            wishes.url = value
        elif name == "openAIToken" and isinstance(value, str) and value.isascii() and value.isprintable():
            wishes.key = value
        elif name == "toolEndpoint" and isinstance(value, str) and urlsplit(value).scheme in ("http", "https"):
            wishes.tool_url = value
        elif name == "timeLimitSeconds" and isinstance(value, int) and 30 <= value <= plan.time_limit_s:
            wishes.plan["time_limit_s"] = value
        else:
            wishes.refused.append(name)
    # Our own key is for our own provider: it is not sent to an address that somebody names.
    if wishes.url and not wishes.key:
        raise Unfit("openAIUrl without openAIToken")


def _read_session(wishes: Wishes, session: Mapping[str, Any]) -> None:
    wishes.refused += [f"session.{name}" for name in sorted(set(session) - _SESSION_FIELDS)]
    sound = _table(session, "audio")
    heard, said = _table(sound, "input"), _table(sound, "output")
    wishes.refused += [f"session.audio.input.{name}" for name in sorted(set(heard) - {"transcription"})]
    wishes.refused += [f"session.audio.output.{name}" for name in sorted(set(said) - {"voice"})]
    found = {
        "model": session.get("model"),
        "voice": said.get("voice"),
        "language": _table(heard, "transcription").get("language"),
    }
    for name, value in found.items():
        if value is not None:
            fits = isinstance(value, str) and value and not line_problem(value, limit=_TEXTS[name])
            _grant(wishes, name, value, fits=bool(fits))
    if (purpose := session.get("instructions")) is not None:
        fits = isinstance(purpose, str) and not prose_problem(purpose, limit=2000)
        _grant(wishes, "purpose", purpose, fits=fits)


def _read_tools(wishes: Wishes, tools: Any) -> None:
    granted: list[dict[str, Any]] = []
    for number, tool in enumerate(tools if isinstance(tools, list) else [tools]):
        if wishes.tool_url and _is_tool(tool) and len(granted) < MOST_TOOLS:
            granted.append({name: tool[name] for name in ("type", "name", "description", "parameters")})
        else:
            name = tool.get("name") if isinstance(tool, dict) else None
            wishes.refused.append(f"session.tools.{name if isinstance(name, str) else number}"[:100])
    if granted:
        wishes.plan["lender_tools"] = tuple(granted)


def _is_tool(tool: Any) -> bool:
    """A function in the Realtime API's flat shape that does not stand in for one of ours."""
    return (
        isinstance(tool, dict)
        and tool.get("type") == "function"
        and isinstance(tool.get("name"), str)
        and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool["name"]) is not None
        and tool["name"] not in {ours["name"] for ours in TOOLS}
        and isinstance(tool.get("description"), str)
        and isinstance(tool.get("parameters"), dict)
    )


def tool_run(*, endpoint: ToolEndpoint, name: str, arguments: str, now: datetime) -> str:
    """Have the lender run a tool; what it answers, for the model to read, or what went wrong in a few words."""
    hook = CallHook.objects.get(pk=endpoint.hook_id)
    body = json.dumps({"customerCallId": _customer_id(endpoint.call_id), "name": name, "arguments": arguments})
    try:
        answer = _post(hook, endpoint.url, body, f"msg_tool_{endpoint.call_id}_{secrets.token_hex(4)}", now=now)
    except (safe_http.Unreachable, safe_http.Forbidden, Unreadable) as error:
        logger.warning("call %s: tool %s: %s", endpoint.call_id, name, error)
        return "error: the tool cannot be reached"
    text = answer.body.decode(errors="replace")
    return text if answer.status == 200 else f"error: the tool answered HTTP {answer.status}"


def _customer_id(call_id: int) -> str:
    call = Call.objects.select_related("verification").get(pk=call_id)
    return call.verification.external_id or str(call.pk)


def _grant(wishes: Wishes, name: str, value: Any, *, fits: bool) -> None:
    if fits:
        wishes.plan[name] = value
    else:
        wishes.refused.append(f"session.{name}")


def _table(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name, {})
    if not isinstance(value, dict):
        raise Unfit(f"{name} is not an object")
    return value


def _door(door: Door, wishes: Wishes, *, allow_private: bool) -> Door:
    """The provider it names, at the address that was checked."""
    if not wishes.url:
        return replace(door, key=wishes.key) if wishes.key else door
    address = safe_http.checked_address(wishes.url, allow_private=allow_private)
    return Door(url=wishes.url, key=wishes.key, dialect="ga", address=address)
