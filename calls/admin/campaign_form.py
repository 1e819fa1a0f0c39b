"""The form of a campaign: the service's rules, field by field, with money in whole units."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from calls.admin.base import ModelForm, shorten_textareas
from calls.models import Campaign
from calls.services.campaigns import campaign_problems
from calls.services.numbers import to_e164

MONEY = {"cap": "cap_micros", "day_cap": "day_cap_micros", "reserve": "reserve_micros"}
MICROS = 1_000_000


def _money(label: str, help_text: str, *, required: bool) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, help_text=help_text, required=required, min_value=0, max_digits=12, decimal_places=2
    )


class CampaignForm(ModelForm):
    cap = _money("Money cap", "Most to be spent in all. Blank: no cap.", required=False)
    day_cap = _money("Money cap a day", "Most to be spent in a day (UTC). Blank: no cap.", required=False)
    reserve = _money("Held for each call", "Counted for a call on the line until its cost is known.", required=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shorten_textareas(self)
        for name, column in MONEY.items():
            micros = getattr(self.instance, column)
            self.fields[name].initial = None if micros is None else Decimal(micros) / MICROS

    def clean(self) -> dict[str, Any]:
        for name, column in MONEY.items():
            amount = self.cleaned_data.pop(name, None)
            self.cleaned_data[column] = None if amount is None else int(amount * MICROS)
        if not self.errors:
            for field, problem in campaign_problems(Campaign(**self.cleaned_data)).items():
                shown = {column: name for name, column in MONEY.items()}.get(field, field)
                self.add_error(shown, f"It {problem}.")
        return self.cleaned_data

    def _post_clean(self) -> None:
        """The service keeps the row, and its rules were asked above."""


class DoNotCallForm(ModelForm):
    def clean_phone(self) -> str:
        try:
            return to_e164(self.cleaned_data["phone"], region=settings.DEFAULT_REGION)
        except ValueError as problem:
            raise ValidationError(f"It {problem}.") from None
