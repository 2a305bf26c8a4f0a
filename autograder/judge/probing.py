"""Asks what the edits of a submission do: those of whatever runs in one experiment. Nothing is asked twice.

Most edits are wrong from the first row on. So each is played only until a right one would part from the submission as
it is, and only those that begin as a right one would are played to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.model import Array, EditAnswer, EditTask, Glance, Scenario, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ask = Callable[[EditTask], EditAnswer]
Rule = Mapping[str, tuple[Array, float]]  # what arrays are to hold, and the largest difference that is allowed

LINES_FOR_FACTS = 400_000  # run by all edits in an experiment that tells facts only: these are named without a line


@dataclass(frozen=True)
class Beginning:
    """The first rows of an experiment, in which the submission as it is differs from each of some rules."""

    array: str
    rows: int  # of that array
    rules: Sequence[Rule]

    def suiting(self, glance: Glance) -> list[int]:
        """The edits that begin as one of the rules does; a guest may say anything."""
        if self.array not in glance.arrays:
            return []
        suits = np.zeros(len(glance.edits), dtype=bool)
        for rule in self.rules:
            begins = [_begins(glance.arrays[n], *rule[n]) for n in rule if n in glance.arrays]
            suits |= np.logical_and.reduce(begins) & bool(begins)
        return [edit for edit, good in zip(glance.edits, suits, strict=True) if good]


def _begins(many: Array, right: Array, allowed: float) -> NDArray[np.bool_]:
    """(edits,): whether rows begin like the right ones; what is not finite is like what is not."""
    if many.shape[1] > len(right) or many.shape[2:] != right.shape[1:]:
        return np.zeros(len(many), dtype=bool)
    right = right[: many.shape[1]]
    with np.errstate(invalid="ignore"):
        near = np.where(np.isfinite(right), np.abs(many - right) <= allowed, ~np.isfinite(many))
    return np.asarray(near.reshape(len(many), -1).all(axis=1))


def beginning(seen: Mapping[str, Array], rules: Sequence[Rule]) -> Beginning | None:
    """The fewest rows of one array in which what was seen differs from every rule that it differs from at all."""
    told = [{n: row for n in rule if (row := _row(seen.get(n), *rule[n])) is not None} for rule in rules]
    told = [rows for rows in told if rows]
    common = set.intersection(*(set(rows) for rows in told)) if told else set[str]()
    if not common:
        return None
    rows, name = min((max(rows[n] for rows in told) + 1, n) for n in common)
    return Beginning(name, rows, rules)


def _row(seen: Array | None, right: Array, allowed: float) -> int | None:
    """The first row that differs; None where none does."""
    if seen is None or seen.shape[1:] != right.shape[1:]:
        return 0
    both = min(len(seen), len(right))
    same = [bool(_begins(seen[None, at : at + 1], right[at : at + 1], allowed)[0]) for at in range(both)]
    if all(same):
        return both if both < len(right) else None
    return same.index(False)


class Probing:
    """The edits of what runs in the experiment `probe`, after those of `chain`, which were made for good.

    `scenarios`: all that there are. `watch`: the experiment in which what is computed is noted, if there is one.
    `begins`: what tells edits apart early, if anything does.
    """

    def __init__(
        self,
        ask: Ask,
        scenarios: Sequence[Scenario],
        watch: Scenario | None,
        probe: Scenario,
        chain: Sequence[Mapping[str, Any]],
        *,
        rich: bool,
        begins: Beginning | None = None,
    ) -> None:
        self.probe, self.rich = probe, rich
        self._ask, self._begins = ask, begins
        self._all = {s.id for s in scenarios}
        self._watch = {watch.id} if watch else set[str]()
        self._task = EditTask((probe.id,), tuple(chain), rich)
        self._trials: dict[int, list[Trial]] = {}
        self._asked: dict[int, set[str]] = {}

    def step(self, trial: Trial) -> Mapping[str, Any]:
        """One of the edits as what comes before the next search."""
        return {"probe": self._task.probe, "rich": self.rich, "number": trial.edit}

    def sift(self, above: float, up_to: float) -> tuple[list[Trial], bool]:
        """The edits of these costs in the probing experiment, and whether time was no reason that any is missing.

        Those that cannot be right, as the experiment begins with them, are left out.
        """
        return self._sifted(replace(self._task, above=above, up_to=up_to))

    def _sifted(self, task: EditTask) -> tuple[list[Trial], bool]:
        if not any(check.arrays for check in self.probe.checks):
            task = replace(task, lines=LINES_FOR_FACTS)
        if self._begins is None:
            answer = self._ask(task)
            return list(answer.trials), answer.done or bool(answer.trouble)
        answer = self._ask(replace(task, until=(self._begins.array, self._begins.rows)))
        suiting = [edit for glance in answer.glances for edit in self._begins.suiting(glance)]
        return (self.quickly(suiting, [self.probe.id]) if suiting else []), answer.done or bool(answer.trouble)

    def alike(self, like: Sequence[tuple[int, tuple[int, ...]]]) -> list[Trial]:
        """The edits that change the same as some others that were tried, for a place in the chain each."""
        return self._sifted(replace(self._task, like=tuple(like)))[0]

    def quickly(self, edits: Sequence[int], telling: Iterable[str]) -> list[Trial]:
        """Many edits in a few experiments, at little cost, without their text."""
        return list(self._ask(replace(self._task, only=tuple(edits), played=tuple(telling), switched=True)).trials)

    def played(self, edits: Sequence[int], wanted: Iterable[str]) -> list[Trial]:
        """Some edits in these experiments."""
        ids = set(wanted)
        new = [edit for edit in edits if not ids <= self._asked.get(edit, set())]
        if new:
            self._play(new, {name for name in ids if any(name not in self._asked.get(edit, ()) for edit in new)})
        return [trial for edit in edits for trial in self._trials[edit] if trial.observation.scenario in ids]

    def everywhere(self, edit: int) -> list[Trial]:
        """One edit in every experiment, and what is computed with it."""
        return self.played([edit], self._all | self._watch)

    def computed(self, edits: Sequence[int]) -> dict[int, list[Array]]:
        """The values that are computed with each of these edits in the experiment that is watched, if there is one."""
        trials = self.played(edits, self._watch)
        return {t.edit: [np.ravel(array) for array in t.observation.arrays.values()] for t in trials}

    def _play(self, edits: Sequence[int], ids: set[str]) -> None:
        watch = next(iter(self._watch & ids), "")
        found = self._ask(replace(self._task, only=tuple(edits), played=tuple(sorted(ids)), watch=watch)).trials
        for edit in edits:
            before = [t for t in self._trials.get(edit, ()) if t.observation.scenario not in ids]
            self._trials[edit] = before + [t for t in found if t.edit == edit]
            self._asked[edit] = self._asked.get(edit, set()) | ids
