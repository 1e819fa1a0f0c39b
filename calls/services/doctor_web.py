"""The doctor at our own public address: is it reachable from here, does a signature survive, do WebSockets pass?

Asked as Twilio would ask, by way of the proxy or tunnel, so that what they do to an address is seen.
"""

import asyncio
from collections.abc import Iterator

import httpx
from django.conf import settings
from django.urls import reverse
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from calls import carrier
from calls.services.doctor_report import Finding, broken, ok

TIMEOUT_S = 5.0
_PROXY = "See that the proxy or tunnel passes the path and query unchanged, and PUBLIC_BASE_URL is exactly its address."


def examine_web() -> Iterator[Finding]:
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
        try:
            answer = client.get(carrier.public_url("/healthz"))
        except httpx.HTTPError as error:
            cure = "Start the server, and see that PUBLIC_BASE_URL leads to it: DNS, proxy or tunnel, certificate."
            yield broken("public address", f"cannot be reached: {type(error).__name__}", cure)
            return
        if answer.status_code != 200:
            yield broken("public address", f"something else answers there: HTTP {answer.status_code}", _PROXY)
            return
        yield ok("public address", settings.PUBLIC_BASE_URL)
        yield _signature(client)
    yield asyncio.run(_socket())


def _signature(client: httpx.Client) -> Finding:
    """A callback of a call that does not exist, signed: 404 says that the signature held, 403 that it did not."""
    url = carrier.public_url(reverse("twilio-status", args=[0]))
    form = {"CallStatus": "ringing"}
    answer = client.post(url, data=form, headers={"X-Twilio-Signature": _sign(url, form)})
    if answer.status_code == 404:
        return ok("webhook signature", "holds on its way")
    return broken("webhook signature", f"does not survive the way to us: HTTP {answer.status_code}", _PROXY)


async def _socket() -> Finding:
    url = carrier.stream_url(verification_id=0, call_id=0)
    try:
        headers = {"X-Twilio-Signature": _sign(url, {})}
        async with connect(url, additional_headers=headers, proxy=None, compression=None, open_timeout=TIMEOUT_S):
            return ok("media stream", "WebSockets pass")
    except InvalidStatus as refused:
        text = f"the WebSocket was refused: HTTP {refused.response.status_code}"
    except (OSError, TimeoutError, WebSocketException) as error:
        text = f"no WebSocket: {type(error).__name__}"
    return broken("media stream", text, "Let the proxy pass WebSocket upgrades on /media-stream/, path unchanged.")


def _sign(url: str, form: dict[str, str]) -> str:
    return str(RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(url, form))
