"""Evidence decides: questions from facts, comparing answers, deciding a status. Pure: no clock, no chance, no I/O.

The voice model asks and listens; what it reports is evidence and not a verdict (docs/design.md §2, steps 7 to 9).
"""

from calls.evidence.compare import compare
from calls.evidence.decide import Decision, Ending, Evidence, decide
from calls.evidence.forms import forms_of, mentions
from calls.evidence.questions import (
    Fact,
    FactError,
    Question,
    facts_problems,
    never_together_problem,
    questions_from_facts,
    wordings_problems,
)
from calls.evidence.result import REVIEW_BELOW, Comparison

__all__ = [
    "REVIEW_BELOW",
    "Comparison",
    "Decision",
    "Ending",
    "Evidence",
    "Fact",
    "FactError",
    "Question",
    "compare",
    "decide",
    "facts_problems",
    "forms_of",
    "mentions",
    "never_together_problem",
    "questions_from_facts",
    "wordings_problems",
]
