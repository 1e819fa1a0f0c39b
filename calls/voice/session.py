"""One conversation between a person on the line and the voice model. Pure: no sockets, no clock, no database.

The shell feeds every event of both sockets to `receive`, performs the actions that come back in order, and calls `tick`
when `deadline` has come. `now` is any monotonic clock in seconds. Audio is never decoded here, nor copied.

    connecting --session.updated--> talking (calls/voice/talk.py) <--lost once--> reopening
        any --the model has failed--> apologising (the person hears why the call ends) --> parting
        any --the line is gone, or the talk is over--> parting (the model is asked for its reflection) --> over
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from calls.evidence import Ending, Fact
from calls.voice import actions, events, script
from calls.voice.conclusion import conclusion
from calls.voice.talk import Talk
from calls.voice.timers import Timers
from calls.voice.tools import TOOLS
from calls.voice.troubles import Stop, Troubles, failed, lost, refused

READY_S = 15.0
"""How long the model may take from the line's start to `session.updated`; the caller's audio is held meanwhile."""
REOPEN_S = 3.0
"""How long a lost socket may take to be back, with the line waiting."""
REFLECTION_S = 5.0
APOLOGY_MARGIN_S = 2.0


class Phase(Enum):
    CONNECTING = auto()
    TALKING = auto()
    REOPENING = auto()
    APOLOGISING = auto()
    PARTING = auto()
    OVER = auto()


class Session:
    def __init__(self, plan: script.Plan, facts: Sequence[Fact], *, now: float) -> None:
        self.phase = Phase.CONNECTING
        self._plan = plan
        self._troubles = Troubles()
        self._talk = Talk(plan, facts, self._troubles, began=now)
        self._todo: list[actions.Action] = []
        self._timers = Timers()
        self._timers.set("ready", now + READY_S)
        self._timers.set("limit", now + plan.time_limit_s)
        self._model_is_there = True
        self._held: list[bytes] = []
        self._ear_began_ms = 0
        self._stop: Stop | None = None

    @property
    def deadline(self) -> float | None:
        """When `tick` is due next, on the clock of `now`."""
        ours, talks = self._timers.deadline, self._talk.deadline if self.phase is Phase.TALKING else None
        if ours is None or talks is None:
            return talks if ours is None else ours
        return min(ours, talks)

    def settled_ms(self, now: float) -> int:
        """The time of the call, in ms, before which it is known what the person heard."""
        return self._talk.mouth.settled_before_ms(self._talk.ms(now))

    def receive(self, event: events.Event, *, now: float) -> list[actions.Action]:
        if type(event) is events.CallerAudio:
            return self._caller_audio(event)
        if self.phase is Phase.OVER:
            return []
        handle = _HANDLERS.get(type(event), Session._told)
        handle(self, event, now)
        return self._done(now)

    def tick(self, *, now: float) -> list[actions.Action]:
        """Whatever is due. Harmless when nothing is."""
        for name in self._timers.due(now):
            _TIMERS[name](self, now)
        if self.phase is Phase.TALKING:
            self._do(*self._talk.tick(now))
        return self._done(now)

    def _done(self, now: float) -> list[actions.Action]:
        if self.phase is Phase.TALKING and self._talk.stop:
            self._end(self._talk.stop, now)
        todo, self._todo = self._todo, []
        return todo

    def _do(self, *todo: actions.Action) -> None:
        self._todo.extend(todo)

    def _note(self, kind: str, **detail: Any) -> None:
        self._do(actions.KeepEvent(kind, detail))

    def _told(self, event: events.Event, now: float) -> None:
        if isinstance(event, (events.CallerStartedSpeaking, events.CallerStoppedSpeaking)):
            # The model counts from the first audio that its socket was given.
            event.at_ms += self._ear_began_ms
        if self.phase in (Phase.TALKING, Phase.REOPENING):
            self._do(*self._talk.receive(event, now))
        elif self.phase in (Phase.APOLOGISING, Phase.PARTING):
            self._do(*self._talk.overhear(event, now))
        if self.phase is Phase.APOLOGISING and self._talk.mouth.is_silent:
            self._part(now)

    # -- the line ------------------------------------------------------------------------------------------------

    def _caller_audio(self, event: events.CallerAudio) -> list[actions.Action]:
        if self.phase is Phase.TALKING:
            return [actions.AppendAudio(event.payload)]
        if self.phase in (Phase.CONNECTING, Phase.REOPENING):
            if not self._held:
                self._ear_began_ms = event.at_ms if self.phase is Phase.REOPENING else 0
            self._held.append(event.payload)
        return []

    def _line_gone(self, event: events.StreamStopped | events.LineLost, now: float) -> None:
        if self.phase is Phase.APOLOGISING:
            self._part(now)
        elif self._talk.is_closing:
            # Gone during the goodbye: the conversation was complete.
            self._end(Stop(Ending.AGENT_HUNG_UP), now)
        elif isinstance(event, events.StreamStopped):
            self._end(Stop(Ending.PERSON_HUNG_UP), now)
        else:
            self._end(Stop(Ending.LINE_LOST, str(event.code), event.reason), now)

    def _malformed_message(self, event: events.Malformed, now: float) -> None:
        self._note("malformed", source=event.source, reason=event.reason)
        if stop := self._troubles.malformed(event):
            self._end(stop, now)

    # -- the model -----------------------------------------------------------------------------------------------

    def _model_created(self, event: events.SessionCreated, now: float) -> None:
        questions = [fact.question for fact in self._talk.interview.facts]
        self._do(
            actions.ConfigureSession(
                instructions=script.instructions(self._plan, questions),
                tools=TOOLS + self._plan.lender_tools,
                voice=self._plan.voice,
                language=self._plan.language,
                transcription_model=self._plan.transcription_model,
            )
        )

    def _model_ready(self, event: events.SessionUpdated, now: float) -> None:
        if self.phase not in (Phase.CONNECTING, Phase.REOPENING):
            return
        begins, self.phase = self.phase is Phase.CONNECTING, Phase.TALKING
        self._timers.stop("ready")
        self._note("model_connected", after_ms=self._talk.ms(now))
        self._do(*map(actions.AppendAudio, self._held))
        self._held = []
        self._do(*(self._talk.begin(now) if begins else self._talk.resume(now)))

    def _response_ended(self, event: events.ResponseEnded, now: float) -> None:
        if not event.purpose:
            self._told(event, now)
            return
        self._do(*self._talk.overhear(event, now))
        if self.phase is Phase.PARTING:
            self._conclude(now)

    def _model_error(self, event: events.ModelError, now: float) -> None:
        if self.phase not in (Phase.CONNECTING, Phase.REOPENING):
            self._told(event, now)
            return
        self._note("model_error", code=event.code)
        self._end(failed(event.code, event.message), now)

    def _model_refused(self, event: events.ModelRefused, now: float) -> None:
        self._note("model_error", http_status=event.status, code=event.code)
        self._end(refused(event), now)

    def _model_lost(self, event: events.ModelLost, now: float) -> None:
        if self.phase is Phase.PARTING:
            self._conclude(now)
            return
        self._note("model_error", close_code=event.code)
        if self.phase is Phase.TALKING and self._talk.is_closing:
            # All that was left was the goodbye: what came of it is played, and the line closes.
            self._model_is_there = False
            self._do(*self._talk.cut_off())
        elif self.phase is Phase.TALKING and self._troubles.lost(event) is None:
            self.phase = Phase.REOPENING
            self._timers.set("ready", now + REOPEN_S)
            self._do(*self._talk.cut_off(), actions.OpenModel())
        else:
            self._end(lost(event), now)

    # -- timers --------------------------------------------------------------------------------------------------

    def _never_ready(self, now: float) -> None:
        self._end(Stop(Ending.MODEL_LOST, "timeout", "The model was not ready in time."), now)

    def _limit(self, now: float) -> None:
        self._end(Stop(Ending.MAX_DURATION), now)

    # -- the end -------------------------------------------------------------------------------------------------

    def _end(self, stop: Stop, now: float) -> None:
        """The line is to be closed, whoever wanted it; the first reason given is the reason."""
        if self._stop:
            return
        self._stop = stop
        if stop.ending in _TO_APOLOGISE_FOR and self._plan.apology:
            self.phase = Phase.APOLOGISING
            self._timers.clear()
            self._do(*self._talk.apologise(now))
            left_s = self._talk.mouth.buffered_ms(self._talk.ms(now)) / 1000
            self._timers.set("apology", now + left_s + APOLOGY_MARGIN_S)
        else:
            self._part(now)

    def _part(self, now: float) -> None:
        assert self._stop is not None  # noqa: S101  (every way here leads through _end)
        can_reflect = self.phase is Phase.TALKING and self._model_is_there
        self.phase = Phase.PARTING
        self._timers.clear()
        self._do(*self._talk.end(now), actions.HangUp())
        note = _REFLECTION_NOTES.get(self._stop.ending)
        if note and can_reflect and not self._talk.interview.reflection and self._talk.transcript.caller_has_spoken:
            self._timers.set("reflection", now + REFLECTION_S)
            self._do(actions.AskReflection(note))
        else:
            self._conclude(now)

    def _conclude(self, now: float) -> None:
        assert self._stop is not None  # noqa: S101  (every way here leads through _end)
        self.phase = Phase.OVER
        self._timers.clear()
        outcome = conclusion(
            self._stop,
            plan=self._plan,
            interview=self._talk.interview,
            transcript=self._talk.transcript,
            usage=self._talk.minutes.usage,
        )
        self._do(*self._talk.transcript.unkept(), actions.CloseModel(), outcome)


# The endings after which the model is still there, and a person was: it is asked what it made of the call.
_REFLECTION_NOTES = {
    Ending.PERSON_HUNG_UP: script.REFLECT_AFTER_HANG_UP,
    Ending.LINE_LOST: script.REFLECT_AFTER_HANG_UP,
    Ending.AGENT_HUNG_UP: script.REFLECT_AFTER_GOODBYE,
    Ending.SILENCE: script.REFLECT_AFTER_GOODBYE,
    Ending.MAX_DURATION: script.REFLECT_AFTER_GOODBYE,
}

_TO_APOLOGISE_FOR = {
    Ending.MODEL_LOST,
    Ending.MODEL_AUTH,
    Ending.MODEL_ACCESS,
    Ending.MODEL_QUOTA,
    Ending.MODEL_RATE_LIMITED,
    Ending.MODEL_ERROR,
}

# All that is not here is for the talk.
_HANDLERS: dict[type, Callable[..., None]] = {
    events.StreamStopped: Session._line_gone,
    events.LineLost: Session._line_gone,
    events.Malformed: Session._malformed_message,
    events.SessionCreated: Session._model_created,
    events.SessionUpdated: Session._model_ready,
    events.ResponseEnded: Session._response_ended,
    events.ModelError: Session._model_error,
    events.ModelRefused: Session._model_refused,
    events.ModelLost: Session._model_lost,
}

_TIMERS: dict[str, Callable[[Session, float], None]] = {
    "ready": Session._never_ready,
    "limit": Session._limit,
    "apology": Session._part,
    "reflection": Session._conclude,
}
