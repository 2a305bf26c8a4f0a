"""The `process` sandbox: another uid inside somebody else's container, where nothing better works.

Gradescope, PrairieLearn and Autolab start the grader as root in a container that allows no container inside.
There a guest gets a uid of its own, lowered limits, and the same filter of system calls as anywhere: no network, no
other process, no file is changed. Where the kernel has Landlock, it reads its interpreter only; elsewhere it reads
what everybody in that container may read: that answers are readable by root only is the packager's duty.

An ordinary user has no second uid to give: then nothing is isolated, `isolated` says so, and choose.py uses
it only when asked for by name, or for submissions that are trusted.
"""

from __future__ import annotations

import os

from autograder.model import Limits
from autograder.sandbox.forking import ForkingSandbox, confinement, filter_program, landlock_version
from autograder.sandbox.limits import LIMITS


class ProcessSandbox(ForkingSandbox):
    """Another uid and the filter, and Landlock where there is any."""

    name = "process"

    def __init__(self, *, limits: Limits = LIMITS) -> None:
        super().__init__(limits=limits)
        self.isolated = os.geteuid() == 0

    def plan(self) -> dict[str, object]:
        landlock = landlock_version() if self.isolated else 0
        return confinement(self._runtime, self.limits, landlock=landlock, program=filter_program())
