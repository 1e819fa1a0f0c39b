"""The curl examples of docs/api.md, run as they stand against a server."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from pytest_django import Settings

from calls.models import Call
from calls.services.api_keys import api_key_create
from highway.asgi import application
from tests.servers import serving

API = Path(__file__).parent.parent / "docs" / "api.md"


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_examples_of_the_api_s_guide_work(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    examples = re.findall(r"^```sh\n(.+?)^```", API.read_text(), re.M | re.S)
    with serving(application) as address:
        env = {**os.environ, "HIGHWAY": f"http://{address}", "KEY": api_key_create(name="guide")[1], "NO_PROXY": "*"}
        answers = [_answer(example, env) for example in examples]
    assert [answer.get("id") or answer.get("call") for answer in answers] == [1, 1, 1, None]
    assert answers[-1] == {"items": [], "credits": None}
    assert Call.objects.get().verification.external_id == "crm-77"


def _answer(example: str, env: dict[str, str]) -> dict[str, object]:
    done = subprocess.run(["bash", "-c", example], env=env, check=True, stdout=subprocess.PIPE)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer
