"""Remembers what hypotheses predict: submissions with the same seed live through the same experiments.

What is remembered depends on the rule family, the experiments and the hypotheses, never on a submission, so that a
report is the same whether something was remembered or not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any

from autograder.model import Array, Assignment, Hypotheses, Scenario

MOST_BYTES = 32_000_000
LARGEST = 500_000  # bytes of one prediction: thousands of pairs are tried for few submissions

Predicted = list[dict[str, Array]]


class Memory:
    """Predictions of at most `most` bytes for one set of experiments: those of another seed are never asked for again.

    The one that was not asked for longest is forgotten first.
    """

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self.kept: OrderedDict[tuple[Any, ...], Predicted] = OrderedDict()
        self._first: Scenario | None = None
        self._lock = Lock()

    def begin(self, scenarios: Sequence[Scenario]) -> None:
        """Forget everything, unless these experiments are those of the submission before."""
        first = next(iter(scenarios), None)
        with self._lock:
            if first is not self._first:
                self._first, self.bytes = first, 0
                self.kept.clear()

    def predict(
        self,
        assignment: Assignment,
        subject: str,
        scenarios: Sequence[Scenario],
        hypotheses: Hypotheses,
        conventions: frozenset[str],
    ) -> Predicted:
        """Return for each scenario arrays with one row per hypothesis, not to be written to."""
        turned = tuple(tuple(part.items()) for part in hypotheses.parts)
        rows = (hypotheses.groups.shape, hypotheses.groups.tobytes(), hypotheses.numbers.tobytes())
        key = (assignment.predict, subject, tuple(scenarios), turned, rows, conventions)
        with self._lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                return self.kept[key]
        predicted = assignment.predict(subject, scenarios, hypotheses, conventions)
        for array in _arrays(predicted):
            array.flags.writeable = False
        if size(predicted) <= LARGEST:
            self._keep(key, predicted)
        return predicted

    def _keep(self, key: tuple[Any, ...], predicted: Predicted) -> None:
        with self._lock:
            if key not in self.kept:
                self.kept[key] = predicted
                self.bytes += size(predicted)
            while self.bytes > self.most:
                self.bytes -= size(self.kept.popitem(last=False)[1])


MEMORY = Memory(MOST_BYTES)


def size(predicted: Predicted) -> int:
    """Return the bytes of a prediction's arrays."""
    return sum(array.nbytes for array in _arrays(predicted))


def _arrays(predicted: Predicted) -> list[Array]:
    return [array for arrays in predicted for array in arrays.values()]
