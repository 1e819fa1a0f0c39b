"""Webhooks out: who is told, and what is still to be told to whom."""

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q


class WebhookEndpoint(models.Model):
    """An address of a customer's that is told of events, signed by the Standard Webhooks scheme."""

    url = models.CharField(max_length=500, validators=[URLValidator(schemes=["http", "https"])])
    description = models.CharField(max_length=200, blank=True)
    events = models.JSONField(default=list, blank=True, help_text='["call.ended", …]; empty for every event.')
    secret = models.TextField(help_text="Encrypted.")
    old_secret = models.TextField(blank=True, help_text="Signs beside the new one until `old_secret_until`.")
    old_secret_until = models.DateTimeField(null=True, blank=True)
    script_name = models.CharField(max_length=100, blank=True, help_text="Only calls of this script. Empty: all.")
    send_transcript = models.BooleanField(default=False, help_text="In call.summary. It holds what people said.")
    allow_private = models.BooleanField(default=False, help_text="Addresses of your own network may be called.")
    is_active = models.BooleanField(default=True)
    busy_until = models.DateTimeField(null=True, blank=True, help_text="One worker at a time delivers to it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.description or self.url


class WebhookDelivery(models.Model):
    """One event for one endpoint: the outbox. Written in the event's own transaction, delivered at least once."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=64, help_text="The same at every attempt: receivers deduplicate by it.")
    kind = models.CharField(max_length=50)
    body = models.TextField()
    state = models.CharField(
        max_length=10,
        default="pending",
        choices=[(state, state) for state in ("pending", "delivered", "dead")],
    )
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_text = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "message_id"], name="webhook_message_once")]
        indexes = [
            models.Index(fields=["endpoint", "due_at"], condition=Q(state="pending"), name="webhook_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"
