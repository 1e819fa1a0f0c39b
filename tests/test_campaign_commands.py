"""The commands for campaigns: a list in, the results out, numbers that are not to be called."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook
from pytest_django import Settings

from calls.models import CampaignMember, DoNotCall
from calls.services.campaigns import campaign_create

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


def run(*arguments: object) -> list[str]:
    output = StringIO()
    call_command(*map(str, arguments), stdout=output, stderr=output)
    return output.getvalue().splitlines()


def test_a_list_is_checked_and_only_added_when_asked(tmp_path: Path) -> None:
    campaign = campaign_create(name="Spring")
    file = tmp_path / "list.csv"
    file.write_text("name,phone,date_of_birth,ssn_last_4\nAda,+12025550101,1985-03-05,4321\nBo,12,1985-03-05,4321\n")
    said = run("import_campaign", campaign.pk, file)
    assert said[:2] == ["row 3, phone: cannot exist: it is too short", "1 of 2 rows are good, 1 problems."]
    assert not CampaignMember.objects.exists()
    assert run("import_campaign", campaign.pk, file, "--import")[-1] == "1 people were added."
    with pytest.raises(CommandError, match="This very file was imported"):
        run("import_campaign", campaign.pk, file)


def test_the_results_are_written_by_the_files_ending(tmp_path: Path) -> None:
    campaign = campaign_create(name="Spring")
    run("export_campaign", campaign.pk, tmp_path / "results.csv")
    run("export_campaign", campaign.pk, tmp_path / "results.xlsx")
    last = "0 rows in, 0 outcomes out, 0 still open."
    assert (tmp_path / "results.csv").read_text(encoding="utf-8-sig").splitlines()[-1] == f'"{last}"'
    assert load_workbook(tmp_path / "results.xlsx").worksheets[0]["A2"].value == last


def test_numbers_are_put_on_the_do_not_call_list(tmp_path: Path) -> None:
    file = tmp_path / "never.csv"
    file.write_text("phone,reason\n+12025550101,asked\nnobody,\n+12025550102,\n")
    said = run("import_do_not_call", file, "--reason", "old list")
    assert said[-1] == "2 numbers were read, 1 rows were not."
    assert sorted(DoNotCall.objects.values_list("phone", "reason")) == [
        ("+12025550101", "asked"),
        ("+12025550102", "old list"),
    ]


def test_a_campaign_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no campaign 99"):
        run("export_campaign", 99, tmp_path / "results.csv")
