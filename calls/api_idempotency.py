"""Idempotency-Key on the POSTs that act (IETF draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Status
from pydantic import BaseModel

from calls.api_errors import Problem, problem_response
from calls.models import IdempotentRequest
from calls.services import idempotency
from calls.services.errors import Refused

Answer = TypeVar("Answer", bound=BaseModel)

LONGEST = 255
DOCUMENTED: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
            "description": "Any text of yours, new for each thing to be done. Sent again within a day with the same "
            "body, it gets the same answer, with `Idempotent-Replayed: true`, and nothing is done twice.",
        }
    ]
}
"""For `openapi_extra` of an operation that uses `once`."""


def once(
    request: HttpRequest,
    status: int,
    act: Callable[[], Answer],
    afterwards: Callable[[Answer], Answer] | None = None,
) -> Status[Answer] | HttpResponse:
    """Do `act` and answer with what it returns; with an Idempotency-Key, once for all requests that carry it.

    `act` must do its writing in the database alone. `afterwards` runs when that is committed, and may take its time.
    """
    name = request.headers.get("Idempotency-Key")
    if name is None:
        answer = act()
        return Status(status, afterwards(answer) if afterwards else answer)
    row = _claim(request, name)
    if row.status:
        return _answered(row, replayed="true")
    try:
        answer = _acted(row, status, act)
    except (Refused, Problem, Http404) as refusal:
        return _refused(request, row, refusal)
    except Exception:
        idempotency.idempotent_release(row=row)
        raise
    answer = afterwards(answer) if afterwards else answer
    idempotency.idempotent_finish(row=row, body=answer.model_dump_json(), now=timezone.now())
    return _answered(row)


def _claim(request: HttpRequest, name: str) -> IdempotentRequest:
    if not (0 < len(name) <= LONGEST and name.isprintable()):
        raise Problem(422, "validation_error", f"Idempotency-Key must have 1 to {LONGEST} printable characters.")
    asked = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return idempotency.idempotent_claim(
        key=request.auth,  # type: ignore[attr-defined]  # set by ninja
        idempotency_key=name,
        fingerprint=hashlib.sha256(asked).hexdigest(),
        now=timezone.now(),
    )


def _acted(row: IdempotentRequest, status: int, act: Callable[[], Answer]) -> Answer:
    with transaction.atomic():
        answer = act()
        idempotency.idempotent_answer(row=row, status=status, body=answer.model_dump_json())
    return answer


def _refused(request: HttpRequest, row: IdempotentRequest, refusal: Exception) -> HttpResponse:
    """A refusal is an answer too, and is given again: the caller that wants to try anew takes a new key."""
    response = problem_response(refusal)
    body = response.content.decode()
    idempotency.idempotent_answer(row=row, status=response.status_code, body=body)
    idempotency.idempotent_finish(row=row, body=body, now=timezone.now())
    return response


def _answered(row: IdempotentRequest, **replayed: str) -> HttpResponse:
    headers = {f"Idempotent-{name.capitalize()}": value for name, value in replayed.items()}
    return HttpResponse(row.body, status=row.status, content_type="application/json", headers=headers)
