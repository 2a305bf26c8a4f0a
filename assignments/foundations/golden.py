"""The golden side: what is right in each experiment, what each wrong rule would return, and another implementation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import mpmath
import numpy as np

from autograder.model import Array, Convention, Fact, Hypotheses, Observation, Scenario

from . import family, rules

CONVENTIONS = tuple(
    Convention(
        name,
        "GELU",
        f"Your GELU {form}; the handout's is x · σ(1.702x). They differ by at most 0.02, and both get full marks.",
    )
    for name, form in (
        ("tanh", "is the tanh approximation, as in GPT-2"),
        ("exact", "uses the normal distribution function itself, as torch does"),
    )
)


def subject(scenario: Scenario) -> str:
    """Return the name of the class or function whose rule is at work."""
    return scenario.group


def golden(scenarios: Sequence[Scenario], conventions: frozenset[str]) -> dict[str, Observation]:
    """Return the observations of a right submission in each scenario, by the conventions named."""
    return {s.id: Observation(s.id, _right(s, conventions), _facts(s)) for s in scenarios}


def _right(scenario: Scenario, conventions: frozenset[str]) -> dict[str, Array]:
    spec, arrays = scenario.spec, scenario.arrays
    if spec["kind"] == "apply":
        return {"y": _applied(spec["name"], arrays["x"], spec["kwargs"].get("dim", -1), conventions)}
    if spec["kind"] == "loss":
        rule = LOSSES[spec["name"]]
        return {"loss": np.array([rule(arrays[f"x{call}"], arrays[f"t{call}"]) for call in range(spec["calls"])])}
    return {}


def _applied(name: str, x: Array, axis: int, conventions: frozenset[str]) -> Array:
    if name in ("Softmax", "log_softmax"):
        return {"Softmax": rules.softmax, "log_softmax": rules.log_softmax}[name](x, axis)
    if name == "GELU" and conventions:
        return {"tanh": rules.gelu_tanh, "exact": rules.gelu_exact}[min(conventions)](x)
    return rules.ACTIVATIONS[name](x)


LOSSES: Mapping[str, Callable[[Array, Array], float]] = {
    "MSELoss": rules.mse,
    "CrossEntropyLoss": rules.cross_entropy,
}


def _facts(scenario: Scenario) -> dict[str, Fact]:
    spec = scenario.spec
    if spec["kind"] == "loss":
        return {"is one number": True}
    if spec["kind"] != "manners":
        return {}
    facts: dict[str, Fact] = {"returns a Tensor": True, "leaves its input alone": True}
    if spec["forward"]:
        facts["forward does the same"] = True
    return facts | {"is one number" if spec["size"] == 1 else "keeps the shape": True}


def predict(
    _subject: str, scenarios: Sequence[Scenario], hypotheses: Hypotheses, conventions: frozenset[str]
) -> list[dict[str, Array]]:
    """For each scenario, what each hypothesis would have recorded: arrays with a leading hypothesis axis."""
    form = {"gelu": min(conventions)} if conventions else {}
    full = [
        {**(form if "sigmoid" not in h else {}), **h} for h in hypotheses.each()
    ]  # a wrong sigmoid is seen where it is used
    with np.errstate(all="ignore"):
        return [_predicted(scenario, full) for scenario in scenarios]


def _predicted(scenario: Scenario, hypotheses: Sequence[Mapping[str, str]]) -> dict[str, Array]:
    spec, arrays = scenario.spec, scenario.arrays
    if spec["kind"] == "apply":
        axis = spec["kwargs"].get("dim", -1)
        rows = [family.apply(spec["name"], h, arrays["x"], axis) for h in hypotheses]
        return {"y": np.array(rows).reshape(len(rows), *arrays["x"].shape)}
    if spec["kind"] == "loss":
        calls = range(spec["calls"])
        losses = [[family.loss(spec["name"], h, arrays[f"x{c}"], arrays[f"t{c}"]) for c in calls] for h in hypotheses]
        return {"loss": np.array(losses).reshape(len(losses), len(calls))}
    return {}


# ------------------------------------------------------------------------------------------------- somebody else's
POINTS = (-30.0, -5.5, -1.25, -0.1, 0.3, 2.0, 7.75, 25.0)
DIGITS = 40


def oracle() -> Sequence[tuple[str, float]]:
    """Each rule against mpmath with 40 digits, written from the definition: names, and relative distances."""
    with mpmath.workdps(DIGITS):
        return [(name, _distance(ours(), theirs())) for name, (ours, theirs) in _pairs().items()]


def _distance(ours: Array, theirs: Sequence[mpmath.mpf]) -> float:
    largest = max(abs(value) for value in theirs)
    apart = max(abs(mpmath.mpf(float(one)) - value) for one, value in zip(np.ravel(ours), theirs, strict=True))
    return float(apart / largest)


def _pairs() -> Mapping[str, tuple[Callable[[], Array], Callable[[], Sequence[mpmath.mpf]]]]:
    x, exact = np.array(POINTS), [mpmath.mpf(p) for p in POINTS]
    total = mpmath.fsum(mpmath.exp(p) for p in exact)
    two = np.array([POINTS, POINTS[::-1]])
    return {
        "sigmoid": (lambda: rules.sigmoid(x), lambda: [1 / (1 + mpmath.exp(-p)) for p in exact]),
        "tanh": (lambda: rules.tanh(x), lambda: [mpmath.tanh(p) for p in exact]),
        "gelu": (lambda: rules.gelu(x), lambda: [p / (1 + mpmath.exp(-mpmath.mpf(rules.GELU_SLOPE) * p)) for p in exact]),
        "gelu, exact": (lambda: rules.gelu_exact(x), lambda: [p * mpmath.ncdf(p) for p in exact]),
        "softmax": (lambda: rules.softmax(x), lambda: [mpmath.exp(p) / total for p in exact]),
        "log-softmax": (lambda: rules.log_softmax(x), lambda: [p - mpmath.log(total) for p in exact]),
        "mean squared error": (
            lambda: np.array([rules.mse(x, x[::-1])]),
            lambda: [mpmath.fsum((a - b) ** 2 for a, b in zip(exact, exact[::-1], strict=True)) / len(exact)],
        ),
        "cross-entropy": (
            lambda: np.array([rules.cross_entropy(two, np.array([2.0, 5.0]))]),
            lambda: [-((exact[2] - mpmath.log(total)) + (exact[2] - mpmath.log(total))) / 2],
        ),
    }  # fmt: skip
