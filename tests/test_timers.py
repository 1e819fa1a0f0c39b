"""Named times: which are due, and how each may be moved."""

from calls.voice.timers import Timers


def test_the_deadline_is_the_earliest_of_all() -> None:
    timers = Timers()
    assert timers.deadline is None
    timers.set("late", 9.0)
    timers.set("early", 3.0)
    assert timers.deadline == 3.0
    timers.stop("early")
    assert timers.deadline == 9.0
    timers.clear()
    assert timers.deadline is None


def test_what_is_due_is_taken_once_and_the_rest_runs_on() -> None:
    timers = Timers()
    timers.set("first", 1.0)
    timers.set("on the dot", 2.0)
    timers.set("later", 2.5)
    assert list(timers.due(0.5)) == []
    assert list(timers.due(2.0)) == ["first", "on the dot"]
    assert list(timers.due(2.0)) == []
    assert timers.deadline == 2.5


def test_a_time_of_zero_is_due_too() -> None:
    timers = Timers()
    timers.set("now", 0.0)
    assert list(timers.due(0.0)) == ["now"]


def test_what_one_of_those_due_stops_or_clears_is_not_run() -> None:
    timers = Timers()
    for name in ("first", "second", "third"):
        timers.set(name, 1.0)
    run = []
    for name in timers.due(1.0):
        run.append(name)
        timers.stop("second")
    assert run == ["first", "third"]
    for name in ("first", "second"):
        timers.set(name, 1.0)
    run = []
    for name in timers.due(1.0):
        run.append(name)
        timers.clear()
    assert run == ["first"]


def test_what_sets_itself_again_waits_for_the_next_look() -> None:
    timers = Timers()
    timers.set("again", 1.0)
    run = []
    for name in timers.due(5.0):
        run.append(name)
        timers.set("again", 2.0)
    assert run == ["again"]
    assert list(timers.due(5.0)) == ["again"]


def test_set_moves_a_time_and_set_once_leaves_one_that_runs() -> None:
    timers = Timers()
    timers.set_once("a", 5.0)
    timers.set_once("a", 1.0)
    assert timers.deadline == 5.0
    timers.set("a", 7.0)
    assert timers.deadline == 7.0
    assert list(timers.due(7.0)) == ["a"]
    timers.set_once("a", 8.0)
    assert timers.deadline == 8.0


def test_set_earlier_never_moves_a_time_further_off() -> None:
    timers = Timers()
    timers.set_earlier("a", 5.0)
    timers.set_earlier("a", 9.0)
    assert timers.deadline == 5.0
    timers.set_earlier("a", 2.0)
    assert timers.deadline == 2.0


def test_runs_asks_for_any_of_the_names() -> None:
    timers = Timers()
    timers.set("a", 1.0)
    assert timers.runs("a")
    assert timers.runs("b", "a")
    assert not timers.runs("b", "c")
    assert not timers.runs()
    timers.stop("a")
    timers.stop("never set")
    assert not timers.runs("a")
