"""Reads course.toml: the assignments of a course in their order, with due times and the files that each stage is given.

title = "ML systems, autumn"
time_zone = "Europe/Berlin"         # of the service's pages; without, UTC

[[stages]]
assignment = "practice"             # one that comes with gradmark; "./losses" is a folder beside this file
due = 2026-10-05T23:59:00+02:00

[[stages]]
assignment = "optimizers"
due = 2026-10-19T23:59:00+02:00
provided = "stage2/tinytorch"       # instead of the assignment's own provided folder, beside this file
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from autograder.assignment import HOME, BadAssignment, load
from autograder.model import Assignment

FILE = "course.toml"
KEYS = ("assignment", "due", "provided")
NAMED = re.compile(rf"(.*{re.escape(FILE)}):([\w-]+)")  # course.toml:optimizers, one stage of a course


@dataclass(frozen=True)
class Stage:
    """One assignment of a course."""

    number: int  # from 1
    source: str  # as `assignment.load` takes it
    due: datetime | None  # with its time zone
    provided: Path | None  # a package of files that students get and that submissions run beside; None: the usual one

    @property
    def id(self) -> str:
        return Path(self.source).name

    @property
    def folder(self) -> str:
        """The name of its folder in a term."""
        return f"{self.number:02}-{self.id}"

    @property
    def title(self) -> str:
        """The assignment's title; nothing of it is imported.

        Raises:
            BadAssignment: there is none, or its assignment.toml cannot be read.
        """
        home = HOME / self.source if Path(self.source).name == self.source else Path(self.source)
        try:
            return str(tomllib.loads((home / "assignment.toml").read_text(encoding="utf-8"))["title"])
        except (OSError, ValueError, KeyError) as error:
            raise BadAssignment(
                f"{home / 'assignment.toml'}, line 1: this assignment has no title: {error}."
            ) from error

    def load(self) -> Assignment:
        """Load the assignment with this stage's provided files.

        Raises:
            BadAssignment: there is none, or its parts contradict each other.
        """
        return load(self.source, provided=self.provided)


@dataclass(frozen=True)
class Course:
    """The stages of a course, in their order."""

    title: str
    stages: tuple[Stage, ...]
    time_zone: str = "UTC"


def read(file: Path) -> Course:
    """Read a course.toml.

    Raises:
        BadAssignment: it cannot be read, or something in it is wrong; one sentence with file and line.
    """
    try:
        text = file.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadAssignment(f"{file}, line 1: this course cannot be read: {error}.") from error
    entries = table.get("stages")
    if not isinstance(table.get("title"), str) or not isinstance(entries, list) or not entries:
        raise BadAssignment(f"{file}, line 1: a course needs a `title`, and a table [[stages]] for each assignment.")
    if unknown := sorted(table.keys() - {"title", "time_zone", "stages"}):
        raise BadAssignment(
            f"{file}, line 1: a course has no `{unknown[0]}`; there are title, time_zone and [[stages]]."
        )
    zone = table.get("time_zone", Course.time_zone)
    if zone not in available_timezones():
        raise BadAssignment(f"{file}, line 1: {zone!r} is not a time zone; write it as Europe/Berlin.")
    starts = [n for n, line in enumerate(text.splitlines(), start=1) if re.match(r"\s*\[\[\s*stages\s*\]\]", line)]
    lines = starts if len(starts) == len(entries) else [1] * len(entries)
    stages = tuple(
        _stage(file, number, entry, line)
        for number, (entry, line) in enumerate(zip(entries, lines, strict=True), start=1)
    )
    for earlier, stage in pairwise(stages):
        if earlier.due and stage.due and stage.due < earlier.due:
            at = f"{file}, line {lines[stage.number - 1]}"
            raise BadAssignment(f"{at}: {stage.id} is due before {earlier.id}, which comes first. Put them in order.")
    if twice := [stage for stage in stages if [other.id for other in stages].count(stage.id) > 1]:
        raise BadAssignment(f"{file}, line {lines[twice[1].number - 1]}: {twice[1].id!r} is there twice.")
    return Course(table["title"], stages, zone)


def _stage(file: Path, number: int, entry: Any, line: int) -> Stage:
    def problem(message: str) -> BadAssignment:
        return BadAssignment(f"{file}, line {line}: stage {number} {message}.")

    if not isinstance(entry, Mapping) or not isinstance(entry.get("assignment"), str):
        raise problem("needs an `assignment`: the name of one, or the path of its folder")
    if unknown := sorted(entry.keys() - set(KEYS)):
        raise problem(f"has no `{unknown[0]}`; there are {', '.join(KEYS)}")
    due = entry.get("due")
    if due is not None and (not isinstance(due, datetime) or due.tzinfo is None):
        raise problem("has a `due` without date, time or zone; write it as 2026-10-05T23:59:00+02:00")
    provided = entry.get("provided")
    if provided is not None and not (isinstance(provided, str) and (file.parent / provided).is_dir()):
        raise problem(f"names the provided folder {provided!r}, which is not there")
    source = entry["assignment"]
    beside = source if Path(source).name == source else str(file.parent.absolute() / source)
    return Stage(number, beside, due, (file.parent / provided).resolve() if provided is not None else None)


def named(name: str) -> Assignment:
    """Load what a command calls an assignment: a shipped one, a folder, or `course.toml:optimizers`, a course's stage.

    Raises:
        BadAssignment: there is none.
    """
    match = NAMED.fullmatch(name)
    if match is None:
        return load(name)
    course = read(Path(match[1]))
    for stage in course.stages:
        if stage.id == match[2]:
            return stage.load()
    raise BadAssignment(f"{match[1]} has no stage {match[2]!r}; there are {', '.join(s.id for s in course.stages)}.")


def is_course(name: str) -> bool:
    """Return whether a command was given a whole course."""
    return Path(name).name == FILE


def schedule(course: Course, titles: Mapping[str, str]) -> str:
    """Return the course as CSV: number, folder, title and due time of each stage."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["number", "folder", "title", "due"])
    for stage in course.stages:
        rows.writerow([stage.number, stage.folder, titles[stage.id], stage.due.isoformat() if stage.due else ""])
    return text.getvalue()
