"""Unpacks what a learning platform gives for a whole class, as a zip or a folder: one folder for each person.

    Canvas         lovelaceada_LATE_12345_678_optimizers-1.py
    Moodle         Ada Lovelace_1234_assignsubmission_file/optimizers.py, or with the file's name behind it
    Blackboard     Optimizers_ada01_attempt_2026-10-01-10-11-12_optimizers.py, and a .txt for each attempt
    Brightspace    12345-678 - Ada Lovelace - Oct 1, 2026 1011 AM/optimizers.py, or with the file's name behind it
    Gradescope     assignment_5_export/submission_987/optimizers.py, and submission_metadata.yml
    a zip          of folders, one for each person, as cloned from GitHub Classroom

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

from autograder.intake.names import called, show, suffix, visible
from autograder.legible import ZIPS, decoded
from autograder.platforms import having

MAX_FILES = 50_000  # of a class: 500 people, each with a folder full
MAX_FILE = 8_000_000  # bytes of one file: what intake takes at most
MAX_PART = 120  # characters of a name on our disk, which takes 255 bytes
KEPT = (".py", ".ipynb", ".zip", ".toml")  # what can be a submission or its quiz; of the rest only the name is kept
NEWEST = "Of several attempts the newest was marked."
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
    order: int = 0  # of files that have one name in an attempt, the highest is the newest
    late: bool = False


@dataclass(frozen=True)
class HandedIn:
    """One person's submission, unpacked into a folder of its own."""

    folder: Path
    label: str
    keys: tuple[str, ...]
    late: bool = False
    remarks: tuple[str, ...] = ()
    attempt: tuple[object, ...] = ()  # grows with each attempt, also from one download to the next; () is not known


@dataclass(frozen=True)
class Bulk:
    platform: str
    people: tuple[HandedIn, ...]
    left: tuple[str, ...] = ()  # files of the download that are nobody's submission


@dataclass(frozen=True)
class _Files:
    names: tuple[str, ...]
    read: Callable[[str], bytes]
    zipped: bool = False


def unpack(path: Path, target: Path, main: str = "") -> Bulk | None:
    """The submissions of a platform's download, written below `target`; None when `path` is no such download.

    With the name of the file that is asked for, a zip of folders with one each is a class as well.

    Raises:
        BadBulk: a zip that cannot be read.
        OSError: the disk's.
    """
    files = _files(path)
    if files is None:
        return None
    names = [name for name in files.names if visible(name)]
    for platform, parse in PARSERS.items():
        entries = parse(names, files.read)
        if entries:
            return _placed(having("download")[platform].name, entries, names, files.read, target)
    if main and files.zipped and (entries := _folders(names, main)):
        return _placed(FOLDERS, entries, names, files.read, target)
    return None


def class_inside(folder: Path, main: str) -> Path | None:
    """The folder of a class below a folder that holds nothing else: unpacking a zip often makes one more around it."""
    files = _files(folder)
    names = [name for name in files.names if visible(name)] if files and not files.zipped else []
    kept = [name for name in names if suffix(name) in KEPT]
    around = os.path.commonpath(kept) if len(kept) > 1 else ""
    return folder / around if around and _folders(names, main) else None


def inner_zips(path: Path, target: Path) -> list[Path]:
    """The zips that lie in a folder, or in a zip of nothing else: a platform's download may be among them."""
    files = _files(path)
    zips = [name for name in files.names if visible(name) and suffix(name) == ".zip"] if files else []
    if files is None or not files.zipped:
        return [path / name for name in zips if "/" not in name]
    if any(suffix(name) in KEPT and name not in zips for name in files.names if visible(name)):
        return []
    target.mkdir(parents=True, exist_ok=True)
    made = []
    for number, name in enumerate(zips):
        made.append(target / f"{number:04d}-{posixpath.basename(name)[-MAX_PART:]}")
        made[-1].write_bytes(files.read(name))
    return made


# ------------------------------------------------------------------------------------------------------ the files
def _files(path: Path) -> _Files | None:
    mode = os.lstat(path).st_mode if os.path.lexists(path) else 0
    if stat.S_ISDIR(mode):
        there = {_of_bytes(name): name for name in sorted(_below(path))}
        return _Files(tuple(there), lambda name: _of_disk(path / there[name]))
    if stat.S_ISREG(mode) and path.suffix.lower() == ".zip":
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError):
            return None  # reading it as a submission says what is wrong with it
        entries = {decoded_name(entry): entry for entry in archive.infolist()}
        if len(entries) > MAX_FILES:
            raise BadBulk(f"{show(path.name)} holds more than {MAX_FILES} files. Give it in parts.")
        names = tuple(sorted(name for name in entries if not name.endswith("/")))
        return _Files(names, lambda name: _of_zip(archive, entries[name], path.name), zipped=True)
    return None


def _of_bytes(name: str) -> str:
    """A name on the disk as text: one that is not UTF-8 was unpacked from a zip of Windows."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return decoded(os.fsencode(name), ZIPS)[0]
    return name


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
    """The name of an entry with `/` between folders; in the code page of Windows where nothing says which."""
    name = entry.filename
    if not entry.flag_bits & 0x800:  # read as code page 437 then
        name = decoded(name.encode("cp437", "replace"), ZIPS)[0]
    return name.replace("\\", "/")


# ----------------------------------------------------------------------------------------------------- the parsers
_CANVAS = re.compile(
    r"(?P<name>.+?)_(?:(?P<late>late)_)?(?P<user>\d+|(?:(?<=anon_)|(?<=anon_late_))\w{5})_"
    r"(?:(?P<sub>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))\Z",
    re.DOTALL | re.IGNORECASE,
)
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)(?:_?(?P<file>[^_/][^/]*))?_?\Z")
_BLACKBOARD = re.compile(r"(?P<who>.+)_[^\W\d_]+_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)\Z")
_BRIGHTSPACE = re.compile(
    r"(?P<user>\d+)\s*-\s*(?P<sub>\d+)\s*-\s*(?P<name>.+?)\s*-\s*"
    r"(?P<date>\d{4}-\d\d?-\d\d?\b[^-]*?|[^-]*?\b\d{4}\b[^-]*?)(?:\s*-\s*(?P<file>.+))?\Z"
)
Parser = Callable[[Sequence[str], Callable[[str], bytes]], "list[Entry]"]


def _canvas(names: Sequence[str], _read: Callable[[str], bytes]) -> list[Entry]:
    found = []
    for name in names:
        if match := _CANVAS.match(posixpath.basename(name)):
            file, number = unversioned(match["file"] or match["typed"])[0], int(match["sub"] or 0)
            keys = (match["user"], match["name"])
            late = bool(match["late"])
            found.append(Entry(file, name, match["user"], keys, match["name"], order=number, late=late))
    kept = [name for name in names if suffix(name) in KEPT]
    code = [entry for entry in found if suffix(entry.file) in KEPT and suffix(entry.file) != ".toml"]
    # in one folder: `hw_2026_1_ada.py`, `hw_2026_1_bob.py` are not Canvas's
    numbered = {(posixpath.dirname(entry.path), entry.person, entry.order) for entry in code}
    return found if len(found) * 2 > len(kept) and len(numbered) == len(code) else []


def _moodle(names: Sequence[str], _read: Callable[[str], bytes]) -> list[Entry]:
    found = []
    for name in names:
        for depth, part in enumerate(parts := name.split("/")):
            match = _MOODLE.match(part)
            if not match:
                continue
            rest = "/".join(parts[depth + 1 :]) or match["file"] or part
            who = match["name"].rpartition("-")[2] if "-" in match["name"] else match["name"]
            keys = (f"participant {match['user']}", match["name"], who)  # as its worksheet calls this number
            found.append(Entry(rest, name, match["user"], keys, match["name"]))
            break
    return found


def _blackboard(names: Sequence[str], read: Callable[[str], bytes]) -> list[Entry]:
    matches = {name: match for name in names if (match := _BLACKBOARD.match(posixpath.basename(name)))}
    users, full = _blackboard_users(matches, read)
    found = []
    for name, match in matches.items():
        user = users[match["who"]]
        keys = (user, full[user]) if user in full else (user, *_endings(match["who"], user))
        found.append(Entry(match["file"] or "", name, user, keys, user, (match["time"],)))
    return found


def _endings(who: str, user: str) -> list[str]:
    """Longer names that the user in `Title_user` may have, where no .txt says where the title ends."""
    parts = who.split("_")
    return [ending for at in range(1, len(parts)) if len(ending := "_".join(parts[at:])) > len(user)]


def _blackboard_users(
    matches: Mapping[str, re.Match[str]], read: Callable[[str], bytes]
) -> tuple[dict[str, str], dict[str, str]]:
    """The users in `Title_user`, where both may have underscores, and the names of those of whom a .txt tells it.

    The .txt beside says the user; else what all share is the title.
    """
    whos = {match["who"]: None for match in matches.values()}
    users: dict[str, str] = {}
    full: dict[str, str] = {}
    for name, match in matches.items():
        if not match["file"]:
            head = read(name)[:2000].decode("utf-8-sig", "replace").splitlines()[:1]
            told = re.match(r"\w[\w ]*:\s*(.*?)\s*\((\S+)\)\s*\Z", head[0]) if head else None
            if told and match["who"].endswith(f"_{told[2]}"):
                users[match["who"]], full[told[2]] = told[2], told[1]
    shared = os.path.commonprefix([who + "_" for who in whos]) if len(whos) > 1 else ""  # noqa: RUF071 - of letters
    title = shared[: shared.rfind("_") + 1]
    for who in whos:
        users.setdefault(who, who.removeprefix(title) if title else who.rpartition("_")[2])
    return users, full


def _brightspace(names: Sequence[str], _read: Callable[[str], bytes]) -> list[Entry]:
    found = []
    for order, name in enumerate(names):
        for depth, part in enumerate(parts := name.split("/")):
            match = _BRIGHTSPACE.match(part)
            if match:
                rest = "/".join(parts[depth + 1 :]) or match["file"]
                if rest:
                    keys = (f"user {match['user']}", match["name"])  # its own number, which may be another's id
                    found.append(
                        Entry(rest, name, match["user"], keys, match["name"], date_of(match["date"]), order=order)
                    )
                break
    return found


_MONTHS = (
    "jan", "feb fév fev", "mar mär maer", "apr avr abr", "may mai", "jun juin", "jul juil", "aug aoû aou ago",
    "sep set", "oct okt out", "nov", "dec déc dez dic",
)  # fmt: skip
_MONTH = {short: number for number, line in enumerate(_MONTHS, start=1) for short in line.split()}


def date_of(text: str) -> tuple[int, ...]:
    """Year to minute of `Oct 1, 2026 1011 AM`, `1 okt. 2026 22.11`, `2026-10-01 2211`; zeros where nothing is found."""
    if iso := re.match(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\b", text):
        day, after = tuple(map(int, iso.groups())), text[iso.end() :]
    elif year := re.search(r"\b(\d{4})\b", text):
        words = re.findall(r"[^\W\d_]+", text.casefold())
        month = next((_MONTH[word[:n]] for word in words for n in (4, 3) if word[:n] in _MONTH), 0)
        number = re.search(r"\b(\d{1,2})\b", text[: year.start()])
        day, after = (int(year[1]), month, int(number[1]) if number else 0), text[year.end() :]
    else:
        return (0, 0, 0, 0, 0)
    clock = re.search(r"(\d{1,2})\s*[:.h]?\s*(\d{2})\b", after)
    hour, minute = (int(clock[1]), int(clock[2])) if clock else (0, 0)
    half = re.search(r"\b([ap])\.?\s?m\b|\b(nachm|vorm)\b", after.casefold())
    if half and hour <= 12:
        hour = hour % 12 + (12 if half[0][0] in "pn" else 0)
    return *day, hour, minute


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
            attempt = (int(parts[at].rpartition("_")[2]),)  # its submissions are counted up
            file = "/".join(parts[at + 1 :])
            found.append(Entry(file, name, person, (*keys, parts[at]), who.get("name", ""), attempt))
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
    """A scalar; "" for bytes that are not text, which stand in the lines below."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) > 1 and value[0] == value[-1] == '"':
        code = r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))"
        return re.sub(code, lambda m: m[3] or chr(int(m[1] or m[2], 16)), value[1:-1])
    return "" if value in ("~", "null") or value.startswith("!") else value


def _folders(names: Sequence[str], main: str) -> list[Entry]:
    """A zip of folders, each with one submission: whatever holds them is passed through."""
    kept = [name for name in names if suffix(name) in KEPT]
    around = os.path.commonpath(kept) if len(kept) > 1 else ""
    depth = len(around.split("/")) if around else 0
    parts = {name: name.split("/")[depth:] for name in names if name.startswith(around)}
    people = {p[0] for p in parts.values() if len(p) > 1 and called(p[-1], main)}
    if len(people) < 2 or any(map(_OF_ONE.fullmatch, people)) or any(len(parts[name]) < 2 for name in kept):
        return []
    return [Entry("/".join(p[1:]), name, p[0], (p[0],), p[0]) for name, p in parts.items() if len(p) > 1]


PARSERS: Mapping[str, Parser] = {  # the surest sign first: names like Canvas's may be anybody's
    "gradescope": _gradescope,
    "moodle": _moodle,
    "blackboard": _blackboard,
    "brightspace": _brightspace,
    "canvas": _canvas,
}
FOLDERS = "a zip of folders, one for each person"
_OF_ONE = re.compile(
    r"(?i)(old|new|final|backup|copy|code|src|lib|tests?|solution|starter|orig\w*|v?\d|tinytorch)\W?\d*"
)


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
    for entry in _once(platform, entries, read):
        by_person[entry.person].append(entry)
    people = []
    for number, theirs in enumerate(by_person.values()):
        people.append(_written(platform, theirs, read, target / f"{number:04d}"))
    labels: dict[str, int] = defaultdict(int)
    for one in people:
        labels[one.label] += 1
    numbers = {one: one.keys[0].removeprefix("participant ").removeprefix("user ") for one in people}
    people = [replace(one, label=f"{one.label}_{numbers[one]}") if labels[one.label] > 1 else one for one in people]
    known = {entry.path for entry in entries}
    left = [name for name in names if name not in known and suffix(name) in KEPT]
    return Bulk(platform, tuple(people), tuple(left))


def _once(platform: str, entries: Sequence[Entry], read: Callable[[str], bytes]) -> list[Entry]:
    """The entries without those that lie there a second time, as when a download was unpacked twice.

    Raises:
        BadBulk: one file of one attempt with two contents: which one is newer is not known.
    """
    there: dict[tuple[object, ...], Entry] = {}
    kept = []
    for entry in entries:
        again = there.setdefault((entry.person, entry.keys, entry.file, entry.attempt, entry.order), entry)
        if again is entry:
            kept.append(entry)
        elif suffix(entry.file) in KEPT and read(again.path) != read(entry.path):
            raise BadBulk(
                f"Two downloads of {platform} lie in one, and differ: {show(again.path)} and {show(entry.path)}. "
                "Which is newer is not known: give one of them."
            )
    return kept


@dataclass
class _Choice:
    chosen: list[Entry] = field(default_factory=list)
    older: list[Entry] = field(default_factory=list)


def _written(platform: str, theirs: Sequence[Entry], read: Callable[[str], bytes], folder: Path) -> HandedIn:
    """Writes a person's newest files; one file for each name, whatever folders it lay in.

    Of files that can be no submission only the name is there: reading the submission then tells of them.
    """
    choice = _newest(theirs)
    folder.mkdir(parents=True)
    taken: set[str] = set()
    for entry in choice.chosen:
        where = folder / _free(_on_disk(entry.file), taken)
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(read(entry.path) if suffix(entry.file) in KEPT else b"")
    first = choice.chosen[0] if choice.chosen else theirs[0]
    keys = tuple(dict.fromkeys(key for entry in theirs for key in entry.keys if key))
    older = bool(choice.older)
    label = first.name or first.keys[0]
    late = any(entry.late for entry in choice.chosen)
    return HandedIn(folder, label, keys, late, (NEWEST,) if older else (), _attempt(platform, first))


def _attempt(platform: str, entry: Entry) -> tuple[object, ...]:
    """Return when something was handed in, or its number, where a platform says so: two downloads can be compared."""
    numbered = (entry.order,) if platform == having("download")["canvas"].name and entry.order else ()
    return (entry.attempt or numbered) if any(entry.attempt or numbered) else ()


def _on_disk(file: str) -> str:
    """A relative path that a disk takes: nothing leads out of its folder, and no part is too long."""
    parts = [part for part in file.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    cut = [part if len(part.encode()) <= MAX_PART else part[:30] + part[-30:] for part in parts]
    return "/".join(cut) or "file"


def _free(name: str, taken: set[str]) -> str:
    """The name, unless a file has it or lies in a folder of it."""
    while name in taken or any(f"{name}/".startswith(f"{one}/") or one.startswith(f"{name}/") for one in taken):
        name = f"other/{name}"
    taken.add(name)
    return name


def _newest(theirs: Sequence[Entry]) -> _Choice:
    """Return the newest attempt with code and the newest with a quiz: handing in a quiz later keeps the code."""
    choice = _Choice()
    kept = [entry for entry in theirs if suffix(entry.file) in KEPT]
    quizzes = [entry for entry in kept if suffix(entry.file) == ".toml"]
    code = [entry for entry in kept if suffix(entry.file) != ".toml"]
    for group in (code, quizzes):
        versions: dict[str, Entry] = {}
        newest = max((entry.attempt for entry in group), default=())
        for entry in sorted(group, key=lambda one: (one.attempt, one.order)):
            if entry.attempt != newest:
                choice.older.append(entry)
                continue
            if entry.file in versions:
                choice.older.append(versions[entry.file])
            versions[entry.file] = entry
        choice.chosen += versions.values()
    if not code:  # then their names say what was handed in instead
        choice.chosen += [entry for entry in theirs if entry.file and suffix(entry.file) not in KEPT]
    return choice
