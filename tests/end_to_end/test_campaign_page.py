"""A campaign's live page in a real browser: what is shown moves while it runs, and pause and resume are clicked."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from simulator.demo_processes import Processes
from simulator.demo_program import Program, Vendors, start_vendors

CHROMIUM = shutil.which("chromium") or ""
pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed")]
SHOTS = os.environ.get("SCREENSHOTS", "")
PEOPLE = 120
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
HEADER = "name,phone,date_of_birth,ssn_last_4\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[Program, Vendors]]:
    processes = Processes(tmp_path / "logs")
    vendors = start_vendors(processes)
    program = Program("main", "ga", tmp_path / "data", processes, vendors, {})
    program.start(web=1, workers=1)
    yield program, vendors
    processes.stop()


@pytest.fixture
def page(stage: tuple[Program, Vendors]) -> Iterator[Page]:
    """Logged in to the admin."""
    program, _ = stage
    login = program.make_login()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(f"{program.url}/admin/login/")
        page.fill("[name=username]", login.username)
        page.fill("[name=password]", login.password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{program.url}/admin/")
        yield page
        browser.close()


def running_campaign(program: Program, vendors: Vendors) -> int:
    """Busy people, four a second, whose window is always open."""
    numbers = [f"+1303{2_000_000 + row}" for row in range(PEOPLE)]
    busy = [{"like": "busy", "number": number, "person": f"Busy {number}", "ring_ms": 200} for number in numbers]
    httpx.post(f"{vendors.url}/scenarios", json=busy, trust_env=False, timeout=30).raise_for_status()
    made = program.post(
        "/campaigns", {"name": "Spring renewals", "hours": ALWAYS, "calls_per_second": 4.0, "max_attempts": 1}
    )
    rows = HEADER + "".join(f"Busy {number},{number},1985-03-05,4321\n" for number in numbers)
    address = f"{program.url}/campaigns/{made['id']}"
    headers = {"authorization": f"Bearer {program.api_key}"}
    files = {"file": ("list.csv", rows.encode())}
    upload = httpx.post(f"{address}/people", files=files, headers=headers, trust_env=False, timeout=30).json()
    program.post(f"/campaigns/{made['id']}/people/{upload['id']}/import", {})
    program.post(f"/campaigns/{made['id']}/start", {})
    return int(made["id"])


def settled(page: Page) -> int:
    return int(page.locator("[data-campaign-live] h2").first.inner_text().split()[0])


def dialed(vendors: Vendors) -> int:
    return len(httpx.get(f"{vendors.url}/ledger", trust_env=False, timeout=30).json()["calls"])


def test_the_page_follows_a_campaign_and_pause_and_resume_work_there(
    stage: tuple[Program, Vendors], page: Page
) -> None:
    program, vendors = stage
    campaign = running_campaign(program, vendors)
    page.goto(f"{program.url}/admin/calls/campaign/{campaign}/watch/")
    page.wait_for_function("Number(document.querySelector('[data-campaign-live] h2').innerText.split(' ')[0]) >= 5")
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / "campaign-running.png"), full_page=True)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-state]")).to_have_text("paused")
    time.sleep(2)  # The promise: within two seconds nobody new is dialed.
    quiet = dialed(vendors)
    time.sleep(2)
    assert dialed(vendors) == quiet < PEOPLE
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / "campaign-paused.png"), full_page=True)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("[data-state]")).to_have_text("running")
    page.wait_for_function("document.querySelector('[data-state]').innerText === 'completed'", timeout=90_000)
    assert (settled(page), dialed(vendors)) == (PEOPLE, PEOPLE)
    expect(page.get_by_role("button", name="Resume")).to_be_hidden()
    if SHOTS:
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=str(Path(SHOTS) / "campaign-phone.png"), full_page=True)
