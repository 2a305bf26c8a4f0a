"""A sandbox that an ordinary user opens, for tests that run as root: a process of theirs plays what it is sent.

python3 -S somebody.py OPTIONS-AS-JSON     (by `somebodys`, as that user)
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from autograder.model import Limits, Run

START_SECONDS = 300.0  # laying out an interpreter takes one; a busy machine takes long


# -------------------------------------------------------------------------------------------------------------- as root
@dataclass(frozen=True)
class SomebodysSandbox:
    """The same protocol as a sandbox: each run is sent over a connection of its own."""

    name: str
    address: str
    pid: int  # of their process
    isolated: bool = True

    def run(self, job: bytes, most_seconds: float = 1000.0) -> Run:
        from multiprocessing.connection import Client

        with Client(self.address) as connection:
            connection.send((job, most_seconds))
            answer = connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


@contextlib.contextmanager
def somebodys(name: str, uid: int, limits: Limits, *, filtered: bool = True) -> Iterator[SomebodysSandbox]:
    """Open the sandbox of that name as the user `uid`; without the filter where `filtered` is false."""
    with home(uid) as folder:
        told = {"name": name, "limits": asdict(limits), "filtered": filtered, "address": str(folder / "socket")}
        with started(folder, uid, str(folder / "lib/somebody.py"), json.dumps(told)) as process:
            until = time.monotonic() + START_SECONDS
            while not (folder / "ready").exists():
                assert process.poll() is None, "it did not start"
                assert time.monotonic() < until
                time.sleep(0.02)
            yield SomebodysSandbox(name, told["address"], process.pid)
            process.kill()  # its zygote and guests end with it


@contextlib.contextmanager
def home(uid: int) -> Iterator[Path]:
    """A folder of theirs, with a copy of gradmark and of this folder's modules in its lib/."""
    import autograder

    folder = Path(tempfile.mkdtemp(prefix="gradmark-user-", dir="/var/tmp"))
    try:
        shutil.copytree(Path(autograder.__file__).parent, folder / "lib" / "autograder")
        for name in ("somebody.py", "test_sandboxes.py"):
            shutil.copy(Path(__file__).with_name(name), folder / "lib")
        subprocess.run(["/bin/chown", "-R", str(uid), str(folder)], check=True)
        yield folder
    finally:
        shutil.rmtree(folder)


def started(folder: Path, uid: int, *command: str, **options: int) -> subprocess.Popen[str]:
    """Start Python as that user with gradmark to import, on the interpreter that is laid out for guests."""
    from autograder.sandbox import runtime

    interpreter = runtime.prepare()
    path = os.pathsep.join([str(folder / "lib"), str(interpreter.folder / "numpy")])
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [str(interpreter.folder / "bin/python3"), "-S", *command],
        env={**interpreter.environment, "HOME": str(folder), "PYTHONPATH": path},
        user=uid, group=uid, extra_groups=[], cwd="/", text=True, **options,
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- as that user
def serve(name: str, limits: dict[str, float], *, filtered: bool, address: str) -> None:
    """Play every job that comes, each in a thread."""
    from multiprocessing.connection import Listener
    from unittest.mock import patch

    from autograder.model import Limits
    from autograder.sandbox import landlock, process

    kind = landlock.LandlockSandbox if name == "landlock" else process.ProcessSandbox
    with contextlib.ExitStack() as held:
        if not filtered:
            for module in (landlock, process):
                held.enter_context(patch.object(module, "filter_program", lambda: b""))
        sandbox = held.enter_context(kind(limits=Limits(**limits)))  # type: ignore[arg-type]
        listener = held.enter_context(Listener(address))
        Path(address).with_name("ready").touch()  # the socket is there before anybody listens to it
        while True:
            threading.Thread(target=answer, args=(sandbox, listener.accept()), daemon=True).start()


def answer(sandbox: SomebodysSandbox, connection: Connection) -> None:
    with connection:
        try:
            connection.send(sandbox.run(*connection.recv()))
        except Exception as error:  # noqa: BLE001 - root's test is told
            connection.send(error)


if __name__ == "__main__":
    serve(**json.loads(sys.argv[1]))
