"""The audit trail's one write. Whoever calls it does so in the transaction of the deed, or before the deed is shown."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from calls.models import AuditAction, AuditEntry

SAME_HEARING = timedelta(minutes=10)


def audit_add(
    *,
    actor: User,
    action: AuditAction,
    now: datetime,
    object_type: str,
    object_id: int | str = "",
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """`object_type` is a model's name in small letters; `detail` holds keys, counts and field names, never a fact."""
    return AuditEntry.objects.create(
        at=now,
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        detail=detail or {},
    )


def audit_hearing(*, actor: User, call_ids: Iterable[int], now: datetime, action: AuditAction) -> None:
    """A browser fetches one recording in many parts, and a page that watches asks again and again: one entry for each
    call and ten minutes of it."""
    wanted = {str(call_id) for call_id in call_ids}
    known = AuditEntry.objects.filter(
        object_type="call", object_id__in=wanted, action=action, actor=actor, at__gt=now - SAME_HEARING
    ).values_list("object_id", flat=True)
    AuditEntry.objects.bulk_create(
        AuditEntry(at=now, actor=actor, action=action, object_type="call", object_id=call_id)
        for call_id in sorted(wanted - set(known), key=int)
    )
