"""Ways to a voice provider, and the lender's own endpoint that a script asks when a call is answered."""

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q


class Profile(models.Model):
    """How to reach a voice provider. A call keeps the profile it ran with."""

    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(
        max_length=500,
        default="wss://api.openai.com/v1/realtime",
        help_text="For Azure: wss://RESOURCE.openai.azure.com/openai/v1/realtime",
    )
    key = models.TextField(help_text="Encrypted; never shown again.")
    dialect = models.CharField(max_length=10, default="ga", choices=[("ga", "ga"), ("beta", "beta")])
    model = models.CharField(max_length=100, blank=True, help_text="Empty: the script's. For Azure: the deployment.")
    voice = models.CharField(max_length=50, blank=True, help_text="Empty: the script's.")
    project = models.CharField(max_length=100, blank=True, help_text="The provider's name for it, for your own use.")
    environment = models.CharField(
        max_length=10, default="production", choices=[("test", "test"), ("production", "production")]
    )
    prices = models.JSONField(
        default=dict, blank=True, help_text='Prices of its own by model, {"my-model": {"audio_in": 32, …}}.'
    )
    is_default = models.BooleanField(default=False, help_text="Used where neither call nor script names a profile.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="profile_one_default")
        ]

    def __str__(self) -> str:
        return self.name


class CallHook(models.Model):
    """CallStart: a lender's endpoint that is asked for this call's instructions once the person has answered."""

    script_name = models.CharField(max_length=100, unique=True)
    url = models.CharField(max_length=500, validators=[URLValidator(schemes=["http", "https"])])
    secret = models.TextField(help_text="Signs the request; encrypted.")
    timeout_ms = models.PositiveIntegerField(default=2000, help_text="The person is on the line and waiting.")
    allow_private = models.BooleanField(default=False, help_text="Addresses of your own network may be called.")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["script_name"]

    def __str__(self) -> str:
        return self.script_name
