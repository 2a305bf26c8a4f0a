"""The experiments, drawn from a seed: the smallest come first, with numbers that can be checked by hand.

Each `_scenario` line is one experiment: what it shows, which class, how it is driven (guest.py has a function of
the name of its `kind`), and which rubric rows it is evidence for, with weights. Numbers come from the seed, but the
ranges they are drawn from are chosen so that wrong rules part from right ones by far more than rounding: parameters
about as large as the steps, ε comparable to some gradients, coefficients away from each other and from 0.9.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from autograder.model import Array, Check, Fact, Json, Scenario

from .course import DEFAULTS
from .lives import lives

Draw = np.random.Generator
SHAPES = ((3,), (2, 2), ())  # a vector, a matrix and a scalar: several parameters in most experiments
TRAINING_STEPS, RAVINE_STEPS = 25, 30
LATE_STEPS, LATE_FROM = 36, 30  # 0.6^30 = 2e-7: bias correction is over


@lru_cache(maxsize=4)
def scenarios(seed: int) -> tuple[Scenario, ...]:
    """All experiments of one submission. The same seed always gives the same ones."""
    return tuple(
        replace(scenario, without=_without(scenario))
        for number, part in enumerate((_interface, _zero_grad, _sgd, _adam, _adamw, _state, _training, _lives))
        for scenario in part(np.random.default_rng([seed, number]))
    )


def _without(scenario: Scenario) -> frozenset[str]:
    """The rows about parts of the rule that its hyperparameters switch off."""
    name = scenario.spec.get("class")
    if name is None or scenario.spec["kind"] == "pair":
        return frozenset()
    given = {**DEFAULTS[name], **scenario.spec["kwargs"]}
    decay = "adamw" if name == "AdamW" else "weight_decay"
    parts = {decay: given["weight_decay"], "momentum": given.get("momentum")}
    return frozenset(row for row, size in parts.items() if not size)


# ---------------------------------------------------------------------------------------------------- building
def _scenario(name: str, title: str, group: str, spec: Json, arrays: Mapping[str, Array], *checks: Check) -> Scenario:
    return Scenario(name, title, group, spec, arrays, checks)


def _course(
    name: str, title: str, group: str, draw: Draw, *checks: Check, shapes: tuple[tuple[int, ...], ...] = SHAPES,
    steps: int = 4, spec: Json | None = None, size: float = 1.0, grads: Array | None = None, start: Array | None = None,
    **kwargs: object,
) -> Scenario:  # fmt: skip
    """A run with given gradients: `kwargs` go to the constructor, `spec` to the driver."""
    arrays = {}
    for i, shape in enumerate(shapes):
        arrays[f"p{i}"] = _numbers(draw, shape) if start is None else start
        arrays[f"g{i}"] = size * _numbers(draw, (steps, *shape)) if grads is None else grads
        if spec and spec.get("reuse"):
            arrays[f"g{i}"] = np.repeat(arrays[f"g{i}"][:1], steps, axis=0)
    told = {"kind": "course", "class": group, "kwargs": kwargs, **(spec or {})}
    names = checks or ()
    return _scenario(name, title, group, told, arrays, *names)


def _path(criterion: str, weight: float = 1.0, message: str = "", params: int = 3, *, isolates: bool = False) -> Check:
    """The whole trajectory agrees with the golden one."""
    names = tuple(f"p{i}" for i in range(params))
    return Check("trajectory", criterion, weight, arrays=names, message=message, isolates=isolates)


UNUSED = "Without momentum your SGD keeps as many numbers from step to step as its parameters have. It needs none of them: that costs memory, and no marks."


def _fact(
    fact: str, criterion: str, weight: float, message: str, requires: tuple[str, ...] = (), needs: str = "",
    tolerates: tuple[Fact, ...] = (), remark: str = "",
) -> Check:  # fmt: skip
    return Check(
        fact,
        criterion,
        weight,
        fact=fact,
        message=message,
        requires=requires,
        needs=needs,
        tolerates=tolerates,
        remark=remark,
    )


def _numbers(draw: Draw, shape: tuple[int, ...]) -> Array:
    """Between 0.5 and 2 in size, either sign, to three digits: nothing vanishes and nothing dwarfs the rest."""
    return np.asarray(np.round(draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape), 3))


def _pick(draw: Draw, *options: float) -> float:
    return float(draw.choice(options))


def _one(*values: float) -> Array:
    """A course of gradients for one parameter of one number."""
    return np.array(values).reshape(-1, 1)


ONE: dict[str, Any] = {"shapes": ((1,),)}


# ---------------------------------------------------------------------------------------------------- interface
def _interface(draw: Draw) -> Iterator[Scenario]:
    yield _scenario(
        "base-class", "Optimizer(params) on its own", "Optimizer", {"kind": "base"}, _params(draw),
        _fact("params is a list", "interface", 1, "`params` may be any iterable, even a generator: keep `list(params)`."),
        _fact("keeps every parameter", "interface", 1, "`self.params` must hold the very tensors that were passed, in order."),
        _fact("step_count", "interface", 0.5, "`step_count` starts at 0 in the base class."),
        _fact("step is abstract", "interface", 0.5, "`Optimizer.step()` must raise NotImplementedError: only subclasses know a rule."),
    )  # fmt: skip
    classes: dict[str, dict[str, Any]] = {
        "SGD": {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.1},
        "Adam": {"lr": 0.1, "betas": [0.8, 0.9], "eps": 1e-6, "weight_decay": 0.1},
        "AdamW": {"lr": 0.1, "betas": [0.8, 0.9], "eps": 1e-6, "weight_decay": 0.1},
    }
    checks = [
        _fact(
            f"{name} takes its arguments", "interface", 0.5,
            f"{name}(params, {', '.join(kwargs)}) must work with these arguments, in this order and by name.",
        )
        for name, kwargs in classes.items()
    ]  # fmt: skip
    older = (
        "Your constructors have argument names of an older edition (learning_rate, beta1 and beta2, epsilon) or of their own. "
        "All else was tested with them; the handout calls them lr, momentum, betas, eps and weight_decay."
    )
    for name in classes:
        wanted = (f"{name} takes its arguments",)
        told = f"{name} must be a subclass of Optimizer."
        checks.append(_fact(f"{name} is an Optimizer", "interface", 0.5, told, requires=wanted))
        checks.append(_fact(f"{name} has the names of this edition", "interface", 1 / 3, older, requires=wanted))
    yield _scenario(
        "signatures", "The constructors and their arguments", "Optimizer",
        {"kind": "signatures", "classes": classes}, _params(draw), *checks,
    )  # fmt: skip
    yield from _validation(draw)


def _validation(draw: Draw) -> Iterator[Scenario]:
    """The experiment of an edition that wants arguments refused that cannot be meant, when they are passed."""
    if not _asks()["validation"]:
        return
    wrong: list[tuple[str, dict[str, Any], int]] = [
        (name, kwargs, 0)
        for name, own in (
            ("SGD", {"momentum": -0.1}),
            ("Adam", {"betas": [1.0, 0.9]}),
            ("AdamW", {"betas": [0.9, -0.1]}),
        )
        for kwargs in ({"lr": -0.1}, {"weight_decay": -0.1}, own)
    ]
    wrong += [("SGD", {}, 1), ("Adam", {}, 1), ("AdamW", {}, 1)]
    cases: list[dict[str, Any]] = [
        {"class": name, "kwargs": kwargs, "frozen": frozen, "call": _call(name, kwargs, frozen)}
        for name, kwargs, frozen in wrong
    ]
    checks = [
        _fact(case["call"], "interface", 0.25, f"{case['call']} must raise ValueError: nobody can mean that.")
        for case in cases
    ]
    spec = {"kind": "validation", "cases": cases}
    yield _scenario("validation", "Arguments that cannot be meant", "Optimizer", spec, _params(draw), *checks)


def _call(name: str, kwargs: Mapping[str, Any], frozen: int) -> str:
    given = ", ".join(f"{key}={tuple(v) if isinstance(v, list) else v}" for key, v in kwargs.items())
    return f"{name}(params, {given})" if given else f"{name} of {frozen} parameter without requires_grad"


@cache
def _asks() -> Mapping[str, bool]:
    """The table [asks] of assignment.toml."""
    told = tomllib.loads((Path(__file__).parent / "assignment.toml").read_text(encoding="utf-8")).get("asks", {})
    if unknown := sorted(told.keys() - {"validation"}):
        raise ValueError(f"[asks] in assignment.toml has no {unknown[0]}; there is validation")
    return {"validation": False, **told}


def _params(draw: Draw, prefix: str = "p") -> dict[str, Array]:
    return {f"{prefix}{i}": _numbers(draw, shape) for i, shape in enumerate(SHAPES)}


# ---------------------------------------------------------------------------------------------------- zero_grad
def _zero_grad(draw: Draw) -> Iterator[Scenario]:
    names = ("SGD", "Adam", "AdamW")
    none = "zero_grad() must set every `param.grad` to None. Zeros are not the same: a parameter with a zero gradient is still updated."
    checks = [
        check
        for name in names
        for check in (
            _fact(
                f"{name} cleared", "zero_grad", 1, "zero_grad() left a gradient behind: clear it on every parameter."
            ),
            _fact(f"{name} set to None", "zero_grad", 1, none),
            _fact(
                f"{name} nothing else",
                "zero_grad",
                0.5,
                "zero_grad() must touch nothing but gradients.",
                (f"{name} cleared",),
            ),
        )
    ]
    gradients = {f"g{i}": _numbers(draw, shape) for i, shape in enumerate(SHAPES)}
    yield _scenario(
        "zero-grad", "What zero_grad() leaves behind", "zero_grad",
        {"kind": "zero_grad", "classes": list(names)}, {**_params(draw), **gradients}, *checks,
    )  # fmt: skip
    lr, c = _pick(draw, 0.1, 0.2, 0.5), _pick(draw, 1.5, 3.0, -1.5)
    for name, title, actions, momentum, weight in (
        ("accumulate-small", "backward() twice adds up, zero_grad() starts afresh",
         ["backward", "step", "zero_grad", "backward", "step"], 0.0, 1.5),
        ("accumulate-without", "Without zero_grad() gradients add up",
         ["backward", "step", "backward", "step"], 0.0, 1.0),
        ("zero-grad-then-step", "After zero_grad() a step moves nothing, even with velocity",
         ["backward", "step", "zero_grad", "step"], 0.5, 1.0),
    ):  # fmt: skip
        arrays = {"p0": np.array([_pick(draw, 1.0, 2.0, 3.0)]), "c0": np.array([c])}
        spec = {"kind": "accumulation", "class": "SGD", "kwargs": {"lr": lr, "momentum": momentum}, "actions": actions}
        yield _scenario(name, title, "zero_grad", spec, arrays, _path("zero_grad", weight, params=1))


# ---------------------------------------------------------------------------------------------------------- SGD
def _sgd(draw: Draw) -> Iterator[Scenario]:
    def sgd(name: str, title: str, *checks: Check, **rest: object) -> Scenario:
        return _course(name, title, "SGD", draw, *checks, **rest)  # type: ignore[arg-type]

    lr, mu = _pick(draw, 0.1, 0.2, 0.5), _pick(draw, 0.6, 0.7, 0.8)
    theta, g = np.array([_pick(draw, 1.0, 2.0, 3.0)]), _pick(draw, 2.0, 4.0, -2.0, -4.0)
    small = {**ONE, "start": theta}
    yield _response(draw, "SGD", lr)
    yield sgd("sgd-one-step", "One step, one number", _path("sgd", 3, params=1), grads=_one(g), steps=1, lr=lr, **small)
    counts = "`step_count` counts calls of step() without momentum as well."
    yield sgd("sgd-several", "Several parameters, four steps", _path("sgd", 3),
              _fact("step_count", "interface", 0.25, counts, ("moved",), "SGD"), lr=lr)  # fmt: skip
    yield sgd("sgd-lr-change", "The learning rate changes between steps", _path("sgd", 2), lr=lr,
              spec={"set": {"1": {"lr": lr / 2}, "2": {"lr": 3 * lr}}})  # fmt: skip
    yield sgd("momentum-two-steps", "Two steps with momentum, one number", _path("momentum", 3, params=1),
              grads=_one(g, g / 2), steps=2, lr=lr, momentum=0.5, **small)  # fmt: skip
    yield sgd("momentum-several", "Momentum, several parameters", _path("momentum", 3), steps=5, lr=lr, momentum=mu)
    yield sgd("momentum-lr-change", "Momentum, and the learning rate changes", _path("momentum", 2), lr=lr, momentum=mu,
              spec={"set": {"1": {"lr": 3 * lr}, "3": {"lr": lr / 2}}})  # fmt: skip
    yield sgd("momentum-zero-gradient", "The gradient becomes zero, the velocity carries on",
              _path("momentum", 2, params=1), grads=_one(g, 0.0, 0.0), steps=3, lr=lr, momentum=mu, **small)  # fmt: skip
    yield sgd("decay-one-step", "One step with weight decay, one number", _path("weight_decay", 2, params=1),
              grads=_one(g), steps=1, lr=lr, weight_decay=0.5, **small)  # fmt: skip
    yield sgd("decay-momentum", "Weight decay together with momentum", _path("weight_decay", 2), lr=lr, momentum=mu,
              weight_decay=0.3, spec={"set": {"2": {"lr": 2 * lr}}})  # fmt: skip
    yield from _relations_of_sgd(draw, lr, mu)
    skipping = (
        "A parameter whose `grad` is None must be skipped whole: no step, no velocity, no decay; the others go on."
    )
    yield sgd("sgd-absent", "Some gradients are None", _path("interface", 2, skipping), lr=lr, momentum=mu,
              weight_decay=0.2, spec={"absent": [[0, 2], [1, 0], [2, 0], [2, 1], [2, 2]]})  # fmt: skip
    yield from _handling("SGD", draw, lr, {"momentum": mu, "weight_decay": 0.3}, "sgd")
    yield sgd("sgd-defaults", "SGD(params) with nothing else", _path("interface", 1, "The defaults of SGD are lr=0.01, momentum=0, weight_decay=0."),
              size=30.0)  # fmt: skip


def _relations_of_sgd(draw: Draw, lr: float, mu: float) -> Iterator[Scenario]:
    arrays = {**_params(draw), **{f"g{i}": _numbers(draw, (4, *shape)) for i, shape in enumerate(SHAPES)}}
    spec = {"kind": "pair", "class": "SGD", "steps": 4, "others": OTHERS}
    (aside,) = draw.spawn(1)  # the other experiments of this part keep their numbers
    right = _right_ones(aside)
    velocities = {f"{name}{i}": _velocity(arrays[f"g{i}"], mu, aside, right=name == right[i])
                  for i in range(len(SHAPES)) for name in OTHERS}  # fmt: skip
    yield _scenario(
        "momentum-relation", "Momentum against your own plain step, fed with the right velocity", "SGD",
        {**spec, "kwargs": {"lr": lr, "momentum": mu}, "second": {"momentum": 0.0}}, {**arrays, **velocities},
        *_agree("momentum", right),
    )  # fmt: skip
    yield _decay_relation(
        "decay-relation", "Weight decay against your own step with λθ added to the gradient", "SGD", aside,
        {"lr": lr, "momentum": mu, "weight_decay": 0.3}, arrays,
    )  # fmt: skip


# Runs of which one must agree with the first, for each parameter another one: who makes numbers up that agree must know
# the rule to know where, as whoever computes them.
OTHERS = ["q", "r", "t", "u"]


def _right_ones(draw: Draw) -> list[str]:
    return [str(draw.choice(OTHERS)) for _ in SHAPES]


def _velocity(grads: Array, mu: float, draw: Draw, *, right: bool) -> Array:
    """The velocities of these gradients; or those that begin alike, and then follow others: some sign is another one."""
    v = _accumulated(grads, mu)
    if right:
        return v
    while True:
        wrong = _accumulated(np.array([grads[0], *_numbers(draw, grads[1:].shape)]), mu)
        if not np.array_equal(np.sign(wrong), np.sign(v)):
            return wrong


def _accumulated(grads: Array, mu: float) -> Array:
    v = np.zeros_like(grads[0])
    return np.array([v := mu * v + g for g in grads])


def _decay_relation(
    name: str, title: str, group: str, draw: Draw, kwargs: Json, arrays: Mapping[str, Array]
) -> Scenario:
    """One step with decay, and steps without it that have a share of θ in their gradients: one as much as the decay.

    Only gradients are told, so that whoever wants to know which one it is must work out what decay adds.
    """
    decay, right = float(kwargs["weight_decay"]), _right_ones(draw)
    told = {n: array[:1] if n[0] == "g" else array for n, array in arrays.items()}
    for i, one in enumerate(right):
        shares = iter(draw.permutation((-2 * decay, 4 * decay, 8 * decay)))
        for other in OTHERS:
            told[f"{other}{i}"] = told[f"g{i}"] + (decay if other == one else next(shares)) * told[f"p{i}"]
    spec = {
        "kind": "pair",
        "class": group,
        "steps": 1,
        "others": OTHERS,
        "kwargs": kwargs,
        "second": {"weight_decay": 0.0},
    }
    return _scenario(name, title, group, spec, told, *_agree("weight_decay", right))


def _agree(criterion: str, right: list[str]) -> tuple[Check, ...]:
    decoys = tuple(
        (f"p{i}", f"{one}{i}", f"{name}{i}") for i, one in enumerate(right) for name in OTHERS if name != one
    )
    return tuple(
        Check(
            f"relation {i}",
            criterion,
            1.0,
            relation=(f"p{i}", f"{name}{i}"),
            controls=(f"c{i}", f"n{i}"),
            decoys=decoys,
        )
        for i, name in enumerate(right)
    )


def _response(draw: Draw, group: str, lr: float) -> Scenario:
    start, gradients = _numbers(draw, (3,)), _numbers(draw, (2, 3))
    gradients[1] = np.copysign(gradients[1], gradients[0])  # turned round in size and time, each has another sign
    arrays = {"p0": start, "g0": gradients, "s0": _numbers(draw, (3,))}
    spec = {"kind": "response", "class": group, "kwargs": {"lr": lr}, "steps": 2, "nearly": 1e-3}
    return Scenario(f"{group.lower()}-response", f"What {group} responds to", group, spec, arrays, (), role="response")


def _handling(group: str, draw: Draw, lr: float, kwargs: Json, prefix: str) -> Iterator[Scenario]:
    """Experiments on the handling of what an optimizer is handed: gradients, dtypes, iterables."""
    alone = "Your step changed the gradient itself. Write `g = g + λ * θ`, which makes a new array, not `g += λ * θ`."
    yield _course(
        f"{prefix}-reuse", "The same gradient array, handed over three times", group, draw,
        _path("interface", 1, alone), _fact("gradients left alone", "interface", 1, alone, ("moved",), group),
        steps=3, spec={"reuse": True}, grads=None, lr=lr, **kwargs,
    )  # fmt: skip
    wide = "Parameters must keep their dtype: float32 stays float32."
    yield _course(
        f"{prefix}-float32", "Tensors hold float32", group, draw, _fact("dtype", "interface", 0.25, wide, ("moved",), group),
        _fact("step_count", "interface", 0.5, "`step_count` counts calls of step(): one each, whatever the number of parameters.", ("moved",), group),
        lr=lr, **kwargs,
    )  # fmt: skip
    yield _course(
        f"{prefix}-float64", "float64 parameters, a generator of them", group, draw,
        _path("interface", 0.5, "A generator of float64 parameters must be optimized like a list of float32 ones."),
        spec={"dtype": "float64", "given_as": "generator"}, lr=lr, **kwargs,
    )  # fmt: skip
    yield _course(
        f"{prefix}-by-position", "Arguments without their names, in the documented order", group, draw,
        _path("interface", 0.5, f"{group}(params, lr, {', '.join(kwargs)}) must also work by position: keep the arguments in this order."),
        steps=2, spec={"by_position": True}, lr=lr, **kwargs,
    )  # fmt: skip
    for form, note in (
        (
            "array",
            "`backward()` leaves a NumPy array in `param.grad`, which must work (`.data` of an array is a memoryview, not the array).",
        ),
        ("tensor", "`param.grad` may also be a Tensor: its array is then `param.grad.data`."),
    ):
        yield _course(
            f"{prefix}-{form}-gradient", f"The gradient is {'an array' if form == 'array' else 'a Tensor'}", group, draw,
            _path("interface", 0.5, note), steps=2, spec={"grad_form": form}, lr=lr,
        )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- Adam
def _adam(draw: Draw) -> Iterator[Scenario]:
    def adam(name: str, title: str, *checks: Check, **rest: object) -> Scenario:
        return _course(name, title, "Adam", draw, *checks, **rest)  # type: ignore[arg-type]

    lr = _pick(draw, 0.1, 0.2, 0.5)
    betas = [_pick(draw, 0.7, 0.8, 0.85), _pick(draw, 0.95, 0.97, 0.98)]
    small = {**ONE, "start": np.array([_pick(draw, 1.0, 2.0)])}
    g = _pick(draw, 2.0, 3.0, -2.0, -3.0)
    yield _response(draw, "Adam", lr)
    yield from _adaptive("Adam", draw, lr, {}, "adam", 3.0)
    yield adam("adam-first-step", "The first step moves by lr, whatever the gradient", _path("bias_correction", 3, params=1),
               grads=_one(g), steps=1, lr=lr, betas=[0.9, 0.999], **small)  # fmt: skip
    yield adam("adam-two-steps", "Two steps, one number", _path("adam_moments", 2, params=1), grads=_one(g, -g / 2),
               steps=2, lr=lr, betas=[0.5, 0.75], **small)  # fmt: skip
    yield adam("adam-early", "The first four steps", _path("bias_correction", 3), lr=lr, betas=[0.9, 0.995], eps=1e-3)
    yield adam("adam-late", "Thirty steps on, when bias correction is over", Check("moves", "adam_moments", 3, arrays=("moves0", "moves1", "moves2"), isolates=True),
               steps=LATE_STEPS, spec={"from_step": LATE_FROM}, lr=0.1, betas=[0.5, 0.6])  # fmt: skip
    yield adam(
        "adam-several", "Several parameters, five steps", _path("adam_moments", 3), steps=5, lr=lr, betas=betas, eps=0.1
    )
    yield adam("adam-decay-small", "Two steps with weight decay", _path("weight_decay", 2, params=1), grads=_one(g / 2, g),
               steps=2, lr=lr, betas=[0.5, 0.875], weight_decay=0.2, **small)  # fmt: skip
    yield adam(
        "adam-decay",
        "Weight decay, several parameters",
        _path("weight_decay", 2),
        lr=lr,
        betas=betas,
        eps=0.1,
        weight_decay=0.4,
    )
    arrays = {**_params(draw), **{f"g{i}": _numbers(draw, (4, *shape)) for i, shape in enumerate(SHAPES)}}
    (aside,) = draw.spawn(1)
    yield _decay_relation(
        "adam-decay-relation", "Adam's weight decay against your own Adam with λθ added to the gradient", "Adam", aside,
        {"lr": lr, "betas": betas, "eps": 0.1, "weight_decay": 0.3}, arrays,
    )  # fmt: skip
    yield adam("adam-lr-change", "The learning rate changes between steps", _path("adaptive_step", 1), lr=lr, betas=betas,
               eps=0.1, weight_decay=0.2, spec={"set": {"1": {"lr": lr / 2}, "2": {"lr": 3 * lr}}})  # fmt: skip
    yield adam("adam-absent", "Some gradients are None", _path("interface", 2, "A parameter whose `grad` is None must be skipped whole; the others go on."),
               lr=lr, betas=betas, eps=0.1, weight_decay=0.2, spec={"absent": [[0, 2], [1, 0], [2, 0], [2, 1], [2, 2]]})  # fmt: skip
    yield from _handling("Adam", draw, lr, {"betas": betas, "eps": 0.1, "weight_decay": 0.3}, "adam")
    defaults = "The defaults of Adam are lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0."
    yield adam("adam-defaults", "Adam(params) with nothing else", _path("interface", 1, defaults, params=1), steps=3,
               shapes=((3,),), start=0.01 * _numbers(draw, (3,)))  # fmt: skip
    yield adam("adam-default-betas", "Adam(params, lr) with the default betas and ε", _path("interface", 1, defaults, params=1), lr=lr,
               grads=_fading(draw), shapes=((3,),), start=0.01 * _numbers(draw, (3,)))  # fmt: skip


def _fading(draw: Draw) -> Array:
    """(12, 3): gradients of the size of ε that fade, so that it shows how long v remembers."""
    return 1e-7 * _numbers(draw, (12, 3)) * 0.7 ** np.arange(12)[:, None]


def _adaptive(
    group: str, draw: Draw, lr: float, kwargs: dict[str, Any], prefix: str, weight: float
) -> Iterator[Scenario]:
    """β₁ = β₂ = 0 switches the moments off: what is left is lr·g / (|g| + ε)."""
    g, eps = _pick(draw, 2.0, 4.0, -2.0), _pick(draw, 0.5, 1.0)
    yield _course(f"{prefix}-no-memory", "One step without memory (β₁ = β₂ = 0)", group, draw, _path("adaptive_step", weight, params=1, isolates=True),
                  grads=_one(g), steps=1, start=np.array([_pick(draw, 1.0, 2.0)]), lr=lr, betas=[0.0, 0.0], eps=eps,
                  **ONE, **kwargs)  # fmt: skip
    yield _course(f"{prefix}-scales", "Gradients of very different sizes, without memory", group, draw, _path("adaptive_step", weight, params=1, isolates=True),
                  grads=np.outer([1.0, -0.5], [10.0, 1.0, 0.1, 0.01]) * _pick(draw, 0.8, 1.2), shapes=((4,),), steps=2, lr=lr,
                  betas=[0.0, 0.0], eps=0.05, **kwargs)  # fmt: skip
    yield _course(f"{prefix}-zero", "A zero gradient", group, draw,
                  _path("adaptive_step", weight / 3, "ε is there so that a zero gradient does not divide 0 by 0.", params=1, isolates=True),
                  grads=_one(0.0, g, 0.0), steps=3, start=np.array([1.75]), lr=lr, betas=[0.0, 0.0], **ONE, **kwargs)  # fmt: skip


# -------------------------------------------------------------------------------------------------------- AdamW
def _adamw(draw: Draw) -> Iterator[Scenario]:
    def adamw(name: str, title: str, *checks: Check, **rest: object) -> Scenario:
        return _course(name, title, "AdamW", draw, *checks, **rest)  # type: ignore[arg-type]

    lr = _pick(draw, 0.1, 0.2, 0.5)
    betas, eps = [_pick(draw, 0.7, 0.8, 0.85), _pick(draw, 0.95, 0.97, 0.98)], 0.1
    small = {**ONE, "start": np.array([_pick(draw, 1.0, 2.0)])}
    g = _pick(draw, 2.0, 3.0, -2.0, -3.0)
    yield _response(draw, "AdamW", lr)
    yield adamw("adamw-zero-gradient", "A zero gradient: only the decay is left", _path("adamw", 3, params=1, isolates=True), grads=_one(0.0, 0.0),
                steps=2, lr=lr, weight_decay=0.5, **small)  # fmt: skip
    yield from _adaptive("AdamW", draw, lr, {"weight_decay": 0.0}, "adamw", 1.5)
    yield adamw("adamw-first-step", "The first step moves by lr", _path("bias_correction", 1.5, params=1), grads=_one(g), steps=1,
                lr=lr, betas=[0.9, 0.999], weight_decay=0.0, **small)  # fmt: skip
    yield adamw("adamw-early", "The first four steps, no decay", _path("bias_correction", 1.5), lr=lr, betas=[0.9, 0.995], eps=1e-3,
                weight_decay=0.0)  # fmt: skip
    yield adamw("adamw-moments", "Five steps, no decay", _path("adam_moments", 2), steps=5, lr=lr, betas=betas, eps=eps,
                weight_decay=0.0)  # fmt: skip
    yield adamw("adamw-two-steps", "Two steps with decay, one number", _path("adamw", 2, params=1), grads=_one(g, g / 2), steps=2, lr=lr,
                betas=[0.5, 0.75], weight_decay=0.5, **small)  # fmt: skip
    yield adamw(
        "adamw-several", "Decay, several parameters", _path("adamw", 2), lr=lr, betas=betas, eps=eps, weight_decay=0.4
    )
    yield adamw("adamw-lr-change", "Decay, and the learning rate changes", _path("adamw", 1), lr=lr, betas=betas, eps=eps,
                weight_decay=0.4, spec={"set": {"1": {"lr": lr / 2}, "2": {"lr": 2 * lr}}})  # fmt: skip
    arrays = {**_params(draw), **{f"g{i}": _numbers(draw, (4, *shape)) for i, shape in enumerate(SHAPES)}}
    spec = {"kind": "pair", "class": "AdamW", "steps": 4, "others": [], "second": {"weight_decay": 0.0},
            "kwargs": {"lr": lr, "betas": betas, "eps": eps, "weight_decay": 0.4}}  # fmt: skip
    yield _scenario("adamw-relation", "Decay on against decay off, both yours: is it decoupled?", "AdamW", spec, arrays,
                    *(Check(f"relation {i}", "adamw", 1.0, relation=(f"p{i}", f"decoupled{i}"), controls=(f"c{i}", f"n{i}"))
                      for i in range(len(SHAPES))))  # fmt: skip
    yield adamw("adamw-default-decay", "AdamW decays by default", _path("adamw", 1, "AdamW's default weight_decay is 0.01.", params=1),
                steps=3, shapes=((3,),), lr=0.5, grads=np.zeros((3, 3)))  # fmt: skip
    yield adamw("adamw-default-betas", "AdamW(params, lr) with the default betas and ε, no decay",
                _path("interface", 1, "The defaults of AdamW are betas=(0.9, 0.999), eps=1e-8.", params=1), lr=lr, grads=_fading(draw),
                weight_decay=0.0, shapes=((3,),), start=0.01 * _numbers(draw, (3,)))  # fmt: skip
    yield adamw("adamw-absent", "Some gradients are None", _path("interface", 1, "A parameter whose `grad` is None must be skipped whole: not decayed either."),
                lr=lr, betas=betas, eps=eps, weight_decay=0.4, spec={"absent": [[0, 2], [1, 0], [2, 0], [2, 1], [2, 2]]})  # fmt: skip
    yield from _handling("AdamW", draw, lr, {"betas": betas, "eps": eps, "weight_decay": 0.3}, "adamw")
    yield adamw("adamw-defaults", "AdamW(params) with nothing else", _path("interface", 1, "The defaults of AdamW are lr=0.001, betas=(0.9, 0.999), eps=1e-8.", params=1),
                steps=3, shapes=((3,),), start=0.01 * _numbers(draw, (3,)))  # fmt: skip


# -------------------------------------------------------------------------------------------------------- state
def _state(draw: Draw) -> Iterator[Scenario]:
    optimizers = {
        "plain SGD": {"class": "SGD", "kwargs": {"lr": 0.1, "momentum": 0.0}},
        "SGD with momentum": {"class": "SGD", "kwargs": {"lr": 0.1, "momentum": 0.9}},
        "Adam": {"class": "Adam", "kwargs": {"lr": 0.1}},
        "AdamW": {"class": "AdamW", "kwargs": {"lr": 0.1}},
    }
    gradients = {f"g{i}": _numbers(draw, shape) for i, shape in enumerate(SHAPES)}
    sizes = {"plain SGD": 0, "SGD with momentum": 1, "Adam": 2, "AdamW": 2}
    checks = [
        check
        for label, size in sizes.items()
        for check in (
            _fact(
                f"{label} before",
                "state",
                0.5,
                f"{label}: make buffers at the first step, not before.",
                (f"{label} moved",),
                str(optimizers[label]["class"]),
            ),
            _fact(
                f"{label} after",
                "state",
                0.5,
                f"{label} must keep {size} × the size of its parameters between steps.",
                (f"{label} moved",),
                str(optimizers[label]["class"]),
                *(() if size else ((1,), UNUSED)),
            ),
        )
    ]
    yield _scenario("state-size", "How much each optimizer keeps", "state", {"kind": "state_size", "optimizers": optimizers},
                    {**_params(draw), **gradients}, *checks)  # fmt: skip
    yield _momentum_state(draw)
    for group, kwargs in (("SGD", {"lr": 0.1, "momentum": 0.7}), ("Adam", {"lr": 0.1, "betas": [0.9, 0.999]}),
                          ("AdamW", {"lr": 0.1, "betas": [0.9, 0.999]})):  # fmt: skip
        arrays: dict[str, Array] = {}
        shapes = (*SHAPES, SHAPES[0])  # two of one shape: state is a parameter's own
        for prefix, grads in (("p", "g"), ("q", "h")):
            arrays |= {f"{prefix}{i}": _numbers(draw, shape) for i, shape in enumerate(shapes)}
            arrays |= {f"{grads}{i}": _numbers(draw, (3, *shape)) for i, shape in enumerate(shapes)}
        names = tuple(f"{prefix}{i}" for prefix in "pq" for i in range(len(shapes)))
        message = f"Two {group} optimizers must not share anything: keep buffers on `self`, made in each constructor."
        yield _scenario(f"{group.lower()}-interleaved", f"Two {group} optimizers take turns", group,
                        {"kind": "interleaved", "class": group, "kwargs": kwargs, "steps": 3}, arrays,
                        Check("trajectory", "state", 1.0, arrays=names),
                        Check("alone", "state", 1.0, relation=("taking turns", "alone"), needs=group, message=message))  # fmt: skip


def _momentum_state(draw: Draw) -> Scenario:
    arrays = {**_params(draw), **{f"g{i}": _numbers(draw, (4, *shape)) for i, shape in enumerate(SHAPES)}}
    count = len(SHAPES)

    def relation(name: str, one: str, other: str, message: str) -> Check:
        return Check(name, "state", 1.0, relation=(one, other), needs="SGD", message=message)

    facts = (
        _fact("has_momentum", "state", 0.25, "has_momentum() is true when momentum is not 0.", ("has_momentum without",)),
        _fact("has_momentum without", "state", 0.25, "has_momentum() is false without momentum.", ("has_momentum",)),
        _fact("state without momentum", "state", 0.5, "get_momentum_state() is None without momentum.", ("has_momentum",)),
        _fact("one entry for each parameter", "state", 0.5, "get_momentum_state() returns a list with one entry for each parameter.", needs="SGD"),
        _fact("early state", "state", 0.5, "Before the first step there is no velocity yet: get_momentum_state() must work then too, with None for each parameter without one, and set_momentum_state() must take what it returned.", needs="SGD"),
    )  # fmt: skip
    return _scenario(
        "momentum-state", "Momentum state: taken, changed by the caller, restored", "state",
        {"kind": "momentum_state", "class": "SGD", "kwargs": {"lr": 0.1, "momentum": 0.8}, "stop": 2, "steps": 4}, arrays,
        *(replace(fact, isolates=True) for fact in facts),
        Check("copies", "state", 1.0, arrays=tuple(f"p{i}" for i in range(count))),
        Check("resumed", "state", 1.5, arrays=tuple(f"r{i}" for i in range(count))),
        relation("hands out copies", "after a change", "uninterrupted", "get_momentum_state() must return copies: changing what it returned changed your optimizer."),
        relation("goes on", "resumed", "rest", "A run resumed with set_momentum_state() must equal the uninterrupted one."),
        relation("keeps copies", "resumed, then changed", "resumed", "set_momentum_state() must keep copies: changing the state afterwards changed your optimizer."),
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------- training
def _training(draw: Draw) -> Iterator[Scenario]:
    x, y = _iris()
    chosen = np.concatenate([draw.choice(np.flatnonzero(y == species), 20, replace=False) for species in range(3)])
    start = {
        "p0": draw.normal(0, 0.5, (4, 16)), "p1": np.zeros(16), "p2": draw.normal(0, 0.25, (16, 3)), "p3": np.zeros(3),
    }  # fmt: skip
    for group, label, kwargs in (
        ("SGD", "SGD with momentum", {"lr": 0.1, "momentum": 0.8}),
        ("Adam", "Adam", {"lr": 0.03}),
        ("AdamW", "AdamW", {"lr": 0.03, "weight_decay": 0.05}),
    ):
        yield _scenario(f"training-{group.lower()}", f"A small network learns iris with {label}", group,
                        {"kind": "training", "class": group, "kwargs": kwargs, "steps": TRAINING_STEPS},
                        {**start, "x": x[chosen], "y": y[chosen]},
                        Check("learns", "training", 1.0, arrays=("learned",), at_most=True, tolerance="training",
                              message=f"With {label} the network learns clearly less in {TRAINING_STEPS} steps than with the reference."))  # fmt: skip
    steep = np.array([10.0, 0.5])
    for group, kwargs in (
        ("SGD", {"lr": 0.05, "momentum": 0.8}),
        ("Adam", {"lr": 0.25}),
        ("AdamW", {"lr": 0.25, "weight_decay": 0.1}),
    ):
        arrays = {"p0": np.array([1.0, 2.5]), "c": steep}
        spec = {"kind": "ravine", "class": group, "kwargs": kwargs, "steps": RAVINE_STEPS}
        yield _scenario(f"ravine-{group.lower()}", f"{group} in a ravine", group, spec, arrays)


def _lives(draw: Draw) -> Iterator[Scenario]:
    for group in ("SGD", "Adam", "AdamW"):
        yield from lives(group, draw)


@cache
def _iris() -> tuple[Array, Array]:
    """Standardised measurements (150, 4) and species (150,) of Fisher's irises; data/README.md has source and licence."""
    with (Path(__file__).parent / "data" / "iris.csv").open(newline="") as file:
        rows = np.array([[float(cell) for cell in row] for row in list(csv.reader(file))[1:]])
    x, y = rows[:, :4], rows[:, 4]
    return (x - x.mean(0)) / x.std(0), y
