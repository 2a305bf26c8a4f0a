"""The optimizers module: what autograder/assignment.py looks for in an assignment's folder."""

from .charts import charts
from .course import subject
from .golden import CONVENTIONS, derive, golden
from .misconceptions import MISCONCEPTIONS
from .oracle import oracle
from .planted import plant
from .predict import predict
from .scenarios import scenarios
from .tell import explain

__all__ = [
    "CONVENTIONS",
    "MISCONCEPTIONS",
    "charts",
    "derive",
    "explain",
    "golden",
    "oracle",
    "plant",
    "predict",
    "scenarios",
    "subject",
]
