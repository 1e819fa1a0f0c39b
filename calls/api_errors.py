"""One shape for every error of the API: `{"code", "message", "fields"}`, where `fields` names each wrong field and its
cure by dotted path. No answer repeats what was sent: it may be a fact of a person.
"""

import json
import logging
from collections.abc import Callable
from traceback import format_tb
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from pydantic import BaseModel, ConfigDict

from calls.services.errors import Refused

logger = logging.getLogger(__name__)


class Error(BaseModel):
    """What every error looks like."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "number_mismatch",
                "message": "This is not the number on file.",
                "fields": {"to": 'Leave it out, or send "other_number": true if this is meant.'},
            }
        }
    )
    code: str
    message: str
    fields: dict[str, str] = {}


class Problem(Exception):
    """The request cannot be served as it stands."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = Error(code=code, message=message)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class JsonParser(Parser):
    """Bodies are JSON and say so: curl's default is a form, which would otherwise fail with a riddle."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise Problem(415, "unsupported_media_type", "Send JSON, with Content-Type: application/json.")
        return json.loads(request.body, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity; JSON has neither, and PostgreSQL would refuse to keep them.
    raise ValueError(f"{name} is not JSON")


def install(api: NinjaAPI) -> None:
    """Make the API answer every exception in the one shape."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        ValidationError: lambda request, exc: _answer(422, _validation_error(exc)),
        Refused: lambda request, exc: problem_response(exc),
        Problem: lambda request, exc: problem_response(exc),
        HttpError: lambda request, exc: _unreadable(exc),
        AuthenticationError: lambda request, exc: _unauthorized(request),
        Http404: lambda request, exc: problem_response(exc),
        RequestDataTooBig: lambda request, exc: _answer(413, _too_large()),
        Exception: _internal_error,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _answer(status: int, error: Error, headers: dict[str, str] | None = None) -> HttpResponse:
    return JsonResponse(error.model_dump(), status=status, headers=headers)


# What a refusal by the services is in HTTP. The others are 422: the request itself is wrong.
_STATUSES = {
    "call_in_progress": 409,
    "conflict": 409,
    "in_progress": 409,
    "already_imported": 409,
    "closed": 409,
    "do_not_call": 409,
    "outside_calling_window": 409,
    "person_locked": 409,
    "insufficient_credits": 402,
    "budget_exceeded": 402,
}


def problem_response(exc: Exception) -> HttpResponse:
    """The answer to a Refused, a Problem or a 404."""
    if isinstance(exc, Refused):
        error = Error(code=exc.code, message=exc.message, fields=exc.fields)
        return _answer(_STATUSES.get(exc.code, 422), error)
    if isinstance(exc, Problem):
        return _answer(exc.status, exc.error, exc.headers)
    return _answer(404, _not_found(exc))


def _unauthorized(request: HttpRequest) -> HttpResponse:
    headers = {"WWW-Authenticate": 'Bearer realm="Highway"'}
    if "x-api-key" in request.headers or request.headers.get("Authorization", "").lower().startswith("bearer "):
        message = "No such key, or it was revoked or has expired. `manage.py create_api_key` makes one."
        return _answer(401, Error(code="invalid_api_key", message=message), headers)
    message = "Send a key, as 'Authorization: Bearer KEY' or 'x-api-key: KEY'. `manage.py create_api_key` makes one."
    return _answer(401, Error(code="invalid_authorization", message=message), headers)


def _not_found(exc: Exception) -> Error:
    return Error(code="not_found", message=str(exc) or "There is nothing at this address.")


def _too_large() -> Error:
    return Error(code="too_large", message="The request is larger than this server reads.")


def _unreadable(exc: HttpError) -> HttpResponse:
    # Ninja wraps whatever its parser raises into a 400; our own refusal is the cause.
    if isinstance(exc.__cause__, Problem):
        return _answer(exc.__cause__.status, exc.__cause__.error)
    return _answer(400, Error(code="bad_json", message="The body is not valid JSON."))


def _internal_error(request: HttpRequest, exc: Exception) -> HttpResponse:
    # The exception's own text is left out of the log: a database quotes the row it refused, facts and all.
    where = "".join(format_tb(exc.__traceback__))
    logger.error("%s in %s %s\n%s", type(exc).__name__, request.method, request.path, where)
    return _answer(
        500, Error(code="internal_error", message="The server failed; nothing is known to be wrong with the request.")
    )


_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def _validation_error(exc: ValidationError) -> Error:
    fields = {_path(error["loc"]): _MESSAGES.get(error["type"]) or str(error["msg"]) for error in exc.errors}
    return Error(code="validation_error", message="The request is not valid: see fields.", fields=fields)


def _path(loc: tuple[str | int, ...]) -> str:
    """`("body", "body", "facts", "car")` is `facts.car`: where it was sent and our parameter's name go."""
    path = loc[2:] if loc[0] == "body" else loc[-1:]
    return ".".join(map(str, path)) or "body"
