"""Numbers in, E.164 stored, masked out."""

import re

import pytest

from calls.services.numbers import masked, to_e164


@pytest.mark.parametrize(
    ("text", "region", "stored"),
    [
        ("+12025550123", "US", "+12025550123"),
        ("(202) 555-0123", "US", "+12025550123"),
        (" 202.555.0123 ", "us", "+12025550123"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("+44 (0)20 7946 0018", "US", "+442079460018"),
        ("00442079460018", "GB", "+442079460018"),
        ("０２０７９４６００１８", "GB", "+442079460018"),
    ],
)
def test_a_number_is_stored_as_e164(text: str, region: str, stored: str) -> None:
    assert to_e164(text, region=region) == stored


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a phone number; write it like +12015550123"),
        ("call me", "is not a phone number; write it like +12015550123"),
        ("+1 202 555 O123", "is not a phone number; write it like +12015550123"),
        ("+12025550123 or +12025550199", "is not a phone number; write it like +12015550123"),
        ("+12025550123, +12025550199", "is not a phone number; write it like +12015550123"),
        ("+1" + "2" * 50, "is not a phone number; write it like +12015550123"),
        ("+12025550123#5", "has an extension, which cannot be dialled; leave it out"),
        ("911", "cannot exist: it is too short"),
        ("555-0123", "cannot exist: its area code is missing"),
        ("+120255501234", "cannot exist: it is too long"),
        ("+15551234567", "cannot exist: its area or prefix is not in use"),
        ("+999 20 7946 0018", "is not a phone number; write it like +12015550123"),
    ],
)
def test_a_number_that_cannot_exist_is_refused_with_its_cure(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)) as refusal:
        to_e164(text, region="US")
    assert str(refusal.value) == problem


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+12025550110", "+1202•••0110"), ("+442079460018", "+4420•••0018"), ("+2907123", "+•••7123"), ("", "")],
)
def test_a_number_is_shown_without_its_middle(number: str, shown: str) -> None:
    assert masked(number) == shown
