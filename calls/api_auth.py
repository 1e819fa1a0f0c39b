"""Who may use the API: a key in either header, with the scope that the operation needs, within its rate."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyHeader, HttpBearer

from calls.api_errors import Problem
from calls.models import ApiKey
from calls.services.api_keys import api_key_allows, api_key_find, api_key_wait


class BearerKey(HttpBearer):
    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        return _admitted(token, self.scope)


class HeaderKey(APIKeyHeader):
    param_name = "x-api-key"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey | None:
        return _admitted(key, self.scope) if key else None


def keys(scope: str) -> list[Any]:
    """For an operation's `auth`: a key with this scope, or with admin."""
    return [BearerKey(scope), HeaderKey(scope)]


def key_of(request: HttpRequest) -> ApiKey:
    key: ApiKey = request.auth  # type: ignore[attr-defined]  # set by ninja
    return key


def _admitted(secret: str, scope: str) -> ApiKey | None:
    now = timezone.now()
    key = api_key_find(secret=secret, now=now)
    if key is None:
        return None
    if wait := api_key_wait(key=key, now=now):
        raise Problem(
            429, "rate_limited", f"This key may send {key.rate_per_minute} requests a minute.", Retry_After=str(wait)
        )
    if not api_key_allows(key=key, scope=scope):
        raise Problem(403, "insufficient_scope", f"This needs a key with the scope {scope}.")
    return key
