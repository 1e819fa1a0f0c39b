"""The part of TwiML that the simulated network runs: <Connect><Stream>, <Say> and <Hangup>.

Facts: Twilio's pages on <Connect> and <Stream>, and its error codes.
"""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree

MAX_TWIML_CHARACTERS = 4000
MAX_PARAMETER_CHARACTERS = 500


class TwimlError(Exception):
    """The document cannot be run. `code` is Twilio's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Stream:
    url: str
    name: str = ""
    status_callback: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


Verb = Stream | Say | Hangup


def parse(document: str) -> list[Verb]:
    """The verbs in order. Raises TwimlError where the document is not XML, or asks for what is not simulated."""
    try:
        # The document comes from our own client on this machine.
        root = ElementTree.fromstring(document)  # noqa: S314
    except ElementTree.ParseError as error:
        raise TwimlError(12100, f"Document parse failure: {error}") from error
    if root.tag != "Response":
        raise TwimlError(12100, "The root element must be <Response>")
    return [_verb(element) for element in root]


def _verb(element: ElementTree.Element) -> Verb:
    if element.tag == "Hangup":
        return Hangup()
    if element.tag == "Say":
        return Say(element.text or "")
    if element.tag == "Connect" and len(element) == 1 and element[0].tag == "Stream":
        return _stream(element[0])
    raise TwimlError(12200, f"<{element.tag}> is not simulated, or not as it is nested here")


def _stream(element: ElementTree.Element) -> Stream:
    parameters = {}
    for child in element:
        name, value = child.get("name"), child.get("value")
        if child.tag != "Parameter" or not name or value is None:
            raise TwimlError(12200, "<Stream> holds <Parameter name value> and nothing else")
        if len(name) + len(value) >= MAX_PARAMETER_CHARACTERS:
            raise TwimlError(12200, f"<Parameter {name}>: name and value must be below 500 characters together")
        parameters[name] = value
    known = {"url", "name", "statusCallback", "statusCallbackMethod"}
    if unknown := set(element.attrib) - known:
        raise TwimlError(12200, f"<Stream> has no attribute {sorted(unknown)[0]}")
    return Stream(
        url=element.get("url", ""),
        name=element.get("name", ""),
        status_callback=element.get("statusCallback", ""),
        parameters=parameters,
    )


def stream_url_problem(url: str) -> tuple[int, str] | None:
    """Why Twilio would not open this URL, as (error code, text); None where it would."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss"):
        return 31922, "Stream - Invalid URL scheme: must be wss"
    if not parts.hostname:
        return 31923, "Stream - Malformed URL"
    # Twilio takes wss only; plain ws is for a program on this machine, which has no certificate.
    if parts.scheme == "ws" and not _is_loopback(parts.hostname):
        return 31922, "Stream - Invalid URL scheme: must be wss"
    if parts.query:
        return 31920, "Stream - WebSocket - Handshake error: a query string is not supported"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
