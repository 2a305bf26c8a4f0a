"""The assignment counting: what gradmark looks for in an assignment's folder."""

from .golden import CONVENTIONS, charts, explain, golden, oracle, predict, subject
from .misconceptions import MISCONCEPTIONS
from .planted import plant
from .quiz import quiz
from .scenarios import scenarios

__all__ = [
    "CONVENTIONS",
    "MISCONCEPTIONS",
    "charts",
    "explain",
    "golden",
    "oracle",
    "plant",
    "predict",
    "quiz",
    "scenarios",
    "subject",
]
