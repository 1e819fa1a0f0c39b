"""The well-known facts: how to ask for each and how to compare the answer; and a guess for an unknown key. Pure."""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
from dataclasses import dataclass

KINDS = ("text", "name", "date", "digits", "amount", "address", "choice")


@dataclass(frozen=True, slots=True)
class Entry:
    """`length`: how many digits the value must have, 0 for any. `decoys`: wrong options for a choice question."""

    ask: str
    kind: str
    length: int = 0
    decoys: tuple[str, ...] = ()


_CARS = tuple(
    "Toyota Corolla|Ford Focus|Honda Civic|Volkswagen Golf|Nissan Qashqai|Hyundai Tucson|Kia Sportage|Mazda 3".split(
        "|"
    )
)
_EMPLOYERS = tuple(
    "Northgate Logistics|Brightwater Foods|Alder Street Clinic|Summit Roofing|Halden Printing|Marlow Textiles".split(
        "|"
    )
)
_BANKS = tuple("First Harbor Bank|Lakeside Credit Union|Granite Savings|Meridian Trust|Oakfield Bank".split("|"))
_STREETS = tuple("Maple Avenue|Church Lane|Station Road|Orchard Drive|Harbour View|Mill Street|Elm Court".split("|"))
_COLOURS = tuple("red|blue|green|black|white|silver|yellow|brown".split("|"))

CATALOGUE: dict[str, Entry] = {
    "date_of_birth": Entry("What is your date of birth, with the year?", "date"),
    "ssn_last_4": Entry("What are the last four digits of your Social Security number?", "digits", length=4),
    "account_last_4": Entry("What are the last four digits of your account number?", "digits", length=4),
    "card_last_4": Entry("What are the last four digits of your card?", "digits", length=4),
    "phone_last_4": Entry("What are the last four digits of your other phone number?", "digits", length=4),
    "address": Entry("What is your home address, with the house number and the postcode?", "address"),
    "previous_address": Entry("What was your previous address, with the house number and the postcode?", "address"),
    "street": Entry("What street do you live on?", "text", decoys=_STREETS),
    "city": Entry("What town or city do you live in?", "text"),
    "postcode": Entry("What is your postcode?", "digits"),
    "zip": Entry("What is your five-digit zip code?", "digits", length=5),
    "employer": Entry("Who is your current employer?", "text", decoys=_EMPLOYERS),
    "job_title": Entry("What is your job title?", "text"),
    "bank": Entry("Which bank is your account with?", "text", decoys=_BANKS),
    "car": Entry("What make and model of car do you drive?", "text", decoys=_CARS),
    "car_colour": Entry("What colour is your car?", "text", decoys=_COLOURS),
    "licence_plate": Entry("What is your car's registration number?", "digits"),
    "mother_maiden_name": Entry("What was your mother's maiden name?", "name"),
    "first_name": Entry("What is your first name?", "name"),
    "last_name": Entry("What is your last name?", "name"),
    "middle_name": Entry("What is your middle name?", "name"),
    "full_name": Entry("What is your full name?", "name"),
    "monthly_income": Entry("What is your monthly income?", "amount"),
    "annual_income": Entry("What is your yearly income?", "amount"),
    "loan_amount": Entry("How much did you ask to borrow?", "amount"),
    "monthly_payment": Entry("How much is your monthly payment?", "amount"),
    "email": Entry("What is your email address?", "text"),
    "reference": Entry("What is your reference number?", "digits"),
}

_ALIASES = {
    "dob": "date_of_birth", "birthdate": "date_of_birth", "birth_date": "date_of_birth", "birthday": "date_of_birth",
    "ssn_last4": "ssn_last_4", "last_4_ssn": "ssn_last_4", "last_four_ssn": "ssn_last_4", "ssn_last_four": "ssn_last_4",
    "home_address": "address", "current_address": "address", "street_name": "street", "town": "city",
    "postal_code": "postcode", "zipcode": "zip", "zip_code": "zip", "company": "employer", "employer_name": "employer",
    "occupation": "job_title", "vehicle": "car", "car_model": "car", "car_color": "car_colour",
    "license_plate": "licence_plate", "mothers_maiden_name": "mother_maiden_name", "maiden_name": "mother_maiden_name",
    "income": "monthly_income", "salary": "annual_income", "yearly_income": "annual_income", "name": "full_name",
    "surname": "last_name", "email_address": "email", "reference_number": "reference",
}  # fmt: skip

# One of these gives the other away, or is a part of it: both would be one piece of evidence counted twice.
NEVER_TOGETHER: tuple[frozenset[str], ...] = (
    frozenset({"address", "street"}),
    frozenset({"address", "postcode"}),
    frozenset({"address", "zip"}),
    frozenset({"address", "city"}),
    frozenset({"postcode", "zip"}),
    frozenset({"street", "postcode"}),
    frozenset({"monthly_income", "annual_income"}),
    frozenset({"full_name", "first_name"}),
    frozenset({"full_name", "last_name"}),
)

# What the key of an unknown fact tells of how to compare it; the first that fits.
_KIND_BY_KEY = [
    (re.compile(pattern), kind)
    for pattern, kind in [
        (r"(^|_)(date|birthday|dob)(_|$)", "date"),
        (r"(^|_)address(_|$)", "address"),
        (r"(^|_)(amount|income|salary|payment|balance|price|rent|limit)(_|$)", "amount"),
        (r"(^|_)(last_?4|last_?four|number|digits|pin|postcode|zip|year|phone|code|id)(_|$)", "digits"),
        (r"(^|_)(name|surname)$", "name"),
    ]
]


def known_key(key: str) -> str:
    """The catalogue's own name for a key ("DOB" → date_of_birth), or the key in that form."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key.replace("'", "")).lower()).strip("_")
    return _ALIASES.get(plain, plain)


def entry_for(key: str) -> Entry:
    """How to ask for `key` and how to compare, from the catalogue or from the key's own words."""
    known = known_key(key)
    if known in CATALOGUE:
        return CATALOGUE[known]
    kind = next((kind for pattern, kind in _KIND_BY_KEY if pattern.search(known)), "text")
    return Entry(f"What is your {known.replace('_', ' ')}?", kind)
