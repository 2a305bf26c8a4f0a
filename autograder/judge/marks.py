"""Turns findings into marks, idea by idea: one mistake is not punished in two rubric rows.

A row's evidence comes in portions, one for each subject (whose rule was at work). A portion is decided
  by the diagnosis, where a misconception of this row is named, or reproduces all that fails here;
  by its direct evidence, when that passes or when nothing else about the subject is wrong;
  by its isolating evidence (special scenarios, relations between two runs of the same code) otherwise.
A portion that other mistakes have spoilt and that has no isolating evidence is left out when other portions
decide, provided that the subject's mistakes cost something elsewhere and that some rule is at work in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.judge.compare import IDLE
from autograder.model import Criterion, CriterionMark, Diagnosis, Finding, Status

Key = tuple[str, str]  # (scenario id, check id)

MAX_MESSAGES = 4  # in one row: nobody reads twenty, and the first ones come from the smallest experiments
ISOLATED = "We tested this part separately, so your other mistakes don't affect it."

ENDED = ("our code raised ", "our code says ", "our code was ")  # compare.tell: experiments that isolate end there, too
STILL = "Nothing moves with {}: in every experiment all numbers stay as they were."
UNCLEAR = "Experiments about this fail; another mistake of yours may be the reason."


@dataclass(frozen=True)
class Portion:
    """One row's evidence about one subject."""

    weight: float
    score: float  # up to 1; below 0 when a mistake costs more than its own portion
    decided: bool
    isolated: bool = False  # only experiments that isolate the row were evidence
    causes: tuple[str, ...] = ()  # titles of the diagnoses, marked in other rows, from which its failures follow


@dataclass(frozen=True)
class Case:
    """All that the marks rest on."""

    findings: Sequence[Finding]
    subjects: Mapping[str, str]  # scenario id -> subject
    diagnoses: Sequence[Diagnosis]
    explained: frozenset[Key]  # the failures that the diagnoses reproduce
    inert: frozenset[str] = frozenset()  # subjects that do nothing of what was asked: nothing excuses their failures

    still: tuple[str, ...] = ()  # subjects with which nothing moves that should

    def about(self, criterion: str, subject: str) -> list[Finding]:
        return [f for f in self.findings if f.check.criterion == criterion and self.subjects[f.scenario] == subject]

    def unexplained(self, finding: Finding) -> bool:
        return finding.status != "passed" and (finding.scenario, finding.check.id) not in self.explained


def not_run(criteria: Sequence[Criterion]) -> tuple[CriterionMark, ...]:
    """The rubric rows of a submission that was not judged: 0 points of what each is out of."""
    return tuple(CriterionMark(c.id, c.title, 0.0, c.points, "not_run") for c in criteria)


def mark(criteria: Sequence[Criterion], case: Case) -> tuple[CriterionMark, ...]:
    """Marks every row of the rubric."""
    names = list(dict.fromkeys(case.subjects.values()))
    table = {(c.id, s): _portion(case, c.id, s) for c in criteria for s in names if case.about(c.id, s)}
    punished = {s for (_, s), portion in table.items() if portion.decided and portion.score < 1}
    rows = []
    for criterion in criteria:
        portions = {s: table[criterion.id, s] for s in names if (criterion.id, s) in table}
        left_out = {s for s, p in portions.items() if not p.decided and s in punished - case.inert}
        deciding = [p for s, p in portions.items() if s not in left_out] or list(portions.values())
        total = sum(p.weight for p in deciding)
        fraction = max(0.0, sum(p.weight * p.score for p in deciding) / total) if total else 0.0
        rows.append(_row(criterion, fraction, case, _how(portions.values())))
    return tuple(rows)


def _portion(case: Case, criterion: str, subject: str) -> Portion:
    here = case.about(criterion, subject)
    direct = [f for f in here if f.check.relation is None]
    weight = sum(f.check.weight for f in direct)
    named = [d for d in case.diagnoses if d.group == subject and d.criterion == criterion]
    failed = [f for f in direct if f.status != "passed"]
    unexplained = sum(f.check.weight for f in failed if case.unexplained(f)) / weight if weight else 0.0
    if named or not unexplained:
        lost = sum(d.cost for d in named) + unexplained
        causes = () if named or not failed else _causes(case, subject)
        return Portion(weight, 1.0 - lost, decided=True, causes=causes)
    isolating = [f for f in here if is_isolating(f)]
    outcome = all(f.check.at_most for f in direct)  # stands as it is, whatever it comes from
    spoilt = _spoilt(case, criterion, subject) and not outcome
    if spoilt and isolating:
        good = sum(f.check.weight for f in isolating if f.status == "passed") / sum(f.check.weight for f in isolating)
        ended = any(f.status == "not_run" or any(words in f.message for words in ENDED) for f in isolating)
        return Portion(weight, good, decided=True, isolated=not ended and subject not in case.inert)
    return Portion(weight, 1.0 - unexplained, decided=not spoilt)


def _causes(case: Case, subject: str) -> tuple[str, ...]:
    return tuple(d.title for d in [d for d in case.diagnoses if d.group == subject] or case.diagnoses)


def _how(portions: Iterable[Portion]) -> list[str]:
    """Sentences for the report on evidence that is not plain and direct."""
    portions = list(portions)
    causes = list(dict.fromkeys(f"“{title}”" for p in portions for title in p.causes))
    told = [ISOLATED] if any(p.isolated for p in portions) else []
    if causes:
        each = "each of which" if causes[1:] else "which"
        told.append(f"Some experiments here fail because of {listed(causes)}, {each} costs points in its own row only.")
    return told


def listed(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence: "A, B and C"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def is_isolating(finding: Finding) -> bool:
    return finding.check.isolates or finding.check.relation is not None


def _spoilt(case: Case, criterion: str, subject: str) -> bool:
    """Return whether something else than this row is wrong with the subject: direct evidence would not be fair."""
    others = (f for f in case.findings if f.check.criterion != criterion and case.subjects[f.scenario] == subject)
    return any(case.unexplained(f) for f in others if f.check.relation is None)


def _may_follow(case: Case, finding: Finding) -> bool:
    """Return whether an experiment's sentence may be false: its trajectory suffers from whatever is wrong."""
    check, subject = finding.check, case.subjects[finding.scenario]
    isolated = check.isolates and subject not in case.inert  # of what does nothing at all, nothing is told apart
    suffers = bool(check.arrays) and not (isolated or check.at_most) and finding.message == check.message
    return suffers and _spoilt(case, check.criterion, subject)


def _said(case: Case, finding: Finding) -> str:
    """The sentence of an experiment; what was not counted for want of a rule says so where nothing moves."""
    about = finding.check.needs or case.subjects[finding.scenario]
    idle = finding.message == IDLE and about in case.still
    return STILL.format(listed(case.still)) if idle else finding.message


def _unclear(case: Case, failed: Sequence[Finding]) -> str:
    """The sentence of a row in which experiments fail, none of which has one that is certainly true."""
    still = {case.subjects[f.scenario] for f in failed} <= set(case.still)
    return STILL.format(listed(case.still)) if still else UNCLEAR


def _row(criterion: Criterion, fraction: float, case: Case, decided_how: Sequence[str]) -> CriterionMark:
    mine = [f for f in case.findings if f.check.criterion == criterion.id]
    score = round(criterion.points * fraction, 2)
    status: Status = "passed" if score >= criterion.points else "partial" if score > 0 else "failed"
    if mine and all(f.status == "not_run" for f in mine):
        status = "not_run"
    messages = [d.hint for d in case.diagnoses if d.criterion == criterion.id]
    if status != "passed":
        failed = [f for f in mine if f.status == "failed" and case.unexplained(f)]
        messages += [_said(case, f) for f in failed if not _may_follow(case, f)]
        messages += [] if any(messages) or not failed else [_unclear(case, failed)]
    messages += decided_how
    told = list(dict.fromkeys(filter(None, messages)))
    if len(told) > MAX_MESSAGES:
        told[MAX_MESSAGES:] = [f"… and {len(told) - MAX_MESSAGES} more of this kind; mend these first."]
    return CriterionMark(criterion.id, criterion.title, score, criterion.points, status, tuple(told))
