"""Names the misconceptions that reproduce what was observed, or says nothing.

Update rules are identified in search.py, together with the conventions that a submission follows. A claim needs every
trajectory about its subject's rule reproduced, and no other hypothesis as simple that says something else.
Mistakes that are not update rules are recognised by the facts they leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.judge.circumstances import find_deaf
from autograder.judge.marks import Key
from autograder.judge.played import MEMORY
from autograder.judge.search import Fit, Part, Question, identify, moves
from autograder.model import Assignment, Diagnosis, Finding, Hypotheses, Misconception, Observation, Scenario


@dataclass(frozen=True)
class Evidence:
    """The input of the diagnosis of one submission."""

    assignment: Assignment
    scenarios: Sequence[Scenario]
    observations: Mapping[str, Observation]
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Told:
    """The diagnoses, the failed checks that they account for, and the wrong rules that were identified."""

    diagnoses: tuple[Diagnosis, ...]
    explained: frozenset[Key]
    fits: Mapping[str, Fit]  # by subject
    slips: frozenset[Key]  # what is accounted for by facts alone

    @property
    def conventions(self) -> dict[str, frozenset[str]]:
        """The conventions that came to light, by subject."""
        return {subject: fit.conventions for subject, fit in self.fits.items()}


def diagnose(evidence: Evidence) -> Told:
    """Names what can be named, subject by subject."""
    MEMORY.begin(evidence.scenarios)
    diagnoses: list[Diagnosis] = []
    explained: set[Key] = set()
    fits: dict[str, Fit] = {}
    responses = {evidence.assignment.subject(s): s for s in evidence.scenarios if s.role == "response"}
    deaf = find_deaf(responses, evidence.observations)
    for subject in dict.fromkeys(map(evidence.assignment.subject, evidence.scenarios)):
        if subject in deaf:
            continue
        fit = _by_rule(evidence, subject, frozenset(d.misconception for d in diagnoses))
        if fit is not None:
            diagnoses += [
                _of_rule(evidence.assignment, part, number, subject)
                for part, number in zip(fit.parts, fit.numbers, strict=True)
            ]
            explained |= _accounted(evidence, subject, fit) | _implied(evidence, [p.belief for p in fit.parts])
            fits[subject] = fit
    slips: set[Key] = set()
    for misconception, subject, keys in _by_facts(evidence, explained):
        diagnoses.append(_diagnosis(misconception, subject))
        slips |= keys
        explained |= keys | _implied(evidence, [misconception])
    return Told(tuple(diagnoses), frozenset(explained), fits, frozenset(slips))


def _implied(evidence: Evidence, claimed: Sequence[Misconception]) -> set[Key]:
    implied = {place for m in claimed for place in m.implies}
    return {(f.scenario, f.check.id) for f in evidence.findings if f"{f.scenario}:{f.check.id}" in implied}


def _diagnosis(m: Misconception, subject: str) -> Diagnosis:
    return Diagnosis(m.id, m.criterion, m.title, m.hint, m.try_this, subject, m.cost)


# --------------------------------------------------------------------------------------------------- update rules
def _by_rule(evidence: Evidence, subject: str, named: frozenset[str]) -> Fit | None:
    """The rule that the subject follows, where that is not a right one; `named`: beliefs of the subjects before it."""
    failed = {f.scenario for f in evidence.findings if f.status == "failed" and f.check.arrays and not f.check.at_most}
    theirs = [s for s in evidence.scenarios if evidence.assignment.subject(s) == subject and s.group == subject]
    able = _predictable(evidence, subject, theirs) if any(s.id in failed for s in theirs) else []
    if not any(s.id in failed for s in able) or not any(moves(evidence.observations[s.id]) for s in able):
        return None
    return identify(Question(evidence.assignment, subject, able, evidence.observations, frozenset(failed), named))


def _predictable(evidence: Evidence, subject: str, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Those that ran to their end, and whose outcome the family can predict."""
    empty = evidence.assignment.predict(subject, scenarios, Hypotheses.of([]), frozenset())
    seen = evidence.observations
    return [
        s for s, arrays in zip(scenarios, empty, strict=True) if arrays and s.id in seen and seen[s.id].fault is None
    ]


def _of_rule(assignment: Assignment, part: Part, number: float, subject: str) -> Diagnosis:
    """The misconception in words: with its number, and where it holds when that is not everywhere."""
    m = part.belief
    hint = m.hint.replace("{n}", f"{number:.4g}") if m.unknown else m.hint
    if part.gate:
        hint = f"{assignment.gates[part.gate]} {hint}"
    return Diagnosis(m.id, m.criterion, m.title, hint, m.try_this, subject, m.cost)


def _accounted(evidence: Evidence, subject: str, fit: Fit) -> set[Key]:
    """Every failed check whose observation the claim reproduces, in all scenarios that the subject's rule moves."""
    theirs = [s for s in evidence.scenarios if evidence.assignment.subject(s) == subject]
    able = _predictable(evidence, subject, theirs)
    question = Question(evidence.assignment, subject, able, evidence.observations, frozenset())
    predicted = question.predict(able, fit.hypothesis, fit.conventions)
    fitting = {s.id for s, arrays in zip(able, predicted, strict=True) if question.agree(s, arrays).all()}
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
    """Return whether a relation failed for lack of anything to compare: that says nothing about what it relates."""
    return finding.check.relation is not None and not np.isfinite(finding.error)


def _observed(evidence: Evidence, scenario: str, name: str, wanted: object) -> bool:
    observation = evidence.observations.get(scenario)
    return observation is not None and name in observation.facts and observation.facts[name] == wanted
