"""How often a person may fail. A person is whoever has the same phone number, or the same external id.

Failed verifications count over all calls to a person, so that nobody can try answers without end by having themselves
called again. Nothing is kept but the calls and the unlocks: whether a person is locked is counted when it is asked.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from calls.lifecycle import EndReason, Status
from calls.models import Answer, AuditAction, Call, PersonUnlock, Verification
from calls.services.audit import audit_add
from calls.services.errors import Refused

MAX_REASON = 300
NO_GUESS = (EndReason.WRONG_PERSON, EndReason.DECLINED, EndReason.OPTED_OUT)
"""Ends of an unsuccessful call in which, if no answer was wrong, nobody tried to be verified."""


def person_check(*, verification: Verification) -> None:
    """Raises Refused("person_locked") where the person has failed too often."""
    if person_is_locked(verification=verification):
        message = f"This person has failed {settings.MAX_FAILED_VERIFICATIONS} verifications; staff can unlock them."
        raise Refused("person_locked", message)


def person_is_locked(*, verification: Verification) -> bool:
    limit = settings.MAX_FAILED_VERIFICATIONS
    return bool(limit) and person_failures(verification=verification) >= limit


def persons_with_past(*, verifications: Sequence[Verification]) -> set[int]:
    """Of these verifications, those of whose person any call has ended: nobody else can be locked. In one query."""
    numbers = {one.phone for one in verifications if one.phone}
    ids = {one.external_id for one in verifications if one.external_id}
    same = Q(pk__in=[one.pk for one in verifications]) | Q(phone__in=numbers) | Q(external_id__in=ids)
    ended = Call.objects.filter(verification__in=Verification.objects.filter(same), ended_at__isnull=False)
    called = set(ended.order_by().values_list("verification_id", "verification__phone", "verification__external_id"))
    keys = {pk for pk, _, _ in called}
    phones, external_ids = {phone for _, phone, _ in called} - {""}, {told for _, _, told in called} - {""}
    return {one.pk for one in verifications if one.pk in keys or one.phone in phones or one.external_id in external_ids}


def person_failures(*, verification: Verification) -> int:
    """The failed verifications of this person since they were last unlocked.

    Failed: the questions were asked and not answered well enough, or a wrong answer was given and the person left,
    declined or was cut off. Who hangs up after a wrong guess has guessed.
    """
    calls = calls_of_person(verification=verification).exclude(final_status=Status.SUCCESSFUL)
    unlocks = PersonUnlock.objects.filter(Q(verification=verification) | _is_person(verification))
    unlock = unlocks.order_by("-at").first()
    if unlock:
        calls = calls.filter(ended_at__gt=unlock.at)
    guesses = Answer.objects.filter(call=OuterRef("pk"), verdict="mismatch")
    asked = Q(status=Status.UNSUCCESSFUL) & ~Q(end_reason__in=NO_GUESS)
    return calls.filter(asked | (Exists(guesses) & ~Q(status=Status.SUCCESSFUL))).count()


def calls_of_person(*, verification: Verification) -> QuerySet[Call]:
    """All calls that have ended, of any verification of this person."""
    same = Verification.objects.filter(Q(pk=verification.pk) | _is_person(verification))
    return Call.objects.filter(verification__in=same, ended_at__isnull=False)


def person_unlock(*, verification: Verification, by: User, reason: str, now: datetime) -> PersonUnlock:
    """Let a person be called again. Raises Refused("validation_error") without a reason."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        problem = f"is required, at most {MAX_REASON} characters"
        raise Refused("validation_error", "The person was not unlocked: say why.", {"reason": problem})
    with transaction.atomic():
        unlock = PersonUnlock.objects.create(
            verification=verification,
            phone=verification.phone,
            external_id=verification.external_id,
            unlocked_by=by,
            reason=reason,
            at=now,
        )
        audit_add(
            actor=by,
            action=AuditAction.PERSON_UNLOCKED,
            now=now,
            object_type="verification",
            object_id=verification.pk,
        )
    return unlock


def _is_person(verification: Verification) -> Q:
    """Empty numbers and ids are nobody's: a verification with neither is a person of its own."""
    nobody = Q(pk__in=[])
    phone = Q(phone=verification.phone) if verification.phone else nobody
    return phone | (Q(external_id=verification.external_id) if verification.external_id else nobody)
