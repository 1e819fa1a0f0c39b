"""`manage.py create_api_key NAME`: make a key of the API and print its secret, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.services.api_keys import SCOPES, USUAL_SCOPES, api_key_create
from calls.services.texts import line_problem


class Command(BaseCommand):
    help = "Make a key of the API and print it. It is not kept and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="Who will use the key: shown in the admin.")
        parser.add_argument(
            "--scope",
            action="append",
            choices=SCOPES,
            help=f"Once for each. Default: {', '.join(USUAL_SCOPES)}. admin includes all, and publishes scripts.",
        )
        parser.add_argument("--rate", type=int, default=600, help="Requests a minute; 0 for no limit.")

    def handle(self, *args: Any, name: str, scope: list[str] | None = None, rate: int = 600, **options: Any) -> None:
        problem = line_problem(name, limit=100) if name.strip() else "is required"
        if problem:
            raise CommandError(f"name: {problem}")
        if rate < 0:
            raise CommandError("--rate must be 0 or more")
        _, secret = api_key_create(name=name.strip(), scopes=scope or USUAL_SCOPES, rate_per_minute=rate)
        self.stdout.write(secret)
        self.stderr.write("Keep it now: it is not stored. Send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'.")
