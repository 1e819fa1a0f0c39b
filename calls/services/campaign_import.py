"""Taking a list of people into a campaign in two steps: check the whole file, then write its good rows.

The check writes nothing but the upload itself, its problems, and the bad rows as a file with the reasons. The import
reads the file again, a chunk of rows in each transaction: stopped midway, it goes on where it was, for a number is on a
campaign's list once. Then the file, which holds people's facts, is removed.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from calls.campaign_states import CampaignState
from calls.campaign_table import UnreadableFile, csv_line, rows_read
from calls.models import Campaign, CampaignMember, CampaignUpload, Verification
from calls.services.campaign_log import decision_add
from calls.services.campaign_people import PHONE, REQUIRED, Person, Problem, person_read
from calls.services.campaign_windows import opening_for
from calls.services.do_not_call import barred
from calls.services.errors import Refused
from calls.services.scripts import script_current

CHUNK = 2000
MOST_BYTES = 200 * 1024 * 1024
PROBLEMS_KEPT = 200
REASON = "reason"


def upload_check(
    *, campaign: Campaign, file: BinaryIO, name: str, now: datetime, created_by: User | None = None, again: bool = False
) -> CampaignUpload:
    """Keep the file and say everything that is wrong with it, by row and column. Nobody is added yet.

    Raises Refused: unreadable_file (as a whole, or columns are missing); already_imported, where a file of this very
    content has been taken in before, by any campaign, and `again` does not say that this is meant; closed, where the
    campaign has ended.
    """
    if campaign.state in (CampaignState.COMPLETED, CampaignState.CANCELED):
        raise Refused("closed", "The campaign has ended: nobody can be added.")
    path, digest = _keep(file)
    before = CampaignUpload.objects.filter(digest=digest, imported_at__isnull=False).select_related("campaign").first()
    if before and not again:
        path.unlink()
        text = f"This very file was imported into campaign {before.campaign_id} on {before.imported_at:%Y-%m-%d}."
        raise Refused("already_imported", text, {"file": "say that you mean it, to call these people again"})
    upload = CampaignUpload(campaign=campaign, name=name[:200], path=path.name, digest=digest, created_by=created_by)
    try:
        _check(upload, now=now)
    except UnreadableFile as problem:
        path.unlink()
        raise Refused("unreadable_file", str(problem), {"file": str(problem)}) from None
    upload.save()
    return upload


def upload_import(*, upload: CampaignUpload, now: datetime) -> int:
    """Add the good rows of a checked file to its campaign; how many people that were. A second time adds nobody."""
    if upload.imported_at:
        return 0
    added = 0
    for people in _chunks(upload, now=now):
        added += _write(upload.campaign, people, now=now)
    CampaignUpload.objects.filter(pk=upload.pk, imported_at=None).update(imported_at=now, people=added)
    if added:
        decision_add(campaign_id=upload.campaign_id, kind="imported", text=upload.name, now=now, people=added)
    upload_path(upload).unlink(missing_ok=True)
    upload.refresh_from_db()
    return added


def upload_path(upload: CampaignUpload) -> Path:
    return Path(settings.UPLOADS_DIR) / upload.path


def bad_rows_path(upload: CampaignUpload) -> Path:
    """The rows that were not good, as CSV with the columns of the file and the reason."""
    return Path(settings.UPLOADS_DIR) / f"{upload.path}.bad.csv"


def _keep(file: BinaryIO) -> tuple[Path, str]:
    folder = Path(settings.UPLOADS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, digest, size = folder / secrets.token_hex(16), hashlib.sha256(), 0
    with path.open("xb") as kept:
        path.chmod(0o600)
        while block := file.read(1 << 20):
            size += len(block)
            digest.update(block)
            kept.write(block)
            if size > MOST_BYTES:
                path.unlink()
                raise Refused("too_large", "The file is larger than 200 MB.", {"file": "split it"})
    return path, digest.hexdigest()


def _check(upload: CampaignUpload, *, now: datetime) -> None:
    columns, rows = rows_read(upload_path(upload))
    if missing := [column for column in REQUIRED if column not in columns]:
        raise UnreadableFile(f"The column {missing[0]} is missing. The columns are: {', '.join(columns)}.")
    with bad_rows_path(upload).open("w", newline="", encoding="utf-8-sig") as bad:
        bad.write(csv_line([*columns, REASON]))
        for chunk in _judged(upload, rows, now=now):
            for cells, _, problems in chunk:
                upload.rows += 1
                upload.good_rows += not problems
                upload.problem_count += len(problems)
                upload.problems += problems[: PROBLEMS_KEPT - len(upload.problems)]
                if problems:
                    reason = "; ".join(f"{column}: {text}" for _, column, text in problems)
                    bad.write(csv_line([*(cells.get(column, "") for column in columns), reason]))


Judged = tuple[dict[str, str], Person, list[Problem]]


def _judged(upload: CampaignUpload, rows: Iterable[Any], *, now: datetime) -> Iterator[list[Judged]]:
    """Each row's cells, person and problems, a chunk at a time. Of two rows with one number the first is good."""
    script = script_current(name=upload.campaign.script_name)
    seen: dict[str, int] = {}
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        judged: list[Judged] = []
        for row in chunk:
            person, problems = person_read(row, wordings=script.wordings, facts_needed=script.matches_required)
            first = seen.setdefault(person.phone, row.number) if person.phone and not problems else row.number
            if first != row.number:
                problems.append((row.number, PHONE, f"is the number of row {first} already"))
            judged.append((row.cells, person, problems))
        _judge_by_database(upload.campaign, judged, now=now)
        yield judged


def _judge_by_database(campaign: Campaign, judged: list[Judged], *, now: datetime) -> None:
    phones = [person.phone for _, person, problems in judged if not problems]
    listed = set(CampaignMember.objects.filter(campaign=campaign, phone__in=phones).values_list("phone", flat=True))
    never = barred(phones=phones, now=now)
    for _, person, problems in judged:
        if not problems and person.phone in listed:
            problems.append((person.row_number, PHONE, "is on this campaign's list already"))
        elif not problems and person.phone in never:
            problems.append((person.row_number, PHONE, "is on the do-not-call list"))


def _chunks(upload: CampaignUpload, *, now: datetime) -> Iterator[list[Person]]:
    _, rows = rows_read(upload_path(upload))
    for chunk in _judged(upload, rows, now=now):
        yield [person for _, person, problems in chunk if not problems]


def _write(campaign: Campaign, people: list[Person], *, now: datetime) -> int:
    with transaction.atomic():
        # Held until the end, so that two imports at once do not add one person twice; and it says what became of it.
        locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
        phones = [person.phone for person in people]
        listed = set(CampaignMember.objects.filter(campaign=locked, phone__in=phones).values_list("phone", flat=True))
        new = [person for person in people if person.phone not in listed]
        verifications = Verification.objects.bulk_create(_verification(locked, person) for person in new)
        due: dict[str, tuple[datetime, str]] = {}
        for zones in {person.zones for person in new}:
            found = opening_for(locked, zones=zones, now=now)
            due[zones] = (found.at or now, found.because)
        CampaignMember.objects.bulk_create(
            CampaignMember(
                campaign=locked,
                verification=verification,
                row_number=person.row_number,
                phone=person.phone,
                zones=person.zones,
                next_at=due[person.zones][0],
                because=due[person.zones][1][:200],
            )
            for person, verification in zip(new, verifications, strict=True)
        )
    return len(new)


def _verification(campaign: Campaign, person: Person) -> Verification:
    return Verification(
        name=person.name,
        phone=person.phone,
        background=person.background,
        facts=person.facts,
        external_id=person.external_id,
        script_name=campaign.script_name,
    )
