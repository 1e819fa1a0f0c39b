"""What a call's beginning and end mean for the desk: the person's latest status, and a place in the review queue.

Called inside the transaction that begins or ends the call, so that the lists never tell another story than the call.
"""

import secrets
from datetime import datetime

from calls.lifecycle import Status
from calls.models import Call, Verification
from calls.reviewing import ReviewState


def call_begun(*verification_ids: int) -> None:
    """Kept on the verification itself: a list of 300,000 people cannot look up each one's latest call."""
    Verification.objects.filter(pk__in=verification_ids).update(latest_status=Status.IN_PROGRESS)


def call_over(*, call: Call, now: datetime) -> None:
    """The call has just got its status."""
    Verification.objects.filter(pk=call.verification_id).update(latest_status=call.status)
    if call.needs_review or _sampled(call):
        Call.objects.filter(pk=call.pk, review_state="").update(review_state=ReviewState.DUE, review_due_at=now)


def _sampled(call: Call) -> bool:
    # Drawn by chance, so that nobody can tell beforehand which call will be looked at; only calls that were spoken.
    return call.answered_at is not None and secrets.randbelow(100) < call.script.review_share
