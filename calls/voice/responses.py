"""The model's turns: one response at a time, and what to throw away of one that was interrupted. Pure.

The default conversation takes one response; asking for another meanwhile is an error (Realtime guide, "Responses").
With voice detection the server starts responses by itself, so ours wait until the running one has ended.
"""

from calls.voice.actions import CancelResponse, CreateResponse
from calls.voice.events import AgentAudio

_REQUESTED = "requested"
"""Stands for the id of a response that was asked for and has not begun."""


class Responses:
    def __init__(self) -> None:
        self._active = ""
        self._wanted = False
        self._dropped: set[str] = set()

    @property
    def is_active(self) -> bool:
        return bool(self._active)

    def ask(self, instructions: str = "") -> list[CreateResponse]:
        """Ask for the next turn, now or as soon as the running one has ended."""
        if self._active:
            self._wanted = True
            return []
        self._wanted = False
        self._active = _REQUESTED
        return [CreateResponse(instructions)]

    def refused(self) -> None:
        """Another response was running when ours was asked for: ours is owed once that one has ended."""
        self._wanted = True

    def started(self, response_id: str) -> None:
        self._active = response_id

    def ended(self, response_id: str) -> None:
        """The end of one that was given up does not end the one asked for since."""
        if self._active in (response_id, _REQUESTED):
            self._active = ""

    def owed(self) -> list[CreateResponse]:
        """What was asked for while another response ran."""
        return self.ask() if self._wanted else []

    def caller_spoke(self) -> None:
        """The server answers what the person said by itself; the response that runs is cancelled, ours not needed."""
        self._wanted = False
        if self._active not in ("", _REQUESTED):
            self._dropped.add(self._active)

    def give_up(self) -> list[CancelResponse]:
        """Stop waiting for a response that brings nothing."""
        given_up, self._active = self._active, ""
        return [CancelResponse(given_up)] if given_up not in ("", _REQUESTED) else []

    def drop_item(self, item_id: str) -> None:
        self._dropped.add(item_id)

    def is_dropped(self, audio: AgentAudio) -> bool:
        """Late deltas of an interrupted response are still on their way when the line has been cleared."""
        return audio.response_id in self._dropped or audio.item_id in self._dropped
