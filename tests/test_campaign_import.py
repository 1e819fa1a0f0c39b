"""Lists of people from files: every problem by row and column before anything is written, and nobody twice."""

import io
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from pytest_django import Settings

from calls.models import Campaign, CampaignMember, CampaignUpload, Verification
from calls.services.campaign_import import bad_rows_path, upload_check, upload_import, upload_path
from calls.services.campaigns import campaign_create
from calls.services.do_not_call import do_not_call_add
from calls.services.errors import Refused
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 3, 18, 0, tzinfo=UTC)
HEADER = "name,phone,background,external_id,time_zone,date_of_birth,ssn_last_4\n"


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


def campaign(**fields: Any) -> Campaign:
    return campaign_create(name="Spring", **fields)


def check(text: str | bytes, *, of: Campaign | None = None, again: bool = False) -> CampaignUpload:
    content = text.encode() if isinstance(text, str) else text
    return upload_check(campaign=of or campaign(), file=io.BytesIO(content), name="list.csv", now=NOON, again=again)


def test_good_rows_become_people_to_be_called() -> None:
    upload = check(HEADER + 'Ada Byron,(303) 555-0123,"A loan, of March",crm-7,,1985-03-05,4321\n')
    assert (upload.rows, upload.good_rows, upload.problems) == (1, 1, [])
    assert not Verification.objects.exists()
    assert upload_import(upload=upload, now=NOON) == 1
    member = CampaignMember.objects.select_related("verification").get()
    person = member.verification
    assert (member.row_number, member.phone, member.zones, member.state) == (
        2,
        "+13035550123",
        "America/Denver",
        "waiting",
    )
    assert (person.name, person.phone, person.external_id) == ("Ada Byron", "+13035550123", "crm-7")
    assert (person.background, person.facts) == (
        "A loan, of March",
        {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"},
    )
    assert not upload_path(upload).exists()


def test_every_problem_is_told_by_row_and_column_and_the_bad_rows_come_back() -> None:
    spring = campaign()
    upload = check(
        HEADER + "Good One,+12025550101,,,,1985-03-05,4321\n"
        "Bad Number,12,,,,1985-03-05,4321\n"
        "Twice,+12025550101,,,,1985-03-05,4321\n"
        "Nowhere,+12025550102,,,Mars/Olympus,1985-03-05,4321\n"
        "One Fact,+12025550103,,,,1985-03-05,\n"
        ",+12025550104,,,,1985-03-05,4321\n"
        "Formula,+12025550105,,,,=TODAY(),4321\n",
        of=spring,
    )
    assert upload.problems == [
        (3, "phone", "cannot exist: it is too short"),
        (4, "phone", "is the number of row 2 already"),
        (5, "time_zone", "is not a time zone; write it like America/New_York"),
        (6, "facts", "1 of the 2 that the script needs are there"),
        (7, "name", "is required"),
        (8, "date_of_birth", "is a formula; put its value there"),
    ]
    assert (upload.rows, upload.good_rows) == (7, 1)
    lines = bad_rows_path(upload).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 7
    assert lines[0] == HEADER.strip() + ",reason"
    assert lines[2] == "Twice,+12025550101,,,,1985-03-05,4321,phone: is the number of row 2 already"
    assert lines[6].startswith("Formula,+12025550105,,,,'=TODAY(),4321,")
    assert upload_import(upload=upload, now=NOON) == 1


def test_the_same_file_is_not_imported_twice_unless_that_is_meant() -> None:
    text = HEADER + "Ada Byron,+12025550101,,,,1985-03-05,4321\n"
    first = campaign()
    upload_import(upload=check(text, of=first), now=NOON)
    with pytest.raises(Refused, match=f"This very file was imported into campaign {first.pk} on 2026-06-03"):
        check(text)
    assert check(text, again=True).good_rows == 1


def test_an_import_that_is_said_twice_or_was_cut_short_adds_each_person_once() -> None:
    spring = campaign()
    text = HEADER + "Ada Byron,+12025550101,,,,1985-03-05,4321\n"
    one, other = check(text, of=spring), check(text, of=spring)
    assert [upload_import(upload=upload, now=NOON) for upload in (one, other, one)] == [1, 0, 0]
    assert CampaignMember.objects.count() == Verification.objects.count() == 1


def test_people_on_the_do_not_call_list_are_not_taken_in() -> None:
    do_not_call_add(phone="+12025550101", reason="asked")
    upload = check(HEADER + "Ada Byron,+12025550101,,,,1985-03-05,4321\n")
    assert (upload.good_rows, upload.problems) == (0, [(2, "phone", "is on the do-not-call list")])


def test_a_number_that_tells_no_time_zone_needs_one_in_its_row() -> None:
    rows = "Far Away,+80012345678,,,{zone},1985-03-05,4321\n"
    problem = (2, "time_zone", "cannot be told from the number; name it, like America/New_York")
    assert check(HEADER + rows.format(zone="")).problems == [problem]
    assert check(HEADER + rows.format(zone="America/Denver")).good_rows == 1


def test_a_workbook_is_read_as_its_cells_show_and_a_formula_is_refused() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["name", "phone", "date_of_birth", "ssn_last_4"])
    sheet.append(["Ada Byron", 12025550101, datetime(1985, 3, 5), 4321])
    sheet.append(["Bo Formel", "+12025550102", "1985-03-05", "=4000+321"])
    content = io.BytesIO()
    book.save(content)
    upload = check(content.getvalue())
    assert upload.problems == [(3, "ssn_last_4", "is a formula; put its value there")]
    upload_import(upload=upload, now=NOON)
    assert Verification.objects.get().facts == {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file has no header: its first row must name the columns."),
        (b"name;date_of_birth\nAda;1985-03-05\n", "The column phone is missing. The columns are: name, date_of_birth."),
        (b"name,phone,phone\n", "The column phone is there twice."),
        ("name,phone\nJos\u00e9,1\n".encode("latin-1"), "Row 2 is not UTF-8."),
        (b"PK\x03\x04not a workbook", "The file is not a workbook that can be read."),
        (b'name,phone\n"Ada,1\n', "Row 2 cannot be read as CSV"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, message: str) -> None:
    with pytest.raises(Refused) as refused:
        check(content)
    assert (refused.value.code, message in refused.value.message) == ("unreadable_file", True)
    assert not CampaignUpload.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_usual_encodings_and_separators_are_read(encoding: str) -> None:
    text = "name;phone;date_of_birth;ssn_last_4\nJos\u00e9 N\u00fa\u00f1ez;+12025550101;1985-03-05;4321\n"
    upload = check(text.encode(encoding))
    upload_import(upload=upload, now=NOON)
    assert Verification.objects.get().name == "Jos\u00e9 N\u00fa\u00f1ez"


def test_the_script_says_how_many_facts_a_person_must_have() -> None:
    factories.script(name="short", questions_to_ask=1, matches_required=1)
    upload = check(HEADER + "Ada Byron,+12025550101,,,,1985-03-05,\n", of=campaign(script_name="short"))
    assert (upload.good_rows, upload.problems) == (1, [])


def test_a_long_list_is_checked_in_little_memory() -> None:
    rows = (f"Person {row},+1202{2000000 + row},,,,1985-03-05,{row % 10000:04d}\n" for row in range(6000))
    content = io.BytesIO((HEADER + "".join(rows)).encode())
    spring = campaign()
    tracemalloc.start()
    upload = upload_check(campaign=spring, file=content, name="long.csv", now=NOON)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (upload.rows, upload.good_rows) == (6000, 6000)
    assert peak < 40_000_000
