"""Configuration of the Highway project; the behaviour lives in `calls`."""

# Imported here so that `shared_task` finds the app in every process (Celery's Django guide).
from highway.celery import app as celery_app

__all__ = ["celery_app"]
