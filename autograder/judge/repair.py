"""Finds the smallest edit of a submission with which a class agrees: it says where a mistake is.

Edits are made and run in the sandbox (guest/repair.py); here their numbers are compared with the goldens of every
convention. An edit is trusted only if all experiments of its subject agree with it and none elsewhere gets worse.
Two mistakes in one class are found one after the other: an edit with which strictly more agrees, then the next. Of a
mistake that has a name and is in several places, the first edit leads to a rule on the way (waypoints.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.judge.compare import compare, scale_of
from autograder.judge.observations import Observations, fitting, goldens, with_derived
from autograder.judge.probing import Ask, Beginning, Probing, Rule, beginning
from autograder.model import Array, Assignment, Finding, Observation, RuleQuantity, Scenario, Trial

if TYPE_CHECKING:
    from autograder.judge.waypoints import Waypoint  # which check.py does without

Failures = frozenset[tuple[str, str]]  # (scenario id, check id)

MOST_CONFIRMED = 8  # edits that are tried in every experiment of their subject, smallest first
MOST_TRUSTED = 5  # of them, those of one line each that are tried in every other experiment too, until one is found
MOST_AFTER = 2  # of them, others of the same lines, where none of those is trusted
MOST_NARROWED = 200  # of more than those, that are tried in some more experiments first
GRAMMARS = (False, True)  # what the file has, changed; where that mends nothing, also insertions
MOST_SIFTED = 6  # times that all edits of what ran are tried, for one submission
AS_SMALL = 0.5  # by which an edit may be larger than another one and still be about as small
MOST_WATCHED = 4  # edits on different lines of which what is computed with them is looked at
FEW_NUMBERS = 5  # start and gradients together: an experiment with fewer lets too many edits through
OPERANDS = -1  # the depth that the guest gives them (guest/switched.py)
MOST_IN_ONE = 2  # mistakes that are looked for in one class
# Costs of edits: these are tried first, and larger ones where none of them will do.
SMALL, LARGEST = 1.9, 100.0
BOUNDS, RICH_BOUNDS = (0.0, SMALL, LARGEST), (0.0, 3.0, LARGEST)


@dataclass(frozen=True)
class Mend:
    """A trusted edit: with it (and those before it) everything about its subject agrees, or all that it computes."""

    subject: str
    trial: Trial
    fixed: Failures  # what no longer fails with it
    rivals: tuple[Trial, ...] = ()  # other edits that do as well
    row: str = ""  # the rubric row of what is computed there, where that is known
    named: str = ""  # the row of the named mistake that the edit is a part of
    left: bool = False  # whether conduct still fails with it, and only the rule is right

    @property
    def tried(self) -> tuple[int, ...]:
        """The edit and its rivals, by number."""
        return tuple(dict.fromkeys(t.edit for t in (self.trial, *self.rivals)))


Judged = tuple[Mend, dict[str, Observation]]  # an edit, and what is seen with it
Step = tuple[Mend, Mapping[str, Any], dict[str, Observation]]  # and how it is made before the next search


@dataclass(frozen=True)
class Mending:
    """The result of a search, and the behaviour of the repaired program."""

    mends: tuple[Mend, ...] = ()
    parts: tuple[Mend, ...] = ()  # edits that mend a part of a named mistake whose other part was not found
    repaired: Observations = field(default_factory=dict)  # by scenario id; only those that were played again
    unfinished: tuple[str, ...] = ()  # subjects whose search was cut short
    agreeing: frozenset[str] = frozenset()  # subjects about which everything agrees with the edits


def all_played(assignment: Assignment, scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """The experiments that a search may ask for: those, and each in which what a rule computes is noted."""
    watches = {subject: assignment.quantities(subject) for subject in dict.fromkeys(map(assignment.subject, scenarios))}
    return (*scenarios, *(watch[0] for watch in watches.values() if watch is not None))


def mend(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    golden: Observations,
    observations: Observations,
    ask: Ask,
    waypoints: Mapping[str, Sequence[Waypoint]],
    slips: Failures,
) -> Mending:
    """Searches subject by subject, in the order of the experiments.

    `waypoints`: of subjects whose rule is known. `slips`: failures that have a name and are no rule's; they are looked
    for when all else is right, and may stay.
    """
    return _Search(assignment, scenarios, golden, ask, waypoints, slips).everything(observations)


class _Search:
    def __init__(
        self,
        assignment: Assignment,
        scenarios: Sequence[Scenario],
        golden: Observations,
        ask: Ask,
        waypoints: Mapping[str, Sequence[Waypoint]],
        slips: Failures,
    ) -> None:
        self.assignment, self.ask, self.waypoints, self.slips = assignment, ask, waypoints, slips
        self.scenarios = [s for s in scenarios if any(not c.at_most for c in s.checks)]
        self.subjects = {s.id: assignment.subject(s) for s in self.scenarios}
        self.canonical, self.by_convention = golden, dict[tuple[str, int], Observations]()
        self.by_id = {s.id: s for s in self.scenarios}
        self.unfinished: list[str] = []
        self.judged: dict[tuple[str, int, int], tuple[Observation | None, Failures]] = {}
        self.sifted = 0
        self.made: list[tuple[int, tuple[int, ...]]] = []  # of other classes: a place in the chain, and edits for it
        self.in_parts = False  # whether one of them took several
        subjects = dict.fromkeys(self.subjects.values())
        self.rules = [s for s in subjects if assignment.quantities(s) is not None]
        self.whole = {name: [s for s in scenarios if assignment.subject(s) == name] for name in subjects}

    def golden(self, subject: str) -> Iterator[Observations]:
        """The goldens of every set of conventions, the canonical ones first; each computed when it is asked for."""
        yield self.canonical
        known = [c.id for c in self.assignment.conventions if c.group == subject and not c.beside]
        every = (frozenset(some) for n in range(1, len(known) + 1) for some in combinations(known, n))
        for number, some in enumerate(every, start=1):
            if (subject, number) not in self.by_convention:
                self.by_convention[subject, number] = goldens(self.assignment, self.whole[subject], some)
            yield self.by_convention[subject, number]

    def about(self, subject: str) -> list[Scenario]:
        return [s for s in self.scenarios if self.subjects[s.id] == subject]

    # ------------------------------------------------------------------------------------------------ judging
    def findings(self, scenario: Scenario, golden: Observations, seen: Observation | None) -> tuple[Finding, ...]:
        checks = tuple(c for c in scenario.checks if not c.at_most)
        found = compare(scenario, golden[scenario.id], seen, self.assignment.tolerances)
        return tuple(f for f in found if f.check in checks)

    def failures(self, subject: str, observations: Observations) -> Failures:
        """Return what fails by the conventions that suit best."""
        theirs = [(s, observations.get(s.id)) for s in self.about(subject)]
        fewest: Failures | None = None
        for number, golden in enumerate(self.golden(subject)):
            failing = Failures().union(*(self._failing(s, golden, number, seen) for s, seen in theirs))
            if fewest is None or len(failing) < len(fewest):
                fewest = failing
            if not fewest:
                break
        return fewest or Failures()

    def _failing(self, scenario: Scenario, golden: Observations, number: int, seen: Observation | None) -> Failures:
        """Return what fails in one experiment by the conventions of that number: judged once for each observation."""
        key = (scenario.id, number, id(seen))
        if key not in self.judged:
            found = (f for f in self.findings(scenario, golden, seen) if f.status != "passed")
            failing = frozenset((scenario.id, f.check.id) for f in found)
            self.judged[key] = (seen, failing)  # while it is kept, its id is nobody else's
        return self.judged[key][1]

    def completed(self, scenario: Scenario, seen: Observation) -> Observation:
        plain = fitting(seen, self.canonical[scenario.id])
        return with_derived(self.assignment, [scenario], {scenario.id: plain})[scenario.id]

    # ---------------------------------------------------------------------------------------------- searching
    def everything(self, observations: Observations) -> Mending:
        now, chain, mends, parts = dict(observations), list[Mapping[str, Any]](), list[Mend](), list[Mend]()
        first = self._before_rules(now)
        for subject in (*first, *self._in_order(first)):
            spoilt = any(self.failures(r, now) for r in self.rules)
            if self.assignment.quantities(subject) is None and spoilt and subject not in first:
                break  # what a broken rule spoils elsewhere tells no line
            before, steps, found = dict(now), list(chain), list[Mend]()
            right: tuple[list[Mend], list[Mapping[str, Any]], dict[str, Observation]] | None = None
            for _ in range(MOST_IN_ONE):
                failing = self.failures(subject, now)
                if not failing or self._unwritten(subject, failing, now):
                    break
                if self.sifted >= MOST_SIFTED:
                    self.unfinished.append(subject)
                    break
                wanted = (failing - self.slips) or failing
                best = self._improve(subject, wanted, now, steps, self.waypoints.get(subject, ()) if not found else ())
                if best is None:
                    break
                one, step, seen = best
                steps.append(step)
                now |= seen
                slips = failing & self.slips - self.failures(subject, now)  # that it mends as well
                found.append(replace(one, fixed=one.fixed | slips))
                if right is None and self._computes_right(subject, now, before):
                    right = [replace(one, left=True) for one in found], list(steps), dict(now)
            if right is not None and self.failures(subject, now) - self.slips:
                found, steps, now = right
            if found and (found[0].left or self.failures(subject, now) <= self.slips):
                self.made += [(len(chain) + n, one.tried) for n, one in enumerate(found)]
                self.in_parts = self.in_parts or len(found) > 1
                chain, mends = steps, [*mends, *_joined(_of_one_mistake(found))]
            else:
                now, parts = before, [*parts, *(one for one in found if one.named)]
        repaired = {name: seen for name, seen in now.items() if seen is not observations.get(name)}
        agreeing = frozenset(s for s in self.whole if self.failures(s, now) <= self.slips)
        return Mending(tuple(mends), tuple(parts), repaired, tuple(self.unfinished), agreeing)

    def _computes_right(self, subject: str, now: Observations, before: Observations) -> bool:
        """Return whether a rule failed before, and only conduct does now: how state is handed out, say."""
        conduct = {c.id for c in self.assignment.criteria if c.conduct}
        left, failed = (self._rows(self.failures(subject, seen)) for seen in (now, before))
        return subject in self.rules and left <= conduct and not failed <= conduct

    def _before_rules(self, now: Observations) -> list[str]:
        """The subjects that are no rule, and fail, about whose rows alone the rules fail as well."""
        spoilt = {row for rule in self.rules for row in self._rows(self.failures(rule, now))}
        others = [s for s in dict.fromkeys(self.subjects.values()) if s not in self.rules]
        return [s for s in others if spoilt and spoilt <= self._rows(self.failures(s, now))]

    def _numbers(self, failing: Failures) -> Failures:
        """Those of these that are about numbers, and no facts."""
        return frozenset(
            (name, check) for name, check in failing if any(c.arrays for c in self.by_id[name].checks if c.id == check)
        )

    def _rows(self, failing: Failures) -> set[str]:
        return {c.criterion for name, check in failing for c in self.by_id[name].checks if c.id == check}

    def _in_order(self, first: Sequence[str]) -> list[str]:
        """The others, rules first: what else is wrong may come of them."""
        subjects = dict.fromkeys([*self.rules, *self.subjects.values()])
        return [s for s in subjects if s not in first]

    def _unwritten(self, subject: str, failing: Failures, observations: Observations) -> bool:
        """Return whether the bodies are those of the bare template: nothing there is repaired."""
        faults = [seen.fault for name, _ in failing if (seen := observations.get(name)) is not None]
        return any(f is not None and f.type == "NotImplementedError" for f in faults)

    def _improve(
        self,
        subject: str,
        failing: Failures,
        now: Observations,
        chain: Sequence[Mapping[str, Any]],
        waypoints: Sequence[Waypoint],
    ) -> Step | None:
        """The first edit with which everything about the subject agrees; else one with which more does."""
        again, partly = self._as_before(subject, failing, now, chain, waypoints), None
        if again is not None:
            return again
        probes = self._probes(subject, failing, now, waypoints)
        for probe, rich in probes:
            if partly is not None and not rich and probe is not probes[0][0]:
                break  # one mistake of two is found
            probing = self._probing(subject, probe, now, chain, waypoints, rich=rich)
            trials, fitting, best = list[Trial](), list[Trial](), None
            for more, enough in self._sifted(subject, probing):
                trials += more
                fitting = self._fitting(subject, failing, now, probing, trials)
                best = self._best(subject, failing, now, probing, fitting)
                if best is not None and best[0].fixed == failing and best[0].trial.cost <= enough:
                    break
            if not fitting and subject in self.unfinished and subject not in self.rules:
                break  # long experiments: there was no time for the first grammar
            if best is not None and best[0].fixed == failing:
                return best
            nearer = self._nearer(subject, now, probing, trials, waypoints)
            if nearer is not None:
                return nearer
            partly = partly or best
        return partly

    def _as_before(
        self,
        subject: str,
        failing: Failures,
        now: Observations,
        chain: Sequence[Mapping[str, Any]],
        waypoints: Sequence[Waypoint],
    ) -> Step | None:
        """The edit that mended another class, made in this one: a mistake is copied with the code around it."""
        probe, _ = self._probes(subject, failing, now, waypoints)[0]
        for rich in GRAMMARS:
            like = [one for one in self.made if chain[one[0]]["rich"] == rich]
            if not like:
                continue
            probing = self._probing(subject, probe, now, chain, waypoints, rich=rich)
            trials = probing.alike(like)
            fitting = self._fitting(subject, failing, now, probing, trials)
            best = self._best(subject, failing, now, probing, fitting)
            if best is not None and (self.in_parts or best[0].fixed == failing):
                return best
            nearer = self._nearer(subject, now, probing, trials, waypoints)
            if nearer is not None:
                return nearer
        return None

    def _probing(
        self,
        subject: str,
        probe: Scenario,
        now: Observations,
        chain: Sequence[Mapping[str, Any]],
        waypoints: Sequence[Waypoint],
        *,
        rich: bool,
    ) -> Probing:
        watch = self.assignment.quantities(subject)
        watched, begins = watch[0] if watch else None, self._beginning(subject, probe, now, waypoints)
        return Probing(self.ask, self.scenarios, watched, probe, chain, rich=rich, begins=begins)

    def _beginning(
        self, subject: str, probe: Scenario, now: Observations, waypoints: Sequence[Waypoint]
    ) -> Beginning | None:
        """The first rows of the probing experiment that a right edit changes, or one with which a rule is nearer."""
        golden = self.canonical[probe.id].arrays
        recorded = {n: a for n, a in golden.items() if n not in self.assignment.derive(probe, golden)}
        asked = {name: check.tolerance for check in probe.checks for name in check.arrays if name in recorded}
        tolerances, rules = self.assignment.tolerances, list[Rule]()
        for one in (golden[probe.id] for golden in self.golden(subject)):
            bounds = {n: scale_of(one.arrays[n], one.kinds.get(n), tolerances[asked[n]]) for n in asked}
            rules.append({name: (one.arrays[name], bound) for name, bound in bounds.items()})
        for way in waypoints:
            arrays = way.expected[probe.id].arrays if probe.id in way.expected else {}
            rules.append({n: (a, way.bound(a)) for n, a in arrays.items() if n in recorded})
        seen = now.get(probe.id)
        return beginning(seen.arrays if seen is not None else {}, rules)

    def _sifted(self, subject: str, probing: Probing) -> Iterator[tuple[list[Trial], float]]:
        """The edits in the probing experiment, small ones first; and the cost up to which one ends the search."""
        self.sifted += 1
        for above, up_to in pairwise(RICH_BOUNDS if probing.rich else BOUNDS):
            trials, done = probing.sift(above, up_to)
            if not done and subject not in self.unfinished:
                self.unfinished.append(subject)
            yield trials, up_to - AS_SMALL * probing.rich

    def _best(
        self, subject: str, failing: Failures, now: Observations, probing: Probing, fitting: Sequence[Trial]
    ) -> Step | None:
        """The first trusted edit with which everything about the subject agrees; else one with which more does."""
        confirmed = self._confirmed(subject, probing, fitting)
        judged = self._closest_first(subject, self._judged(subject, failing, now, confirmed), probing)
        others = [r for r in self.rules if r != subject and self.failures(r, now)]
        whole: list[tuple[int, Step]] = []
        spoilt: set[str] = set()
        first = _one_of_each_line(judged, AS_SMALL if others else np.inf)[:MOST_TRUSTED]
        for one, seen in first:
            trusted = self._trusted(one, seen, now, probing, spoilt)
            if trusted is None:
                continue
            found = trusted[0], probing.step(one.trial), trusted[1]
            if one.fixed != failing:
                return found  # none is whole then: all leave equally much
            whole.append((sum(len(self.failures(r, {**now, **trusted[1]})) for r in others), found))
            if not whole[-1][0]:
                break
        if whole:
            return min(whole, key=lambda entry: entry[0])[1]
        ids = {one.trial.edit for one, _ in first}
        after = [entry for entry in judged if entry[0].trial.edit not in ids]
        for one, seen in self._sparing(after, now, probing, spoilt)[:MOST_AFTER]:
            trusted = self._trusted(one, seen, now, probing, spoilt)
            if trusted is not None:
                return trusted[0], probing.step(one.trial), trusted[1]
        return None

    def _sparing(
        self, judged: Sequence[Judged], now: Observations, probing: Probing, spoilt: Collection[str]
    ) -> list[Judged]:
        """The edits that make nothing worse in experiments that others have spoilt."""
        if not spoilt:
            return list(judged)
        by_edit = _by_edit(probing.played([one.trial.edit for one, _ in judged], spoilt))
        return [
            (one, seen)
            for one, seen in judged
            if not self._worse(one.subject, now, {**now, **seen, **self._seen(by_edit.get(one.trial.edit, []))})
        ]

    def _nearer(
        self,
        subject: str,
        now: Observations,
        probing: Probing,
        trials: Sequence[Trial],
        waypoints: Sequence[Waypoint],
    ) -> Step | None:
        """The first edit with which the class follows a rule that is nearer to the right one, in every experiment."""
        probe = probing.probe.id
        for way in waypoints:
            if not way.shows(probe, now.get(probe)):
                continue
            fitting = _ordered(t for t in trials if way.agrees(probe, t.observation))
            by_edit = _by_edit(self._confirmed(subject, probing, fitting))
            for trial in fitting:
                seen = self._seen(by_edit.get(trial.edit, []))
                if not all(way.agrees(name, seen.get(name)) for name in way.expected):
                    continue
                one = Mend(subject, by_edit[trial.edit][0], frozenset(), named=way.criterion)
                trusted = self._trusted(one, seen, now, probing, set())
                if trusted is not None:
                    return trusted[0], probing.step(one.trial), trusted[1]
        return None

    def _confirmed(self, subject: str, probing: Probing, fitting: Sequence[Trial]) -> list[Trial]:
        """The first of some edits in every experiment of the subject."""
        wanted = {s.id for s in (*self.about(subject), probing.probe)}
        return probing.played(_of_many_lines(fitting), wanted) if fitting else []

    def _closest_first(self, subject: str, judged: list[Judged], probing: Probing) -> list[Judged]:
        """The edits, first the one with which most of what the right rule computes is computed.

        Of each line the first counts, where it is about as small as the first of all: a minus in the first moment is
        mended by a plus in the step as well, but then m is the right one nowhere.
        """
        watch = self.assignment.quantities(subject)
        near = _one_of_each_line(judged, AS_SMALL)[:MOST_WATCHED]
        if watch is None or len(near) < 2:
            return judged
        values = probing.computed([one.trial.edit for one, _ in near])
        right = [np.ravel(q.values) for q in watch[1] if np.ptp(q.values)]  # a setting is handed on, not computed

        def share(entry: Judged) -> int:
            arrays = values.get(entry[0].trial.edit, ())
            return sum(any(_computes(array, quantity) for array in arrays) for quantity in right)

        best = max(near, key=share)
        return [best, *(entry for entry in judged if entry is not best)]

    def _trusted(
        self, one: Mend, seen: dict[str, Observation], now: Observations, probing: Probing, spoilt: set[str]
    ) -> Judged | None:
        """The edit with its row, and what is seen with it in every experiment; None where it makes something worse.

        The experiments in which it does are put into `spoilt`.
        """
        watch = self.assignment.quantities(one.subject)
        tried = probing.everywhere(one.trial.edit)
        everything = seen | self._seen(tried)
        if worse := self._worse(one.subject, now, {**now, **everything}):
            spoilt.update(worse)
            return None
        noted = [t.observation.arrays for t in tried if watch and t.observation.scenario == watch[0].id]
        ruled_out = switched_off(self.by_id[name] for name, _ in one.fixed)
        return replace(one, row=_row(noted[0], watch[1], ruled_out) if noted and watch else ""), everything

    def _worse(self, subject: str, now: Observations, after: Observations) -> set[str]:
        """The experiments about other subjects in which something fails that did not before.

        A fact may come to light there as well, where more numbers are right than before.
        """
        others = set(self.subjects.values()) - {subject}
        worse = set[str]()
        for failing, left in ((self.failures(s, now), self.failures(s, after)) for s in others):
            fewer = self._numbers(left) < self._numbers(failing)
            if not left <= failing and (self._numbers(left - failing) or not fewer):
                worse |= {name for name, _ in left - failing}
        if worse or any(check.arrays for scenario in self.about(subject) for check in scenario.checks):
            return worse
        # Facts alone tell little of what is right: code that was wrong elsewhere, and still is, must do what it did.
        wrong = {name for s in others for name, _ in self.failures(s, after)}
        return {name for name in wrong if name in now and not _alike_in_all(now[name], after[name])}

    def _seen(self, trials: Sequence[Trial]) -> dict[str, Observation]:
        """The observations in these trials, but for the experiment that is only watched."""
        seen = [t.observation for t in trials if t.observation.scenario in self.by_id]
        return {one.scenario: self.completed(self.by_id[one.scenario], one) for one in seen}

    def _probes(
        self, subject: str, failing: Failures, now: Observations, waypoints: Sequence[Waypoint]
    ) -> list[tuple[Scenario, bool]]:
        """The experiments to probe with, and whether by the grammar of insertions.

        First the failing one that costs least to play often and still tells edits apart, if possible one in which
        every rule on the way shows; at last one with a part of the rule switched off: of two mistakes one may not be
        at work there. Nothing is put in for a slip that has a name.
        """
        ids = {name for name, _ in failing}
        failed = [s for s in self.about(subject) if s.id in ids]
        showing = [s for s in failed if all(way.shows(s.id, now.get(s.id)) for way in waypoints)]
        probe = min(showing or failed, key=_effort)
        probes = [(probe, rich) for rich in (GRAMMARS[:1] if failing <= self.slips else GRAMMARS)]
        off = [s for s in failed if s.without > probe.without and not _effort(s)[0]]
        if off and subject in self.rules:
            probes.append((min(off, key=_effort), False))
        return probes

    def _fitting(
        self, subject: str, failing: Failures, now: Observations, probing: Probing, trials: Sequence[Trial]
    ) -> list[Trial]:
        """The edits with which the probing experiment agrees, and of many those that suit most of a few more.

        Two experiments that fail, if any do, one that does not, and of each other rule one that does not, with as
        little as possible of that rule switched off.
        """
        fitting = _ordered(t for t in trials if self._fits(subject, probing.probe, t))
        ids = {name for name, _ in failing}
        theirs = [s for s in self.about(subject) if s is not probing.probe and any(c.arrays for c in s.checks)]
        others = [s for s in theirs if s.id in ids] or theirs
        if len(fitting) <= MOST_CONFIRMED or not others:
            return fitting
        right = [s for s in theirs if s.id not in ids]
        telling = {s.id: s for s in (_most_telling(others), max(others, key=lambda s: len(s.checks)))}
        telling |= {s.id: s for s in [_most_telling(right)]} if right else {}
        for rule in (r for r in self.rules if r != subject):
            wrong = {name for name, _ in self.failures(rule, now)}
            right = [s for s in self.about(rule) if s.id not in wrong and any(c.arrays for c in s.checks)]
            whole = [s for s in right if len(s.without) == min(len(one.without) for one in right)]
            telling |= {s.id: s for s in [_most_telling(whole)]} if whole else {}
        few = fitting[:MOST_NARROWED]
        found = probing.quickly([t.edit for t in few], telling)
        asked = ((t, telling.get(t.observation.scenario)) for t in found)
        suiting = Counter(t.edit for t, s in asked if s is not None and self._fits(self.subjects[s.id], s, t))
        most = max(suiting.values(), default=0)
        return [t for t in few if suiting[t.edit] == most]

    def _fits(self, subject: str, probe: Scenario, trial: Trial) -> bool:
        names = [name for check in probe.checks for name in check.arrays]
        for golden in self.golden(subject):
            right = golden[probe.id].arrays
            if not all(
                _near(right[n], trial.observation.arrays.get(n)) for n in names if n in trial.observation.arrays
            ):
                continue
            seen = self.completed(probe, trial.observation)
            if all(f.status == "passed" for f in self.findings(probe, golden, seen)):
                return True
        return False

    def _judged(self, subject: str, failing: Failures, now: Observations, trials: Sequence[Trial]) -> list[Judged]:
        """The edits with which most agrees, if that is more than before: smallest first, then those on a busy line.

        Where an edit puts all numbers right, a fact may come to light that they hid: how often something is counted.
        """
        judged = []
        for played in _by_edit(trials).values():
            seen = self._seen(played)
            left = self.failures(subject, {**now, **seen})
            left -= frozenset[tuple[str, str]]() if failing <= self.slips else self.slips
            revealed = self._numbers(failing) and not self._numbers(left)
            if left < failing or revealed:
                judged.append((played[0], left, seen))
        fewest = min((len(left) for _, left, _ in judged), default=0)
        best = [entry for entry in judged if len(entry[1]) == fewest]
        votes = Counter(t.line for t, *_ in best)
        best.sort(key=lambda entry: (entry[0].cost, -votes[entry[0].line], entry[0].edit))
        rivals = tuple(t for t, *_ in best)
        return [(Mend(subject, t, failing - left, rivals), seen) for t, left, seen in best]


def _alike_in_all(one: Observation, other: Observation) -> bool:
    """Return whether two plays of an experiment ended alike, with the same numbers."""
    ended = [seen.fault.type if seen.fault else "" for seen in (one, other)]
    if one is other or ended[0] != ended[1] or one.arrays.keys() != other.arrays.keys():
        return one is other
    pairs = [(one.arrays[name], other.arrays[name]) for name in one.arrays]
    return all(a.shape == b.shape and np.allclose(a, b, equal_nan=True) for a, b in pairs)


def _ordered(trials: Iterable[Trial]) -> list[Trial]:
    """The edits, smallest first, then those on a busy line."""
    kept = list(trials)
    votes = Counter(t.line for t in kept)
    return sorted(kept, key=lambda t: (t.cost, -votes[t.line], t.edit))


def _by_edit(trials: Iterable[Trial]) -> dict[int, list[Trial]]:
    by_edit: dict[int, list[Trial]] = {}
    for trial in trials:
        by_edit.setdefault(trial.edit, []).append(trial)
    return by_edit


def _of_one_mistake(found: Sequence[Mend]) -> list[Mend]:
    """The edits of one class, each that is a part of a named mistake with all that they mend together."""
    together = frozenset[tuple[str, str]]().union(*(one.fixed for one in found))
    return [replace(one, fixed=together) if one.named else one for one in found]


def _of_many_lines(sifted: Sequence[Trial]) -> list[int]:
    """The edits to confirm: first of all one of each line, where it is about as small as the first of all."""
    lines: dict[int, Trial] = {}
    for trial in sifted:
        if trial.cost <= sifted[0].cost + AS_SMALL:
            lines.setdefault(trial.line, trial)
    return list(dict.fromkeys(t.edit for t in [*lines.values(), *sifted]))[:MOST_CONFIRMED]


def _one_of_each_line(judged: Sequence[Judged], larger: float) -> list[Judged]:
    """The first edit of each line, where it is larger than the first of all by no more than this."""
    by_line: dict[int, Judged] = {}
    for entry in judged:
        if entry[0].trial.cost <= judged[0][0].trial.cost + larger:
            by_line.setdefault(entry[0].trial.line, entry)
    return list(by_line.values())


def _joined(mends: Sequence[Mend]) -> list[Mend]:
    """The mends of one class by line; two of them on the same line are one, told as the line is after both."""
    by_line: dict[int, Mend] = {}
    for one in mends:
        before = by_line.pop(one.trial.line, None)
        by_line[one.trial.line] = replace(one, fixed=one.fixed | before.fixed) if before else one
    return [by_line[line] for line in sorted(by_line)]


def switched_off(mended: Iterable[Scenario]) -> frozenset[str]:
    """The rows that a mistake is not about: it shows where that part of the rule is switched off."""
    return frozenset[str]().union(*(s.without for s in mended))


def _row(noted: Mapping[str, Array], quantities: Sequence[RuleQuantity], ruled_out: frozenset[str]) -> str:
    """The row of the innermost noted value that is a quantity of the right rule, up to its sign.

    What a row's part has only gone into is about that row if the part is an operand of the edit, or if nothing
    shows that the mistake is about another one.
    """
    depths = {name: re.fullmatch(r"noted(-?\d{1,3})", name) for name in noted}  # a guest may say anything
    by_depth = {int(depth[1]): np.abs(np.ravel(noted[name])) for name, depth in depths.items() if depth}
    operands = by_depth.pop(OPERANDS, np.array([]))
    parts = {q.criterion for q in quantities if not q.passing and _computes(operands, np.abs(q.values))}
    for _, values in sorted(by_depth.items()):
        for quantity in (q for q in quantities if _computes(values, np.abs(q.values))):
            if not quantity.passing or quantity.criterion in parts or quantity.criterion not in ruled_out:
                return quantity.criterion
    return ""


def _computes(noted: Array, right: Array) -> bool:
    """Return whether a quantity's values are among those noted: in some rhythm, after some of another run.

    A line that only some steps reach notes a stretch of them.
    """
    if len(noted) < len(right):
        windows = [right[at : at + len(noted)] for at in range(len(right) - len(noted) + 1)]
        return len(noted) > 0 and any(_alike(noted, window) for window in windows)
    rhythm = len(noted) // len(right)
    last = noted[len(noted) - rhythm * len(right) :]
    return any(_alike(last[at::rhythm], right) for at in range(rhythm))


def _alike(noted: Array, right: Array) -> bool:
    return bool(np.allclose(noted, right, rtol=1e-4, atol=1e-9))


def _effort(scenario: Scenario) -> tuple[bool, int]:
    """One of few numbers, or with a part of the rule switched off, tells few edits apart; else fewest updates."""
    updates = sum(len(array) for array in scenario.arrays.values() if array.ndim > 1)
    numbers = sum(array.size for array in scenario.arrays.values())
    isolated = any(check.isolates for check in scenario.checks)
    still = any(array.ndim > 1 and not array.any() for array in scenario.arrays.values())
    return isolated or still or numbers < FEW_NUMBERS, updates or numbers


def _most_telling(scenarios: Sequence[Scenario]) -> Scenario:
    """The one of most numbers with nothing switched off, and of these the shortest."""
    return max(scenarios, key=lambda s: (not _effort(s)[0], len(s.arrays), -_effort(s)[1]))


def _near(right: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any] | None) -> bool:
    """Return whether an array is worth a closer look."""
    if theirs is None or theirs.shape != right.shape:
        return False
    return bool(np.abs(theirs - right).max(initial=0.0) <= 1e-2 * np.abs(right).max(initial=0.0) + 1e-9)
