"""Which of a person's facts a call asks: the script's rules, and what earlier calls to the same person asked."""

from collections.abc import Sequence

from calls.evidence import Fact, FactError, questions_from_facts
from calls.models import Call, Script, Verification
from calls.services.errors import Refused
from calls.services.persons import calls_of_person

LOOK_BACK = 20
"""Earlier calls whose questions are avoided, as far as others remain."""


def questions_of(*, call: Call) -> Sequence[Fact]:
    """What this call asks, by the script's version that it keeps. Raises FactError, naming the key."""
    earlier = calls_of_person(verification=call.verification).order_by("-pk")
    asked_before = [key for keys in earlier.values_list("questions", flat=True)[:LOOK_BACK] for key in keys]
    return _choose(verification=call.verification, script=call.script, asked_before=asked_before, seed=call.pk)


def questions_check(*, verification: Verification, script: Script) -> None:
    """Raises Refused (facts_unusable, too_few_facts) where a call could not succeed whatever the person says."""
    try:
        count = len(_choose(verification=verification, script=script, asked_before=[], seed=verification.pk))
    except FactError as error:
        message = "The facts on file cannot be asked with this script."
        raise Refused("facts_unusable", message, {f"facts.{error.key}": error.message}) from None
    if count < script.matches_required:
        message = "There are too few facts to ask: no answer could make this call successful."
        problem = f"make {count} questions that may be asked in one call; the script requires {script.matches_required}"
        raise Refused("too_few_facts", message, {"facts": problem})


def _choose(*, verification: Verification, script: Script, asked_before: Sequence[str], seed: int) -> Sequence[Fact]:
    return questions_from_facts(
        verification.facts,
        wordings=script.wordings,
        count=script.questions_to_ask,
        asked_before=asked_before,
        never_together=script.never_together,
        told=" / ".join([verification.name, script.company, script.purpose, script.disclosure, script.closing]),
        seed=seed,
    )
