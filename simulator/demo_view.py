"""What the demo shows: a live table on a terminal, plain lines elsewhere, and the outcome at the end."""

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.demo_calls import Watched

STATUS_STYLES = {
    "successful_call": "green",
    "unsuccessful_call": "yellow",
    "user_hung_up": "yellow",
    "system_error": "red",
    "not_reached": "blue",
    "canceled": "blue",
    "in_progress": "dim",
}
SPEAKER_STYLES = {"agent": "cyan", "caller": "magenta"}


def watch(console: Console, calls: Sequence[Watched], refresh: Callable[[], bool]) -> None:
    """Show the calls until `refresh`, which waits a moment and reads them anew, says that none is live."""
    if not console.is_terminal:
        _watch_in_lines(console, calls, refresh)
        return
    with Live(live_table(calls), console=console, auto_refresh=False) as live:
        while refresh():
            live.update(live_table(calls), refresh=True)
        live.update(live_table(calls), refresh=True)


def _watch_in_lines(console: Console, calls: Sequence[Watched], refresh: Callable[[], bool]) -> None:
    shown: dict[str, tuple[str, str]] = {}
    going = True
    while going:
        going = refresh()
        for call in calls:
            state = (call.stage, call.status)
            if shown.get(call.scenario.name) != state:
                shown[call.scenario.name] = state
                console.print(
                    f"{call.seconds:6.1f}s  {call.scenario.name:21} {call.stage:9} {call.status} {call.end_reason}"
                )


def live_table(calls: Iterable[Watched]) -> Table:
    table = _table("scenario", "person", "line", "speaking, or why it ended", "status", "s")
    # All the width that the others leave.
    table.expand, table.columns[3].ratio = True, 1
    for call in calls:
        table.add_row(
            call.scenario.name, call.scenario.person, call.stage, _speaking(call), _status(call), f"{call.seconds:.0f}"
        )
    return table


def outcome_table(calls: Iterable[Watched]) -> Table:
    table = _table("", "scenario", "outcome", "s", "expected", title="Outcomes")
    for call in calls:
        sign = Text("✓", "green") if call.as_expected else Text("✗", "red bold")
        expected = Text("as expected", "dim") if call.as_expected else _ending(*call.expected)
        got = _ending(call.status, call.end_reason)
        table.add_row(sign, call.scenario.name, got, f"{call.seconds:.0f}", expected)
    return table


def transcript(call: Watched) -> RenderableType:
    lines = Table.grid(padding=(0, 2))
    for turn in call.turns:
        lines.add_row(f"{turn.start_s:5.1f} s", _speaker(turn.speaker), turn.text)
    return Panel(lines, title=f"What was said: {call.scenario.name}", title_align="left", border_style="dim")


def checks(problems: dict[str, list[str]]) -> RenderableType:
    lines = []
    for check, found in problems.items():
        lines.append(Text.assemble(("✗ ", "red bold") if found else ("✓ ", "green"), check))
        lines += [Text(f"    {problem}", "red") for problem in found]
    return Group(*lines)


def _table(*columns: str, title: str = "") -> Table:
    table = Table(title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True, justify="right" if column == "s" else "left")
    return table


def _speaking(call: Watched) -> Text:
    if call.ended:
        return Text(call.end_reason, "dim")
    if not call.turns:
        return Text("")
    return Text.assemble(_speaker(call.turns[-1].speaker), " ", call.turns[-1].text)


def _speaker(speaker: str) -> Text:
    return Text(f"{speaker:6}", SPEAKER_STYLES.get(speaker, ""))


def _status(call: Watched) -> Text:
    return Text.assemble((call.status, STATUS_STYLES.get(call.status, "")))


def _ending(status: str, reason: str) -> Text:
    return Text.assemble((status, STATUS_STYLES.get(status, "")), f" / {reason or '-'}")
