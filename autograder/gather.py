"""Finds what to mark behind the paths of a command: submissions, folders of them, and platforms' bulk downloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.intake import find
from autograder.intake.bulk import Bulk, unpack
from autograder.roster import Roster, owners

MOST_TOLD = 20  # names in one sentence


@dataclass(frozen=True)
class Found:
    """One submission to mark."""

    path: Path
    label: str  # what a table and a page call it
    shown: str  # its path as reports have it
    known_as: tuple[str, ...] = ()  # ids and names of who handed it in, the surest first
    student: str = ""  # the id on the roster
    remarks: tuple[str, ...] = ()


def gather(
    paths: Sequence[Path],
    main: str,
    target: Path,
    *,
    roster: Roster | None,
    label: Callable[[Path], str],
    say: Callable[[str], None],
) -> list[Found]:
    """Every submission once; downloads are unpacked below `target`.

    Raises:
        NothingToMark: as intake.find.
        BadBulk: a download that cannot be read.
    """
    found: list[Found] = []
    for number, path in enumerate(paths):
        if (bulk := unpack(path, target / str(number))) is None:
            found += [Found(one, label(one), str(one)) for one in find([path], main=main)]
            continue
        _tell(path, bulk, say)
        for one in bulk.people:
            found.append(Found(one.folder, one.label, f"{path.name}/{one.label}", one.keys, remarks=one.remarks))
    found = list({one.path: one for one in found}.values())
    return found if roster is None else _with_people(found, roster, say)


def _with_people(found: Sequence[Found], roster: Roster, say: Callable[[str], None]) -> list[Found]:
    named: list[Found] = []
    strangers: list[str] = []
    for one in found:
        who = owners(roster, one.known_as, one.shown)
        if len(who) == 1:
            known_as = tuple(dict.fromkeys((who[0].id, *one.known_as)))
            named.append(Found(one.path, one.label, one.shown, known_as, who[0].id, one.remarks))
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
    say(f"{path} is a download of {bulk.platform}: {len(bulk.people)} people")
    if late := [one.label for one in bulk.people if one.late]:
        say(f"{bulk.platform} calls these late: {_listed(late)}. Lateness is not marked here")
    if bulk.left:
        say(f"files of nobody, which were left out: {_listed(bulk.left)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more
