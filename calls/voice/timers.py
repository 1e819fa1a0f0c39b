"""Named times at which something is due, on the clock of `now` (seconds). Pure."""

from collections.abc import Iterator


class Timers:
    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    @property
    def deadline(self) -> float | None:
        """The earliest of them."""
        return min(self._at.values(), default=None)

    def due(self, now: float) -> Iterator[str]:
        """Take those that are due, one by one: what one of them sets off may clear another."""
        for name in [name for name, at in self._at.items() if at <= now]:
            if self._at.pop(name, None) is not None:
                yield name

    def set(self, name: str, at: float) -> None:
        self._at[name] = at

    def set_once(self, name: str, at: float) -> None:
        """Leave it as it is, if it runs already."""
        self._at.setdefault(name, at)

    def set_earlier(self, name: str, at: float) -> None:
        """Only ever earlier than it was."""
        self._at[name] = min(at, self._at.get(name, at))

    def stop(self, name: str) -> None:
        self._at.pop(name, None)

    def clear(self) -> None:
        self._at.clear()

    def runs(self, *names: str) -> bool:
        """Whether any of these runs."""
        return any(name in self._at for name in names)
