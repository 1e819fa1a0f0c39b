"""POSTs to addresses that others chose go nowhere but where they were checked to go."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from calls.safe_http import Answer, Forbidden, Unreachable, post
from tests.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


def _post(url: str, **options: Any) -> Answer:
    values: dict[str, Any] = {"body": b"{}", "headers": {}, "timeout_s": 2.0, "limit": 100, "allow_private": True}
    return post(url, **{**values, **options})


def _names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A resolver that gives these addresses, one list for each look-up; returns the names that were looked up."""
    asked: list[str] = []
    left = list(answers)

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_post_arrives_with_its_headers_and_its_own_host_name(receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "localhost")
    receiver.answers = [(201, b"thanks", {})]
    assert _post(url, body=b'{"a": 1}', headers={"webhook-id": "m1"}) == Answer(201, b"thanks")
    path, headers, body = receiver.requests[0]
    assert (path, headers["host"], headers["webhook-id"], headers["content-type"], body) == (
        "/hook",
        f"localhost:{receiver.server.server_port}",
        "m1",
        "application/json",
        b'{"a": 1}',
    )


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "::1", "fe80::1%lo", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::"),
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, [address])
    with pytest.raises(Forbidden, match="private"):
        _post("http://inside.test/", allow_private=False)


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(Forbidden):
        _post("http://both.test/", allow_private=False)


def test_a_name_that_is_rebound_after_the_check_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _names(monkeypatch, ["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"])
    connected: list[tuple[str, int]] = []

    def create_connection(address: tuple[str, int], *_: Any, **__: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(Unreachable, match="ConnectError"):
        _post("http://rebind.test/", allow_private=False)
    assert (asked, connected) == (["rebind.test"], [("8.8.8.8", 80)])


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = [(302, b"", {"Location": receiver.url})]
    assert _post(receiver.url).status == 302
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("url", ["ftp://a.test/", "file:///etc/passwd", "http:///x", "http://u:p@a.test/", "a", "//a"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        _post(url)


def test_a_long_answer_is_cut_off(receiver: Receiver) -> None:
    receiver.answers = [(200, b"x" * 101, {})]
    with pytest.raises(Unreachable, match="longer than 100 bytes"):
        _post(receiver.url)


def test_an_answer_that_drips_in_is_given_up(receiver: Receiver) -> None:
    receiver.answers = ["drip"]
    with pytest.raises(Unreachable, match="too long"):
        _post(receiver.url, timeout_s=0.3)


def test_a_connection_that_is_dropped_is_unreachable(receiver: Receiver) -> None:
    receiver.answers = ["drop"]
    with pytest.raises(Unreachable, match="RemoteProtocolError"):
        _post(receiver.url)


def test_a_name_that_does_not_exist_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="resolved"):
        _post("http://nobody.test/")
