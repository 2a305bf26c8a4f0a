"""An author's mistake is a sentence with file and line, and never a mark: breakages of every kind, planted."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder import authoring, batch, pipeline, variants, verify
from autograder.assignment import BadAssignment, load
from autograder.blame import AuthorFault
from autograder.model import Submission
from autograder.sandbox.choose import choose


@pytest.fixture(scope="module")
def sandbox():
    with choose("auto", trusted=True, say=lambda _: None) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fewer_variants(monkeypatch):
    """A quiz that raises does so at its first variant; .ci/run draws thousands."""
    monkeypatch.setattr(variants, "SEEDS", 20)


@pytest.fixture
def folder(tmp_path):
    return authoring.new("descent", tmp_path)


@dataclass(frozen=True)
class Breakage:
    """One change to a folder that holds: in `file`, `old` becomes `new`."""

    file: str
    old: str
    new: str
    sentence: str  # what the message must say
    line: str = ""  # what stands on the line that it names; "" = the line of `new`

    def plant(self, folder: Path) -> None:
        path = folder / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) >= 1, self
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")
        os.utime(
            path, (later := path.stat().st_mtime + 2, later)
        )  # Python keeps what it compiled of a file as long and as old


TOML = "assignment.toml"
WHEN_LOADED = {
    "a driver of a wrong name": Breakage(TOML, '"guest.py"', '"gest.py"', "names 'gest.py'"),
    "a driver without play": Breakage("guest.py", "def play", "def plai", "no function `play", line='"""Drives'),
    "a driver that is not Python": Breakage("guest.py", "def play(", "def play((", "parenthes"),
    "a missing provided folder": Breakage(
        TOML, 'driver = "guest.py"', 'driver = "guest.py"\nprovided = "nowhere"', "names 'nowhere'", line="provided ="
    ),
    "a missing model solution": Breakage(TOML, 'model_solution = "solution.py"', 'model_solution = "s.py"', "no such file"),
    "a missing sample": Breakage(TOML, '"bare template" = "template.py"', '"bare template" = "t.py"', "names 't.py'"),
    "a missing function": Breakage("__init__.py", "from .planted import plant\n", "", "no `plant`", line='"""The assign'),
    "a missing title": Breakage(TOML, "title =", "titel =", "lacks `title`", line="# What"),
    "a misspelt key": Breakage(TOML, "quantity =", "qantity =", "no `qantity`"),
    "a misspelt table": Breakage(TOML, "[quiz]", "[qiuz]", "no `qiuz`"),
    "points that are a text": Breakage(TOML, "points = 10", 'points = "10"', "must be a number"),
    "a row without points": Breakage(TOML, "points = 10\n", "", "lacks `points`", line="[[rubric]]"),
    "a row with a key that does not exist": Breakage(TOML, "points = 10", "points = 10\nweight = 1", "no `weight`", "weight"),
    "a tolerance of text": Breakage(TOML, "relative = 1e-5", 'relative = "small"', "must be a number"),
    "a seed of text": Breakage(TOML, "seed = 1 ", 'seed = "one" ', "must be a whole number"),
    "a wrong rubric id in a check": Breakage("scenarios.py", '"step", arrays', '"stpe", arrays', "rubric row 'stpe'"),
    "a wrong rubric id in a misconception": Breakage("misconceptions.py", 'title, "step"', 'title, "stpe"', "'stpe'"),
    "a row that no check is about": Breakage(
        TOML, "[[rubric]]", '[[rubric]]\nid = "idle"\ntitle = "Idle"\npoints = 1\n\n[[rubric]]', "row 'idle'", 'id = "idle"'
    ),
    "a misconception about nothing": Breakage(
        "misconceptions.py", '("gradient_step",)', '("gradiant_step",)', "'gradiant_step'"
    ),
    "two misconceptions of one name": Breakage("misconceptions.py", '"without-lr"', '"uphill"', "2 misconceptions"),
    "two experiments of one name": Breakage("scenarios.py", '"several-steps"', '"one-step"', "2 experiments"),
    "a tolerance that does not exist": Breakage(
        "scenarios.py", 'arrays=("theta",)', 'arrays=("theta",), tolerance="tight"', "tolerance 'tight'"
    ),
    "a name that does not exist in scenarios": Breakage("scenarios.py", "_numbers(draw, shape)", "_number(draw, shape)", "NameError"),
    "a misspelt import": Breakage("golden.py", "from fractions import Fraction", "from fractions import Fractoin", "ImportError"),
    "a syntax error in the golden side": Breakage("golden.py", "path = [", "path = [[", "closed"),
    "TOML that is not": Breakage(TOML, "title = ", "title ", "not valid TOML"),
}  # fmt: skip


@pytest.mark.parametrize("how", WHEN_LOADED)
def test_a_breakage_is_a_sentence_with_file_and_line_before_anything_runs(folder, how):
    breakage = WHEN_LOADED[how]
    breakage.plant(folder)
    with pytest.raises(BadAssignment) as caught:
        load(str(folder))
    said = str(caught.value)
    assert breakage.sentence in said
    assert "\n" not in said
    assert "Traceback" not in said
    path = folder / breakage.file
    assert str(path) in said
    (number, *_) = (int(n) for n in re.findall(r"line (\d+)", said))
    assert (breakage.line or breakage.new.split("\n")[0]) in path.read_text().splitlines()[number - 1]


def submission(assignment, source: str) -> Submission:
    content = source.encode()
    return Submission("one", {assignment.main: content}, hashlib.sha256(content).hexdigest())


WHEN_MARKED = {
    "a typo in the driver": Breakage("guest.py", "gradient_step(theta", "gradient_stpe(theta", "AttributeError"),
    "a name that the driver lacks": Breakage("guest.py", 'spec["lr"]', 'spec["rate"]', "KeyError"),
    "a driver that imports what is not there": Breakage("guest.py", "\n\ndef play", "\nimport torch\n\n\ndef play", "torch"),
    "a driver that takes other arguments": Breakage("guest.py", "spec, arrays, record", "spec, arrays", "TypeError"),
    "an exception on the golden side": Breakage("golden.py", 'scenario.spec["lr"]', 'scenario.spec["rate"]', "KeyError"),
    "a golden answer without what a check reads": Breakage("golden.py", '{"theta": _path(gradient_step', '{"teta": _path(gradient_step', "the array 'theta'"),
    "an exception in what is derived": Breakage("__init__.py", "\n__all__", "\ndef derive(scenario, arrays):\n    return {}[0]\n\n\n__all__", "KeyError"),
    "an exception in the pictures": Breakage("golden.py", "    return ()", "    return ()[0]", "IndexError"),
    "an exception in the exhibit": Breakage("golden.py", "for number in array.ravel()", "for number in array.rovel()", "rovel"),
    "an exception in a prediction": Breakage("golden.py", 'hypothesis.get("rule", "downhill")', 'hypothesis["role"]', "KeyError"),
}  # fmt: skip
ONLY_PROVEN = {  # a question's fault costs that question only, and code is marked all the same
    "an exception in the quiz": Breakage("quiz.py", "id=name", "id=nam", "NameError"),
}
WRONG = "def gradient_step(theta, gradient, lr):\n    return theta - gradient * lr * 3\n"


@pytest.mark.slow
@pytest.mark.parametrize("how", WHEN_MARKED)
def test_an_authors_exception_is_a_grader_error_and_never_a_mark(folder, sandbox, how, tmp_path):
    breakage = WHEN_MARKED[how]
    breakage.plant(folder)
    work = tmp_path / "work"
    work.mkdir()
    (work / "descent.py").write_text(WRONG)
    (work / "quiz.toml").write_text("[answers]\n")
    assignment = load(str(folder))
    marked = batch.mark(work, assignment, sandbox, 1)
    assert marked.report.status == "grader_error"
    assert {row.status for row in marked.report.criteria} == {"not_run"}
    assert isinstance(marked.trouble, AuthorFault), marked.trouble
    assert breakage.sentence in str(marked.trouble)
    assert str(folder) in str(marked.trouble)


@pytest.mark.slow
@pytest.mark.parametrize("how", [*WHEN_MARKED, *ONLY_PROVEN])
def test_the_proof_ends_in_a_sentence(folder, sandbox, how):
    breakage = {**WHEN_MARKED, **ONLY_PROVEN}[how]
    breakage.plant(folder)
    proof = verify.verify(load(str(folder)), sandbox)
    assert not proof.holds
    assert any(breakage.sentence in row.said for row in proof.rows if not row.holds), [r.said for r in proof.rows]


STUDENTS = {
    "returns nothing": "def gradient_step(theta, gradient, lr):\n    pass\n",
    "returns a text": "def gradient_step(theta, gradient, lr):\n    return 'uphill'\n",
    "has another name": "def gradient_stepp(theta, gradient, lr):\n    return theta\n",
    "takes other arguments": "def gradient_step(theta):\n    return theta\n",
    "is not a function": "gradient_step = 3\n",
    "raises in itself": "def gradient_step(theta, gradient, lr):\n    return theta - lr * gradeint\n",
    "fails to import": "import nothing_of_that_name\n",
    "forges the driver's frame": (
        "exec(compile('def gradient_step(theta, gradient, lr):\\n    raise KeyError(1)', '<gradmark_driver>', 'exec'))\n"
    ),
    "breaks the driver": "import gradmark_driver\n\ndel gradmark_driver.play\ngradient_step = None\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("how", STUDENTS)
def test_a_students_mistake_that_raises_in_the_driver_stays_theirs(folder, sandbox, how):
    assignment = load(str(folder))
    report = pipeline.grade(submission(assignment, STUDENTS[how]), assignment, sandbox, 1)
    assert report.status == ("not_gradable" if how == "fails to import" else "graded")
    if how == "raises in itself":  # a slip of the pen: its line is found, and it costs what a slip costs
        assert [place.line for place in report.places] == [2]
        assert 0.9 * report.max_score <= report.score < report.max_score
    else:
        assert report.score == 0


@pytest.mark.slow
def test_the_command_says_the_sentence_and_ends_with_3(folder, tmp_path):
    WHEN_MARKED["a typo in the driver"].plant(folder)
    command = [sys.executable, "-m", "autograder", "grade", "descent/solution.py", "--assignment", "./descent"]
    env = {**os.environ, "COLUMNS": "200"}
    command += ["--sandbox", "process"]  # works everywhere, and what runs is ours
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "mistake in the assignment" in done.stderr
    assert re.search(r"guest\.py, line \d+", done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return theta - lr * gradient", "return theta - gradient * lr"),
        ("return theta - lr * gradient", "step = lr * gradient\n    return theta - step"),
    ],
)
def test_a_model_solution_that_no_longer_takes_a_misconception_says_which_and_how_to_mend_it(folder, sandbox, old, new):
    path = folder / "solution.py"
    path.write_text(path.read_text().replace(old, new))
    proof = verify.verify(load(str(folder)), sandbox)
    failing = {row.name: row.said for row in proof.rows if not row.holds}
    assert set(failing) == {"uphill", "without-lr"}
    assert all("planted.py" in said and "Write" in said for said in failing.values())
