"""Verifications: whom to call, about what, and the facts to check."""

from collections.abc import Callable

from django.conf import settings

from calls.models import Script, Verification
from calls.services.errors import Refused
from calls.services.facts import facts_problems
from calls.services.numbers import to_e164
from calls.services.texts import line_problem, prose_problem

MAX_BACKGROUND = 10_000


def verification_create(
    *,
    name: str,
    phone: str = "",
    background: str = "",
    facts: dict[str, object] | None = None,
    external_id: str = "",
    script_name: str = "default",
) -> Verification:
    """Keep a verification; `phone` may be national (DEFAULT_REGION) or E.164 and is stored as E.164.

    Raises Refused("validation_error") with every wrong field at once.
    """
    fields = {"name": name.strip(), "external_id": external_id.strip(), "background": background.strip()}
    script = Script.objects.filter(name=script_name).order_by("-version").first()
    problems = facts_problems(facts or {}, wordings=script.wordings if script else {})
    number = ""
    try:
        number = to_e164(phone, region=settings.DEFAULT_REGION) if phone.strip() else ""
    except ValueError as problem:
        problems["phone"] = str(problem)
    problems |= _text_problems(fields)
    # "default" makes itself when it is first needed.
    if not script and script_name != "default":
        problems["script"] = "no script has this name; publish it first, or leave it out for the default"
    if problems:
        raise Refused("validation_error", "The verification was not kept: see fields.", problems)
    return Verification.objects.create(**fields, phone=number, facts=facts or {}, script_name=script_name)


_RULES: dict[str, tuple[Callable[..., str], int]] = {
    "name": (line_problem, 200),
    "external_id": (line_problem, 100),
    "background": (prose_problem, MAX_BACKGROUND),
}


def _text_problems(fields: dict[str, str]) -> dict[str, str]:
    found = {field: rule(fields[field], limit=limit) for field, (rule, limit) in _RULES.items()}
    if not fields["name"]:
        found["name"] = "is required"
    return {field: problem for field, problem in found.items() if problem}
