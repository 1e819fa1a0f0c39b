"""`manage.py doctor`: is each thing right, and if not, what is to be done? Exits 1 where something is broken."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from calls.services.doctor import examine

_MARKS = {"ok": "ok     ", "broken": "BROKEN ", "warning": "warning", "skipped": "-      "}


class Command(BaseCommand):
    help = "Look at settings, database, broker, worker, public address, Twilio and the voice model; name each cure."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for finding in examine(now=timezone.now()):
            broken += finding.state == "broken"
            self.stdout.write(f"{_MARKS[finding.state]} {finding.name}: {finding.text}")
            if finding.cure:
                self.stdout.write(f"        → {finding.cure}")
        if broken:
            raise CommandError(f"{broken} broken")
