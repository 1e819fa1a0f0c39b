"""Celery's part: a clock and a nudge.

What is to be done stands in the database, so that a task lost or doubled harms nothing.
"""

from celery import shared_task
from django.utils import timezone

from calls.services.campaign_alerts import alerts_send
from calls.services.campaign_dials import members_dial as dial_members
from calls.services.campaign_dispatch import campaigns_run as run
from calls.services.dialing import call_dial, calls_dial_due
from calls.services.idempotency import idempotent_forget
from calls.services.pulse import pulse_beat
from calls.services.settling import calls_settle
from calls.services.webhooks_out import deliveries_forget, endpoint_deliver, endpoints_due


@shared_task(name="calls.tasks.dial")  # type: ignore[untyped-decorator]
def dial(call_id: int) -> None:
    call_dial(call_id=call_id, clock=timezone.now)


@shared_task(name="calls.tasks.dial_due")  # type: ignore[untyped-decorator]
def dial_due() -> None:
    calls_dial_due(clock=timezone.now)


@shared_task(name="calls.tasks.settle_stuck")  # type: ignore[untyped-decorator]
def settle_stuck() -> None:
    calls_settle(clock=timezone.now)


@shared_task(name="calls.tasks.deliver_webhooks")  # type: ignore[untyped-decorator]
def deliver_webhooks() -> None:
    for endpoint_id in endpoints_due(now=timezone.now()):
        deliver_to.apply_async(args=[endpoint_id], expires=60)


@shared_task(name="calls.tasks.deliver_to")  # type: ignore[untyped-decorator]
def deliver_to(endpoint_id: int) -> None:
    endpoint_deliver(endpoint_id=endpoint_id, clock=timezone.now)


@shared_task(name="calls.tasks.forget_old")  # type: ignore[untyped-decorator]
def forget_old() -> None:
    idempotent_forget(now=timezone.now())
    deliveries_forget(now=timezone.now())


@shared_task(name="calls.tasks.campaigns_run")  # type: ignore[untyped-decorator]
def campaigns_run() -> None:
    run(clock=timezone.now)
    alerts_send()


@shared_task(name="calls.tasks.members_dial")  # type: ignore[untyped-decorator]
def members_dial(member_ids: list[int]) -> None:
    dial_members(member_ids=member_ids, clock=timezone.now)


@shared_task(name="calls.tasks.pulse")  # type: ignore[untyped-decorator]
def pulse() -> None:
    pulse_beat(name="clock", now=timezone.now())
