"""Searches for the lines of mistakes on a student's own machine, from the public experiments. check.py uses it.

What the grader does in a sandbox runs here in a process of its own, as the student, with nothing to keep it in.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder import wire
from autograder.judge.observations import Observations, goldens
from autograder.judge.repair import Mending, mend
from autograder.model import Assignment, EditTask, EndReason, Run, Scenario, Trial

MOST_SECONDS = 60.0  # of one conversation with the guest
GUEST = "import sys; sys.path.insert(0, sys.argv[1]); from autograder.guest import harness; harness.serve()"


def places(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    observations: Observations,
    sources: Mapping[str, str],
    import_seconds: float,
    seconds: float,
) -> Mending:
    """The changes with which everything about a class agrees, as far as the public experiments tell.

    `assignment`: what check.py knows of one. `sources`: the text of each module, the submission's, the driver's and the
    provided ones. `import_seconds` and `seconds` of computing: for importing the file, and for one experiment.
    """

    def ask(task: EditTask, scenarios: Sequence[Scenario]) -> tuple[list[Trial], bool]:
        def play(edits: EditTask) -> Run:
            job = wire.pack_job(
                scenarios,
                sources=sources,
                driver=assignment.driver,
                submission=assignment.module,
                import_seconds=import_seconds,
                scenario_seconds=seconds,
                edits=edits,
            )
            return _run(job)

        return wire.search(play, task, scenarios)

    return mend(assignment, scenarios, goldens(assignment, scenarios), observations, ask, {}, frozenset())


def _run(job: bytes) -> Run:
    """One job in a process of its own."""
    here, started = str(Path(__file__).parents[1]), time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", GUEST, here],
            input=job,
            capture_output=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Run(late.output or b"", b"", "time", "", time.monotonic() - started)
    end: EndReason = "finished" if done.returncode == 0 else "crashed" if done.returncode < 0 else "exited"
    return Run(done.stdout, done.stderr, end, "", time.monotonic() - started)
