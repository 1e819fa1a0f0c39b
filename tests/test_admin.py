"""The admin's lists and its front page: what staff see, in how many queries, and how they find it."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from calls.admin import dashboard
from calls.admin.navigation import sidebar
from calls.models import Call
from tests import factories
from tests.admin_pages import ENDED, LONG_AGO, member, rows_of, text_of

pytestmark = pytest.mark.django_db


def test_a_list_of_calls_masks_numbers_and_says_what_came_of_each(admin_client: Client) -> None:
    factories.call(review_state="due", review_reason="The model disagrees.", **ENDED)
    page = text_of(admin_client, "/admin/calls/call/")
    assert "+1202•••0123" in page
    assert "+12025550123" not in page
    assert '<span class="hw-badge hw-poor">Unsuccessful call</span>' in page
    assert "Answers exhausted" in page
    assert '<span class="hw-flag" title="The model disagrees.">Waits for a review</span>' in page


@pytest.mark.parametrize("path", ["/admin/calls/call/", "/admin/calls/verification/"])
def test_a_list_takes_as_many_queries_for_100_rows_as_for_10(
    admin_client: Client, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    script = factories.script()

    def queries(rows: int) -> int:
        for _ in range(rows):
            factories.call(script=script, **ENDED)
        with django_assert_max_num_queries(12) as captured:
            text_of(admin_client, path)
        return len(captured)

    assert queries(10) == queries(90)


@pytest.mark.parametrize(
    "query", ["Ada", "ext-7", "CA7", "#{pk}", "{pk}"], ids=["name", "external id", "SID", "#number", "number"]
)
def test_a_call_is_found_by(admin_client: Client, query: str) -> None:
    wanted = factories.call(carrier_sid="CA7", verification=factories.verification(external_id="ext-7"))
    factories.call(verification=factories.verification(name="Bob"))
    page = text_of(admin_client, "/admin/calls/call/?q=" + query.format(pk=wanted.pk).replace("#", "%23"))
    assert rows_of(page) == [str(wanted.pk)]


@pytest.mark.parametrize(
    "query",
    [
        "status__exact=unsuccessful_call",
        "stage__exact=ended",
        "end_reason__exact=answers_exhausted",
        "needs_review__exact=1",
        "created_at__gte=2001-01-02T00:00:00Z",
        "script__id__exact={script}",
    ],
)
def test_calls_are_filtered_by(admin_client: Client, query: str) -> None:
    wanted = factories.call(needs_review=True, **ENDED)
    other = factories.call()
    Call.objects.filter(pk=other.pk).update(created_at=LONG_AGO)
    page = text_of(admin_client, "/admin/calls/call/?" + query.format(script=wanted.script_id))
    assert rows_of(page) == [str(wanted.pk)]


def test_a_list_of_verifications_names_the_facts_and_hides_their_values(admin_client: Client) -> None:
    factories.call(**ENDED)
    page = text_of(admin_client, "/admin/calls/verification/")
    assert "date_of_birth" in page
    assert "1985" not in page
    assert "+12025550123" not in page
    assert '<span class="hw-badge hw-poor">Unsuccessful call</span>' in page


def test_verifications_are_filtered_by_their_latest_call(admin_client: Client) -> None:
    called = factories.verification(name="Called twice")
    factories.call(verification=called, **ENDED)
    factories.call(verification=called, attempt=2)
    factories.verification(name="Never called")
    path = "/admin/calls/verification/?latest="
    assert "Called twice" in text_of(admin_client, path + "in_progress")
    assert "Called twice" not in text_of(admin_client, path + "unsuccessful_call")
    assert "Called twice" not in text_of(admin_client, path + "none")


def test_the_dashboard_counts_today_s_calls_by_status() -> None:
    made = [factories.call(**{**ENDED, "status": status}) for status in ("unsuccessful_call",) * 2 + ("system_error",)]
    made.append(factories.call(stage="answered"))
    Call.objects.update(created_at=factories.NOW)
    Call.objects.filter(pk=made[0].pk).update(
        review_state="due",
        review_due_at=factories.NOW - timedelta(hours=5),
        end_reason="no_answer",
        status="not_reached",
    )
    Call.objects.filter(status="system_error").update(created_at=factories.NOW - timedelta(hours=12, seconds=1))
    today = dashboard.figures(now=factories.NOW)
    assert (today["total"], today["live_count"], today["cost"]) == (3, 1, "0.0000")
    assert today["review"] == {"waiting": 1, "due": 1, "second": 0, "escalated": 0, "age": "5 h"}
    assert {cause["name"]: cause["count"] for cause in today["causes"]} == {
        "Nobody answered": 1,
        "Every question was asked; too few answers matched": 1,
    }
    assert [(chart["name"], chart["percent"]) for chart in today["charts"]] == [
        ("Reached a person", 33),
        ("Successful", 0),
    ]
    assert [bar["words"] for bar in today["charts"][0]["bars"]][-2:] == ["20 Nov: 0 of 1", "21 Nov: 1 of 2"]
    assert {tile["name"]: (tile["count"], tile["share"]) for tile in today["tiles"]} == {
        "Successful call": (0, 0),
        "Unsuccessful call": (1, 33),
        "User hung up": (0, 0),
        "System error": (0, 0),
        "Not reached": (1, 33),
        "Canceled": (0, 0),
    }
    assert [row["call"] for row in today["live"]] == [made[3]]
    assert [row["call"] for row in today["ended"]] == [made[2], made[1], made[0]]


def test_every_number_of_the_dashboard_leads_to_the_list_behind_it(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        factories.call(review_state="due", review_due_at=factories.NOW, **ENDED)
    with django_assert_max_num_queries(8):
        page = text_of(admin_client, "/admin/calls/call/today/")
    tile = r'class="hw-tile[^"]*" href="([^"]+)"(?:(?!</a>).)*?tile-count">(\d+)'
    tiles = re.findall(tile, page, re.DOTALL)
    assert len(tiles) == 9
    for link, count in tiles:
        assert len(rows_of(text_of(admin_client, link.replace("&amp;", "&")))) == int(count)


def test_the_front_page_shows_the_dashboard_to_those_who_may_see_calls(client: Client) -> None:
    assert "hw-tiles" not in text_of(member(client, "view_script"), "/admin/")
    User.objects.get().user_permissions.add(Permission.objects.get(codename="view_call"))
    assert 'data-live-url="/admin/calls/call/today/"' in text_of(client, "/admin/")


def test_the_sidebar_shows_each_page_to_those_who_may_open_it(client: Client) -> None:
    page = text_of(member(client, "view_call"), "/admin/calls/call/")
    assert "/admin/calls/verification/" not in page
    links = [item["link"] for group in sidebar(client.get("/admin/").wsgi_request) for item in group["items"]]
    client.force_login(User.objects.create_superuser("ada"))
    for link in links:
        assert link in text_of(client, link)


def test_users_and_groups_have_unfold_s_forms(admin_client: Client) -> None:
    response = admin_client.post(
        "/admin/auth/user/add/",
        {"username": "eve", "password1": "a-long-Passw0rd", "password2": "a-long-Passw0rd", "usable_password": "true"},
    )
    assert response.status_code == 302
    assert "eve" in text_of(admin_client, f"/admin/auth/user/{User.objects.get(username='eve').pk}/change/")
