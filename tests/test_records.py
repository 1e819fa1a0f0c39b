"""The thread that writes: what it keeps when the database will not have it, and that a call is concluded in the end."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DataError, OperationalError

from calls import records
from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call
from calls.records import CallRecord, Scribe
from calls.services.conversations import conversation_conclude, conversation_write
from calls.voice.actions import Conclude, KeepEvent, KeepTurn
from tests import factories
from tests.media_stage import until

pytestmark = pytest.mark.django_db(transaction=True)

OUTCOME = Conclude(
    end_reason=EndReason.COMPLETED,
    status=Status.SUCCESSFUL,
    needs_review=False,
    review_reason="",
    reflection="successful_call",
    vendor_code="",
    vendor_text="",
    usage={"audio_in": 10},
)


@pytest.fixture
def call(db: None) -> Call:
    return factories.call(stage=Stage.ANSWERED, stream_sid="MZ1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "INTERVAL_S", 0.01)


def failing(work: Callable[..., Any], *errors: Exception) -> Callable[..., Any]:
    """`work`, which raises each of `errors` first."""
    left = list(errors)

    def attempt(**given: Any) -> Any:
        if left:
            raise left.pop(0)
        return work(**given)

    return attempt


def texts(call: Call) -> list[str]:
    return list(call.turns.values_list("text", flat=True))


async def test_a_turn_that_was_heard_further_replaces_its_earlier_self(call: Call) -> None:
    record, scribe = CallRecord(call.pk, None), Scribe()
    scribe.follow(record, lambda: 0, lambda _: None)
    record.keep(KeepTurn("a1", "agent", "Hello", 0, 100))
    await until(lambda: texts(call) == ["Hello"])
    record.keep(KeepTurn("a1", "agent", "Hello", 0, 900, interrupted=True))
    await scribe.conclude(record, OUTCOME)
    turn = await sync_to_async(call.turns.get)()
    assert (turn.end_ms, turn.interrupted) == (900, True)


async def test_notes_wait_for_a_database_that_is_away(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    away = failing(conversation_write, *[OperationalError()] * 4)
    monkeypatch.setattr(records, "conversation_write", away)
    record, scribe = CallRecord(call.pk, None), Scribe()
    scribe.follow(record, lambda: 0, lambda _: None)
    record.keep(KeepTurn("a1", "agent", "Hello", 0, 100))
    await until(lambda: texts(call) == ["Hello"])
    await scribe.conclude(record, OUTCOME)


async def test_one_calls_unwritable_notes_do_not_hold_up_the_others(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses_the_first(*, notes: Any) -> None:
        if any(note.call_id == call.pk for note in notes):
            raise DataError
        conversation_write(notes=notes)

    monkeypatch.setattr(records, "conversation_write", refuses_the_first)
    other = await sync_to_async(factories.call)(stage=Stage.ANSWERED, stream_sid="MZ2")
    scribe, kept = Scribe(), CallRecord(other.pk, None)
    for record in (CallRecord(call.pk, None), kept):
        scribe.follow(record, lambda: 0, lambda _: None)
        record.keep(KeepTurn("a1", "agent", "Hello", 0, 100))
    await until(lambda: texts(other) == ["Hello"])
    await scribe.conclude(kept, OUTCOME)


async def test_a_conclusion_is_tried_until_the_database_takes_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    away = failing(conversation_conclude, *[OperationalError()] * 3)
    monkeypatch.setattr(records, "conversation_conclude", away)
    record = CallRecord(call.pk, None)
    record.keep(KeepEvent("barge_in", {"heard_ms": 5}))
    assert await Scribe().conclude(record, OUTCOME)
    await sync_to_async(call.refresh_from_db)()
    assert (call.status, call.end_reason, call.usage) == ("successful_call", "completed", {"audio_in": 10})
    assert await sync_to_async(call.events.filter(kind="barge_in").count)() == 1


async def test_the_first_conclusion_stands(call: Call) -> None:
    await sync_to_async(conversation_conclude)(
        notes=CallRecord(call.pk, None).take()[0], outcome=OUTCOME, now=factories.NOW
    )
    assert not await Scribe().conclude(CallRecord(call.pk, None), OUTCOME)


async def test_what_json_may_carry_and_the_database_may_not_is_stored_without_it(call: Call) -> None:
    record = CallRecord(call.pk, None)
    record.keep(KeepTurn("a1", "caller", "nul\0 half\ud800", 0, 100))
    await Scribe().conclude(record, OUTCOME)
    assert await sync_to_async(texts)(call) == ["nul half?"]
