"""The Celery app: a clock for the database, which is the queue."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "highway.settings")
app = Celery("highway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
