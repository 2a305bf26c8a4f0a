"""Names the misconception that reproduces what was observed, or says nothing.

This is system identification: the assignment's update rules are a family with switches, a misconception says which
switches differ, and combinations of up to three are tried, all in one batched run. A claim needs every failing
observation of its subject reproduced, no passing one spoilt, and no other hypothesis as simple that does as well
(or only such as are equal in all that can be observed, and have rarer names).
Mistakes that are not update rules are recognised by the facts they leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from autograder.judge.marks import Key
from autograder.model import Array, Assignment, Diagnosis, Finding, Misconception, Observation, Scenario

Mask = NDArray[np.bool_]
SCREEN_COORDINATES = 8  # numbers per step that the first, cheap pass looks at
BATCH = 4096  # hypotheses at once: a few MB of intermediate arrays


@dataclass(frozen=True)
class Evidence:
    """What the diagnosis of one submission may use."""

    assignment: Assignment
    scenarios: Sequence[Scenario]
    observations: Mapping[str, Observation]
    findings: Sequence[Finding]
    conventions: Mapping[str, frozenset[str]]  # by subject
    without_rule: frozenset[str] = frozenset()  # subjects that ignore their gradients: no rule is looked for


def diagnose(evidence: Evidence) -> tuple[tuple[Diagnosis, ...], frozenset[Key]]:
    """The diagnoses, and the failed checks that they account for."""
    diagnoses: list[Diagnosis] = []
    explained: set[Key] = set()
    subjects = dict.fromkeys(map(evidence.assignment.subject, evidence.scenarios))
    for subject in subjects:
        claimed, keys = _by_rule(evidence, subject, frozenset(d.misconception for d in diagnoses))
        diagnoses += [_diagnosis(m, subject) for m in claimed]
        explained |= keys | _implied(evidence, claimed)
    for misconception, subject, keys in _by_facts(evidence, explained):
        diagnoses.append(_diagnosis(misconception, subject))
        explained |= keys
    return tuple(diagnoses), frozenset(explained)


def _implied(evidence: Evidence, claimed: Sequence[Misconception]) -> set[Key]:
    implied = {place for m in claimed for place in m.implies}
    return {(f.scenario, f.check.id) for f in evidence.findings if f"{f.scenario}:{f.check.id}" in implied}


def _diagnosis(m: Misconception, subject: str) -> Diagnosis:
    return Diagnosis(m.id, m.criterion, m.title, m.hint, m.try_this, subject, m.cost)


# --------------------------------------------------------------------------------------------------- update rules
def _by_rule(evidence: Evidence, subject: str, named: frozenset[str]) -> tuple[tuple[Misconception, ...], set[Key]]:
    """What reproduces a subject's observations, and the checks it accounts for; `named`: for the subjects before it."""
    theirs = [s for s in evidence.scenarios if evidence.assignment.subject(s) == subject]
    failed = {f.scenario for f in evidence.findings if f.status == "failed" and f.check.arrays and not f.check.at_most}
    able = _predictable(evidence, subject, theirs)
    must = [s for s in able if s.group == subject]
    if subject in evidence.without_rule or not any(s.id in failed for s in must):
        return (), set()
    known = [m for m in evidence.assignment.misconceptions if m.changes and subject in m.groups]
    screen = _screen([s for s in must if s.id in failed])
    for size in (1, 2, 3):
        candidates = list(_combinations(known, size))
        left = _reproducing(evidence, subject, screen, candidates)
        matching = _reproducing(evidence, subject, must, left)
        if matching:
            claimed = _only(matching, named)
            if not _shown(evidence, must, subject, claimed):
                return (), set()
            return (claimed, _accounted(evidence, subject, able, claimed)) if claimed else ((), set())
    return (), set()


def _predictable(evidence: Evidence, subject: str, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Those that ran to their end, and whose outcome the family can predict."""
    empty = evidence.assignment.predict(subject, scenarios, [], frozenset())
    seen = evidence.observations
    return [
        s for s, arrays in zip(scenarios, empty, strict=True) if arrays and s.id in seen and seen[s.id].fault is None
    ]


def _screen(failed: Sequence[Scenario]) -> list[Scenario]:
    """The smallest failing scenarios: enough to throw out nearly every wrong hypothesis at a tenth of the cost."""
    chosen: list[Scenario] = []
    size = 0
    for scenario in sorted(failed, key=_coordinates):
        if chosen and size + _coordinates(scenario) > SCREEN_COORDINATES:
            break
        chosen.append(scenario)
        size += _coordinates(scenario)
    return chosen


def _coordinates(scenario: Scenario) -> int:
    return sum(array.size for name, array in scenario.arrays.items() if name[0] == "p")


def _combinations(known: Sequence[Misconception], size: int) -> Iterator[tuple[Misconception, ...]]:
    """Sets of misconceptions that turn different switches; three at a time only common ones, or ties are likely."""
    chosen = [(m, frozenset(m.changes)) for m in known if m.common or size < 3]
    for group in combinations(chosen, size):
        if all(one.isdisjoint(other) for (_, one), (_, other) in combinations(group, 2)):
            yield tuple(m for m, _ in group)


def _reproducing(
    evidence: Evidence, subject: str, scenarios: Sequence[Scenario], candidates: Sequence[tuple[Misconception, ...]]
) -> list[tuple[Misconception, ...]]:
    """Those candidates whose trajectories agree with every one observed in these scenarios."""
    kept = []
    for at in range(0, len(candidates), BATCH):
        batch = candidates[at : at + BATCH]
        hypotheses = [_merge(group) for group in batch]
        predicted = evidence.assignment.predict(subject, scenarios, hypotheses, evidence.conventions[subject])
        good = np.ones(len(batch), dtype=bool)
        for scenario, arrays in zip(scenarios, predicted, strict=True):
            good &= _agree(evidence, scenario, arrays)
        kept += [group for group, fits in zip(batch, good, strict=True) if fits]
    return kept


def _merge(group: Sequence[Misconception]) -> dict[str, str]:
    return {switch: option for m in group for switch, option in m.changes.items()}


def _agree(evidence: Evidence, scenario: Scenario, predicted: Mapping[str, Array]) -> Mask:
    """(hypotheses,): whether each predicts what was observed; where both are not finite they agree."""
    found = evidence.observations[scenario.id].arrays
    relative = evidence.assignment.tolerances["default"].relative
    good = np.ones(len(next(iter(predicted.values()))), dtype=bool)
    with np.errstate(all="ignore"):
        for name, rows in predicted.items():
            observed = found.get(name)
            if observed is None or observed.shape != rows.shape[1:]:
                return np.zeros(len(rows), dtype=bool)
            finite = np.isfinite(observed)
            scale = relative * np.abs(np.where(finite, observed, 0)).max()
            same = np.where(np.isfinite(rows) & finite, np.abs(rows - observed) <= scale, np.isfinite(rows) == finite)
            good &= same.reshape(len(rows), -1).all(axis=1)
    return good


def _shown(evidence: Evidence, scenarios: Sequence[Scenario], subject: str, claimed: tuple[Misconception, ...]) -> bool:
    """Whether the claim reproduces a finite move somewhere: what is nowhere finite is no evidence for any rule."""
    predicted = evidence.assignment.predict(subject, scenarios, [_merge(claimed)], evidence.conventions[subject])
    for scenario, arrays in zip(scenarios, predicted, strict=True):
        found = evidence.observations[scenario.id].arrays
        for name, rows in arrays.items():
            with np.errstate(invalid="ignore"):
                moves = np.diff(found[name], axis=0)
            if (np.isfinite(moves) & (moves != 0) & np.isfinite(np.diff(rows[0], axis=0))).any():
                return True
    return False


def _only(matching: Sequence[tuple[Misconception, ...]], named: frozenset[str]) -> tuple[Misconception, ...]:
    """The one hypothesis that fits, or none when a name might be wrong.

    Several that fit are equal in everything observed: then the one with most names that are known already, because
    one part of a submission may use another, and with the commonest names, if it is one.
    """
    rank = [(sum(m.id in named for m in group), sum(m.common for m in group)) for group in matching]
    best = [group for group, n in zip(matching, rank, strict=True) if n == max(rank)]
    return best[0] if len(best) == 1 else ()


def _accounted(
    evidence: Evidence, subject: str, able: Sequence[Scenario], claimed: tuple[Misconception, ...]
) -> set[Key]:
    """Every failed check whose observation the claim reproduces, in all scenarios that the subject's rule moves."""
    predicted = evidence.assignment.predict(subject, able, [_merge(claimed)], evidence.conventions[subject])
    fitting = {s.id for s, arrays in zip(able, predicted, strict=True) if _agree(evidence, s, arrays).all()}
    return {
        (f.scenario, f.check.id)
        for f in evidence.findings
        if f.scenario in fitting and f.status == "failed" and not f.check.fact
    }


# ---------------------------------------------------------------------------------------------- everything else
def _by_facts(evidence: Evidence, explained: set[Key]) -> Iterator[tuple[Misconception, str, set[Key]]]:
    """Misconceptions all of whose listed facts were observed; a check may also be listed as "failed" or "passed"."""
    status = {f"{f.scenario}:{f.check.id}": f for f in evidence.findings}
    subjects = {s.id: evidence.assignment.subject(s) for s in evidence.scenarios}
    taken: set[Key] = set()
    ordered = sorted((m for m in evidence.assignment.misconceptions if m.facts), key=lambda m: -len(m.facts))
    for m in ordered:
        keys: set[Key] = set()
        for place, wanted in m.facts.items():
            scenario, _, name = place.partition(":")
            finding = status.get(place)
            if wanted in ("failed", "passed") and finding is not None:
                if finding.status != wanted or (scenario, name) in explained | taken or _unseen(finding):
                    break
            elif not _observed(evidence, scenario, name, wanted):
                break
            if finding is not None and finding.status == "failed":
                keys.add((scenario, name))
        else:
            if keys and not keys & taken:
                taken |= keys
                yield m, subjects[next(iter(m.facts)).partition(":")[0]], keys


def _unseen(finding: Finding) -> bool:
    """Whether a relation failed because there was nothing to compare: that says nothing about what it relates."""
    return finding.check.relation is not None and not np.isfinite(finding.error)


def _observed(evidence: Evidence, scenario: str, name: str, wanted: object) -> bool:
    observation = evidence.observations.get(scenario)
    return observation is not None and name in observation.facts and observation.facts[name] == wanted
