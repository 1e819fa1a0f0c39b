"""The API's campaigns and do-not-call list: parse, authorise, one service call, render."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import File, Form, Query, Router, Status, UploadedFile

from calls.api_auth import keys
from calls.api_campaign_shapes import AgainIn, CampaignIn, CampaignOut, DoNotCallIn, Listed, PageIn, UploadOut
from calls.api_errors import Error
from calls.api_idempotency import DOCUMENTED, once
from calls.models import Campaign, CampaignUpload
from calls.services.campaign_export import results_csv
from calls.services.campaign_import import upload_check, upload_import
from calls.services.campaigns import (
    campaign_cancel,
    campaign_create,
    campaign_pause,
    campaign_schedule,
    campaign_start,
)
from calls.services.do_not_call import do_not_call_add, is_barred
from calls.services.errors import Refused

READ: dict[Any, Any] = {(401, 403, 404, 422, 429): Error}
WRITE: dict[Any, Any] = {(400, 401, 403, 404, 409, 413, 415, 422, 429): Error}
MOVE: dict[str, Any] = {
    "auth": keys("campaign"),
    "response": {200: CampaignOut, **WRITE},
    "openapi_extra": DOCUMENTED,
}
router = Router(tags=["campaigns"])


@router.post(
    "/campaigns",
    auth=keys("campaign"),
    response={201: CampaignOut, **WRITE},
    openapi_extra=DOCUMENTED,
    summary="Make a campaign, as a draft",
)
def create_campaign(request: HttpRequest, body: CampaignIn) -> Any:
    """Then give it people, import them, and start it."""
    fields = body.model_dump(exclude={"script", "cap", "day_cap", "hours", "closed_days"})
    fields |= {"script_name": body.script, "closed_days": [day.isoformat() for day in body.closed_days]}
    fields |= {f"{name}_micros": _micros(getattr(body, name)) for name in ("cap", "day_cap")}
    if body.hours is not None:
        fields["hours"] = body.hours
    return once(request, 201, lambda: CampaignOut.of(campaign_create(**fields)))


@router.get("/campaigns", response={200: list[CampaignOut], **READ}, summary="List campaigns, newest first")
def list_campaigns(request: HttpRequest, page: Query[PageIn]) -> list[CampaignOut]:
    """For the next page send the last id as `after`."""
    rows = Campaign.objects.order_by("-pk")
    rows = rows.filter(pk__lt=page.after) if page.after else rows
    return [CampaignOut.of(campaign) for campaign in rows[: page.limit]]


@router.get("/campaigns/{int:campaign_id}", response={200: CampaignOut, **READ}, summary="Follow a campaign")
def read_campaign(request: HttpRequest, campaign_id: int) -> CampaignOut:
    """Counts by the people's states and by what came of their last calls."""
    return CampaignOut.of(_campaign(campaign_id))


@router.post(
    "/campaigns/{int:campaign_id}/people",
    auth=keys("campaign"),
    response={201: UploadOut, **WRITE},
    summary="Check a list",
)
def check_people(
    request: HttpRequest,
    campaign_id: int,
    choice: Form[AgainIn],
    file: File[UploadedFile],
) -> Status[UploadOut]:
    """CSV or XLSX as multipart form data. Says what is wrong by row and column; nobody is added yet."""
    upload = upload_check(
        campaign=_campaign(campaign_id),
        file=file,  # type: ignore[arg-type]  # Django's file reads like any other
        name=file.name or "list",
        now=timezone.now(),
        again=choice.again,
    )
    return Status(201, UploadOut.of(upload))


@router.post(
    "/campaigns/{int:campaign_id}/people/{int:upload_id}/import",
    auth=keys("campaign"),
    response={200: UploadOut, **WRITE},
    summary="Add the good rows of a checked list",
)
def import_people(request: HttpRequest, campaign_id: int, upload_id: int) -> UploadOut:
    """Safe to send again: a person is added once."""
    upload = CampaignUpload.objects.filter(pk=upload_id, campaign_id=campaign_id).first() or _missing(upload_id)
    upload_import(upload=upload, now=timezone.now())
    return UploadOut.of(upload)


@router.post(
    "/campaigns/{int:campaign_id}/start",
    **MOVE,
    summary="Start or resume",
)
def start_campaign(request: HttpRequest, campaign_id: int) -> Any:
    """A draft, a scheduled or a paused campaign begins to call; each person at hours of their own."""
    return _moved(request, campaign_id, lambda campaign, now: campaign_start(campaign=campaign, now=now))


@router.post(
    "/campaigns/{int:campaign_id}/schedule",
    **MOVE,
    summary="Start at its time",
)
def schedule_campaign(request: HttpRequest, campaign_id: int) -> Any:
    """It starts by itself at `starts_at`."""
    return _moved(request, campaign_id, lambda campaign, now: campaign_schedule(campaign=campaign, now=now))


@router.post(
    "/campaigns/{int:campaign_id}/pause",
    **MOVE,
    summary="Pause",
)
def pause_campaign(request: HttpRequest, campaign_id: int) -> Any:
    """No new call within two seconds; calls on the line go on."""
    return _moved(
        request, campaign_id, lambda campaign, now: campaign_pause(campaign=campaign, now=now, because="by the API")
    )


@router.post(
    "/campaigns/{int:campaign_id}/cancel",
    **MOVE,
    summary="End for good",
)
def cancel_campaign(request: HttpRequest, campaign_id: int) -> Any:
    """Who waits will not be called; calls on the line go on and their outcomes are kept."""
    return _moved(
        request, campaign_id, lambda campaign, now: campaign_cancel(campaign=campaign, now=now, because="by the API")
    )


@router.get("/campaigns/{int:campaign_id}/results.csv", response={**READ}, summary="A row in, an outcome out")
def campaign_results(request: HttpRequest, campaign_id: int) -> Any:
    """CSV in UTF-8, in the order of the list; its last line adds the rows up. Numbers are masked."""
    rows = results_csv(campaign=_campaign(campaign_id), with_numbers=False)
    return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")


@router.post(
    "/do-not-call",
    auth=keys("campaign"),
    response={201: Listed, **WRITE},
    tags=["do not call"],
    summary="Never ring a number",
)
def add_do_not_call(request: HttpRequest, body: DoNotCallIn) -> Status[Listed]:
    """No campaign and no request rings it from now on, until it expires."""
    expires_at = body.expires_at and _aware(body.expires_at)
    do_not_call_add(phone=body.phone, reason=body.reason, source="api", expires_at=expires_at)
    return Status(201, Listed(listed=True))


@router.get("/do-not-call/{phone}", response={200: Listed, **READ}, tags=["do not call"], summary="Is a number listed?")
def read_do_not_call(request: HttpRequest, phone: str) -> Listed:
    """`phone` in E.164."""
    return Listed(listed=is_barred(phone=phone, now=timezone.now()))


def _moved(request: HttpRequest, campaign_id: int, move: Callable[[Campaign, datetime], bool]) -> Any:
    def act() -> CampaignOut:
        campaign = _campaign(campaign_id)
        if not move(campaign, timezone.now()):
            raise Refused("conflict", f"The campaign is {campaign.state}.")
        return CampaignOut.of(campaign)

    return once(request, 200, act)


def _campaign(campaign_id: int) -> Campaign:
    return Campaign.objects.filter(pk=campaign_id).first() or _missing(campaign_id)


def _missing(key: int) -> NoReturn:
    raise Http404(f"There is no such thing as {key} here.")


def _micros(amount: float | None) -> int | None:
    return None if amount is None else round(amount * 1_000_000)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else timezone.make_aware(moment)
