"""The admin's pages for integrators: providers, webhooks, money, the doctor."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from calls.models import Budget, CallCost, CallHook, PriceTable, Profile, WebhookDelivery, WebhookEndpoint
from calls.secret_box import unseal
from calls.services.profiles import door, profile_save
from calls.services.webhooks_out import endpoint_create, endpoint_test
from tests.factories import NOW, call
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db
PROFILE = {"name": "azure", "url": "wss://x.openai.azure.com/openai/v1/realtime", "dialect": "ga", "prices": "{}"}
MORE = {"environment": "test", "is_active": "on"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


def _page(client: Client, path: str, form: dict[str, Any] | None = None) -> str:
    answer = client.post(path, form, follow=True) if form is not None else client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_provider_s_key_goes_in_encrypted_and_never_comes_out(admin_client: Client) -> None:
    _page(admin_client, "/admin/calls/profile/add/", {**PROFILE, **MORE, "new_key": "sk-secret"})
    profile = Profile.objects.get()
    assert "sk-secret" not in profile.key
    assert door(profile=profile).key == "sk-secret"
    page = f"/admin/calls/profile/{profile.pk}/change/"
    assert "sk-secret" not in _page(admin_client, page)
    assert profile.key not in _page(admin_client, page)
    _page(admin_client, page, {**PROFILE, **MORE, "voice": "cedar"})
    profile.refresh_from_db()
    assert (profile.voice, unseal(profile.key)) == ("cedar", "sk-secret")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"new_key": ""}, "A new profile needs a key."),
        ({"url": "https://x.test"}, "It begins with wss://"),
        ({"prices": '{"m": {"text_in": -1}}'}, "m: text_in must be a number from 0 up."),
    ],
)
def test_a_wrong_profile_is_refused(admin_client: Client, change: dict[str, str], problem: str) -> None:
    form = {**PROFILE, **MORE, "new_key": "sk", **change}
    assert problem in _page(admin_client, "/admin/calls/profile/add/", form)
    assert not Profile.objects.exists()


def test_a_new_default_profile_takes_the_place_of_the_old(admin_client: Client) -> None:
    profile_save(profile=Profile(name="old", is_default=True), key="sk")
    _page(admin_client, "/admin/calls/profile/add/", {**PROFILE, **MORE, "new_key": "sk", "is_default": "on"})
    assert list(Profile.objects.filter(is_default=True).values_list("name", flat=True)) == ["azure"]


def test_an_endpoint_s_secret_is_shown_once_and_a_test_is_sent_from_its_page(
    admin_client: Client, receiver: Receiver
) -> None:
    form = {"url": receiver.url, "events": ["call.ended"], "allow_private": "on", "is_active": "on"}
    page = _page(admin_client, "/admin/calls/webhookendpoint/add/", form)
    endpoint = WebhookEndpoint.objects.get()
    shown = re.search(r"<code class=hw-secret>(.+?)</code>", page)
    assert shown is not None
    assert shown.group(1) == unseal(endpoint.secret)
    assert endpoint.events == ["call.ended"]
    base = f"/admin/calls/webhookendpoint/{endpoint.pk}"
    assert unseal(endpoint.secret) not in _page(admin_client, f"{base}/change/")
    assert "Send a signed event" in _page(admin_client, f"{base}/send-test/")
    assert receiver.requests == []
    assert "The test: HTTP 200." in _page(admin_client, f"{base}/send-test/", {})
    assert json.loads(receiver.requests[0][2])["type"] == "test"


def test_a_secret_is_rotated_and_a_dead_delivery_sent_again(admin_client: Client, receiver: Receiver) -> None:
    endpoint, secret = endpoint_create(url=receiver.url)
    page = _page(admin_client, f"/admin/calls/webhookendpoint/{endpoint.pk}/rotate/", {})
    endpoint.refresh_from_db()
    assert unseal(endpoint.secret) in page
    assert unseal(endpoint.old_secret) == secret
    delivery = endpoint_test(endpoint=endpoint, now=NOW)
    WebhookDelivery.objects.update(state="dead", last_status=500, last_text="oops")
    assert "oops" in _page(admin_client, f"/admin/calls/webhookdelivery/{delivery.pk}/change/")
    _page(admin_client, f"/admin/calls/webhookdelivery/{delivery.pk}/send-again/", {})
    assert WebhookDelivery.objects.get().state == "pending"
    assert "Pending" in _page(admin_client, "/admin/calls/webhookdelivery/")


def test_a_call_start_endpoint_gets_a_secret(admin_client: Client) -> None:
    form = {"script_name": "default", "url": "https://lender.example/start", "timeout_ms": 1500, "is_active": "on"}
    page = _page(admin_client, "/admin/calls/callhook/add/", form)
    assert unseal(CallHook.objects.get().secret) in page


def test_the_report_adds_up_by_day_and_comes_as_csv(admin_client: Client) -> None:
    today = timezone.localdate()
    for _ in range(2):
        CallCost.objects.create(call=call(), day=today, minutes=2, model_micros=1_500_000, total_micros=1_600_000)
    assert "3.200000" in _page(admin_client, "/admin/calls/callcost/")
    assert admin_client.get("/admin/calls/callcost/?as=csv").content.decode().splitlines() == [
        "day,key,campaign,calls,minutes,model,transcription,carrier,total",
        f"{today},,,2,4,3.000000,0.000000,0.000000,3.200000",
    ]
    assert "No call was billed" in _page(admin_client, "/admin/calls/callcost/?until=2020-01-01&since=nonsense")


def test_prices_and_budgets_are_set_in_money(admin_client: Client) -> None:
    prices = '{"carrier": {"minute": 0.02}}'
    _page(admin_client, "/admin/calls/pricetable/add/", {"effective_from": "2026-12-01", "prices": prices})
    assert PriceTable.objects.get().prices == {"carrier": {"minute": 0.02}}
    assert "must be an object" in _page(
        admin_client, "/admin/calls/pricetable/add/", {"effective_from": "2027-01-01", "prices": '{"a": 1}'}
    )
    _page(admin_client, "/admin/calls/budget/add/", {"period": "day", "soft": "10", "hard": "12.50"})
    budget = Budget.objects.get()
    assert (budget.soft_micros, budget.hard_micros, budget.key) == (10_000_000, 12_500_000, None)
    assert isinstance(budget.begun_on, date)
    assert "12.50" in _page(admin_client, "/admin/calls/budget/")
