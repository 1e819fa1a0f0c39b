"""Campaigns: making, changing, and the moves of their life. Each move is one compare-and-set UPDATE."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.forms.models import model_to_dict

from calls.campaign_states import MOVES, OPEN, UNSETTLED, CampaignState, MemberState
from calls.lifecycle import EndReason
from calls.models import Campaign, CampaignMember, Script
from calls.retries import CALL_LATER
from calls.services import happenings
from calls.services.campaign_log import decision_add
from calls.services.campaign_windows import opening_for
from calls.services.errors import Refused
from calls.services.numbers import to_e164
from calls.services.profiles import profile_problem
from calls.services.texts import line_problem
from calls.windows import hours_read, is_country

FIELDS = (
    *(
        "name",
        "script_name",
        "profile",
        "starts_at",
        "from_number",
        "hours",
        "first_day",
        "last_day",
        "holidays",
        "closed_days",
    ),
    *("calls_per_second", "max_concurrent", "max_attempts", "ladder", "per_person_day", "per_person_week"),
    *("cap_micros", "day_cap_micros", "reserve_micros", "breaker_share", "breaker_calls", "breaker_minutes"),
)
"""What staff may set. Also while it runs: the next dial goes by it."""

LIMITS: dict[str, tuple[float, float]] = {
    "calls_per_second": (0.01, 500),
    "max_concurrent": (1, 10_000),
    "max_attempts": (1, 20),
    "per_person_day": (0, 50),
    "per_person_week": (0, 200),
    "reserve_micros": (0, 10**9),
    "breaker_share": (0.05, 1),
    "breaker_calls": (2, 200),
    "breaker_minutes": (1, 60),
}


def campaign_create(*, created_by: User | None = None, **fields: Any) -> Campaign:
    """A draft. Raises Refused("validation_error") with every wrong field at once."""
    campaign = Campaign(created_by=created_by, **fields)
    _check(campaign)
    campaign.save()
    return campaign


def campaign_edit(*, campaign: Campaign, now: datetime, **fields: Any) -> Campaign:
    """Change what FIELDS names. A changed window moves everybody who waits to their next opening."""
    before = campaign_content(campaign)
    for field, value in fields.items():
        setattr(campaign, field, value)
    _check(campaign)
    changed = [field for field, value in campaign_content(campaign).items() if value != before[field]]
    if changed:
        campaign.save(update_fields=changed)
        decision_add(campaign_id=campaign.pk, kind="changed", text=", ".join(changed), now=now, people=0)
    if {"hours", "first_day", "last_day", "holidays", "closed_days"} & set(changed):
        _spread(campaign, now=now)
    return campaign


def campaign_content(campaign: Campaign) -> dict[str, Any]:
    return model_to_dict(campaign, fields=FIELDS)


def campaign_schedule(*, campaign: Campaign, now: datetime) -> bool:
    """Begin by itself at `starts_at`. False where it is not a draft."""
    _refuse_empty(campaign)
    if campaign.starts_at is None:
        raise Refused("no_start", "The campaign has no time to start at.", {"starts_at": "is required to schedule it"})
    return _move(campaign, to=CampaignState.SCHEDULED, now=now, because=f"for {campaign.starts_at:%Y-%m-%d %H:%M} UTC")


def campaign_start(*, campaign: Campaign, now: datetime) -> bool:
    """Begin, or go on after a pause. False where it is neither a draft, scheduled nor paused."""
    _refuse_empty(campaign)
    moved = _move(campaign, to=CampaignState.RUNNING, now=now, running_since=now, alert_pending=False)
    if moved:
        _spread(campaign, now=now)
    return moved


def campaign_pause(*, campaign: Campaign, now: datetime, because: str) -> bool:
    """No new dial from now on; the calls on the line go on. False where it does not run."""
    return _move(campaign, to=CampaignState.PAUSED, now=now, because=because)


def campaign_cancel(*, campaign: Campaign, now: datetime, because: str) -> bool:
    """End it for good: who waits will not be called. The calls on the line go on, and their outcomes are kept."""
    with transaction.atomic():
        moved = _move(campaign, to=CampaignState.CANCELED, now=now, because=because, ended_at=now)
        if moved:
            waiting = CampaignMember.objects.filter(campaign=campaign, state__in=OPEN)
            waiting.update(state=MemberState.CANCELED, ended_at=now, because="the campaign was canceled")
    return moved


def campaign_complete(*, campaign: Campaign, now: datetime) -> bool:
    """The last person has an outcome. False where somebody has none, or it does not run."""
    if CampaignMember.objects.filter(campaign=campaign, state__in=UNSETTLED).exists():
        return False
    with transaction.atomic():
        because = "everybody has an outcome"
        completed = _move(campaign, to=CampaignState.COMPLETED, now=now, because=because, ended_at=now)
        if completed:
            happenings.campaign_completed(campaign=campaign, now=now)
    return completed


def _move(campaign: Campaign, *, to: CampaignState, now: datetime, because: str = "", **change: Any) -> bool:
    with transaction.atomic():
        movable = Campaign.objects.filter(pk=campaign.pk, state__in=MOVES[to])
        moved = movable.update(state=to, state_because=because[:300], **change)
        if moved:
            decision_add(campaign_id=campaign.pk, kind=to, text=because, now=now, people=0)
    campaign.refresh_from_db()
    return bool(moved)


def _refuse_empty(campaign: Campaign) -> None:
    if not CampaignMember.objects.filter(campaign=campaign).exists():
        raise Refused("no_people", "The campaign has nobody on its list.", {"people": "import a file first"})


def _spread(campaign: Campaign, *, now: datetime) -> None:
    """Set everybody who waits to their next opening: a few UPDATEs for each time zone, so that a dispatch only ever
    reads people who may be called. A retry's later time stands."""
    waiting = CampaignMember.objects.filter(campaign=campaign, state__in=OPEN)
    for zones in list(waiting.order_by().values_list("zones", flat=True).distinct()):
        there = waiting.filter(zones=zones)
        found = opening_for(campaign, zones=zones, now=now)
        at = found.at or now  # With no opening at all, a worker says so to each.
        if at == now:
            there.filter(attempts=0, next_at__gt=now).update(next_at=now)
            continue
        is_early = Q(attempts=0) & ~Q(next_at=at) | Q(next_at__lt=at)
        deferred = there.filter(is_early).update(next_at=at, because=found.because[:200])
        if deferred:
            text = f"deferred: {found.because}"
            decision_add(campaign_id=campaign.pk, kind="deferred", text=text, now=now, people=deferred)


def campaign_problems(campaign: Campaign) -> dict[str, str]:
    """What is wrong with its settings, by field. Writes its caller number as E.164."""
    rules: dict[str, Callable[[], str]] = {
        "name": lambda: line_problem(campaign.name, limit=200) if campaign.name.strip() else "is required",
        "script_name": lambda: _script_problem(campaign.script_name),
        "profile": lambda: profile_problem(campaign.profile),
        "from_number": lambda: _number_problem(campaign),
        "hours": lambda: _hours_problem(campaign.hours),
        "holidays": lambda: "no holidays are known for it" if not _is_known_country(campaign.holidays) else "",
        "closed_days": lambda: _days_problem(campaign.closed_days),
        "last_day": lambda: _dates_problem(campaign),
        "ladder": lambda: _ladder_problem(campaign.ladder),
        "cap_micros": lambda: _money_problem(campaign.cap_micros),
        "day_cap_micros": lambda: _money_problem(campaign.day_cap_micros),
        **{field: lambda field=field: _limit_problem(campaign, field) for field in LIMITS},  # type: ignore[misc]
    }
    return {field: problem for field, rule in rules.items() if (problem := rule())}


def _check(campaign: Campaign) -> None:
    if problems := campaign_problems(campaign):
        raise Refused("validation_error", "The campaign was not kept: see fields.", problems)


def _limit_problem(campaign: Campaign, field: str) -> str:
    least, most = LIMITS[field]
    return "" if least <= getattr(campaign, field) <= most else f"must be from {least:g} to {most:g}"


def _script_problem(name: str) -> str:
    is_there = name == "default" or Script.objects.filter(name=name).exists()
    return "" if is_there else "no script has this name; publish it first"


def _number_problem(campaign: Campaign) -> str:
    if not campaign.from_number:
        return ""
    try:
        campaign.from_number = to_e164(campaign.from_number, region=settings.DEFAULT_REGION)
    except ValueError as problem:
        return str(problem)
    return ""


def _hours_problem(hours: object) -> str:
    try:
        spans = hours_read(hours) if isinstance(hours, dict) else ()
    except ValueError as problem:
        return str(problem)
    return "" if any(spans) else "no day has hours, so nobody could ever be called"


def _is_known_country(code: str) -> bool:
    return not code or is_country(code)


def _days_problem(days: object) -> str:
    try:
        for day in days if isinstance(days, list) else [days]:
            date.fromisoformat(str(day))
    except (ValueError, TypeError):
        return 'must be a list of dates: ["2026-12-24"]'
    return ""


def _dates_problem(campaign: Campaign) -> str:
    is_reversed = campaign.first_day and campaign.last_day and campaign.last_day < campaign.first_day
    return "must not be before first_day" if is_reversed else ""


def _ladder_problem(ladder: object) -> str:
    endings = {*(reason.value for reason in EndReason), CALL_LATER}
    never = {EndReason.OPTED_OUT, EndReason.COMPLETED, EndReason.INVALID_NUMBER}
    if not isinstance(ladder, dict) or set(ladder) - endings:
        return 'must be minutes by end reason: {"busy": [5, 60]}'
    if found := never & {ending for ending, minutes in ladder.items() if minutes}:
        return f"{min(found)} is never called again"
    for ending, minutes in ladder.items():
        if not isinstance(minutes, list) or not all(type(one) is int and 1 <= one <= 20_160 for one in minutes):
            return f"{ending}: must be a list of minutes, from 1 to 20160"
    return ""


def _money_problem(micros: int | None) -> str:
    return "must be above 0" if micros is not None and micros <= 0 else ""
