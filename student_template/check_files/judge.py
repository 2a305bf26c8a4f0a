"""Code of the grader that compares what your classes did with what was expected, unchanged.

check.py uses it; there is nothing to change here.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from itertools import combinations
import base64
import errno
import importlib.abc
import importlib.resources
import importlib.util
import linecache
import marshal
import numpy as np
import signal
import types


@dataclass(frozen=True)
class Criterion:
    """A rubric row."""

    id: str
    title: str
    points: float
    about: str = ""  # one sentence for students: what this row is about
    suffers: bool = False  # may lose together with any other row: what any mistake harms, such as learning
    conduct: bool = False  # about how the code behaves as a program (arguments, arrays, state), not about its rule


@dataclass(frozen=True)
class Check:
    """One thing a scenario can show, and the rubric row it is evidence for.

    A check reads recorded arrays (`arrays`, compared with the golden ones), or one recorded fact (`fact`,
    equal to the golden one), or two recorded arrays that must agree with each other (`relation`, which
    needs no golden answer: it compares two runs of the same code).
    """

    id: str
    criterion: str
    weight: float = 1.0
    arrays: tuple[str, ...] = ()
    fact: str = ""
    relation: tuple[str, str] | None = None
    controls: tuple[str, ...] = ()  # runs from which the relation's first one must part: else it shows nothing
    requires: tuple[str, ...] = ()  # facts that must be as expected before this check can pass
    needs: str = ""  # a subject: the check can pass only when that one is responsive (see judge/circumstances.py)
    isolates: bool = False  # decides even when something else under test is wrong; relations always do
    at_most: bool = False  # only the last row counts, and it may be better than the golden one
    tolerance: str = "default"  # key into Assignment.tolerances
    message: str = ""  # second person, shown when it fails; "" = the comparison speaks for itself


@dataclass(frozen=True, eq=False)
class Scenario:
    """Inputs for one experiment. `spec` (plain JSON) and `arrays` are all that the guest is told.

    Two are the same when they are one object, so that what was worked out for one is remembered by it.
    """

    id: str
    title: str  # a sentence that students read
    group: str  # what is under test, e.g. a class name: hanging twice in a group ends the group
    spec: Json
    arrays: Mapping[str, Array]
    checks: tuple[Check, ...]
    beyond_rule: bool = False  # what is no rule may spoil it: missing gradients, other dtypes, other iterables
    without: frozenset[str] = frozenset()  # rubric rows about parts of the rule that are switched off in it
    # "response": its runs show whether a rule is at work at all. "life": the actions in its spec are played one after
    # the other, any of them may be left out, and spec "records" names the kind of those after which rows are recorded.
    role: Literal["", "response", "life"] = ""
    axis: str = "step"  # what a row of its arrays is: "step" and "epoch" move; "call", "batch", "element", … do not


@dataclass(frozen=True)
class Tolerance:
    """The largest error allowed: `relative` times the largest absolute value of the golden array."""

    relative: float
    reason: str


@dataclass(frozen=True)
class Fault:
    """An exception that the submission raised, as the guest told it."""

    type: str
    message: str
    line: int = 0  # in the submission; 0 = not there
    source: str = ""  # that line
    action: str = ""  # what the driver was doing
    origin: str = ""  # module of the innermost frame that is the submission's or the assignment's
    origin_line: int = 0  # there


@dataclass(frozen=True)
class Observation:
    """The recorded behaviour of a submission in one scenario: claims, checked for shape and finiteness on use.

    golden() may give arrays of whole numbers and of truth values: those are compared as such. Everywhere else arrays
    are float64, and `kinds` has what those that were not decimal numbers were.
    """

    scenario: str
    arrays: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    fault: Fault | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    unfit: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # shapes of arrays that cannot be compared


@dataclass(frozen=True)
class Conduct:
    """The course of a whole run: whether the file could be imported, and how the process ended."""

    imported: bool
    import_fault: Fault | None
    end: EndReason
    detail: str
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Difference:
    """The first place where two arrays part. `step` counts recorded rows from 0 (the start)."""

    array: str
    step: int
    index: tuple[int, ...]
    expected: float
    found: float
    ratio_of_moves: float | None  # found move / expected move in that step; None when nothing should move
    worst: float  # largest error over the array, in units of the tolerance


@dataclass(frozen=True)
class Finding:
    """One check, judged."""

    scenario: str
    check: Check
    status: Literal["passed", "failed", "not_run"]
    message: str = ""
    difference: Difference | None = None
    error: float = 0.0  # in units of the tolerance; passing is <= 1
    misfit: str = ""  # in the message: why the result cannot be right whatever its numbers are (shape, length, kind)


@dataclass(frozen=True)
class Exhibit:
    """The smallest failing scenario, told with its numbers: what students check by hand."""

    scenario: str
    title: str
    criterion: str
    setup: tuple[str, ...]  # "θ₀ = 1", "lr = 0.1", …
    rows: tuple[tuple[str, str, str, str], ...]  # which row, expected, found, ratio
    comment: str = ""
    axis: str = "step"  # what a row is, as in its Scenario
    place: str = ""  # which number of each row is shown, where a row has several: "[1, 0]"


BY_LETTER: Mapping[str, Kind] = {"b": "boolean", "i": "integer", "u": "integer"}  # NumPy's letters; others are decimal


def kinds_of(arrays: Mapping[str, Any]) -> dict[str, Kind]:
    """Return the kinds of those arrays that hold whole numbers or truth values."""
    return {name: BY_LETTER[array.dtype.kind] for name, array in arrays.items() if array.dtype.kind in BY_LETTER}


def in_floats(arrays: Mapping[str, Any]) -> dict[str, Array]:
    """Return the arrays as float64; those that are float64 are not copied."""
    return {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}


def with_kinds(seen: Observation) -> Observation:
    """Return an observation whose arrays are as they were computed, with float64 arrays, kinds and plain facts."""
    facts = {name: fact.item() if isinstance(fact, np.generic) else fact for name, fact in seen.facts.items()}
    return replace(seen, arrays=in_floats(seen.arrays), kinds=kinds_of(seen.arrays), facts=facts)


TOTALLY = float("inf")  # error of what cannot be compared


IDLE = "This counts only where your code does what was asked, and here it does not."


EXACTLY = 1e-3  # the scale of whole numbers and truth values: they are right or a thousand tolerances out


MOVING = frozenset({"step", "epoch"})  # axes along which something moves, so that moves can be compared


LEAST_MOVE = 0.05  # of the golden move: a relation between runs that hardly move shows nothing


def compare(
    scenario: Scenario, golden: Observation, found: Observation | None, tolerances: Mapping[str, Tolerance]
) -> tuple[Finding, ...]:
    """One finding for each check of the scenario; both observations with their derived arrays."""
    if found is None:
        return tuple(Finding(scenario.id, check, "not_run") for check in scenario.checks)
    return tuple(_judge(scenario, check, golden, found, tolerances[check.tolerance]) for check in scenario.checks)


def _judge(scenario: Scenario, check: Check, golden: Observation, found: Observation, tolerance: Tolerance) -> Finding:
    difference, misfit = None, ""
    if check.relation is not None:
        error = _relation(check.relation, check.controls, golden, found, tolerance)
    elif check.fact:
        error = 0.0 if _same(found.facts.get(check.fact), golden.facts[check.fact]) else TOTALLY
    else:
        error, difference = _arrays(check, golden, found, tolerance)
        misfit = next(filter(None, (_misfit(scenario, name, golden, found) for name in check.arrays)), "")
        error = TOTALLY if misfit else error
    lacking = [name for name in check.requires if not _same(found.facts.get(name), golden.facts[name])]
    by_itself = error <= 1
    error = TOTALLY if lacking else error
    if error <= 1:  # written so that NaN fails
        return Finding(scenario.id, check, "passed", error=error)
    unseen = not check.fact or any(name not in found.facts for name in (check.fact, *lacking))
    if found.fault is not None and unseen:
        message = tell(found.fault)
        misfit = message if found.fault.type == "Unusable" else ""
    elif check.relation is not None and not np.isfinite(error):
        message = IDLE
    elif by_itself:
        message = _lacking(scenario, lacking)
    else:
        message = misfit or check.message or _of_fact(scenario, check.fact, golden, found)
    return Finding(scenario.id, check, "failed", message, difference, error, misfit if misfit == message else "")


def _lacking(scenario: Scenario, requirements: Sequence[str]) -> str:
    """The reason why what is right by itself does not count; nothing where a check of its own tells it."""
    told = {check.fact for check in scenario.checks}
    return "" if told & set(requirements) else IDLE


def _same(found: object, golden: object) -> bool:
    return type(found) is type(golden) and found == golden


def _of_fact(scenario: Scenario, name: str, golden: Observation, found: Observation) -> str:
    if not name or name not in found.facts:
        return ""
    right, theirs = golden.facts[name], found.facts[name]
    types = type(right) is not type(theirs)
    right_one, yours = _shown(right, types=types), _shown(theirs, types=types)
    return f"In “{scenario.title}”, {name} must be {right_one}, and yours is {yours}."


TYPES: Mapping[type, str] = {bool: "a truth value", int: "a whole number", float: "a decimal number", str: "a text"}


def _shown(fact: Fact, *, types: bool) -> str:
    return f"{fact!r} ({TYPES[type(fact)]})" if types and fact is not None else repr(fact)


def tell(fault: Fault) -> str:
    """A fault of the submission as one sentence to its author."""
    where = f" (line {fault.line}: `{fault.source.strip()}`)" if fault.line else ""
    doing = f"During {fault.action}: y" if fault.action else "Y"
    if fault.type == "NotImplementedError":
        return f"{doing}our code says that it is not written yet{where}."
    if fault.type == "TookTooLong":
        return f"{doing}our code was {fault.message}{where}. Look for a loop that does not end."
    if fault.type == "Unusable":
        return fault.message + "."
    return f"{doing}our code raised {fault.type}: {fault.message}{where}."


def _arrays(
    check: Check, golden: Observation, found: Observation, tolerance: Tolerance
) -> tuple[float, Difference | None]:
    worst, first = 0.0, None
    for name in check.arrays:
        right, theirs = golden.arrays[name], found.arrays.get(name)
        if theirs is None or theirs.shape[1:] != right.shape[1:]:
            return TOTALLY, None
        scale = scale_of(right, golden.kinds.get(name), tolerance)
        rows = min(len(theirs), len(right))
        if check.at_most:
            error = float(theirs[-1] - right[-1]) / scale if rows == len(right) else TOTALLY
            worst = max(worst, error) if np.isfinite(error) else TOTALLY
            continue
        errors = np.nan_to_num(np.abs(theirs[:rows] - right[:rows]) / scale, nan=TOTALLY, posinf=TOTALLY)
        worst = max(worst, float(errors.max(initial=0.0)), 0.0 if rows == len(right) else TOTALLY)
        difference = _first(name, right, theirs, errors)
        if difference is not None and (first is None or difference.step < first.step):
            first = difference
    return worst, first


def scale_of(golden: Array, kind: Kind | None, tolerance: Tolerance) -> float:
    """Return the largest difference that is allowed; where everything is 0, as if the largest number were 1."""
    return EXACTLY if kind else tolerance.relative * (float(np.abs(golden).max()) or 1.0)


HOLDS: Mapping[Kind, str] = {"number": "decimal numbers", "integer": "whole numbers", "boolean": "truth values"}


def _misfit(scenario: Scenario, name: str, golden: Observation, found: Observation) -> str:
    """Return in words why an array cannot be the golden one, whatever its numbers are; "" where it can."""
    right, here = golden.arrays[name], f"In “{scenario.title}”"
    shape = found.arrays[name].shape if name in found.arrays else found.unfit.get(name, ())
    if not shape:
        return "" if found.fault else f"{here}, your code gives nothing."
    if shape[1:] != right.shape[1:]:
        what = "your result" if scenario.axis in MOVING else f"each {scenario.axis} of your result"
        return f"{here}, {what} is {_formed(shape[1:])}, and must be {_formed(right.shape[1:])}."
    if shape[0] != len(right):
        return f"{here}, your code gives {_counted(shape[0], scenario.axis)}, and must give {len(right)}."
    kind, theirs = golden.kinds.get(name, "number"), found.kinds.get(name, "number")
    if kind not in ("number", theirs):
        return f"{here}, your result holds {HOLDS[theirs]}, and must hold {HOLDS[kind]}."
    return ""


def _formed(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a single number"


def _counted(count: int, axis: str) -> str:
    one = "row" if axis in MOVING else axis
    many = one + ("es" if one.endswith(("s", "x", "ch", "sh")) else "s")
    return f"{count} {one if count == 1 else many}"


def _first(name: str, right: Array, theirs: Array, errors: Array) -> Difference | None:
    if not errors.size:
        return None  # nothing was recorded, or its rows hold nothing
    by_row = errors.reshape(len(errors), -1).max(axis=1, initial=0.0)
    late = np.flatnonzero(by_row > 1)
    if not late.size:
        return None
    step = int(late[0])
    index = tuple(int(i) for i in np.unravel_index(int(errors[step].argmax()), errors[step].shape))
    place, before = (step, *index), (max(step - 1, 0), *index)
    expected_move = float(right[place] - right[before])
    ratio = float(theirs[place] - theirs[before]) / expected_move if expected_move else None
    return Difference(name, step, index, float(right[place]), float(theirs[place]), ratio, float(by_row.max()))


def _relation(
    names: tuple[str, str], controls: tuple[str, ...], golden: Observation, found: Observation, tolerance: Tolerance
) -> float:
    """The distance of two arrays of one submission, provided that they move, and part from each control."""
    one, other = (found.arrays.get(name) for name in names)
    right = golden.arrays[names[0]]
    if one is None or other is None or one.shape != other.shape or one.shape != right.shape:
        return TOTALLY
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        error = np.abs(one - other).max() / (tolerance.relative * np.abs(one).max())
        moved = np.abs(one[-1] - one[0]).max() >= LEAST_MOVE * np.abs(right[-1] - right[0]).max()
    counts = moved and np.isfinite(error) and all(parts(names[0], name, golden, found) for name in controls)
    return float(error) if counts else TOTALLY


def parts(name: str, control: str, golden: Observation, found: Observation) -> bool:
    """Return whether an array differs from its control by a good share of what it should, in finite numbers."""
    one, other = found.arrays.get(name), found.arrays.get(control)
    right, otherwise = golden.arrays[name], golden.arrays[control]
    if one is None or other is None or one.shape != right.shape or other.shape != otherwise.shape:
        return False
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return False
    return bool(np.abs(one - other).max() >= LEAST_MOVE * np.abs(right - otherwise).max())


def goldens(
    assignment: Assignment, scenarios: Sequence[Scenario], conventions: frozenset[str] = frozenset()
) -> dict[str, Observation]:
    """Return the observations of a right submission, with derived arrays, by scenario id."""
    return with_derived(assignment, scenarios, assignment.golden(scenarios, conventions))


def fitting(claimed: Observation, golden: Observation) -> Observation:
    """Keep the arrays of a claim that were asked for, have the right shape, and are not longer than asked.

    Of the others that were asked for, the shape is kept.
    """
    asked = {name: array for name, array in claimed.arrays.items() if name in golden.arrays}
    fit = {
        name
        for name, array in asked.items()
        if array.shape[1:] == golden.arrays[name].shape[1:] and 0 < len(array) <= len(golden.arrays[name])
    }
    unfit = {name: array.shape for name, array in asked.items() if name not in fit}
    return replace(claimed, arrays={name: array for name, array in asked.items() if name in fit}, unfit=unfit)


def with_derived(
    assignment: Assignment, scenarios: Sequence[Scenario], observations: Observations
) -> dict[str, Observation]:
    """Those scenarios that were observed, each observation with the arrays that follow from the recorded ones."""
    full = {}
    for scenario in scenarios:
        if scenario.id in observations:
            seen = observations[scenario.id]
            with np.errstate(all="ignore"):
                derived = assignment.derive(scenario, seen.arrays)
            arrays, kinds = {**seen.arrays, **in_floats(derived)}, {**seen.kinds, **kinds_of(derived)}
            full[scenario.id] = replace(seen, arrays=arrays, kinds=kinds)
    return full


def compare_scenario(
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
        known = [c.id for c in assignment.conventions if c.group == subject and not c.beside]
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
    findings = (f for s in scenarios for f in compare_scenario(assignment, s, golden, observations))
    return frozenset(
        (f.scenario, f.check.id) for f in findings if f.status == "failed" and f.check.arrays and not f.check.at_most
    )


MAX_MESSAGES = 4  # in one row: nobody reads twenty, and the first ones come from the smallest experiments


def _isolating(finding: Finding) -> bool:
    return finding.check.isolates or finding.check.relation is not None


def find_exhibits(
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
        rows = _rows(golden[scenario.id], observed, finding, steps=scenario.axis in MOVING)
        several = golden[scenario.id].arrays[finding.difference.array][0].size > 1
        place = str(list(finding.difference.index)) if several else ""
        told[criterion] = Exhibit(
            scenario.id, scenario.title, criterion, tuple(setup), rows, comment, scenario.axis, place
        )
    return tuple(told.values())


MAX_ROWS = 6  # rows shown: enough for the smallest scenarios, whole


def _rows(
    golden: Observation, found: Observation, finding: Finding, *, steps: bool
) -> tuple[tuple[str, str, str, str], ...]:
    """Which row, expected, found, and a ratio: of the two moves where something moves, of the two numbers elsewhere."""
    difference = finding.difference
    assert difference is not None
    right, theirs = golden.arrays[difference.array], found.arrays[difference.array]
    first = max(0, difference.step - MAX_ROWS + 2)
    rows = []
    for step in range(first, min(len(theirs), len(right), first + MAX_ROWS)):
        place = (step, *difference.index)
        expected, seen = float(right[place]), float(theirs[place])
        before = (step - 1, *difference.index)
        moved = steps and step > 0
        right_move, move = (
            (expected - float(right[before]), seen - float(theirs[before]))
            if moved
            else ((0.0, 0.0) if steps else (expected, seen))
        )
        kinds = tuple(o.kinds.get(difference.array, "number") for o in (golden, found))
        ratio = f"{move / right_move:.4g}" if right_move and "boolean" not in kinds else ""
        digits = next(
            n for n in DIGITS if step != difference.step or n == DIGITS[-1] or f"{expected:.{n}g}" != f"{seen:.{n}g}"
        )
        rows.append((str(step), _number(expected, kinds[0], digits), _number(seen, kinds[1], digits), ratio))
    return tuple(rows)


DIGITS = (6, 9, 12, 17)  # of a number; more than 6 only where they show what differs


def _number(number: float, kind: Kind, digits: int) -> str:
    if kind == "number" or not np.isfinite(number):
        return f"{number:.{digits}g}"
    return str(bool(number)) if kind == "boolean" else f"{number:.0f}"


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


MAX_FACT = 500  # characters: nothing a submission says is worth more


MAX_FRAMES = 100_000  # of a traceback that are looked at: a hundred times Python's own limit of recursion


PATIENCE = 5  # times its computing time is what a scenario may take in all


KINDS = {"b": "boolean", "i": "integer", "u": "integer"}  # of arrays that hold no decimal numbers


CLOCKS = ((signal.SIGPROF, signal.ITIMER_PROF, 1), (signal.SIGALRM, signal.ITIMER_REAL, PATIENCE))


class Recorder:
    """Collects what a driver saw. Rows of one name are stacked; a row of another shape ends that array.

    `afresh()` makes the submission as it was when it was loaded: for another run in the same experiment. `what` is what
    a row is called in a sentence to the student. A driver that misspells an attribute is told.
    """

    __slots__ = ("afresh", "doing", "facts", "rows", "trouble", "what")

    def __init__(self, afresh=lambda: None):
        self.afresh = afresh
        self.rows, self.facts, self.doing, self.trouble = {}, {}, "", None
        self.what = "your result"

    def row(self, name, value):
        """Records a copy of `value` as the next row of array `name`; whole numbers and truth values stay such."""
        if self.trouble is not None:
            return
        copy = self._copied(value)
        if copy is None:
            return
        rows = self.rows.setdefault(name, [])
        if rows and rows[0].shape != copy.shape:
            self._stop(f"changed shape from {rows[0].shape} to {copy.shape}")
            return
        rows.append(copy)

    def _copied(self, value):
        """A copy as float64, int64 or bool; None, and `trouble`, for what holds no numbers."""
        import numpy as np  # noqa: PLC0415

        kind = getattr(value, "dtype", None)
        if value is None:
            self._stop("is None: something is not returned")
        elif kind is not None and getattr(kind, "kind", "f") not in "fiub":
            self._stop(f"holds {str(kind)[:40]} values, which are not real numbers")
        else:
            try:
                copy = np.array(value, copy=True, subok=False)
                if copy.dtype.kind in KINDS:
                    return copy
                if copy.dtype.kind in ("f", "O"):  # whole numbers of any length are objects
                    return copy.astype(np.float64)
            except (TypeError, ValueError):
                pass
            self._stop(f"is a {type(value).__name__[:80]}, which is not an array of numbers")
        return None

    def fact(self, name, value):
        import numpy as np  # noqa: PLC0415

        if isinstance(value, np.generic | np.ndarray) and not value.ndim:
            value = value.item()
        if not isinstance(value, bool | int | float | None):
            value = str(value)[:MAX_FACT]
        self.facts[name] = value

    def _stop(self, what):
        self.trouble = {"type": "Unusable", "message": f"{self.doing}: {self.what} {what}", "action": self.doing}

    def result(self):
        import numpy as np  # noqa: PLC0415

        return [(name, np.stack(rows)) for name, rows in self.rows.items()], self.facts, self.trouble


class TookTooLong(BaseException):
    """A scenario's own deadline: not an Exception, so that `except Exception` in a loop does not eat it."""


class deadline:  # noqa: N801 - reads as a statement
    """Raises TookTooLong in the block after `seconds` of computing, or five times as long of anything: sleeping, say.

    The computing is this process's own, so that a busy machine takes nothing from it. Polite: what ignores it meets the
    sandbox's limits.
    """

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        def ring(number, _frame):
            by_the_clock = number == signal.SIGALRM
            seconds = f"{PATIENCE * self.seconds:g} s" if by_the_clock else f"{self.seconds:g} s of computing"
            raise TookTooLong(f"not over after {seconds}")

        for name, timer, factor in CLOCKS:
            signal.signal(name, ring)
            signal.setitimer(timer, factor * self.seconds, factor * self.seconds)

    def __exit__(self, *_):
        for _, timer, _ in CLOCKS:
            signal.setitimer(timer, 0)


def describe(error, job, doing=""):
    """An exception as data: type, message, and the last line of the submission that it passed through.

    `origin` and `origin_line` say where its innermost frame is among the modules that the guest was given.
    """
    refusal = Refusals.sentence(error)
    line, source, origin, origin_line = 0, "", "", 0
    file = "<" + job["submission"] + ">"
    given = {file, *("<" + name.removesuffix(".__init__") + ">" for name in job.get("sources", ()))}
    for name, number in places(error):
        if name == file:
            line = number
        if name in given:
            origin, origin_line = name[1:-1], number
    source = linecache.getline(file, line).strip()[:MAX_FACT] if line else ""
    if isinstance(error, SyntaxError) and error.filename in given:
        origin, origin_line = error.filename[1:-1], error.lineno or 0
    try:
        message = str(error)
        if isinstance(error, SyntaxError) and error.filename == file:
            line, source, message = error.lineno or 0, (error.text or "").strip()[:MAX_FACT], str(error.msg)
        message = (refusal or message)[:MAX_FACT]
    except BaseException:  # noqa: BLE001 - a hostile __str__
        message = "(its message cannot be shown)"
    return {
        "type": type(error).__name__[:80],
        "message": message,
        "line": line,
        "source": source,
        "action": doing,
        "origin": origin,
        "origin_line": origin_line,
    }


def places(error):
    """File and line of each frame that an exception passed through, the outermost first; of very many, not all."""
    step = error.__traceback__
    for _ in range(MAX_FRAMES):
        if step is None:
            break
        yield step.tb_frame.f_code.co_filename, step.tb_lineno or 0
        step = step.tb_next


class Refusals:
    """Remembers in words what the sandbox refused: the audit event before the kernel's refusal tells what was tried."""

    NETWORK = "open a network connection; the grader has none"
    WORDS = (
        (("socket.",), NETWORK),
        (
            ("os.fork", "os.posix_spawn", "os.exec", "os.system", "subprocess."),
            "start a program; the grader runs only yours",
        ),
        (
            ("os.kill", "signal.pthread_kill", "resource."),
            "signal a process or change its limits; the grader allows neither",
        ),
        (("open",), "open a file that the grader does not share"),
        (("os.",), "change something outside your program; the grader allows nothing of it"),
    )
    tried = ""

    @classmethod
    def note(cls, event, _arguments):
        if not event.startswith("object."):  # looking at an exception is such an event
            cls.tried = next((words for starts, words in cls.WORDS if event.startswith(starts)), "")

    @classmethod
    def sentence(cls, error):
        """Return what was tried, if that is why `error` was raised, or ""."""
        refused = isinstance(error, OSError) and (
            cls.tried == cls.NETWORK or error.errno in (errno.EPERM, errno.EACCES)
        )
        return f"your code tried to {cls.tried}" if refused and cls.tried else ""


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports modules from source text in memory, so that no file of theirs or ours is needed on any disk."""

    def __init__(self, sources, compiled=None):
        self.sources = sources  # "pkg.mod" or "pkg.__init__" -> text
        fits = compiled and compiled["magic"] == importlib.util.MAGIC_NUMBER.hex()  # made by the same Python
        self.code = compiled["code"] if fits else {}

    def find_spec(self, name, path=None, target=None):
        for key, package in ((name, False), (name + ".__init__", True)):
            if key in self.sources:
                return importlib.util.spec_from_loader(name, self, is_package=package)
        return None

    def get_source(self, name):
        return self.sources.get(name, self.sources.get(name + ".__init__"))

    def exec_module(self, module):
        name, file = module.__name__, "<" + module.__name__ + ">"
        source = self.get_source(name)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        if name in self.code:
            code = marshal.loads(base64.b64decode(self.code[name]))  # noqa: S302 - from the grader, not from a student
        else:
            code = compile(source, file, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - this is the sandbox


def derive(scenario: Scenario, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays that follow from recorded ones, found or golden alike."""
    spec = scenario.spec
    if spec["kind"] == "course" and "from_step" in spec:
        return {
            name.replace("p", "moves"): np.diff(rows[1:], axis=0)
            for name, rows in arrays.items()
            if _recorded(name, "p")
        }
    if spec["kind"] == "training":
        return _learned(scenario, arrays)
    if spec["kind"] == "pair" and spec["class"] == "AdamW":
        return _decoupled(spec, arrays)
    if spec["kind"] in JOINED:
        joined = {name: _join(arrays, prefixes) for name, prefixes in JOINED[spec["kind"]].items()}
        if "uninterrupted" in joined and len(joined["uninterrupted"]):
            joined["rest"] = joined["uninterrupted"][1:]
        return joined
    return {}


JOINED = {  # runs that a relation compares as wholes
    "interleaved": {"alone": "ab", "taking turns": "pq"},
    "momentum_state": {"uninterrupted": "u", "after a change": "p", "resumed": "s", "resumed, then changed": "r"},
}


def _recorded(name: str, prefixes: str) -> bool:
    """Return whether this is the record of a parameter in one of these runs, and nothing that was derived."""
    return name[:1] in prefixes and name[1:].isdigit()


def _join(arrays: Mapping[str, Array], prefixes: str) -> Array:
    """(rows, numbers): the runs of all parameters side by side, as far as all of them go."""
    runs = [rows.reshape(len(rows), -1) for name, rows in arrays.items() if _recorded(name, prefixes) and len(rows)]
    rows = min((len(run) for run in runs), default=0)
    return np.concatenate([run[:rows] for run in runs], axis=1) if runs else np.zeros((0, 0))


def _learned(scenario: Scenario, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The loss at both ends of a training, from the recorded weights: a loss that was sent proves nothing."""
    network = Network(scenario.arrays)
    weights = [arrays.get(f"p{i}", np.empty((0,))) for i in range(len(network.shapes))]
    if any(w.shape != (2, *shape) for w, shape in zip(weights, network.shapes, strict=True)):
        return {}
    flat = [np.concatenate([w[end].ravel() for w in weights]) for end in (0, 1)]
    return {"learned": np.array([network.loss(w) for w in flat])}


def _decoupled(spec: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The moves of the run without decay with decoupled decay added; before or after, whichever is nearer."""
    shrink, derived = 1 - spec["kwargs"]["lr"] * spec["kwargs"]["weight_decay"], {}
    for i in range(sum(name[0] == "p" for name in arrays)):
        on, off = arrays.get(f"p{i}"), arrays.get(f"q{i}")
        if on is None or off is None or on.shape != off.shape or len(on) < 2 or not on.size:
            continue  # stopped before its first step
        moves = np.diff(off, axis=0)
        after, before = (on[:-1] + moves) * shrink, on[:-1] * shrink + moves
        nearer = min(
            (after, before), key=lambda rebuilt: float(np.nan_to_num(np.abs(rebuilt - on[1:]), nan=np.inf).max())
        )
        derived[f"decoupled{i}"] = np.concatenate([on[:1], nearer])
    return derived


class Network:
    """linear → ReLU → linear → softmax cross-entropy on the scenario's data, over one flat vector of weights."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        parts = [arrays[f"p{i}"] for i in range(4)]
        self.shapes = [part.shape for part in parts]
        self.start = np.concatenate([part.ravel() for part in parts])
        self.x, self.y = arrays["x"], np.eye(3)[arrays["y"].astype(int)]

    def parts(self, w: Array) -> list[Array]:
        """The weights and biases in their shapes."""
        cuts = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(w, cuts), self.shapes, strict=True)]

    def _forward(self, w: Array) -> tuple[Array, Array, Array]:
        w1, b1, w2, b2 = self.parts(w)
        hidden = np.maximum(self.x @ w1 + b1, 0)
        logits = hidden @ w2 + b2
        logits = logits - logits.max(1, keepdims=True)
        return hidden, logits - np.log(np.exp(logits).sum(1, keepdims=True)), w2

    def loss(self, w: Array) -> float:
        return float(-(self._forward(w)[1] * self.y).sum(1).mean())

    def gradient(self, w: Array) -> Array:
        hidden, log_p, w2 = self._forward(w)
        d_logits = (np.exp(log_p) - self.y) / len(self.x)
        d_hidden = (d_logits @ w2.T) * (hidden > 0)
        parts = (self.x.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_logits, d_logits.sum(0))
        return np.concatenate([part.ravel() for part in parts])
