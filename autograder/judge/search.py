"""Finds the rule that reproduces what was observed: system identification over the assignment's family.

A hypothesis is a set of accepted conventions and a few misconceptions, each of which may hold everywhere or behind a
gate, and may hold a number that the student invented. Hypotheses are tried by price (conventions cost nothing, common
beliefs little, gates and invented numbers more), scenario by scenario, the smallest first; whatever parts from an
observation is out. The order and the number of hypotheses are fixed, so that a report does not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.judge.compare import EXACTLY
from autograder.judge.played import MEMORY
from autograder.judge.solve import SHOWN, rounder, solve
from autograder.model import Array, Assignment, Hypotheses, Misconception, Observation, Scenario

Mask = NDArray[np.bool_]
BATCH = 8192  # hypotheses at once: a few MB of intermediate arrays
FEW = 64  # hypotheses for which several scenarios are played at once: one more costs less than another round
COMMON, RARE, GATE, NUMBER, SLIP, HIDDEN = 20, 30, 30, 20, 40, 1  # what a hypothesis pays for each
HUGE = 1e30  # float32 ends soon: what lies beyond is not compared
MOST_EXTENDED = 2
MOST_ALIKE = 100  # candidates that fit: where more do (all not finite after a step), the evidence tells none apart
MOST_TELLING = 3  # scenarios about conduct that are asked one by one, where all about the rule is right
SMALLEST = 6  # scenarios of which the one that puts out most hypotheses for its size is played first
MOST_SOLVED = 64  # pairs with a number whose number is worked out: those nearest on the smallest scenario


@dataclass(frozen=True)
class Part:
    """One misconception as the search tries it."""

    belief: Misconception
    changes: Mapping[str, str]
    price: int
    gate: str = ""

    @cached_property
    def switches(self) -> frozenset[str]:
        return frozenset(self.changes)


@dataclass(frozen=True)
class Candidates:
    """Sets of as many parts each, as rows of numbers: thousands of them are tried at once."""

    parts: Sequence[Part]
    rows: NDArray[np.int_]  # (candidates, n): which of the parts

    @classmethod
    def all_of(cls, parts: Sequence[Part]) -> Candidates:
        """One candidate, with all of these parts."""
        return cls(parts, np.arange(len(parts))[None])

    @classmethod
    def singles(cls, parts: Sequence[Part]) -> Candidates:
        return cls(parts, np.arange(len(parts))[:, None])

    @classmethod
    def sets(cls, parts: Sequence[Part], count: int) -> Candidates:
        """Sets of parts that turn different switches."""
        every = np.fromiter(chain.from_iterable(combinations(range(len(parts)), count)), int).reshape(-1, count)
        free = _disjoint(parts, parts)
        apart = [free[every[:, i], every[:, j]] for i, j in combinations(range(count), 2)]
        return cls(parts, every[np.all(apart, axis=0)])

    @classmethod
    def product(cls, some: Sequence[Part], others: Sequence[Part]) -> Candidates:
        """One of some parts with one of others that turns different switches."""
        return cls([*some, *others], np.argwhere(_disjoint(some, others)) + np.array([0, len(some)]))

    def __len__(self) -> int:
        return len(self.rows)

    def group(self, row: int) -> tuple[Part, ...]:
        return tuple(self.parts[i] for i in self.rows[row].tolist())

    def take(self, rows: Sequence[int] | Mask) -> Candidates:
        return Candidates(self.parts, self.rows[rows])

    def showing(self, beside: Sequence[frozenset[str]]) -> Candidates:
        """Those that turn one switch at least of each of these sets."""
        if not beside:
            return self
        turns = [np.array([not part.switches.isdisjoint(some) for part in self.parts], dtype=bool) for some in beside]
        return self.take(np.all([some[self.rows].any(axis=1) for some in turns], axis=0))

    def hypotheses(self, numbers: Sequence[float] | None = None) -> Hypotheses:
        """Each as a hypothesis; each unknown of a candidate gets its number."""
        values = np.full(self.rows.shape, np.nan)
        if numbers is not None:
            counted = np.array([part.belief.unknown is not None for part in self.parts])
            values = np.where(counted[self.rows], np.array(numbers, dtype=float)[:, None], np.nan)
        return Hypotheses([part.changes for part in self.parts], self.rows, values)


def _disjoint(some: Sequence[Part], others: Sequence[Part]) -> Mask:
    """(some, others): whether the two turn different switches."""
    switches = sorted(frozenset[str]().union(*(part.switches for part in (*some, *others))))
    one, other = (np.array([[s in part.switches for s in switches] for part in each], int) for each in (some, others))
    one, other = one.reshape(len(some), len(switches)), other.reshape(len(others), len(switches))  # also of none
    return np.asarray(one @ other.T == 0)


@dataclass(frozen=True)
class Fit:
    """A hypothesis that reproduces every rule scenario, and what it leaves to slips of another kind."""

    parts: tuple[Part, ...]
    numbers: tuple[float, ...]  # NaN where a part has none
    conventions: frozenset[str]
    reproduced: frozenset[str]  # scenarios
    price: int
    slips: bool  # something about conduct is left unexplained

    @property
    def rows(self) -> tuple[str, ...]:
        return tuple(sorted(p.belief.criterion for p in self.parts))

    @property
    def meaning(self) -> tuple[str, ...]:
        return tuple(sorted(p.belief.id for p in self.parts))

    @property
    def number(self) -> float:
        """The number that the student invented; NaN where there is none."""
        return next((number for number in self.numbers if np.isfinite(number)), np.nan)

    @property
    def hypothesis(self) -> Hypotheses:
        return Candidates.all_of(self.parts).hypotheses([self.number])


@dataclass(frozen=True)
class Question:
    """One subject's rule, and the observations that it has to account for."""

    assignment: Assignment
    subject: str
    scenarios: Sequence[Scenario]  # those that the family can play and that ran to their end
    observations: Mapping[str, Observation]
    failed: frozenset[str]  # scenarios in which a trajectory is not golden
    named: frozenset[str] = frozenset()  # beliefs known already: one part of a submission may use another

    @cached_property
    def conduct(self) -> frozenset[str]:
        """Scenarios that are not about a rule alone: a slip of another kind may spoil them."""
        rows = {c.id for c in self.assignment.criteria if c.conduct}
        return frozenset(
            s.id
            for s in self.scenarios
            if s.beyond_rule or all(c.criterion in rows for c in s.checks if c.arrays) or not s.checks
        )

    @cached_property
    def ordered(self) -> list[Scenario]:
        """Scenarios about the rule: those first where something finite moves, then failing ones, the smallest first.

        Where none of them has a finite move (a division by zero in the first step), those about conduct that have one
        are evidence as well: nothing else tells one rule from another.
        """
        plain = [s for s in self.scenarios if s.id not in self.conduct]
        finite = {s.id for s in self.scenarios if moves(self.observations[s.id])}
        if not any(s.id in finite for s in plain):
            plain += [s for s in self.scenarios if s.id in self.conduct and s.id in finite]
        return sorted(plain, key=lambda s: (s.id not in finite, s.id not in self.failed, size(s)))

    @cached_property
    def evidence(self) -> list[tuple[int, list[Scenario]]]:
        """Sequences of scenarios that a mistake has to reproduce, each with the number of those that show it.

        Where the rule is right in all that is about it, that is one that fails all the same, whichever, before those.
        """
        showing = sum(s.id in self.failed for s in self.ordered)
        if showing or not self.failed:
            return [(showing or len(self.ordered), self.ordered)]
        failing = sorted((s for s in self.scenarios if s.id in self.failed), key=size)
        return [(1, [s, *self.ordered]) for s in failing[:MOST_TELLING]]

    def first(self, evidence: Sequence[Scenario], parts: Sequence[Part]) -> Sequence[Scenario]:
        """The evidence, first the experiment that for its size puts out most hypotheses of one part.

        What is wrong in one way often does something right in an experiment that fails, and seldom in all of them.
        """
        crowd = Hypotheses.of([part.changes for part in parts])
        small = sorted(evidence, key=size)[:SMALLEST] if parts else []

        def dear(scenario: Scenario) -> float:
            (predicted,) = self.predict([scenario], crowd, frozenset())
            out = len(parts) - np.count_nonzero(self.agree(scenario, predicted))
            return size(scenario) / out if out else np.inf

        best = min(small, key=dear, default=evidence[0])
        return [best, *(s for s in evidence if s is not best)]

    @cached_property
    def _groups(self) -> dict[tuple[Scenario, ...], list[list[tuple[frozenset[str], list[frozenset[str]]]]]]:
        return {}  # what `alike` found

    @cached_property
    def conventions(self) -> list[tuple[frozenset[str], list[frozenset[str]]]]:
        """Every set of conventions, and beside which switches each of them shows (those that show alone left out)."""
        known = [c for c in self.assignment.conventions if c.group == self.subject]
        return [
            (frozenset(c.id for c in some), [c.beside for c in some if c.beside])
            for n in range(len(known) + 1)
            for some in combinations(known, n)
        ]

    def predict(
        self, scenarios: Sequence[Scenario], hypotheses: Hypotheses, conventions: frozenset[str]
    ) -> list[dict[str, Array]]:
        return MEMORY.predict(self.assignment, self.subject, scenarios, hypotheses, conventions)

    def agree(self, scenario: Scenario, predicted: Mapping[str, Array]) -> Mask:
        """(hypotheses,): whether each predicts what was observed; where both are not finite they agree."""
        found = self.observations[scenario.id].arrays
        relative = self.assignment.tolerances["default"].relative
        good = np.ones(len(next(iter(predicted.values()))), dtype=bool)
        with np.errstate(all="ignore"):
            for name, rows in predicted.items():
                observed = found.get(name)
                if observed is None or observed.shape != rows.shape[1:]:
                    return np.zeros(len(rows), dtype=bool)
                finite, bounded = np.abs(observed) < HUGE, np.abs(rows) < HUGE  # NaN is neither
                scale = relative * np.abs(np.where(finite, observed, 0)).max()
                scale = min(scale, EXACTLY) if name in self.observations[scenario.id].kinds else scale
                near = np.abs(rows - observed) <= scale
                same = np.where(bounded & finite, near, bounded == finite)
                good &= same.reshape(len(rows), -1).all(axis=1)
        return good

    def alike(
        self, scenarios: Sequence[Scenario], parts: Sequence[Part]
    ) -> list[list[tuple[frozenset[str], list[frozenset[str]]]]]:
        """The sets of conventions, those together by which no part of a hypothesis shows any difference here."""
        if tuple(scenarios) not in self._groups:
            self._groups[tuple(scenarios)] = self._alike(scenarios, parts)
        return self._groups[tuple(scenarios)]

    def _alike(
        self, scenarios: Sequence[Scenario], parts: Sequence[Part]
    ) -> list[list[tuple[frozenset[str], list[frozenset[str]]]]]:
        crowd = Hypotheses.of([{}, *(part.changes for part in parts)])
        groups: dict[tuple[Any, ...], list[tuple[frozenset[str], list[frozenset[str]]]]] = {}
        for conventions, beside in self.conventions:
            predicted = self.predict(scenarios, crowd, conventions)
            path = tuple(rows.round(12).tobytes() for arrays in predicted for rows in arrays.values())
            hidden = tuple(sorted(conventions)) if beside else ()
            groups.setdefault((*hidden, *path), []).append((conventions, beside))
        return list(groups.values())

    def surviving(
        self, hypotheses: Hypotheses, conventions: frozenset[str], scenarios: Sequence[Scenario] | None = None
    ) -> NDArray[np.int_]:
        """The rows of those hypotheses that reproduce these scenarios: without any named, every one about the rule."""
        rows = np.arange(len(hypotheses))
        waiting = list(self.ordered if scenarios is None else scenarios)
        while waiting and len(rows):
            few = len(rows) <= FEW
            now = [s for s in waiting if _length(s) == _length(waiting[0])] if few else waiting[:1]
            waiting = [s for s in waiting if s not in now]
            good = [np.empty(0, dtype=bool)]
            for at in range(0, len(rows), BATCH):
                predicted = self.predict(now, hypotheses.take(rows[at : at + BATCH]), conventions)
                good.append(np.all([self.agree(s, arrays) for s, arrays in zip(now, predicted, strict=True)], axis=0))
            rows = rows[np.concatenate(good)]
        return rows


def _length(scenario: Scenario) -> int:
    """Roughly, the number of steps: the same for scenarios that are cheap to play side by side."""
    return max((len(array).bit_length() for array in scenario.arrays.values() if array.ndim), default=0)


def moves(seen: Observation) -> bool:
    """Return whether anything moves by a finite amount: what is nowhere finite is evidence for no rule."""
    with np.errstate(invalid="ignore"):
        steps = [np.diff(rows, axis=0) for rows in seen.arrays.values()]
    return any((np.isfinite(step) & (step != 0)).any() for step in steps)


def size(scenario: Scenario) -> int:
    return sum(array.size for array in scenario.arrays.values())


# ------------------------------------------------------------------------------------------------------ the search
RIGHT = Candidates.all_of(())


def identify(question: Question) -> Fit | None:
    """The cheapest hypothesis that reproduces what was observed.

    None when the right rule does, or none fits, or several fit that say different things.
    """
    search = _RuleSearch(question)
    right = min((fit.price for fit in search.among(RIGHT, question.ordered)), default=None)  # by some convention
    if right == 0:
        return None
    fits: list[Fit] = []  # beside the right rule with a slip of conduct: what is cheaper, or leaves nothing open
    for stage in (search.singles,) if right else (search.singles, search.pairs, search.more):
        fits += [fit for fit in stage() if right is None or fit.price < right or not fit.slips]
        fits += search.extended(fits)
        if not all(fit.slips for fit in fits):
            break
    return _clearest(fits, question.named) if fits else None


def _clearest(fits: Sequence[Fit], named: frozenset[str]) -> Fit | None:
    """The best fit, when no other as good says something else."""
    known = max(len(named.intersection(fit.meaning)) for fit in fits)
    fits = [fit for fit in fits if len(named.intersection(fit.meaning)) == known]
    cheapest = min(fit.price for fit in fits)
    best = [fit for fit in fits if fit.price == cheapest]
    return best[0] if len({fit.rows for fit in best}) == 1 else None


class _RuleSearch:
    def __init__(self, question: Question) -> None:
        self.question = question
        known = [m for m in question.assignment.misconceptions if m.changes and question.subject in m.groups]
        known = [m for m in known if question.subject not in m.inherited or m.id in question.named]
        self.known = [Part(m, m.changes, COMMON if m.common else RARE) for m in known if m.unknown is None]
        self.counted = [
            Part(m, m.changes, (COMMON if m.common else RARE) + NUMBER) for m in known if m.unknown is not None
        ]

    @cached_property
    def gated(self) -> list[Part]:
        gates = self.question.assignment.gates
        return [gated(part, gate) for part in self.known for gate in gates if _gates(part)]

    def singles(self) -> list[Fit]:
        fits = self.fitting(Candidates.singles(self.known))
        fits = fits or self.solved(Candidates.singles(self.counted))
        return fits or self.fitting(Candidates.singles(self.gated))

    def extended(self, fits: Sequence[Fit]) -> list[Fit]:
        """Those that explain, with one more belief, what the best of the fits leave unexplained."""
        found = []
        for fit in sorted(fits, key=lambda fit: fit.price)[:MOST_EXTENDED]:
            turned = frozenset[str]().union(*(part.switches for part in fit.parts))
            free = [part for part in self.known if fit.slips and part.switches.isdisjoint(turned)]
            if free:
                before = len(fit.parts)
                rows = np.array([[*range(before), before + i] for i in range(len(free))])
                longer = Candidates([*fit.parts, *free], rows)
                hypotheses = longer.hypotheses([fit.number] * len(longer))
                rows = self.question.surviving(hypotheses, fit.conventions)
                more = self._fits(longer, rows, hypotheses.take(rows), fit.conventions)
                found += [one for one in more if one.reproduced > fit.reproduced]
        return found

    def pairs(self) -> list[Fit]:
        return self.fitting(Candidates.sets(self.known, 2))

    def more(self) -> list[Fit]:
        common = [p for p in self.known if p.price == COMMON]
        fits = self.fitting(Candidates.sets(common, 3)) or self.solved(Candidates.product(self.counted, common))
        often = [g for g in self.gated if g.price == COMMON + GATE]
        return fits or self.fitting(Candidates.product(often, common))

    def fitting(self, every: Candidates) -> list[Fit]:
        """Those candidates without unknowns that fit."""
        return [fit for _, scenarios in self.question.evidence for fit in self.among(every, scenarios)]

    def among(self, every: Candidates, evidence: Sequence[Scenario]) -> list[Fit]:
        """Those candidates without unknowns that reproduce these scenarios, under every set of conventions."""
        fits = []
        first, *_ = evidence = self.question.first(evidence, self.known)
        for alike in self.question.alike([first], self.known):
            groups = every.showing(alike[0][1])
            hypotheses = groups.hypotheses()
            near = self.question.surviving(hypotheses, alike[0][0], [first])
            for conventions, _ in alike if len(near) else ():
                fitting = near[self.question.surviving(hypotheses.take(near), conventions, evidence)]
                if len(fitting) <= MOST_ALIKE:
                    fits += self._fits(groups, fitting, hypotheses.take(fitting), conventions)
        return fits

    def solved(self, every: Candidates) -> list[Fit]:
        """Those candidates, each with one unknown, that fit with the number that suits them best."""
        return [
            fit
            for showing, scenarios in self.question.evidence
            for fit in self._solved(every, scenarios[:showing], scenarios)
        ]

    def _solved(self, every: Candidates, shown: Sequence[Scenario], evidence: Sequence[Scenario]) -> list[Fit]:
        fits = []
        for alike in self.question.alike(shown[:SHOWN], self.known):
            groups = every.showing(alike[0][1])
            found = list(self._numbers(groups, alike[0][0], shown))
            if not found:
                continue
            near = groups.take([row for row, _ in found]).hypotheses([number for _, number in found])
            for conventions, _ in alike:
                for at in self.question.surviving(near, conventions, evidence).tolist():
                    row, number = found[at]
                    told = groups.take([row] * len(rounder(number))).hypotheses(rounder(number))
                    roundest = int(self.question.surviving(told, conventions, evidence)[0])
                    fits += self._fits(groups, [row], told.take(slice(roundest, roundest + 1)), conventions)
        return fits

    def _numbers(
        self, groups: Candidates, conventions: frozenset[str], shown: Sequence[Scenario]
    ) -> Iterator[tuple[int, float]]:
        """(candidate, number) for those that come near on the scenarios that show most, for whole numbers each."""
        if not len(groups):
            return
        question = self.question
        every = map(groups.group, range(len(groups)))
        unknowns = [next(p.belief.unknown for p in group if p.belief.unknown) for group in every]
        yield from solve(
            lambda rows, numbers, scenarios: question.predict(
                scenarios, groups.take(rows).hypotheses(numbers), conventions
            ),
            unknowns, shown, question.observations, MOST_SOLVED,
        )  # fmt: skip

    def _fits(
        self,
        groups: Candidates,
        rows: Sequence[int] | NDArray[np.int_],
        hypotheses: Hypotheses,
        conventions: frozenset[str],
    ) -> list[Fit]:
        """Those candidates (`rows` of `groups`) as fits, with what each reproduces beyond the rule.

        Those that account for no failure at all, or reproduce no finite move, are left out.
        """
        if not len(rows):
            return []
        question = self.question
        special = [s for s in question.scenarios if s.id in question.conduct]
        predicted = question.predict(special, hypotheses, conventions) if special else []
        agreeing = {s.id: question.agree(s, arrays) for s, arrays in zip(special, predicted, strict=True)}
        hidden = {c.id for c in question.assignment.conventions if c.group == question.subject and c.beside}
        fits, shows = [], self._shows(hypotheses, conventions)
        for at, row in enumerate(rows):
            parts = groups.group(row)
            missed = {name for name, good in agreeing.items() if not good[at]}
            good = frozenset({s.id for s in (*question.ordered, *special)} - missed)
            inexact = missed and any(part.belief.exact for part in parts)
            if parts and (inexact or not (good & question.failed and shows[at])):
                continue
            price = sum(p.price for p in parts) + (SLIP if missed else 0) + HIDDEN * len(conventions & hidden)
            numbers = tuple(hypotheses.numbers[at].tolist())
            fits.append(Fit(parts, numbers, conventions, good, price, bool(missed)))
        return fits

    def _shows(self, hypotheses: Hypotheses, conventions: frozenset[str]) -> Mask:
        """(hypotheses,): whether each reproduces a finite move somewhere; nothing else is evidence for a rule."""
        shows = np.zeros(len(hypotheses), dtype=bool)
        for scenario in self.question.ordered:
            (arrays,) = self.question.predict([scenario], hypotheses, conventions)
            for name, rows in arrays.items():
                with np.errstate(invalid="ignore"):
                    moves = np.diff(self.question.observations[scenario.id].arrays[name], axis=0)
                    shown = np.isfinite(moves) & (moves != 0) & np.isfinite(np.diff(rows, axis=1))
                shows |= shown.reshape(len(rows), -1).any(axis=1)
            if shows.all():
                break
        return shows


def gated(part: Part, gate: str) -> Part:
    changes = {switch: f"{option} @ {gate}" for switch, option in part.changes.items()}
    return replace(part, changes=changes, price=part.price + GATE, gate=gate)


def _gates(part: Part) -> bool:
    return not any(" @ " in option for option in part.changes.values())
