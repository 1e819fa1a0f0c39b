"""What calls cost: dated prices, each call's cost, budgets, and credits held for calls in progress.

Money is in micros, millionths of the currency (USD unless your prices say otherwise): whole numbers add up exactly.
"""

from django.db import models
from django.db.models import Q

from calls.models.api_keys import ApiKey
from calls.models.calls import Call


class PriceTable(models.Model):
    """Prices from a day on. An edit makes the prices of later calls; what a call cost is never counted anew."""

    effective_from = models.DateField(unique=True)
    note = models.CharField(max_length=200, blank=True, help_text="Where the prices come from.")
    prices = models.JSONField(help_text="As calls/prices.py lays them out.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-effective_from"]

    def __str__(self) -> str:
        return f"from {self.effective_from}"


class CallCost(models.Model):
    """What one call cost, by the prices of its day. Written once, when the call ends."""

    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="cost", primary_key=True)
    key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    day = models.DateField()
    minutes = models.PositiveIntegerField(default=0, help_text="Billed minutes of the line, each begun one whole.")
    model_micros = models.BigIntegerField(default=0)
    transcription_micros = models.BigIntegerField(default=0)
    carrier_micros = models.BigIntegerField(default=0)
    total_micros = models.BigIntegerField(default=0)
    unpriced = models.CharField(max_length=200, blank=True, help_text="What had no price, and so counts as nothing.")

    class Meta:
        ordering = ["-day"]
        indexes = [models.Index(fields=["day", "key"], name="cost_by_day")]

    def __str__(self) -> str:
        return f"{self.total_micros / 1e6:.4f}"


class Budget(models.Model):
    """How much may be spent in a day or a month, by one key or by all. Past `soft` staff are warned; past `hard` new
    calls are refused, and those on the line go on."""

    key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.CASCADE, related_name="budgets", help_text="Empty: overall."
    )
    period = models.CharField(max_length=5, choices=[("day", "day"), ("month", "month")], default="month")
    soft_micros = models.BigIntegerField(null=True, blank=True)
    hard_micros = models.BigIntegerField(null=True, blank=True)
    begun_on = models.DateField(help_text="First day of the period that `spent_micros` counts.")
    spent_micros = models.BigIntegerField(default=0)
    warned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "period"], name="budget_once"),
            models.UniqueConstraint(fields=["period"], condition=Q(key=None), name="budget_overall_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key or 'overall'} a {self.period}"


class CreditHold(models.Model):
    """Credits taken from a key for one call. Settled once: kept, or given back."""

    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="credit_hold", primary_key=True)
    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="holds")
    credits = models.PositiveIntegerField()
    charged = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["key"], condition=Q(settled_at=None), name="holds_open")]

    def __str__(self) -> str:
        return f"{self.credits} for call {self.call_id}"
