"""`manage.py bench_desk`: how quickly the desk answers, against a database that `manage.py seed_calls` filled.

Prints the table of docs/desk.md: each page's median of seven, its slowest, its queries. Fails where a median is over
300 ms.
"""

import statistics
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls.models import Call

TIMES = 7
LIMIT_MS = 300


def pages() -> dict[str, str]:
    newest = Call.objects.order_by("-id")[0]
    reviewer = User.objects.filter(reviews__isnull=False)[0].pk
    month = "&".join(
        f"created_at__{end}={timezone.now() - timedelta(days=days):%Y-%m-%dT00:00Z}"
        for end, days in (("gte", 60), ("lt", 53))
    )
    calls, people = "/admin/calls/call/", "/admin/calls/verification/"
    return {
        "Dashboard": "/admin/",
        "Dashboard, refreshed": f"{calls}today/",
        "Calls": calls,
        "Calls, page 200": f"{calls}?p=200",
        "Calls by status": f"{calls}?status__exact=successful_call",
        "Calls by a rare end reason": f"{calls}?end_reason__exact=model_error",
        "Calls of a week, two months ago": f"{calls}?{month}",
        "Calls of a week by status": f"{calls}?{month}&status__exact=system_error",
        "Calls by script": f"{calls}?script=pension",
        "Calls by reviewer": f"{calls}?reviewer={reviewer}",
        "Calls waiting for review": f"{calls}?review=open",
        "Calls flagged": f"{calls}?needs_review__exact=1",
        "Calls by final status": f"{calls}?final=successful_call",
        "Calls live (none)": f"{calls}?status__exact=in_progress",
        "Calls by script, status and week": f"{calls}?{month}&script=parcel&status__exact=not_reached",
        "Search: a rare name": f"{calls}?q=Byron+31234",
        "Search: a frequent name": f"{calls}?q=Ada",
        "Search: nobody": f"{calls}?q=Zebedee",
        "Search: number": f"{calls}?q=%2B1{2000000000 + 17 * 4242}",
        "Search: external id": f"{calls}?q=case-4242",
        "Search: call number": f"{calls}?q=%23777777",
        "Search: SID": f"{calls}?q={newest.carrier_sid}",
        "Verifications": people,
        "Verifications by latest call": f"{people}?latest=system_error",
        "Verifications by script": f"{people}?script=pension",
        "Verifications, search by name": f"{people}?q=Byron+31234",
        "Verifications, search by number": f"{people}?q=%2B1{2000000000 + 17 * 4242}",
        "Reviews": "/admin/calls/review/",
        "Reviews by reviewer": f"/admin/calls/review/?reviewer={reviewer}",
        "Audit trail": "/admin/calls/auditentry/",
        "Audit trail by action": "/admin/calls/auditentry/?action__exact=facts_revealed",
        "Audit trail of a call": "/admin/calls/auditentry/?q=4242",
        "Review queue": f"{calls}queue/",
        "Live calls": f"{calls}live/",
        "A call": f"{calls}{newest.pk}/change/",
        "A verification": f"{people}4242/change/",
    }


def measure(client: Client, path: str) -> tuple[float, float, int]:
    """Median and slowest in ms, and the queries of one answer."""
    client.get(path)
    spent = []
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = client.get(path)
        spent.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise CommandError(f"{path} answered {answer.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return statistics.median(spent), max(spent), len(queries)


class Command(BaseCommand):
    help = "Measure every list, filter and search of the admin."

    def handle(self, *args: Any, **options: Any) -> None:
        settings.ALLOWED_HOSTS = ["testserver"]
        settings.SECURE_SSL_REDIRECT = False
        client = Client()
        client.force_login(User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)[0])
        slow = []
        self.stdout.write("| page | median, ms | slowest, ms | queries |\n|---|---:|---:|---:|")
        for name, path in pages().items():
            median, slowest, queries = measure(client, path)
            self.stdout.write(f"| {name} | {median:.0f} | {slowest:.0f} | {queries} |")
            if median > LIMIT_MS:
                slow.append(name)
        if slow:
            raise CommandError(f"Over {LIMIT_MS} ms: {', '.join(slow)}")
