"""CallStart: a lender's endpoint may shape the call, within bounds; whatever it does, the call goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from calls.models import CallEvent, CallHook
from calls.services.call_start import ToolEndpoint, call_start, hook_secret, tool_run
from calls.services.profiles import Door
from calls.voice.script import Plan
from tests.factories import NOW, call, script, verification
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db
PLAN = Plan(person="Ada", company="Acme", purpose="A check.", disclosure="Hello.", closing="Bye.", time_limit_s=600)
DOOR = Door("wss://api.openai.com/v1/realtime", "sk-ours", "ga")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


def _start(receiver: Receiver, answer: Any, **hook: Any) -> tuple[Plan, Door, dict[str, Any]]:
    receiver.answers = [answer if isinstance(answer, tuple | str) else (200, json.dumps(answer).encode(), {})]
    values = {"script_name": "loans", "url": receiver.url, "secret": hook_secret()[0], "allow_private": True, **hook}
    CallHook.objects.create(**values)
    one = call(script=script(name="loans"), verification=verification(external_id="crm-7"), carrier_sid="CA7")
    plan, door, _ = call_start(call_id=one.pk, plan=PLAN, door=DOOR, now=NOW)
    return plan, door, CallEvent.objects.get(kind="call_start").detail


def test_the_endpoint_is_told_of_the_call_and_can_verify_who_asks(receiver: Receiver) -> None:
    sealed, secret = hook_secret()
    CallHook.objects.create(script_name="loans", url=receiver.url, secret=sealed, allow_private=True)
    receiver.answers = [(200, b"{}", {})]
    one = call(script=script(name="loans"), verification=verification(external_id="crm-7"), carrier_sid="CA7")
    call_start(call_id=one.pk, plan=PLAN, door=DOOR, now=timezone.now())
    _, headers, body = receiver.requests[0]
    assert Webhook(secret).verify(body, headers) == {
        "sessionGuid": "CA7",
        "calledNumber": "+12025550123",
        "callerId": "+12025550100",
        "callerIdName": "Acme Bank",
        "outboundTriggered": True,
        "customerCallId": "crm-7",
    }


def test_what_it_may_choose_it_gets(receiver: Receiver) -> None:
    session = {
        "type": "realtime",
        "model": "gpt-realtime-2.1-mini",
        "instructions": "About loan 7.",
        "audio": {"output": {"voice": "cedar"}, "input": {"transcription": {"language": "es"}}},
    }
    given = {
        "VoiceElements_Instructions": {
            "openAIUrl": "ws://127.0.0.1:9/v1/realtime",
            "openAIToken": "sk-theirs",
            "timeLimitSeconds": 120,
        },
        "session": session,
    }
    plan, door, detail = _start(receiver, given)
    assert (plan.model, plan.purpose, plan.voice, plan.language, plan.time_limit_s) == (
        "gpt-realtime-2.1-mini",
        "About loan 7.",
        "cedar",
        "es",
        120,
    )
    assert door == Door("ws://127.0.0.1:9/v1/realtime", "sk-theirs", "ga", address="127.0.0.1")
    assert detail == {
        "changed": ["language", "model", "purpose", "time_limit_s", "voice", "openAIUrl"],
        "refused": [],
    }


def test_what_it_may_not_override_is_refused_by_name_and_the_rest_is_had(receiver: Receiver) -> None:
    given = {
        "facts": {},
        "VoiceElements_Instructions": {"timeLimitSeconds": 601, "disclosure": "Hi", "openAIToken": 7},
        "session": {
            "tools": [{"name": "record_answer"}],
            "tool_choice": "none",
            "voice": "alloy",
            "instructions": "x" * 2001,
            "audio": {
                "output": {"voice": "ceda\nr", "format": {"type": "audio/pcm"}},
                "input": {"turn_detection": None},
            },
        },
    }
    plan, door, detail = _start(receiver, given)
    assert (plan, door) == (PLAN, DOOR)
    assert detail == {
        "changed": [],
        "refused": [
            *("facts", "timeLimitSeconds", "disclosure", "openAIToken"),
            *("session.tool_choice", "session.voice"),
            *("session.audio.input.turn_detection", "session.audio.output.format"),
            *("session.voice", "session.purpose", "session.tools.record_answer"),
        ],
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, b"", {}), "HTTP 500"),
        ((302, b"", {"Location": "/"}), "HTTP 302"),
        ((200, b"[]", {}), "not an object"),
        ((200, b"{", {}), "not JSON"),
        ((200, b'{"session": []}', {}), "session is not an object"),
        ((200, b"x" * 70_000, {}), "the answer is longer than 65536 bytes"),
        ("drop", "RemoteProtocolError"),
        ("drip", "the answer took too long"),
        ({"VoiceElements_Instructions": {"openAIUrl": "wss://evil.example/"}}, "openAIUrl without openAIToken"),
    ],
)
def test_whatever_goes_wrong_the_call_goes_on_with_the_script(receiver: Receiver, answer: Any, why: str) -> None:
    plan, door, detail = _start(receiver, answer, timeout_ms=300)
    assert (plan, door, detail) == (PLAN, DOOR, {"ignored": why})


def test_it_may_not_lead_the_call_to_a_private_address(receiver: Receiver) -> None:
    CallHook.objects.create(script_name="loans", url=receiver.url, secret=hook_secret()[0])
    one = call(script=script(name="loans"))
    assert call_start(call_id=one.pk, plan=PLAN, door=DOOR, now=NOW) == (PLAN, DOOR, None)
    assert CallEvent.objects.get(kind="call_start").detail == {"ignored": "the address is private"}
    assert receiver.requests == []


def test_a_script_without_an_endpoint_asks_nobody() -> None:
    CallHook.objects.create(script_name="loans", url="http://127.0.0.1:9/", secret="", is_active=False)
    one = call(script=script(name="loans"))
    assert call_start(call_id=one.pk, plan=PLAN, door=DOOR, now=NOW) == (PLAN, DOOR, None)
    assert not CallEvent.objects.filter(kind="call_start").exists()


BALANCE = {"type": "function", "name": "loan_balance", "description": "The balance.", "parameters": {"type": "object"}}


def test_a_tool_of_the_lender_s_own_is_granted_where_it_says_where_it_runs(receiver: Receiver) -> None:
    given = {
        "VoiceElements_Instructions": {"toolEndpoint": "https://lender.example/tools"},
        "session": {"tools": [BALANCE, {**BALANCE, "name": "hang_up_call"}, {**BALANCE, "type": "mcp"}, 7]},
    }
    plan, _, detail = _start(receiver, given)
    assert plan.lender_tools == (BALANCE,)
    assert detail["refused"] == ["session.tools.hang_up_call", "session.tools.loan_balance", "session.tools.3"]


def test_a_tool_without_an_endpoint_is_refused(receiver: Receiver) -> None:
    plan, _, detail = _start(receiver, {"session": {"tools": [BALANCE]}})
    assert (plan.lender_tools, detail["refused"]) == ((), ["session.tools.loan_balance"])


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        ((200, b'{"balance": 12}', {}), '{"balance": 12}'),
        ((500, b"oops", {}), "error: the tool answered HTTP 500"),
        ("drop", "error: the tool cannot be reached"),
    ],
)
def test_a_tool_runs_at_the_lender_s_and_its_answer_is_the_model_s_to_read(
    receiver: Receiver, answer: Any, output: str
) -> None:
    sealed, secret = hook_secret()
    hook = CallHook.objects.create(script_name="loans", url="http://127.0.0.1:9/", secret=sealed, allow_private=True)
    one = call(verification=verification(external_id="crm-7"))
    receiver.answers = [answer]
    endpoint = ToolEndpoint(receiver.url, hook.pk, one.pk)
    assert tool_run(endpoint=endpoint, name="loan_balance", arguments='{"a": 1}', now=timezone.now()) == output
    _, headers, body = receiver.requests[0]
    told = {"customerCallId": "crm-7", "name": "loan_balance", "arguments": '{"a": 1}'}
    assert Webhook(secret).verify(body, headers) == told
