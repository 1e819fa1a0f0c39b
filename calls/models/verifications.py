"""Verifications: whom to call, about what."""

from django.conf import settings
from django.db import models

from calls.lifecycle import Status
from calls.models.choices import choices


class Verification(models.Model):
    """The job: whom to call, about what, and the facts to check."""

    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=20, blank=True, db_index=True, help_text="E.164: +15551234567")
    background = models.TextField(blank=True, help_text="For staff. Not told to the voice model.")
    facts = models.JSONField(default=dict, blank=True, help_text='{"date_of_birth": "1985-03-05", …}')
    external_id = models.CharField(max_length=100, blank=True, db_index=True)
    script_name = models.CharField(max_length=100, default="default")
    latest_status = models.CharField(
        max_length=20, blank=True, choices=choices(Status), help_text="Of its latest call; blank: never called."
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["latest_status", "-id"], name="verification_by_latest"),
            models.Index(fields=["script_name", "-id"], name="verification_by_script"),
        ]
        permissions = [("reveal_facts", "Can reveal facts")]

    def __str__(self) -> str:
        return f"{self.name} (#{self.pk})"


class PersonUnlock(models.Model):
    """A staff member let a locked person be called again: what failed before no longer counts. Append-only."""

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="unlocks")
    phone = models.CharField(max_length=20, blank=True, db_index=True)
    external_id = models.CharField(max_length=100, blank=True, db_index=True)
    unlocked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Unlock {self.pk}"
