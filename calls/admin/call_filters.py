"""Finding calls: the list's filters and its search, each answered by an index."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from calls.admin import look
from calls.admin.review_panel import STATES
from calls.models import Call, Campaign, Review, Script, Verification
from calls.reviewing import OPEN, REVIEWABLE, ReviewState
from calls.services.numbers import to_e164

NEWEST_CAMPAIGNS = 100
MANY = 5000
"""People of one name, beyond which the name is a frequent one."""


class ScriptFilter(admin.SimpleListFilter):
    """By name: a script has a version for each change ever made."""

    title = parameter_name = "script"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Script.objects.order_by("name").values_list("name", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        if not self.value():
            return queryset
        # The ids, not a join: with them the database walks one index in the list's order.
        return queryset.filter(script__in=list(Script.objects.filter(name=self.value()).values_list("pk", flat=True)))


class CampaignFilter(admin.SimpleListFilter):
    title = parameter_name = "campaign"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Campaign.objects.order_by("-id").values_list("pk", "name")[:NEWEST_CAMPAIGNS]
        return [(str(pk), name) for pk, name in newest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        value = self.value() or ""
        return queryset.filter(campaign_id=int(value)) if value.isdecimal() else queryset


class ReviewStateFilter(admin.SimpleListFilter):
    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), *((state.value, STATES[state][0]) for state in ReviewState if state)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        if self.value() == "open":
            return queryset.filter(review_state__in=OPEN)
        return queryset.filter(review_state=self.value()) if self.value() else queryset


class FinalStatusFilter(admin.SimpleListFilter):
    title = "final status"
    parameter_name = "final"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, look.status_words(status)) for status in REVIEWABLE]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        return queryset.filter(final_status=self.value()) if self.value() else queryset


class ReviewerFilter(admin.SimpleListFilter):
    title = parameter_name = "reviewer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return staff_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        value = self.value()
        if not value or not value.isdecimal():
            return queryset
        reviewed = Review.objects.filter(reviewer_id=int(value)).order_by().values("call")
        return queryset.filter(pk__in=reviewed)


def staff_choices() -> list[tuple[str, str]]:
    """From the few users, not from the many rows that name them."""
    users = User.objects.filter(is_staff=True).order_by("username")
    return [(str(pk), name) for pk, name in users.values_list("pk", "username")]


def search_calls(calls: QuerySet[Call], term: str) -> QuerySet[Call]:
    """Ids, SIDs and numbers as a whole, a name in part. Two queries, and the list's own."""
    term = term.strip()
    if not term:
        return calls
    people = list(Verification.objects.order_by().filter(name__icontains=term).values_list("pk", flat=True)[: MANY + 1])
    # A rare name is found by its people; a frequent one by going through the newest calls, which soon meet it. The
    # database cannot tell which it is, and would take either way for both.
    found = Q(verification__name__icontains=term) if len(people) > MANY else Q(verification__in=people)
    exact = list(_exactly(term))
    return calls.filter(found | Q(pk__in=exact) if exact else found)


def _exactly(term: str) -> QuerySet[Call, int]:
    """In one query, its parts joined by UNION: each alone has its index, and OR between them has none."""
    calls = Call.objects.order_by()
    ways = [
        calls.filter(verification__in=Verification.objects.order_by().filter(external_id=term)),
        calls.filter(carrier_sid=term),
    ]
    if number := number_in(term):
        ways.append(calls.filter(to_number=number))
    if (pk := pk_in(term)) is not None:
        ways.append(calls.filter(pk=pk))
    first, *others = (way.values_list("pk", flat=True) for way in ways)
    return first.union(*others)[:MANY]


def search_people(people: QuerySet[Verification], term: str) -> QuerySet[Verification]:
    term = term.strip()
    if not term:
        return people
    found = Q(name__icontains=term) | Q(external_id=term)
    if number := number_in(term):
        found |= Q(phone=number)
    if (pk := pk_in(term)) is not None:
        found |= Q(pk=pk)
    return people.filter(found)


def pk_in(term: str) -> int | None:
    digits = term.removeprefix("#")
    return int(digits) if digits.isdecimal() and len(digits) < 19 else None


def number_in(term: str) -> str:
    """The phone number that `term` is, as E.164, or ""."""
    try:
        return to_e164(term, region=settings.DEFAULT_REGION)
    except ValueError:
        return ""
