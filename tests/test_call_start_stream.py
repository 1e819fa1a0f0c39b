"""CallStart on the media path, on real sockets: the lender's provider is called, and its tool is run."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from asgiref.sync import sync_to_async

from calls.lifecycle import Stage
from calls.models import Call, CallHook
from calls.services.call_start import hook_secret
from tests import factories
from tests.media_stage import CALL_SID, Model, line, model, program, token
from tests.receiver import Receiver
from tests.test_call_start import BALANCE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lender() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


@pytest.fixture
async def theirs() -> AsyncIterator[Model]:
    async with model() as played:
        yield played


@pytest.fixture
def call(db: None, lender: Receiver) -> Call:
    CallHook.objects.create(script_name="test", url=lender.url, secret=hook_secret()[0], allow_private=True)
    facts = {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"}
    person = factories.verification(facts=facts)
    return factories.call(stage=Stage.RINGING, carrier_sid=CALL_SID, claimed_at=factories.NOW, verification=person)


async def test_the_call_is_held_at_the_lender_s_provider_with_its_tool(
    lender: Receiver, theirs: Model, call: Call
) -> None:
    wanted = {"openAIUrl": theirs.url, "openAIToken": "sk-theirs", "toolEndpoint": lender.url}
    session = {"audio": {"output": {"voice": "cedar"}}, "tools": [BALANCE]}
    body = json.dumps({"VoiceElements_Instructions": wanted, "session": session}).encode()
    lender.answers = [(200, body, {}), (200, b'{"balance": 12}', {})]
    async with program() as address, line(address, call) as twilio:
        await twilio.start(token(call))
        configured = (await theirs.next("session.update"))["session"]
        assert configured["audio"]["output"]["voice"] == "cedar"
        assert configured["tools"][-1] == BALANCE
        await theirs.say({"type": "session.updated", "session": {}})
        await theirs.next("response.create")
        item = {"type": "function_call", "id": "i", "call_id": "c", "name": "loan_balance", "arguments": "{}"}
        done = {"type": "response.output_item.done", "response_id": "r1", "item": {**item, "status": "completed"}}
        await theirs.say({"type": "response.created", "response": {"id": "r1"}}, done)
        answer = (await theirs.next("conversation.item.create"))["item"]
    assert (answer["call_id"], answer["output"]) == ("c", '{"balance": 12}')
    assert await sync_to_async(call.events.get)(kind="call_start") is not None
