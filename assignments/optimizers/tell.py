"""Tells a scenario in words and numbers: its set-up, what the moves suggest, and the right answer worked by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.model import Array, Observation, Scenario

from .course import hyperparameters

SYMBOLS = {"lr": "lr", "momentum": "μ", "weight_decay": "λ", "betas": "(β₁, β₂)", "eps": "ε"}
SMALL = 4  # numbers that are still worth spelling out
CONSTANT = 1e-3  # relative: ratios that differ by less are one ratio; float32 rounding is a hundredth of it
STILL = 1e-9  # a move below this is none


def explain(scenario: Scenario, golden: Observation, found: Observation) -> tuple[Sequence[str], str]:
    """The set-up as short equations; what the differing moves suggest, and the arithmetic when one can follow it."""
    spec, arrays = scenario.spec, scenario.arrays
    setup = [f"{spec['class']}"] if "class" in spec else []
    setup += [f"{SYMBOLS.get(name, name)} = {_short(value)}" for name, value in spec.get("kwargs", {}).items()]
    if "p0" in arrays and arrays["p0"].size <= SMALL:
        setup.append(f"θ₀ = {_short(arrays['p0'])}")
    if spec["kind"] == "life":
        return setup, as_python(scenario)
    for name, called in (("g0", "gradients"), ("c0", "gradient of each backward()")):
        if name in arrays and arrays[name].size <= 2 * SMALL:
            setup.append(f"{called} = {_short(arrays[name])}")
    if "actions" in spec:
        setup.append("actions: " + ", ".join(spec["actions"]))
    return setup, "\n".join(filter(None, [_suggestion(scenario, golden, found), *_by_hand(scenario, golden)]))


MOST_ACTIONS = 16  # of a life that is told: more are no help


def as_python(scenario: Scenario) -> str:
    """A life as lines that can be pasted below the submission's code; "" when it is too long to be read."""
    spec, arrays = scenario.spec, scenario.arrays
    names = [name for name in arrays if name.startswith("p")]
    if len(_runs(spec["actions"])) > MOST_ACTIONS:
        return ""
    given = ", ".join(f"{name}={_literal(value)}" for name, value in spec["kwargs"].items())
    lines = ["Try it:", *(f"{name} = Tensor({_literal(arrays[name])}, requires_grad=True)" for name in names)]
    lines.append(f"optimizer = {spec['class']}([{', '.join(names)}], {given})")
    for (action, *rest), times in _runs(spec["actions"]):
        told = _action(action, rest, names, arrays, f"{spec['class']}([other], {given})")
        lines += told if times == 1 else [f"for _ in range({times}):", *(f"    {line}" for line in told)]
    return "\n".join([*lines, f"print({', '.join(f'{name}.data' for name in names)})"])


def _runs(actions: Sequence[Sequence[Any]]) -> list[tuple[Sequence[Any], int]]:
    """Each action, with how often it comes in a row."""
    rows: list[tuple[Sequence[Any], int]] = []
    for action in actions:
        last, times = rows.pop() if rows else (action, 0)
        rows += [(last, times + 1)] if last == action else [*([(last, times)] if times else []), (action, 1)]
    return rows


def _action(
    action: str, rest: Sequence[Any], names: Sequence[str], arrays: Mapping[str, Array], other: str
) -> list[str]:
    """One action of a life as Python."""
    match action:
        case "gradients":
            row, missing = rest
            values = [
                "None" if i in missing else f"np.array({_literal(arrays[f'g{i}'][row])})" for i in range(len(names))
            ]
            return [f"{name}.grad = {given}" for name, given in zip(names, values, strict=True)]
        case "overwrite":
            return [f"{n}.grad[...] = {_literal(arrays[f'g{i}'][rest[0]])}" for i, n in enumerate(names)]
        case "lr":
            return [f"optimizer.lr = {rest[0]}"]
        case "state":
            return ["optimizer.set_momentum_state(optimizer.get_momentum_state())"]
        case "other":
            start = f"Tensor({_literal(arrays['p0'])}, requires_grad=True)"
            return [f"other = {start}", f"other.grad = np.array({_literal(arrays['g0'][rest[0]])})", f"{other}.step()"]
    return [f"optimizer.{action}()"]


def _literal(value: object) -> str:
    return str(tuple(value) if isinstance(value, list) else np.asarray(value).tolist())


def _short(value: object) -> str:
    numbers = np.round(np.asarray(value, dtype=float), 6)
    squeezed = numbers.ravel().tolist()
    return _n(squeezed[0]) if len(squeezed) == 1 else "(" + ", ".join(map(_n, squeezed)) + ")"


def _n(number: float) -> str:
    return f"{number:.6g}".replace("-", "−")


# --------------------------------------------------------------------------------------------------- suggestions
def _suggestion(scenario: Scenario, golden: Observation, found: Observation) -> str:
    """A sentence on the moves of the first parameter, when they say something simple."""
    right, theirs = golden.arrays.get("p0"), found.arrays.get("p0")
    if right is None or theirs is None or right.shape != theirs.shape or len(right) < 2:
        return ""
    if not np.isfinite(theirs).all():
        return "Your numbers stop being finite: look for a division by zero or a root of something negative."
    expected, seen = np.diff(right, axis=0), np.diff(theirs, axis=0)
    if np.abs(seen).max() == 0:
        return "Your parameters do not move at all. Check that `step()` changes their `data`."
    factor = _constant(seen, expected)
    if factor is not None:
        return f"Each of your steps is {_n(round(factor, 4))} × the correct size." if abs(factor - 1) > CONSTANT else ""
    by_step = [_constant(s, e) for s, e in zip(seen, expected, strict=True)]
    if None not in by_step:
        factors = ", ".join(_n(round(f, 4)) for f in by_step if f is not None)
        return f"Your moves are off by a factor that changes from step to step: {factors}."
    return _residual(scenario, seen - expected, theirs[:-1])


def _constant(values: Array, of: Array) -> float | None:
    """The one number c with values = c · of, if there is one."""
    moving = np.abs(of) > STILL
    if not moving.any() or np.abs(values[~moving]).max(initial=0.0) > STILL:
        return None
    ratios = values[moving] / of[moving]
    return float(ratios.flat[0]) if np.allclose(ratios, ratios.flat[0], rtol=CONSTANT) else None


def _residual(scenario: Scenario, residual: Array, before: Array) -> str:
    """The excess of the moves, as a multiple of the parameter or of the gradient."""
    told = "What your moves have too much is always {} × the {}: a term that follows the {}{}."
    gradient = scenario.arrays.get("g0", np.zeros(0))
    share = _constant(residual, before)
    if share is not None:
        return told.format(_n(round(share, 4)), "parameter", "parameter", ", as weight decay does")
    share = _constant(residual, gradient) if gradient.shape == residual.shape else None
    return told.format(_n(round(share, 4)), "gradient", "gradient", "") if share is not None else ""


# -------------------------------------------------------------------------------------------------- worked by hand
def _by_hand(scenario: Scenario, golden: Observation) -> list[str]:
    """The right rule on one number, a line a step; nothing where the golden run goes by another convention."""
    spec, arrays = scenario.spec, scenario.arrays
    if spec["kind"] != "course" or "p1" in arrays or arrays["p0"].size != 1 or "set" in spec or "absent" in spec:
        return []
    worked = _sgd_by_hand if spec["class"] == "SGD" else _adam_by_hand
    lines, theta = [], float(arrays["p0"].flat[0])
    end = theta
    for number, (line, moved) in enumerate(worked(scenario, theta), start=1):
        lines.append(f"Step {number}: {line}")
        end = moved
    agrees = np.isclose(end, golden.arrays["p0"].flat[-1], rtol=1e-9)
    return ["Worked by hand:", *lines] if agrees else []


def _sgd_by_hand(scenario: Scenario, theta: float) -> Iterator[tuple[str, float]]:
    k, v = hyperparameters("SGD", scenario.spec), 0.0
    for g in scenario.arrays["g0"].ravel().tolist():
        parts = []
        if k["decay"]:
            total = g + k["decay"] * theta
            parts.append(f"g = {_n(g)} + {_n(k['decay'])} · {_n(theta)} = {_n(total)}")
            g = total
        if k["mu"]:
            parts.append(f"v = {_n(k['mu'])} · {_n(v)} + {_n(g)} = {_n(k['mu'] * v + g)}")
        v = k["mu"] * v + g
        moved = theta - k["lr"] * v
        parts.append(f"θ = {_n(theta)} − {_n(k['lr'])} · {_n(v)} = {_n(moved)}")
        theta = moved
        yield "; ".join(parts), theta


def _adam_by_hand(scenario: Scenario, theta: float) -> Iterator[tuple[str, float]]:
    name = str(scenario.spec["class"])
    k, m, v = hyperparameters(name, scenario.spec), 0.0, 0.0
    for t, g in enumerate(scenario.arrays["g0"].ravel().tolist(), start=1):
        parts = []
        if name == "Adam" and k["decay"]:
            parts.append(f"g = {_n(g)} + {_n(k['decay'])} · {_n(theta)} = {_n(g + k['decay'] * theta)}")
            g += k["decay"] * theta
        m, v = k["b1"] * m + (1 - k["b1"]) * g, k["b2"] * v + (1 - k["b2"]) * g * g
        m_hat, v_hat = m / (1 - k["b1"] ** t), v / (1 - k["b2"] ** t)
        parts.append(f"m = {_n(m)}, m̂ = {_n(m_hat)}; v = {_n(v)}, v̂ = {_n(v_hat)}")
        moved = theta - k["lr"] * m_hat / (v_hat**0.5 + k["eps"])
        parts.append(f"θ = {_n(theta)} − {_n(k['lr'])} · {_n(m_hat)} / (√{_n(v_hat)} + {_n(k['eps'])}) = {_n(moved)}")
        if name == "AdamW" and k["decay"]:
            shrunk = moved * (1 - k["lr"] * k["decay"])
            parts.append(f"then θ · (1 − {_n(k['lr'])} · {_n(k['decay'])}) = {_n(shrunk)}")
            moved = shrunk
        theta = moved
        yield "; ".join(parts), theta
