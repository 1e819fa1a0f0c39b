"""Campaigns: whom to call when and how fast, the people on each list, and what was decided about them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from calls.campaign_states import OPEN, UNSETTLED, CampaignState, MemberState
from calls.lifecycle import EndReason, Status
from calls.models.choices import choices
from calls.models.verifications import Verification


def office_hours() -> dict[str, list[list[str]]]:
    return {day: [["09:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


class Campaign(models.Model):
    """A list of people to be called at hours of their own, at a pace, within a cap of money."""

    name = models.CharField(max_length=200)
    script_name = models.CharField(max_length=100, default="default")
    profile = models.CharField(
        max_length=100, blank=True, help_text="The voice provider, by its profile's name. Blank: the script's."
    )
    state = models.CharField(max_length=10, choices=choices(CampaignState), default=CampaignState.DRAFT)
    state_because = models.CharField(max_length=300, blank=True, help_text="Why it was paused or ended.")
    starts_at = models.DateTimeField(null=True, blank=True, help_text="When a scheduled campaign begins.")
    from_number = models.CharField(max_length=20, blank=True, help_text="Caller number. Blank: the server's.")

    hours = models.JSONField(
        default=office_hours, help_text='In the person\'s time zone: {"mon": [["09:00", "20:00"]], …}'
    )
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    holidays = models.CharField(
        max_length=10, blank=True, help_text="No calls on the public holidays of US, US-CA, DE-BY, … Blank: none."
    )
    closed_days = models.JSONField(default=list, blank=True, help_text='More days without calls: ["2026-12-24"]')

    calls_per_second = models.FloatField(default=1.0)
    max_concurrent = models.PositiveIntegerField(default=10, help_text="Calls on the line at once.")
    max_attempts = models.PositiveSmallIntegerField(default=3, help_text="How often one person is rung in all.")
    ladder = models.JSONField(
        default=dict, blank=True, help_text='Minutes until the next attempt, by end reason: {"busy": [5, 60]}'
    )
    per_person_day = models.PositiveSmallIntegerField(
        default=2, help_text="Calls to one number in 24 hours, over all campaigns."
    )
    per_person_week = models.PositiveSmallIntegerField(default=7, help_text="In 7 times 24 hours.")
    cap_micros = models.BigIntegerField(
        null=True, blank=True, help_text="Most to be spent, in millionths. Blank: no cap."
    )
    day_cap_micros = models.BigIntegerField(null=True, blank=True, help_text="Most to be spent in a day (UTC).")
    reserve_micros = models.BigIntegerField(
        default=500_000, help_text="Counted for each call on the line until its cost is known."
    )
    spent_micros = models.BigIntegerField(default=0)
    spent_today_micros = models.BigIntegerField(default=0)
    spent_on = models.DateField(null=True, blank=True, help_text="The day that `spent_today_micros` counts.")
    breaker_share = models.FloatField(default=0.5, help_text="Share of the last calls that pauses it when they failed.")
    breaker_calls = models.PositiveSmallIntegerField(default=20)
    breaker_minutes = models.PositiveSmallIntegerField(default=2)

    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    alert_pending = models.BooleanField(default=False, help_text="Staff are yet to be told that it paused itself.")
    running_since = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    served_at = models.DateTimeField(null=True, blank=True, help_text="When it last got people dialed: for fairness.")

    class Meta:
        ordering = ["-id"]
        permissions = [("run_campaign", "Can start, pause, resume and cancel campaigns")]

    def __str__(self) -> str:
        return self.name


class CampaignMember(models.Model):
    """One person on a campaign's list. Rows in are outcomes out: each ends in one state."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="members")
    verification = models.OneToOneField(Verification, on_delete=models.PROTECT, related_name="member")
    row_number = models.PositiveIntegerField(help_text="Of the file it came with.")
    phone = models.CharField(max_length=20)
    zones = models.CharField(max_length=400, blank=True, help_text="IANA names, comma-separated. Blank: unknown.")
    state = models.CharField(max_length=10, choices=choices(MemberState), default=MemberState.WAITING)
    next_at = models.DateTimeField(help_text="When it is to be looked at again.")
    attempts = models.PositiveSmallIntegerField(default=0)
    because = models.CharField(max_length=200, blank=True, help_text="The latest decision about it.")
    status = models.CharField(max_length=20, choices=choices(Status), blank=True, help_text="Of the latest call.")
    end_reason = models.CharField(max_length=30, choices=choices(EndReason), blank=True)
    last_call = models.ForeignKey("calls.Call", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            # What a dispatch reads: never more than the rows that are due.
            models.Index(fields=["campaign", "next_at", "id"], name="member_due", condition=Q(state__in=OPEN)),
            models.Index(fields=["campaign"], name="member_picked", condition=Q(state=MemberState.PICKED)),
            models.Index(fields=["campaign"], name="member_unsettled", condition=Q(state__in=UNSETTLED)),
            # What the live page counts.
            models.Index(fields=["campaign", "ended_at"], name="member_ended", condition=Q(ended_at__isnull=False)),
            models.Index(fields=["campaign", "state", "status", "end_reason"], name="member_counts"),
        ]
        constraints = [models.UniqueConstraint(fields=["campaign", "phone"], name="member_number_once")]

    def __str__(self) -> str:
        return f"row {self.row_number}"


class CampaignDecision(models.Model):
    """The log of decisions, the newest few thousand of each campaign."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="decisions")
    member = models.ForeignKey(CampaignMember, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, help_text="dialed, deferred, skipped, ended, or a state of the campaign.")
    text = models.CharField(max_length=300)
    people = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["campaign", "-id"], name="decision_latest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class CampaignUpload(models.Model):
    """A file given for a campaign: checked first, and its good rows taken in when somebody says so."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=200, help_text="Below the uploads folder.")
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the content.")
    rows = models.PositiveIntegerField(default=0)
    good_rows = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="The first of them: row, column, what is wrong.")
    problem_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    imported_at = models.DateTimeField(null=True, blank=True)
    people = models.PositiveIntegerField(default=0, help_text="How many it added.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class DoNotCall(models.Model):
    """A number that is not to be rung, by any campaign nor by request."""

    phone = models.CharField(max_length=20, unique=True)
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(
        max_length=10, choices=[(name, name) for name in ("person", "staff", "import", "api")], default="staff"
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Blank: never.")
    call = models.ForeignKey("calls.Call", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "do-not-call number"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"do not call #{self.pk}"


class Line(models.Model):
    """What all workers share of one pace: the account's, a caller number's, a campaign's. Locked while a dial is
    decided."""

    key = models.CharField(max_length=60, primary_key=True)
    free_at = models.DateTimeField(help_text="When the next dial may start.")

    def __str__(self) -> str:
        return self.key
