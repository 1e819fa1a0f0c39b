"""Webhooks out: told at least once, signed, retried for a day, and never with a fact in them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from calls.lifecycle import EndReason, Stage, Status
from calls.models import Answer, Campaign, Turn, WebhookDelivery, WebhookEndpoint
from calls.services import happenings, webhooks_out
from calls.services.calls import call_conclude, call_dialed, call_moved
from calls.services.webhooks_out import delivery_again, endpoint_create, endpoint_deliver, endpoint_rotate
from tests.factories import NOW, call, verification
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


class Hand:
    """A clock moved by hand."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def deliver(self, minutes: float = 0.0) -> None:
        self.now += timedelta(minutes=minutes)
        for endpoint_id in webhooks_out.endpoints_due(now=self.now):
            endpoint_deliver(endpoint_id=endpoint_id, clock=self)


def _endpoint(receiver: Receiver, **fields: Any) -> tuple[WebhookEndpoint, str]:
    return endpoint_create(url=receiver.url, allow_private=True, **fields)


def _end(one: Any) -> None:
    done = call_conclude(
        call_id=one.pk, status=Status.SUCCESSFUL, end_reason=EndReason.COMPLETED, now=NOW, usage={"text_in": 5}
    )
    assert done


def test_a_calls_story_is_told_once_each_and_in_order(receiver: Receiver) -> None:
    _endpoint(receiver)
    one = call(stage=Stage.DIALING)
    for _ in range(2):
        call_dialed(call_id=one.pk, carrier_sid="CA1", now=NOW)
        call_moved(call_id=one.pk, stage=Stage.ANSWERED, now=NOW, carrier_sid="CA1")
    _end(one)
    Hand().deliver()
    told = [json.loads(body)["type"] for _, _, body in receiver.requests]
    assert told == ["call.started", "call.answered", "call.ended"]
    assert receiver.ids == [f"msg_{kind}_{one.pk}" for kind in told]


def test_the_end_tells_the_verdicts_and_no_fact(receiver: Receiver) -> None:
    _endpoint(receiver, events=["call.ended"])
    one = call(stage=Stage.ANSWERED, verification=verification(external_id="crm-7"))
    Answer.objects.create(
        call=one, question_id="q1", key="date_of_birth", asked="When?", heard="March", value="1985-03-05",
        verdict="match", method="date", score=1.0,
    )  # fmt: skip
    _end(one)
    assert json.loads(WebhookDelivery.objects.get().body) == {
        "type": "call.ended",
        "timestamp": "2026-11-21T12:00:00+00:00",
        "data": {
            "call": one.pk,
            "verification": one.verification_id,
            "external_id": "crm-7",
            "attempt": 1,
            "script": "test",
            "script_version": one.script.version,
            "stage": "ended",
            "status": "successful_call",
            "sid": None,
            "end_reason": "completed",
            "vendor_code": "",
            "needs_review": False,
            "answers": [
                {"question_id": "q1", "key": "date_of_birth", "verdict": "match", "method": "date", "score": 1.0}
            ],
        },
    }


def test_a_summary_goes_only_to_who_names_it_and_has_the_transcript_only_if_asked(receiver: Receiver) -> None:
    _endpoint(receiver)
    _endpoint(receiver, events=["call.summary"])
    _endpoint(receiver, events=["call.summary"], send_transcript=True)
    one = call(stage=Stage.ANSWERED)
    Turn.objects.create(call=one, item_id="i", speaker="caller", text="Hello.", start_ms=0, end_ms=900)
    _end(one)
    bodies = [
        json.loads(row.body)["data"] for row in WebhookDelivery.objects.filter(kind="call.summary").order_by("id")
    ]
    said = {"speaker": "caller", "text": "Hello.", "start_ms": 0, "end_ms": 900, "interrupted": False}
    assert [body.get("transcript") for body in bodies] == [None, [said]]
    assert bodies[0]["statistics"]["usage"] == {"text_in": 5}


def test_an_endpoint_of_another_script_or_switched_off_is_not_told(receiver: Receiver) -> None:
    _endpoint(receiver, script_name="loans")
    _endpoint(receiver, is_active=False)
    _endpoint(receiver, events=["review.decided"])
    _end(call(stage=Stage.ANSWERED))
    assert not WebhookDelivery.objects.exists()


def test_an_event_whose_transaction_fails_is_never_told(receiver: Receiver) -> None:
    _endpoint(receiver)
    one = call(stage=Stage.ANSWERED)
    with transaction.atomic():
        _end(one)
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


def test_the_library_of_the_standard_verifies_what_arrives(receiver: Receiver) -> None:
    endpoint, secret = _endpoint(receiver)
    webhooks_out.endpoint_test(endpoint=endpoint, now=timezone.now())
    Hand(timezone.now()).deliver()
    _, headers, body = receiver.requests[0]
    assert Webhook(secret).verify(body, headers)["type"] == "test"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"Hello", b"Hallo"), headers)


def test_for_a_day_after_a_rotation_both_secrets_verify_and_then_the_new_one_alone(receiver: Receiver) -> None:
    now = timezone.now()
    endpoint, old = _endpoint(receiver)
    new = endpoint_rotate(endpoint=endpoint, now=now)
    for at in (now, now + timedelta(hours=25)):
        webhooks_out.endpoint_test(endpoint=endpoint, now=at)
        Hand(at).deliver()
    first, second = (headers["webhook-signature"].split() for _, headers, _ in receiver.requests)
    assert (len(first), len(second)) == (2, 1)
    _, headers, body = receiver.requests[0]
    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers)


def test_a_receiver_that_was_down_for_an_hour_gets_every_event_with_an_id_to_deduplicate_by(
    receiver: Receiver,
) -> None:
    _endpoint(receiver, events=["call.ended"])
    calls = [call(stage=Stage.ANSWERED) for _ in range(5)]
    for one in calls:
        _end(one)
    hand = Hand()
    receiver.answers = ["drop"] * 200
    for _ in range(60):
        hand.deliver(minutes=1)
    assert not WebhookDelivery.objects.exclude(state="pending").exists()
    heard_while_down = len(receiver.requests)
    receiver.answers = [(500, b"oops", {})] * 5
    for _ in range(400):
        hand.deliver(minutes=1)
    assert set(receiver.ids[heard_while_down:]) == {f"msg_call.ended_{one.pk}" for one in calls}
    assert set(WebhookDelivery.objects.values_list("state", "last_status", "last_text")) == {("delivered", 200, "ok")}
    assert heard_while_down < 40  # it is left alone while it is down


def test_what_cannot_be_delivered_for_a_day_is_dead_until_it_is_sent_again(receiver: Receiver) -> None:
    endpoint, _ = _endpoint(receiver)
    delivery = webhooks_out.endpoint_test(endpoint=endpoint, now=NOW)
    receiver.answers = [(503, b"busy", {})] * 11
    hand = Hand()
    for _ in range(36):
        hand.deliver(minutes=60)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_status, delivery.last_text) == ("dead", 11, 503, "busy")
    delivery_again(delivery=delivery, now=hand.now)
    hand.deliver()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("delivered", 1)


def test_a_redirect_is_a_failure(receiver: Receiver) -> None:
    endpoint, _ = _endpoint(receiver)
    delivery = webhooks_out.endpoint_test(endpoint=endpoint, now=NOW)
    receiver.answers = [(302, b"", {"Location": receiver.url})]
    Hand().deliver()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_status, len(receiver.requests)) == ("pending", 302, 1)


def test_a_private_address_is_refused_unless_it_is_allowed(receiver: Receiver, settings: Settings) -> None:
    endpoint, _ = endpoint_create(url=receiver.url)
    delivery = webhooks_out.endpoint_test(endpoint=endpoint, now=NOW)
    hand = Hand()
    hand.deliver()
    delivery.refresh_from_db()
    assert (delivery.last_text, receiver.requests) == ("the address is private", [])
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    hand.deliver(minutes=1)
    assert len(receiver.requests) == 1


def test_one_worker_at_a_time_delivers_to_an_endpoint_and_a_dead_one_is_relieved(receiver: Receiver) -> None:
    endpoint, _ = _endpoint(receiver)
    webhooks_out.endpoint_test(endpoint=endpoint, now=NOW)
    WebhookEndpoint.objects.update(busy_until=NOW + timedelta(seconds=30))
    assert webhooks_out.endpoints_due(now=NOW) == []
    assert endpoint_deliver(endpoint_id=endpoint.pk, clock=Hand()) == 0
    assert endpoint_deliver(endpoint_id=endpoint.pk, clock=Hand(NOW + timedelta(seconds=30))) == 1


def test_delivered_events_are_forgotten_after_a_month_and_pending_ones_never(receiver: Receiver) -> None:
    endpoint, _ = _endpoint(receiver)
    for state in ("pending", "delivered", "dead"):
        delivery = webhooks_out.endpoint_test(endpoint=endpoint, now=NOW)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state)
    assert webhooks_out.deliveries_forget(now=NOW + timedelta(days=31)) == 2
    assert WebhookDelivery.objects.get().state == "pending"


def test_a_review_and_a_campaign_are_told_when_they_are_decided_and_complete(receiver: Receiver) -> None:
    _endpoint(receiver)
    one = call(stage=Stage.ENDED, final_status="successful_call")
    happenings.review_decided(call_id=one.pk, now=NOW)
    campaign = Campaign.objects.create(name="Spring renewals")
    happenings.campaign_completed(campaign=campaign, now=NOW)
    Hand().deliver()
    told = [json.loads(body) for _, _, body in receiver.requests]
    assert [(event["type"], event["data"].get("final_status")) for event in told] == [
        ("review.decided", "successful_call"),
        ("campaign.completed", None),
    ]
    assert told[1]["data"] == {"campaign": campaign.pk, "name": "Spring renewals"}


def test_the_same_event_told_twice_is_stored_once(receiver: Receiver) -> None:
    _endpoint(receiver)
    one = call(stage=Stage.ANSWERED)
    for _ in range(2):  # The callback and the media stream may both say that the line was answered.
        happenings.call_answered(call_id=one.pk, now=NOW)
    assert WebhookDelivery.objects.count() == 1
