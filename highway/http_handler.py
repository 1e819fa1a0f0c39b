"""Django's ASGI handler, with one change of thread for a request instead of twenty.

Django runs each synchronous middleware's two halves, and the view, in the request's thread one by one, and goes back to
the event loop in between: measured, more than half of what one of Twilio's callbacks cost. All of ours are synchronous,
so the whole chain runs in that thread as under WSGI. Reading, writing, signals and disconnects stay Django's.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class HttpHandler(ASGIHandler):
    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> Any:
        respond: Any = sync_to_async(self.get_response, thread_sensitive=True)
        response: HttpResponseBase = await respond(request)
        return response
