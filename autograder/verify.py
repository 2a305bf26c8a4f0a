"""Proves that an assignment marks fairly, before anyone is marked with it: `gradmark verify`.

Runs, through the same pipeline and sandbox as submissions: the model solution, right answers in other hands, the
empty template, and every misconception planted into the model solution as a student would write it. Then it checks
margins, determinism, the reference against somebody else's, and that a person has read each hint as it now stands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from autograder import pipeline, variants
from autograder.assignment.returns import mismatch
from autograder.blame import AuthorFault, blaming, place, told
from autograder.crew import Crew, WorkerDied
from autograder.judge.compare import scale_of
from autograder.judge.observations import goldens
from autograder.judge.verdict import Verdict
from autograder.model import (
    Array,
    Assignment,
    CriterionMark,
    Hypotheses,
    Misconception,
    Observation,
    Report,
    Scenario,
    Submission,
)
from autograder.paraphrase import paraphrases
from autograder.sandbox import Sandbox, SandboxFailed
from autograder.syntax import parse

SEED = 20260101  # any will do; fixed, so that the proof can be repeated
SEEDS_FOR_VISIBILITY = 12  # each draws its own numbers; a misconception must stand out for all of them
LEAST_VISIBLE = 100.0  # tolerances: what a misconception must reach somewhere, so that no tolerance hides it
MOST_ROUNDING = 0.2  # tolerances: what right answers may use up, so that one more hand does not fail
SAME = 1e-12  # relative distance to somebody else's implementation in float64
REVIEWED = "reviewed.json"
MISTAKEN = ("misconception", "other hand")
ORACLE = "agrees with an independent implementation"

Section = Literal[
    "right", "empty", "misconception", "other hand", "margin", "determinism", "reference", "variants", "review"
]


@dataclass(frozen=True)
class ProofRow:
    """One line of the proof."""

    section: Section
    name: str
    holds: bool
    said: str  # what was found, short
    detail: Mapping[str, str]  # the columns of its section


@dataclass(frozen=True)
class Proof:
    assignment: str
    digest: str
    seed: int
    sandbox: str
    rows: tuple[ProofRow, ...]
    only: tuple[str, ...] = ()  # the misconceptions that were planted, where not all were: a look, and no proof

    @property
    def holds(self) -> bool:
        return not self.only and all(row.holds for row in self.rows)


@dataclass(frozen=True)
class ProofTrial:
    """One submission that the proof runs."""

    section: Section
    name: str
    source: bytes
    problem: str = ""  # why there is nothing to run


@dataclass(frozen=True)
class Result:
    """One trial's line of the proof, and of right answers the largest error, in tolerances."""

    row: ProofRow
    rounding: float | None


Seen = pipeline.Examination | str  # or why there is none
Part = ProofTrial | Section  # of the proof: what is run, and what is computed
Proved = Result | list[ProofRow]
ProofCrew = Crew[Part, Proved]
Progress = Callable[[int, int], None]
Acquitted = set[tuple[Scenario, ...]]  # experiments that the model solution has replayed without a fault


def verify(
    assignment: Assignment,
    sandbox: Sandbox,
    others: Sequence[Sandbox] = (),
    *,
    only: Collection[str] | None = None,
    brief: bool = False,
    progress: Progress = lambda done, total: None,
    crew: ProofCrew | None = None,
) -> Proof:
    """Runs the whole proof. `others`: further sandboxes that must give the same reports.

    `only`: plant these misconceptions and no others, which makes a quicker look and no proof; `brief`: leave out what
    needs no trial, and the repetitions.
    `crew`: processes that share the work (see `prover`); without them all is done here, one trial after the other.
    """
    trials = [t for t in _trials(assignment) if only is None or t.section not in MISTAKEN or t.name in only]
    beside = ThreadPoolExecutor(1)  # this process has nothing to do while a crew is at work
    try:
        work = beside.submit(_repeated, assignment, trials, [sandbox, sandbox, *others]) if crew and not brief else None
        computed, results = _divided(assignment, sandbox, trials, crew, progress, () if brief else tuple(COMPUTED))
    finally:
        beside.shutdown(wait=False)
    rows = [result.row for result in results]
    rows += _stated(assignment, "margin", lambda: _rounding_margin([result.rounding for result in results]))
    if brief:
        return Proof(assignment.id, assignment.digest, SEED, sandbox.name, tuple(rows), tuple(only or ()))
    rows += computed["margin"]
    rows += work.result() if work else _repeated(assignment, trials, [sandbox, sandbox, *others])
    rows += _stated(assignment, "reference", lambda: _reference(assignment))
    rows += computed["variants"]
    rows += _stated(assignment, "review", lambda: review(assignment))
    return Proof(assignment.id, assignment.digest, SEED, sandbox.name, tuple(rows))


def _divided(
    assignment: Assignment,
    sandbox: Sandbox,
    trials: Sequence[ProofTrial],
    crew: ProofCrew | None,
    progress: Progress,
    computed: Sequence[Section],
) -> tuple[dict[Section, list[ProofRow]], list[Result]]:
    """The parts that need only the assignment, and what each trial gave, whoever works on them."""
    parts: list[Part] = [*computed, *trials]  # the longest pieces of work first
    acquitted = Acquitted()
    alone = ((index, _proved(assignment, part, sandbox, acquitted)) for index, part in enumerate(parts))
    done: dict[int, Proved] = {}
    for index, given in crew.results(parts) if crew else alone:
        if isinstance(given, Exception) and not isinstance(given, WorkerDied):
            raise given
        done[index] = _without_result(parts[index], given) if isinstance(given, Exception) else given
        progress(sum(number >= len(computed) for number in done), len(trials))
    every = [done[index] for index in range(len(parts))]
    rows = {section: found for section, found in zip(computed, every, strict=False) if isinstance(found, list)}
    return rows, [found for found in every if isinstance(found, Result)]


@contextmanager
def prover(assignment: Assignment, reopen: Callable[[], Sandbox]) -> Iterator[Callable[[Part], Proved]]:
    """The work of a `ProofCrew`, in a sandbox of its own: the judging is what takes the time."""
    acquitted = Acquitted()
    with reopen() as sandbox:
        yield lambda part: _proved(assignment, part, sandbox, acquitted)


def _proved(assignment: Assignment, part: Part, sandbox: Sandbox, acquitted: Acquitted) -> Proved:
    return _tried(assignment, part, sandbox, acquitted) if isinstance(part, ProofTrial) else _computed(assignment, part)


def _without_result(part: Part, why: WorkerDied) -> Proved:
    if isinstance(part, ProofTrial):
        return Result(ProofRow(part.section, part.name, holds=False, said=str(why), detail={}), None)
    return [ProofRow(part, "can be proven", holds=False, said=str(why), detail={})]


def _tried(assignment: Assignment, trial: ProofTrial, sandbox: Sandbox, acquitted: Acquitted) -> Result:
    seen = _examine(trial, assignment, sandbox, acquitted)
    known = trial.section == "right" and not isinstance(seen, str) and seen.verdict is not None
    return Result(_row(assignment, trial, seen), _rounding(seen) if known else None)


def _computed(assignment: Assignment, section: Section) -> list[ProofRow]:
    return _stated(assignment, section, lambda: COMPUTED[section](assignment))


def _stated(assignment: Assignment, section: Section, part: Callable[[], Iterable[ProofRow]]) -> list[ProofRow]:
    """The rows of one part; an exception in it makes a row that fails and says where."""
    rows: list[ProofRow] = []
    try:
        with blaming(assignment.folder, f"proving “{section}”"):
            rows.extend(part())
    except SandboxFailed:
        raise
    except Exception as error:  # noqa: BLE001 - the proof must end in a sentence, not in a traceback
        rows.append(ProofRow(section, "can be proven", holds=False, said=_said(error), detail={}))
    return rows


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, AuthorFault) else f"{type(error).__name__}: {error}"


def _trials(assignment: Assignment) -> Iterator[ProofTrial]:
    yield ProofTrial("right", "model solution", assignment.model_solution.read_bytes())
    yield from _paraphrased(assignment)
    for path in assignment.hands:
        yield ProofTrial("right", path.stem, path.read_bytes())
    yield ProofTrial("empty", "bare template", assignment.template.read_bytes())
    solution = assignment.model_solution.read_text(encoding="utf-8")
    for misconception in assignment.misconceptions:
        yield _planted(assignment, solution, misconception.id)
    yield from _other_hands(assignment)


def _paraphrased(assignment: Assignment) -> Iterator[ProofTrial]:
    """The model solution in other words, which mean the same."""
    given = [source for name, source in assignment.sources.items() if name != assignment.driver]
    try:
        made = paraphrases(assignment.model_solution.read_text(encoding="utf-8"), given)
    except Exception as error:  # noqa: BLE001 - the proof must end in a sentence, not in a traceback
        yield ProofTrial(
            "right", "model solution in other words", b"", f"it cannot be written in other words: {_said(error)}"
        )
        return
    for how, source in made.items():
        yield ProofTrial("right", f"model solution, {how}", source.encode())


def _other_hands(assignment: Assignment) -> Iterator[ProofTrial]:
    """Every misconception once more, in another style and by other conventions: they go round."""
    for turn, misconception in enumerate(assignment.misconceptions, start=1):
        try:
            source = assignment.rewrite(misconception.id, turn) if assignment.rewrite else ""
        except KeyError:
            continue  # it has edits of the model solution only
        except Exception as error:  # noqa: BLE001 - as for plant()
            where = told(error, assignment.folder, "rewrite()") or _said(error)
            yield ProofTrial("other hand", misconception.id, b"", where)
            continue
        if source:
            yield ProofTrial("other hand", misconception.id, source.encode())


def _planted(assignment: Assignment, solution: str, name: str) -> ProofTrial:
    """The model solution with one misconception; where it cannot be planted, the reason and how to mend it."""
    problem, source = "", solution
    try:
        source = assignment.plant(solution, name)
        parse(source)
        if source == solution:
            problem = f"planting {name} changes nothing"
    except KeyError:
        problem = f"nobody has written down how {name} looks in code"
    except SyntaxError as error:
        problem = f"with {name} planted the model solution is not Python ({error.msg}, its line {error.lineno})"
    except Exception as error:  # noqa: BLE001 - whatever an author's plant() raises belongs into the proof
        problem = (told(error, assignment.folder, "plant()") or _said(error)).rstrip(".")
    mend = f". Write its lines in {assignment.folder.name}/planted.py to fit the model solution as it is now."
    return ProofTrial("misconception", name, source.encode(), problem + mend if problem else "")


def _submission(assignment: Assignment, trial: ProofTrial) -> Submission:
    return Submission(trial.name, {assignment.main: trial.source}, hashlib.sha256(trial.source).hexdigest())


def _examine(trial: ProofTrial, assignment: Assignment, sandbox: Sandbox, acquitted: Acquitted) -> Seen:
    if trial.problem:
        return trial.problem
    try:
        with blaming(assignment.folder, "marking it"):
            submission = _submission(assignment, trial)
            seen = pipeline.examine(submission, assignment, sandbox, SEED, acquitted)
            # a right answer that loses anything fails, whatever a repair would give back
            enough = trial.section == "right" or seen.verdict is None or seen.verdict.is_explained
            return seen if enough else pipeline.look_closer(submission, assignment, sandbox, seen)[0]
    except SandboxFailed:
        raise
    except Exception as error:  # noqa: BLE001 - the proof must end in a sentence, not in a traceback
        return _said(error)


# --------------------------------------------------------------------------------------------------------- marks
def _row(assignment: Assignment, trial: ProofTrial, seen: Seen) -> ProofRow:
    if isinstance(seen, str):
        return ProofRow(trial.section, trial.name, holds=False, said=seen, detail={})
    if seen.verdict is None:
        said = f"could not be imported: {seen.conduct.import_fault}"
        return ProofRow(trial.section, trial.name, holds=False, said=said, detail={})
    criteria = seen.verdict.criteria
    score, most = sum(c.score for c in criteria), sum(c.max_score for c in criteria)
    if trial.section == "right":
        error = _rounding(seen)
        fine = score == most and error <= MOST_ROUNDING
        lost = next((f" ({c.messages[0]})" for c in criteria if c.status != "passed" and c.messages), "")
        said = f"{_lost(criteria)}{lost}" if score < most else "full marks"
        return ProofRow("right", trial.name, fine, said, {"rounding": f"{error:.3f}"})
    if trial.section == "empty":
        return ProofRow("empty", trial.name, score == 0, f"{score:g} of {most:g}", {})
    misconception = next(m for m in assignment.misconceptions if m.id == trial.name)
    suffering = [c.id for c in assignment.criteria if c.suffers]
    row = _misconception_row(trial.section, misconception, seen.verdict, criteria, suffering)
    fault = next((o.fault for o in seen.observations.values() if o.fault is not None), None)
    if row.holds or fault is None:
        return row
    return replace(row, said=f"{row.said} (line {fault.line} raised {fault.type}: {fault.message})")


def _misconception_row(
    section: Section, m: Misconception, verdict: Verdict, criteria: Sequence[CriterionMark], suffering: Collection[str]
) -> ProofRow:
    lost = [c.id for c in criteria if c.status != "passed"]
    collateral = [c for c in lost if c not in (m.criterion, *suffering)]
    named = list(dict.fromkeys(d.misconception for d in verdict.diagnoses))
    holds = m.criterion in lost and not collateral and named == [m.id]
    detail = {
        "costs": _lost([c for c in criteria if c.id == m.criterion]),
        "collateral": ", ".join(collateral),
        "diagnosed as": ", ".join(named) or "nothing",
        **{c.id: f"{c.score:g}" for c in criteria if c.id in suffering},
    }
    return ProofRow(section, m.id, holds, m.title, detail)


def _lost(criteria: Iterable[CriterionMark]) -> str:
    return ", ".join(f"{c.id} −{c.max_score - c.score:g}" for c in criteria if c.score < c.max_score)


def _rounding(seen: Seen) -> float:
    """The largest error of a right answer, in tolerances."""
    assert not isinstance(seen, str)
    assert seen.verdict is not None
    return max((f.error for f in seen.verdict.findings if not f.check.fact and not f.check.at_most), default=0.0)


# ------------------------------------------------------------------------------------------------------- margins
def _rounding_margin(errors: Sequence[float | None]) -> Iterator[ProofRow]:
    rounding = max((error for error in errors if error is not None), default=float("inf"))
    said = f"right answers use at most {rounding:.3f} of a tolerance (allowed {MOST_ROUNDING:g})"
    yield ProofRow("margin", "rounding", rounding <= MOST_ROUNDING, said, {})


def _visibility_margin(assignment: Assignment) -> Iterator[ProofRow]:
    by_rule = [
        (error, m, seed) for seed in range(SEEDS_FOR_VISIBILITY) for m, error in visibility(assignment, seed).items()
    ]
    if by_rule:  # else every misconception is told by facts, which have no margin
        least, name, seed = min(by_rule)
        shown = f"{name} stands {least:.0f} tolerances out (needed {LEAST_VISIBLE:g}): the least of all, at seed {seed}"
        shown += f" of {SEEDS_FOR_VISIBILITY}"
        yield ProofRow("margin", "visibility", least >= LEAST_VISIBLE, shown, {})


def visibility(assignment: Assignment, seed: int) -> dict[str, float]:
    """Return the largest distance of each misconception of the family from the golden trajectories, in tolerances."""
    scenarios = assignment.scenarios(seed)
    golden = goldens(assignment, scenarios)
    seen: dict[str, float] = {}
    for subject in dict.fromkeys(map(assignment.subject, scenarios)):
        theirs = [s for s in scenarios if assignment.subject(s) == subject]
        known = [m for m in assignment.misconceptions if subject in m.groups]
        if not known:
            continue
        predicted = assignment.predict(
            subject,
            theirs,
            Hypotheses.of([m.changes for m in known], [m.unknown.usual if m.unknown else np.nan for m in known]),
            frozenset(),
        )
        best = np.zeros(len(known))
        for scenario, arrays in zip(theirs, predicted, strict=True):
            checked = {name for check in scenario.checks for name in check.arrays}
            _must_fit(assignment, golden[scenario.id], arrays)
            for name in checked & arrays.keys():
                best = np.maximum(best, _distance(assignment, golden[scenario.id], name, arrays[name]))
        for m, error in zip(known, best.tolist(), strict=True):
            seen[f"{m.id} ({subject})"] = error
    return seen


def _must_fit(assignment: Assignment, golden: Observation, predicted: Mapping[str, Array]) -> None:
    """Hold the arrays of predict() against those of golden(): names and shapes."""
    for name, rows in predicted.items():
        right = golden.arrays.get(name)
        if right is None or rows.shape[1:] != right.shape:
            asked = "does not give" if right is None else f"gives with the shape {right.shape}"
            where = place(assignment.predict, assignment.folder)
            raise AuthorFault(
                f"{where}: predict() gives {name!r} of experiment {golden.scenario!r} with the "
                f"shape {rows.shape[1:]} for each hypothesis, which golden() {asked}."
            )


def _distance(assignment: Assignment, golden: Observation, name: str, predicted: Array) -> Array:
    right = golden.arrays[name]
    scale = scale_of(right, golden.kinds.get(name), assignment.tolerances["default"])
    with np.errstate(all="ignore"):
        errors = np.nan_to_num(np.abs(predicted - right) / scale, nan=np.inf, posinf=np.inf)
    return np.asarray(errors.reshape(len(predicted), -1).max(axis=1))


# --------------------------------------------------------------------------------------------------- determinism
def _repeated(assignment: Assignment, trials: Sequence[ProofTrial], sandboxes: Sequence[Sandbox]) -> list[ProofRow]:
    return _stated(assignment, "determinism", lambda: _determinism(assignment, trials, sandboxes))


def _determinism(
    assignment: Assignment, trials: Sequence[ProofTrial], sandboxes: Sequence[Sandbox]
) -> Iterator[ProofRow]:
    """The same seed gives the same report, run twice and in each sandbox."""
    wrong = [t for t in trials if t.section == "misconception" and not t.problem]
    for trial in (trials[0], *wrong[:: max(1, len(wrong) // 3)][:3]):
        submission = _submission(assignment, trial)
        reports = [_comparable(pipeline.grade(submission, assignment, sandbox, SEED)) for sandbox in sandboxes]
        same = all(report == reports[0] for report in reports)
        where = ", ".join(sandbox.name for sandbox in sandboxes)
        yield ProofRow("determinism", trial.name, same, "same report" if same else "reports differ", {"in": where})


def _comparable(report: Report) -> Report:
    return replace(report, seconds=0.0, sandbox="", log="", charts=())


# -------------------------------------------------------------------------------------------------------- variants
def _variants(assignment: Assignment) -> Iterator[ProofRow]:
    return (ProofRow("variants", name, holds, said, {}) for name, holds, said in variants.statements(assignment))


COMPUTED: Mapping[Section, Callable[[Assignment], Iterable[ProofRow]]] = {  # these need neither a sandbox nor a trial
    "variants": _variants,
    "margin": _visibility_margin,
}


# ----------------------------------------------------------------------------------------------------- reference
def _reference(assignment: Assignment) -> Iterator[ProofRow]:
    for name, error in assignment.oracle():
        yield ProofRow("reference", name, error <= SAME, f"{error:.1e}", {"with": ORACLE})


# -------------------------------------------------------------------------------------------------------- review
def review(assignment: Assignment) -> Iterator[ProofRow]:
    """Numbers cannot tell whether a hint fits: somebody has read each, and what was read has not changed since."""
    path = assignment.folder / REVIEWED
    try:
        reviewed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"hints": {}, "experiments": []}
        mismatched = mismatch(reviewed, Mapping[str, Mapping[str, str] | Sequence[str]], "it")
    except ValueError as error:
        mismatched = str(error)
    if mismatched or not reviewed.keys() >= {"hints", "experiments"}:
        raise AuthorFault(f"{path}, line 1: this is not what `gradmark verify --approve` wrote. Run it again.")
    now = _reviewable(assignment)
    changed = [name for name, text in now["hints"].items() if reviewed["hints"].get(name) != text]
    said = (
        "changed since a person read them: " + ", ".join(changed[:5]) if changed else "each read with its misconception"
    )
    yield ProofRow("review", "hints", not changed, said, {})
    moved = set(now["experiments"]) ^ set(reviewed["experiments"])
    said = "added or dropped since approval: " + ", ".join(sorted(moved)[:5]) if moved else "as approved"
    yield ProofRow("review", "experiments", not moved, said, {})


def _reviewable(assignment: Assignment) -> dict[str, Any]:
    hints = {m.id: signature(m) for m in assignment.misconceptions}
    return {"hints": hints, "experiments": [scenario.id for scenario in assignment.scenarios(SEED)]}


def signature(m: Misconception) -> str:
    """Stands for what a reviewer reads together: the misconception and its hint."""
    text = json.dumps(
        [m.id, m.title, m.criterion, m.hint, sorted(m.changes.items()), sorted(m.groups)], ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def approve(assignment: Assignment) -> None:
    """Records that a person has read all hints and experiments as they stand."""
    (assignment.folder / REVIEWED).write_text(json.dumps(_reviewable(assignment), indent=1) + "\n")
