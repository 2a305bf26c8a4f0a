"""The whole grader as one function: submission and assignment in, report out. Everything else calls it.

scenarios(seed) ─► sandbox ─► observations ─┐
      └──────────► golden ──────────────────┴─► compare ─► diagnose ─► marks ─► report
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from autograder import __version__, quiz, wire
from autograder.compare import compare
from autograder.diagnose import Evidence, diagnose
from autograder.marks import Case, mark
from autograder.model import (
    Assignment,
    Conduct,
    CriterionMark,
    Diagnosis,
    Exhibit,
    Finding,
    Observation,
    Report,
    Scenario,
    Submission,
)
from autograder.sandbox import Sandbox
from autograder.sandbox.limits import LIMITS

Observations = Mapping[str, Observation]


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
        SandboxFailed: ours, not the student's; nothing was judged.
        BadKey: ours: a question of the quiz contradicts itself.
    """
    started = time.perf_counter()
    seed = derived_seed(assignment, submission) if seed is None else seed
    blank = _blank_report(submission, assignment, sandbox, seed)
    if submission.problem:
        return replace(blank, message=submission.problem)
    seen = examine(submission, assignment, sandbox, seed)
    log, seconds = seen.log, time.perf_counter() - started
    if seen.verdict is None:
        remarks = (*blank.remarks, *((QUIZ_WAITS,) if quiz.FILE in submission.files else ()))
        return replace(blank, message=_why_not_imported(seen.conduct), remarks=remarks, log=log, seconds=seconds)
    answered = quiz.mark_submission(assignment, submission.files.get(quiz.FILE), secret, submission.student)
    return replace(
        blank,
        status="graded",
        message=_how_it_ended(seen.conduct),
        criteria=seen.verdict.criteria,
        diagnoses=_with_numbers(seen.verdict, assignment.quantity),
        remarks=(*submission.remarks, *seen.verdict.remarks, *answered.remarks),
        quiz=answered.marks,
        exhibits=seen.verdict.exhibits,
        charts=assignment.charts(seen.scenarios, seen.golden, seen.observations),
        seconds=time.perf_counter() - started,
        log=log,
    )


# A report without marks has score 0 and costs no attempt; a quiz marked in it would be the one thing that counts.
QUIZ_WAITS = "Your quiz answers are marked together with your code, once it can be imported."


@dataclass(frozen=True)
class Examination:
    """A submission's run, read and judged; no verdict when it could not be imported."""

    scenarios: tuple[Scenario, ...]
    golden: Observations
    conduct: Conduct
    observations: Observations
    verdict: Verdict | None
    log: str


def examine(submission: Submission, assignment: Assignment, sandbox: Sandbox, seed: int) -> Examination:
    """Runs one submission in the sandbox, computes the goldens meanwhile, and judges."""
    scenarios = assignment.scenarios(seed)
    with ThreadPoolExecutor(1) as background:
        running = background.submit(sandbox.run, pack(submission, assignment, scenarios))
        golden = goldens(assignment, scenarios)
        run = running.result()
    conduct, claims = wire.read_run(run, scenarios)
    observations = with_derived(
        assignment, scenarios, {name: fitting(seen, golden[name]) for name, seen in claims.items()}
    )
    verdict = judge(assignment, scenarios, golden, observations) if conduct.imported else None
    return Examination(scenarios, golden, conduct, observations, verdict, run.log.decode(errors="replace"))


def derived_seed(assignment: Assignment, submission: Submission) -> int:
    """48 bits, so that the number survives JSON readers that know only doubles."""
    return int.from_bytes(hashlib.sha256(f"{assignment.id}:{submission.digest}".encode()).digest()[:6], "big")


def pack(submission: Submission, assignment: Assignment, scenarios: Sequence[Scenario]) -> bytes:
    """The job for the sandbox: nothing in it is secret from the submission."""
    return wire.pack_job(
        scenarios,
        sources={**assignment.sources, assignment.module: submission.files[assignment.main].decode()},
        driver=assignment.driver,
        submission=assignment.module,
        import_seconds=IMPORT_SECONDS,
        scenario_seconds=LIMITS.scenario_seconds,
    )


IMPORT_SECONDS = 8.0  # demo code at import may train something small; well below the limit, so that it is told


# ------------------------------------------------------------------------------------------------------ verdict
@dataclass(frozen=True)
class Verdict:
    criteria: tuple[CriterionMark, ...]
    diagnoses: tuple[Diagnosis, ...]
    remarks: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]
    findings: tuple[Finding, ...]


def judge(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, observations: Observations
) -> Verdict:
    """Everything after the sandbox, from numbers alone. Observations and goldens come with derived arrays."""
    golden, conventions = settle(assignment, scenarios, golden, observations)
    findings = tuple(f for s in scenarios for f in _compare(assignment, s, golden, observations))
    subjects = {s.id: assignment.subject(s) for s in scenarios}
    by_subject = {name: conventions.get(name, frozenset()) for name in subjects.values()}
    diagnoses, explained = diagnose(Evidence(assignment, scenarios, observations, findings, by_subject))
    criteria = mark(assignment.criteria, Case(findings, subjects, diagnoses, explained))
    remarks = tuple(c.remark for c in assignment.conventions if c.id in conventions.get(c.group, frozenset()))
    short = frozenset(c.id for c in criteria if c.status != "passed")
    exhibits = _exhibits(
        assignment, scenarios, golden, observations, [f for f in findings if f.check.criterion in short]
    )
    return Verdict(criteria, diagnoses, remarks, exhibits, findings)


def _compare(
    assignment: Assignment, scenario: Scenario, golden: Observations, observations: Observations
) -> tuple[Finding, ...]:
    return compare(scenario, golden[scenario.id], observations.get(scenario.id), assignment.tolerances)


def settle(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, observations: Observations
) -> tuple[dict[str, Observation], dict[str, frozenset[str]]]:
    """The goldens of the conventions that each subject follows; the canonical ones unless others explain more.

    A convention is adopted only when every trajectory that fails by it fails by the canonical one as well, and
    some no longer do.
    """
    settled, chosen = dict(golden), {}
    for subject in dict.fromkeys(c.group for c in assignment.conventions):
        theirs = [s for s in scenarios if assignment.subject(s) == subject]
        known = [c.id for c in assignment.conventions if c.group == subject]
        best = _parting(assignment, theirs, golden, observations)
        for following in (frozenset(some) for n in range(1, len(known) + 1) for some in combinations(known, n)):
            if not best:
                break
            other = goldens(assignment, theirs, following)
            parting = _parting(assignment, theirs, other, observations)
            if parting < best:
                best, chosen[subject] = parting, following
                settled |= other
    return settled, chosen


def _parting(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, observations: Observations
) -> frozenset[tuple[str, str]]:
    """The checks of whole trajectories that fail by these goldens."""
    findings = (f for s in scenarios for f in _compare(assignment, s, golden, observations))
    return frozenset(
        (f.scenario, f.check.id) for f in findings if f.status == "failed" and f.check.arrays and not f.check.at_most
    )


def goldens(
    assignment: Assignment, scenarios: Sequence[Scenario], conventions: frozenset[str] = frozenset()
) -> dict[str, Observation]:
    """What a right submission does, with derived arrays, by scenario id."""
    return with_derived(assignment, scenarios, assignment.golden(scenarios, conventions))


def fitting(claimed: Observation, golden: Observation) -> Observation:
    """What of a claim can be an observation: arrays that were asked for, of the right shape, no longer than asked."""
    asked = golden.arrays
    arrays = {
        name: array
        for name, array in claimed.arrays.items()
        if name in asked and array.shape[1:] == asked[name].shape[1:] and 0 < len(array) <= len(asked[name])
    }
    return replace(claimed, arrays=arrays)


def with_derived(
    assignment: Assignment, scenarios: Sequence[Scenario], observations: Observations
) -> dict[str, Observation]:
    """Those scenarios that were observed, each observation with the arrays that follow from the recorded ones."""
    full = {}
    for scenario in scenarios:
        if scenario.id in observations:
            seen = observations[scenario.id]
            with np.errstate(all="ignore"):
                full[scenario.id] = replace(seen, arrays={**seen.arrays, **assignment.derive(scenario, seen.arrays)})
    return full


def _exhibits(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    golden: Observations,
    observations: Observations,
    findings: Sequence[Finding],
) -> tuple[Exhibit, ...]:
    """For each rubric row that lost marks, its first failing scenario with numbers: scenarios come smallest first."""
    told: dict[str, Exhibit] = {}
    by_id = {s.id: s for s in scenarios}
    for finding in findings:
        criterion, scenario = finding.check.criterion, by_id[finding.scenario]
        observed = observations.get(scenario.id)
        if finding.difference is None or finding.check.at_most or criterion in told or observed is None:
            continue
        setup, comment = assignment.explain(scenario, golden[scenario.id], observed)
        rows = _rows(golden[scenario.id], observed, finding)
        told[criterion] = Exhibit(scenario.id, scenario.title, criterion, tuple(setup), rows, comment)
    return tuple(told.values())


MAX_ROWS = 6  # steps shown: enough for the smallest scenarios, whole


def _rows(golden: Observation, found: Observation, finding: Finding) -> tuple[tuple[str, str, str, str], ...]:
    difference = finding.difference
    assert difference is not None
    right, theirs = golden.arrays[difference.array], found.arrays[difference.array]
    first = max(0, difference.step - MAX_ROWS + 2)
    rows = []
    for step in range(first, min(len(theirs), len(right), first + MAX_ROWS)):
        place = (step, *difference.index)
        expected, seen = float(right[place]), float(theirs[place])
        move = expected - float(right[(step - 1, *difference.index)]) if step else 0.0
        ratio = f"{(seen - float(theirs[(step - 1, *difference.index)])) / move:.4g}" if step and move else ""
        rows.append((str(step), f"{expected:.6g}", f"{seen:.6g}", ratio))
    return tuple(rows)


# ------------------------------------------------------------------------------------------------------ report
def _with_numbers(verdict: Verdict, quantity: str) -> tuple[Diagnosis, ...]:
    """Each misconception once, with the smallest numbers of this submission that show it as something to try."""
    told: dict[str, Diagnosis] = {}
    for diagnosis in verdict.diagnoses:
        exhibit = next((e for e in verdict.exhibits if e.criterion == diagnosis.criterion), None)
        if diagnosis.misconception not in told:
            told[diagnosis.misconception] = replace(diagnosis, try_this=_try_this(exhibit, quantity) if exhibit else "")
    return tuple(told.values())


def _try_this(exhibit: Exhibit, quantity: str) -> str:
    step, expected, found, _ = next(row for row in exhibit.rows if row[1] != row[2])
    return f"{', '.join(exhibit.setup)}: after step {step} the right {quantity} is {expected}, yours is {found}."


def _blank_report(submission: Submission, assignment: Assignment, sandbox: Sandbox, seed: int) -> Report:
    """A report that marks nothing: what is filled in when something can be marked."""
    rows = tuple(CriterionMark(c.id, c.title, 0.0, c.points, "not_run") for c in assignment.criteria)
    return Report(
        assignment=assignment.id,
        assignment_digest=assignment.digest,
        seed=seed,
        path=submission.path,
        digest=submission.digest,
        status="not_gradable",
        message="",
        criteria=rows,
        remarks=submission.remarks,
        sandbox=sandbox.name,
        versions={"gradmark": __version__, "numpy": np.__version__},
    )


ENDINGS = {
    "time": "Your code was still running when its time was up. What it did before that is marked.",
    "cpu": "Your code used up its computing time. What it did before that is marked.",
    "memory": "Your code asked for more memory than it may have. What it did before that is marked.",
    "output": "Your code wrote more output than it may. What it did before that is marked.",
    "crashed": "Your code brought Python down ({detail}). What it did before that is marked.",
    "exited": "Your code ended Python before it was asked everything ({detail}). What it did before that is marked.",
    "protocol": "Your code wrote into the grader's channel, which ends the marking there. What came before is marked.",
}


def _how_it_ended(conduct: Conduct) -> str:
    return ENDINGS.get(conduct.end, "").format(detail=conduct.detail)


def _why_not_imported(conduct: Conduct) -> str:
    fault = conduct.import_fault
    if fault is None:
        return "Your file could not be imported. " + _how_it_ended(conduct).removesuffix(
            " What it did before that is marked."
        )
    where = f" in line {fault.line} (`{fault.source.strip()}`)" if fault.line else ""
    if fault.type == "TookTooLong":
        return f'Importing your file took too long{where}. Put demo code under `if __name__ == "__main__":`.'
    if fault.type in ("ModuleNotFoundError", "ImportError"):
        return (
            f"Your file could not be imported: {fault.message}{where}. The grader has only Python, NumPy and the "
            'provided tinytorch; remove that import or move it under `if __name__ == "__main__":`.'
        )
    return f"Your file could not be imported: {fault.type}: {fault.message}{where}."
