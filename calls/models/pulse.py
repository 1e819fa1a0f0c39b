"""Signs of life of the clock and the workers."""

from django.db import models


class Pulse(models.Model):
    """When something last showed that it lives: `clock` is beat and a worker together."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
