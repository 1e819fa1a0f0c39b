"""Who picked up, told from the first words heard and from the carrier's detection: both are slow, and wrong at times.

Pure. The phrases are those of voicemail systems, of the call screening of iOS 26 and of Android's Call Screen and
Google's assistant, and of office menus. Words that no machine says count as a person's.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from calls.evidence import Ending
from calls.voice.script import Plan


class Answerer(StrEnum):
    HUMAN = "human"
    VOICEMAIL = "voicemail"
    SCREENING = "screening"
    MENU = "menu"


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{phrase})" for phrase in phrases), re.IGNORECASE)


_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|zero|star|pound|the (?:star|pound|hash) key)"

# The first that fits: a screener also speaks of messages, and a voicemail's greeting may offer a key to press.
_PHRASES: Sequence[tuple[Answerer, re.Pattern[str]]] = (
    (
        Answerer.SCREENING,
        _any(
            r"(?:record|state|say) your name and (?:the )?reason for (?:your )?call",
            r"record your name and (?:the )?reason",
            r"i'?ll see if (?:this|the) person is available",
            r"(?:the )?person you(?:'re| are) (?:calling|trying to reach) is using a (?:call )?screening service",
            r"using a (?:call )?screening service from google",
            r"(?:call )?screening service",
            r"before i try to connect you",
            r"(?:may|can) i ask (?:who is|who's) calling",
            r"(?:who'?s|who is) calling(?:,)? (?:please )?and (?:why|what)",
            r"(?:please )?(?:state|say) your name",
            r"what(?:'s| is) this (?:call )?regarding",
        ),
    ),
    (
        Answerer.VOICEMAIL,
        _any(
            r"(?:leave|record) (?:a|your|me a|us a|your name and) (?:brief |short |detailed )?(?:message|name|number)",
            r"leave your name",
            r"(?:after|at|wait for) the (?:tone|beep)",
            r"voice ?mail",
            r"mailbox (?:is full|of|belongs)",
            r"the mailbox",
            r"(?:is )?not available (?:right now|to take your call|at the moment)",
            r"(?:can(?:'t|not| not)|unable to) (?:come to the phone|take your call|answer (?:the phone|your call))",
            r"your call has been forwarded",
            r"automat(?:ed|ic) voice messag",
            r"when you(?:'ve| have)? (?:are )?finished recording",
            r"get back to you as soon as",
        ),
    ),
    (
        Answerer.MENU,
        _any(
            rf"press {_NUMBER}\b",
            r"for [\w ]{2,40},? (?:press|dial|say) ",
            r"your call is important to us",
            r"(?:listen carefully|our menu options)",
            r"dial (?:the|your party's) extension",
            r"all (?:of )?our (?:agents|representatives|operators|lines) are (?:currently )?busy",
            r"your call may be (?:monitored|recorded)",
        ),
    ),
)

_DETECTED = {
    "human": Answerer.HUMAN,
    "machine_start": Answerer.VOICEMAIL,
    "machine_end_beep": Answerer.VOICEMAIL,
    "machine_end_silence": Answerer.VOICEMAIL,
    "machine_end_other": Answerer.VOICEMAIL,
    "fax": Answerer.VOICEMAIL,
}


def classify(text: str) -> Answerer:
    """Who says such a thing first when a phone is answered. Empty text is a person's: it proves no machine."""
    return next((answerer for answerer, phrases in _PHRASES if phrases.search(text)), Answerer.HUMAN)


def of_detection(answered_by: str) -> Answerer | None:
    """Twilio's AnsweredBy; None where it did not find out."""
    return _DETECTED.get(answered_by)


_ENDINGS = {
    Answerer.VOICEMAIL: Ending.VOICEMAIL,
    Answerer.SCREENING: Ending.SCREENED,
    # A menu, too, stands between us and the person.
    Answerer.MENU: Ending.SCREENED,
}
FIRST_WORDS = 3
"""How many lines of the caller may be a machine's opening: later, "leave a message" is talk."""
SCREENING_S = 30
"""How long a screener may take to fetch the person."""


class Machine:
    """The machine that answered a call, if one did. `ending` is how the call ends if no person comes."""

    def __init__(self, plan: Plan) -> None:
        self.ending: Ending | None = None
        self._plan = plan
        self._heard = 0
        self._has_our_words = False

    @property
    def words(self) -> str:
        """What is still to be said to it; blank: nothing."""
        if self._has_our_words:
            return ""
        if self.ending is Ending.VOICEMAIL:
            return self._plan.voicemail_message
        return self._plan.screening_reply if self.ending is Ending.SCREENED else ""

    def speak(self) -> str:
        words = self.words
        self._has_our_words = True
        return words

    def was_cut(self) -> None:
        self._has_our_words = False

    @property
    def patience_s(self) -> int:
        """How long the line may be silent."""
        return SCREENING_S if self.ending is Ending.SCREENED else self._plan.silence_s

    def hears(self, text: str) -> Ending | None:
        """The ending that this line of the caller foretells, where that is news."""
        self._heard += 1
        answerer = classify(text)
        if answerer is Answerer.HUMAN and self.ending is Ending.SCREENED:
            self.ending = None  # The person was fetched.
        return self._finds(answerer) if self._heard <= FIRST_WORDS else None

    def detects(self, answered_by: str) -> Ending | None:
        """By the carrier's word. It counts while nothing was understood yet: who was heard to speak like a person is
        one, whatever a detector makes of the sound."""
        answerer = of_detection(answered_by)
        return self._finds(answerer) if answerer and not self._heard else None

    def told_by_model(self, hang_up: str | None) -> Ending | None:
        """By the reason for which the voice model wants to hang up, if that is a machine."""
        if hang_up not in (Ending.VOICEMAIL, Ending.SCREENED):
            return None
        self.ending = Ending(hang_up)
        return self.ending

    def _finds(self, answerer: Answerer) -> Ending | None:
        ending = _ENDINGS.get(answerer)
        if ending is None or self.ending is not None:
            return None
        self.ending = ending
        return ending
