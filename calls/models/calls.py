"""Calls and what they leave behind: history, transcript, evidence."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from calls.lifecycle import EndReason, Stage, Status
from calls.models.api_keys import ApiKey
from calls.models.campaigns import Campaign
from calls.models.choices import choices
from calls.models.profiles import Profile
from calls.models.scripts import Script
from calls.models.verifications import Verification
from calls.reviewing import OPEN, ReviewState


class Call(models.Model):
    """One attempt to reach a person."""

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="calls")
    script = models.ForeignKey(Script, on_delete=models.PROTECT, related_name="calls")
    attempt = models.PositiveIntegerField()
    to_number = models.CharField(max_length=20)
    from_number = models.CharField(max_length=20, blank=True)
    other_number = models.BooleanField(default=False, help_text="The requester asked for a number other than on file.")

    stage = models.CharField(max_length=10, choices=choices(Stage), default=Stage.QUEUED)
    status = models.CharField(max_length=20, choices=choices(Status), default=Status.IN_PROGRESS)
    end_reason = models.CharField(max_length=30, choices=choices(EndReason), blank=True)
    vendor_code = models.CharField(max_length=100, blank=True)
    vendor_text = models.TextField(blank=True)

    try_number = models.PositiveSmallIntegerField(default=1, help_text="Of this request: 2 is the first retry.")
    max_tries = models.PositiveSmallIntegerField(default=1, help_text="How often this request may ring in all.")

    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    dialed_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    line_ended_at = models.DateTimeField(null=True, blank=True, help_text="When the carrier said the line was down.")
    ended_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(
        null=True, blank=True, help_text="When the process that holds the conversation last said so."
    )
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the carrier was last asked about the line.")

    carrier_sid = models.CharField(max_length=34, blank=True, db_index=True)
    stream_sid = models.CharField(max_length=34, blank=True, help_text="Set once: a stream's token serves once.")
    answered_by = models.CharField(max_length=30, blank=True, help_text="Who picked up, by the carrier's detection.")
    questions = models.JSONField(default=list, blank=True, help_text="The keys of the facts it set out to ask.")
    reflection = models.CharField(max_length=20, blank=True, help_text="What the model made of the call.")
    needs_review = models.BooleanField(default=False)
    review_reason = models.CharField(max_length=200, blank=True)
    review_state = models.CharField(max_length=10, blank=True, choices=choices(ReviewState))
    review_due_at = models.DateTimeField(null=True, blank=True, help_text="Since when it waits for a reviewer.")
    final_status = models.CharField(
        max_length=20, blank=True, choices=choices(Status), help_text="What the reviewers held it to be."
    )
    listened_until = models.DateTimeField(null=True, blank=True, help_text="Somebody listens in, until then at least.")
    usage = models.JSONField(default=dict, blank=True)
    recording = models.CharField(max_length=200, blank=True, help_text="Path below the recordings folder.")
    requested_by = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="calls")
    requested_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    profile = models.ForeignKey(
        Profile, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: the settings'."
    )
    campaign = models.ForeignKey(Campaign, null=True, blank=True, on_delete=models.PROTECT, related_name="calls")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["stage", "due_at"], name="call_due"),
            # What a dispatch counts and compares: the calls on the line, the calls to one number, the latest endings.
            models.Index(fields=["campaign"], name="call_live_of_campaign", condition=~Q(stage=Stage.ENDED)),
            models.Index(fields=["from_number"], name="call_live_of_caller", condition=~Q(stage=Stage.ENDED)),
            models.Index(fields=["to_number", "claimed_at"], name="call_to_number"),
            models.Index(
                fields=["campaign", "-ended_at"], name="call_of_campaign", condition=Q(campaign__isnull=False)
            ),
            models.Index(
                fields=["campaign", "-claimed_at"],
                name="call_claimed_of_campaign",
                condition=Q(campaign__isnull=False),
            ),
            models.Index(fields=["status", "-id"], name="call_by_status"),
            models.Index(fields=["end_reason", "-created_at"], name="call_by_end_reason"),
            models.Index(fields=["script", "-created_at"], name="call_by_script"),
            models.Index(fields=["to_number", "-created_at"], name="call_by_number"),
            models.Index(
                fields=["final_status", "-created_at"], name="call_by_final_status", condition=~Q(final_status="")
            ),
            models.Index(
                fields=["campaign", "-created_at"], name="call_by_campaign", condition=Q(campaign__isnull=False)
            ),
            models.Index(fields=["review_due_at", "id"], name="call_to_review", condition=Q(review_state__in=OPEN)),
            models.Index(fields=["id"], name="call_flagged", condition=Q(needs_review=True)),
            models.Index(fields=["id"], name="call_live", condition=~Q(stage=Stage.ENDED)),
            # The dashboard's counts are read from this index alone.
            models.Index(fields=["created_at", "status", "end_reason"], name="call_by_day"),
        ]
        permissions = [
            ("review_call", "Can review calls"),
            ("settle_escalated_call", "Can review escalated calls"),
            ("hear_recording", "Can hear recordings"),
            ("listen_live", "Can watch and hear live calls"),
            ("end_live_call", "Can end live calls"),
            ("export_call", "Can export calls and evidence"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["verification", "attempt"], name="call_attempt_once"),
            models.UniqueConstraint(
                fields=["verification"], condition=~Q(stage=Stage.ENDED), name="call_one_live_per_verification"
            ),
            models.UniqueConstraint(fields=["carrier_sid"], condition=~Q(carrier_sid=""), name="call_carrier_sid_once"),
            models.CheckConstraint(
                condition=(
                    Q(stage=Stage.ENDED, ended_at__isnull=False) & ~Q(status=Status.IN_PROGRESS) & ~Q(end_reason="")
                )
                | (~Q(stage=Stage.ENDED) & Q(status=Status.IN_PROGRESS, end_reason="", ended_at__isnull=True)),
                name="call_ends_with_status_and_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Call {self.pk}"


class CallEvent(models.Model):
    """Append-only history of a call. `detail` holds codes and numbers, never a fact of the person."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=50)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.kind


class Turn(models.Model):
    """One line of the transcript; times are ms of the call's audio."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="turns")
    item_id = models.CharField(max_length=100)
    speaker = models.CharField(max_length=10, choices=[("agent", "agent"), ("caller", "caller")])
    text = models.TextField()
    start_ms = models.PositiveIntegerField()
    end_ms = models.PositiveIntegerField()
    interrupted = models.BooleanField(default=False)

    class Meta:
        ordering = ["start_ms", "id"]
        constraints = [models.UniqueConstraint(fields=["call", "item_id"], name="turn_item_once")]

    def __str__(self) -> str:
        return f"{self.speaker} at {self.start_ms} ms"


class Answer(models.Model):
    """The evidence for one question: what was heard, and what the server made of it."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="answers")
    question_id = models.CharField(max_length=10)
    key = models.CharField(max_length=100)
    asked = models.TextField()
    heard = models.TextField(blank=True)
    value = models.TextField(blank=True)
    verdict = models.CharField(
        max_length=10, choices=[(verdict, verdict) for verdict in ("match", "mismatch", "refused", "unclear")]
    )
    method = models.CharField(max_length=50, blank=True)
    score = models.FloatField(default=0)
    start_ms = models.PositiveIntegerField(default=0)
    end_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.verdict}"
