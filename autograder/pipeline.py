"""The whole grader as one function: submission and assignment in, report out. Everything else calls it.

scenarios(seed) ─► sandbox ─► observations ─┐
      └──────────► golden ──────────────────┴─► compare ─► diagnose ─► marks ─► report
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from autograder import __version__, left_out, wire
from autograder.asking import Asking
from autograder.blame import AuthorFault, blaming, convict, disagreement, is_suspect, must_answer
from autograder.endings import how_it_ended, why_not_imported
from autograder.judge.alone import lines_alone
from autograder.judge.credit import credit
from autograder.judge.exhibits import with_numbers
from autograder.judge.explain import settle
from autograder.judge.marks import not_run
from autograder.judge.observations import Observations, fitting, goldens, with_derived
from autograder.judge.places import in_cell
from autograder.judge.repair import all_played, mend
from autograder.judge.shrink import shrink_lives
from autograder.judge.verdict import Verdict, judge
from autograder.judge.waypoints import waypoints
from autograder.model import (
    QUIZ_FILE,
    Assignment,
    Conduct,
    Observation,
    Place,
    Report,
    Scenario,
    Submission,
)
from autograder.sandbox import Sandbox, SharedTime
from autograder.sandbox.limits import LIMITS, SUBMISSION_SECONDS

if TYPE_CHECKING:
    from autograder.quiz import MarkedQuiz


def grade(
    submission: Submission,
    assignment: Assignment,
    sandbox: Sandbox,
    seed: int | None = None,
    secret: bytes | None = None,
) -> Report:
    """Marks one submission.

    With no seed, it derives from the assignment and the submission's bytes: the same file is always asked the same.
    With a `secret`, each student has a variant of the quiz of their own.

    Raises:
        AuthorFault: the assignment author's, not the student's; no code was judged.
        SandboxFailed: ours, not the student's; no code was judged.
    """
    with blaming(assignment.folder, "marking a submission"), np.errstate(all="ignore"):  # its numbers may be huge
        return _graded(submission, assignment, SharedTime(sandbox, SUBMISSION_SECONDS), seed, secret)


def _graded(
    submission: Submission, assignment: Assignment, sandbox: Sandbox, seed: int | None, secret: bytes | None
) -> Report:
    started = time.perf_counter()
    seed = derived_seed(assignment, submission) if seed is None else seed
    blank = _blank_report(submission, assignment, sandbox, seed)
    if submission.problem:
        return _without_code(replace(blank, message=submission.problem), assignment, submission, secret)
    seen = examine(submission, assignment, sandbox, seed)
    seen, places = look_closer(submission, assignment, sandbox, seen)
    log, seconds = seen.log, time.perf_counter() - started
    if seen.verdict is None:
        blank = replace(blank, message=why_not_imported(seen.conduct), log=log, seconds=seconds)
        return _without_code(blank, assignment, submission, secret)
    answered = _answered(assignment, submission, secret)
    omitted = left_out.remarks(seen.conduct.left_out, submission.files[assignment.main].decode())
    return replace(
        blank,
        status="graded",
        message=how_it_ended(seen.conduct),
        criteria=seen.verdict.criteria,
        diagnoses=with_numbers(assignment, seen.verdict.diagnoses, seen.verdict.exhibits),
        places=places,
        remarks=(*submission.remarks, *omitted, *seen.verdict.remarks, *(answered.remarks if answered else ())),
        quiz=answered.marks if answered else (),
        quiz_points=(answered.points if answered else 0.0) or blank.quiz_points,
        exhibits=seen.verdict.exhibits,
        charts=assignment.charts(seen.scenarios, seen.golden, seen.observations),
        seconds=time.perf_counter() - started,
        log=log,
    )


def _answered(assignment: Assignment, submission: Submission, secret: bytes | None) -> MarkedQuiz | None:
    """The marked quiz; None where it neither counts nor was handed in, and its parsers are not even imported."""
    if not (assignment.quiz_counts or QUIZ_FILE in submission.files or QUIZ_FILE in submission.refused):
        return None
    from autograder import quiz  # noqa: PLC0415

    return quiz.mark_submission(assignment, submission, secret)


def _without_code(blank: Report, assignment: Assignment, submission: Submission, secret: bytes | None) -> Report:
    """The report on code that cannot be used: 0 for the code, and its own marks for a quiz that came with it."""
    answered = _answered(assignment, submission, secret)
    if answered is None:
        return blank
    remarks, most = (*blank.remarks, *answered.remarks), answered.points or blank.quiz_points
    return replace(blank, remarks=remarks, quiz=answered.marks, quiz_points=most)


@dataclass(frozen=True)
class Examination:
    """A submission's run, read and judged; no verdict when it could not be imported."""

    scenarios: tuple[Scenario, ...]
    golden: Observations
    conduct: Conduct
    observations: Observations
    verdict: Verdict | None
    log: str


def examine(
    submission: Submission,
    assignment: Assignment,
    sandbox: Sandbox,
    seed: int,
    acquitted: set[tuple[Scenario, ...]] | None = None,
) -> Examination:
    """Runs one submission in the sandbox, computes the goldens meanwhile, and judges.

    `acquitted`: sets of experiments that the model solution has replayed with this seed, to which this one's are added;
    they are not replayed again.
    """
    scenarios = assignment.scenarios(seed)
    with ThreadPoolExecutor(1) as background:
        playing = _class_by_class(assignment, scenarios)
        running = background.submit(sandbox.run, pack(submission, assignment, playing))
        golden = goldens(assignment, scenarios)
        must_answer(assignment, scenarios, golden)
        run = running.result()
    conduct, claims = wire.read_run(run, playing)
    observations = _completed(assignment, scenarios, golden, claims)
    verdict = judge(assignment, scenarios, golden, observations) if conduct.imported else None
    failed = {f.scenario for f in verdict.findings if f.status != "passed"} if verdict else set()
    suspects = [s for s in playing if s.id in failed] if verdict else playing[: is_suspect(assignment, conduct)]
    if acquitted is None or tuple(suspects) not in acquitted:
        _acquit_the_author(assignment, sandbox, suspects, golden)
    if acquitted is not None:
        acquitted.add(tuple(suspects))
    if verdict is not None:

        def play(some: Sequence[Scenario]) -> Observations:
            return wire.read_run(sandbox.run(pack(submission, assignment, some)), some)[1]

        smallest = shrink_lives(assignment, scenarios, verdict.exhibits, verdict.conventions, play)
        verdict = replace(verdict, exhibits=smallest)
    return Examination(scenarios, golden, conduct, observations, verdict, run.log.decode(errors="replace"))


def _completed(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, claims: Observations
) -> dict[str, Observation]:
    return with_derived(assignment, scenarios, {name: fitting(seen, golden[name]) for name, seen in claims.items()})


def _class_by_class(assignment: Assignment, scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """Return the experiments subject after subject: where code ends the process, those before it are kept."""
    subjects = list(dict.fromkeys(map(assignment.subject, scenarios)))
    return tuple(sorted(scenarios, key=lambda s: subjects.index(assignment.subject(s))))


def look_closer(
    submission: Submission, assignment: Assignment, sandbox: Sandbox, seen: Examination
) -> tuple[Examination, tuple[Place, ...]]:
    """Find the lines of the submission's mistakes by trying changes in the sandbox; credit what is right besides."""
    stops = any(o.fault is not None and o.fault.type in NO_SLIPS for o in seen.observations.values())
    if seen.verdict is None or seen.conduct.end != "finished" or stops or not _fails(seen.verdict):
        return seen, ()

    known = {s: waypoints(assignment, seen.scenarios, s, fit) for s, fit in seen.verdict.fits.items()}
    played = all_played(assignment, seen.scenarios)
    lines = submission.files[assignment.main].decode().split("\n")  # as Python counts them: a form feed ends none
    with Asking(sandbox.talk, pack(submission, assignment, played, searching=True), played) as ask:
        mending = mend(assignment, seen.scenarios, seen.golden, seen.observations, ask, known, seen.verdict.slips)
        alone = lines_alone(assignment, seen.scenarios, seen.observations, seen.verdict, mending, ask, lines)
    verdict, places = credit(assignment, seen.scenarios, seen.golden, seen.observations, seen.verdict, mending, lines)
    log = seen.log + "".join(f"\nThe search for a line failed:\n{trouble}" for trouble in dict.fromkeys(ask.troubles))
    return replace(seen, verdict=verdict, log=log), tuple(
        in_cell(place, submission.cells) for place in (*places, *alone)
    )


NO_SLIPS = frozenset({"TookTooLong", "SystemExit"})  # code that does not end, or that ends the grader


def _fails(verdict: Verdict) -> bool:
    return any(finding.status != "passed" for finding in verdict.findings)


def _acquit_the_author(
    assignment: Assignment, sandbox: Sandbox, scenarios: Sequence[Scenario], golden: Observations
) -> None:
    """Replay experiments with the model solution: what goes wrong there too is no student's fault.

    Raises:
        AuthorFault: the model solution's run goes wrong as well.
    """
    if not scenarios:
        return
    files = {assignment.main: assignment.model_solution.read_bytes()}
    run = sandbox.run(pack(Submission("model solution", files, ""), assignment, scenarios))
    conduct, claims = wire.read_run(run, scenarios)
    seen = _completed(assignment, scenarios, golden, claims)
    convict(assignment, scenarios, golden, conduct, seen)
    answered = [scenario for scenario in scenarios if scenario.id in seen]
    *_, findings = settle(assignment, answered, golden, seen)
    for finding in findings:
        if finding.status != "passed":
            raise AuthorFault(disagreement(assignment, finding))


def derived_seed(assignment: Assignment, submission: Submission) -> int:
    """48 bits, so that the number survives JSON readers that know only doubles."""
    return int.from_bytes(hashlib.sha256(f"{assignment.id}:{submission.digest}".encode()).digest()[:6], "big")


def pack(
    submission: Submission, assignment: Assignment, scenarios: Sequence[Scenario], *, searching: bool = False
) -> bytes:
    """The job for the sandbox: nothing in it is secret from the submission."""
    return wire.pack_job(
        scenarios,
        sources={**assignment.sources, assignment.module: submission.files[assignment.main].decode()},
        driver=assignment.driver,
        submission=assignment.module,
        import_seconds=IMPORT_SECONDS,
        scenario_seconds=LIMITS.scenario_seconds,
        searching=searching,
    )


IMPORT_SECONDS = 8.0  # demo code at import may train something small; well below the limit, so that it is told


# ------------------------------------------------------------------------------------------------------ report
def _blank_report(submission: Submission, assignment: Assignment, sandbox: Sandbox, seed: int) -> Report:
    """A report that marks nothing: what is filled in when something can be marked."""
    return Report(
        assignment=assignment.id,
        assignment_digest=assignment.digest,
        seed=seed,
        path=submission.path,
        digest=submission.digest,
        status="not_gradable",
        message="",
        criteria=not_run(assignment.criteria),
        remarks=submission.remarks,
        quiz_counts=bool(assignment.quiz_counts),
        quiz_points=_quiz_points(assignment) if assignment.quiz_counts else 0.0,
        sandbox=sandbox.name,
        versions={"gradmark": __version__, "numpy": np.__version__},
    )


def _quiz_points(assignment: Assignment) -> float:
    from autograder import quiz  # noqa: PLC0415 - only with a quiz

    return quiz.points(assignment)
