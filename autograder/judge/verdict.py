"""Judges one submission from numbers alone: everything after the sandbox.

compare ─► explain (conventions) ─► diagnose ─► marks ─► exhibits
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograder.judge.circumstances import find_inert, find_responses, find_still, without_credit
from autograder.judge.diagnose import Evidence, diagnose
from autograder.judge.exhibits import find_exhibits, without_consequences
from autograder.judge.explain import settle
from autograder.judge.marks import Case, Key, mark
from autograder.judge.observations import Observations
from autograder.judge.search import Fit
from autograder.model import Assignment, CriterionMark, Diagnosis, Exhibit, Finding, Scenario


@dataclass(frozen=True)
class Verdict:
    criteria: tuple[CriterionMark, ...]
    diagnoses: tuple[Diagnosis, ...]
    remarks: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]
    findings: tuple[Finding, ...]
    conventions: Mapping[str, frozenset[str]]  # by subject
    explained: frozenset[Key] = frozenset()  # the failed checks that the diagnoses reproduce
    slips: frozenset[Key] = frozenset()  # those that are no rule's: named by the facts that they leave
    fits: Mapping[str, Fit] = field(default_factory=dict)  # by subject: the rule that it follows, where that is wrong

    @property
    def is_explained(self) -> bool:
        """Return whether the diagnoses account for all that went wrong."""
        wrong = (f for f in self.findings if f.status != "passed" and not f.check.at_most)
        return all((f.scenario, f.check.id) in self.explained for f in wrong)


def judge(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, observations: Observations
) -> Verdict:
    """Everything after the sandbox, from numbers alone. Observations and goldens come with derived arrays."""
    golden, conventions, findings = settle(assignment, scenarios, golden, observations)
    subjects = {s.id: assignment.subject(s) for s in scenarios}
    responses = find_responses(scenarios, subjects, golden, observations)
    told = diagnose(Evidence(assignment, scenarios, observations, findings))
    diagnoses, conventions = told.diagnoses, {**conventions, **told.conventions}
    by_subject = {name: conventions.get(name, frozenset()) for name in subjects.values()}
    inert = find_inert(responses, subjects, findings, told.conventions)
    findings = without_credit(findings, subjects, inert)
    still = find_still([s for s in scenarios if subjects[s.id] in responses], subjects, golden, observations)
    criteria = mark(assignment.criteria, Case(findings, subjects, diagnoses, told.explained, inert, still))
    remarks = tuple(
        c.remark for c in assignment.conventions if c.remark and c.id in conventions.get(c.group, frozenset())
    )
    remarks += tuple(dict.fromkeys(f.message for f in findings if f.status == "passed" and f.message))
    short = frozenset(c.id for c in criteria if c.status != "passed")
    wrong = [f for f in findings if f.check.criterion in short]
    own = without_consequences(assignment, wrong, diagnoses, told.explained)
    exhibits = find_exhibits(assignment, scenarios, golden, observations, own)
    return Verdict(criteria, diagnoses, remarks, exhibits, findings, by_subject, told.explained, told.slips, told.fits)
