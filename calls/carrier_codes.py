"""Twilio's error codes and SIP's answers as data: what each means for a call. Pure.

Sources: Twilio's error catalogue (docs/api/errors) and, for a line that failed on the way, RFC 3261 §21. A code that is
not here is a refusal like any other: the call ends, and the code is kept for staff to look up.
"""

from dataclasses import dataclass

from calls.lifecycle import EndReason, Status


@dataclass(frozen=True, slots=True)
class Meaning:
    """`permanent`: the same request would fail again tomorrow, unless somebody changes the number or the account."""

    end_reason: EndReason
    permanent: bool

    @property
    def status(self) -> Status:
        # A dead number is nobody's fault; everything else here is the operator's or the carrier's.
        return Status.NOT_REACHED if self.end_reason == EndReason.INVALID_NUMBER else Status.SYSTEM_ERROR


_DEAD_NUMBER = Meaning(EndReason.INVALID_NUMBER, permanent=True)
_OURS = Meaning(EndReason.CARRIER_REJECTED, permanent=True)
_PASSING = Meaning(EndReason.CARRIER_ERROR, permanent=False)

CODES: dict[str, Meaning] = {
    # The number called.
    "13223": _DEAD_NUMBER,  # its format
    "13224": _DEAD_NUMBER,  # not supported, or does not exist
    "21201": _DEAD_NUMBER,  # none given
    "21211": _DEAD_NUMBER,  # not valid
    "21214": _DEAD_NUMBER,  # cannot be reached
    "21217": _DEAD_NUMBER,  # does not appear to be valid
    "21421": _DEAD_NUMBER,  # not valid
    # The account: its key, caller number, permissions, balance, trial.
    "10001": _OURS,  # the account is not active
    "13225": _OURS,  # the number is blocked for calls
    "13227": _OURS,  # geographic permission
    "20003": _OURS,  # the key
    "20005": _OURS,  # the account is not active
    "21210": _OURS,  # the caller number is not verified
    "21212": _OURS,  # the caller number is not valid
    "21213": _OURS,  # no caller number
    "21215": _OURS,  # geographic permission
    "21216": _OURS,  # the number is on a block list
    "21219": _OURS,  # trial: the number is not verified
    "573002": _OURS,  # trial: not the caller number assigned to it
    "573005": _OURS,  # trial: the number has not completed verification
    # Time alone cures these. Nothing was placed.
    "10004": _PASSING,  # too many calls at once
    "20429": _PASSING,  # too many requests
    "22005": _PASSING,  # the account's queue is full
}

# SipResponseCode of a line that failed after it was placed.
_SIP: dict[str, Meaning] = {
    "404": _DEAD_NUMBER,  # not found
    "410": _DEAD_NUMBER,  # gone
    "484": _DEAD_NUMBER,  # incomplete
    "604": _DEAD_NUMBER,  # exists nowhere
}


def refusal(code: str) -> Meaning:
    """A Calls.create that was refused."""
    return CODES.get(code, _OURS)


def failure(code: str) -> Meaning:
    """A line that failed: `code` is the ErrorCode of the callback, or SIP's answer."""
    return CODES.get(code) or _SIP.get(code, _PASSING)


def is_passing(code: str) -> bool:
    """Whether the refusal says only that there is no room now, so that the same call may be asked for again."""
    return CODES.get(code) == _PASSING
