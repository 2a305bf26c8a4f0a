"""An author's mistake of any kind, generated: a sentence with file and line, and never a mark or a traceback."""

from __future__ import annotations

import ast
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder import authoring, batch, verify
from autograder.adapters import packages
from autograder.assignment import BadAssignment, load
from autograder.blame import AuthorFault
from autograder.regenerate import contents
from autograder.sandbox.process import ProcessSandbox

WRONG = "def gradient_step(theta, gradient, lr):\n    return theta - gradient * lr * 3\n"
STATEMENTS = (
    "raise RuntimeError('planted')", "raise KeyError('planted')", "import sys; sys.exit(3)", "import nowhere", "return None",
    "return 3", "return 'x'", "return []", "return {}", "return [None]", "return (1, 2)", "return {'x': None}", "yield 1",
)  # fmt: skip
VALUES = ("3", '"nowhere"', "true", "[]", "{}", "-1", "nan", "inf", '""', '"../x"', '"a/b.py"', '"numpy"')
Edit = Callable[[Path], object]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return authoring.new("descent", tmp_path_factory.mktemp("original"))


@pytest.fixture(scope="module")
def sandbox():
    with ProcessSandbox() as opened:  # what runs is ours
        yield opened


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _bodies(tree: ast.Module) -> list[list[ast.stmt]]:
    return [
        node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list) and len(node.body) > 1
    ]


def _edited(change: Callable[[ast.Module], object]) -> Edit:
    def edit(path: Path) -> None:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        change(tree)
        path.write_text(ast.unparse(tree), encoding="utf-8")

    return edit


def in_code(folder: Path) -> Iterator[tuple[str, Path, Edit]]:
    """Every function with another first statement, every function renamed, every statement left out."""
    for path in sorted(folder.glob("*.py")):
        if path.name in ("solution.py", "template.py"):
            continue
        tree, file = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(folder)
        for n, function in enumerate(_functions(tree)):
            for text in STATEMENTS:
                body = ast.parse(f"def f():\n    {text}").body[0].body
                yield (
                    f"{file}: {function.name}: {text}",
                    file,
                    _edited(lambda t, n=n, b=body: _functions(t)[n].body.__setitem__(slice(0, 0), b)),
                )
            yield (
                f"{file}: {function.name} renamed",
                file,
                _edited(lambda t, n=n: setattr(_functions(t)[n], "name", "renamed")),
            )
        for n, body in enumerate(_bodies(tree)):
            for k, statement in enumerate(body):
                yield (
                    f"{file}, line {statement.lineno} left out",
                    file,
                    _edited(lambda t, n=n, k=k: _bodies(t)[n].pop(k)),
                )
        yield f"{file} deleted", file, Path.unlink
        yield f"{file} in no UTF-8", file, lambda path: path.write_bytes(b"\xff")
        yield f"{file} with a null byte", file, lambda path: path.write_bytes(b"x = 1\0")


def in_settings(folder: Path) -> Iterator[tuple[str, Path, Edit]]:
    """Every line of assignment.toml left out, misspelt, and with another value."""
    file = Path("assignment.toml")
    lines = (folder / file).read_text(encoding="utf-8").splitlines()

    def replaced(n: int, by: list[str]) -> Edit:
        return lambda path: path.write_text("\n".join([*lines[:n], *by, *lines[n + 1 :]]), encoding="utf-8")

    for n, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            yield f"without {line}", file, replaced(n, [])
            yield (
                f"misspelt {line}",
                file,
                replaced(n, [line.replace("[", "[x", 1) if line.startswith("[") else f"x{line}"]),
            )
        if "=" in line and not line.startswith("#"):
            for value in VALUES:
                yield f"{line.partition('=')[0]}= {value}", file, replaced(n, [f"{line.partition('=')[0]}= {value}"])


NAMED = ((ast.Name, "id"), (ast.Attribute, "attr"), (ast.arg, "arg"), (ast.keyword, "arg"), (ast.Constant, "value"))


def in_names(folder: Path) -> Iterator[tuple[str, Path, Edit]]:
    """Every name and every text misspelt, every number one more."""
    for path in sorted(folder.glob("*.py")):
        for n, node in enumerate(ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
            field = next((field for kind, field in NAMED if isinstance(node, kind)), "")
            value = getattr(node, field, None)
            if isinstance(value, bool) or not isinstance(value, str | int | float) or not value:
                continue
            other = value + "x" if isinstance(value, str) else value + 1

            def change(tree: ast.Module, n: int = n, field: str = field, other: object = other) -> None:
                setattr(list(ast.walk(tree))[n], field, other)

            yield f"{path.name}: {value!r} is {other!r}", path.relative_to(folder), _edited(change)


def broken(
    original: Path, kind: Callable[[Path], Iterator[tuple[str, Path, Edit]]], number: int, into: Path
) -> tuple[str, Path]:
    """A copy of the folder with one breakage of a kind; `number` draws it."""
    how, file, edit = random.Random(number).choice(list(kind(original)))  # noqa: S311
    folder = Path(shutil.copytree(original, into / original.name))
    edit(folder / file)
    return how, folder


def must_be_a_sentence(error: BaseException, folder: Path) -> None:
    said = str(error)
    assert str(folder) in said
    assert "\n" not in said
    assert len(said) < 1500


def must_not_cost_students_anything(folder: Path, sandbox, how: str, work: Path):
    """Load and mark: the model solution has full marks, or nobody has any."""
    try:
        assignment = load(str(folder))
    except BadAssignment as error:
        must_be_a_sentence(error, folder)
        return None
    for source in (assignment.model_solution.read_text(encoding="utf-8"), WRONG):
        handed_in = work / "descent.py"
        handed_in.write_text(source, encoding="utf-8")
        marked = batch.mark(handed_in, assignment, sandbox, 1)
        if marked.trouble is not None:
            assert isinstance(marked.trouble, AuthorFault), (how, marked.trouble)
            must_be_a_sentence(marked.trouble, folder)
            assert marked.report.status == "grader_error"
            assert {row.status for row in marked.report.criteria} == {"not_run"}
        elif source != WRONG:
            assert marked.report.score == marked.report.max_score, how
    return assignment


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("kind", [in_code, in_settings])
def test_a_breakage_costs_no_student_a_point(original, sandbox, kind, number, tmp_path):
    how, folder = broken(original, kind, number, tmp_path)
    must_not_cost_students_anything(folder, sandbox, how, tmp_path)


COUNTING = Path(__file__).parent / "data" / "counting"


def graded(folder: Path, source: str, sandbox, work: Path) -> batch.MarkedFile | str:
    """One submission to that folder, marked; or what loading it says."""
    try:
        assignment = load(str(folder))
    except BadAssignment as error:
        must_be_a_sentence(error, folder)
        return str(error)
    handed_in = work / assignment.main
    handed_in.write_text(source, encoding="utf-8")
    return batch.mark(handed_in, assignment, sandbox, 1)


@pytest.mark.parametrize("number", range(8))
def test_a_slip_of_the_pen_costs_no_student_a_point(sandbox, number, tmp_path):
    """In an assignment of counts, masks and batches; what is right gets everything, or nobody gets a mark."""
    how, folder = broken(COUNTING, in_names, number, tmp_path)
    marked = graded(folder, (COUNTING / "solution.py").read_text(encoding="utf-8"), sandbox, tmp_path)
    if not isinstance(marked, str) and marked.trouble is None:
        assert marked.report.score == marked.report.max_score, how
    elif not isinstance(marked, str):
        assert isinstance(marked.trouble, AuthorFault), how
        must_be_a_sentence(marked.trouble, folder)


# file, text, instead, who says it, what is said
SENTENCES = {
    "other numbers": ("guest.py", 'record.row("result", row)', 'record.row("result", row + 1)', "grade", "result[0, 0] is 3, and golden() has 2"),
    "another kind": ("golden.py", 'spec["classes"],) * 2, dtype=int)', 'spec["classes"],) * 2, dtype=bool)', "grade", "holds whole numbers, and must hold truth values"),
    "another name": ("guest.py", 'record.row("result", row)', 'record.row("answer", row)', "grade", "the array 'result', which check 'result' reads, is not recorded; golden() has the shape"),
    "another shape": ("guest.py", 'record.row("result", row)', 'record.row("result", [row])', "grade", "is recorded with the shape"),
    "an attribute": ("guest.py", "record.doing =", "record.doingx =", "grade", "no attribute 'doingx'"),
    "an answer left out": ("golden.py", "for s in scenarios}", "for s in scenarios[1:]}", "grade", "golden() has no answer for experiment 'confusion-few'"),
    "another array": ("scenarios.py", 'arrays=("result",)', 'arrays=("results",)', "grade", "reads the array 'results', which golden() and derive() do not give"),
    "a row": ("scenarios.py", '"padding_mask", "mask", "row"', '"padding_mask", "masks", "row"', "load", "names the rubric row 'masks', which does not exist. There are: batches, confusion, mask."),
    "a number of NumPy": ("scenarios.py", '{"classes": classes}', '{"classes": np.int64(classes)}', "load", "'classes' in the spec of experiment 'confusion-few' holds"),
    "an end that is missing": ("solution.py", "    return counts\n    ### END SOLUTION", "    return counts\n    ### END SOLUTIONS", "load", "begins a solution inside that of line 9; end that first"),
    "a quiz that is not exported": ("__init__.py", "from .quiz import quiz\n", "", "load", "there is a table [quiz], and __init__.py exports no function `quiz`"),
    "predicted name": ("golden.py", '{"result": np.array([rule(s) for rule in rules])}', '{"results": np.array([rule(s) for rule in rules])}', "verify", "predict() gives 'results'"),
    "predicted shape": ("golden.py", "np.array([rule(s) for rule in rules])", "np.array([rule(s)[:1] for rule in rules])", "verify", "predict() gives 'result' of experiment 'confusion-few' with the shape (1, 2)"),
    "a planted exception": ("planted.py", "counts[prediction, label] += 1", "counts[prediction, labelx] += 1", "verify", "raised NameError: name 'labelx' is not defined"),
    "what is planted no longer": ("solution.py", "counts[label, prediction] += 1", "counts[label][prediction] += 1", "verify", "The model solution no longer holds `counts[label, prediction] += 1` once"),
    "another hand that is wrong": ("hands/in_place.py", "for length in lengths]", "for length in [*lengths, 1]]", "verify", "must give 2"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SENTENCES)
def test_each_mistake_of_an_author_is_one_sentence_that_says_which(sandbox, name, tmp_path):
    file, old, new, where, said = SENTENCES[name]
    folder = Path(shutil.copytree(COUNTING, tmp_path / "counting"))
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    marked = graded(folder, (COUNTING / "template.py").read_text(encoding="utf-8"), sandbox, tmp_path)
    if where == "load":
        assert isinstance(marked, str)
        assert said in marked
    elif where == "grade":
        assert isinstance(marked.trouble, AuthorFault)
        must_be_a_sentence(marked.trouble, folder)
        assert re.search(r"\.py, line \d", str(marked.trouble))
        assert said in str(marked.trouble)
        assert marked.report.status == "grader_error"
    else:
        assert marked.trouble is None
        proof = verify.verify(load(str(folder)), sandbox, only=["transposed"])
        assert any(said in row.said for row in proof.rows if not row.holds), [r for r in proof.rows if not r.holds]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100, 130))
def test_no_command_ends_in_a_traceback_of_a_broken_folder(original, sandbox, number, tmp_path):
    how, folder = broken(original, (in_code, in_settings)[number % 4 == 0], number, tmp_path)
    assignment = must_not_cost_students_anything(folder, sandbox, how, tmp_path)
    if assignment is None:
        return
    proof = verify.verify(assignment, sandbox)
    for row in proof.rows:
        assert row.holds or "Error" not in row.said or str(folder) in row.said, (how, row)
    proven = verify.Proof(assignment.id, assignment.digest, 1, "process", ())
    actions = [lambda: contents(assignment, 1, proven)]
    actions += [lambda: packages("otter")(assignment)] if number % 5 == 0 else []
    for act in actions:
        try:
            act()
        except AuthorFault as error:
            must_be_a_sentence(error, folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('record.row("theta", theta)\n    for', "for"),  # one row too few
        ('"theta", theta)\n    for', '"tehta", theta)\n    for'),
        ('spec["lr"])', '2 * spec["lr"])'),  # no exception anywhere: wrong numbers for everybody
        ("theta = module", "import os; os._exit(7)\n        theta = module"),
        ("theta = module", "while True: pass\n        theta = module"),
    ],
)
def test_a_driver_that_does_something_else_gives_nobody_a_mark(original, sandbox, old, new, tmp_path):
    folder = Path(shutil.copytree(original, tmp_path / original.name))
    driver = folder / "guest.py"
    text = driver.read_text(encoding="utf-8")
    assert text.count(old) == 1
    driver.write_text(text.replace(old, new), encoding="utf-8")
    handed_in = tmp_path / "descent.py"
    handed_in.write_text(WRONG)
    marked = batch.mark(handed_in, load(str(folder)), sandbox, 1)
    assert isinstance(marked.trouble, AuthorFault)
    assert "model solution" in str(marked.trouble)
    assert marked.report.status == "grader_error"


def test_a_golden_side_that_is_wrong_gives_nobody_a_mark(original, sandbox, tmp_path):
    folder = Path(shutil.copytree(original, tmp_path / original.name))
    golden = folder / "golden.py"
    golden.write_text(golden.read_text().replace("return theta - lr * g", "return theta + lr * g"))
    handed_in = tmp_path / "descent.py"
    handed_in.write_bytes((folder / "solution.py").read_bytes())
    marked = batch.mark(handed_in, load(str(folder)), sandbox, 1)
    assert isinstance(marked.trouble, AuthorFault)
    assert marked.report.status == "grader_error"
