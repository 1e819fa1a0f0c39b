"""Scripts: a version never changes; publishing makes the next one."""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from calls.evidence import never_together_problem
from calls.models import Script
from calls.services.errors import Refused
from calls.services.facts import wordings_problems
from calls.services.profiles import profile_problem
from calls.services.texts import line_problem, name_problem, prose_problem, spoken_problem

LIMITS: dict[str, tuple[int, int]] = {
    "questions_to_ask": (1, 10),
    "matches_required": (1, 10),
    "tries_per_question": (1, 5),
    "ring_timeout_s": (5, 600),
    "time_limit_s": (30, 14_400),
    "silence_s": (3, 120),
    "max_tries": (1, 10),
}
"""Least and most of each number. 600 s of ringing and four hours on the line are Twilio's own limits."""

TEXTS: dict[str, tuple[Callable[..., str], int]] = {
    "name": (name_problem, 100),
    "company": (line_problem, 200),
    "purpose": (prose_problem, 2000),
    "disclosure": (spoken_problem, 500),
    "closing": (spoken_problem, 500),
    "voicemail_message": (spoken_problem, 500),
    "screening_reply": (spoken_problem, 200),
    "voice": (line_problem, 50),
    "language": (line_problem, 10),
    "model": (line_problem, 100),
    "transcription_model": (line_problem, 100),
}
"""The rule and the greatest length of each text."""

MAY_BE_BLANK = {"voicemail_message", "screening_reply"}

_NEVER_COPIED = {"id", "version", "created_at"}


def script_current(*, name: str) -> Script:
    """The newest version. "default" makes its first itself; any other unknown name raises Script.DoesNotExist."""
    newest = Script.objects.filter(name=name).order_by("-version").first()
    if newest:
        return newest
    if name != "default":
        raise Script.DoesNotExist(f"There is no script named {name}.")
    return Script.objects.get_or_create(
        name=name,
        version=1,
        defaults={"company": "the company", "purpose": "To confirm that we are speaking with the right person."},
    )[0]


def script_publish(*, name: str, **fields: object) -> Script:
    """Make the next version: what is left out stays as it was. Without a change the newest version is returned.

    Raises Refused("validation_error") with every wrong field at once.
    """
    while True:
        newest = Script.objects.filter(name=name).order_by("-version").first()
        before = _content(newest) if newest else {}
        content = _content(Script(**{**before, **fields, "name": name}))
        if newest and content == before:
            return newest
        _check(content)
        try:
            with transaction.atomic():
                return Script.objects.create(**content, version=newest.version + 1 if newest else 1)
        except IntegrityError:
            # Another publisher took this version number: look again at what is newest.
            if not Script.objects.filter(name=name, version__gt=newest.version if newest else 0).exists():
                raise


def _content(script: Script) -> dict[str, object]:
    return {key: value for key, value in model_to_dict(script).items() if key not in _NEVER_COPIED}


def _check(content: dict[str, object]) -> None:
    problems = _text_problems(content) | _number_problems(content) | wordings_problems(content["wordings"])
    if problem := never_together_problem(content["never_together"]):
        problems["never_together"] = problem
    if problem := profile_problem(str(content["profile"])):
        problems["profile"] = problem
    if problems:
        raise Refused("validation_error", "The script was not published: see fields.", problems)


def _text_problems(content: dict[str, object]) -> dict[str, str]:
    found = {}
    for field, (rule, limit) in TEXTS.items():
        text = str(content[field])
        found[field] = rule(text, limit=limit) if text.strip() or field in MAY_BE_BLANK else "is required"
    return {field: problem for field, problem in found.items() if problem}


def _number_problems(content: dict[str, object]) -> dict[str, str]:
    numbers = {field: int(str(content[field])) for field in LIMITS}
    found = {
        field: f"must be from {least} to {most}"
        for field, (least, most) in LIMITS.items()
        if not least <= numbers[field] <= most
    }
    if not found and numbers["matches_required"] > numbers["questions_to_ask"]:
        found["matches_required"] = f"must not exceed questions_to_ask ({numbers['questions_to_ask']})"
    return found
