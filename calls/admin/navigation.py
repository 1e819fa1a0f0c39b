"""The sidebar (unfold's SIDEBAR navigation, called for each request)."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links; a link shows only to those who may open it."""

    def link(title: str, icon: str, name: str, permission: str, query: str = "") -> dict[str, Any]:
        return {
            "title": title,
            "icon": icon,
            "link": reverse(f"admin:{name}") + query,
            "permission": lambda request: request.user.has_perm(permission),
        }

    return [
        {
            "items": [
                {"title": "Dashboard", "icon": "space_dashboard", "link": reverse("admin:index")},
                link("Review queue", "fact_check", "calls_call_queue", "calls.review_call"),
                link("Live calls", "graphic_eq", "calls_call_live_page", "calls.listen_live"),
                {**link("Calls", "call", "calls_call_changelist", "calls.view_call"), "active": _among_calls},
                link("Campaigns", "campaign", "calls_campaign_changelist", "calls.view_campaign"),
                link("Verifications", "how_to_reg", "calls_verification_changelist", "calls.view_verification"),
            ]
        },
        {
            "title": "Set-up",
            "separator": True,
            "items": [
                link("Scripts", "description", "calls_script_changelist", "calls.view_script"),
                link("Do not call", "phone_disabled", "calls_donotcall_changelist", "calls.view_donotcall"),
                link("API keys", "key", "calls_apikey_changelist", "calls.view_apikey"),
            ],
        },
        {
            "title": "Integrations",
            "separator": True,
            "items": [
                link("Voice providers", "graphic_eq", "calls_profile_changelist", "calls.view_profile"),
                link("CallStart endpoints", "call_made", "calls_callhook_changelist", "calls.view_callhook"),
                link("Webhooks", "webhook", "calls_webhookendpoint_changelist", "calls.view_webhookendpoint"),
                link("Deliveries", "outbox", "calls_webhookdelivery_changelist", "calls.view_webhookdelivery"),
                link("Usage and cost", "payments", "calls_callcost_changelist", "calls.view_callcost"),
                link("Budgets", "savings", "calls_budget_changelist", "calls.view_budget"),
                link("Prices", "price_change", "calls_pricetable_changelist", "calls.view_pricetable"),
                link("Doctor", "stethoscope", "calls_pulse_changelist", "calls.view_pulse"),
            ],
        },
        {
            "title": "People and access",
            "separator": True,
            "items": [
                link("Reviews", "rate_review", "calls_review_changelist", "calls.view_review"),
                link("Audit trail", "policy", "calls_auditentry_changelist", "calls.view_auditentry"),
                link("Users", "person", "auth_user_changelist", "auth.view_user"),
                link("Groups", "group", "auth_group_changelist", "auth.view_group"),
            ],
        },
    ]


def _among_calls(request: HttpRequest) -> bool:
    """The queue and the live page lie under the calls' address, and have links of their own."""
    calls = reverse("admin:calls_call_changelist")
    own = (reverse("admin:calls_call_queue"), reverse("admin:calls_call_live_page"))
    return request.path.startswith(calls) and not request.path.startswith(own)
