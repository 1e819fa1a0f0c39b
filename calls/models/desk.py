"""The desk: what staff decided, what they did, and how they like their lists."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from calls.lifecycle import Status
from calls.models.calls import Call
from calls.models.choices import choices
from calls.reviewing import Decision


class Review(models.Model):
    """One person's decision on one call. Never changed: the machine's status, each review and the final one stand."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=10, choices=choices(Decision))
    status = models.CharField(max_length=20, blank=True, choices=choices(Status), help_text="What the call was.")
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["reviewer", "-id"], name="review_by_reviewer")]
        constraints = [
            # Four eyes, said by the database: the second reviewer is not the first.
            models.UniqueConstraint(fields=["call", "reviewer"], name="review_once_per_person"),
            models.CheckConstraint(
                condition=~Q(decision="overturn") | (~Q(reason="") & ~Q(status="")), name="review_overturn_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} of call {self.call_id}"


class AuditAction(models.TextChoices):
    RECORDING_HEARD = "recording_heard", "heard a recording"
    FACTS_REVEALED = "facts_revealed", "revealed facts"
    REVIEWED = "reviewed", "reviewed"
    EXPORTED = "exported", "exported"
    LIVE_WATCHED = "live_watched", "watched a live call"
    LIVE_HEARD = "live_heard", "listened in"
    CALL_ENDED = "call_ended", "ended a live call"
    PERSON_UNLOCKED = "person_unlocked", "unlocked a person"
    CALL_REQUESTED = "call_requested", "asked for a call"
    ADDED = "added", "added"
    CHANGED = "changed", "changed"
    DELETED = "deleted", "deleted"


class AuditEntry(models.Model):
    """Append-only: who did what to which record, and when. `detail` holds names of fields and counts, never a fact."""

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=20, choices=AuditAction.choices)
    object_type = models.CharField(max_length=50)
    object_id = models.CharField(max_length=50, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit trail"
        indexes = [
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.object_type} {self.object_id}".strip()


class SavedView(models.Model):
    """A list with its filters under a name: its owner's own, or everybody's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    page = models.CharField(max_length=50, help_text="The list: call, verification, …")
    query = models.CharField(max_length=1000, blank=True)
    shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_view_name_once")]

    def __str__(self) -> str:
        return self.name
