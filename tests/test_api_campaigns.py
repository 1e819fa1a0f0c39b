"""Campaigns by the API, from the list to the results."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from calls.models import Campaign, CampaignMember, DoNotCall
from calls.services.api_keys import api_key_create

pytestmark = pytest.mark.django_db
PEOPLE = "name,phone,date_of_birth,ssn_last_4\nAda Byron,+12025550101,1985-03-05,4321\nBad Number,12,1985-03-05,4321\n"


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


class Caller:
    def __init__(self, client: Client, *scopes: str) -> None:
        self.client = client
        self.headers = {"x-api-key": api_key_create(name="crm", scopes=scopes)[1]}

    def post(self, path: str, **body: Any) -> Any:
        return self.client.post(path, body, content_type="application/json", headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)

    def upload(self, path: str, text: str, **form: Any) -> Any:
        file = SimpleUploadedFile("list.csv", text.encode())
        return self.client.post(path, {"file": file, **form}, headers=self.headers)


@pytest.fixture
def caller(client: Client) -> Caller:
    return Caller(client, "campaign", "read")


def test_a_campaign_is_made_filled_started_paused_and_canceled(caller: Caller) -> None:
    made = caller.post("/campaigns", name="Spring", cap=12.5, hours={"mon": [["09:00", "20:00"]]}).json()
    assert (made["state"], Campaign.objects.get().cap_micros) == ("draft", 12_500_000)
    checked = caller.upload(f"/campaigns/{made['id']}/people", PEOPLE)
    assert (checked.status_code, checked.json()["good_rows"], checked.json()["problems"]) == (
        *(201, 1),
        [{"row": 3, "column": "phone", "problem": "cannot exist: it is too short"}],
    )
    address = f"/campaigns/{made['id']}/people/{checked.json()['id']}/import"
    assert [caller.post(address).json()["people"] for _ in range(2)] == [1, 1]
    assert CampaignMember.objects.count() == 1
    moves = ("start", "pause", "start", "cancel")
    states = [caller.post(f"/campaigns/{made['id']}/{move}").json()["state"] for move in moves]
    assert states == ["running", "paused", "running", "canceled"]
    assert caller.get(f"/campaigns/{made['id']}").json()["people"] == {"canceled": 1}
    results = b"".join(caller.get(f"/campaigns/{made['id']}/results.csv").streaming_content).decode()
    assert results.splitlines()[-1] == '"1 rows in, 1 outcomes out, 0 still open."'


def test_a_file_taken_in_before_is_refused_unless_it_is_meant(caller: Caller) -> None:
    one, other = (caller.post("/campaigns", name=name).json()["id"] for name in ("one", "other"))
    upload = caller.upload(f"/campaigns/{one}/people", PEOPLE).json()
    caller.post(f"/campaigns/{one}/people/{upload['id']}/import")
    refused = caller.upload(f"/campaigns/{other}/people", PEOPLE)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_imported")
    assert caller.upload(f"/campaigns/{other}/people", PEOPLE, again="true").status_code == 201


def test_a_move_that_the_state_does_not_allow_answers_409(caller: Caller) -> None:
    made = caller.post("/campaigns", name="Spring").json()
    refused = caller.post(f"/campaigns/{made['id']}/pause")
    assert (refused.status_code, refused.json()["message"]) == (409, "The campaign is draft.")
    assert caller.post(f"/campaigns/{made['id']}/start").json()["code"] == "no_people"


def test_a_wrong_setting_is_named(caller: Caller) -> None:
    refused = caller.post("/campaigns", name="Spring", hours={"fun": []})
    assert (refused.status_code, refused.json()["fields"]) == (
        *(422,),
        {"hours": "fun is no day; use mon, tue, wed, thu, fri, sat, sun"},
    )


def test_a_number_is_listed_and_asked_for(caller: Caller) -> None:
    assert caller.get("/do-not-call/+12025550101").json() == {"listed": False}
    assert caller.post("/do-not-call", phone="(202) 555-0101", reason="by letter").status_code == 201
    assert caller.get("/do-not-call/+12025550101").json() == {"listed": True}
    assert DoNotCall.objects.get().source == "api"


def test_a_key_without_the_scope_may_look_but_not_act(client: Client) -> None:
    reader = Caller(client, "read")
    assert reader.get("/campaigns").json() == []
    assert reader.post("/campaigns", name="Spring").json()["code"] == "insufficient_scope"


def test_an_unknown_campaign_or_method_is_told_in_the_one_shape(caller: Caller) -> None:
    assert caller.get("/campaigns/99").json()["code"] == "not_found"
    refused = caller.client.delete("/campaigns", headers=caller.headers)
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
