"""Requests with an Idempotency-Key: done once, and answered the same for a day.

The claim is committed before the work. The work and its answer are one transaction: so a claim that has no answer is of
a request that is running, or that died having done nothing, and then it may be taken over. `token` names the attempt
that holds the claim: one that was overtaken finds its token gone when it writes its answer, and is rolled back.
"""

import secrets
from datetime import datetime, timedelta

from calls.models import ApiKey, IdempotentRequest
from calls.services.errors import Refused

KEPT = timedelta(hours=24)
# Longer than any request runs: ?wait= is 30 s at most, and comes after the work.
DEAD_AFTER = timedelta(seconds=60)


def idempotent_claim(*, key: ApiKey, idempotency_key: str, fingerprint: str, now: datetime) -> IdempotentRequest:
    """This request's row. Where its `status` is set, the work was done before and the row holds the answer.

    Raises Refused: conflict (the key was used for something else), in_progress.
    """
    fresh = {"fingerprint": fingerprint, "token": secrets.token_hex(16), "claimed_at": now}
    row, made = IdempotentRequest.objects.get_or_create(key=key, idempotency_key=idempotency_key, defaults=fresh)
    if made:
        return row
    if row.claimed_at <= now - KEPT:
        return _take(row, {**fresh, "status": 0, "body": "", "answered_at": None})
    if row.fingerprint != fingerprint:
        raise Refused("conflict", "This Idempotency-Key was used for another request.")
    if row.answered_at:
        return row
    if row.claimed_at > now - DEAD_AFTER:
        raise _in_progress()
    return row if row.status else _take(row, fresh)


def _take(row: IdempotentRequest, change: dict[str, object]) -> IdempotentRequest:
    if not IdempotentRequest.objects.filter(pk=row.pk, token=row.token).update(**change):
        raise _in_progress()
    row.refresh_from_db()
    return row


def _in_progress() -> Refused:
    return Refused("in_progress", "The first request with this Idempotency-Key is still being answered.")


def idempotent_answer(*, row: IdempotentRequest, status: int, body: str) -> None:
    """Keep the answer, in the transaction of the work. Raises Refused("in_progress") where another took over."""
    if not IdempotentRequest.objects.filter(pk=row.pk, token=row.token).update(status=status, body=body):
        raise _in_progress()
    row.status, row.body = status, body


def idempotent_finish(*, row: IdempotentRequest, body: str, now: datetime) -> None:
    """The answer is final and will be given again."""
    IdempotentRequest.objects.filter(pk=row.pk, token=row.token).update(body=body, answered_at=now)
    row.body = body


def idempotent_release(*, row: IdempotentRequest) -> None:
    """The work failed by our fault and was rolled back: the same request may be sent again."""
    IdempotentRequest.objects.filter(pk=row.pk, token=row.token, status=0).delete()


def idempotent_forget(*, now: datetime) -> int:
    """Delete what need not be remembered any more; how many."""
    return IdempotentRequest.objects.filter(claimed_at__lte=now - KEPT).delete()[0]
