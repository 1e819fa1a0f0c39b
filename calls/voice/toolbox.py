"""The tool calls of one conversation: each is acted on once, by us or at the lender's own endpoint. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from calls.voice.actions import Action, KeepEvent, RunTool
from calls.voice.events import ToolAnswered, ToolCalled
from calls.voice.interview import Interview
from calls.voice.tools import Tool
from calls.voice.transcript import Transcript


@dataclass(slots=True)
class Used:
    """What came of a call: what to do, the text for the model (none where another brings it), and why to hang up."""

    todo: list[Action] = field(default_factory=list)
    output: str = ""
    hang_up: str | None = None


class Toolbox:
    def __init__(self, interview: Interview, transcript: Transcript, lender_tools: Sequence[Tool]) -> None:
        self._interview = interview
        self._transcript = transcript
        self._lender_tools = {tool["name"] for tool in lender_tools}
        self._seen: set[str] = set()
        self._running: set[str] = set()

    def use(self, event: ToolCalled) -> Used:
        """Act once on each call, though the wire tells of it twice (`output_item.done` and `response.done`)."""
        if event.call_id in self._seen:
            return Used()
        self._seen.add(event.call_id)
        if event.name in self._lender_tools:
            self._running.add(event.call_id)
            used = KeepEvent("tool_called", {"tool": event.name})
            return Used([used, RunTool(event.call_id, event.name, event.arguments)])
        start_ms, end_ms = self._transcript.last_answer_ms
        tool = self._interview.use(event.name, event.arguments, start_ms=start_ms, end_ms=end_ms)
        return Used([*tool.kept], tool.output, tool.hang_up)

    def overheard(self, event: ToolCalled) -> list[Action]:
        """After the line has closed: what it reports is kept, and nothing is run for it."""
        return [] if event.name in self._lender_tools else self.use(event).todo

    def is_awaited(self, event: ToolAnswered) -> bool:
        """Whether the model still waits for this answer: one that lost its socket meanwhile never asked."""
        awaited = event.call_id in self._running
        self._running.discard(event.call_id)
        return awaited

    def forget_running(self) -> None:
        self._running.clear()
