"""The demo's processes: each in its own process group, its output in a file, and none left behind."""

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOP_S = 8.0


class DemoError(Exception):
    """Something the demo needs did not start. The message says what, and quotes the end of its log."""


def free_port(preferred: int = 0) -> int:
    """`preferred` if nothing listens there, else any port that is free now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            return free_port()
        port: int = probe.getsockname()[1]
        return port


class Processes:
    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {}
        logs.mkdir(parents=True, exist_ok=True)
        atexit.register(self.stop)

    def start(self, name: str, *arguments: str, env: Mapping[str, str]) -> None:
        """Start `python arguments…` in the background; its output goes to `name`.log."""
        self._commands[name] = arguments, env
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  (our own commands)
                [sys.executable, *arguments],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C reaches the demo alone, which then stops the others in order.
                start_new_session=True,
            )

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def signal(self, name: str, number: signal.Signals) -> None:
        _signal_group(self._running[name], number)

    def restart(self, name: str) -> None:
        """Start `name` once more as it was started first, when the old one has gone."""
        self._running[name].wait()
        arguments, env = self._commands[name]
        self.start(name, *arguments, env=env)

    def run(self, name: str, *arguments: str, env: Mapping[str, str]) -> str:
        """Run `python arguments…` to its end and return what it printed."""
        done = subprocess.run(  # noqa: S603
            [sys.executable, *arguments], cwd=ROOT, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True
        )
        output = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode:
            raise DemoError(f"{name} failed:\n{_end_of(output)}")
        return done.stdout.decode()

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            self.check_alive()
            if time.monotonic() > deadline:
                raise DemoError(f"{name} did not answer within {seconds:.0f} s:\n{self._end_of_log(name)}")
            time.sleep(0.1)

    def check_alive(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise DemoError(f"{name} ended with code {process.returncode}:\n{self._end_of_log(name)}")

    def stop(self) -> None:
        """Ask every group to end, newest first; those that have not within STOP_S are killed."""
        running, self._running = list(self._running.values())[::-1], {}
        for process in running:
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            # Also where the leader has ended: its children may not have.
            _signal_group(process, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _end_of_log(self, name: str) -> str:
        return _end_of(self.log(name).read_text(errors="replace")) if self.log(name).exists() else "(no log)"


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _end_of(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-15:])
