"""The token a media stream must show: it travels in the TwiML, so whoever holds it was sent by our carrier.

It names one call and lives two hours, the longest that a ringing line could need. That it serves once is the
database's part: Call.stream_sid is set by compare-and-set.
"""

from datetime import timedelta

from django.core.signing import BadSignature, TimestampSigner

MAX_AGE = timedelta(hours=2)
_signer = TimestampSigner(salt="calls.stream_tokens")


def make(*, verification_id: int, call_id: int) -> str:
    return _signer.sign(f"{verification_id}/{call_id}")


def is_valid(token: str, *, verification_id: int, call_id: int) -> bool:
    try:
        return _signer.unsign(token, max_age=MAX_AGE) == f"{verification_id}/{call_id}"
    except BadSignature:
        return False
