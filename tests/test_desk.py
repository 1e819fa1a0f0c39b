"""The desk at the door: roles, masked facts and their reveal, the audit trail, live calls, saved views."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from calls.masking import masked_fact
from calls.models import AuditEntry, Call, Review, SavedView, Turn
from calls.services.staff import LISTEN_FOR, call_listen
from tests import factories
from tests.admin_pages import ENDED, text_of
from tests.desk_stage import ended_call, record_wav, staff, trail
from tests.fake_carrier import FakeCarrier

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/admin/calls/call/", {"operator", "reviewer", "supervisor", "auditor"}),
        ("/admin/calls/call/queue/", {"reviewer", "supervisor"}),
        ("/admin/calls/call/live/", {"operator", "supervisor"}),
        ("/admin/calls/call/{call}/recording/", {"reviewer", "supervisor", "auditor"}),
        ("/admin/calls/call/{call}/peaks/", {"reviewer", "supervisor", "auditor"}),
        ("/admin/calls/call/{call}/bundle/", {"supervisor", "auditor"}),
        ("/admin/calls/call/{call}/end/", {"operator", "supervisor"}),
        ("/admin/calls/call/export/", {"supervisor", "auditor"}),
        ("/admin/calls/auditentry/", {"supervisor", "auditor"}),
        ("/admin/calls/verification/add/", {"operator", "supervisor"}),
        ("/admin/calls/script/add/", {"supervisor"}),
        ("/admin/auth/user/", {"auditor"}),
        ("/admin/auth/user/add/", set()),
    ],
)
def test_each_role_opens_what_is_its_own(settings: Settings, path: str, allowed: set[str]) -> None:
    call = ended_call(recording="a.wav")
    record_wav(settings, "a.wav")
    opened = set()
    for role in ("operator", "reviewer", "supervisor", "auditor"):
        client = Client()
        staff(client, role, name=role)
        answer = client.get(path.format(call=call.pk))
        assert answer.status_code in (200, 403)
        if answer.status_code == 200:
            opened.add(role)
    assert opened == allowed


def test_the_auditor_changes_nothing(client: Client) -> None:
    call = ended_call()
    staff(client, "auditor")
    for path in (f"call/{call.pk}/review/", f"call/{call.pk}/end/", f"verification/{call.verification_id}/change/"):
        assert client.post(f"/admin/calls/{path}", {"decision": "confirm"}).status_code == 403
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("fact", "shown"),
    [("1985-03-05", "••••05"), ("90210", "••••10"), ("1234", "••••"), ("7", "••••"), ("", ""), (90210, "••••10")],
)
def test_a_fact_is_masked_as(fact: object, shown: str) -> None:
    assert masked_fact(fact) == shown


def test_facts_are_masked_until_a_click_that_is_recorded(client: Client) -> None:
    call = ended_call()
    staff(client, "reviewer")
    page = text_of(client, f"/admin/calls/call/{call.pk}/change/")
    assert "1985" not in page
    assert "When were you born?" in page
    turn, answer = call.turns.get(item_id="2"), call.answers.get()
    said = "The fifth of March 1985"
    assert client.post(f"/admin/calls/call/{call.pk}/reveal/").json() == {
        "shown": {
            f"turn-{turn.pk}": said,
            f"heard-{answer.pk}": said,
            f"value-{answer.pk}": "1985-03-05",
            f"expected-{answer.pk}": "1985-03-05",
        }
    }
    assert trail() == [("rita", "facts_revealed", "call", str(call.pk))]
    assert AuditEntry.objects.get().detail == {"keys": ["date_of_birth"]}


def test_a_verification_s_facts_are_revealed_and_recorded_the_same_way(client: Client) -> None:
    verification = factories.verification(facts={"date_of_birth": "1985-03-05"})
    staff(client, "reviewer")
    page = text_of(client, f"/admin/calls/verification/{verification.pk}/change/")
    assert "••••05" in page
    assert "1985" not in page
    answer = client.post(f"/admin/calls/verification/{verification.pk}/reveal/")
    assert answer.json() == {"shown": {"date_of_birth": "1985-03-05"}}
    assert trail() == [("rita", "facts_revealed", "verification", str(verification.pk))]


def test_who_may_not_reveal_is_shown_no_button(client: Client) -> None:
    call = ended_call()
    staff(client, "operator")
    assert "data-reveal" not in text_of(client, f"/admin/calls/call/{call.pk}/change/")
    assert "••••05" not in text_of(client, f"/admin/calls/verification/{call.verification_id}/change/")
    assert client.post(f"/admin/calls/call/{call.pk}/reveal/").status_code == 403
    assert trail() == []


def test_a_review_leads_to_the_next_call_in_the_queue(client: Client) -> None:
    first, second = ended_call(), ended_call(review_due_at=factories.NOW + timedelta(minutes=1))
    staff(client, "reviewer")
    page = text_of(client, "/admin/calls/call/queue/")
    assert page.index(f"#{first.pk}<") < page.index(f"#{second.pk}<")
    answer = client.post(f"/admin/calls/call/{first.pk}/review/", {"decision": "confirm"})
    assert answer["Location"] == f"/admin/calls/call/{second.pk}/change/"
    answer = client.post(f"/admin/calls/call/{second.pk}/review/", {"decision": "overturn"}, follow=True)
    assert "Reason is required to overturn." in answer.content.decode()
    answer = client.post(f"/admin/calls/call/{second.pk}/review/", {"decision": "escalate"})
    assert answer["Location"] == "/admin/calls/call/queue/"
    assert "Nothing waits for you." in text_of(client, "/admin/calls/call/queue/")


def test_a_recording_heard_in_parts_is_recorded_once(client: Client, settings: Settings) -> None:
    call = ended_call(recording="a.wav")
    record_wav(settings, "a.wav")
    staff(client, "reviewer")
    for part in ("bytes=0-99", "bytes=100-199"):
        assert client.get(f"/admin/calls/call/{call.pk}/recording/", headers={"Range": part}).status_code == 206
    assert trail() == [("rita", "recording_heard", "call", str(call.pk))]


def test_a_change_in_the_admin_is_on_the_trail_which_nobody_edits(client: Client) -> None:
    verification = factories.verification(script_name="default")
    staff(client, "supervisor")
    form = {"name": "Ada King", "phone": verification.phone, "script_name": "default", "facts": "{}"}
    form |= {"calls-TOTAL_FORMS": "0", "calls-INITIAL_FORMS": "0", "external_id": "", "background": ""}
    answer = client.post(f"/admin/calls/verification/{verification.pk}/change/", form)
    assert answer.status_code == 302
    assert trail() == [("rita", "changed", "verification", str(verification.pk))]
    entry = AuditEntry.objects.get()
    assert entry.detail == {"change": [{"changed": {"fields": ["Name"]}}]}
    assert client.post(f"/admin/calls/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/calls/auditentry/{entry.pk}/change/", {}).status_code == 403


def test_the_live_page_shows_what_is_being_said_and_is_recorded_once(client: Client) -> None:
    call = factories.call(stage="answered")
    staff(client, "operator")
    assert "Nothing has been said yet." in text_of(client, "/admin/calls/call/live/cards/")
    Turn.objects.create(call=call, item_id="1", speaker="caller", text="Yes, <b>speaking</b>.", start_ms=0, end_ms=9)
    for _ in range(2):
        assert "Yes, &lt;b&gt;speaking&lt;/b&gt;." in text_of(client, "/admin/calls/call/live/cards/")
    assert trail() == [("rita", "live_watched", "call", str(call.pk))]


def test_a_live_call_is_ended_after_a_question(client: Client, carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage="answered", carrier_sid="CA" + "7" * 32)
    staff(client, "operator")
    path = f"/admin/calls/call/{call.pk}/end/"
    assert "End this call now?" in text_of(client, path)
    assert Call.objects.get().stage == "answered"
    carrier_wire.will_answer(200, {"sid": call.carrier_sid, "status": "completed"})
    client.post(path)
    call.refresh_from_db()
    assert (call.stage, call.status, call.end_reason) == ("ended", "canceled", "canceled")
    assert trail() == [("rita", "call_ended", "call", str(call.pk))]
    assert [form for _, _, form in carrier_wire.requests] == [{"Status": ["completed"]}]


def test_who_listens_says_so_on_the_row_and_in_the_trail() -> None:
    call, rita, now = factories.call(stage="answered"), User.objects.create_user("rita"), timezone.now()
    assert call_listen(call_id=call.pk, actor=rita, now=now)
    call.refresh_from_db()
    assert call.listened_until == now + LISTEN_FOR
    Call.objects.filter(pk=call.pk).update(**ENDED)
    assert not call_listen(call_id=call.pk, actor=rita, now=now)
    assert trail() == [("rita", "live_heard", "call", str(call.pk))]


def test_a_view_is_saved_shared_and_removed_by_its_owner(client: Client) -> None:
    staff(client, "reviewer")
    form = {"name": "Errors", "query": "status__exact=system_error", "shared": "on"}
    answer = client.post("/admin/calls/call/views/save/", form)
    assert answer["Location"] == "/admin/calls/call/?status__exact=system_error"
    view = SavedView.objects.get()
    other = Client()
    staff(other, "reviewer", name="sam")
    assert 'href="/admin/calls/call/?status__exact=system_error"' in text_of(other, "/admin/calls/call/")
    other.post("/admin/calls/call/views/remove/", {"view": view.pk})
    assert SavedView.objects.exists()
    client.post("/admin/calls/call/views/remove/", {"view": view.pk})
    assert not SavedView.objects.exists()
