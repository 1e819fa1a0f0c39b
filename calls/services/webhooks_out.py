"""Webhooks out: an outbox written with the event, delivered by Celery, signed by the Standard Webhooks scheme.

A delivery is attempted at 0 s, 5 s, 30 s, 2 min, 10 min … for a day, then it is dead until staff send it again. The
receiver may get an event twice (we cannot know whether an answer that was lost was sent): `webhook-id` stays the same.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from standardwebhooks.webhooks import Webhook

from calls import safe_http
from calls.models import WebhookDelivery, WebhookEndpoint
from calls.secret_box import Unreadable, seal, unseal

KINDS = ("call.started", "call.answered", "call.ended", "call.summary", "review.decided", "campaign.completed")
# After the last, the event is a day old: then it is dead.
WAITS_S = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800)
TIMEOUT_S = 10.0
ANSWER_LIMIT = 65_536
SECRET_OVERLAP = timedelta(hours=24)
BATCH = 20
_LEASE = timedelta(seconds=BATCH * TIMEOUT_S + 60)

Clock = Callable[[], datetime]


def endpoint_create(*, url: str, **fields: Any) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret, to be shown once."""
    secret = secret_make()
    return WebhookEndpoint.objects.create(url=url, secret=seal(secret), **fields), secret


def endpoint_rotate(*, endpoint: WebhookEndpoint, now: datetime) -> str:
    """The new secret. For a day both sign, so that the receiver can change without losing an event."""
    secret = secret_make()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        secret=seal(secret), old_secret=F("secret"), old_secret_until=now + SECRET_OVERLAP
    )
    return secret


def secret_make() -> str:
    """A signing secret as the standard writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def emit(
    kind: str, *, now: datetime, message_id: str, script_name: str, data: Callable[[WebhookEndpoint], dict[str, Any]]
) -> None:
    """Put the event into the outbox of every endpoint that wants it, in the caller's transaction.

    `message_id` is made of what happened, so that the same event told twice is stored once.
    """
    deliveries = [
        WebhookDelivery(
            endpoint=endpoint,
            message_id=message_id,
            kind=kind,
            body=json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data(endpoint)}),
            due_at=now,
            created_at=now,
        )
        for endpoint in _wanting(kind, script_name)
    ]
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def has_endpoints() -> bool:
    """Asked first: most of what there is to tell needs reading, and often nobody listens."""
    return WebhookEndpoint.objects.filter(is_active=True).exists()


def _wanting(kind: str, script_name: str) -> list[WebhookEndpoint]:
    endpoints = WebhookEndpoint.objects.filter(Q(script_name="") | Q(script_name=script_name), is_active=True)
    # call.summary may hold a transcript: it is sent only to those who name it.
    return [one for one in endpoints if kind in one.events or (not one.events and kind != "call.summary")]


def endpoint_test(*, endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """An event of the kind `test`, due at once."""
    body = json.dumps({"type": "test", "timestamp": now.isoformat(), "data": {"message": "Hello from Highway"}})
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        message_id=f"msg_test_{secrets.token_hex(8)}",
        kind="test",
        body=body,
        due_at=now,
        created_at=now,
    )


def delivery_again(*, delivery: WebhookDelivery, now: datetime) -> None:
    """Send it once more from the start of the ladder, whether it is dead or was delivered."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state="pending", attempts=0, due_at=now)


def endpoints_due(*, now: datetime) -> list[int]:
    """Endpoints that have something due and nobody delivering."""
    due = _due(now).filter(endpoint__is_active=True).filter(_free(now, "endpoint__"))
    return list(due.order_by().values_list("endpoint_id", flat=True).distinct()[:100])


def endpoint_deliver(*, endpoint_id: int, clock: Clock) -> int:
    """Deliver what is due to one endpoint, oldest first; how many arrived.

    One worker at a time for each endpoint, and a receiver that does not answer is left alone until its next time: so a
    slow one holds one thread, and not the threads that dial.
    """
    now = clock()
    mine = WebhookEndpoint.objects.filter(_free(now, ""), pk=endpoint_id, is_active=True)
    if not mine.update(busy_until=now + _LEASE):
        return 0
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    delivered = 0
    try:
        for delivery in _due(now).filter(endpoint=endpoint).order_by("due_at", "id")[:BATCH]:
            if not _attempt(endpoint=endpoint, delivery=delivery, clock=clock):
                break
            delivered += 1
    finally:
        WebhookEndpoint.objects.filter(pk=endpoint_id).update(busy_until=None)
    return delivered


def _due(now: datetime) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(state="pending", due_at__lte=now)


def _free(now: datetime, path: str) -> Q:
    return Q(**{f"{path}busy_until": None}) | Q(**{f"{path}busy_until__lte": now})


def _attempt(*, endpoint: WebhookEndpoint, delivery: WebhookDelivery, clock: Clock) -> bool:
    status, text = None, ""
    try:
        answer = safe_http.post(
            endpoint.url,
            body=delivery.body.encode(),
            headers=_signed(endpoint, delivery, now=clock()),
            timeout_s=TIMEOUT_S,
            limit=ANSWER_LIMIT,
            allow_private=endpoint.allow_private or settings.WEBHOOKS_ALLOW_PRIVATE,
        )
        status, text = answer.status, answer.body[:500].decode(errors="replace").replace("\0", "")
    except (safe_http.Unreachable, safe_http.Forbidden, Unreadable) as error:
        text = str(error)
    now = clock()
    change: dict[str, Any] = {"attempts": delivery.attempts + 1, "last_status": status, "last_text": text}
    if status is not None and 200 <= status < 300:
        change |= {"state": "delivered", "delivered_at": now}
    else:
        change |= _next_time(delivery, now)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**change)
    return change.get("state") == "delivered"


def _next_time(delivery: WebhookDelivery, now: datetime) -> dict[str, Any]:
    if delivery.attempts >= len(WAITS_S):
        return {"state": "dead"}
    # Some chance, so that a receiver that comes back is not met by everything at once.
    wait = WAITS_S[delivery.attempts] * (0.9 + secrets.randbelow(200) / 1000)
    return {"due_at": now + timedelta(seconds=wait)}


def _signed(endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, now: datetime) -> dict[str, str]:
    keys = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_secret_until and now < endpoint.old_secret_until:
        keys.append(endpoint.old_secret)
    signatures = [Webhook(unseal(key)).sign(delivery.message_id, now, delivery.body) for key in keys]
    return {
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def deliveries_forget(*, now: datetime, after: timedelta = timedelta(days=30)) -> int:
    """Delete what was delivered or died long ago; how many."""
    with transaction.atomic():
        old = WebhookDelivery.objects.exclude(state="pending").filter(created_at__lt=now - after)
        return old.delete()[0]
