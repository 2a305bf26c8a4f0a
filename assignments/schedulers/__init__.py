"""Learning-rate schedulers: what autograder/assignment.py looks for in an assignment's folder."""

from .derive import derive
from .golden import CONVENTIONS, golden, subject
from .handout import handout
from .keys_again import key_again
from .misconceptions import MISCONCEPTIONS
from .oracle import oracle
from .planted import plant
from .predict import predict
from .quiz import quiz
from .scenarios import scenarios
from .tell import charts, explain

__all__ = [
    "CONVENTIONS",
    "MISCONCEPTIONS",
    "charts",
    "derive",
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
