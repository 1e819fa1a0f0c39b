"""Reading what a client posts to Calls.json, as strictly as Twilio, and strictly where Twilio is lax: a parameter that
this network does not act on is refused, so that no feature seems to work here without being played."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from simulator.phone_call import Order
from simulator.twilio_signature import Form
from simulator.twiml import MAX_TWIML_CHARACTERS, TwimlError, Verb, parse

E164 = re.compile(r"\+[1-9]\d{6,14}")
EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
MAX_TIMEOUT_S = 600
MAX_TIME_LIMIT_S = 86_400
_KNOWN = {
    "To",
    "From",
    "Twiml",
    "Timeout",
    "TimeLimit",
    "StatusCallback",
    "StatusCallbackEvent",
    "StatusCallbackMethod",
    "MachineDetection",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
}


class Refusal(Exception):
    """Twilio's answer to a request it does not take: an HTTP status, Twilio's code and its text."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def order_read(form: Form) -> Order:
    """The order in the form of a POST to Calls.json. Raises Refusal."""
    fields = dict(form)
    _check_names(name for name, _ in form)
    return Order(
        to=_number(fields, "To", missing=21201, invalid=21211),
        from_=_number(fields, "From", missing=21213, invalid=21212),
        verbs=_verbs(fields.get("Twiml", "")),
        timeout_s=_seconds(fields, "Timeout", default=60, most=MAX_TIMEOUT_S),
        time_limit_s=_seconds(fields, "TimeLimit", default=14_400, most=MAX_TIME_LIMIT_S),
        status_callback=_callback(fields, "StatusCallback"),
        events=_events(form),
        detection_callback=_detection(fields),
    )


def _check_names(names: Iterable[str]) -> None:
    if unknown := sorted(set(names) - _KNOWN):
        raise Refusal(400, 20001, f"This simulated network does not know the parameter {unknown[0]}")


def _number(fields: dict[str, str], name: str, *, missing: int, invalid: int) -> str:
    number = fields.get(name, "")
    if not number:
        raise Refusal(400, missing, f"No '{name}' number is specified")
    if not E164.fullmatch(number):
        raise Refusal(400, invalid, f"The '{name}' number {number} is not a valid phone number.")
    return number


def _verbs(document: str) -> tuple[Verb, ...]:
    if not document:
        raise Refusal(400, 21205, "Url parameter is required, or Twiml; this simulated network plays Twiml only")
    if len(document) > MAX_TWIML_CHARACTERS:
        raise Refusal(400, 21605, f"Twiml is longer than {MAX_TWIML_CHARACTERS} characters")
    try:
        return tuple(parse(document))
    except TwimlError as error:
        raise Refusal(400, error.code, str(error)) from error


def _seconds(fields: dict[str, str], name: str, *, default: int, most: int) -> int:
    text = fields.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise Refusal(400, 20001, f"{name} must be a whole number of seconds from 1 to {most}")
    return int(text)


def _detection(fields: dict[str, str]) -> str:
    """Where to tell who answered; blank where nobody asked."""
    mode = fields.get("MachineDetection", "")
    if not mode:
        return ""
    if mode not in ("Enable", "DetectMessageEnd") or fields.get("AsyncAmd") != "true":
        raise Refusal(400, 20001, "This simulated network detects machines beside the call only")
    return _callback(fields, "AsyncAmdStatusCallback")


def _callback(fields: dict[str, str], name: str) -> str:
    url = fields.get(name, "")
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
        raise Refusal(400, 21609, f"Invalid '{name}' url")
    if fields.get(f"{name}Method", "POST") != "POST":
        raise Refusal(400, 20001, "This simulated network calls back by POST only")
    return url


def _events(form: Form) -> frozenset[str]:
    events = frozenset(value for name, value in form if name == "StatusCallbackEvent")
    if unknown := sorted(events - EVENTS):
        raise Refusal(400, 20001, f"There is no StatusCallbackEvent {unknown[0]}")
    return events or frozenset({"completed"})
