"""Makes a new assignment's folder: the smallest complete one, which `gradmark verify` accepts as it stands, or a copy.

The files in skeleton/ are templates of real ones; docs/authoring.md walks through changing them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.assignment import HOME, load
from autograder.authoring.copying import copy
from autograder.model import IN_A_GUEST
from autograder.strip import skeleton
from autograder.verify import approve

SKELETON = Path(__file__).parent / "skeleton"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # becomes a folder, a Python module and the name of the file handed in
TAKEN = frozenset({"numpy", "tinytorch"})  # what a guest has under that name already


class CannotCreate(Exception):
    """No folder was made; the message says why and what to do."""


def new(name: str, out: Path, source: str = "") -> Path:
    """The folder of the new assignment, below `out`: the smallest one, or a copy of `source` that needs nothing else.

    Raises:
        BadAssignment: there is no such source.
        CannotCreate: the name cannot be used, or something is there already.
    """
    _must_be_usable(name)
    original = load(source) if source else None
    folder = out / name
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise CannotCreate(f"{folder} is there already. Choose another name, or move it away.") from error
    except OSError as error:
        raise CannotCreate(f"{folder} cannot be made: {error.strerror}. Choose another place with --out.") from error
    if original is not None:
        copy(original, folder)
        load(str(folder.resolve()))
        return folder
    _write(folder, name)
    approve(load(str(folder.resolve())))  # its two hints were read when this skeleton was written
    return folder


def _must_be_usable(name: str) -> None:
    if not NAME.fullmatch(name):
        raise CannotCreate(f"{name!r} cannot be a name: use lower-case letters, digits and _, a letter first.")
    if name in TAKEN or name in sys.stdlib_module_names or name.startswith(IN_A_GUEST):
        raise CannotCreate(f"{name!r} is the name of a module that submissions import. Choose another.")
    if (HOME / name).exists():
        raise CannotCreate(f"{name!r} is the name of an assignment that comes with gradmark. Choose another.")


def _write(folder: Path, name: str) -> None:
    templates = Environment(
        loader=FileSystemLoader(SKELETON), undefined=StrictUndefined, keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Python and TOML come out, and the name is letters, digits and _
    )  # fmt: skip
    for source in sorted(SKELETON.rglob("*.j2")):
        inside = source.relative_to(SKELETON)
        target = folder / inside.with_suffix("")
        target.parent.mkdir(exist_ok=True)
        target.write_text(templates.get_template(inside.as_posix()).render(name=name), encoding="utf-8")
    solution = (folder / "solution.py").read_text(encoding="utf-8")
    (folder / "template.py").write_text(skeleton(solution), encoding="utf-8")
