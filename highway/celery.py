"""The Celery app: a clock for the database, which is the queue."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from django.urls import reverse

from highway import interpreter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "highway.settings")
app = Celery("highway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect  # type: ignore[untyped-decorator]  # Celery ships no types.
def _settle_in(**_: Any) -> None:
    reverse("twilio-status", args=[0])  # The first one loads every page of the program: not when a call is due.
    interpreter.settle_in()
