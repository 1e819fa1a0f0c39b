"""The doctor at Twilio: credentials, the number and its voice, the country. By GET alone.

api/account, phone-numbers/api/incomingphonenumber-resource, voice/api/dialingpermissions-country-resource.
"""

from collections.abc import Iterator
from typing import Any

import httpx
from django.conf import settings

from calls import causes
from calls.services.doctor_report import Finding, broken, ok

_API, _VOICE = "https://api.twilio.com", "https://voice.twilio.com"


def examine_carrier() -> Iterator[Finding]:
    auth = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
    with httpx.Client(auth=auth, timeout=settings.TWILIO_TIMEOUT_S, trust_env=False) as client:
        try:
            account = _account(client)
            yield account
            if account.state == "ok":
                yield _number(client)
                yield _country(client)
        except (httpx.HTTPError, ValueError) as error:
            yield broken(
                "carrier", f"Twilio does not answer: {type(error).__name__}", "See the network, and Twilio's status."
            )


def _account(client: httpx.Client) -> Finding:
    answer = client.get(_account_url(".json"))
    if answer.status_code in (401, 403, 404):
        return broken("carrier credentials", causes.CREDENTIALS.cause, causes.CREDENTIALS.cure)
    status = _json(answer).get("status")
    if status != "active":
        return broken("carrier account", f"the Twilio account is {status}", "See the Twilio console for the reason.")
    return ok("carrier credentials", "accepted; the account is active")


def _number(client: httpx.Client) -> Finding:
    answer = client.get(_account_url("/IncomingPhoneNumbers.json"), params={"PhoneNumber": settings.TWILIO_FROM_NUMBER})
    found = _json(answer).get("incoming_phone_numbers") or []
    if not found:
        return broken("carrier number", causes.NOT_OWNED.cause, causes.NOT_OWNED.cure)
    if not found[0].get("capabilities", {}).get("voice"):
        cure = "Buy a number with voice, and set TWILIO_FROM_NUMBER."
        return broken("carrier number", "the number has no voice: it cannot make calls", cure)
    return ok("carrier number", "the account's own, with voice")


def _country(client: httpx.Client) -> Finding:
    base = _VOICE if settings.TWILIO_BASE_URL == _API else settings.TWILIO_BASE_URL
    answer = client.get(f"{base}/v1/DialingPermissions/Countries/{settings.DEFAULT_REGION}")
    if not _json(answer).get("low_risk_numbers_enabled"):
        return broken("carrier permissions", f"{settings.DEFAULT_REGION}: {causes.GEO.cause}", causes.GEO.cure)
    return ok(
        "carrier permissions", f"calls to {settings.DEFAULT_REGION} are allowed; a new account starts one a second"
    )


def _account_url(rest: str) -> str:
    return f"{settings.TWILIO_BASE_URL}/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT_SID}{rest}"


def _json(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    found = answer.json()
    return found if isinstance(found, dict) else {}
