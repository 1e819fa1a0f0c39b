"""For whoever balances the load and watches the processes: is this one alive, and is it to be given work.

`/healthz` touches nothing: a database that is away is no reason to restart a web process in mid-conversation.
"""

from celery import current_app
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError

from calls import draining

BROKER_TIMEOUT_S = 1


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 ready, or 503 with what is missing: draining, database, broker."""
    if draining.draining:
        return JsonResponse({"status": "draining", "live_calls": draining.live_calls}, status=503)
    missing = [name for name, works in (("database", _database_works), ("broker", _broker_works)) if not works()]
    if missing:
        return JsonResponse({"status": "unavailable", "missing": missing}, status=503)
    return JsonResponse({"status": "ready"})


def _database_works() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_works() -> bool:
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT_S) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_S)
    except (OperationalError, OSError):
        return False
    return True
