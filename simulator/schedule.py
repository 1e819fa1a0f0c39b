"""What a session will do later, in order of time. Time is the caller's, in ms."""

import heapq
import itertools
from collections.abc import Callable

from simulator.dialects import Json

Events = list[Json]
Action = Callable[[float], Events]


class Schedule:
    """Each action is called once, with the time at which it was due, and returns the events to send then."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    @property
    def deadline(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None

    def later(self, due: float, action: Action) -> None:
        heapq.heappush(self._waiting, (due, next(self._order), action))

    def next(self, now: float) -> Events | None:
        """The events of the next action due by `now`, or None where there is none."""
        if not self._waiting or self._waiting[0][0] > now:
            return None
        due, _, action = heapq.heappop(self._waiting)
        return action(due)
