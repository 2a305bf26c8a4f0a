"""The optimizers module: what autograder/assignment.py looks for in an assignment's folder."""

from .charts import charts
from .course import subject
from .derive import derive
from .figures import figures
from .golden import CONVENTIONS, golden
from .handout import handout
from .keys_again import key_again
from .misconceptions import GATES, MISCONCEPTIONS
from .oracle import oracle
from .planted import plant, rewrite
from .predict import predict
from .quantities import quantities
from .quiz import quiz
from .scenarios import scenarios
from .tell import explain

__all__ = [
    "CONVENTIONS",
    "GATES",
    "MISCONCEPTIONS",
    "charts",
    "derive",
    "explain",
    "figures",
    "golden",
    "handout",
    "key_again",
    "oracle",
    "plant",
    "predict",
    "quantities",
    "quiz",
    "rewrite",
    "scenarios",
    "subject",
]
