"""Phone numbers: stored as E.164, shown masked."""

import phonenumbers
from django.conf import settings
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from calls.models import Verification
from calls.services.errors import Refused

MAX_LENGTH = 40

_REASONS = {
    ValidationResult.TOO_SHORT: "it is too short",
    ValidationResult.TOO_LONG: "it is too long",
    ValidationResult.INVALID_COUNTRY_CODE: "no country has its code",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "its area code is missing",
}


def to_e164(text: str, *, region: str) -> str:
    """The number as E.164: `(202) 555-0123` in region "US" is `+12025550123`.

    Raises ValueError, whose text says what is wrong, when no such number can exist. Letters and extensions are refused
    rather than guessed at: phonenumbers would drop them, and a slip of the finger must not ring a stranger.
    """
    if len(text) > MAX_LENGTH or any(character.isalpha() for character in text):
        raise ValueError(f"is not a phone number; write it like {_example(region)}")
    try:
        number = phonenumbers.parse(text, region.upper())
    except NumberParseException:
        raise ValueError(f"is not a phone number; write it like {_example(region)}") from None
    if number.extension:
        raise ValueError("has an extension, which cannot be dialled; leave it out")
    if not phonenumbers.is_valid_number(number):
        reason = _REASONS.get(phonenumbers.is_possible_number_with_reason(number), "its area or prefix is not in use")
        raise ValueError(f"cannot exist: {reason}")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """The number as it may be shown: `+1202•••0123`. At least three digits are always hidden; "" stays ""."""
    return f"{number[: max(0, min(5, len(number) - 7))]}•••{number[-4:]}" if number else ""


def is_region(region: str) -> bool:
    """Whether `region` is a country's two letters, in capitals."""
    return region in phonenumbers.SUPPORTED_REGIONS


def _example(region: str) -> str:
    number = phonenumbers.example_number(region.upper())
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else "+12025550123"


def number_to_call(*, verification: Verification, to: str, other_number: bool) -> str:
    """The number to ring, E.164. Raises Refused: no_phone, invalid_number, number_mismatch."""
    if not to:
        if not verification.phone:
            raise Refused("no_phone", "There is no number to call.", {"to": "is required: no number is on file"})
        return verification.phone
    try:
        number = to_e164(to, region=settings.DEFAULT_REGION)
    except ValueError as error:
        raise Refused("invalid_number", "This number cannot be called.", {"to": str(error)}) from None
    if verification.phone and number != verification.phone and not other_number:
        raise Refused(
            "number_mismatch",
            "This is not the number on file, and a person's facts must not be asked of a stranger.",
            {"to": "must be the number on file, unless other_number says that another is meant"},
        )
    return number
