"""Twilio's REST API, as much as placing and following calls needs: Calls.json (create, list) and Calls/{sid}.json
(fetch, update). The official client is the measure of its JSON."""

import asyncio
import hmac
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from simulator.http_exchange import Answer, Receive, Request, client_leaves
from simulator.phone_call import PhoneCall
from simulator.phone_network import PhoneNetwork
from simulator.twilio_account import Account
from simulator.twilio_orders import Refusal, order_read

VERSION = "2010-04-01"
PAGE_SIZE = 50


class TwilioRest:
    def __init__(self, network: PhoneNetwork) -> None:
        self._network = network
        self.holder = Account()
        self._base = f"/{VERSION}/Accounts/{network.account}/Calls"

    async def answer(self, request: Request, receive: Receive) -> Answer | None:
        """None where the client left, or was left, without an answer."""
        try:
            self._authorise(request)
            return await self._route(request, receive)
        except Refusal as refusal:
            # Only what no honest client sends: a busy carrier or a dead number is no mistake of the client.
            if refusal.status == 401 or refusal.code in (20001, 12100, 12200, 21605, 21609):
                self._network.violations.append(f"{request.method} {request.path}: {refusal.code} {refusal.message}")
            return refusal.status, _error(refusal)

    def _authorise(self, request: Request) -> None:
        user, password = request.basic_auth
        is_known = hmac.compare_digest(user, self._network.account) and hmac.compare_digest(
            password, self._network.token
        )
        if not is_known:
            raise Refusal(401, 20003, "Authenticate")

    async def _route(self, request: Request, receive: Receive) -> Answer | None:
        if told := self.holder.answer(request, self._network.account):
            return told
        if request.path == f"{self._base}.json":
            return await self._create(request, receive) if request.method == "POST" else self._list(request)
        sid = request.path.removeprefix(f"{self._base}/").removesuffix(".json")
        call = self._network.calls.get(sid)
        if call is None:
            raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
        return self._update(call, request) if request.method == "POST" else (200, self._json(call))

    # -- create ---------------------------------------------------------------------------------------------------

    async def _create(self, request: Request, receive: Receive) -> Answer | None:
        order = order_read(request.form)
        scenario = self._network.cast.by_number(order.to)
        if scenario is None:
            raise Refusal(400, 21214, f"No scenario has the number {order.to}")
        faults = scenario.faults
        if self._network.sent_away[order.to] < faults.too_many_times:
            self._network.sent_away[order.to] += 1
            raise Refusal(429, 20429, "Too Many Requests")
        self._network.dialed[order.to] += 1
        await asyncio.sleep(faults.create_delay_ms / 1000)
        if faults.refuse_code:
            raise Refusal(400, faults.refuse_code, f"'To' phone number cannot be reached: {order.to}")
        call = self._network.place(order, scenario)
        if faults.answer_lost == "error":
            raise Refusal(500, 20500, "An internal server error has occurred")
        if faults.answer_lost == "hang":
            await client_leaves(receive)
            return None
        return 201, self._json(call)

    # -- list and update ------------------------------------------------------------------------------------------

    def _list(self, request: Request) -> Answer:
        asked = dict(request.query)
        size, page = int(asked.get("PageSize", PAGE_SIZE)), int(asked.get("Page", 0))
        calls = [call for call in reversed(self._network.calls.values()) if _matches(call, asked)]
        start = page * size
        shown = calls[start : start + size]
        is_last = start + size >= len(calls)
        return 200, {
            "calls": [self._json(call) for call in shown],
            "page": page,
            "page_size": size,
            "start": start,
            "end": max(start + len(shown) - 1, 0),
            "uri": self._page_uri(asked, page),
            "first_page_uri": self._page_uri(asked, 0),
            "previous_page_uri": self._page_uri(asked, page - 1) if page else None,
            "next_page_uri": None if is_last else self._page_uri(asked, page + 1),
        }

    def _page_uri(self, asked: dict[str, str], page: int) -> str:
        return f"{self._base}.json?{urlencode({**asked, 'Page': page})}"

    def _update(self, call: PhoneCall, request: Request) -> Answer:
        form = dict(request.form)
        if set(form) != {"Status"} or form["Status"] not in ("completed", "canceled"):
            raise Refusal(400, 20001, "This simulated network updates Status alone, to completed or canceled")
        if call.is_over:
            raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
        if form["Status"] == "canceled" and call.status == "in-progress":
            raise Refusal(400, 21220, "Invalid call state")
        call.hang_up.set()
        return 200, self._json(call)

    def _json(self, call: PhoneCall) -> dict[str, Any]:
        created = _rfc2822(call.created)
        return {
            "sid": call.sid,
            "account_sid": self._network.account,
            "api_version": VERSION,
            "to": call.order.to,
            "to_formatted": call.order.to,
            "from": call.order.from_,
            "from_formatted": call.order.from_,
            "status": call.status,
            "direction": "outbound-api",
            "date_created": created,
            "date_updated": created,
            "start_time": created,
            "end_time": _rfc2822(call.ended) if call.ended else None,
            "duration": str(call.duration_s) if call.ended else None,
            "queue_time": "0",
            "price": None,
            "price_unit": "USD",
            "annotation": None,
            "answered_by": None,
            "caller_name": None,
            "forwarded_from": None,
            "group_sid": None,
            "parent_call_sid": None,
            "phone_number_sid": None,
            "trunk_sid": None,
            "uri": f"{self._base}/{call.sid}.json",
            "subresource_uris": {},
        }


def _error(refusal: Refusal) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }


def _rfc2822(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def _matches(call: PhoneCall, asked: dict[str, str]) -> bool:
    started = int(call.created)  # Twilio's times are whole seconds
    return (
        asked.get("To", call.order.to) == call.order.to
        and asked.get("From", call.order.from_) == call.order.from_
        and asked.get("Status", call.status) == call.status
        and started >= _epoch(asked.get("StartTime>"), default=0)
        and started <= _epoch(asked.get("StartTime<"), default=started)
    )


def _epoch(text: str | None, *, default: int) -> int:
    """Seconds since the epoch of an ISO time or date, which are UTC here."""
    return int(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp()) if text else default
