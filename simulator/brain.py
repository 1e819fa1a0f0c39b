"""What the simulated voice model thinks. It knows what a real one would: its instructions, what it heard, what its
tools answered. It never knows an expected answer.

The instructions it can read have the sections Person, Questions and Closing (`calls/voice/script.py` writes them).
"""

import itertools
import json
import re
from dataclasses import dataclass, field

from simulator.faults import NO_FAULTS, ModelFaults

_PERSON = re.compile(r"^You are calling: (.+?)\.?\s*$", re.M)
_QUESTION = re.compile(r'^- (q\d+): "(.*?)"(?: \(options: (.*)\))?\s*$', re.M)
_CLOSING = re.compile(r'^# Closing\s+Say: "(.*)"', re.M)
_GREETING = re.compile(r'^The first thing you say is: "(.*?)"(?: If|$)', re.M)
_SAY_EXACTLY = re.compile(r'Say exactly: "(.*)"')
_ASK = re.compile(r'\bask (q\d+)(?: once more)?: "(.*)"', re.I)

_MACHINES = (
    ("voicemail", re.compile(r"leave (?:a|your|me a) message|after the (?:tone|beep)|voice ?mail", re.I)),
    ("screened", re.compile(r"screening|(?:state|say) your name", re.I)),
)
_DECLINES = (
    ("do_not_call", re.compile(r"stop calling|(?:do not|don't) call|take me off|remove me", re.I)),
    ("call_later", re.compile(r"call (?:me )?(?:back )?later|call me back|not a good time|bad time", re.I)),
    ("wrong_person", re.compile(r"wrong (?:number|person)|not here|no one by|does(?:n't| not) live here", re.I)),
    ("refuses", re.compile(r"\bI (?:won't|will not|refuse|would rather not)\b|none of your business", re.I)),
)
_YES = re.compile(r"\b(?:yes|yeah|yep|speaking|that's me|this is (?:she|he|her|him))\b", re.I)
_NO = re.compile(r"^\W*no\b", re.I)
_PARDON = re.compile(r"^\W*(?:sorry|pardon|what|excuse me)\W*$", re.I)

BEEP = "(beep)"
"""How a recording's beep is transcribed."""
NOT_CAUGHT = "Sorry, I did not catch that."
STILL_THERE = "Are you still there?"
FAREWELL = "I understand. Thank you, and goodbye."
GIVING_UP = "I am sorry, something went wrong. Goodbye."


@dataclass(slots=True)
class Item:
    """One item of the conversation. `kind` is system, user, agent, call (a function call) or output (of one).

    `text` is what was said, the arguments of a call, or its output; None for words that were not understood, and
    empty for silence. `asked` is the question an agent's item asks; an incomplete one was not heard to its end.
    """

    id: str
    kind: str
    text: str | None
    call_id: str = ""
    name: str = ""
    asked: str = ""
    audio_ms: int = 0
    status: str = "completed"


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """Call a tool; `arguments` is JSON text."""

    tool: str
    arguments: str


Intent = Say | Use


def use(tool: str, **arguments: str) -> Use:
    return Use(tool, json.dumps(arguments))


def person_in(instructions: str) -> str:
    """The name of the person to call, or nothing."""
    found = _PERSON.search(instructions)
    return found[1] if found else ""


@dataclass(slots=True)
class Brain:
    """The thinking of one session. `instructions` change with its settings; `items` is the conversation, shared."""

    items: list[Item]
    instructions: str = ""
    faults: ModelFaults = NO_FAULTS
    _spoiled: list[str] = field(default_factory=list)

    def think(self, *, order: str = "", tool: str = "") -> list[Intent]:
        """What to say and do now. `order` is the response's own instructions, `tool` the one it is forced to use."""
        intents = self._forced(tool, order) if tool else self._ordered(order) or self._react()
        if self.faults.doubles_tool_calls:
            intents = [twin for intent in intents for twin in [intent] * (1 + isinstance(intent, Use))]
        return [self._spoil(intent) for intent in intents]

    def _forced(self, tool: str, order: str) -> list[Intent]:
        gone = "hung up" in order and not self.faults.lies
        return [use(tool, status="user_hung_up" if gone else self._judgement())]

    def _ordered(self, order: str) -> list[Intent]:
        found = _SAY_EXACTLY.search(order)
        if not found:
            return []
        asked = next((name for name, text, _ in self._questions() if text in found[1]), "")
        told = Say(found[1], asked)
        # Only the closing is said with nothing to follow.
        return [told, use("hang_up_call", reason="completed")] if found[1] == self._closing() else [told]

    def _react(self) -> list[Intent]:
        """To the newest item that calls for something: a system message may only be for it to know."""
        for item in reversed(self.items):
            if item.kind == "output":
                return self._obey()
            if item.kind == "user":
                return self._reply(item.text)
            told = self._ordered(item.text or "") if item.kind == "system" else []
            if told or item.kind != "system":
                return told
        return []

    # -- to what a tool answered -------------------------------------------------------------------------------

    def _obey(self) -> list[Intent]:
        output = self._answered()
        text = output.text or ""
        call = self._call_of(output)
        if asked := _ASK.search(text):
            return [self._question(asked[1], asked[2])]
        if call.name == "record_answer" and "last question" in text:
            return [use("call_reflection_data", status=self._judgement())]
        if text.startswith("error: "):
            return self._retry(output)
        if call.name == "call_reflection_data":
            return [Say(self._closing()), use("hang_up_call", reason="completed")]
        if call.name == "decline":
            return [Say(FAREWELL), use("hang_up_call", reason=json.loads(call.text or "{}").get("reason", ""))]
        return []

    def _answered(self) -> Item:
        """The output to go by: of the newest batch, the last that is no error."""
        batch = []
        for item in reversed(self.items):
            if item.kind == "output":
                batch.append(item)
            elif batch:
                break
        return next((item for item in batch if not (item.text or "").startswith("error: ")), batch[0])

    def _call_of(self, output: Item) -> Item:
        return next(item for item in self.items if item.kind == "call" and item.call_id == output.call_id)

    def _retry(self, output: Item) -> list[Intent]:
        """Try once more what a tool refused; a second refusal ends the call."""
        refusals = sum(item.kind == "output" and (item.text or "").startswith("error: ") for item in self.items)
        call = self._call_of(output)
        if refusals > 2 or call.name == "hang_up_call":
            return [Say(GIVING_UP), use("hang_up_call", reason="error")]
        if call.name == "record_answer":
            heard = next((item.text for item in reversed(self.items) if item.kind == "user"), "")
            return [self._record(heard or "")]
        return [Use(call.name, call.text or "{}")]

    def _judgement(self) -> str:
        """What it believes came of the call: one who declined, or was asked again, makes it doubt."""
        if self.faults.lies:
            return "successful_call"
        tools = {item.name for item in self.items if item.kind == "call"}
        doubted = any(item.kind == "output" and "once more" in (item.text or "") for item in self.items)
        return (
            "unsuccessful_call" if doubted or "decline" in tools or "record_answer" not in tools else "successful_call"
        )

    # -- to what the person said -------------------------------------------------------------------------------

    def _reply(self, text: str | None) -> list[Intent]:
        if text == BEEP:
            return [use("hang_up_call", reason="voicemail")]
        if text is None:
            return [Say(NOT_CAUGHT)]
        if not text:
            return [Say(STILL_THERE)]
        if any(item.kind == "call" and item.name == "hang_up_call" for item in self.items):
            return [Say(FAREWELL), use("hang_up_call", reason="completed")]
        pending = self._pending()
        return self._declined(text) or (self._answer(text, pending) if pending else self._meet(text))

    def _declined(self, text: str) -> list[Intent]:
        reason = next((reason for reason, words in _DECLINES if words.search(text)), "")
        return [use("decline", reason=reason)] if reason else []

    def _meet(self, text: str) -> list[Intent]:
        """Before the first question: find out who, or what, picked up."""
        machine = next((reason for reason, words in _MACHINES if words.search(text)), "")
        if machine:
            return [use("hang_up_call", reason=machine)]
        if _NO.search(text):
            return [use("decline", reason="wrong_person")]
        if self._was_cut_short() and (greeting := _GREETING.search(self.instructions)):
            return [Say(greeting[1])]
        if not _YES.search(text):
            return [Say(f"Sorry, am I speaking with {person_in(self.instructions)}?")]
        if self.faults.skips_questions:
            return [use("call_reflection_data", status=self._judgement())]
        first = self._questions()[:1]
        leak: list[Intent] = [Say(self.faults.leaks)] if self.faults.leaks else []
        return [*leak, *(self._question(name, text) for name, text, _ in first)]

    def _answer(self, text: str, pending: str) -> list[Intent]:
        """An answer, unless it only says that the person is still there, or has not understood."""
        last = next(item for item in reversed(self.items) if item.kind == "agent")
        if _PARDON.search(text) or (not last.asked and _YES.search(text)):
            return [self._question(pending, self._asked_text(pending))]
        return self._records(text, pending)

    def _records(self, text: str, pending: str) -> list[Intent]:
        """One answer; or two, where the person goes on to the next question by themselves."""
        following = self._following(pending)
        first, more, second = text.partition(", and ")
        if not (more and following):
            return [self._record(text)]
        pairs = ((pending, first), (following, second))
        return [use("record_answer", question_id=question, heard=text, value=value) for question, value in pairs]

    def _following(self, pending: str) -> str:
        names = [name for name, _, _ in self._questions()]
        return dict(itertools.pairwise(names)).get(pending, "")

    def _was_cut_short(self) -> bool:
        last = next((item for item in reversed(self.items) if item.kind == "agent"), None)
        return last is not None and last.status == "incomplete"

    def _record(self, heard: str) -> Use:
        asked = self._asked_text(self._pending()).lower()
        heard = next((text for word, text in self.faults.invents.items() if word in asked), heard)
        return use("record_answer", question_id=self._pending(), heard=heard, value=heard)

    # -- what it knows -----------------------------------------------------------------------------------------

    def _pending(self) -> str:
        return next((item.asked for item in reversed(self.items) if item.asked), "")

    def _questions(self) -> list[tuple[str, str, str]]:
        return _QUESTION.findall(self.instructions)

    def _question(self, name: str, text: str) -> Say:
        """A question as given, with the options that its line in the instructions may have."""
        options = next((options for known, _, options in self._questions() if known == name), "")
        choices = re.findall(r'"(.*?)"', options)
        return Say(f"{text} {', '.join(choices[:-1])}, or {choices[-1]}?" if choices else text, asked=name)

    def _asked_text(self, name: str) -> str:
        told = [match for item in self.items if item.kind == "output" for match in _ASK.findall(item.text or "")]
        known = [(known, text) for known, text, _ in self._questions()] + told
        return next((text for known, text in reversed(known) if known == name), STILL_THERE)

    def _closing(self) -> str:
        found = _CLOSING.search(self.instructions)
        return found[1] if found else "Thank you. Goodbye."

    def _spoil(self, intent: Intent) -> Intent:
        """The first tool call of a model that malforms arguments is cut short; from then on it minds them."""
        if not self.faults.malforms_arguments or self._spoiled or not isinstance(intent, Use):
            return intent
        self._spoiled.append(intent.tool)
        return Use(intent.tool, intent.arguments[:-4])
