"""The form of a verification: the API's rules, field by field."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from calls.admin.base import ModelForm, shorten_textareas
from calls.models import Script
from calls.services.facts import facts_problems
from calls.services.numbers import to_e164
from calls.services.texts import line_problem, prose_problem
from calls.services.verifications import MAX_BACKGROUND


class VerificationForm(ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shorten_textareas(self)
        if self.instance.pk and "facts" in self.fields:
            # What is on file is not put into the page for everybody who edits a telephone number.
            self.initial["facts"] = {}
            # A field with a callable default would carry its first value along in the form.
            self.fields["facts"].show_hidden_initial = False
            self.fields["facts"].label = "Set facts"
            self.fields["facts"].help_text = 'Written over those on file: {"pin": "1234"}; null removes one.'

    def clean_name(self) -> str:
        return _sound(self.cleaned_data["name"], line_problem(self.cleaned_data["name"], limit=200))

    def clean_external_id(self) -> str:
        return _sound(self.cleaned_data["external_id"], line_problem(self.cleaned_data["external_id"], limit=100))

    def clean_background(self) -> str:
        background = self.cleaned_data["background"]
        return _sound(background, prose_problem(background, limit=MAX_BACKGROUND))

    def clean_phone(self) -> str:
        phone = self.cleaned_data["phone"]
        try:
            return to_e164(phone, region=settings.DEFAULT_REGION) if phone else ""
        except ValueError as problem:
            raise ValidationError(f"It {problem}.") from None

    def clean_facts(self) -> dict[str, Any]:
        facts = self.cleaned_data["facts"] or {}
        if not isinstance(facts, dict):
            raise ValidationError('Write an object: {"date_of_birth": "1985-03-05"}')
        merged = {**self.instance.facts, **facts}
        return {key: value for key, value in merged.items() if value is not None}

    def clean(self) -> dict[str, Any]:
        """Which facts may be kept depends on how the script asks for them."""
        name = self.cleaned_data.get("script_name", "default")
        script = Script.objects.filter(name=name).order_by("-version").first()
        # "default" makes itself when it is first needed.
        if script is None and name != "default":
            self.add_error("script_name", "No script has this name; publish it first, or write: default")
        wordings = script.wordings if script else {}
        for path, problem in facts_problems(self.cleaned_data.get("facts", {}), wordings=wordings).items():
            self.add_error("facts", f"{path.removeprefix('facts.')}: {problem}")
        return self.cleaned_data


def _sound(text: str, problem: str) -> str:
    if problem:
        raise ValidationError(f"It {problem}.")
    return text
