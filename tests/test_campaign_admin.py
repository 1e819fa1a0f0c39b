"""Campaigns in the admin: made by a form, filled from a file, watched and moved by buttons."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django import Settings

from calls.models import Campaign, CampaignMember, DoNotCall
from calls.services.campaigns import campaign_create
from tests import factories

pytestmark = pytest.mark.django_db
HEADER = "name,phone,date_of_birth,ssn_last_4\n"


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def listed(state: str = "draft", *, people: int = 1) -> Campaign:
    campaign = campaign_create(name="Spring", state=state)
    for row in range(people):
        CampaignMember.objects.create(
            campaign=campaign,
            verification=factories.verification(name=f"Person {row}", phone=f"+1202555010{row}"),
            row_number=row + 2,
            phone=f"+1202555010{row}",
            zones="America/New_York",
            next_at=datetime(2026, 6, 3, tzinfo=UTC),
        )
    return campaign


def form(**change: str) -> dict[str, str]:
    fields = {
        "name": "Spring",
        "script_name": "default",
        "hours": '{"mon": [["09:00", "20:00"]]}',
        "closed_days": "[]",
        "calls_per_second": "2",
        "max_concurrent": "10",
        "max_attempts": "3",
        "ladder": "{}",
        "per_person_day": "2",
        "per_person_week": "7",
        "cap": "99.50",
        "reserve": "0.50",
        "breaker_share": "0.5",
        "breaker_calls": "20",
        "breaker_minutes": "2",
    }
    return {**fields, **change}


def test_a_campaign_made_by_the_form_is_a_draft_and_asks_for_people(boss: Client) -> None:
    response = boss.post("/admin/calls/campaign/add/", form())
    campaign = Campaign.objects.get()
    assert response["Location"] == f"/admin/calls/campaign/{campaign.pk}/people/"
    assert (campaign.state, campaign.cap_micros, campaign.day_cap_micros, campaign.reserve_micros) == (
        *("draft", 99_500_000),
        *(None, 500_000),
    )
    assert campaign.hours == {"mon": [["09:00", "20:00"]]}


def test_the_form_says_what_is_wrong_beside_each_field(boss: Client) -> None:
    response = boss.post("/admin/calls/campaign/add/", form(hours='{"fun": []}', holidays="XX", max_attempts="99"))
    page = response.content.decode()
    assert "It fun is no day; use mon, tue, wed, thu, fri, sat, sun." in page
    assert "It no holidays are known for it." in page
    assert "It must be from 1 to 20." in page
    assert not Campaign.objects.exists()


def test_settings_are_changed_by_the_form_and_the_state_is_not(boss: Client) -> None:
    campaign = listed("running")
    boss.post(f"/admin/calls/campaign/{campaign.pk}/change/", form(calls_per_second="5", cap=""))
    campaign.refresh_from_db()
    assert (campaign.calls_per_second, campaign.cap_micros, campaign.state) == (5.0, None, "running")


def test_a_file_is_shown_with_its_problems_before_anybody_is_added(boss: Client) -> None:
    campaign = campaign_create(name="Spring")
    text = HEADER + "Ada Byron,+12025550101,1985-03-05,4321\nBad Number,12,1985-03-05,4321\n"
    file = SimpleUploadedFile("list.csv", text.encode())
    response = boss.post(f"/admin/calls/campaign/{campaign.pk}/people/", {"file": file}, follow=True)
    page = response.content.decode()
    assert "list.csv: 1 of 2 rows are good" in page
    assert "<td>3</td><td>phone</td><td>cannot exist: it is too short</td>" in page
    assert CampaignMember.objects.count() == 0
    upload = campaign.uploads.get()
    bad = boss.get(f"/admin/calls/campaign/{campaign.pk}/people/{upload.pk}/bad-rows/")
    assert b"Bad Number,12,1985-03-05,4321,phone: cannot exist: it is too short" in b"".join(bad.streaming_content)  # type: ignore[attr-defined]
    boss.post(f"/admin/calls/campaign/{campaign.pk}/people/{upload.pk}/import/")
    assert CampaignMember.objects.get().verification.name == "Ada Byron"


@pytest.mark.parametrize(
    ("state", "name", "after"),
    [
        ("draft", "start", "running"),
        ("running", "pause", "paused"),
        ("paused", "resume", "running"),
        ("paused", "cancel", "canceled"),
        ("completed", "start", "completed"),
    ],
)
def test_the_buttons_move_a_campaign(boss: Client, state: str, name: str, after: str) -> None:
    campaign = listed(state)
    boss.post(f"/admin/calls/campaign/{campaign.pk}/move/{name}/")
    campaign.refresh_from_db()
    assert campaign.state == after


def test_one_who_may_only_look_sees_no_buttons_and_moves_nothing(client: Client) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    client.force_login(looker)
    campaign = listed("running")
    page = client.get(f"/admin/calls/campaign/{campaign.pk}/watch/").content.decode()
    assert ("0 of 1 people have an outcome" in page, "/move/pause/" in page) == (True, False)
    assert client.post(f"/admin/calls/campaign/{campaign.pk}/move/pause/").status_code == 403
    assert client.get(f"/admin/calls/campaign/{campaign.pk}/results.csv").status_code == 403


def test_an_empty_campaign_does_not_start(boss: Client) -> None:
    campaign = campaign_create(name="Spring")
    page = boss.post(f"/admin/calls/campaign/{campaign.pk}/move/start/", follow=True).content.decode()
    assert "The campaign has nobody on its list." in page


def test_the_results_have_a_row_for_each_row_in_and_say_so(boss: Client) -> None:
    campaign = listed("running", people=2)
    CampaignMember.objects.filter(row_number=2).update(
        state="done", status="successful_call", end_reason="completed", attempts=1, ended_at=factories.NOW
    )
    response = boss.get(f"/admin/calls/campaign/{campaign.pk}/results.csv")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert (
        lines[0]
        == "row,name,phone,external_id,state,status,end_reason,attempts,last_call,ended_at,next_attempt,because"
    )
    assert lines[1] == "2,Person 0,+1202•••0100,,done,successful_call,completed,1,,2026-11-21T12:00:00+00:00,,"
    assert lines[3] == '"2 rows in, 1 outcomes out, 1 still open."'
    workbook = boss.get(f"/admin/calls/campaign/{campaign.pk}/results.xlsx")
    sheet = load_workbook(BytesIO(b"".join(workbook.streaming_content))).worksheets[0]  # type: ignore[attr-defined]
    assert (sheet.max_row, sheet["B2"].value) == (4, "Person 0")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_can_be_given_back_as_a_list(boss: Client, kind: str) -> None:
    campaign = campaign_create(name="Spring")
    response = boss.get(f"/admin/calls/campaign/template.{kind}")
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    file = SimpleUploadedFile(f"people.{kind}", content)
    page = boss.post(f"/admin/calls/campaign/{campaign.pk}/people/", {"file": file}, follow=True).content.decode()
    assert f"people.{kind}: 1 of 1 rows are good" in page


def test_the_do_not_call_list_takes_numbers_one_by_one_and_from_a_file(boss: Client) -> None:
    boss.post("/admin/calls/donotcall/add/", {"phone": "(202) 555-0101", "reason": "asked by letter"})
    file = SimpleUploadedFile("never.csv", b"phone\n+12025550102\nnobody\n")
    page = boss.post(reverse("admin:calls_donotcall_take_in"), {"file": file}, follow=True).content.decode()
    assert "row 3: phone is not a phone number" in page
    assert sorted(DoNotCall.objects.values_list("phone", "reason", "source")) == [
        ("+12025550101", "asked by letter", "staff"),
        ("+12025550102", "", "import"),
    ]


def test_lists_show_numbers_masked(boss: Client) -> None:
    listed(people=1)
    boss.post("/admin/calls/donotcall/add/", {"phone": "+12025550109", "reason": ""})
    for address in ("/admin/calls/campaignmember/", "/admin/calls/donotcall/", "/admin/calls/campaign/"):
        page = boss.get(address)
        numbers = [number for number in (b"+12025550100", b"+12025550109") if number in page.content]
        assert (page.status_code, numbers) == (200, [])
