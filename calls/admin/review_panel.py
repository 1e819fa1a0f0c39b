"""The reviewer's side of a call's page: what was decided so far, what may be decided now, the way to the next."""

from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from calls.admin import look
from calls.lifecycle import Stage
from calls.models import Call, Review
from calls.reviewing import REVIEWABLE, Decision, ReviewState
from calls.services.reviews import review_next, review_previous

STATES = {
    ReviewState.NONE: ("Not in the queue", "quiet"),
    ReviewState.DUE: ("Waits for a review", "warn"),
    ReviewState.SECOND: ("Waits for a second reviewer", "warn"),
    ReviewState.ESCALATED: ("Waits for a supervisor", "bad"),
    ReviewState.DONE: ("Reviewed", "good"),
}
DECISIONS = {
    Decision.CONFIRM: "confirmed",
    Decision.OVERTURN: "overturned",
    Decision.CALL_AGAIN: "asked for another call",
    Decision.ESCALATE: "escalated",
}


def panel(call: Call, *, viewer: User) -> dict[str, Any]:
    """The template's context. Three queries, whatever the queue's length."""
    reviews = list(call.reviews.select_related("reviewer"))
    may_review = viewer.has_perm("calls.review_call")
    return {
        "review_state": look.badge(*STATES[ReviewState(call.review_state)]),
        "reviews": [_shown(review) for review in reviews],
        "may_decide": may_review and _may_decide(call, reviews, viewer),
        "why_not": _why_not(call, reviews, viewer) if may_review else "",
        "review_url": reverse("admin:calls_call_review", args=[call.pk]),
        "reveal_url": _action(call, viewer, "reveal", "calls.reveal_facts"),
        "bundle_url": _action(call, viewer, "bundle", "calls.export_call"),
        "end_url": _action(call, viewer, "end", "calls.end_live_call") if call.stage != Stage.ENDED else "",
        "other_statuses": [(s.value, look.status_words(s)) for s in REVIEWABLE if s.value != call.status],
        "next_url": _url(review_next(reviewer=viewer, after=call)) if may_review else "",
        "previous_url": _url(review_previous(reviewer=viewer, before=call)) if may_review else "",
        "four_eyes": call.script.four_eyes,
    }


def _may_decide(call: Call, reviews: list[Review], viewer: User) -> bool:
    return call.stage == Stage.ENDED and not _why_not(call, reviews, viewer)


def _why_not(call: Call, reviews: list[Review], viewer: User) -> str:
    if call.review_state == ReviewState.DONE:
        return "This call is decided."
    if any(review.reviewer_id == viewer.pk for review in reviews):
        return "You have reviewed this call; the next review is another person's."
    if call.review_state == ReviewState.ESCALATED and not viewer.has_perm("calls.settle_escalated_call"):
        return "A supervisor decides this call."
    return ""


def _shown(review: Review) -> dict[str, Any]:
    return {
        "who": review.reviewer.get_username(),
        "did": DECISIONS[Decision(review.decision)],
        "status": look.status_badge(review.status) if review.status else "",
        "reason": review.reason,
        "at": look.when(review.at),
    }


def _action(call: Call, viewer: User, name: str, permission: str) -> str:
    return reverse(f"admin:calls_call_{name}", args=[call.pk]) if viewer.has_perm(permission) else ""


def _url(call: Call | None) -> str:
    return reverse("admin:calls_call_change", args=[call.pk]) if call else ""
