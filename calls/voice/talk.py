"""The talk itself, from the greeting to the goodbye: whose turn it is, and what to do about each event. Pure.

talking <--the person speaks-- closing (the goodbye is being played) --> stop
"""

from collections.abc import Callable, Sequence
from typing import Any

from calls.evidence import Ending, Fact
from calls.voice import actions, events, script
from calls.voice.answering import Machine
from calls.voice.interview import Interview
from calls.voice.minutes import Minutes
from calls.voice.recap import recap
from calls.voice.responses import Responses
from calls.voice.timers import Timers
from calls.voice.toolbox import Toolbox
from calls.voice.troubles import ALREADY_ACTIVE, Stop, Troubles, is_benign

STALL_S = 10.0
"""A response that brings nothing for this long will bring nothing more."""
GOODBYE_MARGIN_S = 2.0
RETRY_S = 1.0
KEYS_S = 2.0
"""The pause on the keypad after which the keys pressed are taken for an answer."""
BEEP_S = 2.0
"""After a machine's last word: what comes after it is most often a beep, and a message before the beep is lost."""
APOLOGY_ITEM = "apology"
MAX_REPRIEVES = 2
"""How often speaking over the goodbye keeps the line open: people answer "bye" to a goodbye."""


class Talk:
    """`stop` is set once the line is to be closed. `began` is when the stream began, on the clock of `now`."""

    def __init__(self, plan: script.Plan, facts: Sequence[Fact], troubles: Troubles, *, began: float) -> None:
        self.interview = Interview(facts, plan.tries_per_question)
        self.minutes = Minutes()
        self.transcript = self.minutes.transcript
        self.mouth = self.minutes.mouth
        self.is_closing = False
        self.stop: Stop | None = None
        self._plan = plan
        self._troubles = troubles
        self._began = began
        self._todo: list[actions.Action] = []
        self._timers = Timers()
        self._responses = Responses()
        self._caller_speaking = False
        self._asked_if_there = False
        self._reprieves = 0
        self._keys = ""
        self._machine = Machine(plan)
        self._toolbox = Toolbox(self.interview, self.transcript, plan.lender_tools)

    @property
    def deadline(self) -> float | None:
        return self._timers.deadline

    def ms(self, now: float) -> int:
        return max(0, round((now - self._began) * 1000))

    def begin(self, now: float) -> list[actions.Action]:
        """The model is ready: the greeting is the first thing said, whoever picked up."""
        self._ask_response(now, script.say_exactly(script.greeting(self._plan)))
        return self._done(now)

    def cut_off(self) -> list[actions.Action]:
        """The model's socket is lost. What was sent to the line plays on; what the model was about to do is gone."""
        self._responses = Responses()
        self._toolbox.forget_running()
        self._caller_speaking = False
        self._timers.stop("stall")
        return self._taken()

    def resume(self, now: float) -> list[actions.Action]:
        """A new socket: the model is told what was said, and goes on where the conversation stopped."""
        self._responses = Responses()
        self._do(*recap(self._plan, self.interview, self.transcript))
        self._ask_response(now)
        return self._done(now)

    def apologise(self, now: float) -> list[actions.Action]:
        """The model is gone, and the person is not to be left in silence."""
        self._timers.clear()
        self._do(self.transcript.agent_text(APOLOGY_ITEM, script.APOLOGY, self.ms(now)))
        for payload in self._plan.apology:
            self._do(*self.mouth.say(events.AgentAudio("", APOLOGY_ITEM, payload), self.ms(now)))
        return self._taken()

    def receive(self, event: events.Event, now: float) -> list[actions.Action]:
        self._do(*self.minutes.keep(event, self.ms(now)))
        handle = _HANDLERS.get(type(event))
        if handle:
            handle(self, event, now)
        return self._done(now)

    def overhear(self, event: events.Event, now: float) -> list[actions.Action]:
        """The line is closed: what still comes is kept, and nobody is answered."""
        self._do(*self.minutes.keep(event, self.ms(now)))
        calls = [event] if isinstance(event, events.ToolCalled) else getattr(event, "tool_calls", ())
        for call in calls:
            self._do(*self._toolbox.overheard(call))
        return self._taken()

    def tick(self, now: float) -> list[actions.Action]:
        for name in self._timers.due(now):
            _TIMERS[name](self, now)
        return self._done(now)

    def end(self, now: float) -> list[actions.Action]:
        """The line is about to be closed, or is gone."""
        self._timers.clear()
        return self.mouth.stop(self.ms(now))

    def _done(self, now: float) -> list[actions.Action]:
        quiet = (
            self.mouth.is_silent
            and not self.is_closing
            and not self._caller_speaking
            and not self._responses.is_active
            and not self._timers.runs("retry", "keys", "machine")
        )
        if quiet:
            self._timers.set_once("silence", now + self._machine.patience_s)
        else:
            self._timers.stop("silence")
        return self._taken()

    def _taken(self) -> list[actions.Action]:
        todo, self._todo = self._todo, []
        return todo

    def _do(self, *todo: actions.Action) -> None:
        self._todo.extend(todo)

    def _note(self, kind: str, **detail: Any) -> None:
        self._do(actions.KeepEvent(kind, detail))

    def _hang_up(self, now: float) -> None:
        self.stop = self.stop or Stop(self._machine.ending or Ending.AGENT_HUNG_UP)

    # -- the caller ----------------------------------------------------------------------------------------------

    def _caller_started(self, event: events.CallerStartedSpeaking, now: float) -> None:
        self._caller_speaking = True
        self._asked_if_there = False
        if not self.is_closing:
            self._barge_in(now)
        elif self._reprieves < MAX_REPRIEVES:
            self._reprieves += 1
            self.is_closing = False
            self._timers.stop("goodbye")
            self._barge_in(now)
            if self._machine.ending:
                # The beep came late: the message is left once more, after it.
                self._machine.was_cut()
                self._timers.set("machine", now + BEEP_S)
            else:
                self._do(actions.AddSystemMessage(script.INTERRUPTED_GOODBYE))

    def _barge_in(self, now: float) -> None:
        self._responses.caller_spoke()
        todo, cut = self.mouth.interrupt(self.ms(now))
        self._do(*todo)
        for item_id in cut:
            self._responses.drop_item(item_id)

    def _caller_stopped(self, event: events.CallerStoppedSpeaking, now: float) -> None:
        self._caller_speaking = False

    def _caller_text(self, event: events.CallerTranscript, now: float) -> None:
        if not self.interview.answers:
            self._suspect(self._machine.hears(event.text), now)

    def _detected(self, event: events.MachineDetected, now: float) -> None:
        if not self.interview.answers:
            self._suspect(self._machine.detects(event.answered_by), now)

    def _suspect(self, ending: Ending | None, now: float) -> None:
        if ending:
            self._note("machine", ending=ending.value)
        self._met(ending, now)

    def _met(self, ending: Ending | None, now: float) -> None:
        """A machine has answered: say to it what the script has for it, or hang up."""
        if ending is None:
            return
        if not self._machine.words:
            self.stop = self.stop or Stop(ending)
        elif not self._timers.runs("machine"):
            self._do(actions.AddSystemMessage(script.TO_A_MACHINE))
            self._timers.set("machine", now + BEEP_S)

    def _mark_reached(self, event: events.MarkReached, now: float) -> None:
        self._close_if_heard(now)

    def _digit(self, event: events.DigitPressed, now: float) -> None:
        # The digit itself may be part of an answer: it is no matter for the history.
        self._note("digit_pressed")
        self._keys += event.digit
        self._timers.set("keys", now + KEYS_S)

    # -- the model's turns ---------------------------------------------------------------------------------------

    def _ask_response(self, now: float, instructions: str = "") -> None:
        self._timers.set("stall", now + STALL_S)
        self._do(*self._responses.ask(instructions))

    def _response_started(self, event: events.ResponseStarted, now: float) -> None:
        if not event.purpose:
            self._responses.started(event.response_id)
            self._timers.set("stall", now + STALL_S)

    def _agent_audio(self, event: events.AgentAudio, now: float) -> None:
        if self._responses.is_dropped(event):
            return
        self._timers.set("stall", now + STALL_S)
        self._do(*self.mouth.say(event, self.ms(now)))

    def _response_ended(self, event: events.ResponseEnded, now: float) -> None:
        for call in event.tool_calls:
            self._tool_called(call, now)
        self._responses.ended(event.response_id)
        self._timers.stop("stall")
        if self.is_closing:
            # Only ever earlier: a person who keeps talking after the goodbye must not keep the line for ever.
            self._timers.set_earlier("goodbye", now + self.mouth.buffered_ms(self.ms(now)) / 1000 + GOODBYE_MARGIN_S)
            self._close_if_heard(now)
        elif event.status == "failed":
            self._response_failed(event, now)
        elif owed := self._responses.owed():
            self._timers.set("stall", now + STALL_S)
            self._do(*owed)

    def _response_failed(self, event: events.ResponseEnded, now: float) -> None:
        self._note("model_error", code=event.error_code)
        self.stop = self.stop or self._troubles.response_failed(event)
        self._timers.set("retry", now + RETRY_S)

    def _model_error(self, event: events.ModelError, now: float) -> None:
        if event.code == ALREADY_ACTIVE:
            self._responses.refused()
        if not is_benign(event):
            self._note("model_error", code=event.code)
            self.stop = self.stop or self._troubles.error(event)

    # -- tools ---------------------------------------------------------------------------------------------------

    def _tool_called(self, event: events.ToolCalled, now: float) -> None:
        used = self._toolbox.use(event)
        self._do(*used.todo)
        machine = self._machine.told_by_model(used.hang_up)
        self._met(machine, now)
        if used.output and not self.stop:
            self._do(actions.AnswerTool(event.call_id, used.output))
        if machine:
            return
        if used.hang_up is not None:
            self.is_closing = True
            # In case the response never ends; when it does, the time is set by what is left to play.
            self._timers.set_earlier("goodbye", now + self.mouth.buffered_ms(self.ms(now)) / 1000 + STALL_S)
        elif used.output and not self.is_closing:
            self._ask_response(now)

    def _tool_answered(self, event: events.ToolAnswered, now: float) -> None:
        if self._toolbox.is_awaited(event):
            self._do(actions.AnswerTool(event.call_id, event.output))
            if not self.is_closing:
                self._ask_response(now)

    def _close_if_heard(self, now: float) -> None:
        if self.is_closing and self.mouth.is_silent and not self._responses.is_active:
            self._hang_up(now)

    # -- timers --------------------------------------------------------------------------------------------------

    def _silence(self, now: float) -> None:
        if self._machine.ending:
            self.stop = self.stop or Stop(self._machine.ending)
            return
        if self._asked_if_there:
            self.stop = self.stop or Stop(Ending.SILENCE)
            return
        self._asked_if_there = True
        self._do(actions.AddSystemMessage(script.still_there()))
        self._ask_response(now)

    def _typed(self, now: float) -> None:
        keys, self._keys = self._keys, ""
        self._do(self.transcript.caller_typed(keys, self.ms(now)), actions.AddSystemMessage(script.typed(keys)))
        self._ask_response(now)

    def _speak_to_machine(self, now: float) -> None:
        """Its greeting, and perhaps a beep, must be over, and so must what the model itself is saying."""
        if self._caller_speaking or self._responses.is_active or not self.mouth.is_silent:
            self._timers.set("machine", now + BEEP_S)
            return
        self.is_closing = self._machine.ending is Ending.VOICEMAIL
        self._ask_response(now, script.say_exactly(self._machine.speak()))

    def _stalled(self, now: float) -> None:
        self._note("model_error", code="stalled")
        self._do(*self._responses.give_up())
        if self.is_closing:
            self._close_if_heard(now)
        else:
            self.stop = self.stop or self._troubles.stalled()

    def _retry(self, now: float) -> None:
        if not self._caller_speaking:
            self._ask_response(now)


_HANDLERS: dict[type, Callable[..., None]] = {
    events.MarkReached: Talk._mark_reached,
    events.DigitPressed: Talk._digit,
    events.ResponseStarted: Talk._response_started,
    events.AgentAudio: Talk._agent_audio,
    events.CallerTranscript: Talk._caller_text,
    events.MachineDetected: Talk._detected,
    events.CallerStartedSpeaking: Talk._caller_started,
    events.CallerStoppedSpeaking: Talk._caller_stopped,
    events.ToolCalled: Talk._tool_called,
    events.ToolAnswered: Talk._tool_answered,
    events.ResponseEnded: Talk._response_ended,
    events.ModelError: Talk._model_error,
}

_TIMERS: dict[str, Callable[[Talk, float], None]] = {
    "silence": Talk._silence,
    "stall": Talk._stalled,
    "goodbye": Talk._hang_up,
    "retry": Talk._retry,
    "keys": Talk._typed,
    "machine": Talk._speak_to_machine,
}
