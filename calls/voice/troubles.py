"""What goes wrong with the voice model, and whether the call can go on. Pure."""

from dataclasses import dataclass

from calls.evidence import Ending
from calls.voice.events import Malformed, ModelError, ModelLost, ModelRefused, ResponseEnded

MAX_MALFORMED = 5
_HOPELESS_CLOSES = {1008, 4000}
"""The model's endpoint has refused us for good: policy, or the retired beta shape."""

# Codes of OpenAI's error objects, in a refused handshake, an `error` event or a failed response alike.
_ENDINGS = {
    "invalid_api_key": Ending.MODEL_AUTH,
    "account_deactivated": Ending.MODEL_AUTH,
    "model_not_found": Ending.MODEL_ACCESS,
    "insufficient_quota": Ending.MODEL_QUOTA,
    "rate_limit_exceeded": Ending.MODEL_RATE_LIMITED,
}
_HTTP_ENDINGS = {
    401: Ending.MODEL_AUTH,
    403: Ending.MODEL_ACCESS,
    404: Ending.MODEL_ACCESS,
    429: Ending.MODEL_RATE_LIMITED,
}
_FATAL = {
    "session_expired",
    "invalid_api_key",
    "model_not_found",
    "beta_api_shape_disabled",
    "insufficient_quota",
    "account_deactivated",
}
ALREADY_ACTIVE = "conversation_already_has_active_response"
_BENIGN = {ALREADY_ACTIVE, "response_cancel_not_active", "input_audio_buffer_commit_empty"}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the line is closed. `code` and `text` are the vendor's own, where it gave any."""

    ending: Ending
    code: str = ""
    text: str = ""


def is_benign(error: ModelError) -> bool:
    """Whether it only says that our message and the model's own crossed on the wire."""
    return error.code in _BENIGN


def failed(code: str, text: str) -> Stop:
    return Stop(_ENDINGS.get(code, Ending.MODEL_ERROR), code, text)


def refused(event: ModelRefused) -> Stop:
    ending = _ENDINGS.get(event.code) or _HTTP_ENDINGS.get(event.status, Ending.MODEL_ERROR)
    return Stop(ending, event.code or str(event.status), event.message)


def lost(event: ModelLost) -> Stop:
    return Stop(Ending.MODEL_LOST, str(event.code), event.reason)


class Troubles:
    """The troubles of one call so far. Each method says whether this one ends the call: None, it goes on."""

    def __init__(self) -> None:
        self._malformed = 0
        self._failed_before = False
        self._stalled_before = False
        self._reopened = False

    def error(self, event: ModelError) -> Stop | None:
        """Most errors leave the session open (Realtime guide, "Error handling")."""
        return failed(event.code, event.message) if event.code in _FATAL else None

    def response_failed(self, event: ResponseEnded) -> Stop | None:
        """The first that is not hopeless is worth another try."""
        if event.error_code in _FATAL or self._failed_before:
            return failed(event.error_code, event.error_message)
        self._failed_before = True
        return None

    def stalled(self) -> Stop | None:
        """A model that falls silent twice is not coming back; the person has waited long enough."""
        if self._stalled_before:
            return failed("stalled", "The model fell silent.")
        self._stalled_before = True
        return None

    def lost(self, event: ModelLost) -> Stop | None:
        """A lost socket is opened anew once."""
        if self._reopened or event.code in _HOPELESS_CLOSES:
            return lost(event)
        self._reopened = True
        return None

    def malformed(self, event: Malformed) -> Stop | None:
        if event.source == "line":
            return Stop(Ending.LINE_LOST, "malformed", event.reason)
        self._malformed += 1
        return Stop(Ending.MODEL_LOST, "malformed", event.reason) if self._malformed >= MAX_MALFORMED else None
