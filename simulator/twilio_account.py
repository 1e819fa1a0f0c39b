"""What Twilio tells of an account: its state, its numbers, and the countries it may call. `PUT /account` breaks it.

Documents: api/account, phone-numbers/api/incomingphonenumber-resource, voice/api/dialingpermissions-country-resource.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.http_exchange import Answer, Request


@dataclass(frozen=True, slots=True)
class Account:
    status: str = "active"
    numbers: list[str] = field(default_factory=lambda: ["+12025550100"])
    voice: bool = True
    countries: list[str] = field(default_factory=lambda: ["US"])

    def changed(self, request: Request) -> "Account":
        """`{"status": "suspended"}` and the like; raises TypeError for what an account does not have."""
        return replace(self, **json.loads(request.body))

    def answer(self, request: Request, account_sid: str) -> Answer | None:
        """None for what is not about the account."""
        base = f"/2010-04-01/Accounts/{account_sid}"
        if request.path == f"{base}.json":
            return 200, {"sid": account_sid, "status": self.status, "type": "Full"}
        if request.path == f"{base}/IncomingPhoneNumbers.json":
            return 200, {"incoming_phone_numbers": self._numbers(dict(request.query).get("PhoneNumber"))}
        country = request.path.removeprefix("/v1/DialingPermissions/Countries/")
        if country != request.path:
            return 200, {"iso_code": country, "low_risk_numbers_enabled": country in self.countries}
        return None

    def _numbers(self, wanted: str | None) -> list[dict[str, Any]]:
        return [
            {"phone_number": number, "capabilities": {"voice": self.voice, "sms": True, "mms": False}}
            for number in self.numbers
            if wanted in (None, number)
        ]
