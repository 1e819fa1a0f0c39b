"""Which facts a call asks, and the refusal of a call that no answer could make successful."""

from datetime import timedelta
from typing import Any

import pytest

from calls import stream_tokens
from calls.models import Call, Script, Verification
from calls.services.calls import call_request
from calls.services.conversations import StreamRefused, conversation_admit
from calls.services.errors import Refused
from calls.services.questions import questions_of
from calls.services.scripts import script_publish
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

FACTS = {"date_of_birth": "1985-03-05", "ssn_last_4": "4321", "employer": "Copper Kettle", "car": "Fiat Panda"}


def keys(call: Call) -> list[str]:
    return [fact.question.key for fact in questions_of(call=call)]


def ended(verification: Verification, attempt: int, **fields: Any) -> Call:
    return factories.call(verification=verification, attempt=attempt, stage="ended", **fields)


def admit(call: Call) -> Any:
    return conversation_admit(
        verification_id=call.verification_id,
        call_id=call.pk,
        token=stream_tokens.make(verification_id=call.verification_id, call_id=call.pk),
        stream_sid="MZ1",
        carrier_sid="CA1",
        recording="",
        now=NOW,
    )


def test_a_later_call_asks_what_the_earlier_ones_did_not() -> None:
    person = factories.verification(facts=FACTS)
    first = ended(person, 1, questions=["date_of_birth", "car"])
    later = factories.call(verification=person, attempt=2, script=first.script)
    assert set(keys(later)) == {"ssn_last_4", "employer"}


def test_a_call_of_another_verification_of_the_same_person_counts_as_earlier() -> None:
    ended(factories.verification(facts=FACTS), 1, questions=["ssn_last_4", "employer"])
    other = factories.verification(facts=FACTS, name="A. Byron")
    assert set(keys(factories.call(verification=other))) == {"date_of_birth", "car"}


def test_facts_that_a_script_never_asks_together_are_not() -> None:
    script = factories.script(never_together=[["date_of_birth", "SSN last 4", "employer"]], questions_to_ask=4)
    asked = keys(factories.call(verification=factories.verification(facts=FACTS), script=script))
    assert len(asked) == 2
    assert "car" in asked


@pytest.mark.parametrize("attempt", range(1, 6))
def test_what_the_agent_says_anyway_is_not_asked(attempt: int) -> None:
    facts = {**FACTS, "first_name": "Ada", "employer": "Acme Bank"}
    call = factories.call(verification=factories.verification(facts=facts), attempt=attempt)
    assert not {"first_name", "employer"} & set(keys(call))


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ({}, 0),
        ({"car": "Fiat"}, 1),
        ({"address": "12 Elm Court, 90210", "zip": "90210"}, 1),
        ({"name": "Ada Byron"}, 0),
    ],
)
def test_a_call_with_too_few_facts_to_succeed_is_refused(facts: dict[str, str], count: int) -> None:
    with pytest.raises(Refused) as refused:
        call_request(verification=factories.verification(facts=facts), now=NOW)
    problem = f"make {count} questions that may be asked in one call; the script requires 2"
    assert (refused.value.code, refused.value.fields) == ("too_few_facts", {"facts": problem})
    assert Call.objects.count() == 0


def test_a_fact_that_the_scripts_wording_makes_unusable_is_named() -> None:
    script_publish(name="choices", company="Acme", purpose="A check.", wordings={"car": {"options": ["Fiat Panda"]}})
    person = factories.verification(facts=FACTS, script_name="choices")
    with pytest.raises(Refused) as refused:
        call_request(verification=person, now=NOW)
    assert (refused.value.code, list(refused.value.fields)) == ("facts_unusable", ["facts.car"])


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (
            {"date_of_birth": "some day", "ssn_last_4": "4321"},
            "date_of_birth: is not a date with day, month and year; write it as 1985-03-05",
        ),
        ({"ssn_last_4": "4321"}, "there are too few facts to ask"),
    ],
)
def test_facts_spoiled_after_the_request_end_the_call_with_the_reason(facts: dict[str, str], reason: str) -> None:
    call = factories.call(stage="ringing", carrier_sid="CA1")
    Verification.objects.update(facts=facts)
    with pytest.raises(StreamRefused):
        admit(call)
    call.refresh_from_db()
    assert (call.status, call.end_reason, call.needs_review, call.review_reason) == (
        "system_error",
        "facts_unusable",
        True,
        reason,
    )


def test_an_admitted_stream_keeps_which_facts_were_asked() -> None:
    call = factories.call(stage="ringing", carrier_sid="CA1")
    admission = admit(call)
    call.refresh_from_db()
    assert call.questions == [fact.question.key for fact in admission.facts]
    assert sorted(call.questions) == ["date_of_birth", "ssn_last_4"]


def test_spoiled_facts_do_not_end_a_call_that_has_its_stream() -> None:
    call = factories.call(stage="ringing", carrier_sid="CA1")
    admit(call)
    Verification.objects.update(facts={})
    with pytest.raises(StreamRefused):
        admit(call)
    call.refresh_from_db()
    assert call.status == "in_progress"


@pytest.mark.parametrize(
    ("groups", "problem"),
    [
        ("car", 'must be a list of lists of keys, like [["employer", "job_title"]]'),
        (["car", "bank"], 'must be a list of lists of keys, like [["employer", "job_title"]]'),
        ([["car", 5]], "must hold keys such as employer, each a text of at most 100 characters"),
        ([["dob", "date_of_birth"]], "needs two different keys or more in each list"),
        ([["a", "b"]] * 51, "holds more than 50 lists"),
    ],
)
def test_sets_that_are_no_sets_of_keys_are_refused(groups: object, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        script_publish(name="loans", company="Acme", purpose="A check.", never_together=groups)
    assert refused.value.fields == {"never_together": problem}
    assert Script.objects.count() == 0


def test_looking_back_ends_somewhere(django_assert_num_queries: Any) -> None:
    person = factories.verification(facts=FACTS)
    script = factories.script()
    for attempt in range(1, 26):
        ended(person, attempt, script=script, questions=["car"], ended_at=NOW + timedelta(hours=attempt))
    call = factories.call(verification=person, attempt=26, script=script)
    with django_assert_num_queries(1):
        assert "car" not in keys(call)
