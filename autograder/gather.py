"""Finds what to mark behind the paths of a command: submissions, folders of them, and platforms' bulk downloads."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.intake import NothingToMark, find
from autograder.intake.bulk import FOLDERS, NEWEST, Bulk, class_inside, inner_zips, unpack
from autograder.intake.names import suffix
from autograder.model import QUIZ_FILE
from autograder.roster import Roster, owners

MOST_TOLD = 20  # names in one sentence
CODE = {".py", ".ipynb", ".zip"}
LEAST_INSIDE = 2  # people in one of several zips: then those of its platform are downloads, and no student's zip


@dataclass(frozen=True)
class FoundSubmission:
    """One submission to mark."""

    path: Path
    label: str  # what a table and a page call it
    shown: str  # its path as reports have it
    known_as: tuple[str, ...] = ()  # ids and names of who handed it in, the surest first
    student: str = ""  # the id on the roster
    remarks: tuple[str, ...] = ()
    person: tuple[str, ...] = ()  # of a download: the platform and its number of the person
    attempt: tuple[object, ...] = ()  # of a download: which of two is the newer one; () is not known


@dataclass(frozen=True)
class _Gathering:
    """The request of one command."""

    main: str
    target: Path
    label: Callable[[Path], str]
    say: Callable[[str], None]
    alone: bool  # one path was given: a zip of folders is then a class


def gather(
    paths: Sequence[Path],
    main: str,
    target: Path,
    *,
    roster: Roster | None,
    label: Callable[[Path], str],
    say: Callable[[str], None],
) -> list[FoundSubmission]:
    """Every submission once; downloads are unpacked below `target`.

    Raises:
        NothingToMark: as intake.find.
        BadBulk: a download that cannot be read.
    """
    search = _Gathering(main, target, label, say, alone=len(paths) == 1)
    found = [one for number, path in enumerate(paths) for one in _below(search, path, target / str(number))]
    found = _joined(_newest(list({one.path: one for one in found}.values()), say))
    return found if roster is None else _with_people(found, roster, say)


def _below(search: _Gathering, path: Path, target: Path) -> Iterator[FoundSubmission]:
    """The submissions of a download; else of the downloads that lie there, and all that is in none of them."""
    if bulk := unpack(path, target / "all", search.main if search.alone else ""):
        yield from _people(search, path, bulk)
        return
    zips = inner_zips(path, target / "zips")
    downloads = {inner: bulk for n, inner in enumerate(zips) if (bulk := unpack(inner, target / str(n)))}
    sure = {bulk.platform for bulk in downloads.values() if len(bulk.people) >= LEAST_INSIDE}
    downloads = {inner: bulk for inner, bulk in downloads.items() if bulk.platform in sure}
    for inner, bulk in downloads.items():
        yield from _people(search, inner, bulk)
    if downloads and path.is_file():
        rest = [inner for inner in zips if inner not in downloads]
    else:
        rest = _alone(path, search.main, needed=not downloads)
    for one in rest:
        if one not in downloads and not (downloads and one == path):
            yield FoundSubmission(_with_quiz(one, search.main, target / "files"), search.label(one), str(one))


def _with_quiz(file: Path, main: str, target: Path) -> Path:
    """A folder of one person's file and quiz where both lie among others: `ada_optimizers.py`, `ada_quiz.toml`."""
    stem = Path(main).stem
    quiz = file.with_name(f"{file.stem.replace(stem, Path(QUIZ_FILE).stem)}{Path(QUIZ_FILE).suffix}")
    if not file.is_file() or stem not in file.stem or file.name == main or not quiz.is_file():
        return file
    folder = target / file.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / f"{stem}{file.suffix}", follow_symlinks=False)
    shutil.copyfile(quiz, folder / QUIZ_FILE, follow_symlinks=False)
    return folder


def _alone(path: Path, main: str, *, needed: bool) -> list[Path]:
    try:
        found = find([path], main=main)
        inside = class_inside(path, main) if found == [path] or len(found) == 1 else None
        return find([inside], main=main) if inside else found
    except NothingToMark:
        if needed:
            raise
        return []


def _people(search: _Gathering, path: Path, bulk: Bulk) -> Iterator[FoundSubmission]:
    _tell(path, bulk, search.say)
    for one in bulk.people:
        shown = f"{path.name}/{one.label}"
        person = (bulk.platform, one.keys[0])
        yield FoundSubmission(
            one.folder, one.label, shown, one.keys, remarks=one.remarks, person=person, attempt=one.attempt
        )


def _newest(found: Sequence[FoundSubmission], say: Callable[[str], None]) -> list[FoundSubmission]:
    """The submissions without what a newer download of their platform has again; both where nothing tells the newer.

    A quiz that only an older one has stays: what joins code and quiz finds it.
    """
    by_person: dict[tuple[str, ...], list[FoundSubmission]] = {}
    for one in found:
        if one.person and _kinds(one.path) & CODE:
            by_person.setdefault(one.person, []).append(one)
    kept: dict[Path, FoundSubmission] = {one.path: one for one in found}
    newer: list[str] = []
    for theirs in by_person.values():
        best = max(theirs, key=lambda one: one.attempt) if all(one.attempt for one in theirs) else theirs[0]
        older = [one for one in theirs if one is not best]
        alike = all(_contents(one.path) == _contents(best.path) for one in older)
        if not older or not (alike or all(one.attempt < best.attempt for one in older)):
            continue
        for one in older:
            del kept[one.path]
            if ".toml" in _kinds(one.path) - _kinds(best.path):
                kept[one.path] = replace(one, path=_without_code(one.path))
        if not alike:
            newer.append(best.label)
            kept[best.path] = replace(best, remarks=tuple(dict.fromkeys((*best.remarks, NEWEST))))
    if newer:
        say(f"these are in several downloads, and the newest attempt of each is marked: {_listed(newer)}")
    return list(kept.values())


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _without_code(folder: Path) -> Path:
    for file in folder.rglob("*"):
        if file.is_file() and suffix(file.name) != ".toml":
            file.unlink()
    return folder


def _joined(found: Sequence[FoundSubmission]) -> list[FoundSubmission]:
    """One submission of one person's code and quiz that came in two downloads of a platform."""
    codes = {one.person: one for one in found if one.person and _kinds(one.path) & CODE}
    joined = []
    for one in found:
        code = codes.get(one.person, one)
        if code is one or _kinds(one.path) & CODE or ".toml" in _kinds(one.path) & _kinds(code.path):
            joined.append(one)
            continue
        for quiz in one.path.rglob("*.toml*"):
            shutil.copyfile(quiz, code.path / quiz.name)
    return joined


def _kinds(folder: Path) -> set[str]:
    return {suffix(file.name) for file in folder.rglob("*") if file.is_file()}


def _with_people(found: Sequence[FoundSubmission], roster: Roster, say: Callable[[str], None]) -> list[FoundSubmission]:
    named: list[FoundSubmission] = []
    strangers: list[str] = []
    for one in found:
        who = owners(roster, one.known_as, one.shown)
        if len(who) == 1:
            known_as = tuple(dict.fromkeys((who[0].id, *one.known_as)))
            named.append(replace(one, known_as=known_as, student=who[0].id))
        else:
            strangers.append(one.label)
            named.append(one)
    if strangers:
        say(f"on the roster there is nobody, or not just one, for: {_listed(strangers)}. They are marked all the same")
    there = {one.student for one in named}
    if missing := [person.id for person in roster.people if person.id not in there]:
        say(f"nothing was handed in by {len(missing)} of {len(roster.people)} on the roster: {_listed(missing)}")
    return named


def _tell(path: Path, bulk: Bulk, say: Callable[[str], None]) -> None:
    what = "a download of " if bulk.platform != FOLDERS else ""
    say(f"{path} is {what}{bulk.platform}: {len(bulk.people)} {'person' if len(bulk.people) == 1 else 'people'}")
    if late := [one.label for one in bulk.people if one.late]:
        say(f"{bulk.platform} calls these late: {_listed(late)}. Lateness is not marked here")
    if bulk.left:
        say(f"files of nobody, which were left out: {_listed(bulk.left)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more
