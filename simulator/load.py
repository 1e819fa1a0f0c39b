"""A load for the media path: many phone lines and the voice model behind them, played around a relay in real time.

Every frame carries the time of its sending, which the far side reads: so it is known how late each came, and whether
any is missing. The lines stay silent to the model's ear; it talks for two seconds, listens for two, and so on.

    python -m simulator.load --streams streams.jsonl --calls 100 --seconds 10 --pid PID

A line of streams.jsonl is {"url", "params", "headers", "call_sid"}, as `manage.py bench_streams` makes them. The relay
must look for its model at ws://127.0.0.1:MODEL_PORT/v1/realtime. Prints one JSON line. Pin the two to different cores.
"""

import argparse
import asyncio
import base64
import json
import os
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

MAGIC = b"HIGHWAY!"
STAMP = struct.Struct("<d")
FRAME_BYTES, FRAME_S = 160, 0.02
PIECE_BYTES, PIECE_S, PIECES = 1600, 0.2, 10
PAUSE_S = 2.0
MARK_S = 0.2


@dataclass
class Way:
    """One direction: frames sent and received, and how late each was, in ms."""

    sent: int = 0
    received: int = 0
    late: list[float] = field(default_factory=list)
    measuring: bool = False

    def stamp(self, size: int) -> str:
        self.sent += 1
        sound = MAGIC + STAMP.pack(time.perf_counter()) + b"\x7f" * (size - len(MAGIC) - STAMP.size)
        return base64.b64encode(sound).decode()

    def read(self, payload: str) -> None:
        sound = base64.b64decode(payload)
        if not sound.startswith(MAGIC):
            return
        self.received += 1
        if self.measuring:
            self.late.append((time.perf_counter() - STAMP.unpack_from(sound, len(MAGIC))[0]) * 1000)

    def figures(self) -> dict[str, float]:
        late = sorted(self.late) or [0.0]
        ranks = {"p50": late[len(late) // 2], "p99": late[int(len(late) * 0.99)], "max": late[-1]}
        return {name: round(ms, 2) for name, ms in ranks.items()} | {"through": self.received / max(1, self.sent)}


class Load:
    def __init__(self) -> None:
        self.up, self.down = Way(), Way()
        self.ended = asyncio.Event()
        self.refused = 0

    # -- the voice model ------------------------------------------------------------------------------------------

    async def model(self, connection: ServerConnection) -> None:
        talk: asyncio.Task[None] | None = None
        await connection.send(json.dumps({"type": "session.created", "session": {"id": "sess_1"}}))
        try:
            async for message in connection:
                text = str(message)
                if text.startswith('{"type":"input_audio_buffer.append","audio":"'):
                    self.up.read(text[45:-2])
                elif talk is None and json.loads(text)["type"] == "session.update":
                    await connection.send(json.dumps({"type": "session.updated", "session": {}}))
                    talk = asyncio.create_task(self.talk(connection))
        except ConnectionClosed:
            pass
        if talk:
            talk.cancel()

    async def talk(self, connection: ServerConnection) -> None:
        turn = 0
        while True:
            turn += 1
            response = {"id": f"resp_{turn}", "status": "completed", "output": []}
            await connection.send(json.dumps({"type": "response.created", "response": response}))
            for _ in range(PIECES):
                ids = {"event_id": "e", "response_id": f"resp_{turn}", "item_id": f"item_{turn}"}
                piece = {**ids, "output_index": 0, "content_index": 0, "delta": self.down.stamp(PIECE_BYTES)}
                delta = {"type": "response.output_audio.delta", **piece}
                await connection.send(json.dumps(delta, separators=(",", ":")))
                await asyncio.sleep(PIECE_S)
            await connection.send(json.dumps({"type": "response.done", "response": response}))
            await asyncio.sleep(PAUSE_S)

    # -- the phone lines ------------------------------------------------------------------------------------------

    async def line(self, number: int, stream: dict[str, Any]) -> bool:
        """One call; whether it lasted to the end."""
        sid, headers = f"MZ{number:032x}", stream["headers"]
        try:
            socket = await connect(stream["url"], additional_headers=headers, compression=None, proxy=None)
        except OSError:
            self.refused += 1
            return False
        start = {"streamSid": sid, "callSid": stream["call_sid"], "customParameters": stream["params"]}
        await socket.send(json.dumps({"event": "start", "streamSid": sid, "start": start}))
        hear = asyncio.create_task(self.hear(socket, sid))
        lasted = await self.speak(socket, sid)
        await socket.close()
        await hear
        return lasted

    async def speak(self, socket: Any, sid: str) -> bool:
        began, number = time.perf_counter(), 0
        try:
            while not self.ended.is_set():
                number += 1
                await socket.send(
                    f'{{"event":"media","sequenceNumber":"{number}","media":{{"track":"inbound","chunk":"{number}",'
                    f'"timestamp":"{number * 20}","payload":"{self.up.stamp(FRAME_BYTES)}"}},"streamSid":"{sid}"}}'
                )
                await asyncio.sleep(max(0.0, began + number * FRAME_S - time.perf_counter()))
            await socket.send(json.dumps({"event": "stop", "streamSid": sid, "stop": {}}))
        except ConnectionClosed:
            return False
        return True

    async def hear(self, socket: Any, sid: str) -> None:
        loop, echoes = asyncio.get_running_loop(), set[asyncio.Task[None]]()

        async def send(text: str) -> None:
            with suppress(ConnectionClosed):
                await socket.send(text)

        def echo(text: str) -> None:
            task = asyncio.create_task(send(text))
            echoes.add(task)
            task.add_done_callback(echoes.discard)

        async for message in socket:
            event = json.loads(message)
            if event["event"] == "media":
                self.down.read(event["media"]["payload"])
            elif event["event"] == "mark" and not self.ended.is_set():
                loop.call_later(MARK_S, echo, json.dumps({"event": "mark", "streamSid": sid, "mark": event["mark"]}))


def cpu_s(pid: int) -> float:
    """CPU time used by a process, all threads (proc(5): utime and stime in clock ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(streams: list[dict[str, Any]], *, seconds: float, warm_up: float, pid: int, port: int) -> dict[str, Any]:
    load = Load()
    async with serve(load.model, "127.0.0.1", port, compression=None, ping_interval=None):
        lines = []
        for number, stream in enumerate(streams):
            lines.append(asyncio.create_task(load.line(number, stream)))
            await asyncio.sleep(0.005)
        await asyncio.sleep(warm_up)
        load.up.measuring = load.down.measuring = True
        before, began = cpu_s(pid), time.perf_counter()
        await asyncio.sleep(seconds)
        used, lasted = cpu_s(pid) - before, time.perf_counter() - began
        load.up.measuring = load.down.measuring = False
        load.ended.set()
        alive = sum(await asyncio.gather(*lines))
    return {
        "calls": len(streams),
        "alive": alive,
        "cpu_ms_per_call_s": round(1000 * used / lasted / len(streams), 3),
        "caller": load.up.figures(),
        "agent": load.down.figures(),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--streams", type=Path, required=True)
    arguments.add_argument("--calls", type=int, default=100)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--warm-up", type=float, default=4.0)
    arguments.add_argument("--pid", type=int, required=True, help="The relay's process.")
    arguments.add_argument("--model-port", type=int, default=9001)
    given = arguments.parse_args()
    streams = [json.loads(line) for line in given.streams.read_text().splitlines()][: given.calls]
    figures = run(streams, seconds=given.seconds, warm_up=given.warm_up, pid=given.pid, port=given.model_port)
    print(json.dumps(uvloop.run(figures)))


if __name__ == "__main__":
    main()
