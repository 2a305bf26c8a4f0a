"""The interpreter that a guest runs on: a private copy with Python, NumPy, the harness and nothing else.

A guest needs to read its interpreter, and must not read what is installed beside it: the reference solutions
of an installed gradmark, the home of whoever installed Python, other packages. Landlock grants whole folders
only, so the interpreter, the standard library and NumPy are laid out once in a folder of their own (hard
links where the file system allows them). Another uid can read it and only its owner can write it.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.sandbox import SandboxUnavailable
from autograder.sandbox.uids import FIRST

LAYOUT = 2  # raise it when what is laid out changes
GUEST = ("preload.py", "zygote.py", "confine.py", "harness.py")
SURVEY_SECONDS = 120  # importing everything once takes one; a busy network disk may need a minute
NOT_NEEDED = shutil.ignore_patterns(
    *("site-packages", "dist-packages", "test", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3"),
    *("config-*", "pydoc_data", "f2py", "include", "*.opt-?.pyc", "*.a", "*.pyi", "_test*", "_tkinter*"),
)
# Not secret, not ours to vary: the same numbers on every machine, one thread, no user's settings.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C.UTF-8",
    "PATH": "/nonexistent",
    "HOME": "/nonexistent",
}


@dataclass(frozen=True)
class Runtime:
    """The place of a laid out interpreter, and the system's libraries that it loads besides."""

    folder: Path
    libraries: tuple[str, ...]

    @property
    def readable(self) -> tuple[str, ...]:
        return (str(self.folder), *self.libraries, "/dev/null", "/dev/urandom")

    @property
    def environment(self) -> dict[str, str]:
        return {**ENVIRONMENT, "LD_LIBRARY_PATH": str(self.folder / "lib")}

    def command(self, options: dict[str, object]) -> list[str]:
        """The command that starts a zygote with these options."""
        told = {"numpy_path": str(self.folder / "numpy"), **options}
        return [*_python(self.folder), str(self.folder / "preload.py"), json.dumps(told)]


def prepare() -> Runtime:
    """Finds the laid out interpreter for this Python and NumPy, or lays it out (a second, once).

    Raises:
        SandboxUnavailable: it cannot be laid out here, or somebody else could write to it.
    """
    parent = cache_folder()
    folder = parent / f"runtime-{_key()}"
    if not folder.is_dir():
        _lay_out(parent, folder)
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SandboxUnavailable(f"{folder} can be written by somebody else; remove it and try again")
    told = json.loads((folder / "runtime.json").read_text())
    return Runtime(folder, tuple(told["libraries"]))


def cache_folder() -> Path:
    """Return a folder in which this user may keep files between runs; for root, one that another uid can read."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path("/var/cache/gradmark") if os.geteuid() == 0 else Path(home) / "gradmark"
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        message = f"no folder for the guests' interpreter ({error}); set XDG_CACHE_HOME to one you can write"
        raise SandboxUnavailable(message) from error
    return folder


def _key() -> str:
    """Names what was laid out, so that a new Python, NumPy or harness is never served an old folder."""
    parts = [str(LAYOUT), sys.version, np.__version__, str(os.geteuid())]
    parts += [f"{path} {path.stat().st_mtime_ns}" for path in (_executable(), _stdlib() / "os.py", _numpy())]
    parts += [_guest_source(name) for name in GUEST]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


# ------------------------------------------------------------------------------------------- laying it out
def _lay_out(parent: Path, folder: Path) -> None:
    """Builds beside the final name and renames, so that two processes doing it at once are both right."""
    with tempfile.TemporaryDirectory(dir=parent, prefix="laying-out-", ignore_cleanup_errors=True) as made:
        draft = Path(made) / "runtime"
        draft.mkdir()
        _copy(draft)
        _verify(draft)
        _owner_writes_only(draft)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # else somebody was faster, with the same content
                raise


def _copy(draft: Path) -> None:
    library = draft / sys.platlibdir / _stdlib().name
    (draft / "bin").mkdir()
    (draft / "lib").mkdir()
    _link(str(_executable()), str(draft / "bin" / "python3"))
    for mapped in _mapped("self"):
        if Path(mapped).name.startswith("libpython"):
            _link(mapped, str(draft / "lib" / Path(mapped).name))
    shutil.copytree(_stdlib(), library, ignore=NOT_NEEDED, copy_function=_link)
    dynload = Path(str(sysconfig.get_config_var("DESTSHARED") or ""))
    if not (library / "lib-dynload").is_dir() and dynload.is_dir():  # as where lib and lib64 are two folders
        shutil.copytree(dynload, library / "lib-dynload", ignore=NOT_NEEDED, copy_function=_link)
    for name in ("numpy", "numpy.libs"):  # the second holds the wheel's own OpenBLAS
        if (_numpy().parent / name).is_dir():
            target = draft / "numpy" / name
            shutil.copytree(_numpy().parent / name, target, ignore=NOT_NEEDED, copy_function=_link)
    for name in GUEST:
        (draft / name).write_text(_guest_source(name))


def _link(source: str, target: str) -> None:
    """A hard link costs nothing, but keeps the owner and the mode; a copy is ours."""
    real = os.path.realpath(source)
    found = os.stat(real)  # noqa: PTH116 - shutil calls this a thousand times
    public = found.st_uid == os.geteuid() and found.st_mode & 0o444 == 0o444 and not found.st_mode & 0o022
    try:
        if public:
            os.link(real, target)
            return
    except OSError:  # another file system, or links are forbidden: the copy below is as good
        pass
    shutil.copy2(real, target)
    os.chmod(target, found.st_mode | 0o444)  # noqa: PTH101


def _owner_writes_only(draft: Path) -> None:
    for folder, _, files in os.walk(draft):
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - another uid must read it
        for name in files:
            path = Path(folder) / name
            if path.stat().st_mode & 0o022 or path.stat().st_mode & 0o444 != 0o444:
                path.chmod((path.stat().st_mode | 0o444) & ~0o022)


# ----------------------------------------------------------------------------------------------- verifying
SURVEY = """
import importlib, marshal, os, sys
root = sys.argv[1] + "/"
sys.path[:0] = [root]
sys.path.append(root + "numpy")
for name in ["zygote", "numpy", "numpy.linalg", "numpy.random", "dataclasses", "typing", "inspect", "threading"]:
    importlib.import_module(name)
table = {}
for name, module in list(sys.modules.items()):
    spec = getattr(module, "__spec__", None)
    if spec is None or not spec.origin or not spec.origin.startswith(root) or name == "__main__":
        continue
    code = spec.loader.get_code(name) if spec.origin.endswith(".py") else None
    packed = code and marshal.dumps(code)
    table[spec.name] = (spec.origin[len(root):], spec.submodule_search_locations is not None, packed)
for name in os.listdir(next(path for path in sys.path if path.endswith("lib-dynload"))):
    try:
        importlib.import_module(name.partition(".")[0])
    except ImportError:  # needs a library that this machine lacks: a guest lacks it too
        pass
with open("/proc/self/maps") as maps:
    mapped = sorted({line.split(None, 5)[5].strip() for line in maps if "/" in line})
libraries = [path for path in mapped if path.startswith("/") and not path.startswith(root) and ".so" in path]
os.write(1, marshal.dumps((table, libraries)))
"""


def _verify(draft: Path) -> None:
    """Runs the copy once, as the uid a guest will have, and packs the modules that every guest imports."""
    import marshal  # noqa: PLC0415 - only when laying out

    draft.parent.chmod(0o755)  # mkdtemp made it 0700
    _owner_writes_only(draft)
    root = os.geteuid() == 0
    done = subprocess.run(
        [*_python(draft), "-c", SURVEY, str(draft)],
        env={**ENVIRONMENT, "LD_LIBRARY_PATH": str(draft / "lib")},
        capture_output=True,
        check=False,
        timeout=SURVEY_SECONDS,
        cwd="/",
        user=FIRST if root else None,  # as a guest will
        group=FIRST if root else None,
        extra_groups=[] if root else None,
    )
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SandboxUnavailable(f"a copy of this Python does not run by itself: {why or done.returncode}")
    table, libraries = marshal.loads(done.stdout)  # noqa: S302 - our own code ran, nobody else's
    (draft / "modules.bin").write_bytes(marshal.dumps(table))
    libraries.append("/etc/ld.so.cache")
    present = [path for path in libraries if Path(path).exists()]
    (draft / "runtime.json").write_text(json.dumps({"libraries": present}))


# ------------------------------------------------------------------------------------ where things lie now
def _python(folder: Path) -> list[str]:
    # What -I means, except that PYTHONHASHSEED is heard: the rest of the environment is ours. And a guest, which can
    # write nowhere, does not try to keep what it had to compile.
    return [str(folder / "bin" / "python3"), "-P", "-s", "-S", "-B"]


def _executable() -> Path:
    """The real interpreter, not a virtual environment's link to it."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


def _stdlib() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _numpy() -> Path:
    return Path(np.__file__).parent


def _mapped(pid: str) -> list[str]:
    """Shared libraries in a process's memory."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return sorted({line.split(None, 5)[5] for line in lines if ".so" in line and "/" in line})


def _guest_source(name: str) -> str:
    return importlib.resources.files("autograder.guest").joinpath(name).read_text()
