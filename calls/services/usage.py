"""What calls cost, and what may still be spent: costs, budgets and credits.

Everything here is one conditional UPDATE or an insert that a unique constraint guards, inside the transaction of the
call it is about: so nothing is counted twice, and nothing is spent that is not there.
"""

import logging
from datetime import date, datetime
from math import ceil
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from calls.lifecycle import Status
from calls.models import ApiKey, Budget, Call, CallCost, CreditHold, PriceTable
from calls.prices import BUILT_IN, cost
from calls.services.errors import Refused

logger = logging.getLogger(__name__)


def call_afford(*, key: ApiKey | None, now: datetime) -> None:
    """Raises Refused("budget_exceeded") where a hard budget, the key's or the overall one, is spent."""
    today = timezone.localdate(now)
    for budget in Budget.objects.filter(Q(key=None) | Q(key=key), hard_micros__isnull=False):
        if budget.begun_on >= _first_day(budget.period, today) and budget.spent_micros >= (budget.hard_micros or 0):
            whose = "This key's budget" if budget.key_id else "The budget"
            raise Refused("budget_exceeded", f"{whose} for this {budget.period} is spent.")


def credits_hold(*, call: Call, key: ApiKey | None) -> None:
    """Take the call's credits from its key, if the key counts them. Raises Refused("insufficient_credits").

    In the transaction that makes the call: together or not at all.
    """
    if key is None or key.credits is None:
        return
    price = settings.CREDITS_PER_CALL
    if not ApiKey.objects.filter(pk=key.pk, credits__gte=price).update(credits=F("credits") - price):
        raise Refused("insufficient_credits", "This key has no credits left.")
    CreditHold.objects.create(call=call, key=key, credits=price)


def call_settle_up(*, call: Call, now: datetime) -> None:
    """Write what an ended call cost, once, add it to the budgets, and keep its credits or give them back."""
    _credits_settle(call=call, now=now)
    if not has_cost(call):
        return
    row, made = CallCost.objects.get_or_create(call=call, defaults=_cost_of(call))
    if made:
        _budgets_add(key_id=call.requested_by_id, micros=row.total_micros, now=now)


def has_cost(call: Call) -> bool:
    return bool(call.usage or call.answered_at)


def _credits_settle(*, call: Call, now: datetime) -> None:
    """A call that nobody answered, or that we failed, costs no credit."""
    if call.requested_by_id is None:
        return  # Only keys have credits.
    hold = CreditHold.objects.filter(call=call, settled_at=None).first()
    if hold is None:
        return
    is_due = call.answered_at is not None and call.status != Status.SYSTEM_ERROR
    charged = hold.credits if is_due else 0
    if CreditHold.objects.filter(pk=hold.pk, settled_at=None).update(settled_at=now, charged=charged) and not is_due:
        ApiKey.objects.filter(pk=hold.key_id, credits__isnull=False).update(credits=F("credits") + hold.credits)


def _cost_of(call: Call) -> dict[str, Any]:
    profile = call.profile
    day = timezone.localdate(call.ended_at or call.created_at)
    prices = prices_on(day=day)
    if profile and profile.prices:
        prices = {**prices, "models": {**prices.get("models", {}), **profile.prices}}
    minutes = billed_minutes(call)
    counted = cost(
        usage=call.usage,
        minutes=minutes,
        model=(profile.model if profile else "") or call.script.model,
        transcription_model=call.script.transcription_model,
        prices=prices,
    )
    if counted.unpriced:
        logger.warning("call %s: no price for %s", call.pk, ", ".join(counted.unpriced))
    return {
        "key_id": call.requested_by_id,
        "day": day,
        "minutes": minutes,
        "model_micros": counted.model,
        "transcription_micros": counted.transcription,
        "carrier_micros": counted.carrier,
        "total_micros": counted.total,
        "unpriced": ", ".join(counted.unpriced)[:200],
    }


def billed_minutes(call: Call) -> int:
    """The carrier bills each begun minute, from the answer to the end of the line."""
    end = call.line_ended_at or call.ended_at
    if not (call.answered_at and end):
        return 0
    return max(ceil((end - call.answered_at).total_seconds() / 60), 1)


def prices_on(*, day: date) -> dict[str, dict[str, dict[str, float]]]:
    table = PriceTable.objects.filter(effective_from__lte=day).order_by("-effective_from").first()
    return table.prices if table else BUILT_IN


def _budgets_add(*, key_id: int | None, micros: int, now: datetime) -> None:
    today = timezone.localdate(now)
    whose = Q(key=None) | Q(key_id=key_id) if key_id else Q(key=None)
    for budget in Budget.objects.filter(whose):
        begun = _first_day(budget.period, today)
        # A new period begins with the first call that ends in it.
        Budget.objects.filter(pk=budget.pk, begun_on__lt=begun).update(begun_on=begun, spent_micros=0, warned_at=None)
        Budget.objects.filter(pk=budget.pk).update(spent_micros=F("spent_micros") + micros)
        soft = Budget.objects.filter(pk=budget.pk, warned_at=None, soft_micros__lte=F("spent_micros"))
        if soft.update(warned_at=now):
            logger.warning("budget %s: past its soft limit for this %s", budget.pk, budget.period)


def _first_day(period: str, today: date) -> date:
    return today.replace(day=1) if period == "month" else today
