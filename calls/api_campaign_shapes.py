"""What the API's campaigns take and give. Phone numbers do not come out."""

from datetime import date, datetime
from typing import Any

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from calls.models import Campaign, CampaignUpload
from calls.services.campaign_figures import campaign_figures

MOST_ID = 2**63 - 1


class CampaignIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False, json_schema_extra={"example": {"name": "Spring renewals"}})
    name: str = Field(min_length=1, max_length=200)
    script: str = Field("default", max_length=100, description="The name of the script to call with.")
    profile: str = Field("", max_length=100, description="The voice provider's profile. Left out: the script's.")
    starts_at: datetime | None = Field(None, description="For /schedule.")
    from_number: str = Field("", max_length=40, description="Left out: the server's caller number.")
    hours: dict[str, list[list[str]]] | None = Field(
        None,
        max_length=7,
        description='In the person\'s time zone: {"mon": [["09:00", "20:00"]]}. A day left out is closed.',
    )
    first_day: date | None = None
    last_day: date | None = None
    holidays: str = Field("", max_length=10, description="No calls on the public holidays of US, US-CA, …")
    closed_days: list[date] = Field([], max_length=366)
    calls_per_second: float = Field(1.0, ge=0.01, le=500)
    max_concurrent: int = Field(10, ge=1, le=10_000)
    max_attempts: int = Field(3, ge=1, le=20)
    ladder: dict[str, list[int]] = Field(
        {}, max_length=30, description='Minutes until the next attempt, by end reason: {"busy": [5, 60]}.'
    )
    per_person_day: int = Field(2, ge=0, le=50, description="Calls to one number in 24 hours; 0 does not limit.")
    per_person_week: int = Field(7, ge=0, le=200)
    cap: float | None = Field(None, gt=0, le=10**9, description="Most to be spent, in the currency of the prices.")
    day_cap: float | None = Field(None, gt=0, le=10**9)


class CampaignOut(BaseModel):
    id: int = Field(examples=[3])
    name: str
    state: str = Field(description="draft, scheduled, running, paused, completed or canceled", examples=["running"])
    because: str = Field(description="Why it was paused or ended.")
    people: dict[str, int] = Field(description="How many are in each state.", examples=[{"waiting": 80, "done": 20}])
    outcomes: list[dict[str, Any]] = Field(
        examples=[[{"status": "successful_call", "end_reason": "completed", "people": 20}]]
    )
    live: int = Field(description="Calls on the line.")
    spent: float

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignOut":
        figures = campaign_figures(campaign=campaign, now=timezone.now())
        outcomes = [
            {"status": status, "end_reason": reason, "people": people}
            for (status, reason), people in figures["outcomes"]
        ]
        return cls(
            id=campaign.pk,
            name=campaign.name,
            state=campaign.state,
            because=campaign.state_because,
            people=figures["states"],
            outcomes=outcomes,
            live=figures["live"],
            spent=figures["spent"],
        )


class ProblemOut(BaseModel):
    row: int
    column: str
    problem: str


class UploadOut(BaseModel):
    id: int
    name: str
    rows: int
    good_rows: int
    problem_count: int
    problems: list[ProblemOut] = Field(description="The first 200.")
    imported: bool
    people: int = Field(description="How many it added.")

    @classmethod
    def of(cls, upload: CampaignUpload) -> "UploadOut":
        problems = [ProblemOut(row=row, column=column, problem=text) for row, column, text in upload.problems]
        same = {name: getattr(upload, name) for name in ("name", "rows", "good_rows", "problem_count", "people")}
        return cls(id=upload.pk, problems=problems, imported=upload.imported_at is not None, **same)


class AgainIn(BaseModel):
    again: bool = Field(False, description="Take the file in though this very file was imported before.")


class PageIn(BaseModel):
    limit: int = Field(50, ge=1, le=200)
    after: int | None = Field(None, ge=1, le=MOST_ID, description="The last id of the page before.")


class DoNotCallIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"phone": "+12025550123"}})
    phone: str = Field(min_length=1, max_length=40)
    reason: str = Field("", max_length=200)
    expires_at: datetime | None = Field(None, description="Left out: never.")


class Listed(BaseModel):
    listed: bool
