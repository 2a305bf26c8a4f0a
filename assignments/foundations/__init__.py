"""Activations and losses: what autograder/assignment looks for in an assignment's folder."""

from .golden import CONVENTIONS, golden, oracle, predict, subject
from .handout import handout
from .keys_again import key_again
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
    "key_again",
    "oracle",
    "plant",
    "predict",
    "quiz",
    "scenarios",
    "subject",
]
