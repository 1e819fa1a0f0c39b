"""`manage.py seed_calls`: made-up people, calls and reviews by the million, to measure the desk with (PostgreSQL).

One INSERT … SELECT for each table: a million calls in about a minute. The people are fictional, the numbers of the
range kept for fiction, and the calls spread over 90 days back from now with their ends as a real day has them.
"""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, models

from calls.models import Answer, AuditEntry, Call, Review, Turn, Verification
from calls.services.scripts import script_publish

REVIEWERS = 12
FIRST = "Ada Ben Cleo Dan Eva Finn Gina Hugo Iris Jon Kira Leo Mona Nils Olga Paul Quinn Rosa Sam Tess"
LAST = "Abbot Byron Clarke Dunn Ellis Frost Grant Hayes Irwin Jones Keller Lowe Marsh Nolan Osborn Price Reed"
ENDINGS = [
    *[("successful_call", "completed")] * 9,
    *[("unsuccessful_call", "answers_exhausted")] * 2,
    ("unsuccessful_call", "wrong_person"),
    ("user_hung_up", "customer_hung_up"),
    *[("not_reached", "no_answer")] * 4,
    ("not_reached", "busy"),
    ("not_reached", "voicemail"),
    ("system_error", "model_error"),
]


def _array(words: list[str]) -> str:
    return "(ARRAY[" + ",".join(f"'{word}'" for word in words) + "])"


def _nth(words: str, number: str) -> str:
    return f"(string_to_array('{words}', ' '))[1 + {number} %% {len(words.split())}]"


class Command(BaseCommand):
    help = "Fill an empty PostgreSQL database with made-up people and calls."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--calls", type=int, default=1_000_000)
        parser.add_argument("--people", type=int, default=300_000)

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("seed_calls needs PostgreSQL: set DATABASE_URL.")
        if Verification.objects.exists():
            raise CommandError("This database has verifications already; seed an empty one.")
        scripts = [_script(name) for name in ("default", "pension", "insurance", "parcel")]
        reviewers = [User.objects.create_user(f"reviewer{n}", is_staff=True).pk for n in range(REVIEWERS)]
        self._fill("people", options["people"], Verification, _person())
        self._fill("calls", options["calls"], Call, _call(options["people"], options["calls"], scripts))
        self._fill("turns", min(options["calls"], 20_000) * 6, Turn, _turn(options["calls"]))
        self._fill("answers", min(options["calls"], 20_000) * 2, Answer, _answer(options["calls"]))
        self._fill("reviews", options["calls"] // 20, Review, _review(reviewers))
        self._fill("audit entries", options["calls"] // 5, AuditEntry, _entry(reviewers))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def _fill(self, what: str, count: int, model: type[models.Model], columns: dict[str, str]) -> None:
        _insert(model, count, columns)
        self.stdout.write(f"{count:,} {what}")


def _script(name: str) -> int:
    return script_publish(name=name, company="Acme Bank", purpose="A routine check.").pk


def _insert(model: type[models.Model], count: int, columns: dict[str, str]) -> None:
    """`columns` gives SQL over n = 1 … count; every other column gets its field's own default."""
    names, sql, values = [], [], []
    for field in model._meta.concrete_fields:
        column = str(field.column)
        expression = columns.get(column)
        if expression is None and (field.primary_key or field.has_db_default()):
            continue
        names.append(connection.ops.quote_name(column))
        sql.append(f"({expression})" if expression else f"%s::{field.db_type(connection)}")
        if expression is None:
            values.append(field.get_db_prep_save(field.get_default(), connection))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        statement = f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(sql)} "
        cursor.execute(statement + f"FROM generate_series(1, {count:d}) AS n", values)


def _person() -> dict[str, str]:
    return {
        "id": "n",
        "name": f"{_nth(FIRST, 'n')} || ' ' || {_nth(LAST, 'n / 7')} || ' ' || n",
        "phone": "'+1' || (2000000000 + n * 17::bigint)",
        "facts": """'{"date_of_birth": "1985-03-05", "postcode": "90210"}'""",
        "external_id": "'case-' || n",
        "script_name": "(ARRAY['default','pension','insurance','parcel'])[1 + n %% 4]",
        "latest_status": f"{_array([status for status, _ in ENDINGS])}[1 + n * 7 %% {len(ENDINGS)}]",
        "created_at": "now() - interval '90 days' * random()",
    }


def _call(people: int, calls: int, scripts: list[int]) -> dict[str, str]:
    at = f"now() - interval '90 days' * (1 - n / {calls}.0)"
    ending = f"[1 + n * 7 %% {len(ENDINGS)}]"
    statuses = _array([status for status, _ in ENDINGS])
    # Every nineteenth is flagged: of the newest 20,000 they wait, the older ones have been reviewed.
    waits = f"n > {calls} - 20000 AND n %% 19 = 0"
    spoken = f"CASE WHEN n * 7 %% {len(ENDINGS)} < 13 THEN {at} + interval '9 s' END"
    return {
        "id": "n",
        "verification_id": f"1 + (n - 1) %% {people}",
        "script_id": f"(ARRAY{scripts})[1 + (n - 1) %% {people} %% 4]",
        "attempt": f"1 + (n - 1) / {people}",
        "to_number": f"'+1' || (2000000000 + (1 + (n - 1) %% {people}) * 17::bigint)",
        "from_number": "'+12025550100'",
        "stage": "'ended'",
        "status": statuses + ending,
        "end_reason": _array([reason for _, reason in ENDINGS]) + ending,
        "due_at": at,
        "claimed_at": f"{at} + interval '1 s'",
        "dialed_at": f"{at} + interval '2 s'",
        "answered_at": spoken,
        "ended_at": f"{at} + interval '70 s'",
        "carrier_sid": "'CA' || md5(n::text)",
        "needs_review": "n %% 19 = 0",
        "review_reason": "CASE WHEN n %% 19 = 0 THEN 'The model reported another result.' ELSE '' END",
        "review_state": f"CASE WHEN {waits} THEN 'due' WHEN n %% 19 = 0 THEN 'done' ELSE '' END",
        "final_status": f"CASE WHEN n %% 19 = 0 AND NOT ({waits}) THEN {statuses}{ending} ELSE '' END",
        "review_due_at": f"CASE WHEN n %% 19 = 0 THEN {at} + interval '70 s' END",
        "created_at": at,
    }


def _turn(calls: int) -> dict[str, str]:
    return {
        "call_id": f"{calls} - (n - 1) / 6",
        "item_id": "'item' || n",
        "speaker": "(ARRAY['agent','caller'])[1 + n %% 2]",
        "text": "'A line of the transcript, as long as most of them are.'",
        "start_ms": "(n - 1) %% 6 * 4000",
        "end_ms": "(n - 1) %% 6 * 4000 + 3500",
    }


def _answer(calls: int) -> dict[str, str]:
    return {
        "call_id": f"{calls} - (n - 1) / 2",
        "question_id": "'q' || (1 + n %% 2)",
        "key": "(ARRAY['date_of_birth','postcode'])[1 + n %% 2]",
        "asked": "'What is it?'",
        "heard": "'The fifth of March'",
        "verdict": "'match'",
        "score": "1",
        "created_at": "now()",
    }


def _review(reviewers: list[int]) -> dict[str, str]:
    return {
        "call_id": "n * 19",
        "reviewer_id": f"(ARRAY{reviewers})[1 + n %% {len(reviewers)}]",
        "decision": "'confirm'",
        "at": "now() - interval '90 days' * random()",
    }


def _entry(reviewers: list[int]) -> dict[str, str]:
    return {
        "at": "now() - interval '90 days' * random()",
        "actor_id": f"(ARRAY{reviewers})[1 + n %% {len(reviewers)}]",
        "action": "(ARRAY['recording_heard','facts_revealed','reviewed'])[1 + n %% 3]",
        "object_type": "'call'",
        "object_id": "n::text",
    }
