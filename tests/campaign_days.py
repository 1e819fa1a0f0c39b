"""A campaign played under a hand-moved clock: days in minutes, through the program's own services.

Chance is seeded. Two workers take turns; each dies at the moments asked for, between its decision and the carrier, or
between the carrier's answer and its record. What is asserted is read from the carrier's own list of calls.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from heapq import heappop, heappush
from itertools import count
from zoneinfo import ZoneInfo

from django.db.models import Min

from calls.campaign_states import OPEN, CampaignState, MemberState
from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call, Campaign, CampaignMember, DoNotCall, Verification
from calls.services.calls import call_conclude, call_heard
from calls.services.campaign_dials import members_dial
from calls.services.campaign_dispatch import campaigns_run
from calls.services.settling import calls_settle
from tests.phone_company import PhoneCompany

AREAS = {
    "212": "America/New_York",
    "312": "America/Chicago",
    "303": "America/Denver",
    "602": "America/Phoenix",
    "213": "America/Los_Angeles",
    "907": "America/Anchorage",
    "808": "Pacific/Honolulu",
    "787": "America/Puerto_Rico",
}
FACTS = {"date_of_birth": "1985-03-05", "ssn_last_4": "4321"}
ENDINGS: list[tuple[int, Status, EndReason]] = [
    (30, Status.SUCCESSFUL, EndReason.COMPLETED),
    (25, Status.NOT_REACHED, EndReason.NO_ANSWER),
    (12, Status.NOT_REACHED, EndReason.BUSY),
    (14, Status.NOT_REACHED, EndReason.VOICEMAIL),
    (8, Status.UNSUCCESSFUL, EndReason.ANSWERS_EXHAUSTED),
    (4, Status.UNSUCCESSFUL, EndReason.OPTED_OUT),
    (4, Status.USER_HUNG_UP, EndReason.CUSTOMER_HUNG_UP),
    (3, Status.SYSTEM_ERROR, EndReason.RELAY_LOST),
]


class Died(BaseException):
    """A worker killed on the spot: no `except Exception` of the program sees it."""


def people(campaign: Campaign, amount: int, now: datetime) -> None:
    """People spread evenly over the eight areas; every fiftieth is on the do-not-call list."""
    areas = list(AREAS)
    numbers = [f"+1{areas[row % 8]}{200 + row // 80000}{5000 + row // 8 % 5000:04d}" for row in range(amount)]
    verifications = Verification.objects.bulk_create(
        [Verification(name=f"Person {row}", phone=number, facts=FACTS) for row, number in enumerate(numbers)],
        batch_size=2000,
    )
    rows = [
        CampaignMember(
            campaign=campaign,
            verification=verification,
            row_number=row + 2,
            phone=verification.phone,
            zones=AREAS[areas[row % 8]],
            next_at=now,
        )
        for row, verification in enumerate(verifications)
    ]
    CampaignMember.objects.bulk_create(rows, batch_size=2000)
    DoNotCall.objects.bulk_create([DoNotCall(phone=number) for number in numbers[::50]])


@dataclass
class Days:
    company: PhoneCompany
    now: datetime
    deaths: list[int] = field(default_factory=list)
    seed: int = 1
    dials: int = 0
    died: int = 0
    opted_out_at: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.endings: list[tuple[datetime, int, str]] = []
        self.order = count()
        self.ended: set[str] = set()

    # -- the clock, and death by it ----------------------------------------------------------------------------

    def clock(self) -> datetime:
        return self.now

    def mortal_clock(self) -> Iterator[datetime]:
        """Dies when the time is read after the carrier's answer."""
        placed = len(self.company.rung)
        while True:
            if len(self.company.rung) > placed:
                raise Died
            yield self.now

    def sleep(self, seconds: float) -> None:
        self.move_to(self.now + timedelta(seconds=seconds))

    def mortal_sleep(self, seconds: float) -> None:
        raise Died

    def move_to(self, moment: datetime) -> None:
        self.now = self.company.now = max(moment, self.now)

    # -- the play ------------------------------------------------------------------------------------------------

    def play(self, campaign: Campaign, *, most: timedelta = timedelta(days=30)) -> None:
        """Until the campaign has ended."""
        until = self.now + most
        self.move_to(self.now)
        while self._state(campaign) == CampaignState.RUNNING and self.now < until:
            picked: list[int] = []
            campaigns_run(clock=self.clock, hand_out=picked.extend)
            for member_id in picked:
                self.dial(member_id)
            self._come_to_an_end()
            if not picked:
                self._wait()

    def dial(self, member_id: int) -> None:
        self.dials += 1
        # From the appointed dial on, at the first that comes to the point where the worker is to die.
        is_due = bool(self.deaths) and self.dials >= self.deaths[0]
        try:
            if not is_due:
                members_dial(member_ids=[member_id], clock=self.clock, sleep=self.sleep)
            elif self.died % 2:
                members_dial(member_ids=[member_id], clock=self.mortal_clock().__next__, sleep=self.sleep)
            else:
                members_dial(member_ids=[member_id], clock=self.clock, sleep=self.mortal_sleep)
        except Died:
            self.died += 1
            self.deaths.pop(0)
        for sid, rung in list(self.company.rung.items())[len(self.ended) + len(self.endings) :]:
            ends_at = rung.at + timedelta(seconds=self.chance.randint(8, 60))
            heappush(self.endings, (ends_at, next(self.order), sid))

    def _come_to_an_end(self) -> None:
        while self.endings and self.endings[0][0] <= self.now:
            _, _, sid = heappop(self.endings)
            self.ended.add(sid)
            self._end(sid)
        calls_settle(clock=self.clock)

    def _end(self, sid: str) -> None:
        rung = self.company.rung[sid]
        rung.status = "completed"
        _, status, reason = self.chance.choices(ENDINGS, weights=[weight for weight, *_ in ENDINGS])[0]
        if reason in (EndReason.BUSY, EndReason.NO_ANSWER):
            rung.status = {EndReason.BUSY: "busy", EndReason.NO_ANSWER: "no-answer"}[reason]
            call_heard(call_id=rung.call_id, carrier_status=rung.status, carrier_sid=sid, now=self.now)
            return
        call_heard(call_id=rung.call_id, carrier_status="in-progress", carrier_sid=sid, now=self.now)
        if reason == EndReason.OPTED_OUT:
            self.opted_out_at.setdefault(rung.to, self.now)
        call_conclude(call_id=rung.call_id, status=status, end_reason=reason, now=self.now)

    def _wait(self) -> None:
        """To the next moment at which anything can happen."""
        moments = [self.endings[0][0]] if self.endings else []
        if Call.objects.exclude(stage=Stage.ENDED).exists():
            moments.append(self.now + timedelta(seconds=5))
        next_at = CampaignMember.objects.filter(state__in=OPEN).aggregate(at=Min("next_at"))["at"]
        if next_at:
            moments.append(next_at)
        self.move_to(max(min(moments, default=self.now), self.now + timedelta(milliseconds=250)))

    def _state(self, campaign: Campaign) -> str:
        campaign.refresh_from_db()
        return campaign.state


def faults(days: Days, campaign: Campaign, *, opens: time, closes: time) -> list[str]:
    """Everything the carrier saw that should not have been, and every person who is not accounted for."""
    found: list[str] = []
    barred = set(DoNotCall.objects.filter(source="staff").values_list("phone", flat=True))
    rings: dict[str, list[datetime]] = {}
    for rung in days.company.rung.values():
        local = rung.at.astimezone(ZoneInfo(AREAS[rung.to[2:5]]))
        if not (opens <= local.time() < closes and local.weekday() < 5):
            found.append(f"rung outside the window: {local}")
        if rung.to in barred or rung.at > days.opted_out_at.get(rung.to, rung.at):
            found.append(f"rung though barred: {rung.to}")
        rings.setdefault(rung.to, []).append(rung.at)
    for moments in rings.values():
        found += _crowded(moments, timedelta(days=1), campaign.per_person_day)
        found += _crowded(moments, timedelta(days=7), campaign.per_person_week)
        found += ["more attempts than allowed"] if len(moments) > campaign.max_attempts else []
    calls = Counter(rung.call_id for rung in days.company.rung.values())
    found += [f"call {call_id} rung {times} times" for call_id, times in calls.items() if times > 1]
    states = Counter(CampaignMember.objects.filter(campaign=campaign).values_list("state", flat=True))
    settled = {MemberState.DONE, MemberState.EXHAUSTED, MemberState.SKIPPED}
    found += [f"{amount} people left {state}" for state, amount in states.items() if state not in settled]
    return found


def _crowded(moments: list[datetime], span: timedelta, most: int) -> list[str]:
    later = zip(moments, moments[most:], strict=False)
    return [f"more than {most} calls in {span}" for first, over in later if over - first < span]
