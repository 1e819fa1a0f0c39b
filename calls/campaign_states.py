"""The life of a campaign and of a person in it: the words and the permitted moves. Pure."""

from enum import StrEnum


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELED = "canceled"


class MemberState(StrEnum):
    WAITING = "waiting"
    PICKED = "picked"  # on its way to a worker; taken again where none comes for it
    CALLING = "calling"
    DONE = "done"  # reached an outcome that another call would not change
    EXHAUSTED = "exhausted"  # every attempt used
    SKIPPED = "skipped"  # never to be called: do-not-call, no known time zone, the window is over
    CANCELED = "canceled"


MOVES: dict[CampaignState, tuple[CampaignState, ...]] = {
    CampaignState.SCHEDULED: (CampaignState.DRAFT,),
    CampaignState.RUNNING: (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED),
    CampaignState.PAUSED: (CampaignState.RUNNING,),
    CampaignState.COMPLETED: (CampaignState.RUNNING,),
    CampaignState.CANCELED: (
        CampaignState.DRAFT,
        CampaignState.SCHEDULED,
        CampaignState.RUNNING,
        CampaignState.PAUSED,
    ),
}
"""The states from which a campaign may come to each state."""

OPEN = (MemberState.WAITING, MemberState.PICKED)
UNSETTLED = (*OPEN, MemberState.CALLING)
