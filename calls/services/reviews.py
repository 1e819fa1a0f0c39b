"""Reviews: a person's decision on a call, beside the machine's status and never over it."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from calls.lifecycle import Stage
from calls.models import AuditAction, Call, Review
from calls.reviewing import OPEN, REVIEWABLE, Decision, ReviewState, Standing, Vote, standing
from calls.services import happenings
from calls.services.audit import audit_add
from calls.services.calls import call_request, event_add
from calls.services.errors import Refused

MAX_REASON = 2000


def review_record(
    *, call_id: int, reviewer: User, decision: str, now: datetime, status: str = "", reason: str = ""
) -> Standing:
    """Keep one review and say where the call stands now. `call_again` also asks for the next call.

    Raises Refused: not_ended, not_open (decided already), already_reviewed (four eyes are two people), escalated (only
    a supervisor decides), validation_error by field, and what `call_request` refuses.
    """
    with transaction.atomic():
        # Locked: two reviewers at the same instant must see one another's vote.
        call = Call.objects.select_for_update(of=("self",)).select_related("script", "verification").get(pk=call_id)
        reviews = list(call.reviews.all())
        _refuse(call, reviews, reviewer)
        review = _review(call, decision=decision, status=status, reason=reason.strip())
        review.reviewer, review.at = reviewer, now
        try:
            with transaction.atomic():
                review.save()
        except IntegrityError:
            raise _already() from None
        now_standing = standing(call.status, [*_votes(reviews), *_votes([review])], four_eyes=call.script.four_eyes)
        _keep(call, review, now_standing, now)
        if review.decision == Decision.CALL_AGAIN:
            call_request(
                verification=call.verification,
                now=now,
                to=call.to_number,
                other_number=call.other_number,
                requested_by_user=reviewer,
            )
    return now_standing


def _refuse(call: Call, reviews: list[Review], reviewer: User) -> None:
    if call.stage != Stage.ENDED:
        raise Refused("not_ended", "The call has not ended yet.")
    if call.review_state == ReviewState.DONE:
        raise Refused("not_open", "This call is decided.")
    if any(review.reviewer_id == reviewer.pk for review in reviews):
        raise _already()
    if call.review_state == ReviewState.ESCALATED and not reviewer.has_perm("calls.settle_escalated_call"):
        raise Refused("escalated", "A supervisor decides this call.")


def _already() -> Refused:
    return Refused("already_reviewed", "You have reviewed this call; the second review is another person's.")


def _review(call: Call, *, decision: str, status: str, reason: str) -> Review:
    fields = {}
    if decision not in set(Decision):
        fields["decision"] = "is unknown"
    if len(reason) > MAX_REASON:
        fields["reason"] = f"is longer than {MAX_REASON} characters"
    if decision == Decision.OVERTURN and not reason:
        fields["reason"] = "is required to overturn"
    if decision == Decision.OVERTURN and (status not in REVIEWABLE or status == call.status):
        fields["status"] = "must be another than the machine's"
    if fields:
        raise Refused("validation_error", "The review was not kept: see fields.", fields)
    held = {Decision.CONFIRM: call.status, Decision.OVERTURN: status}.get(Decision(decision), "")
    return Review(call=call, decision=decision, status=held, reason=reason)


def _votes(reviews: list[Review]) -> list[Vote]:
    return [Vote(Decision(review.decision), review.status) for review in reviews]


def _keep(call: Call, review: Review, stands: Standing, now: datetime) -> None:
    Call.objects.filter(pk=call.pk).update(
        review_state=stands.state, final_status=stands.final_status, review_due_at=call.review_due_at or now
    )
    detail = {"decision": review.decision, "status": review.status, "state": stands.state.value}
    event_add(call_id=call.pk, kind="reviewed", now=now, detail=detail)
    if stands.state == ReviewState.DONE:
        happenings.review_decided(call_id=call.pk, now=now)
    audit_add(
        actor=review.reviewer,
        action=AuditAction.REVIEWED,
        now=now,
        object_type="call",
        object_id=call.pk,
        detail=detail,
    )


def review_queue(*, reviewer: User) -> QuerySet[Call]:
    """The calls that wait for this person, the longest-waiting first."""
    mine = Call.objects.filter(review_state__in=OPEN).exclude(reviews__reviewer=reviewer)
    if not reviewer.has_perm("calls.settle_escalated_call"):
        mine = mine.exclude(review_state=ReviewState.ESCALATED)
    return mine.order_by("review_due_at", "id")


def review_next(*, reviewer: User, after: Call) -> Call | None:
    """The one behind `after` in this person's queue; from its end, the first."""
    queue = review_queue(reviewer=reviewer).exclude(pk=after.pk)
    return queue.filter(_behind(after)).first() or queue.first()


def review_previous(*, reviewer: User, before: Call) -> Call | None:
    """The one ahead of `before` in this person's queue; from its start, the last."""
    queue = review_queue(reviewer=reviewer).exclude(pk=before.pk).reverse()
    return queue.exclude(_behind(before)).first() or queue.first()


def _behind(call: Call) -> Q:
    if call.review_due_at is None:
        return Q()
    return Q(review_due_at__gt=call.review_due_at) | Q(review_due_at=call.review_due_at, pk__gt=call.pk)
