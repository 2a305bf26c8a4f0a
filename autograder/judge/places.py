"""Tells where a mistake is: an edit that is trusted becomes a place in the student's own source, with its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.judge.repair import Mend
from autograder.judge.verdict import Verdict
from autograder.model import Diagnosis, Finding, Place


@dataclass(frozen=True)
class RowsAbout:
    """The rows that are about conduct and no rule, and the subject of each experiment."""

    conduct: frozenset[str]
    groups: Mapping[str, str]  # by scenario id


def place_of(mend: Mend, verdict: Verdict, about: RowsAbout, lines: Sequence[str]) -> Place:
    """The place of one edit; students see where, staff the edit."""
    trial = mend.trial
    line = min(max(trial.line, 1), len(lines))
    end = min(max(trial.end_line, line), len(lines))
    source = "\n".join(text.strip() for text in lines[line - 1 : end])
    criterion = row_of(mend, verdict, about)
    note = _note(mend, end == line)
    return Place(line, end, source, criterion, trial.kind, edit=trial.now, note=note, subject=mend.subject)


def in_cell(place: Place, cells: Sequence[tuple[int, int]]) -> Place:
    """The same place counted in its cell, where the code was a notebook's: `cells` as a Submission has them."""
    above = [one for one in cells if one[0] < place.line]
    if not above:
        return place
    line, cell = max(above)
    return replace(place, line=place.line - line, end_line=place.end_line - line, cell=cell)


def row_of(mend: Mend, verdict: Verdict, about: RowsAbout) -> str:
    """The row that an edit is about.

    A diagnosis that accounts for some of what the edit mends says it, or facts that were wrong and are right with
    the edit; then what is computed there, if an experiment about that failed: nothing is charged to a row that is
    right. An exception is about conduct unless something is computed there. At last it is the row that most of what
    the edit mends is evidence for; a rule that is wrong spoils experiments on conduct as well, and these do not count
    beside it.
    """
    named = named_by(mend, verdict)
    if named:
        return named[0].criterion
    mended = [f for f in verdict.findings if (f.scenario, f.check.id) in mend.fixed]
    facts = [f for f in mended if f.check.fact and "raised" not in f.message]
    if sum(f.check.weight for f in facts) >= FACTS_SAY * sum(f.check.weight for f in mended):
        return facts[0].check.criterion
    if all("raised" in f.message for f in mended) and not mend.row:
        return _heaviest([f for f in mended if f.check.criterion in about.conduct] or mended)
    of_rule = [f for f in mended if f.check.criterion not in about.conduct]
    if mend.row in {f.check.criterion for f in of_rule}:
        return mend.row
    mended = of_rule or mended
    return _heaviest([f for f in mended if about.groups[f.scenario] == mend.subject] or mended)


def _heaviest(findings: Sequence[Finding]) -> str:
    """The row that most of these are evidence for."""
    weights: dict[str, float] = {}
    for finding in findings:
        weights[finding.check.criterion] = weights.get(finding.check.criterion, 0.0) + finding.check.weight
    return max(weights, key=lambda row: weights[row])


def named_by(mend: Mend, verdict: Verdict) -> list[Diagnosis]:
    """The diagnoses of the edit's subject, where they account for some of what it mends."""
    return [d for d in verdict.diagnoses if d.group == mend.subject] if mend.fixed & verdict.explained else []


FACTS_SAY = 0.2  # of the weight of what an edit mends


def _note(mend: Mend, one_line: bool) -> str:  # noqa: FBT001
    where = "this line" if one_line else "these lines"
    return f"The mistake is in {where}: with it changed, everything about {mend.subject} agrees."
