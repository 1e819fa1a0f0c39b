"""What staff may do in the admin: call now, verifications, scripts, API keys."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from calls.models import ApiKey, Call, Script, Verification
from calls.services.api_keys import api_key_create, api_key_find
from tests import factories
from tests.admin_pages import member, text_of

pytestmark = pytest.mark.django_db
ADDED = {"name": "Ada Byron", "phone": "(202) 555-0123", "script_name": "default", "external_id": "", "background": ""}
EDITED = {**ADDED, "calls-TOTAL_FORMS": "0", "calls-INITIAL_FORMS": "0"}


def test_call_now_asks_before_it_queues_a_call(admin_client: Client, admin_user: User) -> None:
    verification = factories.verification(script_name="default")
    path = f"/admin/calls/verification/{verification.pk}/call-now/"
    assert "Call Ada Byron now?" in text_of(admin_client, path)
    assert not Call.objects.exists()
    response = admin_client.post(path)
    call = Call.objects.get()
    assert response["Location"] == f"/admin/calls/call/{call.pk}/change/"
    assert (call.stage, call.to_number, call.requested_by_user) == ("queued", "+12025550123", admin_user)


def test_call_now_says_why_it_was_refused(admin_client: Client) -> None:
    verification = factories.verification(script_name="default", phone="")
    response = admin_client.post(f"/admin/calls/verification/{verification.pk}/call-now/", follow=True)
    assert "There is no number to call." in response.content.decode()
    assert not Call.objects.exists()


def test_call_now_is_neither_offered_nor_granted_without_the_permission(client: Client) -> None:
    verification = factories.verification()
    browser = member(client, "view_verification")
    assert "call-now" not in text_of(browser, f"/admin/calls/verification/{verification.pk}/change/")
    assert browser.post(f"/admin/calls/verification/{verification.pk}/call-now/").status_code == 403
    assert not Call.objects.exists()


def test_a_verification_is_added_with_its_number_as_e164(admin_client: Client) -> None:
    response = admin_client.post("/admin/calls/verification/add/", {**ADDED, "facts": '{"pin": "1234"}'})
    assert response.status_code == 302
    made = Verification.objects.get()
    assert (made.name, made.phone, made.facts) == ("Ada Byron", "+12025550123", {"pin": "1234"})


def test_a_verification_is_edited_under_the_same_rules(admin_client: Client) -> None:
    verification = factories.verification()
    path = f"/admin/calls/verification/{verification.pk}/change/"
    assert admin_client.post(path, {**EDITED, "phone": "555", "facts": "{}"}).status_code == 200
    assert admin_client.post(path, {**EDITED, "phone": "202 555 0199", "facts": "{}"}).status_code == 302
    verification.refresh_from_db()
    assert (verification.phone, verification.facts) == ("+12025550199", factories.verification().facts)


def test_facts_are_written_over_those_on_file_without_being_shown(admin_client: Client) -> None:
    verification = factories.verification(facts={"date_of_birth": "1985-03-05", "pin": "1234"})
    path = f"/admin/calls/verification/{verification.pk}/change/"
    assert "1985-03-05" not in text_of(admin_client, path)
    admin_client.post(path, {**EDITED, "facts": '{"pin": null, "postcode": "90210"}'})
    verification.refresh_from_db()
    assert verification.facts == {"date_of_birth": "1985-03-05", "postcode": "90210"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"phone": "555"}, "It cannot exist: it is too short."),
        ({"facts": '{"car": {"make": "Saab"}}'}, "<li>car: "),
        ({"facts": "[1]"}, "Write an object"),
        ({"script_name": "nope"}, "No script has this name"),
        ({"name": "Ada\x85Byron"}, "It must be one line"),
        ({"external_id": "a\x85b"}, "It must be one line"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(admin_client: Client, wrong: dict[str, str], message: str) -> None:
    response = admin_client.post("/admin/calls/verification/add/", {**ADDED, "facts": "{}", **wrong})
    assert message in response.content.decode()
    assert not Verification.objects.exists()


def test_who_may_only_look_sees_which_facts_there_are_but_not_what_they_are(client: Client) -> None:
    verification = factories.verification()
    page = text_of(member(client, "view_verification"), f"/admin/calls/verification/{verification.pk}/change/")
    assert "date_of_birth" in page
    assert "1985" not in page


def script_form(script: Script, **changes: object) -> dict[str, object]:
    texts = ("company", "purpose", "disclosure", "closing", "voice", "language", "model", "transcription_model")
    asked = ("questions_to_ask", "matches_required", "tries_per_question")
    limits = ("ring_timeout_s", "time_limit_s", "silence_s", "max_tries")
    kept = {field: getattr(script, field) for field in texts + asked + limits}
    return {**kept, "wordings": "{}", "never_together": "[]", **changes}


def test_a_change_of_a_script_publishes_the_next_version(admin_client: Client) -> None:
    first = factories.script(version=1)
    response = admin_client.post(f"/admin/calls/script/{first.pk}/change/", script_form(first, company="Other Bank"))
    assert response.status_code == 302
    versions = Script.objects.order_by("version").values_list("name", "version", "company")
    assert list(versions) == [("test", 1, "Acme Bank"), ("test", 2, "Other Bank")]


def test_an_emptied_field_of_a_script_is_an_empty_one(admin_client: Client) -> None:
    first = factories.script(version=1, never_together=[["car", "bank"]])
    changes = {"wordings": "", "never_together": ""}
    assert (
        admin_client.post(f"/admin/calls/script/{first.pk}/change/", script_form(first, **changes)).status_code == 302
    )
    newest = Script.objects.get(version=2)
    assert (newest.wordings, newest.never_together) == ({}, [])


def test_facts_never_asked_together_need_two_keys(admin_client: Client) -> None:
    first = factories.script(version=1)
    path = f"/admin/calls/script/{first.pk}/change/"
    page = admin_client.post(path, script_form(first, never_together='[["car"]]')).content.decode()
    assert "It needs two different keys or more in each list." in page


def test_a_script_saved_without_a_change_stays_as_it_is(admin_client: Client) -> None:
    first = factories.script(version=1)
    admin_client.post(f"/admin/calls/script/{first.pk}/change/", script_form(first))
    assert Script.objects.get() == first


def test_an_older_version_of_a_script_is_only_read(admin_client: Client) -> None:
    first = factories.script(version=1)
    factories.script(version=2)
    path = f"/admin/calls/script/{first.pk}/change/"
    assert "Acme Bank" in text_of(admin_client, path)
    assert admin_client.post(path, script_form(first, company="Other Bank")).status_code == 403


def test_a_script_that_breaks_a_rule_is_not_published(admin_client: Client) -> None:
    first = factories.script(version=1)
    path = f"/admin/calls/script/{first.pk}/change/"
    response = admin_client.post(path, script_form(first, closing='Say "bye".', wordings='{"pin": 5}'))
    page = response.content.decode()
    assert "It must not contain" in page
    assert "<li>pin: " in page
    assert Script.objects.count() == 1


def test_a_new_script_takes_a_name_of_its_own(admin_client: Client) -> None:
    first = factories.script(version=1)
    path = "/admin/calls/script/add/"
    assert admin_client.post(path, script_form(first, name="other")).status_code == 302
    assert Script.objects.get(name="other").version == 1
    assert "A script has this name" in admin_client.post(path, script_form(first, name="test")).content.decode()
    assert Script.objects.count() == 2


def test_a_key_s_secret_is_shown_once(admin_client: Client) -> None:
    form = {"name": "CRM", "scopes": ["call", "read"], "rate_per_minute": 60}
    page = admin_client.post("/admin/calls/apikey/add/", form, follow=True).content.decode()
    found = re.search(r"<code class=hw-secret>(.+?)</code>", page)
    assert found is not None
    assert api_key_find(secret=found.group(1), now=factories.NOW) == ApiKey.objects.get(name="CRM")
    assert found.group(1) not in text_of(admin_client, "/admin/calls/apikey/")


def test_a_key_is_revoked_after_a_question(admin_client: Client) -> None:
    key, secret = api_key_create(name="CRM")
    path = f"/admin/calls/apikey/{key.pk}/revoke/"
    assert "Revoke CRM?" in text_of(admin_client, path)
    assert api_key_find(secret=secret, now=factories.NOW) == key
    assert "is revoked." in admin_client.post(path, follow=True).content.decode()
    assert api_key_find(secret=secret, now=factories.NOW) is None


def test_who_may_only_see_keys_revokes_none(client: Client) -> None:
    key, secret = api_key_create(name="CRM")
    assert member(client, "view_apikey").post(f"/admin/calls/apikey/{key.pk}/revoke/").status_code == 403
    assert api_key_find(secret=secret, now=factories.NOW) == key


def test_a_key_is_never_edited(admin_client: Client) -> None:
    key, _ = api_key_create(name="CRM")
    assert admin_client.post(f"/admin/calls/apikey/{key.pk}/change/", {"name": "Other"}).status_code == 403
