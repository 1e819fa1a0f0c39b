"""The simulator as one ASGI program: Twilio's REST API, OpenAI's Realtime API, and /ledger and /scenarios for whoever
sets the stage. The phone network's own sockets and callbacks go out from here, to wherever the program says."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.http_exchange import Answer, Receive, Request, Scope, Send, answer_send, request_read
from simulator.model_server import ModelServer
from simulator.phone_network import PhoneNetwork
from simulator.scenario import Cast
from simulator.scenario_json import scenario_read
from simulator.scenarios import SCENARIOS
from simulator.speech import PhraseBook
from simulator.twilio_rest import VERSION, TwilioRest

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "simulated-auth-token"  # noqa: S105  (nobody's)
MODEL_KEY = "sk-simulated"


@dataclass(frozen=True, slots=True)
class Credentials:
    account: str = ACCOUNT_SID
    token: str = AUTH_TOKEN
    model_key: str = MODEL_KEY


class Simulator:
    """ASGI application. Both vendors share one PhraseBook: that, and not a message between them, is how they
    understand each other."""

    def __init__(self, credentials: Credentials) -> None:
        self.cast = Cast(SCENARIOS)
        self.book = PhraseBook()
        self.network = PhoneNetwork(credentials.account, credentials.token, self.cast, self.book)
        self.models = ModelServer(credentials.model_key, self.book, self.cast.model_faults_of)
        self._rest = TwilioRest(self.network)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["path"].startswith("/v1/") and not scope["path"].startswith("/v1/DialingPermissions/"):
            await self.models(scope, receive, send)
        elif scope["type"] == "http":
            request = await request_read(scope, receive)
            if answer := await self._answer(request, receive):
                await answer_send(send, answer)
        else:
            await send({"type": "websocket.close", "code": 4404})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.network.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, receive: Receive) -> Answer | None:
        if request.path.startswith((f"/{VERSION}/", "/v1/DialingPermissions/")):
            return await self._rest.answer(request, receive)
        handlers: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/ledger"): lambda: (200, self.ledger()),
            ("DELETE", "/ledger"): self._clear,
            ("POST", "/scenarios"): lambda: self._register(request),
            ("PUT", "/account"): lambda: self._set_account(request),
        }
        handler = handlers.get((request.method, request.path))
        return handler() if handler else (404, {"message": "Not found"})

    def ledger(self) -> dict[str, Any]:
        """All that both vendors saw. `violations` gathers everything that a vendor would object to."""
        calls = [call.as_json() for call in self.network.calls.values()]
        sessions = self.models.ledger()
        return {
            "calls": calls,
            "model_sessions": sessions,
            "dialed": dict(self.network.dialed),
            "violations": [
                *self.network.violations,
                *(f"{call['scenario']}: {violation}" for call in calls for violation in call["violations"]),
                *(f"voice model: {violation}" for session in sessions for violation in session["violations"]),
            ],
        }

    def _clear(self) -> Answer:
        self.network.forget()
        self.models.forget()
        return 200, {}

    def _set_account(self, request: Request) -> Answer:
        try:
            self._rest.holder = self._rest.holder.changed(request)
        except (TypeError, ValueError) as error:
            return 400, {"message": str(error)}
        return 200, {}

    def _register(self, request: Request) -> Answer:
        """One scenario, or a list of them; see scenario_json."""
        try:
            given = json.loads(request.body)
            scenarios = [scenario_read(self.cast, one) for one in (given if isinstance(given, list) else [given])]
        except ValueError as error:
            return 400, {"message": str(error)}
        for scenario in scenarios:
            self.cast.add(scenario)
        return 201, {"registered": len(scenarios)}
