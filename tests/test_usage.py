"""Costs, budgets and credits: each call counted once, nothing spent that is not there."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection, connections

from calls.lifecycle import EndReason, Stage, Status
from calls.models import ApiKey, Budget, Call, CallCost, CreditHold, PriceTable, Profile
from calls.services.api_keys import api_key_create
from calls.services.calls import call_cancel, call_conclude, call_request
from calls.services.campaigns import campaign_create
from calls.services.errors import Refused
from calls.services.usage_report import report_rows
from tests.factories import NOW, ago, call, script, verification

pytestmark = pytest.mark.django_db
USAGE = {"text_in": 1000, "audio_out": 100}


def _conclude(one: Call, status: Status = Status.SUCCESSFUL, reason: EndReason = EndReason.COMPLETED) -> None:
    call_conclude(call_id=one.pk, status=status, end_reason=reason, now=NOW, usage=USAGE)


def test_an_ended_call_costs_by_the_prices_of_its_day() -> None:
    PriceTable.objects.create(effective_from=date(2026, 1, 1), prices={"carrier": {"minute": 9}})
    PriceTable.objects.create(effective_from=date(2026, 11, 1), prices={"carrier": {"minute": 0.02}})
    PriceTable.objects.create(effective_from=date(2026, 11, 22), prices={"carrier": {"minute": 9}})
    one = call(stage=Stage.ANSWERED)
    Call.objects.filter(pk=one.pk).update(answered_at=ago(61))
    _conclude(one)
    cost = CallCost.objects.get()
    assert (cost.call_id, cost.day, cost.minutes, cost.carrier_micros, cost.total_micros) == (
        one.pk,
        date(2026, 11, 21),
        2,
        40_000,
        40_000,
    )
    assert cost.unpriced == "gpt-realtime-2.1 text_in, gpt-realtime-2.1 audio_out"


def test_a_second_conclusion_counts_nothing() -> None:
    Budget.objects.create(begun_on=date(2026, 11, 1))
    one = call(stage=Stage.ANSWERED)
    _conclude(one)
    _conclude(one)
    assert CallCost.objects.count() == 1
    # 1000 · 4 + 100 · 64 of tokens, one begun minute at 0.0184.
    assert Budget.objects.get().spent_micros == 10_400 + 18_400


def test_a_profile_brings_its_own_prices_and_model() -> None:
    prices = {"mine": {"text_in": 1, "audio_out": 1}}
    profile = Profile.objects.create(name="own", key="", model="mine", prices=prices)
    _conclude(call(stage=Stage.ANSWERED, profile=profile))
    cost = CallCost.objects.get()
    assert (cost.model_micros, cost.unpriced) == (1100, "")


def test_a_call_that_nobody_answered_has_no_cost() -> None:
    one = call(stage=Stage.RINGING)
    call_conclude(call_id=one.pk, status=Status.NOT_REACHED, end_reason=EndReason.BUSY, now=NOW)
    assert not CallCost.objects.exists()


def test_a_spent_hard_budget_refuses_new_calls_and_lets_the_live_one_end() -> None:
    key, _ = api_key_create(name="crm")
    other, _ = api_key_create(name="other")
    live = call_request(verification=verification(), now=NOW, requested_by=key)
    Call.objects.filter(pk=live.pk).update(stage=Stage.ANSWERED, answered_at=ago(30), claimed_at=ago(60))
    Budget.objects.create(key=key, begun_on=date(2026, 11, 1), hard_micros=100, spent_micros=100)
    with pytest.raises(Refused) as refused:
        call_request(verification=verification(), now=NOW, requested_by=key)
    assert refused.value.code == "budget_exceeded"
    call_request(verification=verification(), now=NOW, requested_by=other)
    _conclude(live)
    assert CallCost.objects.filter(key=key).count() == 1


def test_a_budget_begins_anew_with_its_period() -> None:
    key, _ = api_key_create(name="crm")
    budget = Budget.objects.create(
        key=key, period="day", begun_on=date(2026, 11, 20), hard_micros=100, spent_micros=999
    )
    one = call_request(verification=verification(), now=NOW, requested_by=key)
    Call.objects.filter(pk=one.pk).update(stage=Stage.ANSWERED, answered_at=ago(30), claimed_at=ago(60))
    _conclude(one)
    budget.refresh_from_db()
    assert (budget.begun_on, budget.spent_micros) == (date(2026, 11, 21), 28_800)


def test_a_soft_budget_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    Budget.objects.create(begun_on=date(2026, 11, 1), soft_micros=1)
    for _ in range(2):
        _conclude(call(stage=Stage.ANSWERED))
    assert caplog.text.count("past its soft limit") == 1
    assert Budget.objects.get().warned_at == NOW


@pytest.mark.parametrize(
    ("answered", "status", "left"),
    [(True, Status.UNSUCCESSFUL, 4), (True, Status.SYSTEM_ERROR, 5), (False, Status.NOT_REACHED, 5)],
)
def test_a_credit_is_kept_for_a_call_that_was_answered_and_did_not_fail_by_us(
    answered: bool, status: Status, left: int
) -> None:
    key, _ = api_key_create(name="crm", credits=5)
    one = call_request(verification=verification(), now=NOW, requested_by=key)
    key.refresh_from_db()
    assert key.credits == 4
    times = {"stage": Stage.ANSWERED, "answered_at": NOW} if answered else {"stage": Stage.RINGING}
    Call.objects.filter(pk=one.pk).update(**times)
    _conclude(one, status, EndReason.COMPLETED)
    _conclude(one, status, EndReason.COMPLETED)
    key.refresh_from_db()
    assert key.credits == left
    assert CreditHold.objects.get().settled_at == NOW


def test_a_canceled_call_gives_its_credit_back_and_a_key_without_any_is_refused() -> None:
    key, _ = api_key_create(name="crm", credits=1)
    one = call_request(verification=verification(), now=NOW, requested_by=key)
    with pytest.raises(Refused) as refused:
        call_request(verification=verification(), now=NOW, requested_by=key)
    assert refused.value.code == "insufficient_credits"
    assert Call.objects.count() == 1
    call_cancel(call_id=one.pk, now=NOW)
    key.refresh_from_db()
    assert key.credits == 1


def test_a_try_again_takes_a_credit_of_its_own() -> None:
    key, _ = api_key_create(name="crm", credits=1)
    script(name="patient", max_tries=2)
    one = call_request(verification=verification(script_name="patient"), now=NOW, requested_by=key)
    Call.objects.filter(pk=one.pk).update(stage=Stage.RINGING, claimed_at=NOW)
    call_conclude(
        call_id=one.pk, status=Status.NOT_REACHED, end_reason=EndReason.NO_ANSWER, now=NOW + timedelta(minutes=1)
    )
    assert [hold.settled_at is None for hold in CreditHold.objects.order_by("pk")] == [False, True]
    key.refresh_from_db()
    assert key.credits == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's test database is one connection")
def test_a_thousand_calls_at_once_never_overspend_a_hundred_credits() -> None:
    key, _ = api_key_create(name="crm", credits=100)
    people = [verification(name=f"Person {number}") for number in range(1000)]

    def ask(number: int) -> str:
        try:
            call_request(verification=people[number], now=NOW, requested_by=key)
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()
        return "called"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(1000)))
    assert (answers.count("called"), answers.count("insufficient_credits")) == (100, 900)
    assert (ApiKey.objects.get().credits, Call.objects.count(), CreditHold.objects.count()) == (0, 100, 100)


def test_the_report_adds_up_by_day_key_and_campaign() -> None:
    spring = campaign_create(name="Spring", script_name=script().name)
    for of in (spring, spring, None):
        one = call(stage=Stage.ANSWERED, campaign=of)
        Call.objects.filter(pk=one.pk).update(answered_at=ago(30))
        _conclude(one)
    rows = list(report_rows(since=NOW.date(), until=NOW.date()))
    assert [(row["campaign"], row["calls"], row["minutes"]) for row in rows] == [("", 1, 1), ("Spring", 2, 2)]
