"""A reviewer's day, in a real browser on the running program: Debian's Chromium, driven by Playwright."""

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from simulator.demo import Demo
from simulator.demo_calls import Watched
from simulator.scenarios import SCENARIOS

CHROMIUM = shutil.which("chromium") or ""
pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed")]
PASSWORD = "a-long-Passw0rd"
STAFF = {"rita": "reviewer", "sam": "reviewer", "boss": "supervisor", "olga": "operator"}
SHOTS = os.environ.get("SCREENSHOTS", "")
"""A folder: take the pictures of docs/desk.md into it."""

MAKE_STAFF = f"""
from django.contrib.auth.models import Group, User
for name, role in {STAFF!r}.items():
    user = User.objects.create_user(name, password={PASSWORD!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
from django.utils import timezone
from calls.models import Call
Call.objects.filter(stage="ended", answered_at__isnull=False, review_state="").update(
    review_state="due", review_due_at=timezone.now(), needs_review=True, review_reason="Drawn for the test."
)
"""


@pytest.fixture(scope="module")
def desk(demo: Demo, calls: list[Watched]) -> str:
    """The address of the admin, with staff of each role and calls to review."""
    program = demo.programs[0]
    demo.processes.run("manage.py shell", "manage.py", "shell", "--verbosity", "0", "-c", MAKE_STAFF, env=program.env)
    return f"{program.url}/admin"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Audio needs no loudspeaker; the sandbox needs a user that is not root.
        options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


def log_in(browser: Browser, desk: str, name: str, **options: object) -> Page:
    page = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options}).new_page()  # type: ignore[arg-type]
    page.goto(f"{desk}/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk}/")
    return page


def queued(page: Page, desk: str, scenario: str, calls: list[Watched]) -> str:
    """The address of a scenario's call."""
    call = next(call for call in calls if call.scenario.name == scenario)
    return f"{desk}/calls/call/{call.call_id}/change/"


def test_a_reviewer_works_through_the_queue_by_keyboard_alone(browser: Browser, desk: str) -> None:
    page = log_in(browser, desk, "rita")
    page.goto(f"{desk}/calls/call/queue/")
    waiting = page.locator("[data-row]").count()
    assert waiting >= 3
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/change/"))
    first = page.url
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != first and "/change/" in url)
    page.keyboard.press("k")
    page.wait_for_url(first)
    page.keyboard.press("c")
    page.wait_for_url(lambda url: url != first)
    expect(page.get_by_text("is kept. It is decided.")).to_be_visible()
    page.keyboard.press("q")
    page.wait_for_url(f"{desk}/calls/call/queue/")
    assert page.locator("[data-row]").count() == waiting - 1


def test_a_moment_of_the_evidence_is_played(browser: Browser, desk: str, calls: list[Watched]) -> None:
    page = log_in(browser, desk, "rita")
    page.goto(queued(page, desk, "answers-wrong", calls))
    page.wait_for_function("document.querySelector('.hw-wave').getAttribute('aria-valuemax') > 3")
    row = page.locator(".hw-table tbody tr").first
    moment = int(row.locator(".hw-seek").get_attribute("data-seek-ms") or 0) / 1000
    row.locator(".hw-seek").click()
    page.wait_for_function(f"document.querySelector('audio').currentTime > {moment}")
    expect(page.locator(".hw-turn.hw-heard")).to_have_count(1)
    page.goto(f"{desk}/calls/call/")


def test_facts_are_revealed_by_a_click(browser: Browser, desk: str, calls: list[Watched]) -> None:
    page = log_in(browser, desk, "rita")
    page.goto(queued(page, desk, "answers-right", calls))
    heard = page.locator("[data-masked^=heard]").first
    expect(heard).to_have_text(re.compile("^••••"))
    page.keyboard.press("r")
    expect(page.get_by_text("Revealed, and recorded")).to_be_visible()
    expect(heard).not_to_have_text(re.compile("^••••"))


def test_an_overturn_to_successful_takes_two(browser: Browser, desk: str, calls: list[Watched]) -> None:
    for name, stands in (("rita", "It waits for a second reviewer."), ("sam", "It is decided.")):
        page = log_in(browser, desk, name)
        page.goto(queued(page, desk, "hangs-up-midway", calls))
        page.keyboard.press("o")
        page.keyboard.type("Succ")
        page.keyboard.press("Tab")
        page.keyboard.type("Both answers can be heard.")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text(stands)).to_be_visible()
    page.goto(queued(page, desk, "hangs-up-midway", calls))
    verdicts = " ".join(page.locator(".hw-verdicts").inner_text().split())
    assert verdicts == "machine User hung up final Successful call review Reviewed"


def test_a_bundle_holds_what_its_manifest_says(
    browser: Browser, desk: str, calls: list[Watched], tmp_path: Path
) -> None:
    page = log_in(browser, desk, "boss")
    page.goto(queued(page, desk, "answers-right", calls))
    with page.expect_download() as download:
        page.get_by_role("link", name="Evidence bundle").click()
    path = tmp_path / "bundle.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as bundle:
        sums = json.loads(bundle.read("manifest.json"))["sha256"]
        assert {name: hashlib.sha256(bundle.read(name)).hexdigest() for name in sums} == sums
        assert sorted({*sums, "manifest.json"}) == sorted(bundle.namelist())
        assert any(name.endswith("recording.wav") for name in sums)


def test_a_live_call_is_watched_and_heard(browser: Browser, desk: str, demo: Demo) -> None:
    page = log_in(browser, desk, "olga")
    page.goto(f"{desk}/calls/call/live/")
    (call,) = demo.request([scenario for scenario in SCENARIOS if scenario.name == "answers-right"])
    card = page.locator(f"[data-call='{call.call_id}']")
    card.locator("[data-listen]").click(timeout=20_000)
    for lines in (1, 3, 5):
        spoken = f"document.querySelectorAll('[data-call=\"{call.call_id}\"] .hw-turn').length >= {lines}"
        page.wait_for_function(spoken, timeout=30_000)
    page.wait_for_function("Number(document.body.dataset.heardMs) > 1000", timeout=20_000)
    refresh = demo.follow([call])
    while refresh():
        pass
    page.goto(f"{desk}/")
    boss = log_in(browser, desk, "boss")
    boss.goto(f"{desk}/calls/auditentry/?q={call.call_id}")
    trail = boss.locator("#result_list").inner_text()
    assert "watched a live call" in trail
    assert "listened in" in trail


def pages(desk: str, calls: list[Watched]) -> dict[str, str]:
    call = next(call for call in calls if call.scenario.name == "talks-over")
    return {
        "dashboard": f"{desk}/",
        "queue": f"{desk}/calls/call/queue/",
        "call": f"{desk}/calls/call/{call.call_id}/change/",
        "calls": f"{desk}/calls/call/",
        "live": f"{desk}/calls/call/live/",
        "verifications": f"{desk}/calls/verification/",
        "verification": f"{desk}/calls/verification/1/change/",
        "reviews": f"{desk}/calls/review/",
        "audit": f"{desk}/calls/auditentry/",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Browser, desk: str, calls: list[Watched], scheme: str) -> None:
    page = log_in(browser, desk, "boss", color_scheme=scheme)
    faults = {}
    for name, url in pages(desk, calls).items():
        page.goto(url)
        found = Axe().run(page).response["violations"]
        serious = [
            (fault["id"], node["target"])
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
        if serious:
            faults[name] = serious
    assert faults == {}


@pytest.mark.skipif(not SHOTS, reason="SCREENSHOTS names no folder")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pictures(browser: Browser, desk: str, calls: list[Watched], scheme: str, width: int, demo: Demo) -> None:
    page = log_in(browser, desk, "boss", color_scheme=scheme, viewport={"width": width, "height": 900})
    for name, url in pages(desk, calls).items():
        if name == "live":
            demo.request([scenario for scenario in SCENARIOS if scenario.name == "answers-right"])
        page.goto(url)
        page.wait_for_timeout(6000 if name == "live" else 600)
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=name == "call")
