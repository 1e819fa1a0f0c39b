"""The admin: what staff see and may do. Importing the package registers its pages."""

from calls.admin import (
    accounts,
    api_keys,
    audit,
    calls,
    campaigns,
    doctor_page,
    profiles,
    reviews,
    saved_views,
    scripts,
    usage,
    verifications,
    webhook_endpoints,
)

__all__ = [
    "accounts",
    "api_keys",
    "audit",
    "calls",
    "campaigns",
    "doctor_page",
    "profiles",
    "reviews",
    "saved_views",
    "scripts",
    "usage",
    "verifications",
    "webhook_endpoints",
]
