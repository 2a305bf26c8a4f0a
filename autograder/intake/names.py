"""Which of the files that were handed in is the submission, and how their names may be shown."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

MAX_SHOWN = 80  # characters of one name in a message: a whole honest path, and no room for an essay
MAX_LISTED = 5  # names in one message
LITTER = {
    "__MACOSX",
    "__pycache__",
    "desktop.ini",
    "Thumbs.db",
}  # put there by machines; hidden files are too


@dataclass
class ReadSubmission:
    """The result of reading: files by the grader's names, remarks, why a file beside the code was refused, cells."""

    files: dict[str, bytes]
    remarks: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    cells: tuple[tuple[int, int], ...] = ()


class Refused(Exception):
    """The submission cannot be read, and the author can change that; the message says how."""

    beside: ReadSubmission | None = None  # what came beside the code and can be read


@dataclass(frozen=True)
class Tree:
    """The files of a folder or an archive: names (with /), and how to read one up to a number of bytes."""

    names: tuple[str, ...]
    read: Callable[[str, int], bytes]


def show(name: str) -> str:
    """The name in quotes, fit for any message: control, bidi and undecodable characters escaped, cut."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name[: MAX_SHOWN + 1])
    return f'"{escaped}"' if len(escaped) <= MAX_SHOWN else f'"{escaped[: MAX_SHOWN - 1]}…"'


def show_some(names: Collection[str]) -> str:
    shown = ", ".join(show(name) for name in sorted(names)[:MAX_LISTED])
    return shown + (f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else "")


def visible(name: str) -> bool:
    return not any(part.startswith(".") or part in LITTER for part in name.split("/"))


def suffix(name: str) -> str:
    """The ending of a name, lower case, without the `.txt` that an editor or a mail program put behind it."""
    return posixpath.splitext(re.sub(r"(?i)(\.(?:py|ipynb|toml))\.txt\Z", r"\1", name))[1].lower()


def called(name: str, wanted: str) -> bool:
    """Return whether a file is `wanted`, perhaps renamed on its way.

    quiz-1.toml, quiz (2).toml, ada_12_quiz.toml, quiz_ada.toml, and quiz.toml.txt of an editor.
    """
    stem, ending = map(re.escape, posixpath.splitext(wanted))
    pattern = rf"(?:.*[_\W])?{stem}(?:[-_. (].*)?{ending}(?:\.txt)?"
    return bool(re.fullmatch(pattern, posixpath.basename(name), re.IGNORECASE))


def choose(names: Iterable[str], main: str, *, zips: bool) -> str:
    """The name to mark: `main`, else the one script named like it or notebook, else (`zips`) the one zip or script.

    Of several files called `main` the one nearest to the top counts, because copies lie in folders below.
    """
    names = [name for name in names if visible(name)]
    exact = [name for name in names if posixpath.basename(name) == main]
    if exact:
        top = min(name.count("/") for name in exact)
        return _only([name for name in exact if name.count("/") == top])
    notebooks = [name for name in names if suffix(name) == ".ipynb"]
    archives = [name for name in names if suffix(name) == ".zip"]
    named = [name for name in names if suffix(name) == ".py" and _named_like(name, main)]
    named += [name for name in notebooks if _named_like(name, main)]
    for candidates in (named, notebooks, archives if zips else []):
        if candidates:
            return _only(candidates)
    scripts = [name for name in names if suffix(name) == ".py" and not _is_helper(name)]
    if len(scripts) == 1:  # the only one there is, whatever its author called it
        return scripts[0]
    raise Refused(_missing(names, main, archives))


def _only(candidates: list[str]) -> str:
    if len(candidates) > 1:
        raise Refused(
            f"There are {len(candidates)} files here that could be your solution: {show_some(candidates)}. "
            "Leave only the one that is to be marked and hand in again."
        )
    return candidates[0]


def _named_like(name: str, main: str) -> bool:
    """07_optimizers.py (a TinyTorch source), smith_4711_optimizers-1.py (a download from an LMS)."""
    stem = posixpath.basename(name).lower()
    return posixpath.splitext(main)[0].lower() in stem and not stem.startswith(("test_", "conftest"))


def _is_helper(name: str) -> bool:
    """Return whether a script is by its name no solution: tests, set-up, what we handed out."""
    stem = posixpath.basename(name).lower()
    return stem.startswith(("test_", "conftest", "setup.", "check.", "__")) or "/check_files/" in f"/{name}"


def _missing(names: list[str], main: str, archives: list[str]) -> str:
    if archives:
        return (
            f"Your zip holds another zip, {show_some(archives)}, and no {main}. "
            f"Zip {main} itself (not a zip of it) and hand in again."
        )
    if not names:
        return f"Nothing was handed in: {main} is missing. Put your {main} here and hand in again."
    return (
        f"{main} is missing. Found instead: {show_some(names)}. "
        f"Call the file with your solution {main} and hand in again."
    )
