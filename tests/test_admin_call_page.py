"""The page of a call: the whole story, live, and never a hostile word as markup."""

from datetime import timedelta

import pytest
from django.test import Client

from calls.admin import look
from calls.admin.call_page import is_live
from calls.lifecycle import EndReason, Status
from calls.models import Answer, Call, CallEvent, Turn
from tests import factories
from tests.admin_pages import ENDED, LONG_AGO, text_of

pytestmark = pytest.mark.django_db


def test_the_page_of_a_call_tells_its_whole_story(admin_client: Client) -> None:
    call = factories.call(
        needs_review=True,
        review_reason="The model disagrees.",
        vendor_code="13224",
        usage={"audio_in": 912},
        **ENDED,
    )
    Turn.objects.create(
        call=call, item_id="i", speaker="caller", text="Yes?", start_ms=5900, end_ms=7000, interrupted=True
    )
    Answer.objects.create(
        call=call, question_id="q1", key="date_of_birth", asked="Born?", heard="In May", verdict="mismatch"
    )
    CallEvent.objects.create(
        call=call, at=call.created_at + timedelta(seconds=3.21), kind="tool_called", detail={"n": 1}
    )
    page = text_of(admin_client, f"/admin/calls/call/{call.pk}/change/")
    for shown in (
        "Every question was asked; too few answers matched.",
        "The model disagrees.",
        "<code>13224</code>",
        'data-seek-ms="5900"',
        '<p class="hw-bubble">Yes?</p>',
        '<span class="hw-flag">interrupted</span>',
        "••••ay",
        "••••05",
        '<span class="hw-badge hw-bad">Mismatch</span>',
        ">+3.2 s</time>",
        "tool called",
        "<dt>audio in</dt><dd>912</dd>",
    ):
        assert shown in page
    assert "1985-03-05" not in page
    assert "In May" not in page
    assert "data-live-url" not in page


def test_what_a_caller_says_never_becomes_markup(admin_client: Client) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    call = factories.call(
        verification=factories.verification(name=attack),
        vendor_text=attack,
        review_reason=attack,
        needs_review=True,
        **ENDED,
    )
    Turn.objects.create(call=call, item_id="i", speaker="caller", text=attack, start_ms=0, end_ms=1)
    Answer.objects.create(
        call=call, question_id="q1", key="k", asked=attack, heard=attack, verdict="match", method=attack[:50]
    )
    CallEvent.objects.create(call=call, at=call.created_at, kind=attack[:50], detail={attack: attack})
    factories.call(verification=factories.verification(name=attack))
    for path in (f"call/{call.pk}/change/", f"call/{call.pk}/live/", "call/", "verification/", "call/today/"):
        page = text_of(admin_client, f"/admin/calls/{path}")
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page


def test_a_live_call_s_page_refreshes_itself(admin_client: Client) -> None:
    call = factories.call(stage="answered")
    path = f"/admin/calls/call/{call.pk}/live/"
    assert f'data-live-url="{path}"' in text_of(admin_client, f"/admin/calls/call/{call.pk}/change/")
    assert admin_client.get(path)["X-Call-Live"] == "yes"
    Turn.objects.create(call=call, item_id="i", speaker="caller", text="Yes, speaking.", start_ms=0, end_ms=1)
    assert "Yes, speaking." in text_of(admin_client, path)
    Call.objects.filter(pk=call.pk).update(**ENDED)
    assert admin_client.get(path)["X-Call-Live"] == "no"


@pytest.mark.parametrize(("seconds", "live"), [(0, True), (9, True), (10, False)])
def test_a_page_goes_on_refreshing_for_a_moment_after_the_end(seconds: int, live: bool) -> None:
    call = factories.call(**ENDED)
    assert is_live(call, now=LONG_AGO + timedelta(seconds=seconds)) is live


def test_nobody_edits_or_deletes_a_call(admin_client: Client) -> None:
    call = factories.call()
    assert admin_client.post(f"/admin/calls/call/{call.pk}/change/", {"status": "successful_call"}).status_code == 403
    assert admin_client.post(f"/admin/calls/call/{call.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get("/admin/calls/call/add/").status_code == 403
    assert Call.objects.get().status == "in_progress"


def test_an_unknown_call_leads_back_to_the_front_page(admin_client: Client) -> None:
    assert admin_client.get("/admin/calls/call/999/change/").status_code == 302
    assert admin_client.get("/admin/calls/call/x/change/").status_code == 302


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (65.9, "1:05"), (3665, "1:01:05")])
def test_a_clock_shows(seconds: float, shown: str) -> None:
    assert look.clock(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.04, "+0.0 s"), (-0.5, "-0.5 s"), (59.0, "+59.0 s"), (65, "+1:05")])
def test_an_offset_shows(seconds: float, shown: str) -> None:
    assert look.offset(timedelta(seconds=seconds)) == shown


def test_every_status_and_end_reason_has_its_words() -> None:
    assert set(look.TONES) == set(Status)
    assert set(look.REASONS) == set(EndReason)
