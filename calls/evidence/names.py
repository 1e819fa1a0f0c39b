"""Comparing names of people. Pure.

A telephone cannot tell Smith from Smyth. A name that only sounds like the expected one is therefore unclear, neither
accepted nor held against the person, until it is spelled.
"""

# ruff: noqa: SIM905 (a list of words reads better as text)

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from calls.evidence.result import Comparison, match, mismatch, unclear
from calls.evidence.text import join_spelled, sound, without_fillers, words

_TITLES = frozenset(
    """mr mrs ms miss mx dr doctor prof professor sir dame lady lord rev reverend jr junior sr senior ii iii
    mister mother mothers mom moms mum maiden surname last first middle full legal family""".split()
)

# Short forms and spellings of one given name. A name may stand in several rows (Alex).
_SAME_NAME = """alexander alex alec sasha sandy xander|alexandra alex sandra sasha lexi|andrew andy drew|
anthony tony antony|barbara barb babs|benjamin ben benny|catherine katherine kathryn catharine cathy kathy kate katie|
charles charlie chuck chas|christine christina chris tina chrissy|christopher chris kit topher|cynthia cindy|
daniel dan danny|david dave davey|deborah debra deb debbie|donald don donny|dorothy dot dottie|
edward ed eddie ted teddy ned|elizabeth elisabeth liz lizzie beth betty eliza libby betsy|eugene gene|
francis frank frankie|frances fran francie|frederick fred freddie|gerald gerry jerry|geoffrey jeffrey geoff jeff|
gregory greg gregg|harold harry hal|henry harry hank|isabella isabel isobel bella izzy|jacob jake|
james jim jimmy jamie|jennifer jen jenny|john johnny jon jack|jonathan jon jonny john|joseph joe joey|joshua josh|
judith judy|kenneth ken kenny|kimberly kimberley kim|lawrence laurence larry|leonard len lenny|
margaret maggie meg peggy marge margie|matthew matt|michael mike mick micky mikey|mohammed muhammad mohamed mohammad|
nathaniel nathan nate nat|nicholas nicolas nick nicky|nicole nikki|pamela pam|patricia pat patty tricia trish|
patrick pat paddy|peter pete|philip phillip phil|raymond ray|rebecca becky becca|richard rick dick rich ricky richie|
robert bob rob bobby robbie bert|ronald ron ronnie|samantha sam|samuel sam sammy|sarah sara sally|stephen steven steve|
susan sue susie suzie|theodore ted theo teddy|theresa teresa terry tess|thomas tom tommy|timothy tim timmy|
victoria vicky tori|vincent vince vinny|virginia ginny|walter walt wally|william will bill billy liam willy|
zachary zach zack"""
_ROWS: dict[str, set[int]] = {}
for _row, _forms in enumerate(_SAME_NAME.split("|")):
    for _form in _forms.split():
        _ROWS.setdefault(_form, set()).add(_row)


_UMLAUT = re.compile(r"(?<=[aou])e")  # Müller is Muller to some and Mueller to others.
_INITIAL = 0.8
_SOUNDS_ALIKE = 0.6


def compare_name(expected: str, heard: str) -> Comparison:
    wanted = _parts(expected, ())
    given = _parts(heard, wanted)
    shown = " ".join(given)
    if not wanted or not given:
        return unclear("name/unread")
    if sorted(given) == sorted(wanted) or "".join(given) == "".join(wanted):
        return match("name", shown)
    if {"".join(wanted), wanted[0] + wanted[-1]} & set(given) and len(wanted) > 1:
        return match("name/spelled", shown, 0.9)
    return _aligned(wanted, given) or _near(wanted, given)


def _parts(text: str, expected: Sequence[str]) -> list[str]:
    tokens = without_fillers(join_spelled(words(text)), expected)
    return [token for token in tokens if (token not in _TITLES or token in expected) and not token.isdecimal()]


def _aligned(wanted: Sequence[str], given: Sequence[str]) -> Comparison | None:
    """First and last name said, each as it is, as a nickname or (not all) as an initial; middle names may be left out,
    but nothing may be added that is not the person's. None: some part is none of theirs."""
    shown = " ".join(given)
    left = list(wanted)
    scores: list[float] = []
    for part in given:
        score, found = max(((_same_part(each, part), each) for each in left), default=(0.0, ""))
        if not score:
            return None
        left.remove(found)
        scores.append(0.95 if score == _INITIAL and found in wanted[1:-1] else score)
    if min(scores) == _SOUNDS_ALIKE:
        return unclear("name/sounds_alike", shown, _SOUNDS_ALIKE)
    if wanted[0] in left or wanted[-1] in left:
        return unclear("name/partial", shown, 0.5)
    if max(scores) == _INITIAL:
        return mismatch("name/initials", shown, 0.5)
    return match("name", shown, min([*scores, 0.95 if left else 1.0]))


def _same_part(wanted: str, given: str) -> float:
    if wanted == given:
        return 1.0
    if _ROWS.get(wanted, set()) & _ROWS.get(given, set()) or _UMLAUT.sub("", wanted) == _UMLAUT.sub("", given):
        return 0.9
    if 1 in (len(wanted), len(given)) and wanted[0] == given[0]:
        return _INITIAL
    return _SOUNDS_ALIKE if sound(wanted) == sound(given) else 0.0


def _near(wanted: Sequence[str], given: Sequence[str]) -> Comparison:
    shown = " ".join(given)
    ratio = fuzz.ratio("".join(wanted), "".join(given)) / 100
    if all(part in given for part in wanted):
        return unclear("name/within", shown, ratio)
    if ratio >= 0.88 and len(shown) >= 8:
        return unclear("name/near", shown, ratio)
    return mismatch("name", shown, ratio)
