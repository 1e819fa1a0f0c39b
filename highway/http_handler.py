"""Django's ASGI handler, with one change of thread for a request instead of twenty, and no new thread for it.

Django runs each synchronous middleware's two halves, the view, and the signals around them in the request's thread one
by one, and goes back to the event loop in between: measured, most of what one of Twilio's callbacks cost. All of ours
are synchronous, so the whole request runs in that thread as under WSGI. asgiref makes a thread for each request and
waits on the event loop, where every call's audio is, for its end; here threads are kept. Reading a request and sending
an answer stay Django's.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import IO, Any, ClassVar

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.http import FileResponse
from django.urls import set_script_prefix


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

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Django's, but that a client who goes is listened for only while a stream is sent: no view can be stopped."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            response = await sync_to_async(self._respond)(scope, body)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)

    async def _stream(self, response: Any, receive: Any, send: Any) -> None:
        """Until it is sent, or nobody is there to read on."""
        sending = asyncio.create_task(self.send_response(response, send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            await sync_to_async(response.close)()
        if not sending.cancelled():
            sending.result()  # Raises what went wrong with it.

    def _respond(self, scope: Any, body: IO[bytes]) -> Any:
        """In the request's thread: from the signal that it has started to the one that it has finished."""
        request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = self.get_response(request) if request else refusal
        response._handler_class = self.__class__
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()  # What it says stays.
        return response
