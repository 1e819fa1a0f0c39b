"""Money: the report of what was spent, prices, and budgets."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_date

from calls.admin.base import ModelAdmin, ModelForm
from calls.models import Budget, CallCost, PriceTable
from calls.prices import BUILT_IN, prices_problem
from calls.services.usage_report import COLUMNS, report_rows

DAYS = 31
MICROS = 1_000_000


@admin.register(CallCost)
class UsageReport(ModelAdmin):
    """The list of costs is a report: by day and key, and as CSV."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        today = timezone.localdate()
        since = _day(request.GET.get("since"), today - timedelta(days=DAYS - 1))
        until = _day(request.GET.get("until"), today)
        rows = report_rows(since=since, until=until)
        if request.GET.get("as") == "csv":
            return _csv(list(rows))
        return TemplateResponse(
            request,
            "admin/calls/usage_report.html",
            {
                **self.admin_site.each_context(request),
                "title": "Usage and cost",
                "opts": self.opts,
                "rows": list(rows),
                "since": since,
                "until": until,
            },
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CallCost | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CallCost | None = None) -> bool:
        return False


def _day(text: str | None, default: date) -> date:
    try:
        return parse_date(text or "") or default
    except ValueError:
        return default


def _csv(rows: list[dict[str, Any]]) -> HttpResponse:
    response = HttpResponse(
        content_type="text/csv", headers={"Content-Disposition": 'attachment; filename="usage.csv"'}
    )
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    # A key's name is somebody's text: one that begins like a formula must not be one in a spreadsheet.
    writer.writerows([_plain(row[column]) for column in COLUMNS] for row in rows)
    return response


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value


class PriceTableForm(ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = PriceTable.objects.first()
        self.fields["prices"].initial = newest.prices if newest else BUILT_IN

    def clean_prices(self) -> dict[str, Any]:
        prices: dict[str, Any] = self.cleaned_data["prices"]
        if problem := prices_problem(prices):
            raise forms.ValidationError(f"{problem}.")
        return prices


@admin.register(PriceTable)
class PriceTableAdmin(ModelAdmin):
    form = PriceTableForm
    list_display = ("effective_from", "note")
    fields = ("effective_from", "note", "prices")


class BudgetForm(ModelForm):
    soft = forms.DecimalField(required=False, min_value=Decimal(0), max_digits=12, decimal_places=2, help_text="Warn.")
    hard = forms.DecimalField(
        required=False, min_value=Decimal(0), max_digits=12, decimal_places=2, help_text="Refuse new calls."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("soft", "hard"):
            micros = getattr(self.instance, f"{name}_micros")
            self.fields[name].initial = None if micros is None else Decimal(micros) / MICROS


@admin.register(Budget)
class BudgetAdmin(ModelAdmin):
    form = BudgetForm
    list_display = ("whose", "period", "soft", "hard", "spent", "begun_on")
    list_select_related = ("key",)
    fields = ("key", "period", "soft", "hard")

    @admin.display(description="Whose")
    def whose(self, budget: Budget) -> str:
        return str(budget.key) if budget.key else "overall"

    @admin.display(description="Warn at")
    def soft(self, budget: Budget) -> str:
        return _money(budget.soft_micros)

    @admin.display(description="Refuse at")
    def hard(self, budget: Budget) -> str:
        return _money(budget.hard_micros)

    @admin.display(description="Spent")
    def spent(self, budget: Budget) -> str:
        return _money(budget.spent_micros)

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        for name in ("soft", "hard"):
            amount = form.cleaned_data[name]
            setattr(obj, f"{name}_micros", None if amount is None else int(amount * MICROS))
        if not change:
            obj.begun_on = timezone.localdate()
        super().save_model(request, obj, form, change)


def _money(micros: int | None) -> str:
    return "–" if micros is None else f"{micros / MICROS:,.2f}"
