"""Real processes on real sockets: the demo's own runner, with a handful of its scenarios."""

import os
from collections.abc import Iterator

import pytest

from simulator.demo import SERVICES, Demo, start
from simulator.demo_calls import Watched
from simulator.scenarios import SCENARIOS

# One of each kind: a conversation of either dialect, a barge-in, a line that is never answered, a refusal by either
# vendor, a person and a model that leave early. `make demo` plays them all.
CHOSEN = {
    "answers-right",
    "answers-wrong",
    "beta",
    "busy",
    "hangs-up-midway",
    "key-refused",
    "model-lost",
    "refused-number",
    "talks-over",
    "voicemail",
}


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    services = {name: os.environ[name] for name in SERVICES if os.environ.get(name)}
    processes = 2 if {"REDIS_URL", "CELERY_BROKER_URL"} & services.keys() else 1
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in CHOSEN]
    running = start(tmp_path_factory.mktemp("demo"), services, scenarios, web=processes, workers=processes)
    yield running
    running.processes.stop()


@pytest.fixture(scope="package")
def played(demo: Demo) -> tuple[list[Watched], dict[str, list[str]]]:
    """The chosen scenarios' calls, ended, and what was amiss then: other tests call the same people again later."""
    calls = demo.request([scenario for scenario in SCENARIOS if scenario.name in CHOSEN])
    refresh = demo.follow(calls)
    while refresh():
        pass
    return calls, demo.check(calls)


@pytest.fixture(scope="package")
def calls(played: tuple[list[Watched], dict[str, list[str]]]) -> list[Watched]:
    return played[0]
