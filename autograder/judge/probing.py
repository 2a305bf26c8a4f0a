"""Asks the sandbox what the edits of a submission do: those of whatever runs in one experiment.

Each question is a process in the sandbox that reads the submission and makes the edits anew: as little is asked as will
do, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.model import Array, EditTask, Scenario, Trial

Ask = Callable[[EditTask, Sequence[Scenario]], tuple[list[Trial], bool]]  # trials, and whether all edits were tried

LINES_FOR_FACTS = 400_000  # run by all edits in an experiment that tells facts only: these are named without a line
AT_ONCE = 2  # edits that are played in every experiment as soon as they are in any: that costs less than asking twice


class Probing:
    """The edits of what runs in the experiment `probe`, after those of `chain`, which were made for good.

    `scenarios`: all that there are. `watch`: the experiment in which what is computed is noted, if there is one.
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
    ) -> None:
        self.probe, self.rich = probe, rich
        self._ask, self._scenarios, self._watch = ask, scenarios, watch
        self._task = EditTask((probe.id,), tuple(chain), rich)
        self._needed = {probe.id, *(name for step in chain for name in step["probe"])}
        self._trials: dict[int, list[Trial]] = {}
        self._asked: dict[int, set[str]] = {}

    def step(self, trial: Trial) -> Mapping[str, Any]:
        """One of the edits as what comes before the next search."""
        return {"probe": self._task.probe, "rich": self.rich, "number": trial.edit}

    def sift(self, above: float, up_to: float) -> tuple[list[Trial], bool]:
        """All edits of these costs in the probing experiment, and whether there was time for all."""
        task = replace(self._task, above=above, up_to=up_to)
        if not any(check.arrays for check in self.probe.checks):
            task = replace(task, lines=LINES_FOR_FACTS)
        trials, done = self._ask(task, self._chosen(()))
        return [t for t in trials if t.observation.scenario == self.probe.id], done

    def quickly(self, edits: Sequence[int], telling: Iterable[str]) -> list[Trial]:
        """Many edits in a few more experiments, at little cost, without their text."""
        return self._ask(replace(self._task, only=tuple(edits), switched=True), self._chosen(telling))[0]

    def played(self, edits: Sequence[int], wanted: Iterable[str], *, watching: bool = False) -> list[Trial]:
        """Some edits in these experiments; where they are few, in every other one as well."""
        ids = set(wanted) | ({self._watch.id} if watching and self._watch else set())
        new = [edit for edit in edits if not ids <= self._asked.get(edit, set())]
        if new:
            if len(new) <= AT_ONCE:
                ids = {s.id for s in self._scenarios} | ({self._watch.id} if self._watch else set())
            self._play(new, ids)
        return [trial for edit in edits for trial in self._trials[edit] if trial.observation.scenario in ids]

    def everywhere(self, edit: int) -> list[Trial]:
        """One edit in every experiment, and what is computed with it."""
        return self.played([edit], {s.id for s in self._scenarios}, watching=True)

    def computed(self, edits: Sequence[int]) -> dict[int, list[Array]]:
        """The values that are computed with each of these edits in the experiment that is watched, if there is one."""
        if self._watch is None:
            return {}
        trials = self.played(edits, (), watching=True)
        theirs = [t for t in trials if t.observation.scenario == self._watch.id]
        return {t.edit: [np.ravel(array) for array in t.observation.arrays.values()] for t in theirs}

    def _play(self, edits: Sequence[int], ids: set[str]) -> None:
        missing = {name for name in ids if any(name not in self._asked.get(edit, ()) for edit in edits)}
        watch = self._watch.id if self._watch and self._watch.id in missing else ""
        task = replace(self._task, only=tuple(edits), watch=watch)
        found = self._ask(task, self._chosen(missing))[0]
        for edit in edits:
            before = [t for t in self._trials.get(edit, ()) if t.observation.scenario not in missing]
            self._trials[edit] = before + [t for t in found if t.edit == edit]
            self._asked[edit] = self._asked.get(edit, set()) | missing

    def _chosen(self, ids: Iterable[str]) -> list[Scenario]:
        """Those experiments, the probing ones, and the one that is watched."""
        wanted = {*ids, *self._needed}
        watched = [self._watch] if self._watch and self._watch.id in wanted else []
        return [s for s in self._scenarios if s.id in wanted] + watched
