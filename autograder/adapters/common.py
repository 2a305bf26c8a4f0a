"""Shared parts of the adapters: grading inside somebody else's container, rows in plain text, and the settings.

    python -m autograder.adapters.common ASSIGNMENT      the trial in an image: is the model solution marked in full?

An adapter does not catch what breaks in us. Its start script, which the package brings along, puts the prepared
results of a failed grader in place whenever this process ends without any: after a crash, out of memory, too late.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from autograder.assignment import BadAssignment, load
from autograder.assignment.returns import mismatch
from autograder.batch import MarkedFile, mark
from autograder.model import WHOLE_QUIZ, Assignment, Exhibit, ItemMark, ItemStatus, Place, Report
from autograder.publish import say, say_fault
from autograder.render import (
    STATUSES,
    advice,
    is_marked,
    is_perfect,
    other_messages,
    parts_told,
    places_in,
    points,
    rounded,
    source,
    subtotal,
    verdict,
    where,
)
from autograder.render.escape import one_line, visible
from autograder.sandbox import SandboxUnavailable
from autograder.sandbox.choose import NAMES, choose
from autograder.sandbox.process import ProcessSandbox

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
LONGEST_TEXT = 20_000  # characters of one row: five screens; what platforms cut is then never ours


# ----------------------------------------------------------------------------------------------------- grading
def marked(
    path: Path, assignment: Assignment, seed: int | None, *, secret: bytes | None = None, student: str = ""
) -> MarkedFile:
    """Marks one submission as root in a container that allows no container inside.

    Raises:
        SandboxUnavailable: not root, so that a submission could read the answers.
    """
    ours = ProcessSandbox()
    if not ours.isolated:
        raise SandboxUnavailable("Grading in a platform's container needs root there: another uid gets the code.")
    with ours as sandbox:
        return _aloud(mark(path, assignment, sandbox, seed, secret=secret, student=student))


def _aloud(one: MarkedFile) -> MarkedFile:
    """The same; a fault of ours is printed for whoever reads stderr."""
    if one.trouble is not None:
        say_fault(one.trouble)
    return one


def asked(about: str) -> tuple[Assignment, Report]:
    """Marks what the command line names, in any sandbox that works here: for machines of our own."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("path", type=Path)
    parser.add_argument("--assignment", default="optimizers")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--sandbox", default="auto", choices=NAMES)
    given = parser.parse_args()
    assignment = load(given.assignment)
    with choose(given.sandbox, say=say) as sandbox:
        return assignment, _told(_aloud(mark(given.path, assignment, sandbox, given.seed)), assignment)


def shown(path: Path, assignment: Assignment, seed: int | None = None) -> Report:
    """Mark one submission as `marked` does; the report is what its student may see on a platform without due dates."""
    return _told(marked(path, assignment, seed), assignment)


def _told(one: MarkedFile, assignment: Assignment) -> Report:
    return held_back(one.report, policy(assignment))


def status(report: Report) -> int:
    """Return the exit status of a platform's command, as `gradmark grade` has it."""
    return 3 if report.status == "grader_error" else 0


def shut(*paths: Path) -> None:
    """Makes files and folders that are there root's own, whatever the platform left open."""
    for path in paths:
        if path.exists():
            path.chmod(0o700 if path.is_dir() else 0o600)


def seed_of(*parts: object) -> int:
    """48 bits, so that the number survives JSON readers that know only doubles."""
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest()[:6], "big")


def put(file: Path, content: object) -> None:
    """Writes JSON whole or not at all, over whatever is called that; a link there is replaced, not followed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", delete=False) as draft:
        json.dump(content, draft, allow_nan=False, indent=1)
    Path(draft.name).chmod(0o644)  # the platform may read as somebody else; the folder decides who comes near
    os.replace(draft.name, file)  # noqa: PTH105 - says that it overwrites


def held_back(report: Report, settings: PackagePolicy) -> Report:
    """The report without which quiz answers are right: a platform that knows no due date would tell it while it counts.

    Where the quiz counts, its sum stays in one row; where it does not, nothing of its points is told.
    """
    if settings.quiz == "visible" or not report.quiz or report.quiz[0].id == WHOLE_QUIZ:
        return report
    score, most = subtotal(report.quiz)
    if not report.quiz_counts:  # its maximum stays, so that nothing calls a quiz right that is not shown
        return replace(report, quiz=(), quiz_points=most, remarks=(*report.remarks, QUIZ_RECEIVED))
    open_ends: tuple[ItemStatus, ...] = ("grader_error", "waiting")
    status: ItemStatus = "right" if score == most else "partial" if score else "wrong"
    status = next((end for end in open_ends if any(item.status == end for item in report.quiz)), status)
    return replace(report, quiz=(ItemMark(WHOLE_QUIZ, score, most, status, QUIZ_RECEIVED, "All questions"),))


QUIZ_RECEIVED = "Your quiz answers were received. Which are right is told when the quiz is over."


# ------------------------------------------------------------------------------------------------------- words
@dataclass(frozen=True)
class ResultRow:
    """A rubric row or a quiz item, ready to be shown: plain text in which nothing is hidden and nothing steers."""

    id: str
    title: str
    score: float
    max_score: float
    passed: bool
    status: str
    text: str
    quiz: bool = False
    places: tuple[Place, ...] = ()  # told in the text already; for platforms that can point at a line


def rows(report: Report, *, answers: bool = False) -> list[ResultRow]:
    """The rows that add up to the total, in rubric order; none where nothing was marked.

    `answers` adds the right ones and why to those of the quiz, for rows that are shown when it is over.
    """
    if not is_marked(report):
        return []
    shown = [
        ResultRow(c.id, one_line(c.title), rounded(c.score), rounded(c.max_score), c.status == "passed", c.status,
            _joined([*_lines(report, c.id), *other_messages(report, c),
                     *_ideas(report, c.id), *_numbers(report, c.id)]),
            places=tuple(places_in(report, c.id)))
        for c in report.criteria
    ]  # fmt: skip
    return shown + [_of_quiz(item, counts=report.quiz_counts, answers=answers) for item in report.quiz]


def _of_quiz(item: ItemMark, *, counts: bool, answers: bool) -> ResultRow:
    """A quiz item; where the quiz is not part of the total, its points are only told."""
    title, score, most = one_line(f"Quiz: {item.title or item.id}"), rounded(item.score), rounded(item.max_score)
    told = [item.message]
    if not counts:
        told.append(f"{points(score)} of {points(most)} points, which are not part of the total.")
        score = most = 0.0
    if answers and (one := item.detail):
        told += [f"Question: {one.prompt}", f"Your answer: {one.answer or 'none'}"]
        told += [f"Right answer: {one.right}", f"Why: {one.why}"]
    return ResultRow(item.id, title, score, most, item.status == "right", item.status, _joined(told), quiz=True)


def heading(report: Report) -> str:
    """Return the text before the rows, in the second person."""
    said = [verdict(report), parts_told(report), report.message, advice(report)]
    if report.remarks:
        said.append("\n".join(["Remarks (they cost nothing):", *(f"- {remark}" for remark in report.remarks)]))
    return _joined(said)


def message(report: Report) -> str:
    """Return what a submission that could not be marked is told; it quotes its author."""
    return visible(report.message, LONGEST_TEXT)


def _lines(report: Report, criterion: str) -> Iterator[str]:
    for place in places_in(report, criterion):
        named = where(place).capitalize()
        yield "\n".join([f"{named}:", *(f"    {line}" for line in source(place).split("\n")), place.note]).rstrip()


def _ideas(report: Report, criterion: str) -> Iterator[str]:
    for idea in report.diagnoses:  # their hints are among the criterion's messages
        if idea.criterion == criterion:
            yield idea.title + (f". Try this: {idea.try_this}" if idea.try_this else ".")


def _numbers(report: Report, criterion: str) -> Iterator[str]:
    for exhibit in report.exhibits:
        if exhibit.criterion == criterion:
            yield "\n".join(_table(exhibit))


def _table(exhibit: Exhibit) -> Iterator[str]:
    yield f"Check it by hand: {exhibit.title}"
    if exhibit.setup:
        yield ", ".join(exhibit.setup)
    table = [(exhibit.axis + exhibit.place, "expected", "found", "ratio"), *exhibit.rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        yield "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
    if exhibit.comment:
        yield exhibit.comment


def _joined(parts: list[str]) -> str:
    return visible("\n\n".join(part for part in parts if part), LONGEST_TEXT)


def of(row: ResultRow) -> str:
    """`✗ Momentum: 9 / 15`, for places that show one line."""
    return f"{STATUSES[row.status][0]} {row.title}: {points(row.score)} / {points(row.max_score)}"


# ---------------------------------------------------------------------------------------------------- settings
@dataclass(frozen=True)
class PackagePolicy:
    """Settings of `[platforms]` in assignment.toml. The defaults show students everything that is theirs."""

    visibility: str = "visible"
    rows: Mapping[str, str] = field(default_factory=dict)  # row id -> visibility, where it differs
    late_per_day: float = 0.0  # fraction of the score for each day begun after the due date
    attempts: int = 0  # how many may be marked in `attempts_hours`; 0 = any number
    attempts_hours: float = 24.0
    leaderboard: bool = False
    quiz: str = "after_due_date"  # of quiz rows; without a due date only their sum is told, unless "visible"


def policy(assignment: Assignment) -> PackagePolicy:
    """Reads it.

    Raises:
        BadAssignment: a setting that does not exist or cannot be.
    """
    table: dict[str, Any] = tomllib.loads((assignment.folder / "assignment.toml").read_text(encoding="utf-8")).get(
        "platforms", {}
    )
    known = {f.name for f in fields(PackagePolicy)}
    if unknown := sorted(table.keys() - known):
        raise BadAssignment(f"[platforms] has no setting {unknown[0]!r}; there are {', '.join(sorted(known))}.")
    kinds = get_type_hints(PackagePolicy)
    for name, value in table.items():
        if wrong := mismatch(value, kinds[name], f"[platforms] {name}"):
            raise BadAssignment(f"{assignment.folder / 'assignment.toml'}: {wrong}.")
    found = PackagePolicy(**table)
    for value in (found.visibility, found.quiz, *found.rows.values()):
        if value not in VISIBILITIES:
            raise BadAssignment(f"[platforms] knows no visibility {value!r}; there are {', '.join(VISIBILITIES)}.")
    if not 0 <= found.late_per_day <= 1 or found.attempts < 0 or found.attempts_hours <= 0:
        raise BadAssignment("[platforms] late_per_day is a fraction, attempts are counted, attempts_hours are above 0.")
    return found


# ------------------------------------------------------------------------------------------------------- trial
def main() -> int:
    parser = argparse.ArgumentParser(description="Marks the model solution here, as the platform will.")
    parser.add_argument("assignment")
    assignment = load(parser.parse_args().assignment)
    policy(assignment)
    report = marked(assignment.model_solution, assignment, 1).report
    print(f"gradmark: {assignment.id}: the model solution gets {points(report.score)} / {points(report.max_score)}")
    return 0 if is_perfect(report) else 1


if __name__ == "__main__":
    sys.exit(main())
