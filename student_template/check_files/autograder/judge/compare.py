"""Finds where what was observed parts from what is golden, check by check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.model import Array, Check, Difference, Fact, Fault, Finding, Kind, Observation, Scenario, Tolerance

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
    with np.errstate(all="ignore"):  # the largest numbers there are
        return tuple(_judge(scenario, check, golden, found, tolerances[check.tolerance]) for check in scenario.checks)


def _judge(scenario: Scenario, check: Check, golden: Observation, found: Observation, tolerance: Tolerance) -> Finding:
    difference, misfit = None, ""
    tolerated = bool(check.fact) and any(_same(found.facts.get(check.fact), value) for value in check.tolerates)
    if check.relation is not None:
        error = _relation(check, check.relation, golden, found, tolerance)
    elif check.fact:
        error = 0.0 if tolerated or _same(found.facts.get(check.fact), golden.facts[check.fact]) else TOTALLY
    else:
        error, difference = _arrays(check, golden, found, tolerance)
        misfit = next(filter(None, (_misfit(scenario, name, golden, found) for name in check.arrays)), "")
        error = TOTALLY if misfit else error
    lacking = [name for name in check.requires if not _same(found.facts.get(name), golden.facts[name])]
    by_itself = error <= 1
    error = TOTALLY if lacking else error
    if error <= 1:  # written so that NaN fails
        return Finding(scenario.id, check, "passed", check.remark if tolerated else "", error=error)
    unseen = not check.fact or any(name not in found.facts for name in (check.fact, *lacking))
    if found.fault is not None and unseen:
        message = tell(found.fault)
        misfit = message if found.fault.type == "Unusable" else ""
    elif check.relation is not None and not np.isfinite(error):
        message = IDLE
    elif by_itself or (lacking and check.fact and check.fact not in found.facts):
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
        return f"During {fault.message}." if fault.action else f"{fault.message}."
    return f"{doing}our code raised {fault.type}: {fault.message}{where}."


# ------------------------------------------------------------------------------------------------------- arrays
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
        errors = np.abs(theirs[:rows] - right[:rows]) / scale
        largest = float(errors.max(initial=0.0))
        if largest <= 1 and rows == len(right):  # all agree, as most do: there is no difference to look for
            worst = max(worst, largest)
            continue
        errors = np.nan_to_num(errors, nan=TOTALLY, posinf=TOTALLY)
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
    place = (step, *index)
    return Difference(name, step, index, float(right[place]), float(theirs[place]))


def _relation(
    check: Check, names: tuple[str, str], golden: Observation, found: Observation, tolerance: Tolerance
) -> float:
    """The distance of two arrays of one submission; they must move, part from each control, and agree in no decoy."""
    error = _distance(*names, golden, found, tolerance)
    counts = np.isfinite(error) and all(parts(names[0], name, golden, found) for name in check.controls)
    caught = (
        _distance(one, wrong, golden, found, tolerance) <= 1
        and (one == names[0] or _distance(one, due, golden, found, tolerance) > 1)
        for one, due, wrong in check.decoys
    )
    return error if counts and not any(caught) else TOTALLY


def _distance(one: str, other: str, golden: Observation, found: Observation, tolerance: Tolerance) -> float:
    """The distance of two arrays in tolerances, TOTALLY where they are not there or hardly move."""
    ours, theirs, right = found.arrays.get(one), found.arrays.get(other), golden.arrays[one]
    if ours is None or theirs is None or ours.shape != theirs.shape or ours.shape != right.shape:
        return TOTALLY
    error = np.abs(ours - theirs).max() / (tolerance.relative * np.abs(ours).max())
    moved = np.abs(ours[-1] - ours[0]).max() >= LEAST_MOVE * np.abs(right[-1] - right[0]).max()
    return float(error) if moved and np.isfinite(error) else TOTALLY


def parts(name: str, control: str, golden: Observation, found: Observation) -> bool:
    """Return whether an array differs from its control by a good share of what it should, in finite numbers."""
    one, other = found.arrays.get(name), found.arrays.get(control)
    right, otherwise = golden.arrays[name], golden.arrays[control]
    if one is None or other is None or one.shape != right.shape or other.shape != otherwise.shape:
        return False
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return False
    return bool(np.abs(one - other).max() >= LEAST_MOVE * np.abs(right - otherwise).max())
