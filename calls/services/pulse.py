"""Signs of life, written by Celery so that `doctor` can tell whether its clock and workers run."""

from datetime import datetime

from calls.models import Pulse


def pulse_beat(*, name: str, now: datetime) -> None:
    Pulse.objects.update_or_create(name=name, defaults={"at": now})
