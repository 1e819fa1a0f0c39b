"""Scripts: what the agent is to say and ask."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q


class Script(models.Model):
    """What the agent is to say and ask. A version never changes: an edit makes the next one, a call keeps its own."""

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    company = models.CharField(max_length=200, help_text="Named only after the person has confirmed who they are.")
    purpose = models.TextField(help_text="Why the call is made, for the agent. No fact of the person belongs here.")
    disclosure = models.TextField(
        default="Hello, this is an automated assistant calling on a recorded line.",
        help_text="The first sentence of every call.",
    )
    closing = models.TextField(default="Thank you. That is all I needed today. Goodbye.")
    voice = models.CharField(max_length=50, default="marin")
    language = models.CharField(max_length=10, default="en")
    model = models.CharField(max_length=100, default="gpt-realtime-2.1")
    transcription_model = models.CharField(max_length=100, default="gpt-transcribe")
    profile = models.CharField(
        max_length=100, blank=True, help_text="The voice provider, by its profile's name. Blank: the default."
    )
    questions_to_ask = models.PositiveSmallIntegerField(default=2)
    matches_required = models.PositiveSmallIntegerField(default=2)
    tries_per_question = models.PositiveSmallIntegerField(default=2)
    wordings = models.JSONField(
        default=dict, blank=True, help_text='How to ask for a fact, by its key: {"employer": "Whom do you work for?"}'
    )
    never_together = models.JSONField(
        default=list, blank=True, help_text='Facts of which a call asks one at most: [["employer", "job_title"], …]'
    )
    ring_timeout_s = models.PositiveSmallIntegerField(default=30)
    time_limit_s = models.PositiveSmallIntegerField(default=600)
    silence_s = models.PositiveSmallIntegerField(default=10, help_text="Silence after which the agent asks once.")
    max_tries = models.PositiveSmallIntegerField(
        default=1, help_text="How often a person is rung for one request, until the call is conclusive."
    )
    machine_detection = models.BooleanField(
        default=False, help_text="Have the carrier tell beside the call whether a machine answered (it costs extra)."
    )
    voicemail_message = models.TextField(
        blank=True, help_text="Left after a voicemail's greeting. Anybody may hear it. Blank: hang up."
    )
    screening_reply = models.TextField(
        blank=True, help_text="Said to a call screener, which then may put the person through. Blank: hang up."
    )
    review_share = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(100)],
        help_text="Of the calls that are not flagged, how many in a hundred a reviewer shall see.",
    )
    four_eyes = models.BooleanField(default=False, help_text="Every review takes two people.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="script_version_once"),
            models.CheckConstraint(
                condition=Q(matches_required__gte=1) & Q(matches_required__lte=F("questions_to_ask")),
                name="script_matches_within_questions",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
