"""The least that a relay on these libraries can do: copy each payload from one socket to the other, and nothing else.

No token, state, transcript, mark or recording: what the program costs above this is what it does for a call.

    python -m simulator.bare_relay --port 8100 --model ws://127.0.0.1:9001/v1/realtime
"""

import argparse
import asyncio
import json

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed


async def relay(line: ServerConnection, model_url: str) -> None:
    async with connect(model_url, compression=None, proxy=None) as model:
        await model.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
        sid: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        back = asyncio.create_task(to_line(model, line, sid))
        try:
            async for message in line:
                text = str(message)
                if payload := between(text, '"payload":"'):
                    await model.send('{"type":"input_audio_buffer.append","audio":"' + payload + '"}')
                elif '"start"' in text and not sid.done():
                    sid.set_result(json.loads(text)["streamSid"])
        except ConnectionClosed:
            pass
        back.cancel()


async def to_line(model: ClientConnection, line: ServerConnection, sid: asyncio.Future[str]) -> None:
    head = '{"event":"media","streamSid":"' + await sid + '","media":{"payload":"'
    async for message in model:
        if payload := between(str(message), '"delta":"'):
            await line.send(head + payload + '"}}')


def between(text: str, key: str) -> str:
    """The JSON string that follows `key`, or nothing."""
    at = text.find(key)
    return text[at + len(key) : text.find('"', at + len(key))] if at >= 0 else ""


async def run(port: int, model_url: str) -> None:
    async with serve(lambda line: relay(line, model_url), "127.0.0.1", port, compression=None) as server:
        await server.serve_forever()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=8100)
    arguments.add_argument("--model", default="ws://127.0.0.1:9001/v1/realtime")
    given = arguments.parse_args()
    uvloop.run(run(given.port, given.model))


if __name__ == "__main__":
    main()
