"""Causes and cures of the errors that vendors give: one table, for a call's page and for `manage.py doctor`. Pure.

Sources: OpenAI's guides/error-codes and Twilio's docs/api/errors.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    cause: str
    cure: str


_KEY = Cause(
    "OpenAI does not accept the key: it is wrong, incomplete, or was revoked.",
    "Make a new key under API keys at platform.openai.com, copy all of it, and set OPENAI_API_KEY (or the profile).",
)
_ACCESS = Cause(
    "The project may not use this model, or it does not exist.",
    "At platform.openai.com allow the model under the project's Limits, or name another model in the script.",
)
_QUOTA = Cause(
    "The account has no credit left, or has reached its monthly limit.",
    "At platform.openai.com under Billing add funds, see that the payment method is valid, and raise the limit.",
)
_RATE = Cause(
    "More requests or tokens a minute than the account's tier allows.",
    "Run fewer calls at once, or reach a higher tier (Limits at platform.openai.com).",
)
_CREDENTIALS = Cause(
    "Twilio does not accept account SID and auth token together.",
    "Copy both from the Twilio console's front page: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN.",
)
_NOT_OWNED = Cause(
    "The number that calls come from is not this Twilio account's.",
    "Set TWILIO_FROM_NUMBER to a number of the account, with + and country code.",
)
_TRIAL = Cause("A trial account may call only numbers that it has verified.", "Upgrade the Twilio account.")
_GEO = Cause(
    "The Twilio account may not call this country.",
    "In the Twilio console allow it under Voice, Settings, Geo permissions.",
)
_NUMBER = Cause("The number does not exist or cannot be reached.", "Correct the number on file.")
_STREAM = Cause(
    "Twilio could not open the call's audio stream to this server.",
    "See that PUBLIC_BASE_URL is https, reachable, unchanged by the proxy, and lets WebSockets through.",
)
_BUSY = Cause("Twilio has more requests or calls of this account than it takes.", "Slow down, or ask for a higher CPS.")
_RELAY = Cause(
    "A connection broke during the call.", "Once is bad luck; if often, look at the network and the vendors' status."
)

_BY_REASON = {
    "model_auth": _KEY,
    "model_access": _ACCESS,
    "model_quota": _QUOTA,
    "model_rate_limited": _RATE,
    "relay_lost": _RELAY,
    "process_lost": Cause(
        "The web process that carried the call was stopped or killed.",
        "Stop web processes by SIGTERM and wait; give them memory enough.",
    ),
}
_BY_CODE = {
    "20003": _CREDENTIALS,
    "21210": _NOT_OWNED,
    "573002": _NOT_OWNED,
    "21219": _TRIAL,
    "573005": _TRIAL,
    "21215": _GEO,
    **dict.fromkeys(("21211", "21214", "21217", "13224"), _NUMBER),
    **dict.fromkeys(("31901", "31902", "31903", "31910", "31920", "31922", "31923", "31924"), _STREAM),
    **dict.fromkeys(("20429", "10004", "22005"), _BUSY),
    "invalid_api_key": _KEY,
    "account_deactivated": Cause("OpenAI has closed the account.", "Write to OpenAI's support."),
    "model_not_found": _ACCESS,
    "insufficient_quota": _QUOTA,
    "billing_not_active": Cause(
        "Billing is not active on the OpenAI account.", "Add a payment method under Billing at platform.openai.com."
    ),
    "billing_hard_limit_reached": _QUOTA,
    "rate_limit_exceeded": _RATE,
    "beta_api_shape_disabled": Cause(
        "OpenAI no longer speaks the beta dialect.", "Set OPENAI_DIALECT=ga (or the profile's dialect)."
    ),
    "session_expired": Cause("The session reached the provider's longest duration.", "Lower the script's time limit."),
}
_BY_STATUS = {401: _KEY, 403: _ACCESS, 404: _ACCESS, 429: _QUOTA}


def of_call(*, end_reason: str, vendor_code: str) -> Cause | None:
    """Why a call ended as it did and what to do; None where there is nothing to be done about it."""
    return _BY_CODE.get(vendor_code) or _BY_REASON.get(end_reason)


def of_model(*, status: int, code: str = "") -> Cause | None:
    """What a provider's refusal means: by its own code, else by the HTTP status."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status)


CREDENTIALS, NOT_OWNED, GEO = _CREDENTIALS, _NOT_OWNED, _GEO
