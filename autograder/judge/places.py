"""Tells where a mistake is: an edit that is trusted becomes a place in the student's own source, with its row."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.judge.repair import Mend
from autograder.judge.verdict import Verdict
from autograder.model import Place


def place_of(mend: Mend, verdict: Verdict, lines: Sequence[str]) -> Place:
    """The place of one edit; students see where, staff the edit."""
    trial = mend.trial
    line = min(max(trial.line, 1), len(lines))
    end = min(max(trial.end_line, line), len(lines))
    source = "\n".join(text.strip() for text in lines[line - 1 : end])
    criterion = row_of(mend, verdict)
    return Place(line, end, source, criterion, trial.kind, edit=trial.now, note=_note(mend, end == line))


def row_of(mend: Mend, verdict: Verdict) -> str:
    """The row that an edit is about: the diagnosis', or else that of the smallest experiment that it mends."""
    named = [d.criterion for d in verdict.diagnoses if d.group == mend.subject]
    if named:
        return named[0]
    if mend.row:
        return mend.row
    mended = [f for f in verdict.findings if (f.scenario, f.check.id) in mend.fixed]
    return mended[0].check.criterion


def _note(mend: Mend, one_line: bool) -> str:  # noqa: FBT001
    where = "this line" if one_line else "these lines"
    return f"The mistake is in {where}: with it changed, everything about {mend.subject} agrees."
