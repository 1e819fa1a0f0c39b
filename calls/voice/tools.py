"""The tools that a voice model may call, in the flat shape of the Realtime API's `session.tools`. Pure.

The schemas stand here once: the session's settings, the out-of-band reflection and the reading of arguments share them.
"""

from typing import Any

Tool = dict[str, Any]


def _tool(name: str, description: str, **parameters: dict[str, Any]) -> Tool:
    """A tool whose every parameter is required: a voice model leaves out what it may."""
    schema = {
        "type": "object",
        "properties": parameters,
        "required": list(parameters),
        "additionalProperties": False,
    }
    return {"type": "function", "name": name, "description": description, "parameters": schema}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _one_of(values: tuple[str, ...], description: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values), "description": description}


DECLINE_REASONS = ("wrong_person", "refuses", "call_later", "do_not_call")
REFLECTIONS = ("in_progress", "successful_call", "unsuccessful_call", "user_hung_up", "system_error")

RECORD_ANSWER = _tool(
    "record_answer",
    "Record the person's answer to one question. Call it once after each answer, before you say anything else, and "
    "then do what its result says. It does not tell you whether the answer is right, and neither do you.",
    question_id=_text("Which question was answered: its id from your list, such as q1."),
    heard=_text("The person's own words, as you heard them."),
    value=_text(
        "The answer alone, written out: a date as YYYY-MM-DD where year, month and day were all said, numbers in "
        "digits, one of the options word for word. Never guess or complete it. Empty if they gave no answer."
    ),
)

DECLINE = _tool(
    "decline",
    "Record that the call cannot go on: you reached someone else, or the person does not want to continue. Call it as "
    "soon as that is clear, and do not try to persuade anyone.",
    reason=_one_of(
        DECLINE_REASONS,
        "wrong_person: this is not the person you asked for, or they cannot come to the phone. refuses: they will not "
        "answer. call_later: they ask to be called at another time. do_not_call: they ask not to be called again.",
    ),
)

CALL_REFLECTION_DATA = _tool(
    "call_reflection_data",
    "Say what came of the call. Call it once, after the last question and before you say goodbye.",
    status=_one_of(
        REFLECTIONS,
        "successful_call: every question was answered. unsuccessful_call: the person could not or would not answer, or "
        "was someone else. user_hung_up: they left before the end. system_error: the call failed for a technical "
        "reason. in_progress: the call is not over.",
    ),
)

HANG_UP_CALL = _tool(
    "hang_up_call",
    "End the call, after you have said goodbye; the line closes once your goodbye has been heard. If a voicemail or a "
    "call screener answers, call it at once and say nothing about the person or the reason of the call.",
    reason=_text("Why the call ends, in a few words; exactly voicemail or screened if that is what answered."),
)

TOOLS: tuple[Tool, ...] = (RECORD_ANSWER, DECLINE, CALL_REFLECTION_DATA, HANG_UP_CALL)
