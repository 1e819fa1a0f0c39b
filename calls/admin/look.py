"""How statuses, reasons, numbers and times are shown to staff."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call

TONES: dict[str, str] = {
    Status.IN_PROGRESS: "live",
    Status.SUCCESSFUL: "good",
    Status.UNSUCCESSFUL: "poor",
    Status.USER_HUNG_UP: "warn",
    Status.SYSTEM_ERROR: "bad",
    Status.NOT_REACHED: "quiet",
    Status.CANCELED: "quiet",
}
VERDICT_TONES = {"match": "good", "mismatch": "bad", "refused": "warn", "unclear": "quiet"}
REASONS: dict[str, str] = {
    EndReason.COMPLETED: "Every answer needed was given and matched",
    EndReason.CUSTOMER_HUNG_UP: "The person hung up before the end",
    EndReason.BUSY: "The line was busy",
    EndReason.NO_ANSWER: "Nobody answered",
    EndReason.VOICEMAIL: "A voicemail answered",
    EndReason.SCREENED: "A call screener answered",
    EndReason.INVALID_NUMBER: "The number cannot be called",
    EndReason.CARRIER_REJECTED: "The carrier refused our request",
    EndReason.CARRIER_ERROR: "The carrier failed",
    EndReason.DECLINED: "The person declined",
    EndReason.WRONG_PERSON: "It was not the right person",
    EndReason.OPTED_OUT: "The person asked not to be called again",
    EndReason.SILENCE: "Nobody spoke",
    EndReason.MAX_DURATION: "The call reached its time limit",
    EndReason.ANSWERS_EXHAUSTED: "Every question was asked; too few answers matched",
    EndReason.FACTS_UNUSABLE: "The facts on file do not make the questions the script needs",
    EndReason.MODEL_AUTH: "The voice model refused our key",
    EndReason.MODEL_ACCESS: "Our account has no access to the voice model",
    EndReason.MODEL_QUOTA: "The voice model's quota is used up",
    EndReason.MODEL_RATE_LIMITED: "The voice model was asked too often",
    EndReason.MODEL_ERROR: "The voice model failed",
    EndReason.RELAY_LOST: "The connection between line and voice model was lost",
    EndReason.PROCESS_LOST: "Our process was lost during the call",
    EndReason.CANCELED: "Canceled before the call was placed",
}


def badge(text: str, tone: str) -> SafeString:
    return format_html('<span class="hw-badge hw-{}">{}</span>', tone, text)


def status_words(status: str) -> str:
    """`user_hung_up` → `User hung up`."""
    return status.replace("_", " ").capitalize()


def status_badge(status: str) -> SafeString:
    return badge(status_words(status), TONES.get(status, "quiet"))


def stage_badge(stage: str) -> SafeString | str:
    """A badge while the call is live; a plain word once it is over, for most rows of a list are."""
    return stage.capitalize() if stage == Stage.ENDED else badge(stage.capitalize(), "live")


def when(at: datetime) -> SafeString:
    local = timezone.localtime(at)
    short, full = f"{local:%d %b, %H:%M}", local.isoformat(sep=" ", timespec="seconds")
    return format_html('<time class="hw-when" datetime="{}" title="{}">{}</time>', local.isoformat(), full, short)


def verdict_badge(verdict: str) -> SafeString:
    return badge(verdict.capitalize(), VERDICT_TONES.get(verdict, "quiet"))


def clock(seconds: float) -> str:
    """`65` → `1:05`, `3665` → `1:01:05`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def offset(delta: timedelta) -> str:
    """Time since a call was asked for: `+3.2 s`, `+1:05`, and a sign of its own where clocks disagree."""
    seconds = delta.total_seconds()
    return f"{seconds:+.1f} s" if seconds < 60 else f"+{clock(seconds)}"


def spoken_seconds(call: Call) -> float | None:
    """Seconds from answer to the end of the line, or None where nobody answered or the call goes on."""
    end = call.line_ended_at or call.ended_at
    if call.answered_at is None or end is None:
        return None
    return max((end - call.answered_at).total_seconds(), 0.0)


def duration(call: Call) -> str:
    seconds = spoken_seconds(call)
    return "–" if seconds is None else clock(seconds)


def money(micros: int) -> str:
    """Millionths of the currency: `1234500` → `1.2345`."""
    return f"{micros / 1e6:,.4f}"


def age(waited: timedelta) -> str:
    """`40 s`, `12 min`, `5 h`, `3 days`."""
    seconds = max(waited.total_seconds(), 0)
    for size, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}" if (count, name) != (1, "days") else "1 day"
    return f"{int(seconds)} s"
