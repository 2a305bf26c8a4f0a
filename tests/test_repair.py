"""The line where a mistake is: found by edits of the student's own source, tried in a sandbox, and trusted rarely."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest
from grammar import put_in, with_all_edits
from hypothesis import given
from hypothesis import strategies as st

from autograder import pipeline
from autograder.assignment import load
from autograder.judge.compare import IDLE
from autograder.judge.marks import ISOLATED, STILL, UNCLEAR
from autograder.judge.places import RowsAbout, place_of
from autograder.judge.probing import Beginning, Probing, beginning
from autograder.judge.repair import SMALL, Mend, _computes
from autograder.judge.verdict import Verdict
from autograder.model import (
    Assignment,
    EditAnswer,
    EditTask,
    Glance,
    Observation,
    Place,
    Report,
    Scenario,
    Submission,
    Trial,
)
from autograder.sandbox import Sandbox
from autograder.sandbox.choose import choose


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return load("optimizers")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with choose("process", say=lambda _: None) as chosen:
        yield chosen


STYLES = Path(__file__).parent / "data/styles"  # right solutions that no hand is like


def graded(assignment: Assignment, sandbox: Sandbox, source: str) -> Report:
    submission = Submission("optimizers.py", {assignment.main: source.encode()}, "d" * 64)
    report = pipeline.grade(submission, assignment, sandbox, seed=5)
    assert "search for a line failed" not in report.log
    return report


def places(assignment: Assignment, sandbox: Sandbox, source: str) -> tuple[Place, ...]:
    return graded(assignment, sandbox, source).places


def hand(assignment: Assignment, name: str, right: str, wrong: str) -> tuple[str, int]:
    """A right solution with one mistake, and the line that has it."""
    known = {path.stem: path for path in assignment.hands} | {"model_solution": assignment.model_solution}
    source = known[name].read_text()
    assert source.count(right) >= 1
    at = source.rindex(right)
    return source[:at] + wrong + source[at + len(right) :], source[:at].count("\n") + 1


class Asked:
    """Stands for a sandbox: it notes what a search asks for, and answers without playing anything."""

    def __init__(self) -> None:
        self.tasks: list[EditTask] = []

    def __call__(self, task: EditTask) -> EditAnswer:
        self.tasks.append(task)
        played = [(n, name) for n in task.only or () for name in task.played]
        return EditAnswer(tuple(Trial(n, 1, 1, "name", 1.0, "", Observation(name)) for n, name in played))


def test_no_edit_is_played_twice_in_one_experiment() -> None:
    one, two, three, watch = (Scenario(name, "", "", {}, {}, ()) for name in ("one", "two", "three", "watch"))
    asked = Asked()
    probing = Probing(asked, [one, two, three], watch, one, (), rich=False)
    assert {t.observation.scenario for t in probing.played([1, 2, 3], {"one", "two"})} == {"one", "two"}
    assert {t.edit for t in probing.everywhere(2)} == {2}
    probing.everywhere(2)
    probing.computed([2])
    probing.played([3, 2], {"two"})
    assert [(t.only, set(t.played)) for t in asked.tasks] == [((1, 2, 3), {"one", "two"}), ((2,), {"three", "watch"})]


@given(st.lists(st.floats(-4, 4), min_size=2, max_size=6), st.integers(0, 5), st.floats(0.1, 1))
def test_an_edit_that_will_agree_is_never_left_out_by_its_first_rows(
    right: list[float], first: int, off: float
) -> None:
    """Whatever the first row is that differs, and however wrong the rest of another edit is."""
    golden = np.array(right)[:, None]
    seen = golden.copy()
    seen[min(first, len(right) - 1) :] += off
    rule = {"p": (golden, 1e-6)}
    begins = beginning({"p": seen}, [rule, {"p": (seen, 1e-6)}])  # a rule that is already followed tells nothing
    assert begins is not None
    assert begins.rows == min(first, len(right) - 1) + 1
    begun = {"p": np.stack([golden[: begins.rows], seen[: begins.rows]])}
    assert Beginning(begins.array, begins.rows, [rule]).suiting(Glance((7, 8), begun)) == [7]


def test_rules_that_no_array_tells_apart_from_what_was_seen_leave_nothing_out() -> None:
    same = np.zeros((3, 1))
    assert beginning({"p": same, "q": same}, [{"p": (same, 1.0)}]) is None
    assert beginning({"p": same, "q": same}, [{"p": (same + 1, 1e-6)}, {"q": (same + 1, 1e-6)}]) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong", "bounds"),
    [("- lr * m_hat", "+ lr * m_hat", [0.0]), ("np.sqrt(v_hat) +", "v_hat +", [0.0, SMALL])],
)
def test_larger_edits_are_tried_where_no_small_one_will_do(
    assignment: Assignment,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    right: str,
    wrong: str,
    bounds: list[float],
) -> None:
    source, _ = hand(assignment, "functional", right, wrong)
    asked = list[float]()
    sift = Probing.sift

    def noted(probing: Probing, above: float, up_to: float) -> tuple[list[Trial], bool]:
        asked.append(above)
        return sift(probing, above, up_to)

    monkeypatch.setattr(Probing, "sift", noted)
    places(assignment, sandbox, source)
    assert asked[: len(bounds)] == bounds
    assert (SMALL in asked) == (SMALL in bounds)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("count_per_parameter", "self.beta2 * self.v[i] + (1", "self.beta1 * self.v[i] + (1"),
        ("in_place", "1 - self.lr * self.weight_decay", "1 + self.lr * self.weight_decay"),
        ("functional", "lr * m_hat / (np.sqrt(v_hat) + eps)", "lr * m_hat / (v_hat + eps)"),
        ("dict_by_id", "m = m / (1 - self.beta1**self.step_count)", "m = m * (1 - self.beta1**self.step_count)"),
    ],
)
def test_a_single_mistake_is_found_on_its_line_or_the_one_beside_it(
    assignment: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str
) -> None:
    source, line = hand(assignment, name, right, wrong)
    found = places(assignment, sandbox, source)
    assert abs(found[0].line - line) <= 1
    assert found[0].source == source.splitlines()[found[0].line - 1].strip()


@pytest.mark.slow
@pytest.mark.some(each=1, of="row")
@pytest.mark.parametrize(
    ("name", "right", "wrong", "row"),
    [
        ("methods_patched_in", "= param.data - self.lr * grad", "= param.data", "sgd"),  # nothing moves
        ("lerp", "param.data = param.data - self.lr * direction", "param = param.data - self.lr * direction", "sgd"),
        ("in_place", "return self.momentum > 0", "return", "momentum"),
        ("first_velocity_is_gradient", "if p.grad is None:", "if True:", "interface"),
        (
            "python_floats",
            "float(self.lr) / (1.0 - math.pow(self.beta1, self.step_count))",
            "float(self.lr)",
            "bias_correction",
        ),
        ("dict_by_id", "(np.sqrt(v) + self.eps)", "(np.sqrt(v)) + self.eps", "adaptive_step"),
        (
            "inherited_adamw",
            "(1 - self.beta1**self.step_count)",
            "(self.beta1**self.step_count - 1)",
            "bias_correction",
        ),
        ("float64_moments", "param.grad = None", "param.data = None", "zero_grad"),
        ("in_place", "p.grad = None", "p.grad.data[:] = 0", "zero_grad"),
        ("in_place", "d += self.weight_decay", "d -= self.weight_decay", "weight_decay"),  # not the tuple of settings
        ("torch_decay_order", "momentum=0.0", "momentum=0.9", "interface"),
        (
            "model_solution",
            "self.velocities = [None]",
            "self.velocity = [None]",
            "momentum",
        ),  # and right everywhere else
        (
            "model_solution",
            "self.beta1 * self.m[i] + (1 - self.beta1)",
            "beta1 * self.m[i] + (1 - beta1)",
            "adam_moments",
        ),
        ("inherited_adamw", "                if self.velocity[i] is None:", "                if True:", "momentum"),
        ("float64_moments", "        self.params = list(params)\n", "", "interface"),
        ("running_powers", "        self.m, self.v = {}, {}\n", "", "interface"),
        ("type_hinted", "        self.weight_decay: float = weight_decay\n", "", "weight_decay"),  # only heirs read it
        ("model_solution", "if not self.has_momentum():", "if True:", "state"),
        (
            "one_flat_vector",
            "update = grad + self.weight",
            "update = update + self.weight",
            "interface",
        ),  # it raises
        ("functional", "g, moments, t=t, lr=lr, betas", "g, moments, t=t, betas", "adaptive_step"),
        ("properties", "m, v = self._moments.get", "m, m = self._moments.get", "adam_moments"),
        (  # the gradient is cleared here; to copy it where it is read would hide that
            "inherited_adamw",
            "            param.data = param.data - self.lr * grad\n        self.step_count += 1\n",
            "            param.data = param.data - self.lr * grad; self._gradient(param).fill(0)\n        self.step_count += 1\n",
            "interface",
        ),
        ("dict_by_id", "if self.momentum > 0:", "if False:", "momentum"),  # True would keep what plain SGD need not
        (
            "torch_decay_order",
            "[None if b is None else b.copy() for b in self.momentum_buffer]",
            "list(self.momentum_buffer)",
            "state",
        ),
        ("running_powers", "self.m, self.v = {}, {}", "self.m = self.v = {}", "adam_moments"),
        ("functional", "for param, state in zip(params, states):", "for param, state in params:", "interface"),
        ("functional", "[None for _ in self.params]", "[None for _ in self.params[1:]]", "interface"),
        ("dataclass_per_parameter", "    m: np.ndarray | float = 0.0", "    v: np.ndarray | float = 0.0", "interface"),
        ("dict_by_id", "if param.grad is not None:", "if param.data is not None:", "interface"),
    ],
)
def test_mistakes_of_students_are_found_on_their_line_and_cost_their_row(
    assignment: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str, row: str
) -> None:
    source, line = hand(assignment, name, right, wrong)
    report = graded(assignment, sandbox, source)
    [place] = report.places
    assert place.line == line or (not wrong and abs(place.line - line) <= 1)
    assert {c.id for c in report.criteria if c.status != "passed"} - {"training"} == {row}


@pytest.mark.slow
def test_a_class_that_moves_nothing_is_accused_of_nothing_else(assignment: Assignment, sandbox: Sandbox) -> None:
    source = assignment.model_solution.read_text()
    start = source.index("        self.step_count += 1\n", source.index("class SGD"))
    end = source.index("class Adam(")
    report = graded(assignment, sandbox, source[:start] + "        self.step_count += 1\n\n\n" + source[end:])
    told = {text for mark in report.criteria if mark.id != "training" for text in mark.messages}
    assert told <= {
        IDLE,
        ISOLATED,
        UNCLEAR,
        STILL.format("SGD"),
        "SGD with momentum must keep 1 × the size of its parameters between steps.",
    }


def test_a_right_submission_and_the_bare_template_have_no_places(assignment: Assignment, sandbox: Sandbox) -> None:
    assert places(assignment, sandbox, assignment.model_solution.read_text()) == ()
    assert places(assignment, sandbox, assignment.template.read_text()) == ()


EMPTY_MOMENTS = """if self.exp_avg[i] is None:
                self.exp_avg[i] = np.zeros_like(param.data)
                self.exp_avg_sq[i] = np.zeros_like(param.data)"""


@pytest.mark.slow
@pytest.mark.some(each=1, of="row")
@pytest.mark.parametrize(
    ("name", "right", "wrong", "row"),
    [
        ("methods_patched_in", "param.data - self.lr * grad", "param.data - self.lr", "sgd"),  # ignores its gradients
        ("folded_step_size", "grad = grad + self.weight_decay * param.data", "pass", "weight_decay"),
        ("in_place", "if self.buffers[i] is None:", "if False:", "momentum"),
        ("count_per_parameter", "self.lr = lr", "self.lr = eps", "interface"),
        ("folded_step_size", "        self.lr = lr\n", "        pass\n", "adaptive_step"),
        (
            "methods_patched_in",
            "self.momentum_buffers[i] = self.momentum * self.momentum_buffers[i] + grad",
            "pass",
            "momentum",
        ),
        ("one_flat_vector", "theta - self.lr * update", "theta - self.lr", "sgd"),
        ("functional", "else momentum * v + g", "else g", "momentum"),
        ("functional", "        after.append(state)\n", "", "sgd"),
        ("running_powers", "self.beta1 * self.m.get(i, np.zeros_like(g)) + ", "", "adam_moments"),
        (
            "running_powers",
            "self.m[i] = self.beta1 * self.m.get",
            "self.v[i] = self.beta1 * self.m.get",
            "adam_moments",
        ),
        (
            "type_hinted",
            "m, v = self.moments.get(index, (np.zeros_like(grad), np.zeros_like(grad)))",
            "pass",
            "adam_moments",
        ),
        ("torch_decay_order", EMPTY_MOMENTS, "pass", "adam_moments"),
        ("ufuncs_with_out", "np.subtract(param.data, work, out=param.data)", "pass", "adaptive_step"),
        ("ufuncs_with_out", "self.m = [None] * len(self.params)", "self.m = [None]", "interface"),
        ("type_hinted", "param.data *= 1 - self.lr * self.weight_decay", "param.data *= 1", "adamw"),
        ("methods_patched_in", "* (1 - self.lr * self.weight_decay)", "", "adamw"),
        ("properties", "self._moments[i] = m, v", "pass", "adam_moments"),
        ("properties", "self.momentum * self._velocity.get(i, 0.0)", "self._velocity.get(i, 0.0)", "momentum"),
        (
            "count_per_parameter",
            "self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad**2",
            "pass",
            "adam_moments",
        ),
    ],
)
def test_what_was_left_out_is_found_where_it_was(
    assignment: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str, row: str
) -> None:
    source, line = hand(assignment, name, right, wrong)
    report = graded(assignment, sandbox, source)
    assert abs(report.places[0].line - line) <= 1
    assert {c.id for c in report.criteria if c.status != "passed"} - {"training"} == {row}


@pytest.mark.slow
def test_a_minus_in_the_first_moment_is_not_called_ascent(assignment: Assignment, sandbox: Sandbox) -> None:
    wrong = "self.beta1 * self.m[i] - (1 - self.beta1)"
    source, line = hand(assignment, "count_per_parameter", "self.beta1 * self.m[i] + (1 - self.beta1)", wrong)
    report = graded(assignment, sandbox, source)
    assert report.diagnoses == ()
    assert [(place.line, place.criterion) for place in report.places] == [(line, "adam_moments")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "right", "wrong", "row"),
    [
        ("one_step_for_all", "self.lr * m_hat / (np", "self.lr * v_hat / (np", "adaptive_step"),
        ("methods_patched_in", "(1 - self.beta1) * grad", "(-1 - self.beta1) * grad", "adam_moments"),
        ("first_velocity_is_gradient", "] = (1 - self.beta2)", "] = (self.beta2 - 1)", "adam_moments"),  # all is NaN
    ],
)
def test_beliefs_of_other_rows_are_no_explanation_in_any_class_that_shares_the_line(
    assignment: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str, row: str
) -> None:
    """Two beliefs together make the numbers of Adam, and once more those of AdamW, which inherits the line."""
    source, line = hand(assignment, name, right, wrong)
    report = graded(assignment, sandbox, source)
    assert report.diagnoses == ()
    assert [(place.line, place.criterion) for place in report.places] == [(line, row)]
    lost = {mark.id for mark in report.criteria if mark.score < mark.max_score}
    assert row in lost <= {row, "training"}


@pytest.mark.slow
def test_each_of_three_mistakes_has_its_line_and_its_row_though_edits_bring_python_down(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """AdamW inherits the mistake of Adam, has one of its own, and computes with a name of its parent's only.

    With `np.ndarray` in the place of its instance NumPy 2.4 ends in a segmentation fault in the midst of the search.
    """
    source = (Path(__file__).parent / "data" / "three_mistakes.py").read_text()
    wrong = ["+ (1 - self.momentum) * g", "v_hat = self.v[i] / (1 - b1", "p.data - self.decay * p.data"]
    lines = [next(n for n, line in enumerate(source.splitlines(), 1) if part in line) for part in wrong]
    report = graded(assignment, sandbox, source)
    assert [(place.line, place.criterion) for place in report.places] == list(
        zip(lines, ["momentum", "bias_correction", "adamw"], strict=True)
    )
    assert {exhibit.criterion for exhibit in report.exhibits} == {"momentum", "bias_correction", "adamw"}
    [eager] = [d for d in report.diagnoses if d.criterion == "state"]
    assert not eager.try_this  # the numbers of that row come from the other three


GRADIENT = "grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad"
IN_TWO_LINES = {  # in AdamW; the lines that are told
    "correction-times-t": (
        {
            "correction1 = 1 - self.beta1**": "correction1 = 1 - self.beta1 * ",
            "correction2 = 1 - self.beta2**": "correction2 = 1 - self.beta2 * ",
        },
        ("correction1 = 1", "correction2 = 1"),
    ),
    "correction-missing": (
        {"m_hat = self.m[i] / correction1": "m_hat = self.m[i]", "self.v[i] / correction2": "self.v[i]"},
        ("m_hat = ", "v_hat = "),
    ),
    "adamw-coupled": (
        {
            GRADIENT: f"{GRADIENT}\n            grad = grad + self.weight_decay * param.data",
            "            param.data = param.data * (1 - self.lr * self.weight_decay)\n": "",
        },
        ("grad = grad + self.weight_decay", "param.data = "),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("belief", IN_TWO_LINES)
def test_a_mistake_in_two_lines_is_told_with_both(assignment: Assignment, sandbox: Sandbox, belief: str) -> None:
    """No experiment agrees when only one of the lines is right: the name of the mistake tells a rule on the way."""
    changes, lines = IN_TWO_LINES[belief]
    before, name, adamw = assignment.model_solution.read_text().partition("class AdamW")
    for right, wrong in changes.items():
        assert adamw.count(right) == 1
        adamw = adamw.replace(right, wrong)
    report = graded(assignment, sandbox, before + name + adamw)
    [diagnosis], (one, other) = report.diagnoses, report.places
    assert (diagnosis.misconception, diagnosis.criterion) == (belief, one.criterion)
    assert one.criterion == other.criterion
    assert (one.source.startswith(lines[0]), other.source.startswith(lines[1])) == (True, True)
    assert one.note == other.note
    assert (
        one.note == "A part of what is wrong is in this line: with both parts changed, everything about AdamW agrees."
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "signature"),
    [("\n    m = [None] * 9\n    v = [None] * 9\n", ""), ("", ", m=[None] * 9, v=[None] * 9")],
    ids=["by the class", "as a default"],
)
def test_state_that_is_made_once_for_all_objects_is_told_where_it_is_made(
    assignment: Assignment, sandbox: Sandbox, made: str, signature: str
) -> None:
    before, name, adamw = assignment.model_solution.read_text().partition("class AdamW(Optimizer):\n")
    for buffers in ("m", "v"):
        line = f"        self.{buffers} = [None] * len(self.params)\n"
        assert adamw.count(line) == 1
        adamw = adamw.replace(line, f"        self.{buffers} = {buffers}\n" if signature else "")
    source = before + name + made + adamw.replace("weight_decay=0.01):", f"weight_decay=0.01{signature}):")
    report = graded(assignment, sandbox, source)
    assert [d.misconception for d in report.diagnoses] == ["adamw-shared"]
    [place] = report.places
    assert (place.source, place.criterion) == (made.split("\n")[1].strip() if made else ANY, "state")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["in_place", "count_per_parameter", "torch_decay_order", "inherited_adamw"])
def test_an_array_that_is_taken_for_a_tensor_is_told_where_it_is(
    assignment: Assignment, sandbox: Sandbox, name: str
) -> None:
    """A memoryview becomes an array where decay is added to it: no condition there is to blame."""
    known = {path.stem: path for path in assignment.hands}
    right = known[name].read_text()
    source = re.sub(r"(\w+\.grad)\.data if isinstance\(\1, Tensor\) else \1", r"\1.data", right)
    lines = {number for number, line in enumerate(source.split("\n"), 1) if re.search(r"\.grad\.data$", line)}
    assert lines
    assert {place.line for place in places(assignment, sandbox, source)} == lines


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "changes", "row"),
    [
        ("AdamW", {"class AdamW(Optimizer):\n": "class AdamW(Optimizer):\n    t = 0\n\n",
          "self.step_count += 1": "self.step_count += 1\n        AdamW.t += 1",
          "**self.step_count": "**AdamW.t"}, "state"),
        ("SGD", {"return self.momentum != 0": "return self.weight_decay != 0"}, "state"),
        ("SGD", {"grad = grad + self.weight_decay * param.data": "grad = grad + self.weight_decay * param.data * (grad != 0)"},
         "weight_decay"),
        ("Adam", {"self.weight_decay * param.data": "(self.weight_decay > 0.01) * self.weight_decay * param.data"}, "weight_decay"),
        ("Optimizer", {"param.grad = None": "if param.grad is None:\n                return\n            param.grad = None"},
         "zero_grad"),
        ("AdamW", {"self.m = [None] * len(self.params)": "self.m = {}",
          "self.v = [None] * len(self.params)": "self.v = {}",
          "self.m[i]": "self.m[param.data.shape]", "self.v[i]": "self.v[param.data.shape]",
          "if self.m[param.data.shape] is None:": "if param.data.shape not in self.m:"}, "state"),
    ],
    ids=["a count of the class", "another condition", "no decay where the gradient is zero", "no decay where it is small",
         "the first gradient that is gone ends it", "state by shape"],
)  # fmt: skip
def test_a_slip_on_one_line_loses_a_point_of_its_row_and_is_told(
    assignment: Assignment, sandbox: Sandbox, subject: str, changes: dict[str, str], row: str
) -> None:
    before, name, source = assignment.model_solution.read_text().partition(f"class {subject}")
    for right, wrong in changes.items():
        assert right in name + source
        name, source = "", (name + source).replace(right, wrong)
    source = before + source
    report = graded(assignment, sandbox, source)
    ends = [wrong.splitlines()[-1] for wrong in changes.values() if wrong.splitlines()[-1]]
    lines = {n for n, line in enumerate(source.splitlines(), 1) if any(end in line for end in ends)}
    lines |= {n for n, line in enumerate(source.splitlines(), 1) if "param.grad is None" in line}
    assert report.score <= 99
    assert {place.criterion for place in report.places} == {row}
    assert {place.line for place in report.places} <= lines


@pytest.mark.slow
def test_a_slip_with_a_name_of_its_own_hides_no_line_and_spoils_no_row(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """np.sqrt of a number makes float64 of float32, which no edit mends; the decay grows the weights besides."""
    before, name, adamw = assignment.model_solution.read_text().partition("class AdamW")
    for right, wrong in {
        "param.data = np.asarray(param.data, dtype=dtype)": "param.data = np.float64(1) * param.data",
        "param.data * (1 - self.lr": "param.data * (1 + self.lr",
    }.items():
        assert adamw.count(right) == 1
        adamw = adamw.replace(right, wrong)
    report = graded(assignment, sandbox, before + name + adamw)
    assert {d.misconception for d in report.diagnoses} == {"adamw-grows", "adamw-float64"}
    [place] = [place for place in report.places if place.criterion == "adamw"]
    assert "1 + self.lr" in place.source
    assert place.note.endswith("with it changed, all else about AdamW agrees.")
    lost = {mark.id for mark in report.criteria if mark.score < mark.max_score}
    assert lost <= {"adamw", "interface", "training"}


@pytest.mark.slow
def test_a_misspelt_name_costs_at_most_five_points_in_one_row(assignment: Assignment, sandbox: Sandbox) -> None:
    source, line = hand(assignment, "count_per_parameter", "self.beta1 * self.m[i]", "self.betta * self.m[i]")
    report = graded(assignment, sandbox, source)
    assert [(place.line, place.criterion) for place in report.places] == [(line, "adam_moments")]
    assert [row.id for row in report.criteria if row.score < row.max_score] == ["adam_moments"]
    assert 95 <= report.score <= 99


@pytest.mark.slow
def test_a_velocity_that_all_parameters_share_costs_momentum_and_what_its_state_is(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """Steps come right with a velocity for each parameter; what is handed out as the state stays wrong, and is told."""
    source = assignment.model_solution.read_text()
    line = source[: source.index("velocity = self.momentum * self.velocities[i] + grad")].count("\n") + 1
    source = source.replace("self.velocities[i]", "self.velocity").replace(
        "self.velocities = [None] * len(self.params)", "self.velocities, self.velocity = [], None"
    )
    report = graded(assignment, sandbox, source)
    [place] = report.places
    assert (place.criterion, place.subject) == ("momentum", "SGD")
    assert abs(place.line - line) <= 2
    assert "SGD computes what it should" in place.note
    assert not [message for row in report.criteria for message in row.messages if message.endswith(": .")]
    assert {row.id for row in report.criteria if row.score < row.max_score} <= {"momentum", "state", "training"}
    assert report.score > 85


@pytest.mark.slow
def test_a_mistake_with_a_name_costs_its_own_row_and_nothing_that_its_edit_mends_elsewhere(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """Without a gradient, fill() raises: so does the first step of every training."""
    source = assignment.model_solution.read_text()
    report = graded(assignment, sandbox, source.replace("param.grad = None", "param.grad.fill(0.0)"))
    assert [d.misconception for d in report.diagnoses] == ["zero-grad-zeros"]
    assert [row.id for row in report.criteria if row.score < row.max_score] == ["zero_grad"]
    assert report.score <= 98


@pytest.mark.slow
def test_new_values_that_go_into_a_name_are_told_where_they_do_in_every_class(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """Nothing of the file sets a parameter's data then: no edit that only takes what is there would find it."""
    source = assignment.model_solution.read_text().replace("param.data = ", "param = ")
    report = graded(assignment, sandbox, source)
    lines = [n for n, line in enumerate(source.splitlines(), 1) if "param = " in line]
    assert {place.line for place in report.places} <= set(lines)
    assert {place.subject for place in report.places} == {"SGD", "Adam", "AdamW"}
    assert report.score > 60


@pytest.mark.slow
def test_where_nothing_is_done_no_row_says_that_it_was_tested_apart_or_what_only_a_rule_can_show(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    source = re.sub(r"param\.data = .*", "pass", assignment.model_solution.read_text())
    told = [message for row in graded(assignment, sandbox, source).criteria for message in row.messages]
    assert told
    assert not [message for message in told if message == ISOLATED or "ε" in message]


@pytest.mark.slow
def test_what_is_made_for_one_average_and_not_for_its_twin_is_told_there(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    source = assignment.model_solution.read_text()
    gone = "                self.v[i] = np.zeros_like(param.data)\n"
    assert source.count(gone) == 2
    found = graded(assignment, sandbox, source.replace(gone, "")).places
    lines = source.replace(gone, "").splitlines()
    assert [lines[place.line - 1].strip() for place in found] == ["self.m[i] = np.zeros_like(param.data)"] * 2


SOURCES = {
    f"{one.id}: {path.stem}": path.read_text()
    for one in (load("optimizers"), load("foundations"), load("schedulers"))
    for path in (one.model_solution, *one.hands)
} | {f"styles: {path.stem}": path.read_text() for path in STYLES.glob("*.py")}


@pytest.mark.slow
def test_the_program_with_every_edit_behind_a_switch_is_python() -> None:
    """One edit that is none would end the search for all the others."""
    told = dict(zip(SOURCES, with_all_edits(list(SOURCES.values())), strict=True))
    assert {name: errors for name, errors in told.items() if any(errors)} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong", "row"),
    [("self.velocities[i] + grad", "self.velocities[i] - grad", "momentum"),
     ("(np.sqrt(v_hat) + self.eps)", "np.sqrt(v_hat) - self.eps", "adaptive_step")],
)  # fmt: skip
def test_an_edit_that_is_no_python_takes_no_other_one_with_it(
    assignment: Assignment, sandbox: Sandbox, right: str, wrong: str, row: str
) -> None:
    """A name of the module that is declared late may stand nowhere above."""
    count = "        self.step_count += 1\n"
    late = "        if self.step_count == 1:\n            global started\n            started = True\n"
    source = "started = False\n" + assignment.model_solution.read_text().replace(count, count + late)
    (errors,) = with_all_edits([source])
    assert "global declaration" in errors[0]
    line = source[: source.index(right)].count("\n") + 1
    report = graded(assignment, sandbox, source.replace(right, wrong, 1))
    assert [(place.line, place.criterion) for place in report.places] == [(line, row)]
    assert {c.id for c in report.criteria if c.score < c.max_score} - {"training"} == {row}


@pytest.mark.slow
def test_one_edit_that_mends_two_classes_is_told_in_place_of_two(assignment: Assignment, sandbox: Sandbox) -> None:
    right = "return m_hat / (np.sqrt(v_hat) + self.eps)"
    source, line = hand(assignment, "one_flat_vector", right, right.replace("m_hat", "self.lr * m_hat"))
    assert [place.line for place in places(assignment, sandbox, source)] == [line]


@pytest.mark.slow
@pytest.mark.parametrize("belief", ["second-plus", "first-keep-power"])
def test_a_mistake_that_was_copied_with_the_code_is_searched_for_once(
    assignment: Assignment, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, belief: str
) -> None:
    searched, sift = list[str](), Probing.sift

    def sifted(probing: Probing, above: float, up_to: float) -> tuple[list[Trial], bool]:
        searched.append(assignment.subject(probing.probe))
        return sift(probing, above, up_to)

    monkeypatch.setattr(Probing, "sift", sifted)
    found = places(assignment, sandbox, assignment.plant(assignment.model_solution.read_text(), belief))
    assert [place.subject for place in found] == ["Adam", "AdamW"]
    assert len({place.source for place in found}) == 1
    assert set(searched) == {"Adam"}


@pytest.mark.slow
def test_a_step_that_is_counted_with_momentum_only_costs_the_interface(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    source = assignment.model_solution.read_text()
    report = graded(
        assignment, sandbox, source.replace("self.step_count += 1", "self.step_count += self.momentum != 0", 1)
    )
    assert [row.id for row in report.criteria if row.status != "passed"] == ["interface"]


@pytest.mark.parametrize("subject", ["SGD", "Adam", "AdamW"])
def test_what_a_right_rule_computes_ends_where_the_reference_does(assignment: Assignment, subject: str) -> None:
    told = assignment.quantities(subject)
    assert told is not None
    scenario, quantities = told
    right = assignment.golden([scenario], frozenset())[scenario.id].arrays["p0"][1:, 0]
    assert any(np.allclose(quantity.values, right, rtol=1e-9) for quantity in quantities)
    assert {quantity.criterion for quantity in quantities} <= {row.id for row in assignment.criteria}


@given(
    right=st.lists(st.floats(0.1, 9), min_size=3, max_size=5, unique=True),
    rhythm=st.integers(1, 3),
    before=st.lists(st.floats(10, 99), max_size=2),
    cut=st.integers(1, 2),
)
def test_a_quantity_is_known_in_any_rhythm_after_other_runs_and_by_a_stretch_of_it(right, rhythm, before, cut):
    values = np.array(right)
    repeated = np.repeat(values, rhythm)
    assert _computes(np.concatenate([before[: len(values) * rhythm - 1], repeated]), values)
    assert _computes(values[cut:], values)
    assert not _computes(values + 200, values)
    assert not _computes(np.array([]), values)


@pytest.mark.slow
@pytest.mark.some(each=1, of="row")
@pytest.mark.parametrize(
    ("name", "right", "wrong", "row"),
    [
        ("float64_moments", "beta1**self.step_count", "beta1**self.lr", "bias_correction"),
        ("one_flat_vector", "self.beta1**self.step_count", "self.beta1**self.weight_decay", "bias_correction"),
        ("inherited_adamw", "super().__init__(params)", "params", "interface"),
        ("lerp", "self.step_count += 1", "self.eps += 1", "bias_correction"),
        ("properties", "self._velocity.get(i, 0.0)", "self._velocty.get(i, 0.0)", "momentum"),  # misspelt
        ("dict_by_index", "(1 - beta2) * grad**2", "(1 - beta2) * (grad**2).mean()", "adam_moments"),
        ("in_place", "self.buffers[i] += d", "self.buffers[i] += d.mean()", "momentum"),
        ("inherited_adamw", "self.m[i] / (1 - self.beta1", "self.m[i] // (1 - self.beta1", "bias_correction"),
        ("methods_patched_in", "self.beta1, self.beta2 = betas", "self.beta2, self.beta1 = betas", "adam_moments"),
        ("dict_by_id", "param.grad = None", "param.grad.fill(0)", "zero_grad"),
        ("dict_by_id", "betas=(0.9, 0.999)", "betas=(1.8, 0.999)", "interface"),
        ("first_velocity_is_gradient", "betas=(0.9, 0.999)", "betas=(-1.0, 0.999)", "interface"),
        ("in_place", "self.m[i] += (1", "self.v[i] += (1", "adam_moments"),
        ("torch_decay_order", "            return None\n", "            pass\n", "state"),
        ("running_powers", "in self.active():", "in list(self.active())[1:]:", "interface"),
        ("model_solution", "isinstance(param.grad, Tensor)", "isinstance(param.data, Tensor)", "interface"),
        ("functional", "self.lr, self.betas, self.eps", "self.step_count, self.betas, self.eps", "adaptive_step"),
    ],
)
def test_an_unnamed_mistake_costs_the_row_of_what_its_line_computes(
    assignment: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str, row: str
) -> None:
    source, line = hand(assignment, name, right, wrong)
    report = graded(assignment, sandbox, source)
    assert line in {place.line for place in report.places}
    assert {c.id for c in report.criteria if c.status != "passed"} - {"training"} == {row}


@pytest.mark.parametrize(
    ("line", "cost", "certain"), [(2, 1.0, False), (2, 2.0, True), (1, 1.0, True)], ids=["elsewhere", "larger", "here"]
)
def test_a_line_is_told_for_certain_only_where_no_other_would_do_as_well(line, cost, certain):
    def trial(line: int, cost: float) -> Trial:
        return Trial(1, line, line, "operator", cost, "", Observation("s", {}, {}))

    mend = Mend("Adam", trial(1, 1.0), frozenset(), (trial(1, 1.0), trial(line, cost)), row="adam_moments")
    place = place_of(mend, Verdict((), (), (), (), (), {}), RowsAbout(frozenset(), {}), ["a - b", "c - d"], [mend])
    assert place.note.startswith("The mistake is in this line") == certain
    assert "everything about Adam agrees" in place.note


# ------------------------------------------------------------------------------------------------ what is left out
FOUNDATIONS = load("foundations")
HANDS = {path.stem: path.read_text() for path in (FOUNDATIONS.model_solution, *FOUNDATIONS.hands)}


def one_by_one(name: str, kind: type[ast.expr]) -> Iterator[tuple[ast.Module, ast.expr, int]]:
    """Each expression of this kind in the functions of a hand: the tree, the node and its line."""
    source = ast.unparse(ast.parse(HANDS[name]))
    count = sum(isinstance(n, kind) for n in ast.walk(ast.parse(source)))
    for number in range(count):
        tree = ast.parse(source)
        node = [n for n in ast.walk(tree) if isinstance(n, kind)][number]
        bodies = [
            s for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for s in f.body if s.lineno <= node.lineno
        ]
        if any(s.lineno <= node.lineno <= (s.end_lineno or 0) for s in bodies):
            yield tree, node, node.lineno


def instead(tree: ast.Module, node: ast.expr, new: ast.expr) -> ast.Module:
    for above in ast.walk(tree):
        for field, value in ast.iter_fields(above):
            if value is node:
                setattr(above, field, new)
            elif isinstance(value, list) and node in value:
                value[value.index(node)] = new
    return tree


@pytest.mark.parametrize("name", HANDS)
def test_every_whole_call_of_what_the_file_defines_or_imports_can_be_put_back(name: str) -> None:
    """log_softmax(x, dim), self.forward(predictions, targets), Sigmoid()(x), Tensor(x): with any number of arguments."""
    tried = list[tuple[str, int]]()
    rights = list[set[str]]()
    defined = {n.name for n in ast.parse(HANDS[name]).body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for tree, node, line in one_by_one(name, ast.Call):
        assert isinstance(node, ast.Call)
        function = ast.unparse(node.func).removesuffix("()")
        starred = any(isinstance(n, ast.Starred | ast.keyword) for n in (*node.args, *node.keywords))
        if node.args and not starred and function in {*defined, "self.forward", "Tensor"}:
            was, now = ast.unparse(node.args[0]), ast.unparse(node)
            rights.append({f"{was} → {now}", f"{was}.data → {now}.data"})
            tried.append((ast.unparse(instead(tree, node, node.args[0])), line))
    assert len(tried) > 5
    assert [right for right, texts in zip(rights, put_in(tried), strict=True) if not right & texts] == []


@pytest.mark.parametrize("name", HANDS)
def test_a_small_constant_that_has_become_minus_one_can_be_turned_back(name: str) -> None:
    tried = list[tuple[str, int]]()
    rights = list[str]()
    for tree, node, line in one_by_one(name, ast.Constant):
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in (0, 2):
            rights.append(f"-1 → {ast.unparse(node)}")
            tried.append((ast.unparse(instead(tree, node, ast.Constant(-1))), line))
    assert len(tried) > 2
    assert [one for one, texts in zip(rights, put_in(tried), strict=True) if one not in texts] == []


OPTIMIZERS = load("optimizers")


def is_known(part: ast.expr) -> bool:
    """Return whether something is a name, an attribute, or what a method makes of a name: self.split(theta)."""
    match part:
        case ast.Call(ast.Attribute(ast.Name("self")), [ast.Name()], []):
            return True
    return isinstance(part, ast.Name | ast.Attribute)


def heads(source: str) -> Iterator[tuple[str, int, str, str]]:
    """Yield a file in which one loop has lost a part of what it goes over, the line, that part's rest, and the whole."""
    for number, loop in enumerate(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.For)):
        match loop.iter:
            case ast.Call(ast.Name("zip"), [one, other]):
                rests: list[ast.expr] = [one, other]
            case ast.Call(ast.Name("enumerate"), [one]):
                rests = [one]
            case ast.Call(ast.Name("zip") as function, [_, _, _] as given):
                rests = [ast.Call(function, [*given[:n], *given[n + 1 :]], []) for n in range(3)]
            case _:
                continue
        if not all(is_known(part) for part in loop.iter.args):
            continue  # a call that stands nowhere else is lost
        for rest in rests:
            tree = ast.parse(source)
            [n for n in ast.walk(tree) if isinstance(n, ast.For)][number].iter = rest
            yield ast.unparse(tree), loop.lineno, ast.unparse(rest), ast.unparse(loop.iter)


def test_what_a_loop_goes_over_beside_something_else_can_be_put_back() -> None:
    """A part of zip, or enumerate, left out in a loop that sets several names: in every hand."""
    lost = [one for path in OPTIMIZERS.hands for one in heads(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))))]
    assert len(lost) > 40
    offered = put_in([(source, line) for source, line, _, _ in lost])
    assert [
        (was, now) for (_, _, was, now), texts in zip(lost, offered, strict=True) if f"{was} → {now}" not in texts
    ] == []


def test_a_square_of_which_only_the_exponent_is_left_can_be_put_back() -> None:
    """V = β·v + (1 - β)·2, where it is (1 - β)·g ** 2: in every hand that writes a square so."""
    tried, rights = list[tuple[str, int]](), list[str]()
    for path in OPTIMIZERS.hands:
        source = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
        for number, node in enumerate(ast.walk(ast.parse(source))):
            match node:
                case ast.BinOp(ast.Name() as base, ast.Pow(), ast.Constant(2) as two):
                    tree = ast.parse(source)
                    lost = list(ast.walk(tree))[number]
                    assert isinstance(lost, ast.BinOp)
                    tried.append((ast.unparse(instead(tree, lost, lost.right)), node.lineno))
                    rights.append(f"{two.value} → {base.id} ** 2")
    assert len(tried) > 5
    assert [one for one, texts in zip(rights, put_in(tried), strict=True) if one not in texts] == []


@pytest.mark.slow
def test_a_call_that_is_lost_with_the_only_use_of_its_argument_is_put_back(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """Another class makes the same call with another argument; `grad` is computed and then never used."""
    right = "param.data = param.data - self.update(index, grad)"
    source, line = hand(assignment, "type_hinted", right, "param.data = param.data")
    report = graded(assignment, sandbox, source)
    assert [(place.line, place.criterion) for place in report.places] == [(line, "adaptive_step")]
    assert report.score > 94


LOST = {  # wholes of which an operand is written nowhere else in the file
    "functional": ("(1 - betas[1]) * g ** 2", "m / (1 - betas[0] ** t)"),
    "running_powers": ("self.momentum * self.velocity.get(i, np.zeros_like(param.data))",),
    "dataclass_per_parameter": ("array(param.grad) + self.weight_decay * param.data",),
    "lerp": ("end - start",),
    "first_velocity_is_gradient": ("self.momentum * self.velocity[i] + g",),
    "one_step_for_all": ("self.momentum * self.velocity[i] + g",),
    "walrus_inside": ("b1 * m + (1 - b1) * g",),
    "slots_and_properties": ("1 - beta ** self.step_count",),
    "slices_of_a_vector": ("-self.lr * m_hat / (np.sqrt(v_hat) + self.eps)",),
}


@pytest.mark.slow("each of these is searched for its line, in two grammars")
@pytest.mark.some(each=5, of="side")
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("name", "whole"), [(name, whole) for name, some in LOST.items() for whole in some])
def test_an_operand_that_is_written_nowhere_else_is_told_where_it_was(
    name: str, whole: str, side: str, sandbox: Sandbox
) -> None:
    """Only the other operand of a sum, a product, a power or a quotient is left, in any way of writing a rule."""
    path = next(one for one in (*OPTIMIZERS.hands, *STYLES.glob("*.py")) if one.stem == name)
    source = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
    left = ast.unparse(getattr(ast.parse(whole, mode="eval").body, side))
    wrong = ast.unparse(ast.parse(source.replace(whole, f"({left})", 1)))
    pairs = enumerate(zip(source.split("\n"), wrong.split("\n"), strict=True), start=1)
    line = next(number for number, (was, now) in pairs if was != now)
    places = graded(OPTIMIZERS, sandbox, wrong).places
    assert any(abs(place.line - line) <= 1 for place in places), (whole, left, places)


def test_what_is_set_with_its_type_is_edited_as_what_is_set_without() -> None:
    source = "class A:\n    def step(self, x, y):\n        self.a{} = x * y\n"
    with_type, without = put_in([(source.format(": float"), 3), (source.format(""), 3)])
    assert with_type == without != set()


@pytest.fixture(scope="module")
def foundations() -> Assignment:
    return FOUNDATIONS


@pytest.mark.slow
@pytest.mark.some(each=1, of="row")
@pytest.mark.parametrize(
    ("name", "right", "wrong", "row"),
    [
        ("one_hot", "2 * Sigmoid()(2 * x)", "-1 * Sigmoid()(2 * x)", "tanh"),  # a negated constant
        ("model_solution", "1.702 * x.data", "-1.0 * x.data", "gelu"),  # whose number stands in the docstring alone
        ("one_hot", "log_softmax(logits).data", "logits.data", "cross_entropy"),
        ("one_hot", "Sigmoid()(2 * x)", "(2 * x)", "tanh"),
        ("one_hot", "np.sum(e, axis=dim, keepdims=True)", "e", "softmax"),
        ("one_hot", "return self.forward(predictions, targets)", "return predictions", "mse"),
        ("one_hot", "return self.forward(logits, targets)", "pass", "cross_entropy"),
        ("one_hot", "return self.forward(logits, targets)", "return", "cross_entropy"),
        ("model_solution", "def forward(self, x, dim=-1):", "def forward(self, x, dim):", "softmax"),
        ("model_solution", "def forward(self, x, dim=-1):", "def forward(self, x, dim=-0.5):", "softmax"),
        ("model_solution", "Tensor(1.702 * x.data)", "Tensor(x.data)", "gelu"),
        ("one_hot", "2 * Sigmoid()(2 * x) - 1", "2 * Sigmoid()(2 * x)", "tanh"),
        ("model_solution", "Tensor(np.maximum(x.data, 0))", "np.maximum(x.data, 0)", "interface"),
        ("model_solution", "Tensor(powers / total)", "powers / total", "interface"),  # and not where powers is made
        ("model_solution", "np.log(np.exp(shifted).sum(", "np.log10(np.exp(shifted).sum(", "log_softmax"),
        ("one_hot", "np.sum(e, axis=dim, keepdims=True)", "np.sum(e)", "softmax"),
        (
            "one_hot",
            "np.amax(values, axis=axis, keepdims=True)",
            "np.amin(values, axis=axis, keepdims=True)",
            "stability",
        ),
        ("one_hot", "log_softmax(logits).data", "Softmax()(logits).data", "cross_entropy"),
        (
            "one_hot",
            "e / (1 + e)",
            "e / (1 / e)",
            "sigmoid",
        ),  # one of two branches; another choice of elements mends too
        ("one_hot", "d @ d / d.size", "(d - d) / d.size", "mse"),
    ],
)
def test_mistakes_where_nothing_steps_are_found_on_their_line(
    foundations: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str, row: str
) -> None:
    known = {path.stem: path for path in foundations.hands} | {"model_solution": foundations.model_solution}
    source = known[name].read_text()
    line = source[: source.index(right)].count("\n") + 1
    report = graded(foundations, sandbox, source.replace(right, wrong, 1))
    assert [(place.line, place.criterion) for place in report.places] == [(line, row)]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in STYLES.glob("*.py")))
def test_styles_that_no_hand_has_get_full_marks(assignment: Assignment, sandbox: Sandbox, name: str) -> None:
    report = graded(assignment, sandbox, (STYLES / f"{name}.py").read_text())
    assert (report.score, report.diagnoses, report.places) == (100, (), ())


@pytest.mark.slow
@pytest.mark.some(each=2, of="name")
@pytest.mark.parametrize(
    ("name", "right", "wrong", "row", "misconception"),
    [
        ("closures_and_settings", "self.velocity.get(i, 0.0) + d", "self.velocity.get(i, 0.0) + (1 - self.momentum) * d",
         "momentum", "momentum-averaged"),
        ("closures_and_settings", "1 - b**self.step_count", "1 - b * self.step_count", "bias_correction", "correction-times-t"),
        ("closures_and_settings", "decoupled = True", "decoupled = False", "adamw", "adamw-coupled"),
        ("tuples_and_match", "move = g.copy()", "move = g", "interface", "gradient-kept"),
        ("tuples_and_match", "move = g.copy()", "move = np.zeros_like(g)", "momentum", ""),
        ("helpers_outside", "new * (1 - beta) if old is None", "new if old is None", "adam_moments", ""),
        ("helpers_outside", 'unbias(s["v"], self.beta2, t)', 's["v"]', "bias_correction", "correction-v-missing"),
        ("helpers_outside", "shrunk - self.move(g, s)", "shrunk - self.move(g + self.weight_decay * p.data, s)", "adamw", ""),
        ("tuples_and_match", "(self.beta1, self.beta2))]", "(self.beta1, self.beta1))]", "bias_correction", "correction-v-beta1"),
        ("hooks", "p.data = self._update(p.data, g, self._state_of(i))", "self._update(p.data, g, self._state_of(i))", "sgd", ""),
        ("hooks", "self.state[i] = self._init_state(self.params[i])", "self.state = {i: self._init_state(self.params[i])}", "momentum", ""),
        ("hooks", '{"buf": np.zeros_like(p.data)}', '{"buff": np.zeros_like(p.data)}', "momentum", ""),
        ("hooks", 'm_hat = s["m"] /', 'm_hat = s["m"] = s["m"] /', "bias_correction", "correction-m-stored"),
        ("hooks", "self.lr * self.weight_decay * w\n", "self.weight_decay * w\n", "adamw", "adamw-without-lr"),
        ("moment_objects", "corrected(self.beta1, self.beta2, self.step_count)", "corrected(self.step_count, self.beta1, self.beta2)", "bias_correction", ""),
        ("moment_objects", "self.weight_decay and not self.decoupled", "self.weight_decay", "adamw", "adamw-both"),
        ("moment_objects", "if buf is None:\n                    buf = np", "if True:\n                    buf = np", "momentum", "momentum-ignored"),
        ("moment_objects", "if self.weight_decay and not self.decoupled:", "if False:", "weight_decay", "adam-decay-missing"),
        ("closures_and_settings", "return self.velocity[i]\n", "pass\n", "momentum", ""),
        ("groups_like_torch", 'np.sqrt(exp_avg_sq) / bias_correction2**0.5 + group["eps"]',
         'np.sqrt(exp_avg_sq + group["eps"]) / bias_correction2**0.5', "adaptive_step", "eps-into-v"),
        ("groups_like_torch", "[None if b is None else b.copy() for b in buffers]", "buffers", "state", "state-live"),
        ("groups_like_torch", "self._adam(p, self._decay(p, self.grad_of(p)))", "self._decay(p, self.grad_of(p))", "adam_moments", ""),
        ("slices_of_a_vector", "m[:] = beta1 * m + (1 - beta1) * g", "m[:] = beta1 * m", "adam_moments", ""),
        ("slices_of_a_vector", "-self.lr * m_hat / (np.sqrt(v_hat) + self.eps)", "-self.lr * m_hat", "adaptive_step", "division-missing"),
        ("closures_and_settings", "s.beta2 * v + (1 - s.beta2) * g * g", "s.beta2 * v", "adam_moments", ""),
        ("hooks", "        if self.weight_decay:\n            g = g + self.weight_decay * w\n        return w - self.lr * self._direction",
         "        return w - self.lr * self._direction", "weight_decay", "adam-decay-missing"),
        ("helpers_outside", '0 if "v" not in s else', "0 if False else", "momentum", ""),
        ("tuples_and_match", "m + (1 - self.beta1) * (g", "m + 1**self.beta1 * (g", "adam_moments", ""),
        ("rules_as_functions", "self._states.get(i) or", "i or", "adam_moments", "first-not-kept second-not-kept"),
        ("slices_of_a_vector", "np.cumsum([0] + self.sizes)", "np.cumsum(self.sizes + [0])", "momentum", ""),
        ("slices_of_a_vector", "self.offsets[i + 1])", "self.offsets[i] + 1)", "interface", ""),
        ("slices_of_a_vector", "(x + delta).reshape(p.data.shape)", "(x + delta)", "sgd", ""),
        ("slices_of_a_vector", "p.data = (x + delta)", "x = (x + delta)", "sgd", ""),
        ("slices_of_a_vector", "(x + delta)", "(x - delta)", "sgd", "sgd-ascent"),
        ("slices_of_a_vector", "m[:] = beta1", "m = beta1", "adam_moments", "first-not-kept"),
        ("slices_of_a_vector", "step + decay", "step * decay", "adamw", ""),
        ("slices_of_a_vector", "m_hat = m /", "g = m /", "bias_correction", ""),
        ("slices_of_a_vector", "if self.velocity is None:\n                self.velocity = self.flat_zeros()", "pass", "momentum", ""),
        ("rules_as_functions", "beta * old + (1.0 - beta) * new", "beta * new + (1.0 - beta) * old", "adam_moments",
         "first-weights-exchanged second-weights-exchanged"),
        ("rules_as_functions", "grad * grad", "mu * mu", "adam_moments", "second-from-m"),
        ("rules_as_functions", "AdamState(mu, nu)", "state", "adam_moments", "first-not-kept second-not-kept"),
        ("rules_as_functions", "self._trace[i] = self.momentum * self._trace.get(i, 0.0) + g\n                g = self._trace[i]",
         "g = self.momentum * self._trace.get(i, 0.0) + g", "momentum", "momentum-ignored"),
        ("rules_as_functions", "self.lr * update", "self.lr * g", "adaptive_step", "division-missing direction-raw"),
        ("rules_as_functions", "params, lr=lr, betas=betas", "params, betas=betas", "interface", ""),
        ("helpers_outside", "if self.momentum > 0:", "if self.momentum > 1:", "momentum", "momentum-ignored"),
        ("hooks", 'g = s["buf"]', "pass", "momentum", "momentum-ignored"),
        ("rules_as_functions", "return update, AdamState(mu, nu)", "pass", "interface", ""),
        ("declared_and_handled", "self.lr * self.weight_decay * p.data", "self.weight_decay * p.data", "adamw", "adamw-without-lr"),
        ("declared_and_handled", "self.velocities[i] = g = self", "g = self", "momentum", "momentum-ignored"),
        ("declared_and_handled", "old + (1 - beta) * new", "old + beta * new", "adam_moments", "first-take-beta second-take-beta"),
        ("walrus_inside", "1 - self.lr * self.weight_decay", "(1 - self.lr) * self.weight_decay", "adamw", ""),
        ("walrus_inside", "self.lr * m / (v**0.5 + self.eps)", "self.lr * m / v**0.5 + self.eps", "adaptive_step", ""),
        ("walrus_inside", "b2 * v + (1 - b2) * g**2", "b2 * v + 1 - b2 * g**2", "adam_moments", ""),
        ("slots_and_properties", "self.tensor.grad is None", "self.tensor.grad is not None", "interface", ""),
        ("lambdas_and_closures", "avg / (1 - beta**t)", "avg / 1 - beta**t", "bias_correction", ""),
        ("lambdas_and_closures", "v = mix(opt.beta2, v, g * g)", "v = mix(opt.beta2, g * g, v)", "adam_moments", "second-weights-exchanged"),
        ("lambdas_and_closures", "adam_direction(self, key, raw", "adam_direction(self, p.data.shape, raw", "state", ""),
        ("lambdas_and_closures", "np.asarray(p.data - self.lr * self.weight", "np.asarray(before - self.lr * self.weight", "adaptive_step", ""),
        ("lists_in_step", "list(map(np.copy, self.momentums))", "list(self.momentums)", "adam_moments", ""),
        ("lists_in_step", "            moved.append(v)\n", "                moved.append(v)\n", "interface", ""),
        ("lists_in_step", "np.sqrt(1 - self.beta_2**self.iterations) / (1 - self.beta_1**self.iterations)",
         "np.sqrt(1 - self.beta_1**self.iterations) / (1 - self.beta_2**self.iterations)", "bias_correction", ""),
        ("lists_in_step", "self.lr * (direction + self.weight_decay * variable.data)", "self.lr * direction + self.weight_decay * variable.data", "adamw", "adamw-without-lr"),
        ("members_and_namespaces", 'getattr(mem, "v", 0)', 'getattr(self, "v", 0)', "momentum", "momentum-ignored"),
        ("members_and_namespaces", "mode = Decay.COUPLED", "mode = Decay.DECOUPLED", "weight_decay", "adam-decay-decoupled"),
        ("members_and_namespaces", "np.power(self.beta_1, t)", "np.power(t, self.beta_1)", "bias_correction", ""),
        ("members_and_namespaces", "            p.grad = None", "            del p.grad", "zero_grad", ""),
        ("members_and_namespaces", "(1 - self.beta_2) * g * g", "(1 - self.beta_2) * np.dot(g.ravel(), g.ravel())", "adam_moments", "second-norm"),
        ("members_and_namespaces", "(1 - self.beta_2) * g * g", "(1 - self.beta_2) * np.var(g)", "adam_moments", "second-var"),
        ("members_and_namespaces", "np.sqrt(v_hat) + self.eps", "np.sqrt(v_hat + self.eps**2)", "adaptive_step", "eps-squared-inside"),
        ("members_and_namespaces", "return self.momentum != 0", "return self.momentum", "state", ""),
        ("lists_of_buffers", "step = steps[i]", "step = len(steps)", "bias_correction", ""),
        ("rules_with_flags", "    if not decoupled:\n        g = g + wd * w", "    g = g + wd * w", "adamw", "adamw-both"),
        ("replaced_tuples", 'setattr(p, "grad", None)', 'setattr(self, "grad", None)', "zero_grad", "zero-grad-nothing"),
        ("replaced_tuples", ", second=mean_square(old.second, g**2))", ")", "adam_moments", ""),
        ("replaced_tuples", "p.data = np.asarray(p.data - self.lr * g, dtype=p.data.dtype)", "self.params[i] = Tensor(p.data - self.lr * g)", "sgd", ""),
        ("closures_and_settings", "    decoupled = True", "    decouple = True", "adamw", "adamw-coupled"),
        ("structured_arrays", 'slots_for(p.data, "m", "v")', 'slots_for(p.data, "m")', "interface", ""),
        ("closures_and_settings", "p.grad = None", "p.grad == None", "zero_grad", "zero-grad-nothing"),
        ("frozen_states", "w = (1 - self.lr * wd) * w", "w = w - w", "adamw", ""),
        ("chains_of_links", "reduce(lambda u, link: link(u, p.data, memory, self.step_count)", "reduce(lambda u, link: link(u, p.data, memory, self.step_count - 1)",
         "bias_correction", "count-from-zero"),
        ("chains_of_links", "*self.betas, self.eps", "*self.betas[::-1], self.eps", "adam_moments", "betas-exchanged"),
        ("chains_of_links", "super().chain()[1:]", "super().chain()", "adamw", "adamw-both"),
        ("phases_of_a_step", "zip(indices, deltas)", "enumerate(deltas)", "interface", ""),
        ("phases_of_a_step", "grads = [g.data if isinstance", "[g.data if isinstance", "interface", ""),
        ("names_put_together", 'f"{name}_{i}", np.asarray(value))', "name, np.asarray(value))", "momentum", "momentum-ignored"),
        ("names_put_together", "grad = velocity = self.momentum", "velocity = self.momentum", "momentum", "momentum-ignored"),
        ("frozen_states", "friction * self.value + force", "friction * force + self.value", "momentum", ""),
        ("frozen_states", "Velocity(np.array(v)) for k, v in enumerate(state)", "Velocity(v) for k, v in enumerate(state)", "state", "state-kept"),
    ],
)  # fmt: skip
def test_mistakes_in_styles_that_no_hand_has_are_told_on_their_line(
    assignment: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str, row: str, misconception: str
) -> None:
    """Closures, a dataclass of settings, a constant of a class; tuples in a list, match, walrus; helpers, conditional values."""
    source = (STYLES / f"{name}.py").read_text()
    line = source[: source.index(right)].count("\n") + 1
    report = graded(assignment, sandbox, source.replace(right, wrong, 1))
    assert [(place.line, place.criterion) for place in report.places] == [(line, row)]
    assert [d.misconception for d in report.diagnoses] == misconception.split()
    assert {c.id for c in report.criteria if c.score < c.max_score} - {"training"} == {row}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "right", "wrong", "told", "rows"),
    [
        ("chains_of_links", 'memory["trace"] = np.array(update) if previous is None else decay * previous + update\n    return memory["trace"]',
         'if previous is None:\n        memory["trace"] = np.array(update)\n        return update\n    return decay * previous + update',
         ["return decay * previous + update"], {"momentum"}),
        ("tuples_and_match", "if (g := p.grad) is not None:", "if True:", ["if True:"], {"interface"}),
        ("structured_arrays", '                g = slot["vel"]', '            g = slot["vel"]',
         ['g = slot["vel"]'], {"sgd"}),  # indented too little: without momentum there is no slot
    ],
)  # fmt: skip
def test_mistakes_in_several_lines_are_told_in_the_line_that_mends_them(
    assignment: Assignment, sandbox: Sandbox, name: str, right: str, wrong: str, told: list[str], rows: set[str]
) -> None:
    source = (STYLES / f"{name}.py").read_text()
    assert source.count(right) == 1
    report = graded(assignment, sandbox, source.replace(right, wrong))
    assert [place.source for place in report.places] == told
    assert {c.id for c in report.criteria if c.score < c.max_score} - {"training"} == rows


@pytest.mark.slow
def test_an_answer_that_is_lost_is_made_of_what_nothing_is_done_with(assignment: Assignment, sandbox: Sandbox) -> None:
    gone = "        return m_hat / (np.sqrt(v_hat) + self.eps)\n"
    source, line = hand(assignment, "one_flat_vector", gone, "")
    report = graded(assignment, sandbox, source)
    assert [place.line for place in report.places] == [line - 1]
    assert report.score > 90


@pytest.mark.slow
def test_a_wrong_key_in_many_places_is_told_where_it_is_first(assignment: Assignment, sandbox: Sandbox) -> None:
    """One key for all parameters, wherever the moments are read and written; and it spoils no other row."""
    source = (STYLES / "replaced_tuples.py").read_text()
    before, adam, after = source.partition("class AdamW")
    line = before.index("setdefault(i,")
    wrong = before.replace("setdefault(i,", "setdefault(0,").replace("self.state[i] =", "self.state[0] =")
    report = graded(assignment, sandbox, wrong + adam + after)
    assert [place.line for place in report.places] == [before[:line].count("\n") + 1]
    assert {c.id for c in report.criteria if c.score < c.max_score} <= {"adam_moments", "state", "training"}


@pytest.mark.slow
def test_an_edit_that_mends_a_slip_with_a_name_has_the_row_of_that_slip(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """A kept gradient that is written into spoils what decays as well."""
    source = (STYLES / "lists_of_buffers.py").read_text()
    report = graded(assignment, sandbox, source.replace("buf = np.array(d_p)", "buf = d_p", 1))
    assert [d.misconception for d in report.diagnoses] == ["gradient-kept"]
    assert {c.id for c in report.criteria if c.score < c.max_score} == {"interface"}
    assert {place.criterion for place in report.places} == {"interface"}


@pytest.mark.slow
def test_a_missing_gradient_that_is_made_up_is_told_where_it_is(assignment: Assignment, sandbox: Sandbox) -> None:
    source = (STYLES / "members_and_namespaces.py").read_text()
    right = "            if p.grad is None:\n                continue\n            update"
    wrong = "            if p.grad is None:\n                p.grad = np.zeros_like(p.data)\n            update"
    assert source.count(right) == 1
    report = graded(assignment, sandbox, source.replace(right, wrong))
    line = source[: source.index(right)].count("\n") + 2
    assert [(place.line, place.criterion) for place in report.places] == [(line, "interface")]


@pytest.mark.slow
def test_a_mistake_in_what_all_classes_share_costs_what_it_is_called_in_any_of_them(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    """A count that SGD keeps for nothing is the t of Adam."""
    first, *loop = ["        self.step_count += 1", "        for i, p in enumerate(self.params):",
                    "            if p.grad is None:", "                continue"]  # fmt: skip
    source = (STYLES / "hooks.py").read_text()
    right, wrong = "\n".join([first, *loop]), "\n".join([*loop, f"    {first}"])
    assert right in source
    report = graded(assignment, sandbox, source.replace(right, wrong))
    assert [place.source for place in report.places] == ["self.step_count += 1"]
    assert {d.misconception for d in report.diagnoses} == {"count-gradients"}
    assert {c.id for c in report.criteria if c.score < c.max_score} == {"bias_correction"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "wrong"), [("eps", "1e-6"), ("beta2", "0.99"), ("lr", "0.01")])
def test_a_default_is_told_where_the_module_gives_it_a_name(
    assignment: Assignment, sandbox: Sandbox, name: str, wrong: str
) -> None:
    right = {"lr": "0.001", "beta2": "0.999", "eps": "1e-8"}
    before, start, adam = assignment.model_solution.read_text().partition("class Adam(")
    for known, number in right.items():
        adam = adam.replace(number, f"DEFAULT_{known.upper()}")
    constants = "".join(f"DEFAULT_{known.upper()} = {value}\n" for known, value in (right | {name: wrong}).items())
    report = graded(assignment, sandbox, before + constants + "\n\n" + start + adam)
    assert {place.source for place in report.places} == {f"DEFAULT_{name.upper()} = {wrong}"}
    assert {place.criterion for place in report.places} == {"interface"}


@pytest.mark.slow
def test_no_line_is_told_for_an_edit_that_only_makes_facts_right(foundations: Assignment, sandbox: Sandbox) -> None:
    """GELU's formula at the head of a broken sigmoid returns a Tensor of the right shape, and no sigmoid."""
    source = HANDS["one_hot"]
    assert source.count("        z = x.data\n") == 1
    report = graded(foundations, sandbox, source.replace("        z = x.data\n", "        pass\n"))
    assert [(p.line, p.end_line, p.edit) for p in report.places] == [(31, 31, "")]  # where it raises
    assert {mark.id for mark in report.criteria if mark.score < mark.max_score} >= {"sigmoid"}


@pytest.mark.slow
def test_two_names_stay_where_one_statement_of_the_file_mends_both(assignment: Assignment, sandbox: Sandbox) -> None:
    """The other class has this line right: put here it mends two beliefs at once, which are both true."""
    source, line = hand(assignment, "count_per_parameter", "(np.sqrt(v_hat) + self.eps)", "(self.v[i] + self.eps)")
    report = graded(assignment, sandbox, source)
    assert {d.misconception for d in report.diagnoses} == {"correction-v-missing", "root-missing"}
    assert line in {place.line for place in report.places}
