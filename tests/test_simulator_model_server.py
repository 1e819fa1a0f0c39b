"""The simulated voice model's door, on real loopback sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from simulator.faults import ModelFaults
from simulator.model_server import ModelServer
from simulator.speech import PhraseBook
from tests.model_client import BETA_SESSION, GA_SESSION, GREETING

KEY = "sk-simulated"
BETA = {"OpenAI-Beta": "realtime=v1"}


@asynccontextmanager
async def serving(faults: ModelFaults | None = None) -> AsyncIterator[tuple[ModelServer, str]]:
    """Yields the server and its host and port."""
    models = ModelServer(KEY, PhraseBook(), {"Ada Lovelace": faults}.get)
    config = uvicorn.Config(
        models,
        lifespan="off",
        log_level="critical",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield models, f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def dial(address: str, model: str, key: str = KEY, headers: dict[str, str] | None = None) -> connect:
    url = f"ws://{address}/v1/realtime?model={model}"
    given = {"Authorization": f"Bearer {key}", **(headers or {})}
    return connect(url, additional_headers=given, compression=None, proxy=None)


async def read_until(line: ClientConnection, kind: str) -> list[dict[str, Any]]:
    events = [json.loads(await line.recv())]
    while events[-1]["type"] != kind:
        events.append(json.loads(await line.recv()))
    return events


async def greet(line: ClientConnection, session: dict[str, Any]) -> list[dict[str, Any]]:
    await line.send(json.dumps({"type": "session.update", "session": session}))
    await read_until(line, "session.updated")
    order = {"instructions": f'Say exactly: "{GREETING}"'}
    await line.send(json.dumps({"type": "response.create", "response": order}))
    return await read_until(line, "response.done")


@pytest.mark.parametrize(
    ("model", "key", "status", "code"),
    [
        ("gpt-realtime-2.1", "sk-other", 401, "invalid_api_key"),
        ("gpt-realtime-key-refused", KEY, 401, "invalid_api_key"),
        ("gpt-realtime-no-access", KEY, 403, "model_not_found"),
        ("gpt-realtime-quota-at-the-door", KEY, 429, "insufficient_quota"),
        ("", KEY, 400, "missing_model"),
    ],
)
async def test_the_door_refuses_with_the_vendors_status_and_code(model: str, key: str, status: int, code: str) -> None:
    async with serving() as (models, address):
        with pytest.raises(InvalidStatus) as refused:
            await dial(address, model, key)
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"")["error"]["code"] == code
        assert models.sessions == []


async def test_a_session_speaks_over_a_socket_and_stands_in_the_ledger() -> None:
    async with serving() as (models, address):
        async with dial(address, "gpt-realtime-2.1") as line:
            assert (await read_until(line, "conversation.created"))[0]["type"] == "session.created"
            events = await greet(line, GA_SESSION)
        assert events[-1]["response"]["output"][0]["content"][0]["transcript"] == GREETING
        assert [
            (entry["model"], entry["dialect"], entry["person"], entry["violations"]) for entry in models.ledger()
        ] == [("gpt-realtime-2.1", "ga", "Ada Lovelace", [])]
        models.forget()
        assert models.ledger() == []


async def test_the_beta_is_spoken_to_its_own_models_only() -> None:
    async with serving() as (models, address):
        async with dial(address, "gpt-4o-realtime-preview", headers=BETA) as line:
            events = await greet(line, BETA_SESSION)
            assert "response.audio.delta" in {event["type"] for event in events}
        async with dial(address, "gpt-realtime-2.1", headers=BETA) as line:
            assert json.loads(await line.recv())["error"]["code"] == "beta_api_shape_disabled"
            with pytest.raises(ConnectionClosed) as closed:
                await line.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4000
        assert [session.dialect.name for session in models.sessions] == ["beta"]


async def test_a_lost_model_leaves_no_close_frame() -> None:
    async with serving(ModelFaults(lost_after_utterances=1)) as (_, address):
        async with dial(address, "gpt-realtime-2.1") as line:
            await greet(line, GA_SESSION)
            with pytest.raises(ConnectionClosed) as closed:
                await line.recv()
        assert closed.value.rcvd is None


async def test_models_are_listed_to_who_has_the_key() -> None:
    async with serving() as (_, address), httpx.AsyncClient(trust_env=False) as client:
        url = f"http://{address}/v1/models"
        assert (await client.get(url)).status_code == 401
        listed = (await client.get(url, headers={"Authorization": f"Bearer {KEY}"})).json()
        names = ["gpt-realtime-2.1", "gpt-realtime-2.1-mini", "gpt-realtime-quota-at-the-door"]
        assert [model["id"] for model in listed["data"]] == names
        elsewhere = await client.get(f"http://{address}/v1/files", headers={"Authorization": f"Bearer {KEY}"})
        assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (404, "unknown_url")
