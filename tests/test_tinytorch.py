"""The provided tinytorch: its gradients are right, it imports as a guest imports it, and a network learns with it."""

from __future__ import annotations

import ast
import csv
import importlib
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "student_template"
IRIS = ROOT / "assignments" / "optimizers" / "data" / "iris.csv"

Array = NDArray[np.float64]
Op = Callable[..., Any]

sys.path.insert(0, str(TEMPLATE))
tinytorch: Any = importlib.import_module("tinytorch")
sys.path.remove(str(TEMPLATE))
Tensor = tinytorch.Tensor

STEP = 1e-5  # of a central difference: truncation ~ STEP², rounding ~ 1e-16 / STEP, both below 1e-9
CLOSE = 1e-7  # a hundred times that, for values of about 1; a wrong rule is off by far more (watched)

SHIFT = np.array([[0.5, -1.0, 2.0]])
CLASSES = Tensor([2, 0])
BINARY = Tensor([[0, 1, 1], [1, 0, 0.5]])

# name: (operation, shapes of its inputs); inputs lie between 0.15 and 0.85, all different, hence no kinks nearby
OPERATIONS: dict[str, tuple[Op, list[tuple[int, ...]]]] = {
    "negative": (lambda a: -a, [(2, 3)]),
    "plus number": (lambda a: a + 0.1, [(2, 3)]),
    "number plus": (lambda a: 0.1 + a, [(2, 3)]),
    "array plus": (lambda a: SHIFT + a, [(2, 1)]),
    "minus number": (lambda a: a - 0.1, [(2, 3)]),
    "number minus": (lambda a: 0.1 - a, [()]),
    "array minus": (lambda a: SHIFT - a, [(2, 3)]),
    "times number": (lambda a: a * 0.1, [(2, 3)]),
    "number times": (lambda a: 0.1 * a, [(2, 3)]),
    "scalar times": (lambda a: np.float64(0.1) * a, [(2, 3)]),
    "divided by number": (lambda a: a / 0.3, [(2, 3)]),
    "number divided": (lambda a: 0.3 / a, [(2, 3)]),
    "array divided": (lambda a: SHIFT / a, [(3,)]),
    "square": (lambda a: a**2, [(2, 3)]),
    "root": (lambda a: a**0.5, [()]),
    "number to the power": (lambda a: 2.0**a, [(2, 3)]),
    "used twice": (lambda a: a * a + a, [(2, 3)]),
    "with itself": (lambda a: a @ a, [(3, 3)]),
    "matmul method": (lambda a, b: a.matmul(b), [(2, 3), (3, 2)]),
    "array matmul": (lambda a: np.ones((4, 2)) @ a, [(2, 3)]),
    "matmul array": (lambda a: a @ np.ones(3), [(2, 3)]),
    "reshape": (lambda a: a.reshape(3, -1) * 2.0, [(2, 3)]),
    "reshape tuple": (lambda a: a.reshape((6,)), [(2, 3)]),
    "transpose": (lambda a: a.transpose(), [(4, 2, 3)]),
    "transpose two": (lambda a: a.transpose(0, 2), [(4, 2, 3)]),
    "T": (lambda a: a.T, [(2, 3)]),
    "T of vector": (lambda a: a.T, [(3,)]),
    "T of number": (lambda a: a.T, [()]),
    "row": (lambda a: a[1], [(2, 3)]),
    "element": (lambda a: a[1, 2], [(2, 3)]),
    "slice": (lambda a: a[:, ::2], [(2, 3)]),
    "picked twice": (lambda a: a[[0, 1, 1]], [(2, 3)]),
    "picked by mask": (lambda a: a[np.array([True, False])], [(2, 3)]),
    "sum": (lambda a: a.sum(), [(2, 3)]),
    "mean": (lambda a: a.mean(), [(2, 3)]),
    "max": (lambda a: a.max(), [(2, 3)]),
    "relu": (lambda a: tinytorch.ReLU()(a - 0.5), [(2, 3)]),
    "sigmoid": (lambda a: tinytorch.Sigmoid()(a * 4.0 - 2.0), [(2, 3)]),
    "tanh": (tinytorch.Tanh(), [(2, 3)]),
    "softmax": (tinytorch.Softmax(), [(2, 3)]),
    "softmax of columns": (lambda a: tinytorch.Softmax()(a, dim=0), [(2, 3)]),
    "mean squared error": (tinytorch.MSELoss(), [(2, 3), (2, 3)]),
    "cross entropy": (lambda a: tinytorch.CrossEntropyLoss()(a, CLASSES), [(2, 3)]),
    "binary cross entropy": (lambda a: tinytorch.BinaryCrossEntropyLoss()(a, BINARY), [(2, 3)]),
}
BROADCASTING: dict[str, Op] = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "divided by": lambda a, b: a / b,
    "to the power of": lambda a, b: a**b,
}


def draw(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Numbers in (0.15, 0.85) that keep 0.7 / size apart from each other and from 0.5, shuffled."""
    size = int(np.prod(shape, dtype=int))
    grid = 0.15 + 0.7 * (np.arange(size) + 0.25) / size
    return rng.permutation(grid).reshape(shape)


def wrap(arrays: Sequence[Array]) -> list[Any]:
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    for tensor, array in zip(tensors, arrays, strict=True):
        tensor.data = array.copy()  # float64 from here on
    return tensors


def assert_gradients_are_slopes(operation: Op, arrays: Sequence[Array], rng: np.random.Generator) -> None:
    tensors = wrap(arrays)
    result = operation(*tensors)
    assert result.dtype == np.float64
    weights = rng.uniform(0.5, 1.5, result.shape)  # so that each element of the result counts differently
    result.backward(weights)
    for n, tensor in enumerate(tensors):
        assert type(tensor.grad) is np.ndarray
        assert tensor.grad.dtype == np.float64
        wanted = slopes(operation, arrays, n, weights)
        assert (abs(tensor.grad - wanted) <= CLOSE * (1 + abs(wanted))).all()


def slopes(operation: Op, arrays: Sequence[Array], n: int, weights: Array) -> Array:
    """∂ Σ weights · operation(*arrays) / ∂ arrays[n] by central differences."""

    def at(offset: float, index: tuple[int, ...]) -> float:
        moved = [array.copy() for array in arrays]
        moved[n][index] += offset
        return float((operation(*wrap(moved)).data * weights).sum())

    found = np.empty(arrays[n].shape)
    for index in np.ndindex(arrays[n].shape):
        found[index] = (at(STEP, index) - at(-STEP, index)) / (2 * STEP)
    return found


# ---------------------------------------------------------------------------------------------------- gradients
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_gradient_of_every_operation_is_its_slope(name: str) -> None:
    operation, wanted = OPERATIONS[name]
    rng = np.random.default_rng(1)
    assert_gradients_are_slopes(operation, [draw(shape, rng) for shape in wanted], rng)


@pytest.mark.parametrize("name", BROADCASTING)
@given(drawn=shapes.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
@settings(max_examples=25, deadline=None)
def test_gradients_are_slopes_when_shapes_are_broadcast(name: str, drawn: Any) -> None:
    rng = np.random.default_rng(2)
    assert_gradients_are_slopes(BROADCASTING[name], [draw(shape, rng) for shape in drawn.input_shapes], rng)


@given(drawn=shapes.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3))
@settings(max_examples=40, deadline=None)
def test_gradients_of_matrix_products_are_slopes_for_vectors_matrices_and_batches(drawn: Any) -> None:
    rng = np.random.default_rng(3)
    arrays = [draw(shape, rng) for shape in drawn.input_shapes]
    assert_gradients_are_slopes(lambda a, b: a @ b, arrays, rng)
    a, b = wrap(arrays)
    assert np.array_equal((a @ b).data.round(12), (a.data @ b.data).round(12))


@pytest.mark.parametrize("method", ["sum", "mean", "max"])
@pytest.mark.parametrize("keepdims", [False, True])
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_gradients_of_reductions_are_slopes_along_any_axes(method: str, keepdims: bool, data: Any) -> None:  # noqa: FBT001
    shape = data.draw(shapes.array_shapes(max_dims=3, max_side=3))
    rank = len(shape)
    axis = data.draw(st.none() | st.integers(-rank, rank - 1) | shapes.valid_tuple_axes(rank))
    rng = np.random.default_rng(4)
    array = draw(shape, rng)
    assert_gradients_are_slopes(lambda a: getattr(a, method)(axis, keepdims), [array], rng)
    found = getattr(wrap([array])[0], method)(axis=axis, keepdims=keepdims).data
    np.testing.assert_allclose(found, getattr(np, method)(array, axis=axis, keepdims=keepdims), rtol=1e-15)


def test_equal_maxima_share_the_gradient() -> None:
    x = Tensor([3.0, 1.0, 3.0], requires_grad=True)
    x.max().backward()
    assert x.grad.tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize("name", OPERATIONS)
def test_float32_stays_float32_in_every_gradient(name: str) -> None:
    """A gradient in float64 would turn the parameters of a right optimizer into float64."""
    operation, wanted = OPERATIONS[name]
    tensors = [Tensor(draw(shape, np.random.default_rng(1)), requires_grad=True) for shape in wanted]
    operation(*tensors).sum().backward()
    for t in tensors:
        assert (t.dtype, t.grad.dtype, t.grad.shape) == (np.float32, np.float32, t.shape)


# ------------------------------------------------------------------------------------------------- accumulation
def test_backward_adds_to_what_is_there_and_zero_grad_clears_it() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    first = x.grad
    loss.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    assert first.tolist() == [2.0, 4.0]  # who kept the first gradient still has the first
    x.zero_grad()
    assert x.grad is None


@pytest.mark.parametrize("make", [Tensor, np.array])
def test_backward_adds_to_a_gradient_set_by_hand(make: Callable[[list[float]], Any]) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    x.grad = make([10.0, 20.0])
    (x * 3).sum().backward()
    assert type(x.grad) is np.ndarray
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [13.0, 23.0]


def test_two_tensors_never_share_one_gradient() -> None:
    x, y = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    (x + y).backward(np.array([1.0], dtype=np.float32))
    x.grad += 5
    assert y.grad.tolist() == [1.0]


def test_only_what_was_made_with_requires_grad_gets_a_gradient() -> None:
    x, constant = Tensor(2.0, requires_grad=True), Tensor(3.0)
    middle = x * constant
    (middle * middle).backward()
    assert (x.grad, constant.grad, middle.grad) == (np.float32(36.0), None, None)
    assert isinstance(x.grad, np.ndarray)


def test_a_long_computation_does_not_exhaust_the_stack() -> None:
    x = Tensor(1.0, requires_grad=True)
    total = x
    for _ in range(2 * sys.getrecursionlimit()):
        total = total + 1
    total.backward()
    assert x.grad == 1


def test_shared_parts_are_walked_once() -> None:
    """Doubling forty times has 2⁴⁰ paths: this ends only if each tensor is visited once."""
    x = Tensor(1.0, requires_grad=True)
    total = x
    for _ in range(40):
        total = total + total
    total.backward()
    assert x.grad == 2.0**40


def test_backward_says_what_is_wrong() -> None:
    with pytest.raises(RuntimeError, match="requires_grad"):
        Tensor(1.0).backward()
    with pytest.raises(RuntimeError, match="shape \\(2,\\)"):
        Tensor([1.0, 2.0], requires_grad=True).backward()
    with pytest.raises(ValueError, match="targets"):
        tinytorch.CrossEntropyLoss()(Tensor([[1.0, 2.0]]), Tensor([[1]]))


def test_no_grad_records_nothing_and_ends_after_an_exception() -> None:
    x = Tensor(1.0, requires_grad=True)
    with tinytorch.no_grad():
        assert not tinytorch.is_grad_enabled()
        assert not (x * 2).requires_grad
    with pytest.raises(TypeError), tinytorch.no_grad():
        x * "two"
    assert tinytorch.is_grad_enabled()
    assert (x * 2).requires_grad


# ------------------------------------------------------------------------------------------------------- arrays
def test_a_tensor_is_float32_until_its_data_is_replaced() -> None:
    x = Tensor(np.arange(6).reshape(2, 3))
    assert (x.dtype, x.shape, x.size, x.ndim, len(x)) == (np.float32, (2, 3), 6, 2, 2)
    x.data = np.zeros(4)
    assert (x.dtype, x.shape, x.size, x.ndim, len(x)) == (np.float64, (4,), 4, 1, 4)
    assert x.numpy() is x.data


def test_a_tensor_copies_what_it_is_made_from() -> None:
    source = np.zeros(2, dtype=np.float32)
    x = Tensor(source)
    source += 1
    assert x.data.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("operation", [lambda a: a * 0.1, lambda a: 0.1**a, lambda a: 0.1 / a, lambda a: 0.1 - a])
def test_a_plain_number_is_not_rounded_to_float32(operation: Op) -> None:
    (x,) = wrap([np.array([1.0, 3.0])])
    assert np.array_equal(operation(x).data, operation(x.data))


def test_numpy_leaves_operators_to_tensor_and_refuses_what_nobody_would_record() -> None:
    x = Tensor([1.0, 4.0], requires_grad=True)
    assert isinstance(np.ones(2) - x, Tensor)
    with pytest.raises(TypeError, match="ufunc"):
        np.sqrt(x)
    assert np.asarray(x).tolist() == [1.0, 4.0]
    assert [float(part.data) for part in x] == [1.0, 4.0]


def test_extreme_inputs_neither_overflow_nor_vanish() -> None:
    """Warnings are errors here, so an overflow would raise."""
    large = Tensor([[-2000.0, 0.0, 2000.0]], requires_grad=True)
    assert tinytorch.Sigmoid()(large).data.tolist() == [[0.0, 0.5, 1.0]]
    assert tinytorch.Softmax()(large).data.tolist() == [[0.0, 0.0, 1.0]]
    loss = tinytorch.CrossEntropyLoss()(large, [0])
    loss.backward()
    assert (float(loss.data), large.grad.tolist()) == (4000.0, [[-1.0, 0.0, 1.0]])
    sure = Tensor([0.0, 1.0], requires_grad=True)
    tinytorch.BinaryCrossEntropyLoss()(sure, Tensor([1.0, 0.0])).backward()
    assert np.isfinite(sure.grad).all()
    assert sure.grad[0] < 0 < sure.grad[1]


# ----------------------------------------------------------------------------------------------------- training
def iris() -> tuple[Array, NDArray[np.int64]]:
    with IRIS.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    table = np.array(rows[1:], dtype=np.float64)
    return table[:, :4], table[:, 4].astype(np.int64)


def test_iris_is_the_data_that_fisher_published() -> None:
    measures, species = iris()
    assert np.bincount(species).tolist() == [50, 50, 50]
    assert measures.mean(axis=0).round(4).tolist() == [5.8433, 3.0573, 3.758, 1.1993]
    where_the_uci_copy_errs = measures[[34, 37]].tolist()
    assert where_the_uci_copy_errs == [[4.9, 3.1, 1.5, 0.2], [4.9, 3.6, 1.4, 0.1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_small_network_learns_iris(dtype: type[np.floating[Any]]) -> None:
    np.random.seed(0)  # noqa: NPY002 - what Linear draws from, for students' own repeatability
    network = tinytorch.Sequential(tinytorch.Linear(4, 16), tinytorch.ReLU(), tinytorch.Linear(16, 3))
    loss_of, parameters = tinytorch.CrossEntropyLoss(), network.parameters()
    assert [p.shape for p in parameters] == [(4, 16), (16,), (16, 3), (3,)]
    measures, species = iris()
    x = Tensor(0)
    x.data = ((measures - measures.mean(axis=0)) / measures.std(axis=0)).astype(dtype)
    for p in parameters:
        p.data = p.data.astype(dtype)
    losses = []
    for _ in range(100):
        loss = loss_of(network(x), species)
        losses.append(float(loss.data))
        loss.backward()
        for p in parameters:
            p.data = p.data - 0.5 * p.grad
            p.zero_grad()
    assert all(later < earlier for earlier, later in itertools.pairwise(losses))
    assert losses[-1] < 0.1 * losses[0]
    assert (network(x).data.argmax(axis=1) == species).mean() > 0.95
    assert {p.data.dtype for p in parameters} == {np.dtype(dtype)}


# ---------------------------------------------------------------------------------------------------- in a guest
def sources() -> dict[str, str]:
    """The package as the guest gets it: module name -> source text."""
    files = sorted((TEMPLATE / "tinytorch").rglob("*.py"))
    names = [".".join(file.relative_to(TEMPLATE).with_suffix("").parts) for file in files]
    texts = dict(zip(names, (file.read_text("utf-8") for file in files), strict=True))
    texts.pop("tinytorch.core.optimizers", None)  # a student's own, should somebody work in this folder
    return texts


def run_as_guest(texts: dict[str, str], script: str) -> dict[str, Any]:
    """Runs `script` in a new process where tinytorch exists only in memory; it fills the dict `told`."""
    program = f"""
import json, runpy, sys
harness = runpy.run_path({str(ROOT / "autograder" / "guest" / "harness.py")!r})
sys.meta_path.insert(0, harness["Sources"](json.load(sys.stdin)))
told = {{}}
{script}
print(json.dumps(told))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", program],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,  # a second is enough; a busy machine gets more
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


STUDENTS_OWN = """
from .autograd import enable_autograd
from .tensor import Tensor
enable_autograd(quiet=True)
class Optimizer: pass
class SGD(Optimizer): pass
class Adam(Optimizer): pass
class AdamW(Adam): pass
"""


def test_a_guest_imports_it_from_memory_and_finds_the_students_optimizers() -> None:
    script = """
import tinytorch
told["before"] = "tinytorch.core.optimizers" in sys.modules
from tinytorch import SGD, Adam, AdamW, Optimizer
import tinytorch.core.optimizers as own
told["theirs"] = [SGD, Adam, AdamW, Optimizer] == [own.SGD, own.Adam, own.AdamW, own.Optimizer]
told["same tensor"] = own.Tensor is tinytorch.Tensor
told["on disk"] = hasattr(tinytorch.core.tensor, "__file__")
"""
    told = run_as_guest({**sources(), "tinytorch.core.optimizers": STUDENTS_OWN}, script)
    assert told == {"before": False, "theirs": True, "same tensor": True, "on disk": False}


def test_without_optimizers_everything_else_works_and_the_message_says_where_to_put_them() -> None:
    script = """
from tinytorch import *
import tinytorch
try:
    tinytorch.SGD
except ModuleNotFoundError as error:
    told["message"] = str(error)
told["unknown"] = hasattr(tinytorch, "Adagrad")
told["trained"] = float(Linear(1, 1).parameters()[1].data[0])
"""
    told = run_as_guest(sources(), script)
    assert "what you write" in told.pop("message")
    assert told == {"unknown": False, "trained": 0.0}


def test_a_missing_import_inside_the_students_file_is_reported_as_it_is() -> None:
    script = """
import tinytorch
try:
    tinytorch.SGD
except ModuleNotFoundError as error:
    told["missing"] = error.name
"""
    told = run_as_guest({**sources(), "tinytorch.core.optimizers": "import no_such_library"}, script)
    assert told == {"missing": "no_such_library"}


def test_it_needs_numpy_and_the_standard_library_only_and_python_3_10() -> None:
    roots = set()
    for name, text in sources().items():
        for node in ast.walk(ast.parse(text, name, feature_version=(3, 10))):
            if isinstance(node, ast.Import):
                roots |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                roots.add(str(node.module).split(".")[0])
    assert roots <= {"numpy", *sys.stdlib_module_names}
    assert "numpy" in roots


def test_enable_autograd_says_that_it_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tinytorch.enable_autograd(quiet=True)
    assert capsys.readouterr().out == ""
    tinytorch.enable_autograd()
    assert "built in" in capsys.readouterr().out
