"""X-Twilio-Signature, from Twilio's "Webhooks security": base64(HMAC-SHA1(token, URL + sorted names and values))."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

Form = list[tuple[str, str]]


def sign(token: str, url: str, form: Iterable[tuple[str, str]] = ()) -> str:
    """The signature of a POST of `form` to `url`; a WebSocket's upgrade is signed over its URL with no form.
    Pairs that repeat count once, as at Twilio."""
    signed = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()
