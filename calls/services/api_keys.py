"""Keys of the API: made once, kept as a digest, revoked but never deleted."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Q

from calls.models import ApiKey
from calls.services.errors import Refused

USE_IS_NOTED_EVERY = timedelta(minutes=1)
SCOPES = ("call", "read", "campaign", "admin")
USUAL_SCOPES = ("call", "read", "campaign")


def api_key_create(
    *,
    name: str,
    scopes: Collection[str] = USUAL_SCOPES,
    owner: User | None = None,
    expires_at: datetime | None = None,
    rate_per_minute: int = 600,
    credits: int | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which cannot be had again. Raises Refused for a scope that does not exist."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Refused("validation_error", "The key was not made.", {"scopes": f"must be some of {', '.join(SCOPES)}"})
    secret = "hwy_" + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name,
        prefix=secret[:12],
        digest=_digest(secret),
        scopes=sorted(scopes, key=SCOPES.index),
        owner=owner,
        expires_at=expires_at,
        rate_per_minute=rate_per_minute,
        credits=credits,
    )
    return key, secret


def api_key_find(*, secret: str, now: datetime) -> ApiKey | None:
    """The key of this secret, unless it was revoked or has expired. Its last use is kept to the minute."""
    # Found by its digest, so no comparison's duration says how much of a guess was right.
    good = Q(expires_at=None) | Q(expires_at__gt=now)
    key = ApiKey.objects.filter(good, digest=_digest(secret), revoked_at=None).first()
    if key and (key.last_used_at is None or key.last_used_at <= now - USE_IS_NOTED_EVERY):
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_IS_NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    return key


def api_key_allows(*, key: ApiKey, scope: str) -> bool:
    return scope in key.scopes or "admin" in key.scopes


def api_key_wait(*, key: ApiKey, now: datetime) -> int:
    """Count one request; 0, or the seconds until the key may ask again. By the minute of the clock.

    Counted in the cache: Redis where it is set, else this process, which is then the only one.
    """
    if not key.rate_per_minute:
        return 0
    window = f"api-rate:{key.pk}:{now:%Y%m%d%H%M}"
    cache.add(window, 0, timeout=120)
    return 0 if cache.incr(window) <= key.rate_per_minute else 60 - now.second


def api_key_revoke(*, key: ApiKey, now: datetime) -> None:
    """From now on the key opens nothing. A second revocation keeps the first one's time."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
