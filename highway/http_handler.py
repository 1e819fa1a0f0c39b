"""Django's ASGI handler, with one change of thread for a request instead of twenty, and no new thread for it.

Django runs each synchronous middleware's two halves, and the view, in the request's thread one by one, and goes back to
the event loop in between: measured, more than half of what one of Twilio's callbacks cost. All of ours are synchronous,
so the whole chain runs in that thread as under WSGI. asgiref makes a thread for each request and waits on the event
loop, where every call's audio is, for its end; here threads are kept. All else stays Django's.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class HttpHandler(ASGIHandler):
    _idle: ClassVar[list[ThreadPoolExecutor]] = []
    """Executors of one thread each, as asgiref wants them for what is bound to a request's thread."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="http")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
        finally:
            # By the thread itself: a client may have gone while its view still runs, and no other must wait for that.
            thread.submit(self._idle.append, thread)

    async def get_response_async(self, request: HttpRequest) -> Any:
        respond: Any = sync_to_async(self.get_response, thread_sensitive=True)
        response: HttpResponseBase = await respond(request)
        return response
