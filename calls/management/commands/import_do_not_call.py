"""`manage.py import_do_not_call FILE`: put the numbers of a CSV on the do-not-call list."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.services.do_not_call import do_not_call_import
from calls.services.errors import Refused


class Command(BaseCommand):
    help = "Put numbers on the do-not-call list: CSV in UTF-8 with the column phone and, if wanted, reason."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--reason", default="", help="For rows that name none.")

    def handle(self, *args: Any, file: Path, reason: str, **options: Any) -> None:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                read, problems = do_not_call_import(lines=lines, reason=reason)
        except (Refused, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from None
        for problem in problems:
            self.stderr.write(problem)
        self.stdout.write(f"{read} numbers were read, {len(problems)} rows were not.")
