"""The speaking side of a session: starts responses, tells them at their pace, cuts them, and misbehaves on order."""

from collections.abc import Callable, Iterator

from simulator.brain import Brain, Item
from simulator.conversation import Conversation, Meter
from simulator.dialects import Json
from simulator.responses import Request, Response, Step
from simulator.schedule import Events, Schedule
from simulator.speech import PhraseBook

BROKEN = "simulator.broken"
"""The type of an event that goes out as text which is not JSON."""
ABORTED = 1006

_FAILURES = {
    "insufficient_quota": "You exceeded your current quota, please check your plan and billing details.",
    "rate_limit_exceeded": "Rate limit reached. Please try again later.",
}


class Speaker:
    """`active` is the response that is writing to the conversation; out-of-band ones run beside it.

    `prompt` is what each response pays for besides the conversation. `quiet` is called once nothing was said for
    `idle_ms` after all audio would have been played. `closing` is set when the session is to end.
    """

    def __init__(
        self,
        conversation: Conversation,
        brain: Brain,
        book: PhraseBook,
        schedule: Schedule,
        quiet: Callable[[float], Events],
    ) -> None:
        self.active: Response | None = None
        self.utterances = 0
        self.closing: tuple[int, str] | None = None
        self.prompt = ""
        self.idle_ms: int | None = None
        self._conversation = conversation
        self._brain = brain
        self._book = book
        self._schedule = schedule
        self._quiet = quiet
        self._meter = Meter(conversation.dialect)
        self._heard: dict[str, list[Item]] = {}
        self._silence = object()

    def respond(self, request: Request, now: float) -> Events:
        """Begin a response. Returns the first events; the others follow by the schedule."""
        faults = self._brain.faults
        fails = not request.is_out_of_band and self.utterances >= faults.failing_after_utterances
        response = Response(
            self._conversation.new_id("resp"),
            request,
            self._brain.think(order=request.order, tool=request.tool),
            self._conversation,
            self._book,
            failing_code=faults.failing_code if fails else "",
        )
        self._heard[response.id] = list(self._conversation.items)
        if not request.is_out_of_band:
            self.hush()
            self.active = response
        return self._advance(response, response.steps(), now)

    def cut(self, reason: str, now: float) -> Events:
        """Cancel the active response, if there is one."""
        if self.active is None:
            return []
        return self.active.cut() + self._done(self.active, "cancelled", {"type": "cancelled", "reason": reason})

    def hush(self) -> None:
        """Somebody speaks: the silence measured so far is over."""
        self._silence = object()

    def _advance(self, response: Response, steps: Iterator[Step], now: float) -> Events:
        events: Events = []
        if response.is_over:
            return events
        for step in steps:
            if isinstance(step, int):
                self._schedule.later(now + step, lambda due: self._advance(response, steps, due))
                return events
            events += step
        return events + self._end(response, now)

    def _end(self, response: Response, now: float) -> Events:
        if response.failing_code:
            error = {"type": response.failing_code, "code": response.failing_code}
            error["message"] = _FAILURES[response.failing_code]
            return self._done(response, "failed", {"type": "failed", "error": error})
        if not response.request.is_out_of_band:
            self._await_quiet(response, now)
        before, self.utterances = self.utterances, self.utterances + response.utterances
        return self._done(response, "completed", None) + self._mishaps(before)

    def _done(self, response: Response, status: str, details: Json | None) -> Events:
        response.is_over = True
        heard = self._heard.pop(response.id)
        usage = self._meter.usage(*(("", [], []) if status == "failed" else (self.prompt, heard, response.output)))
        if response is self.active:
            self.active = None
        return [{"type": "response.done", "response": response.wire(status, details=details, usage=usage)}]

    def _await_quiet(self, response: Response, now: float) -> None:
        silence = self._silence
        if self.idle_ms:
            # It came faster than it is played, so it will still be heard for most of its length.
            ends = now + response.audio_ms
            self._schedule.later(ends + self.idle_ms, lambda due: self._quiet(due) if silence is self._silence else [])

    def _mishaps(self, before: int) -> Events:
        """What the scenario wants to go wrong now that so many utterances were delivered."""
        faults = self._brain.faults
        events: Events = []
        if _reached(faults.malformed_after_utterances, before, self.utterances):
            events.append({"type": BROKEN})
        if _reached(faults.unknown_event_after_utterances, before, self.utterances):
            events.append({"type": "response.sparkle.delta", "delta": "*"})
        if _reached(faults.error_event_after_utterances, before, self.utterances):
            error = {"type": "server_error", "code": None, "message": "The server had an error.", "param": None}
            events.append({"type": "error", "error": error})
        if _reached(faults.lost_after_utterances, before, self.utterances):
            self.closing = (ABORTED, "")
        return events


def _reached(count: int | None, before: int, after: int) -> bool:
    return count is not None and before < count <= after
