"""What a media stream reads at its start and what it leaves behind. Called from the records thread, never the loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from calls import sounds, stream_tokens
from calls.evidence import Fact, FactError
from calls.lifecycle import EndReason, Stage, Status, earlier_stages
from calls.models import Answer, Call, CallEvent, CallHook, Script, Turn
from calls.services import happenings
from calls.services.call_start import ToolEndpoint
from calls.services.calls import call_conclude
from calls.services.profiles import Door, door_of
from calls.services.questions import questions_of
from calls.voice.actions import Conclude, KeepAnswer, KeepTurn
from calls.voice.script import Plan


class StreamRefused(Exception):
    """The stream may not be connected. The text is for the log, and holds no token."""


@dataclass(frozen=True, slots=True)
class Admission:
    plan: Plan
    facts: Sequence[Fact]
    door: Door
    asks_first: bool = False
    """The script has a CallStart endpoint, which is asked before the model is called."""
    tools: ToolEndpoint | None = None


@dataclass(slots=True)
class Notes:
    """What one call has gathered since the last write. A turn that was heard further replaces its earlier self."""

    call_id: int
    turns: dict[str, KeepTurn] = field(default_factory=dict)
    events: list[tuple[datetime, str, dict[str, object]]] = field(default_factory=list)
    answers: list[KeepAnswer] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.turns or self.events or self.answers)


def conversation_admit(
    *, verification_id: int, call_id: int, token: str, stream_sid: str, carrier_sid: str, recording: str, now: datetime
) -> Admission:
    """Let one stream in, once: the token must be ours, and the call live and without a stream.

    `recording` is where its sound will be, noted now so that a process that dies does not lose the file.

    Raises StreamRefused.
    """
    if not stream_tokens.is_valid(token, verification_id=verification_id, call_id=call_id):
        raise StreamRefused("the token is missing, forged or too old")
    call = Call.objects.select_related("script", "verification", "profile").filter(pk=call_id).first()
    if call is None or call.verification_id != verification_id:
        raise StreamRefused("there is no such call")
    if call.carrier_sid not in ("", carrier_sid):
        raise StreamRefused("the stream is of another call of the carrier")
    if call.stream_sid:
        raise StreamRefused("the call has ended, or had its stream already")
    facts = _facts_to_ask(call, now)
    with transaction.atomic():
        taken = Call.objects.filter(pk=call_id, stream_sid="", stage__in=earlier_stages(Stage.ENDED)).update(
            stream_sid=stream_sid,
            stage=Stage.ANSWERED,
            answered_at=Coalesce("answered_at", Value(now)),
            heartbeat_at=now,
            carrier_sid=carrier_sid,
            recording=recording,
            questions=[fact.question.key for fact in facts],
        )
        if not taken:
            raise StreamRefused("the call has ended, or had its stream already")
        CallEvent.objects.create(call_id=call_id, kind="stream_started", at=now)
        if call.stage != Stage.ANSWERED:
            happenings.call_answered(call_id=call_id, now=now)
    door = door_of(call=call)
    asks_first = CallHook.objects.filter(script_name=call.script.name, is_active=True).exists()
    return Admission(_plan(call.script, person=call.verification.name, door=door), facts, door, asks_first)


def _facts_to_ask(call: Call, now: datetime) -> Sequence[Fact]:
    """The call was checked when it was requested; since then somebody may have changed the facts."""
    try:
        facts = questions_of(call=call)
        problem = "" if len(facts) >= call.script.matches_required else "there are too few facts to ask"
    except FactError as error:
        problem = str(error)
    if problem:
        call_conclude(
            call_id=call.pk,
            status=Status.SYSTEM_ERROR,
            end_reason=EndReason.FACTS_UNUSABLE,
            now=now,
            needs_review=True,
            review_reason=problem[:200],
        )
        raise StreamRefused("the facts on file do not make the questions that the script needs")
    return facts


def _plan(script: Script, *, person: str, door: Door) -> Plan:
    return Plan(
        person=person,
        company=script.company,
        purpose=script.purpose,
        disclosure=script.disclosure,
        closing=script.closing,
        voice=door.voice or script.voice,
        language=script.language,
        model=door.model or script.model,
        transcription_model=script.transcription_model,
        matches_required=script.matches_required,
        tries_per_question=script.tries_per_question,
        silence_s=script.silence_s,
        time_limit_s=script.time_limit_s,
        apology=sounds.apology(script.language),
        voicemail_message=script.voicemail_message,
        screening_reply=script.screening_reply,
    )


def conversation_write(*, notes: Sequence[Notes]) -> None:
    """Store what many calls have gathered, in one transaction. Writing the same turn again replaces it."""
    with transaction.atomic():
        CallEvent.objects.bulk_create(
            CallEvent(call_id=note.call_id, at=at, kind=kind, detail=detail)
            for note in notes
            for at, kind, detail in note.events
        )
        Turn.objects.bulk_create(
            (
                Turn(
                    call_id=note.call_id,
                    item_id=turn.item_id,
                    speaker=turn.speaker,
                    text=_storable(turn.text),
                    start_ms=turn.start_ms,
                    end_ms=turn.end_ms,
                    interrupted=turn.interrupted,
                )
                for note in notes
                for turn in note.turns.values()
            ),
            update_conflicts=True,
            unique_fields=["call", "item_id"],
            update_fields=["text", "start_ms", "end_ms", "interrupted"],
        )
        Answer.objects.bulk_create(
            Answer(
                call_id=note.call_id,
                question_id=answer.question_id,
                key=answer.key,
                asked=answer.asked,
                heard=_storable(answer.heard),
                value=_storable(answer.value),
                verdict=answer.verdict,
                method=answer.method,
                score=answer.score,
                start_ms=answer.start_ms,
                end_ms=answer.end_ms,
            )
            for note in notes
            for answer in note.answers
        )


def conversation_conclude(*, notes: Notes, outcome: Conclude, now: datetime) -> bool:
    """The last of the notes and the call's one status, together or not at all. False where it had ended already."""
    with transaction.atomic():
        conversation_write(notes=[notes])
        return call_conclude(
            call_id=notes.call_id,
            status=outcome.status,
            end_reason=outcome.end_reason,
            now=now,
            needs_review=outcome.needs_review,
            review_reason=outcome.review_reason[:200],
            reflection=outcome.reflection,
            vendor_code=outcome.vendor_code,
            vendor_text=outcome.vendor_text,
            usage=outcome.usage,
        )


def _storable(text: str) -> str:
    """What JSON may carry and PostgreSQL's text may not: NUL, and halves of a surrogate pair."""
    return text.replace("\0", "").encode(errors="replace").decode()
