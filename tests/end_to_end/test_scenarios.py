import httpx
import pytest

from simulator.demo import Demo
from simulator.demo_calls import Watched

pytestmark = pytest.mark.end_to_end


def test_every_call_ends_as_its_scenario_says(calls: list[Watched]) -> None:
    endings = {call.scenario.name: (call.status, call.end_reason) for call in calls}
    assert endings == {call.scenario.name: call.expected for call in calls}


def test_vendors_recordings_and_logs_show_nothing_amiss(played: tuple[list[Watched], dict[str, list[str]]]) -> None:
    assert {check: found for check, found in played[1].items() if found} == {}


def test_the_transcript_has_both_sides_in_the_order_they_spoke(calls: list[Watched]) -> None:
    call = next(call for call in calls if call.scenario.name == "answers-right")
    speakers = [turn.speaker for turn in call.turns]
    assert speakers == ["agent", "caller", "agent", "caller", "agent", "caller", "agent"]


def test_the_api_refuses_a_client_without_a_key(demo: Demo) -> None:
    answer = httpx.post(f"{demo.programs[0].url}/call-customer", json={"verification": 1}, trust_env=False)
    assert answer.status_code == 401


def test_the_staff_login_opens_the_admin(demo: Demo) -> None:
    program = demo.programs[0]
    login = program.make_login()
    with httpx.Client(base_url=program.url, trust_env=False, follow_redirects=True) as browser:
        page = browser.get("/admin/login/")
        form = {"username": login.username, "password": login.password, "next": "/admin/"}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        page = browser.post("/admin/login/", data=form, headers={"referer": f"{program.url}/admin/login/"})
    assert (page.status_code, page.url.path) == (200, "/admin/")
