"""The `landlock` sandbox: guests in a Landlock domain; the default where no engine answers. Needs no root."""

from __future__ import annotations

import os

from autograder.sandbox import SandboxUnavailable
from autograder.sandbox.forking import ForkingSandbox, confinement, filter_program, landlock_version

FULL = 6  # Linux 6.12: signals and abstract sockets are scoped
AS_ROOT = 4  # Linux 6.7: files, truncation, TCP; as another uid a guest can signal no foreign process anyway


class LandlockSandbox(ForkingSandbox):
    """Refuses to open where the kernel has no Landlock, or an old one."""

    name = "landlock"
    isolated = True

    def plan(self) -> dict[str, object]:
        return confinement(self._runtime, self.limits, landlock=checked_version(), program=filter_program())


def checked_version() -> int:
    """The version of Landlock, which is recent enough for who we are.

    Raises:
        SandboxUnavailable: this kernel cannot keep a guest to itself; says what to install.
    """
    version, root = landlock_version(), os.geteuid() == 0
    if version < (AS_ROOT if root else FULL):
        has = f"Landlock {version}" if version else "no Landlock"
        needs = "Linux 6.7" if root else "Linux 6.12 (or 6.7 when run as root)"
        raise SandboxUnavailable(f"landlock needs {needs} with Landlock enabled; this kernel has {has}")
    return version
