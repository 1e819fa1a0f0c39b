"""`manage.py export_campaign CAMPAIGN FILE`: the results, as CSV or XLSX by the file's ending."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.models import Campaign
from calls.services.campaign_export import results_csv, results_workbook


class Command(BaseCommand):
    help = "Write a campaign's results: a row in, an outcome out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("campaign", type=int, help="The campaign's number.")
        parser.add_argument("file", type=Path, help="Ends in .csv or .xlsx.")
        parser.add_argument("--with-numbers", action="store_true", help="Phone numbers in full.")

    def handle(self, *args: Any, campaign: int, file: Path, with_numbers: bool, **options: Any) -> None:
        row = Campaign.objects.filter(pk=campaign).first()
        if row is None:
            raise CommandError(f"There is no campaign {campaign}.")
        if file.suffix == ".xlsx":
            results_workbook(campaign=row, with_numbers=with_numbers, path=file)
            return
        with file.open("w", newline="", encoding="utf-8") as output:
            output.writelines(results_csv(campaign=row, with_numbers=with_numbers))
