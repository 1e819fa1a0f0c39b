"""POSTs to addresses that other people chose: never to this machine or its network, never by a redirect.

The name is resolved once and the connection goes to the very address that was checked: with a second look-up, a name
that changes in between ("DNS rebinding") would pass the check and then lead inside.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import httpx

USER_AGENT = "Highway-Webhooks"


class Forbidden(Exception):
    """The address may not be called. Asking again is no cure."""


class Unreachable(Exception):
    """No answer, or none that could be read. The text names what happened."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
    limit: int,
    allow_private: bool,
) -> Answer:
    """Send JSON and return the answer, whose body may have `limit` bytes. All of it within `timeout_s`.

    Raises Forbidden, Unreachable.
    """
    deadline = time.monotonic() + timeout_s
    target = _target(url)
    address = _checked_address(target, allow_private=allow_private)
    send = {**headers, "Content-Type": "application/json", "User-Agent": USER_AGENT, "Host": target.netloc.decode()}
    # With the address in the URL nothing is looked up again; the certificate is still checked for the name.
    direct = target.copy_with(host=address)
    extensions = {"sni_hostname": target.host}
    try:
        with (
            httpx.Client(trust_env=False, timeout=timeout_s, follow_redirects=False) as client,
            client.stream("POST", direct, content=body, headers=send, extensions=extensions) as response,
        ):
            return Answer(response.status_code, _read(response, limit=limit, deadline=deadline))
    except httpx.HTTPError as error:
        raise Unreachable(type(error).__name__) from None


def checked_address(url: str, *, allow_private: bool) -> str:
    """The IP address to connect to for an http(s) or ws(s) URL. Raises Forbidden, Unreachable."""
    return _checked_address(_target(url), allow_private=allow_private)


def _target(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        raise Forbidden("not a URL") from None
    if target.scheme not in ("http", "https", "ws", "wss") or not target.host or target.userinfo:
        raise Forbidden("not an http(s) URL without a password")
    return target


def _checked_address(target: httpx.URL, *, allow_private: bool) -> str:
    port = target.port or (443 if target.scheme in ("https", "wss") else 80)
    try:
        found = socket.getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("the host name cannot be resolved") from None
    addresses = [str(entry[4][0]) for entry in found]
    # All of them: a name that has a public address beside a private one is not an honest one.
    if not allow_private and not all(_is_public(address) for address in addresses):
        raise Forbidden("the address is private")
    return addresses[0]


def _is_public(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (mapped is None or mapped.is_global)


def _read(response: httpx.Response, *, limit: int, deadline: float) -> bytes:
    """At most `limit` bytes: a longer body, or one that drips in, is not worth the wait."""
    read = b""
    for chunk in response.iter_raw():
        read += chunk
        if len(read) > limit:
            raise Unreachable(f"the answer is longer than {limit} bytes")
        if time.monotonic() > deadline:
            raise Unreachable("the answer took too long")
    return read
