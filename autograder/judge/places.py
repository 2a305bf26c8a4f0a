"""Tells where a mistake is: an edit that is trusted becomes a place in the student's own source, with its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.judge.repair import AS_SMALL, Mend, Mending
from autograder.judge.verdict import Verdict
from autograder.model import Diagnosis, Finding, Misconception, Place


@dataclass(frozen=True)
class RowsAbout:
    """The rows that are about conduct and no rule; of each experiment its subject, and the rows switched off in it."""

    conduct: frozenset[str]
    groups: Mapping[str, str]  # by scenario id
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    beyond: frozenset[str] = frozenset()  # experiments that what is no rule may spoil

    def implied(self, mended: Iterable[Finding], theirs: Iterable[Finding]) -> frozenset[str]:
        """The rows without whose part of the rule all is right, though what is mended has it."""
        shown = [self.without.get(f.scenario, frozenset()) for f in mended if _is_path(f)]
        off = [(f, row) for f in theirs for row in self.without.get(f.scenario, frozenset())]
        known = {row for _, row in off} if shown else set()
        right = {row for row in known if all(f.status == "passed" for f, one in off if one == row)}
        return frozenset(row for row in right if not any(row in rows for rows in shown))

    def ruled_out(self, mended: Iterable[Finding]) -> frozenset[str]:
        """The rows that a mistake is not about: it shows where that part of the rule is switched off."""
        trajectories = (f for f in mended if _is_path(f))
        return frozenset[str]().union(*(self.without.get(f.scenario, frozenset()) for f in trajectories))


def place_of(mend: Mend, verdict: Verdict, about: RowsAbout, lines: Sequence[str], mends: Sequence[Mend]) -> Place:
    """The place of one edit, one of these `mends` or of none; students see where, staff the edit.

    Where a slip with a name of its own is left, all *else* agrees.
    """
    trial = mend.trial
    line = min(max(trial.line, 1), len(lines))
    end = min(max(trial.end_line, line), len(lines))
    source = "\n".join(text.strip() for text in lines[line - 1 : end])
    criterion = row_of(mend, verdict, about)
    theirs = [one for one in mends if one.subject == mend.subject]
    fixed = frozenset[tuple[str, str]]().union(*(one.fixed for one in theirs))
    left = any(about.groups.get(scenario) == mend.subject for scenario, _ in verdict.slips - fixed)
    agrees = (
        f"{mend.subject} computes what it should"
        if mend.left
        else f"{'all else' if left else 'everything'} about {mend.subject} agrees"
    )
    note = _note(mend, len(theirs), agrees, end == line) if theirs else PART
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

    A diagnosis that accounts for a good share of what the edit mends says it, or facts that were wrong and are
    right with the edit; a mistake in a default, in what a loop goes over, in a condition that keeps a rule from
    running at all or lets it raise now and then, or that only experiments on conduct and on what is no rule show, is
    about conduct; then the only part of the rule without which all is right, or what is computed there, for an edit of
    a number, or if an experiment about that failed. An exception where nothing is
    computed is about the rule that it spoils wholly, where others of the subject work, else about conduct. At last it
    is the row that most of what the edit mends is evidence for; a rule that is wrong spoils experiments on conduct as
    well, and these do not count beside it; nor does a row whose part of the rule is switched off in an experiment that
    the edit mends.
    """
    named = named_by(mend, verdict)
    if mend.named or named:
        return mend.named or _of_several(named, mend, verdict)
    mended = [f for f in verdict.findings if (f.scenario, f.check.id) in mend.fixed]
    facts = [f for f in mended if f.check.fact and "raised" not in f.message]
    if facts and sum(f.check.weight for f in facts) >= FACTS_SAY * sum(f.check.weight for f in mended):
        return facts[0].check.criterion
    mine = [f for f in mended if about.groups[f.scenario] == mend.subject]
    of_conduct = [f for f in mended if f.check.criterion in about.conduct]
    theirs = [f for f in verdict.findings if about.groups[f.scenario] == mend.subject and _is_path(f)]
    kept_out = mend.trial.kind == "condition" and all(f.status == "failed" for f in theirs)
    kept_out = kept_out and any(f.difference for f in theirs)  # and not for an exception
    raised = all("raised" in f.message for f in mended)
    right = {f.check.criterion for f in theirs if (f.scenario, f.check.id) not in mend.fixed}
    kept_out |= raised and mend.trial.kind == "condition" and mend.row in right
    no_rule = all(f in of_conduct or f.scenario in about.beyond for f in mended)
    if of_conduct and (no_rule or mend.trial.kind in CONDUCT or kept_out):
        return heaviest([f for f in of_conduct if f in mine] or of_conduct)
    rows = {f.check.criterion for f in mended}
    implied = [] if raised else sorted(about.implied(mended, theirs) & rows)
    row = implied[0] if len(implied) == 1 else mend.row
    if row and (mend.trial.kind in COMPUTES or row in rows):
        return row
    if raised:
        wholly = [f for f in mine if f.check.criterion not in right | about.conduct and right - about.conduct]
        wholly = wholly if mend.trial.kind not in CONDUCT else []
        return heaviest(wholly or [f for f in mine or mended if f.check.criterion in about.conduct] or mended)
    ruled_out = about.conduct | about.ruled_out(mended)
    of_rule = [f for f in mended if f.check.criterion not in ruled_out] or mended
    return heaviest([f for f in of_rule if f in mine] or of_rule)


def _of_several(named: Sequence[Diagnosis], mend: Mend, verdict: Verdict) -> str:
    """The row of the diagnosis that the edit belongs to: what is computed there says it, or the only one of this class.

    What a class inherits is named for its parent as well, and mended there.
    """
    if mend.row in {d.criterion for d in named}:
        return mend.row
    others = {d.misconception for d in verdict.diagnoses if d.group != mend.subject}
    own = [d for d in named if d.misconception not in others]
    return (own or named)[0].criterion


def _is_path(finding: Finding) -> bool:
    return bool(finding.check.arrays) and not finding.check.at_most


def without_contradicted(verdict: Verdict, mending: Mending, misconceptions: Sequence[Misconception]) -> Verdict:
    """The verdict less the names that the line contradicts.

    A minus in the first moment is a minus in the step to whoever sees numbers alone: the line tells which
    (`Misconception.elsewhere`). And where one edit of a number mends a subject, two beliefs are no explanation if one
    of them is about another row. A single edit is about every subject that agrees with it.
    """
    elsewhere = {m.id: m.elsewhere for m in misconceptions}
    rules = {m.id for m in misconceptions if m.changes}
    subjects = [one.subject for one in mending.mends]
    rows = {one.row for one in mending.mends}
    wrong = set()
    for mend in mending.mends:
        if subjects.count(mend.subject) > 1 or not mend.row or mend.trial.kind not in (*COMPUTES, "statement"):
            continue
        mended = mending.agreeing if len(subjects) == 1 else {mend.subject}
        named = {s: [d for d in verdict.diagnoses if d.group == s] for s in mended}
        for subject, told in named.items():
            beliefs = [d for d in told if d.misconception in rules]
            alike = beliefs and all(mend.row in elsewhere[d.misconception] for d in beliefs)
            several = len(beliefs) > 1 and mend.trial.kind in COMPUTES  # a whole statement may hold two mistakes
            if any(d.criterion not in rows for d in beliefs) and (several or alike):
                wrong.add(subject)
    kept = tuple(d for d in verdict.diagnoses if d.group not in wrong or d.misconception not in rules)
    return replace(verdict, diagnoses=kept)


def with_named_row(
    places: Sequence[Place],
    verdict: Verdict,
    mending: Mending,
    about: RowsAbout,
    misconceptions: Sequence[Misconception],
) -> list[Place]:
    """The places; one that is about conduct where it was made has the row of what it is called in other classes.

    A count that SGD keeps for nothing is the t of Adam.
    """
    rules = {m.id for m in misconceptions if m.changes}
    mended, named = {one.subject for one in mending.mends}, {d.group for d in verdict.diagnoses}
    others = mending.agreeing - mended
    elsewhere = [d for d in verdict.diagnoses if d.misconception in rules and d.group in others]
    if len(places) != 1 or not elsewhere or mended & named or places[0].criterion not in about.conduct:
        return list(places)
    return [replace(places[0], criterion=elsewhere[0].criterion)]


def without_repeated(
    verdict: Verdict, mending: Mending, places: Sequence[Place], misconceptions: Sequence[Misconception]
) -> Verdict:
    """The verdict less what one edit, made for another subject and paid for in another row, cures as well.

    A wrong sign in code that several classes share has a name in each of them, and is one mistake.
    """
    rules = {m.id for m in misconceptions if m.changes}
    mended, rows = {one.subject for one in mending.mends}, {place.criterion for place in places}
    repeated = [
        d
        for d in verdict.diagnoses
        if d.misconception in rules and d.group in mending.agreeing - mended and d.criterion not in rows
    ]
    return replace(verdict, diagnoses=tuple(d for d in verdict.diagnoses if d not in repeated)) if rows else verdict


def heaviest(findings: Sequence[Finding]) -> str:
    """The row that most of these are evidence for."""
    weights: dict[str, float] = {}
    for finding in findings:
        weights[finding.check.criterion] = weights.get(finding.check.criterion, 0.0) + finding.check.weight
    return max(weights, key=lambda row: weights[row])


def named_by(mend: Mend, verdict: Verdict) -> list[Diagnosis]:
    """The diagnoses of the edit's subject, where they account for a good share of what it mends.

    Slips beside the rule are none of them, unless the edit mends some of those.
    """
    mended = [f for f in verdict.findings if (f.scenario, f.check.id) in mend.fixed]
    explained = sum(f.check.weight for f in mended if (f.scenario, f.check.id) in verdict.explained)
    enough = explained and explained >= FACTS_SAY * sum(f.check.weight for f in mended)
    fit = verdict.fits.get(mend.subject)
    of_rule = {part.belief.id for part in fit.parts} if fit else set()
    slips, rule = bool(mend.fixed & verdict.slips), bool(mend.fixed - verdict.slips)
    theirs = [d for d in verdict.diagnoses if d.group == mend.subject]
    return [d for d in theirs if (rule if d.misconception in of_rule else slips or not fit)] if enough else []


FACTS_SAY = 0.2  # of the weight of what an edit mends
COMPUTES = ("name", "operator", "operand", "constant")  # kinds of edits that change a number, and nothing besides
CONDUCT = ("default", "argument", "loop")  # kinds of edits that change what is asked, and of which parameters


PART = "A part of this mistake is here."


def _note(mend: Mend, parts: int, agrees: str, one_line: bool) -> str:  # noqa: FBT001
    """The sentence for students; it says less where an edit of another line, no larger, does as well.

    It names no line: a notebook's are counted in cells.
    """
    where = "this line" if one_line else "these lines"
    elsewhere = any(t.line != mend.trial.line and t.cost < mend.trial.cost + AS_SMALL for t in mend.rivals)
    found = f"The mistake may be in {where}" if elsewhere else f"The mistake is in {where}"
    if parts > 1:
        return f"A part of what is wrong is in {where}: with {'both' if parts == 2 else 'all'} parts changed, {agrees}."
    return f"{found}: with it changed, {agrees}."
