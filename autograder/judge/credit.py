"""Marks what the closest right program does, less what each change costs.

Where a class agrees with one small edit, what else is right about it is credited: its experiments are marked as the
repaired program leaves them, and the edit's row pays. What a diagnosis explains wholly is marked by the diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from autograder.judge.observations import Observations
from autograder.judge.places import (
    RowsAbout,
    named_by,
    place_of,
    with_named_row,
    without_contradicted,
    without_repeated,
)
from autograder.judge.repair import Mend, Mending
from autograder.judge.verdict import Verdict, judge
from autograder.model import Assignment, CriterionMark, Diagnosis, Exhibit, Finding, Place, Scenario

LEAST = 0.01  # of all points: what any departure from the contract costs
SLIP = 0.05  # of all points, at most: an exception that one small edit cures is a slip, not an idea
UNFINISHED = (
    "The search for the line of a mistake in your {} was cut short: there was more to try than there is time for."
)


@dataclass(frozen=True)
class Charge:
    """The cost of one mistake to its row."""

    criterion: str
    points: float
    message: str


def credit(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    golden: Observations,
    observations: Observations,
    verdict: Verdict,
    mending: Mending,
    lines: Sequence[str],
) -> tuple[Verdict, tuple[Place, ...]]:
    """The verdict with credit for what the repaired program does, and the places of its edits."""
    subjects = {s.id: assignment.subject(s) for s in scenarios}
    conduct = frozenset(c.id for c in assignment.criteria if c.conduct)
    beyond = frozenset(s.id for s in scenarios if s.beyond_rule)
    about = RowsAbout(conduct, {s.id: s.group for s in scenarios}, {s.id: s.without for s in scenarios}, beyond)
    verdict = without_contradicted(verdict, mending, assignment.misconceptions)
    told = [place_of(one, verdict, about, lines, mending.mends) for one in mending.mends]
    places = tuple(with_named_row(told, verdict, mending, about, assignment.misconceptions))
    verdict = without_repeated(verdict, mending, places, assignment.misconceptions)
    explained = _explained(verdict, subjects)
    paying = [(one, place) for one, place in zip(mending.mends, places, strict=True) if one.subject not in explained]
    found = places or mending.parts
    open_ = [name for name in dict.fromkeys(mending.unfinished) if name not in explained and not found]
    unfinished = tuple(UNFINISHED.format(name) for name in open_)
    if paying or any(subjects[name] not in explained for name in mending.repaired):
        closest = _closest(scenarios, subjects, golden, observations, mending, explained)
        better = judge(assignment, scenarios, golden, closest)
        known = {(d.misconception, d.group) for d in better.diagnoses}
        named = [d for d in verdict.diagnoses if (d.misconception, d.group) not in known]
        charges = _charges(assignment, subjects, verdict, paying, named)
        verdict = replace(
            better,
            criteria=charged(_credited(verdict, better, paying=bool(paying)), charges),
            diagnoses=(*better.diagnoses, *named),
            exhibits=_exhibits(better, verdict, [place.criterion for _, place in paying]),
            findings=verdict.findings,
        )
    verdict = replace(verdict, criteria=_at_least(assignment, verdict), remarks=(*verdict.remarks, *unfinished))
    parts = tuple(place_of(one, verdict, about, lines, ()) for one in mending.parts)
    return verdict, (*places, *parts)


def _credited(verdict: Verdict, better: Verdict, *, paying: bool) -> list[CriterionMark]:
    """The rows as the repaired program leaves them; where names alone pay, their own rows stay as they were."""
    named = set[str]() if paying else {d.criterion for d in verdict.diagnoses}
    before = {row.id: row for row in verdict.criteria}
    return [before[row.id] if row.id in named else row for row in better.criteria]


def _explained(verdict: Verdict, subjects: dict[str, str]) -> set[str]:
    """The subjects all of whose failures a diagnosis reproduces."""
    named = {d.group for d in verdict.diagnoses}
    open_ = {
        subjects[f.scenario]
        for f in verdict.findings
        if f.status != "passed" and not f.check.at_most and (f.scenario, f.check.id) not in verdict.explained
    }
    return named - open_


def _closest(
    scenarios: Sequence[Scenario],
    subjects: dict[str, str],
    golden: Observations,
    observations: Observations,
    mending: Mending,
    explained: set[str],
) -> Observations:
    """Return the repaired program's observations: its runs, and golden ones for outcomes that were not run again."""
    closest = dict(observations)
    for scenario in scenarios:
        subject = subjects[scenario.id]
        if subject in explained:
            continue
        if scenario.id in mending.repaired:
            closest[scenario.id] = mending.repaired[scenario.id]
        elif subject in mending.agreeing and all(check.at_most for check in scenario.checks):
            closest[scenario.id] = golden[scenario.id]
    return closest


def _charges(
    assignment: Assignment,
    subjects: dict[str, str],
    verdict: Verdict,
    paying: Sequence[tuple[Mend, Place]],
    named: Sequence[Diagnosis],
) -> list[Charge]:
    """Return the cost of each diagnosis that the changes cure, and of each change whose row none of them pays for."""
    charges = []
    for d in named:
        points = d.cost * _points(assignment, subjects, verdict, d.criterion, d.group)
        charges.append(Charge(d.criterion, max(LEAST * most(assignment), points), d.hint))
    paid = {d.criterion for d in named}
    for one, place in paying:
        if place.criterion not in paid and not named_by(one, verdict):
            charges.append(_charge(assignment, subjects, verdict, one, place))
    return list(dict.fromkeys(charges))


def _charge(assignment: Assignment, subjects: dict[str, str], verdict: Verdict, one: Mend, place: Place) -> Charge:
    """The row's part that is about this class, scaled by how much of the class is spoilt; a slip costs little."""
    theirs = [f for f in verdict.findings if subjects[f.scenario] == one.subject and not f.check.at_most]
    moves = [f for f in theirs if not f.check.fact]
    if any((f.scenario, f.check.id) in one.fixed for f in moves):
        theirs = moves  # facts hold of code that does nothing, too
    mended = [f for f in theirs if (f.scenario, f.check.id) in one.fixed]
    about = [f for f in theirs if f.check.criterion == place.criterion and f.check.relation is None]
    here = [f for f in about if (f.scenario, f.check.id) in one.fixed]
    # The part of the class, or of what the row alone is about: weight decay is off in most experiments.
    spoilt = max(_weight(mended) / (_weight(theirs) or 1.0), _weight(here) / (_weight(about) or 1.0))
    points = spoilt * _points(assignment, subjects, verdict, place.criterion, one.subject)
    raised = [f.message for f in mended if "raised" in f.message]
    whole = most(assignment)
    note = next((f.misfit for f in mended if f.misfit), raised[0] if raised else place.note)  # the place tells its note
    return Charge(place.criterion, max(LEAST * whole, min(points, SLIP * whole) if raised else points), note)


def most(assignment: Assignment) -> float:
    """The points of the whole rubric."""
    return sum(c.points for c in assignment.criteria)


def _points(assignment: Assignment, subjects: dict[str, str], verdict: Verdict, row: str, subject: str) -> float:
    """The points of a row that are about one subject."""
    points = next(c.points for c in assignment.criteria if c.id == row)
    about = [f for f in verdict.findings if f.check.criterion == row and f.check.relation is None]
    return points * _weight(f for f in about if subjects[f.scenario] == subject) / (_weight(about) or 1.0)


def _weight(findings: Iterable[Finding]) -> float:
    return sum(f.check.weight for f in findings)


def charged(criteria: Sequence[CriterionMark], charges: Sequence[Charge]) -> tuple[CriterionMark, ...]:
    """The rows after their charges: none falls below 0."""
    rows = []
    for row in criteria:
        mine = [charge for charge in charges if charge.criterion == row.id]
        if mine:
            score = round(max(0.0, row.score - sum(charge.points for charge in mine)), 2)
            messages = tuple(dict.fromkeys(filter(None, [*(charge.message for charge in mine), *row.messages])))
            row = replace(row, score=score, status="partial" if score else "failed", messages=messages)
        rows.append(row)
    return tuple(rows)


def _exhibits(better: Verdict, before: Verdict, rows: Sequence[str]) -> tuple[Exhibit, ...]:
    """Return, for each row that loses points, its own smallest experiment, or the smallest of all."""
    told = {exhibit.criterion: exhibit for exhibit in better.exhibits}
    for row in rows:
        mine = [e for e in before.exhibits if e.criterion == row] or list(before.exhibits)
        if row not in told and mine:
            told[row] = replace(mine[0], criterion=row)
    return tuple(told.values())


def _at_least(assignment: Assignment, verdict: Verdict) -> tuple[CriterionMark, ...]:
    """The rows; where something fails and hardly anything was lost, the row of the smallest failure makes up for it."""
    wrong = [f for f in verdict.findings if f.status == "failed"]
    lost = sum(row.max_score - row.score for row in verdict.criteria)
    least = LEAST * most(assignment)
    if not wrong or lost >= least:
        return verdict.criteria
    short = [row.id for row in verdict.criteria if row.score < row.max_score]
    return charged(
        verdict.criteria, [Charge(short[0] if short else wrong[0].check.criterion, least - lost, wrong[0].message)]
    )
