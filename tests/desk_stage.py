"""What the desk's tests share: staff of a role, the trail they leave, a call with evidence and its recording."""

import wave
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from calls.models import Answer, AuditEntry, Call, Turn
from tests import factories
from tests.admin_pages import ENDED


def staff(client: Client, role: str, name: str = "rita") -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return user


def trail() -> list[tuple[Any, ...]]:
    return list(AuditEntry.objects.order_by("id").values_list("actor__username", "action", "object_type", "object_id"))


def ended_call(**fields: Any) -> Call:
    call = factories.call(**{**ENDED, "review_state": "due", "review_due_at": factories.NOW, **fields})
    Turn.objects.create(call=call, item_id="1", speaker="agent", text="When were you born?", start_ms=0, end_ms=2000)
    said = "The fifth of March 1985"
    Turn.objects.create(call=call, item_id="2", speaker="caller", text=said, start_ms=2500, end_ms=4500)
    Answer.objects.create(
        call=call,
        question_id="q1",
        key="date_of_birth",
        asked="When were you born?",
        heard=said,
        value="1985-03-05",
        verdict="match",
        start_ms=2500,
        end_ms=4500,
    )
    return call


def record_wav(settings: Settings, name: str) -> None:
    path = Path(settings.RECORDINGS_DIR) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        # Half a second of the caller alone at half of full scale, then as long of the agent at full scale.
        file.writeframes(b"\x00\x40\x00\x00" * 4000 + b"\x00\x00\xff\x7f" * 4000)
