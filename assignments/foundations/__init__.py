"""Activations and losses: what autograder/assignment looks for in an assignment's folder."""

from .golden import CONVENTIONS, golden, oracle, predict, subject
from .handout import handout
from .misconceptions import MISCONCEPTIONS
from .planted import plant
from .quiz import quiz
from .scenarios import scenarios
from .tell import charts, explain

__all__ = [
    "CONVENTIONS",
    "MISCONCEPTIONS",
    "charts",
    "explain",
    "golden",
    "handout",
    "oracle",
    "plant",
    "predict",
    "quiz",
    "scenarios",
    "subject",
]
