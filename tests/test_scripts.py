"""Scripts: versions are made, never changed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from calls.evidence import wordings_problems
from calls.models import Script
from calls.services.errors import Refused
from calls.services.scripts import script_current, script_publish

pytestmark = pytest.mark.django_db


def test_the_default_script_makes_itself_once() -> None:
    first = script_current(name="default")
    assert (first.name, first.version, first.company, first.questions_to_ask) == ("default", 1, "the company", 2)
    assert script_current(name="default") == first
    assert Script.objects.count() == 1


def test_another_name_must_have_been_published() -> None:
    with pytest.raises(Script.DoesNotExist, match="There is no script named loans"):
        script_current(name="loans")


def test_publishing_makes_the_next_version_and_leaves_the_old_one_as_it_was() -> None:
    first = script_publish(name="loans", company="Acme", purpose="A loan.", voice="cedar")
    second = script_publish(name="loans", company="Acme Lending")
    assert [(row.version, row.company, row.voice) for row in Script.objects.filter(name="loans")] == [
        (2, "Acme Lending", "cedar"),
        (1, "Acme", "cedar"),
    ]
    assert script_current(name="loans") == second
    assert first.pk != second.pk


def test_publishing_without_a_change_keeps_the_version() -> None:
    first = script_publish(name="loans", company="Acme", purpose="A loan.", wordings={"car": "Which car is yours?"})
    again = script_publish(name="loans", company="Acme", wordings={"car": "Which car is yours?"})
    assert (again.pk, again.version) == (first.pk, 1)
    assert Script.objects.count() == 1


def test_a_publisher_who_was_overtaken_takes_the_version_after() -> None:
    script_publish(name="loans", company="Acme", purpose="A loan.")
    overtakers = ["Overtaker Ltd"]

    def overtake(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if sql.startswith("SELECT") and overtakers:
            Script.objects.create(name="loans", version=2, company=overtakers.pop(), purpose="A loan.")
        return found

    with connection.execute_wrapper(overtake):
        published = script_publish(name="loans", voice="cedar")
    assert (published.version, published.company, published.voice) == (3, "Overtaker Ltd", "cedar")


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"company": ""}, {"company": "is required"}),
        ({"company": "Acme\n# Rules"}, {"company": "must be one line, without control characters"}),
        ({"company": "x" * 201}, {"company": "is 201 characters long; at most 200 are kept"}),
        ({"purpose": "nul \x00"}, {"purpose": "must not contain control characters"}),
        ({"disclosure": 'I am "a bot".'}, {"disclosure": "must not contain \" (use ' instead)"}),
        ({"closing": "Bye\u2028now"}, {"closing": "must be one line, without control characters"}),
        ({"ring_timeout_s": 4}, {"ring_timeout_s": "must be from 5 to 600"}),
        ({"time_limit_s": 14_401}, {"time_limit_s": "must be from 30 to 14400"}),
        (
            {"questions_to_ask": 0, "silence_s": 1},
            {"questions_to_ask": "must be from 1 to 10", "silence_s": "must be from 3 to 120"},
        ),
        ({"matches_required": 3}, {"matches_required": "must not exceed questions_to_ask (2)"}),
        ({"wordings": ["car"]}, wordings_problems(["car"])),
        ({"wordings": {"car": ""}}, {"wordings.car": wordings_problems({"car": ""})["car"]}),
        ({"wordings": {"car": "Is it\nred?"}}, {"wordings.car": "must be one line, without control characters"}),
        ({"wordings": {"car": {"ask": 'A "Fiat"?'}}}, {"wordings.car": "must not contain \" (use ' instead)"}),
        (
            {"wordings": {"car": {"options": ["a\x00"]}}},
            {"wordings.car": "must be one line, without control characters"},
        ),
        ({"wordings": {"a\nb": "Which?"}}, {"wordings.a\nb": "must be one line, without control characters"}),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_published(fields: dict[str, Any], problems: dict[str, str]) -> None:
    good = {"company": "Acme", "purpose": "A loan."}
    with pytest.raises(Refused) as refusal:
        script_publish(name="loans", **{**good, **fields})
    assert (refusal.value.code, refusal.value.fields) == ("validation_error", problems)
    assert not Script.objects.exists()


@pytest.mark.parametrize("name", ["", "a/b", "two words", "-x", "x" * 101])
def test_a_name_must_be_fit_for_an_address(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        script_publish(name=name, company="Acme", purpose="A loan.")
    assert list(refusal.value.fields) == ["name"]
