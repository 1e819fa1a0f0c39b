"""The API: parse, authorise, one service call, render. Its documentation is at /docs, its schema at /openapi.json."""

import time
import warnings
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any, NoReturn, TypeVar

from django.db import close_old_connections
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import NinjaAPI, Query, Router

from calls import api_inputs as inputs
from calls import api_outputs as outputs
from calls.api_auth import key_of, keys
from calls.api_campaigns import router as campaigns
from calls.api_errors import Error, JsonParser, Problem, install
from calls.api_idempotency import DOCUMENTED, once
from calls.lifecycle import Stage
from calls.models import Call, Script, Verification
from calls.services.calls import call_request
from calls.services.profiles import profile_named
from calls.services.scripts import script_current, script_publish
from calls.services.usage_report import report_rows
from calls.services.verifications import verification_create

POLL_S = 0.2
_waiters = BoundedSemaphore(16)
"""Each request that waits costs a thread and five looks a second in the process that also relays audio. Those beyond
this many are answered at once."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
READ: dict[Any, Any] = {(401, 403, 404, 422, 429): Error}
WRITE: dict[Any, Any] = {(400, 401, 403, 404, 409, 413, 415, 422, 429): Error}
_Row = TypeVar("_Row", bound=Model)


api = NinjaAPI(
    title="Highway",
    description="Outbound phone calls in which a voice model verifies a person's identity, and what came of them.",
    auth=keys("read"),
    parser=JsonParser(),
)
install(api)


@api.get("/", auth=None, response=outputs.Running, tags=["server"], summary="Is the server up?")
def running(request: HttpRequest) -> outputs.Running:
    """Open to everyone; answers as soon as the process serves requests."""
    return outputs.Running(message="Running")


@api.post(
    "/call-customer",
    response={202: outputs.CallReceipt, 402: Error, **WRITE},
    auth=keys("call"),
    openapi_extra=DOCUMENTED,
    tags=["calls"],
    summary="Call the person of a verification",
)
def call_customer(request: HttpRequest, body: inputs.CallIn, patience: Query[inputs.WaitIn]) -> Any:
    """The call is queued and dialled at once; follow it at `url`.

    With `?wait=SECONDS` the answer comes when the carrier has taken the call (`sid` is then set) or refused it, at the
    latest after that time; at once when many wait already. A verification has one call in progress at a time: a
    second request answers 409.
    """

    def act() -> outputs.CallReceipt:
        call = call_request(
            verification=_verification(body.verification),
            now=timezone.now(),
            to=body.to,
            other_number=body.other_number,
            requested_by=key_of(request),
            profile=profile_named(body.profile) if body.profile else None,
        )
        return outputs.CallReceipt.of(call)

    def afterwards(receipt: outputs.CallReceipt) -> outputs.CallReceipt:
        call = _once_dialed(receipt.call, patience.wait)
        return outputs.CallReceipt.of(call) if call else receipt

    return once(request, 202, act, afterwards)


def _once_dialed(call_id: int, seconds: float) -> Call | None:
    """The call as it stands when the carrier has it, when it has ended, or after `seconds`; None: not waited for."""
    call = None
    if not seconds or not _waiters.acquire(blocking=False):
        return call
    try:
        deadline = time.monotonic() + seconds
        while not (call and (call.carrier_sid or call.stage == Stage.ENDED)) and time.monotonic() < deadline:
            # Back to the pool between two looks: a waiting request must not keep a database connection from others.
            close_old_connections()
            time.sleep(POLL_S)
            call = Call.objects.get(pk=call_id)
        return call
    finally:
        _waiters.release()


@api.get("/calls", response={200: outputs.CallPage, **READ}, tags=["calls"], summary="List calls")
def list_calls(request: HttpRequest, filters: Query[inputs.CallFilter]) -> outputs.CallPage:
    """Newest first, by verification and status. For the next page send `next` as `after`."""
    calls = Call.objects.select_related("script")
    if filters.verification is not None:
        calls = calls.filter(verification_id=filters.verification)
    if filters.status is not None:
        calls = calls.filter(status=filters.status)
    rows, following = _page(calls, filters)
    return outputs.CallPage(items=[outputs.CallSummary.of(call) for call in rows], next=following)


@api.get("/calls/{int:call_id}", response={200: outputs.CallOut, **READ}, tags=["calls"], summary="Follow one call")
def read_call(request: HttpRequest, call_id: int) -> outputs.CallOut:
    """Stage, status and end reason, with the transcript, the history and the evidence so far."""
    call = Call.objects.select_related("script", "cost").filter(pk=call_id).first()
    return outputs.CallOut.of(call or _missing("call", call_id))


@api.post(
    "/verifications",
    response={201: outputs.VerificationOut, **WRITE},
    auth=keys("call"),
    openapi_extra=DOCUMENTED,
    tags=["verifications"],
    summary="Keep a person to be verified",
)
def create_verification(request: HttpRequest, body: inputs.VerificationIn) -> Any:
    """Whom to call, and the facts to check. The facts' values are never given out again, nor to the voice model."""
    fields = body.model_dump()
    script = fields.pop("script")
    return once(request, 201, lambda: outputs.VerificationOut.of(verification_create(script_name=script, **fields)))


@api.get(
    "/verifications",
    response={200: outputs.VerificationPage, **READ},
    tags=["verifications"],
    summary="List verifications",
)
def list_verifications(request: HttpRequest, filters: Query[inputs.VerificationFilter]) -> outputs.VerificationPage:
    """Newest first, by your own id. For the next page send `next` as `after`."""
    verifications = Verification.objects.all()
    if filters.external_id is not None:
        verifications = verifications.filter(external_id=filters.external_id)
    rows, following = _page(verifications, filters)
    return outputs.VerificationPage(items=[outputs.VerificationSummary.of(row) for row in rows], next=following)


@api.get(
    "/verifications/{int:verification_id}",
    response={200: outputs.VerificationOut, **READ},
    tags=["verifications"],
    summary="Read a verification and its calls",
)
def read_verification(request: HttpRequest, verification_id: int) -> outputs.VerificationOut:
    """Of the facts, only the keys."""
    return outputs.VerificationOut.of(_verification(verification_id))


@api.post(
    "/scripts",
    response={200: outputs.ScriptOut, **WRITE},
    auth=keys("admin"),
    openapi_extra=DOCUMENTED,
    tags=["scripts"],
    summary="Publish a script",
)
def publish_script(request: HttpRequest, body: inputs.ScriptIn) -> Any:
    """Makes the next version; what is left out stays as it was. Without a change the version stays the same.

    Calls already queued keep the version they were queued with.
    """
    return once(request, 200, lambda: outputs.ScriptOut.of(script_publish(**body.model_dump(exclude_none=True))))


@api.get("/scripts/{name}", response={200: outputs.ScriptOut, **READ}, tags=["scripts"], summary="Read a script")
def read_script(request: HttpRequest, name: str, which: Query[inputs.VersionIn]) -> outputs.ScriptOut:
    """The newest version, or the one asked for."""
    try:
        newest = script_current(name=name)
    except Script.DoesNotExist:
        _missing("script", name)
    if which.version is None:
        return outputs.ScriptOut.of(newest)
    script = Script.objects.filter(name=name, version=which.version).first()
    return outputs.ScriptOut.of(script or _missing("version", which.version))


@api.get("/usage", response={200: outputs.Usage, **READ}, tags=["usage"], summary="What was spent")
def read_usage(request: HttpRequest, days: Query[inputs.UsageFilter]) -> outputs.Usage:
    """By day, for this key's own calls; a key with the scope admin sees every key's."""
    key = key_of(request)
    until = days.until or timezone.localdate()
    since = days.since or until - timedelta(days=min(30, until.toordinal() - 1))
    rows = report_rows(since=since, until=until, key_id=None if "admin" in key.scopes else key.pk)
    return outputs.Usage(items=[outputs.UsageRow(**row) for row in rows], credits=key.credits)


def _verification(verification_id: int) -> Verification:
    return Verification.objects.filter(pk=verification_id).first() or _missing("verification", verification_id)


def _missing(what: str, key: int | str) -> NoReturn:
    raise Http404(f"There is no {what} {key}.")


def _page(rows: QuerySet[_Row], page: inputs.PageIn) -> tuple[list[_Row], int | None]:
    """One page, newest first, and where the next begins. By key, so that rows added meanwhile shift nothing."""
    if page.after is not None:
        rows = rows.filter(pk__lt=page.after)
    found = list(rows.order_by("-pk")[: page.limit + 1])
    return found[: page.limit], found[page.limit - 1].pk if len(found) > page.limit else None


# -- last, what no operation above answers: in the one shape of error as well ------------------------------------------


def _refuse_other_methods(router: Router, path: str, allowed: set[str]) -> None:
    @router.api_operation(sorted(METHODS - allowed), path, auth=None, include_in_schema=False)
    def refuse(request: HttpRequest, **parameters: Any) -> NoReturn:
        names = ", ".join(sorted(allowed))
        raise Problem(405, "method_not_allowed", f"This address answers {names} only.", Allow=names)


with warnings.catch_warnings():
    # Ninja warns of a path's parameters that a view does not take; these refuse whatever they are.
    warnings.simplefilter("ignore")
    for _router in (api.default_router, campaigns):
        for _path, _view in list(_router.path_operations.items()):
            allowed = {method for operation in _view.operations for method in operation.methods}
            _refuse_other_methods(_router, _path, allowed)


# In a router of its own, which comes after all others: here the first address that fits is taken.
elsewhere = Router()


@elsewhere.api_operation(sorted(METHODS), "/{path:rest}", auth=None, include_in_schema=False)
def nowhere(request: HttpRequest, rest: str) -> NoReturn:
    raise Http404


api.add_router("", campaigns)
api.add_router("", elsewhere)
