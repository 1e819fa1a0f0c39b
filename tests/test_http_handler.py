"""Django's handler on kept threads, driven as a server would drive it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from highway.http_handler import HttpHandler

seen: list[int] = []
is_in, may_go = threading.Event(), threading.Event()


def plain(request: HttpRequest) -> HttpResponse:
    seen.append(threading.get_ident())
    return HttpResponse("plain")


def slow(request: HttpRequest) -> HttpResponse:
    seen.append(threading.get_ident())
    is_in.set()
    may_go.wait(10)
    return HttpResponse("slow")


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        for part in ("one ", "two ", "three"):
            seen.append(threading.get_ident())
            yield part

    return StreamingHttpResponse(parts())


def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        is_in.set()
        try:
            while True:
                await asyncio.sleep(0)
                yield "more "
        finally:
            seen.append(0)

    return StreamingHttpResponse(parts())


def broken(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        yield "one "
        raise OSError("the file is gone")

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("endless", endless),
    path("broken", broken),
    path("plain", plain),
    path("slow", slow),
    path("streamed", streamed),
]


@pytest.fixture
def handler() -> Iterator[HttpHandler]:
    for event in (is_in, may_go):
        event.clear()
    seen.clear()
    HttpHandler._idle.clear()
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"]):
        yield HttpHandler()


async def ask(handler: HttpHandler, url: str, gone: asyncio.Event | None = None) -> list[dict[str, Any]]:
    """The messages of the answer; with `gone`, the client goes when it is set."""
    sent: list[dict[str, Any]] = []
    request = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in request:
            return message
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": url, "query_string": b"", "headers": [(b"host", b"testserver")]}
    await handler(scope, receive, send)
    return sent


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.to_thread(threading.Event().wait, 0.001)


async def test_requests_one_after_the_other_have_the_same_thread_and_all_middleware(handler: HttpHandler) -> None:
    for count in range(1, 4):
        start, body, *_ = await ask(handler, "/plain")
        assert (start["status"], body["body"]) == (200, b"plain")
        assert (b"X-Frame-Options", b"DENY") in start["headers"]
        await until(lambda: len(HttpHandler._idle) == 1)
        assert (len(seen), len(set(seen))) == (count, 1)


async def test_requests_at_once_have_threads_of_their_own(handler: HttpHandler) -> None:
    waiting = asyncio.create_task(ask(handler, "/slow"))
    await until(is_in.is_set)
    start, *_ = await ask(handler, "/plain")
    assert (start["status"], len(set(seen))) == (200, 2)
    may_go.set()
    assert (await waiting)[0]["status"] == 200


async def test_a_thread_whose_client_has_gone_serves_nobody_until_its_view_has_ended(handler: HttpHandler) -> None:
    gone = asyncio.Event()
    left = asyncio.create_task(ask(handler, "/slow", gone))
    await until(is_in.is_set)
    gone.set()
    start, *_ = await ask(handler, "/plain")
    assert (start["status"], len(set(seen))) == (200, 2)
    assert len(HttpHandler._idle) <= 1
    may_go.set()
    await left
    await until(lambda: len(HttpHandler._idle) == 2)


# Django's own word on our generators: it reads them whole, in the thread.
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
async def test_a_stream_is_sent_whole_and_the_request_ends_after_it(handler: HttpHandler) -> None:
    ended: list[int] = []

    def note(**_: Any) -> None:
        ended.append(len(seen))

    request_finished.connect(note)
    try:
        start, *parts, _ = await ask(handler, "/streamed")
    finally:
        request_finished.disconnect(note)
    assert start["status"] == 200
    assert b"".join(part["body"] for part in parts) == b"one two three"
    assert ended == [3]


async def test_a_stream_is_read_no_further_when_its_client_has_gone(handler: HttpHandler) -> None:
    gone = asyncio.Event()
    left = asyncio.create_task(ask(handler, "/endless", gone))
    await until(is_in.is_set)
    gone.set()
    async with asyncio.timeout(10):
        start, *_ = await left
    assert (start["status"], seen) == (200, [0])


async def test_what_goes_wrong_in_a_stream_is_raised_to_the_server(handler: HttpHandler) -> None:
    with pytest.raises(OSError, match="the file is gone"):
        await ask(handler, "/broken")
