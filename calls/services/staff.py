"""What staff do that no API offers: edit, reveal, watch, end a live call, keep a view of a list."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from calls import carrier
from calls.lifecycle import EndReason, Stage, Status
from calls.models import AuditAction, Call, SavedView, Verification
from calls.services.audit import audit_add, audit_hearing
from calls.services.calls import call_conclude, event_add
from calls.services.errors import Refused

logger = logging.getLogger(__name__)

MAX_VIEWS = 50
LISTEN_FOR = timedelta(seconds=15)


def verification_edit(*, verification: Verification, changed: list[str]) -> None:
    """Keep the fields named in `changed`, which a form has validated, and touch no other."""
    if changed:
        verification.save(update_fields=changed)


def facts_reveal(
    *, verification: Verification, keys: list[str], actor: User, now: datetime, call: Call | None = None
) -> dict[str, Any]:
    """The named facts in full, once the trail says who saw them. Keys that are not on file are left out."""
    known = {key: verification.facts[key] for key in keys if key in verification.facts}
    audit_add(
        actor=actor,
        action=AuditAction.FACTS_REVEALED,
        now=now,
        object_type="call" if call else "verification",
        object_id=call.pk if call else verification.pk,
        detail={"keys": sorted(keys)},
    )
    return known


def call_end(*, call_id: int, actor: User, now: datetime) -> bool:
    """End a live call at a staff member's word; False where it is over already.

    The status is written first: the line's own end, which the carrier reports a moment later, must not decide it.
    """
    with transaction.atomic():
        ended = call_conclude(call_id=call_id, status=Status.CANCELED, end_reason=EndReason.CANCELED, now=now)
        if ended:
            event_add(call_id=call_id, kind="ended_by_staff", now=now, detail={"user": actor.pk})
            audit_add(actor=actor, action=AuditAction.CALL_ENDED, now=now, object_type="call", object_id=call_id)
    if ended:
        _hang_up(Call.objects.get(pk=call_id))
    return ended


def _hang_up(call: Call) -> None:
    if not call.carrier_sid:
        return
    try:
        carrier.call_end(call.carrier_sid)
    except (carrier.CarrierRefused, carrier.CarrierBusy, carrier.CarrierUnclear) as error:
        # The call keeps the carrier's own time limit, and the next settling asks after it.
        logger.error("call %s: the carrier did not end the line: %s", call.pk, type(error).__name__)
        raise Refused("carrier", "The carrier did not answer; the line may still be open. Try again.") from error


def calls_live() -> list[Call]:
    live = Call.objects.exclude(stage=Stage.ENDED).filter(stage__in=[Stage.DIALING, Stage.RINGING, Stage.ANSWERED])
    return list(live.select_related("verification", "script").order_by("id")[:100])


def view_save(*, owner: User, page: str, name: str, query: str, shared: bool) -> SavedView:
    """Keep a list's filters under a name; the same name again replaces them. Raises Refused("validation_error")."""
    name = name.strip()
    if not name or len(name) > 60 or len(query) > 1000:
        raise Refused("validation_error", "Give the view a name of up to 60 characters.", {"name": "is required"})
    if SavedView.objects.filter(owner=owner).count() >= MAX_VIEWS:
        raise Refused("validation_error", f"You have {MAX_VIEWS} views; remove one first.")
    view, _ = SavedView.objects.update_or_create(
        owner=owner, page=page, name=name, defaults={"query": query, "shared": shared}
    )
    return view


def view_remove(*, owner: User, view_id: int) -> None:
    """Remove a view of one's own; another's is left alone."""
    SavedView.objects.filter(pk=view_id, owner=owner).delete()


def call_listen(*, call_id: int, actor: User, now: datetime) -> bool:
    """Say on the call's row that somebody listens, for the next LISTEN_FOR; False where the call is over."""
    live = Call.objects.filter(pk=call_id).exclude(stage=Stage.ENDED)
    if not live.update(listened_until=now + LISTEN_FOR):
        return False
    audit_hearing(actor=actor, call_ids=[call_id], now=now, action=AuditAction.LIVE_HEARD)
    return True
