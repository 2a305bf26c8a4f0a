"""Contents of every package: gradmark as a wheel, its locked requirements, and a script that installs them.

The wheel is written here, file by file, instead of by a build backend: so it is the same from a checkout and
from an installed gradmark, needs no network, and the assignment that is packed is inside it, whatever folder it
came from. Its own dependencies are left out of its metadata: the locked requirements are installed before it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder import __version__
from autograder.assignment import HOME, STAGED
from autograder.model import Assignment
from autograder.zips import mode, zipped

INNER = Path(__file__).parents[1]
IN_IMAGE = "/opt/gradmark"  # in images: beside what the platforms lay out, so that none of them opens it to others
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Package:
    """Files for staff to upload (path in the output folder -> content), and a sentence that says what to do with them.

    Files that begin with "#!" are executable.
    """

    files: Mapping[str, bytes]
    told: str


def payload(assignment: Assignment) -> dict[str, bytes]:
    """The files that an image needs beside the platform's own, `install.sh` being what to run as root."""
    return {
        f"gradmark-{__version__}-py3-none-any.whl": wheel(assignment),
        "requirements.txt": (INNER / "adapters/templates/requirements.txt").read_bytes(),
        "install.sh": template("install.sh", assignment=assignment.id),
    }


def template(name: str, **values: object) -> bytes:
    """A file from `templates/`, without its `.j2`; our own values only, nothing in them is a student's."""
    return _environment().get_template(f"{name}.j2").render(home=IN_IMAGE, **values).encode()


@cache
def _environment() -> Environment:
    return Environment(  # noqa: S701 - shell scripts and Dockerfiles, made of our own names
        loader=PackageLoader("autograder.adapters"), undefined=StrictUndefined, keep_trailing_newline=True
    )


def wheel(assignment: Assignment) -> bytes:
    """Return the wheel that pip installs as gradmark, with this assignment in it."""
    inside = dict(_contents(INNER, "autograder"))
    place, staged = f"{_inside(HOME)}/{assignment.id}", f"{_inside(STAGED)}/{assignment.id}"
    inside = {name: data for name, data in inside.items() if not name.startswith((f"{place}/", f"{staged}/"))}
    inside |= dict(_contents(assignment.folder, place))
    if assignment.provided is not None:
        inside |= dict(_contents(assignment.provided, f"{staged}/{assignment.provided.name}"))
    facts = f"gradmark-{__version__}.dist-info"
    inside[f"{facts}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: gradmark\nVersion: {__version__}\nRequires-Python: >=3.11\n".encode()
    )
    inside[f"{facts}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: gradmark\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    inside[f"{facts}/entry_points.txt"] = b"[console_scripts]\ngradmark = autograder.cli:main\n"
    record = f"{facts}/RECORD"
    inside[record] = "".join(_recorded(name, data) for name, data in inside.items()).encode() + f"{record},,\n".encode()
    return zipped(inside.items())


def _inside(folder: Path) -> str:
    return f"autograder/{folder.relative_to(INNER).as_posix()}"


def _contents(folder: Path, place: str) -> Iterator[tuple[str, bytes]]:
    """Every file below `folder`, through the links that bring assignments and reference in."""
    for where, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(files):
            file = Path(where) / name
            if not name.startswith(".") and file.suffix != ".pyc":
                yield f"{place}/{file.relative_to(folder).as_posix()}", file.read_bytes()


def _recorded(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f'"{name}",sha256={digest},{len(data)}\n'


def write(package: Package, out: Path) -> None:
    """Puts a package into a folder.

    Raises:
        OSError: the folder cannot be written.
    """
    for name, data in package.files.items():
        file = out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(mode(data))
