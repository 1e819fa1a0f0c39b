"""A campaign's pages beside its form: watching it, moving it, giving it people, taking its results."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from calls.admin.base import staff_of
from calls.campaign_states import MOVES, CampaignState
from calls.models import Campaign, CampaignUpload
from calls.services.campaign_export import results_csv, results_workbook, template_csv, template_workbook
from calls.services.campaign_figures import campaign_figures
from calls.services.campaign_import import bad_rows_path, upload_check, upload_import
from calls.services.campaigns import campaign_cancel, campaign_pause, campaign_schedule, campaign_start
from calls.services.do_not_call import do_not_call_import
from calls.services.errors import Refused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BUTTONS = (
    ("start", "Start", (CampaignState.DRAFT, CampaignState.SCHEDULED), True),
    ("schedule", "Start at its time", MOVES[CampaignState.SCHEDULED], False),
    ("pause", "Pause", MOVES[CampaignState.PAUSED], True),
    ("resume", "Resume", (CampaignState.PAUSED,), True),
    ("cancel", "Cancel for good", MOVES[CampaignState.CANCELED], False),
)


def urls(site: AdminSite) -> list[URLPattern]:
    def page(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
        return path(route, site.admin_view(view), name=f"calls_campaign_{name}")

    context = site.each_context
    return [
        page("<int:pk>/watch/", lambda request, pk: watch(request, pk, context(request)), "watch"),
        page("<int:pk>/move/<slug:name>/", require_POST(move), "move"),
        page("<int:pk>/people/", lambda request, pk: people(request, pk, context(request)), "people"),
        page(
            "<int:pk>/people/<int:upload>/",
            lambda request, pk, upload: preview(request, pk, upload, context(request)),
            "preview",
        ),
        page("<int:pk>/people/<int:upload>/import/", require_POST(take_in), "import"),
        page("<int:pk>/people/<int:upload>/bad-rows/", require_safe(bad_rows), "bad_rows"),
        page("<int:pk>/results.<slug:kind>", require_safe(results), "results"),
        page("template.<slug:kind>", require_safe(template), "template"),
    ]


def to_people(pk: int) -> HttpResponse:
    return redirect("admin:calls_campaign_people", pk)


@require_safe
def watch(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    campaign = _campaign(request, pk, "calls.view_campaign")
    figures = campaign_figures(campaign=campaign, now=timezone.now())
    moves = [
        {"name": name, "title": title, "states": states, "when": " ".join(states), "primary": primary}
        for name, title, states, primary in _BUTTONS
        if request.user.has_perm("calls.run_campaign")
    ]
    page = {**context, **figures, "title": campaign.name, "moves": moves}
    return TemplateResponse(request, "admin/calls/campaign/watch.html", page)


def move(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    campaign, now = _campaign(request, pk, "calls.run_campaign"), timezone.now()
    because = f"by {staff_of(request).get_username()}"
    acts: dict[str, Callable[[], bool]] = {
        "start": lambda: campaign_start(campaign=campaign, now=now),
        "resume": lambda: campaign_start(campaign=campaign, now=now),
        "schedule": lambda: campaign_schedule(campaign=campaign, now=now),
        "pause": lambda: campaign_pause(campaign=campaign, now=now, because=because),
        "cancel": lambda: campaign_cancel(campaign=campaign, now=now, because=because),
    }
    try:
        if name in acts and not acts[name]():
            messages.warning(request, f"The campaign is {campaign.state}: nothing was changed.")
    except Refused as refused:
        _tell(request, refused)
    return redirect("admin:calls_campaign_watch", pk)


def people(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    campaign = _campaign(request, pk, "calls.change_campaign")
    file = request.FILES.get("file")
    if request.method == "POST" and file is not None:
        again = request.POST.get("again") == "yes"
        try:
            upload = upload_check(
                campaign=campaign,
                file=file,  # type: ignore[arg-type]  # Django's file reads like any other
                name=file.name or "list",
                now=timezone.now(),
                created_by=staff_of(request),
                again=again,
            )
        except Refused as refused:
            _tell(request, refused)
        else:
            return redirect("admin:calls_campaign_preview", pk, upload.pk)
    return _people_page(request, campaign, None, context)


@require_safe
def preview(request: HttpRequest, pk: int, upload: int, context: dict[str, Any]) -> HttpResponse:
    campaign = _campaign(request, pk, "calls.change_campaign")
    return _people_page(request, campaign, get_object_or_404(campaign.uploads, pk=upload), context)


def _people_page(
    request: HttpRequest, campaign: Campaign, upload: CampaignUpload | None, context: dict[str, Any]
) -> HttpResponse:
    page = {**context, "title": f"{campaign.name}: people", "campaign": campaign, "upload": upload}
    return TemplateResponse(request, "admin/calls/campaign/people.html", page)


def take_in(request: HttpRequest, pk: int, upload: int) -> HttpResponse:
    campaign = _campaign(request, pk, "calls.change_campaign")
    added = upload_import(upload=get_object_or_404(campaign.uploads, pk=upload), now=timezone.now())
    messages.success(request, f"{added} people were added.")
    return redirect("admin:calls_campaign_watch", pk)


def bad_rows(request: HttpRequest, pk: int, upload: int) -> HttpResponseBase:
    campaign = _campaign(request, pk, "calls.change_campaign")
    path = bad_rows_path(get_object_or_404(campaign.uploads, pk=upload))
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"campaign-{pk}-bad-rows.csv")


def results(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    campaign = _campaign(request, pk, "calls.view_campaign")
    if not request.user.has_perm("calls.export_call"):
        raise PermissionDenied
    name = f"campaign-{pk}-results.{kind}"
    if kind == "xlsx":
        return _workbook(name, lambda path: results_workbook(campaign=campaign, with_numbers=False, path=path))
    response = StreamingHttpResponse(results_csv(campaign=campaign, with_numbers=False), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def template(request: HttpRequest, kind: str) -> HttpResponseBase:
    if kind == "xlsx":
        return _workbook("people.xlsx", template_workbook)
    response = HttpResponse(template_csv(), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="people.csv"'
    return response


def _workbook(name: str, write: Callable[[Path], None]) -> HttpResponseBase:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        # Opened before the folder goes: the open file stays readable.
        return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=XLSX)


def do_not_call_list(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """GET shows the form, POST takes in a CSV with the column phone."""
    file = request.FILES.get("file")
    if request.method != "POST" or file is None:
        page = {**context, "title": "Import numbers that are not to be called"}
        return TemplateResponse(request, "admin/calls/campaign/do_not_call.html", page)
    try:
        count, problems = do_not_call_import(lines=file.read().decode("utf-8-sig").splitlines())
        messages.success(request, f"{count} numbers were read.")
        for problem in problems[:20]:
            messages.warning(request, problem)
    except UnicodeDecodeError:
        messages.error(request, "The file is not UTF-8.")
    except Refused as refused:
        _tell(request, refused)
    return redirect("admin:calls_donotcall_changelist")


def _campaign(request: HttpRequest, pk: int, permission: str) -> Campaign:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    return get_object_or_404(Campaign, pk=pk)


def _tell(request: HttpRequest, refused: Refused) -> None:
    messages.error(
        request, " ".join([refused.message, *(f"{field}: {text}" for field, text in refused.fields.items())])
    )
