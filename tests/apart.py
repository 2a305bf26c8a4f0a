"""Tells whether an optimizers.py behaves like a right one, by lives that the grader does not use.

    python tests/apart.py < optimizers.py      prints one JSON object: what each life did

A process of its own plays every life (a file may loop or exit); the outcome is held against right solutions that
follow each accepted convention. Two files whose outcomes agree are equivalent for a mutation test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
HANDS = ROOT / "assignments" / "optimizers" / "hands"
RIGHT = ("dict_by_index", "torch_decay_order", "count_per_parameter")  # one for each accepted convention
SECONDS = 20
CLOSE = {"rtol": 1e-4, "atol": 5e-5}  # float32 over sixty steps of numbers about 1; mistakes stand out by far more


# ------------------------------------------------------------------------------------------ in the other process
def play(module: Any) -> dict[str, Any]:
    """Play every life with a module; what raises is recorded by the name of its exception."""
    seen: dict[str, Any] = {}
    for name, life in LIVES.items():
        for part, recorded in life(module).items():
            seen[f"{name}:{part}"] = recorded
    return seen


def _tensors(draw: np.random.Generator, shapes: tuple[tuple[int, ...], ...], dtype: str = "float32") -> list[Any]:
    from tinytorch.core.tensor import Tensor

    made = []
    for shape in shapes:
        tensor = Tensor(np.zeros(shape), requires_grad=True)
        tensor.data = np.asarray(draw.normal(0, 1.3, shape), dtype=dtype)
        made.append(tensor)
    return made


SHAPES = ((4,), (2, 3), (), (1,))
SETTINGS = {
    "SGD": (
        {},
        {"lr": 0.3},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.2, "momentum": 0.63, "weight_decay": 0.4},
        {"weight_decay": 0.07},
    ),
    "Adam": (
        {},
        {"lr": 0.2, "betas": (0.6, 0.83), "eps": 1e-2},
        {"lr": 0.07, "betas": (0.9, 0.99), "weight_decay": 0.5},
        {"betas": (0.0, 0.0), "lr": 0.1, "eps": 0.3},
    ),
    "AdamW": (
        {},
        {"lr": 0.2, "betas": (0.6, 0.83), "eps": 1e-2},
        {"lr": 0.07, "betas": (0.9, 0.99), "weight_decay": 0.5},
        {"lr": 0.1, "weight_decay": 0.0},
    ),
}


def _long(module: Any) -> dict[str, Any]:
    """Sixty steps with absent, zero, tiny and huge gradients, a learning rate that changes, and clearing in between."""
    told: dict[str, Any] = {}
    for name, many in SETTINGS.items():
        for number, kwargs in enumerate(many):
            draw = np.random.default_rng([11, number])
            told[f"{name}{number}"] = _guarded(lambda k=kwargs, n=name, d=draw: _steps(getattr(module, n), k, d))
    return told


def _steps(make: Any, kwargs: dict[str, Any], draw: np.random.Generator) -> Any:
    from tinytorch.core.tensor import Tensor

    params = _tensors(draw, SHAPES)
    optimizer = make(tuple(params), **kwargs)
    path, intact = [], True
    for t in range(60):
        held = []
        for i, p in enumerate(params):
            size = {7: 0.0, 19: 1e-4, 23: 50.0}.get(t, 1.0)
            array = np.asarray(size * draw.normal(0, 1, p.data.shape), dtype=np.float32)
            absent = (t + 3 * i) % 11 == 5
            p.grad = None if absent else Tensor(array) if (t + i) % 5 == 2 else array
            held.append((p.grad, array.copy(), array))
        if t == 30:
            optimizer.lr = optimizer.lr * 0.5
        if t == 41:
            optimizer.zero_grad()
            assert all(p.grad is None for p in params)
        optimizer.step()
        for p, (grad, before, array) in zip(params, held, strict=True):
            intact &= bool(np.array_equal(before, array)) and (t == 41 or p.grad is grad)
        path.append([float(x) for p in params for x in np.ravel(p.data)])
    return {
        "path": path,
        "intact": intact,
        "count": optimizer.step_count,
        "dtype": [str(p.data.dtype) for p in params],
        "shape": [list(p.data.shape) for p in params],
    }


def _shared(module: Any) -> dict[str, Any]:
    """Three optimizers of a class take turns; a generator of parameters; float64."""
    told: dict[str, Any] = {}
    for name in SETTINGS:

        def run(name: str = name) -> Any:
            draw = np.random.default_rng(5)
            groups = [_tensors(draw, SHAPES, dtype) for dtype in ("float32", "float64", "float32")]
            extra = {"momentum": 0.7} if name == "SGD" else {}
            made = [getattr(module, name)((p for p in g), 0.1, **extra) for g in groups]
            for _ in range(9):
                for optimizer, group in zip(made, groups, strict=True):
                    for p in group:
                        p.grad = np.asarray(draw.normal(0, 1, p.data.shape), dtype=p.data.dtype)
                    optimizer.step()
            return {
                "path": [[float(x) for g in groups for p in g for x in np.ravel(p.data)]],
                "dtype": [str(p.data.dtype) for g in groups for p in g],
            }

        told[name] = _guarded(run)
    return told


def _interface(module: Any) -> dict[str, Any]:
    """The documented methods and facts: base class, clearing, momentum's state, the size of state."""
    told = {"base": _guarded(lambda: _base(module)), "state": _guarded(lambda: _momentum_state(module))}
    for name in SETTINGS:
        told[f"clear {name}"] = _guarded(lambda n=name: _clear(module, n))
        told[f"size {name}"] = _guarded(lambda n=name: _buffers(getattr(module, n)))
    return told


def _base(module: Any) -> Any:
    params = _tensors(np.random.default_rng(3), SHAPES)
    optimizer = module.Optimizer(iter(params))
    kept = isinstance(optimizer.params, list) and all(a is b for a, b in zip(optimizer.params, params, strict=True))
    try:
        optimizer.step()
    except NotImplementedError:
        return [kept, optimizer.step_count, "abstract"]
    return [kept, optimizer.step_count, "steps"]


def _clear(module: Any, name: str) -> Any:
    params = _tensors(np.random.default_rng(4), SHAPES)
    optimizer = getattr(module, name)(params)
    for p in params:
        p.grad = np.ones(p.data.shape, dtype=np.float32)
    optimizer.step()
    for _ in range(2):
        optimizer.zero_grad()
    return [[p.grad is None for p in params], optimizer.step_count, isinstance(optimizer, module.Optimizer)]


def _momentum_state(module: Any) -> Any:
    """Two optimizers, one of which takes over the other's state twice; what was handed over is then wiped."""
    made = [module.SGD(_tensors(np.random.default_rng(8), SHAPES), 0.1, 0.8, 0.05) for _ in range(2)]
    plain = module.SGD(_tensors(np.random.default_rng(9), SHAPES))
    flags = [made[0].has_momentum(), plain.has_momentum(), plain.get_momentum_state() is None]
    made[1].set_momentum_state(made[0].get_momentum_state())
    for t in range(8):
        for optimizer in made:
            draw = np.random.default_rng([2, t])
            for p in optimizer.params:
                p.grad = np.asarray(draw.normal(0, 1, p.data.shape), dtype=np.float32)
            optimizer.step()
        if t == 3:
            taken = made[0].get_momentum_state()
            made[1].set_momentum_state(taken)
            for array in taken:
                array *= 0
    return {"flags": flags, "path": [[float(x) for o in made for p in o.params for x in np.ravel(p.data)]]}


def _buffers(make: Any) -> Any:
    """Numbers held by the optimizer before and after its first step, in parameters."""
    params = _tensors(np.random.default_rng(6), ((50,),))
    optimizer = make(params)
    sizes = []
    for _ in range(3):
        sizes.append(round(_held(vars(optimizer), {id(params[0]), id(params[0].data)}) / 50))
        params[0].grad = np.ones(50, dtype=np.float32)
        optimizer.step()
        params[0].grad = None
    return sizes


def _held(thing: Any, seen: set[int]) -> int:
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        return thing.size
    inner = (
        list(thing.values())
        if isinstance(thing, dict)
        else list(thing)
        if isinstance(thing, list | tuple | set)
        else []
    )
    inner += (
        list(vars(thing).values())
        if hasattr(thing, "__dict__") and not isinstance(thing, type) and type(thing).__name__ != "Tensor"
        else []
    )
    return sum(_held(part, seen) for part in inner)


def _guarded(run: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return run()
    except Exception as error:  # noqa: BLE001 - whatever a mutant raises is its behaviour
        return {"raised": type(error).__name__}


LIVES = {"long": _long, "shared": _shared, "interface": _interface}


# ------------------------------------------------------------------------------------------------------- outside
def behaviour(source: str) -> dict[str, Any] | None:
    """Return what a file does in every life, or None when it cannot be imported or does not end."""
    folder = os.fspath(ROOT / "student_template")
    try:
        done = subprocess.run(
            [sys.executable, __file__], input=source, capture_output=True, text=True, timeout=SECONDS, check=False,
            env={**os.environ, "PYTHONPATH": folder, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout else None
    except (subprocess.TimeoutExpired, ValueError):
        return None


def differs(source: str) -> bool:
    """Return whether a file behaves otherwise than every right solution, life by life."""
    seen = behaviour(source)
    if seen is None:
        return True
    return any(not any(_same(recorded, right[name]) for right in _right()) for name, recorded in seen.items())


@cache
def _right() -> tuple[dict[str, Any], ...]:
    found = [behaviour((HANDS / f"{name}.py").read_text(encoding="utf-8")) for name in RIGHT]
    assert all(found), "a right solution cannot be played"
    return tuple(one for one in found if one)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, float | int | list) and isinstance(other, float | int | list):
        try:
            return bool(np.allclose(np.asarray(one, float), np.asarray(other, float), equal_nan=True, **CLOSE))
        except (ValueError, TypeError):
            return bool(one == other)
    return bool(one == other)


def fails_a_test(source: str, tests: Path) -> bool:
    """Return whether some test function of a file (pytest-like, no arguments) fails on a submission."""
    program = (
        "import sys, types\n"
        "module = types.ModuleType('tinytorch.core.optimizers'); exec(sys.stdin.read(), module.__dict__)\n"
        "sys.modules['tinytorch.core.optimizers'] = module\n"
        f"names = dict(module.__dict__); exec(open({os.fspath(tests)!r}).read(), names)\n"
        "[f() for n, f in list(names.items()) if n.startswith('test_') and callable(f)]\n"
    )
    env = {**os.environ, "PYTHONPATH": os.fspath(ROOT / "student_template")}
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=source,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=env,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


if __name__ == "__main__":
    import types

    submission = sys.modules["submission"] = types.ModuleType("submission")  # dataclasses look there
    stdout, sys.stdout = sys.stdout, sys.stderr
    exec(compile(sys.stdin.read(), "<submission>", "exec"), submission.__dict__)  # noqa: S102 - our own mutants
    outcome = play(submission)
    print(json.dumps(outcome), file=stdout, flush=True)
