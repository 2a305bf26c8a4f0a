"""Picks the sandbox: the one asked for, or the first that really works here."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Self

from autograder.sandbox import Sandbox, SandboxFailed, SandboxUnavailable, Talk
from autograder.sandbox.landlock import LandlockSandbox
from autograder.sandbox.limits import LIMITS
from autograder.sandbox.process import ProcessSandbox
from autograder.wire import pack_job, read_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from autograder.model import Limits, Run

NAMES = ("auto", "docker", "landlock", "process")
INSTALL = (
    "install Docker and start it, or use Linux 6.12 or newer with Landlock; "
    "--sandbox process runs the code without isolation, as you"
)
PROBE_SECONDS = 10.0  # a probe does nothing: what takes longer than this does not work


def choose(name: str, *, trusted: bool = False, limits: Limits = LIMITS, say: Callable[[str], None]) -> Sandbox:
    """The sandbox called `name`, to be entered once; "auto" tries docker, landlock and, as root, process.

    Raises:
        SandboxUnavailable: it does not work here, or nothing does; the message says what to install.
        ValueError: there is no such sandbox.
    """
    if name not in NAMES:
        raise ValueError(f"no sandbox is called {name!r}; there are {', '.join(NAMES)}")
    if name == "auto":
        return _first_that_works(limits, say) or _without_isolation(limits, say, trusted=trusted)
    sandbox = _make(name, limits)
    if not sandbox.isolated:
        say("sandbox process: you are not root, so the code runs WITHOUT isolation, as you")
    return sandbox


def _first_that_works(limits: Limits, say: Callable[[str], None]) -> Sandbox | None:
    candidates = ("docker", "landlock", "process") if os.geteuid() == 0 else ("docker", "landlock")
    missing: dict[str, str] = {}
    for name in candidates:
        try:
            working = Tried(_make(name, limits))
        except (SandboxUnavailable, SandboxFailed) as error:
            missing[name] = str(error)
        else:
            passed_over = "; ".join(f"{other}: {why.partition(':')[0]}" for other, why in missing.items())
            say(f"sandbox: {name}" + (f" ({passed_over})" if passed_over else ""))
            return working
    for name, why in missing.items():
        say(f"sandbox {name} does not work here: {why}")
    return None


class Tried:
    """A sandbox that a trial run has shown to work, and that is open since: opening it again would cost as much."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.name, self.isolated, self._sandbox = sandbox.name, sandbox.isolated, sandbox
        sandbox.__enter__()
        try:
            try_out(sandbox)
        except BaseException:
            sandbox.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._sandbox.__exit__(*exc)

    def run(self, job: bytes, most_seconds: float = math.inf) -> Run:
        return self._sandbox.run(job, most_seconds)

    def talk(self) -> AbstractContextManager[Talk]:
        return self._sandbox.talk()


def others(name: str, limits: Limits = LIMITS) -> list[Sandbox]:
    """The other sandboxes that work here and isolate, to compare with the one called `name`."""
    working = []
    for other in ("docker", "landlock", "process"):
        try:
            if other == name or not _make(other, limits).isolated:
                continue
            probe(_make(other, limits))
        except (SandboxUnavailable, SandboxFailed):
            continue
        working.append(_make(other, limits))
    return working


def _without_isolation(limits: Limits, say: Callable[[str], None], *, trusted: bool) -> Sandbox:
    if not trusted:
        raise SandboxUnavailable(f"nothing on this machine can isolate a stranger's code: {INSTALL}")
    say("nothing on this machine can isolate code; these files are trusted and run WITHOUT isolation")
    return ProcessSandbox(limits=limits)


def probe(sandbox: Sandbox) -> None:
    """Opens a sandbox and tries it out.

    Raises:
        SandboxUnavailable, SandboxFailed: it does not work, and why.
    """
    with sandbox:
        try_out(sandbox)


def try_out(sandbox: Sandbox) -> None:
    """Runs a job without scenarios: an import that works tells nothing about a kernel or an engine.

    Raises:
        SandboxFailed: it does not work, and why.
    """
    sources = {"probe_driver": "", "probe": ""}
    job = pack_job(
        [],
        sources=sources,
        driver="probe_driver",
        submission="probe",
        import_seconds=PROBE_SECONDS,
        scenario_seconds=PROBE_SECONDS,
    )
    conduct, _ = read_run(sandbox.run(job, PROBE_SECONDS), [])
    if not conduct.imported or conduct.end != "finished":
        raise SandboxFailed(f"a trial run ended with {conduct.end} {conduct.detail}".rstrip())


def _make(name: str, limits: Limits) -> Sandbox:
    if name == "landlock":
        return LandlockSandbox(limits=limits)
    if name == "process":
        return ProcessSandbox(limits=limits)
    try:
        from autograder.sandbox.docker import DockerSandbox  # noqa: PLC0415 - its SDK takes a fifth of a second
    except ImportError as error:
        raise SandboxUnavailable(f"docker needs the package of the same name ({error}): pip install docker") from error
    return DockerSandbox(limits=limits)
