"""Unpacks what a learning platform gives for a whole class, as a zip or a folder: one folder for each person.

    Canvas         lovelaceada_LATE_12345_678_optimizers-1.py
    Moodle         Ada Lovelace_1234_assignsubmission_file/optimizers.py, or with the file's name behind it
    Blackboard     Optimizers_ada01_attempt_2026-10-01-10-11-12_optimizers.py, and a .txt for each attempt
    Brightspace    12345-678 - Ada Lovelace - Oct 1, 2026 1011 AM/optimizers.py, or with the file's name behind it
    Gradescope     assignment_5_export/submission_987/optimizers.py, and submission_metadata.yml

Names are data here and no path of a stranger's is written to. Code and quiz of one person that came as two files are
one submission, and of several attempts the newest counts, for each of the two. docs/platforms.md has the sources.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.intake.names import show, suffix, visible

MAX_FILES = 50_000  # of a class: 500 people, each with a folder full
MAX_FILE = 8_000_000  # bytes of one file: what intake takes at most
KEPT = (".py", ".ipynb", ".zip", ".toml")  # what can be a submission or its quiz; the rest is said to be left
_VERSION = re.compile(r"(?:-(\d+)| ?\((\d+)\))\Z")


class BadBulk(Exception):
    """A download that cannot be read; the message is for staff."""


@dataclass(frozen=True)
class Entry:
    """One file of a download, with what its name says of who handed it in."""

    file: str  # as its author called it
    path: str  # in the download
    person: str  # what tells people apart there
    keys: tuple[str, ...]  # ids and names by which a roster may know them, the surest first
    name: str = ""
    attempt: tuple[object, ...] = ()  # grows with each attempt
    late: bool = False


@dataclass(frozen=True)
class HandedIn:
    """One person's submission, unpacked into a folder of its own."""

    folder: Path
    label: str
    keys: tuple[str, ...]
    late: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bulk:
    platform: str
    people: tuple[HandedIn, ...]
    left: tuple[str, ...] = ()  # files of the download that are nobody's submission


@dataclass(frozen=True)
class _Files:
    names: tuple[str, ...]
    read: Callable[[str], bytes]


def unpack(path: Path, target: Path) -> Bulk | None:
    """The submissions of a platform's download, written below `target`; None when `path` is no such download.

    Raises:
        BadBulk: a zip that cannot be read.
        OSError: the disk's.
    """
    files = _files(path)
    if files is None:
        return None
    names = [name for name in files.names if visible(name)]
    for platform, parse in PLATFORMS.items():
        entries = parse(names, files.read)
        if entries:
            return _placed(platform, entries, names, files.read, target)
    return None


# ------------------------------------------------------------------------------------------------------ the files
def _files(path: Path) -> _Files | None:
    mode = os.lstat(path).st_mode if os.path.lexists(path) else 0
    if stat.S_ISDIR(mode):
        names = tuple(sorted(_below(path)))
        return _Files(names, lambda name: _of_disk(path / name))
    if stat.S_ISREG(mode) and path.suffix.lower() == ".zip":
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError):
            return None  # reading it as a submission says what is wrong with it
        entries = {decoded_name(entry): entry for entry in archive.infolist()}
        if len(entries) > MAX_FILES:
            raise BadBulk(f"{show(path.name)} holds more than {MAX_FILES} files. Give it in parts.")
        names = tuple(sorted(name for name in entries if not name.endswith("/")))
        return _Files(names, lambda name: _of_zip(archive, entries[name], path.name))
    return None


def _below(folder: Path) -> Iterator[str]:
    found = 0
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if visible(one))
        for name in files:
            found += 1
            if found > MAX_FILES:
                raise BadBulk(f"{show(str(folder))} holds more than {MAX_FILES} files. Give it in parts.")
            yield (Path(where) / name).relative_to(folder).as_posix()


def _of_disk(path: Path) -> bytes:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return b""  # a link of a stranger's is not followed
    with path.open("rb") as file:
        return file.read(MAX_FILE + 1)


def _of_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.read(MAX_FILE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadBulk(f"{show(entry.filename)} in {show(name)} cannot be read: {error}. Download it again.") from error


def decoded_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry with `/` between folders; UTF-8 also where Windows did not say that it is."""
    name = entry.filename
    if not entry.flag_bits & 0x800:  # read as code page 437 then
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = entry.filename
    return name.replace("\\", "/")


# ----------------------------------------------------------------------------------------------------- the parsers
_CANVAS = re.compile(r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d{2,})_(?P<sub>\d{3,})_(?P<file>.+)\Z", re.DOTALL)
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)(?:_?(?P<file>[^_/][^/]*))?_?\Z")
_BLACKBOARD = re.compile(r"(?P<who>.+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)\Z")
_BRIGHTSPACE = re.compile(
    r"(?P<user>\d+)\s*-\s*(?P<sub>\d+)\s*-\s*(?P<name>.+?)\s*-\s*(?P<date>[^-]*?\b\d{4}\b[^-]*?)(?:\s*-\s*(?P<file>.+))?\Z"
)
Parser = Callable[[Sequence[str], Callable[[str], bytes]], "list[Entry]"]


def _canvas(names: Sequence[str], _read: Callable[[str], bytes]) -> list[Entry]:
    found = []
    for name in names:
        if match := _CANVAS.match(posixpath.basename(name)):
            file, version = unversioned(match["file"])
            keys = (match["user"], match["name"])
            found.append(
                Entry(
                    file,
                    name,
                    match["user"],
                    keys,
                    match["name"],
                    (version, int(match["sub"])),
                    late=bool(match["late"]),
                )
            )
    return found if found and len(found) * 2 > len([n for n in names if suffix(n) in KEPT]) else []


def _moodle(names: Sequence[str], _read: Callable[[str], bytes]) -> list[Entry]:
    found = []
    for name in names:
        for depth, part in enumerate(parts := name.split("/")):
            match = _MOODLE.match(part)
            if not match:
                continue
            rest = "/".join(parts[depth + 1 :]) or match["file"] or part
            who = match["name"].rpartition("-")[2] if "-" in match["name"] else match["name"]
            keys = (match["user"], match["name"], who)
            found.append(Entry(rest, name, match["user"], keys, match["name"]))
            break
    return found


def _blackboard(names: Sequence[str], read: Callable[[str], bytes]) -> list[Entry]:
    matches = {name: match for name in names if (match := _BLACKBOARD.match(posixpath.basename(name)))}
    users = _blackboard_users({match["who"]: match["time"] for match in matches.values()}, matches, read)
    return [
        Entry(match["file"], name, users[match["who"]], (users[match["who"]],), users[match["who"]], (match["time"],))
        for name, match in matches.items()
        if match["file"]
    ]


def _blackboard_users(
    whos: Mapping[str, str], matches: Mapping[str, re.Match[str]], read: Callable[[str], bytes]
) -> dict[str, str]:
    """The users in `Title_user`, where both may have underscores.

    The .txt beside says the user; else what all share is the title.
    """
    users: dict[str, str] = {}
    for name, match in matches.items():
        if not match["file"]:
            head = read(name)[:2000].decode("utf-8", "replace").splitlines()[:1]
            told = re.match(r"\w[\w ]*:\s.*\((\S+)\)\s*\Z", head[0]) if head else None
            if told and match["who"].endswith(f"_{told[1]}"):
                users[match["who"]] = told[1]
    shared = os.path.commonprefix([who + "_" for who in whos]) if len(whos) > 1 else ""  # noqa: RUF071 - of letters
    title = shared[: shared.rfind("_") + 1]
    for who in whos:
        users.setdefault(who, who.removeprefix(title) if title else who.rpartition("_")[2])
    return users


def _brightspace(names: Sequence[str], _read: Callable[[str], bytes]) -> list[Entry]:
    found = []
    for order, name in enumerate(names):
        for depth, part in enumerate(parts := name.split("/")):
            match = _BRIGHTSPACE.match(part)
            if match:
                rest = "/".join(parts[depth + 1 :]) or match["file"]
                if rest:
                    attempt = (*date_of(match["date"]), order)
                    found.append(
                        Entry(rest, name, match["user"], (match["user"], match["name"]), match["name"], attempt)
                    )
                break
    return found


_MONTHS = (
    "jan", "feb fév fev", "mar mär maer", "apr avr abr", "may mai", "jun juin", "jul juil", "aug aoû aou ago",
    "sep set", "oct okt out", "nov", "dec déc dez dic",
)  # fmt: skip
_MONTH = {short: number for number, line in enumerate(_MONTHS, start=1) for short in line.split()}


def date_of(text: str) -> tuple[int, ...]:
    """Year, month, day, hour and minute of `Oct 1, 2026 1011 AM`, `1 okt. 2026 22.11`; zeros where nothing is found."""
    year = re.search(r"\b(\d{4})\b", text)
    if not year:
        return (0, 0, 0, 0, 0)
    words = [word.casefold() for word in re.findall(r"[^\W\d_]+", text)]
    month = next((_MONTH[w[:n]] for w in words for n in (4, 3) if w[:n] in _MONTH), 0)
    before, after = text[: year.start()], text[year.end() :]
    day = re.search(r"\b(\d{1,2})\b", before)
    clock = re.search(r"(\d{1,2})\s*[:.h]?\s*(\d{2})\b", after)
    hour, minute = (int(clock[1]), int(clock[2])) if clock else (0, 0)
    if "pm" in words and hour < 12:
        hour += 12
    elif "am" in words and hour == 12:
        hour = 0
    return int(year[1]), month, int(day[1]) if day else 0, hour, minute


def _gradescope(names: Sequence[str], read: Callable[[str], bytes]) -> list[Entry]:
    where = next((name for name in names if posixpath.basename(name) == "submission_metadata.yml"), None)
    submitters = submitters_of(read(where).decode("utf-8", "replace")) if where is not None else {}
    found = []
    for name in names:
        parts = name.split("/")
        at = next((n for n, part in enumerate(parts[:-1]) if re.fullmatch(r"submission_\d+", part)), None)
        if at is None:
            continue
        people = submitters.get(parts[at]) or [{}]
        for who in people:  # of a group, everybody
            keys = tuple(who[kind] for kind in ("sid", "email", "name") if who.get(kind))
            person = (*keys, parts[at])[0]
            found.append(Entry("/".join(parts[at + 1 :]), name, person, (*keys, parts[at]), who.get("name", "")))
    return found if where is not None else []


def submitters_of(text: str) -> dict[str, list[dict[str, str]]]:
    """Submission -> its people, from Gradescope's metadata.

    Only lines at the depth of that list are read: deeper ones may be a student's.
    """
    found: dict[str, list[dict[str, str]]] = {}
    now, listing = "", False
    for line in text.splitlines():
        if match := re.fullmatch(r"['\"]?(submission_\d+)['\"]?:\s*", line):
            now, listing = match[1], False
            found[now] = []
        elif match := re.fullmatch(r"  :?(\w+):.*", line):
            listing = match[1] == "submitters"
        elif listing and now and (match := re.fullmatch(r"(?: {2}| {4})(- | {2}):?(\w+):\s*(.*?)\s*", line)):
            if match[1] == "- ":
                found[now].append({})
            if found[now] and match[2] in ("name", "sid", "email"):
                found[now][-1][match[2]] = _yaml_text(match[3])
    return found


def _yaml_text(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\u([0-9A-Fa-f]{4})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], value[1:-1])
    return "" if value in ("~", "null") else value


PLATFORMS: Mapping[str, Parser] = {
    "Gradescope": _gradescope,
    "Moodle": _moodle,
    "Blackboard": _blackboard,
    "Brightspace": _brightspace,
    "Canvas": _canvas,
}


# -------------------------------------------------------------------------------------------------------- placing
def unversioned(name: str) -> tuple[str, int]:
    """`optimizers-1.py`, as Canvas calls a second upload, is optimizers.py, number 1."""
    stem, ending = posixpath.splitext(name)
    match = _VERSION.search(stem)
    return (stem[: match.start()] + ending, int(match[1] or match[2])) if match else (name, 0)


def _placed(
    platform: str, entries: Sequence[Entry], names: Sequence[str], read: Callable[[str], bytes], target: Path
) -> Bulk:
    by_person: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_person[entry.person].append(entry)
    people = []
    for number, theirs in enumerate(by_person.values()):
        people.append(_written(theirs, read, target / f"{number:04d}"))
    labels: dict[str, int] = defaultdict(int)
    for one in people:
        labels[one.label] += 1
    people = [replace(one, label=f"{one.label}_{one.keys[0]}") if labels[one.label] > 1 else one for one in people]
    known = {entry.path for entry in entries}
    left = [name for name in names if name not in known and suffix(name) in KEPT]
    return Bulk(platform, tuple(people), tuple(left))


@dataclass
class _Choice:
    chosen: list[Entry] = field(default_factory=list)
    older: list[Entry] = field(default_factory=list)


def _written(theirs: Sequence[Entry], read: Callable[[str], bytes], folder: Path) -> HandedIn:
    """Writes a person's newest files; one file for each name, whatever folders it lay in."""
    choice = _newest(theirs)
    folder.mkdir(parents=True)
    for entry in choice.chosen:
        name = "/".join(part for part in entry.file.replace("\\", "/").split("/") if part not in ("", ".", ".."))
        where = folder / (name or "file")
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(read(entry.path))
    first = choice.chosen[0] if choice.chosen else theirs[0]
    keys = tuple(dict.fromkeys(key for entry in theirs for key in entry.keys if key))
    older = len({entry.attempt for entry in choice.older})
    remarks = (f"Of several attempts the newest was marked; {older} earlier one(s) were not.",) if older else ()
    label = first.name or first.keys[0]
    return HandedIn(folder, label, keys, late=any(entry.late for entry in choice.chosen), remarks=remarks)


def _newest(theirs: Sequence[Entry]) -> _Choice:
    """Return the newest attempt with code and the newest with a quiz: handing in a quiz later keeps the code."""
    choice = _Choice()
    kept = [entry for entry in theirs if suffix(entry.file) in KEPT]
    for is_quiz in (False, True):
        group = [entry for entry in kept if (suffix(entry.file) == ".toml") is is_quiz]
        if not group:
            continue
        versions: dict[str, Entry] = {}
        newest = max((entry.attempt[:-1] if len(entry.attempt) == 6 else entry.attempt for entry in group), default=())
        for entry in sorted(group, key=lambda one: one.attempt):
            attempt = entry.attempt[:-1] if len(entry.attempt) == 6 else entry.attempt
            if len(entry.attempt) == 2 or attempt == newest:  # Canvas gives one attempt: its numbers are of each file
                if entry.file in versions:
                    choice.older.append(versions[entry.file])
                versions[entry.file] = entry
            else:
                choice.older.append(entry)
        choice.chosen += versions.values()
    return choice
