"""`manage.py import_campaign CAMPAIGN FILE`: check a list, and with --import add its good rows."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from calls.models import Campaign
from calls.services.campaign_import import bad_rows_path, upload_check, upload_import
from calls.services.errors import Refused

SHOWN = 20


class Command(BaseCommand):
    help = "Check a CSV or XLSX list of people for a campaign. Without --import nobody is added."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("campaign", type=int, help="The campaign's number.")
        parser.add_argument("file", type=Path)
        parser.add_argument("--import", action="store_true", dest="take_in", help="Add the good rows.")
        parser.add_argument("--again", action="store_true", help="Though this very file was imported before.")

    def handle(self, *args: Any, campaign: int, file: Path, take_in: bool, again: bool, **options: Any) -> None:
        row = Campaign.objects.filter(pk=campaign).first()
        if row is None:
            raise CommandError(f"There is no campaign {campaign}.")
        try:
            with file.open("rb") as content:
                upload = upload_check(campaign=row, file=content, name=file.name, now=timezone.now(), again=again)
        except (Refused, OSError) as error:
            raise CommandError(str(error)) from None
        for number, column, problem in upload.problems[:SHOWN]:
            self.stderr.write(f"row {number}, {column}: {problem}")
        self.stdout.write(f"{upload.good_rows} of {upload.rows} rows are good, {upload.problem_count} problems.")
        if upload.problem_count:
            self.stdout.write(f"The other rows, with reasons: {bad_rows_path(upload)}")
        if take_in:
            self.stdout.write(f"{upload_import(upload=upload, now=timezone.now())} people were added.")
