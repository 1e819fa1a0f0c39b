"""Keys of the API, and the requests made with an Idempotency-Key."""

from django.conf import settings
from django.db import models
from django.db.models import Q


def usual_scopes() -> list[str]:
    return ["call", "read", "campaign"]


class ApiKey(models.Model):
    """A key of the API. Only its SHA-256 is kept: it is random and long, so a slow hash would add nothing."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(
        default=usual_scopes, help_text="Of call, read, campaign and admin, as a list. admin includes the others."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    rate_per_minute = models.PositiveIntegerField(default=600, help_text="Requests a minute; 0 for no limit.")
    credits = models.BigIntegerField(
        null=True, blank=True, help_text="Calls that it may still make. Empty: they are not counted."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(credits=None) | Q(credits__gte=0), name="api_key_credits_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class IdempotentRequest(models.Model):
    """A request that was sent with an Idempotency-Key: what it asked, and what it was answered.

    `status` is 0 until the work is done, in the same transaction as the work; `answered_at` is set when the answer is
    final. `token` names the attempt that may write.
    """

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, address and body.")
    token = models.CharField(max_length=32)
    claimed_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "idempotency_key"], name="idempotent_request_once")]
        indexes = [models.Index(fields=["claimed_at"], name="idempotent_by_time")]

    def __str__(self) -> str:
        return f"{self.pk}: {self.status}"
