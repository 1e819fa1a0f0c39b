"""The data: fields, constraints and querysets; no behaviour. Only calls.services writes."""

from calls.models.api_keys import ApiKey, IdempotentRequest
from calls.models.calls import Answer, Call, CallEvent, Turn
from calls.models.campaigns import (
    Campaign,
    CampaignDecision,
    CampaignMember,
    CampaignUpload,
    DoNotCall,
    Line,
)
from calls.models.desk import AuditAction, AuditEntry, Review, SavedView
from calls.models.profiles import CallHook, Profile
from calls.models.pulse import Pulse
from calls.models.scripts import Script
from calls.models.usage import Budget, CallCost, CreditHold, PriceTable
from calls.models.verifications import PersonUnlock, Verification
from calls.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Answer",
    "ApiKey",
    "AuditAction",
    "AuditEntry",
    "Budget",
    "Call",
    "CallCost",
    "CallEvent",
    "CallHook",
    "Campaign",
    "CampaignDecision",
    "CampaignMember",
    "CampaignUpload",
    "CreditHold",
    "DoNotCall",
    "IdempotentRequest",
    "Line",
    "PersonUnlock",
    "PriceTable",
    "Profile",
    "Pulse",
    "Review",
    "SavedView",
    "Script",
    "Turn",
    "Verification",
    "WebhookDelivery",
    "WebhookEndpoint",
]
