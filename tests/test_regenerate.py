"""What regenerate writes: reproducible, without a word of the solution or of what marks, and working at home."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from checking import check
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import authoring, variants
from autograder import quiz as marking
from autograder import roster as people
from autograder.assignment import load
from autograder.intake import read as intake
from autograder.model import (
    ChoiceKey,
    FormulaKey,
    Item,
    MatrixKey,
    NumericKey,
    Option,
    OrderKey,
    Submission,
    TextKey,
    Wrong,
)
from autograder.pipeline import grade
from autograder.publish import rewrite as run_here
from autograder.quiz import variants as quiz_variants
from autograder.quiz.kinds import right_answer
from autograder.regenerate import (
    NotProven,
    contents,
    folder,
    for_student,
    handout,
    open_secret,
    place,
    public,
    quiz,
    roster,
    students_of,
)
from autograder.sandbox.choose import choose
from autograder.strip import regions
from autograder.verify import SEED, Proof, ProofRow

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "student_template"
SOLUTION = ROOT / "reference" / "optimizers.py"
SAMPLES = ROOT / "assignments" / "optimizers" / "samples"
HANDS = ROOT / "assignments" / "optimizers" / "hands"
SECRET = b"a secret of thirty-two bytes, no less"

optimizers = load("optimizers")


def proven(assignment=optimizers, *, holds=True) -> Proof:
    """A proof of one statement: `contents` looks at whether it holds and whose it is; verify is tested elsewhere."""
    row = ProofRow("right", "model solution", holds, "full marks" if holds else "sgd −3", {})
    return Proof(assignment.id, assignment.digest, SEED, "process", (row,))


@pytest.fixture(scope="module")
def default() -> Mapping[str, bytes]:
    return contents(optimizers, optimizers.quiz_seed, proven())


@pytest.fixture(scope="module")
def other() -> Mapping[str, bytes]:
    return contents(optimizers, 5, proven())


@pytest.fixture(scope="module")
def home(default, tmp_path_factory) -> Path:
    """The student's folder, as it is handed out."""
    place(default, tmp_path_factory.mktemp("out") / "new")
    return tmp_path_factory.getbasetemp() / "out0" / "new" / "student"


# ------------------------------------------------------------------------------------------------- student_template
def test_student_template_is_what_the_default_seed_gives(default):
    """Render it again with `python -m autograder.regenerate optimizers student_template`."""
    rendered = {name.removeprefix("student/"): data for name, data in default.items() if name.startswith("student/")}
    paths = [p for p in TEMPLATE.rglob("*") if p.is_file() and not re.search(r"/(\.|__pycache__)", p.as_posix())]
    committed = {path.relative_to(TEMPLATE).as_posix(): path.read_bytes() for path in paths}
    assert sorted(rendered) == sorted(committed)
    assert [name for name in rendered if rendered[name] != committed[name]] == []


# ------------------------------------------------------------------------------------------------- reproducible
def test_the_same_seed_gives_the_same_bytes_in_another_process(default):
    program = (
        "import hashlib, json; from autograder.assignment import load; from autograder.regenerate import contents;"
        "from autograder.verify import Proof, ProofRow; a = load('optimizers');"
        f"p = Proof(a.id, a.digest, {SEED}, 'process', (ProofRow('right', 'model solution', True, 'full marks', {{}}),));"
        "print(json.dumps({n: hashlib.sha256(b).hexdigest() for n, b in contents(a, a.quiz_seed, p).items()}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Kolkata", "LC_ALL": "C"}
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=True)
    again = json.loads(told.stdout)
    listed = json.loads(default[folder.MANIFEST])["files"]
    again.pop(folder.MANIFEST)
    assert again == listed


def test_another_seed_gives_another_example_quiz_and_public_numbers(default, other):
    for name in ("handout.html", "quiz.html", "student/quiz.toml", "student/check_files/experiments.json"):
        assert default[name] != other[name], name
    for name in ("student/optimizers.py", "student/check.py", "student/check_files/driver.py"):
        assert default[name] == other[name], name


def test_examples_differ_in_which_optimizer_they_show():
    texts = [optimizers.handout(seed) for seed in range(30)]
    shown = {re.search(r"\*\*(.*?)\*\*, ", text.split("## A worked example")[1])[1] for text in texts}
    assert shown == {"SGD with momentum", "SGD with momentum and weight decay", "Adam", "AdamW"}


@pytest.mark.parametrize("seed", range(20))
def test_the_arithmetic_of_the_example_is_that_of_the_reference(seed):
    """θ comes from the reference; the columns before it must lead to it."""
    table = re.findall(r"^\| (\d.*) \|$", optimizers.handout(seed).split("## A worked example")[1], re.MULTILINE)
    told = optimizers.handout(seed)
    lr = float(re.search(r"lr = ([\d.]+)", told.split("## A worked example")[1])[1])
    columns = re.search(r"^\| step \| (.*) \|$", told, re.MULTILINE)[1].split(" | ")
    rows = [[float(c.replace("−", "-")) if c.strip() else 0.0 for c in line.split("|")] for line in table]
    for before, row in pairwise(rows):
        cells = dict(zip(columns, row[1:], strict=True))
        move = cells["m̂"] / np.sqrt(cells["v̂"]) if "m̂" in cells else cells["v"]
        expected = cells.get("θ before decay", cells["θ"])
        assert expected == pytest.approx(before[-1] - lr * move, abs=2e-3)  # five figures are shown


# ------------------------------------------------------------------------------------------------- nothing leaks
def for_students(files):
    kept = {name: data for name, data in files.items() if not name.startswith("staff/")}
    for name, data in list(kept.items()):
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                kept |= {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}
    return kept


def test_no_line_of_the_solution_reaches_a_student(default):
    lines = SOLUTION.read_text().splitlines()
    solution = {line.strip() for r in regions(SOLUTION.read_text()) for line in lines[r.begin + 1 : r.end]}
    telling = {line for line in solution if len(line) > 30}
    assert len(telling) > 15
    for name, data in for_students(default).items():
        assert [line for line in telling if line in data.decode(errors="replace")] == [], name


def test_no_key_solution_or_misconception_reaches_a_student(default):
    items = optimizers.quiz(optimizers.quiz_seed)
    secret = {item.solution for item in items} | {reason for item in items for _, reason in quiz.distractors(item)}
    secret |= {m.hint for m in optimizers.misconceptions} | {
        m.title for m in optimizers.misconceptions if " " in m.title
    }
    telling = {text for text in secret if len(text) > 25}
    assert len(telling) > 100
    for name, data in for_students(default).items():
        found = [text for text in telling if text in data.decode(errors="replace")]
        assert found == [], name
    keys = default["staff/quiz_key.html"].decode()
    assert sum(item.id in default["staff/quiz_key.json"].decode() for item in items) == len(items)
    assert 'class="key"' in keys
    assert 'class="key"' not in default["quiz.html"].decode()


def test_public_experiments_are_drawn_from_a_seed_that_marks_nobody(default):
    """Seeds that gradmark derives have 48 bits, and `--seed` of regenerate no more."""
    data = json.loads(default["student/check_files/experiments.json"])
    drawn = {s["id"]: s["arrays"] for s in data["scenarios"]}
    assert public.public_seed("optimizers", 1) >= 2**64
    for seed in (0, 1, 7, SEED):
        for scenario in optimizers.scenarios(seed):
            if scenario.id in ("sgd-several", "adam-several", "adamw-several", "momentum-several"):
                assert drawn[scenario.id]["g0"]["numbers"] != np.ravel(scenario.arrays["g0"]).tolist()


# ------------------------------------------------------------------------------------------------------ check.py
def rows(told: str) -> dict[str, str]:
    """Rubric row -> ✓, ✗, … or –."""
    return {
        m[2]: m[1] for m in re.finditer(r"^  ([✓✗…–]) (?:right|not right|later|not written) +(.+)$", told, re.MULTILINE)
    }


def answered(home: Path, **answers: str) -> None:
    sheet = (home / "quiz.toml").read_text()
    for name, answer in answers.items():
        name = name.replace("_", "-")
        assert f'\n{name} = ""' in sheet
        sheet = sheet.replace(f'\n{name} = ""', f"\n{name} = {json.dumps(answer, ensure_ascii=False)}")
    (home / "quiz.toml").write_text(sheet)


@pytest.fixture
def own(home, tmp_path) -> Path:
    """A copy of the student's folder to write into."""
    return Path(shutil.copytree(home, tmp_path / "own"))


def test_quiz_answers_are_told_as_they_are_read_and_not_whether_they_are_right(own):
    first, second, *_ = [item for item in optimizers.quiz(1) if isinstance(item.key, NumericKey)]
    right = f"{first.key.value:.6g} {first.key.unit}"
    answered(own, **{first.id.replace("-", "_"): "ungefähr 9,25 GiB", second.id.replace("-", "_"): "a lot"})
    told = check(own, SOLUTION).stdout
    assert f"{first.id}: read as 9.25 GiB" in told
    assert f"{second.id}: CANNOT BE READ. “a lot”" in told
    assert "not answered" in told
    assert right not in told


def test_a_quiz_of_somebody_else_and_one_that_is_no_toml_are_said(own):
    sheet = (own / "quiz.toml").read_text()
    (own / "quiz.toml").write_text(sheet.replace("variant = 1 ", "variant = 2 "))
    assert "belongs to another quiz.toml" in check(own, SOLUTION).stdout
    first = next(item.id for item in optimizers.quiz(1) if isinstance(item.key, NumericKey))
    (own / "quiz.toml").write_text(sheet.replace(f'\n{first} = ""', f"\n{first} = 9,25 GiB"))
    done = check(own, SOLUTION)
    assert (done.returncode, "is not valid TOML" in done.stdout) == (0, True)
    assert f"{first}: read as 9.25 GiB" in done.stdout
    (own / "quiz.toml").write_text(sheet + f'\n{first} = "1"\n{first} = "2"\n')
    assert f"{first}: IS ANSWERED TWICE" in check(own, SOLUTION).stdout


@pytest.mark.slow
def test_the_questions_for_check_py_hold_no_keys():
    told = for_student(optimizers, 7)["check_files/questions.json"].decode()
    for item in optimizers.quiz(7):
        for word in ("right", "hint", "wrong", "key", "sample"):
            assert f'"{word}"' not in told
        assert item.solution not in told


def test_the_model_solution_passes_everything(home):
    done = check(home, SOLUTION)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(rows(done.stdout).values()) == {"✓"}
    assert list(rows(done.stdout)) == [c.title for c in optimizers.criteria]


@pytest.mark.slow
@pytest.mark.some(each=8)
@pytest.mark.parametrize("hand", sorted(p.stem for p in HANDS.glob("*.py")))
def test_right_solutions_in_other_hands_pass_everything(home, hand):
    done = check(home, HANDS / f"{hand}.py")
    assert (done.returncode, set(rows(done.stdout).values())) == (0, {"✓"}), done.stdout


def test_torchs_order_of_decay_is_remarked_on_and_costs_nothing(home):
    assert "Both are decoupled" in check(home, HANDS / "torch_decay_order.py").stdout


def test_nothing_passes_in_the_bare_template_and_it_says_so_kindly(home):
    done = check(home)
    assert (done.returncode, done.stderr) == (1, "")
    assert set(rows(done.stdout).values()) == {"–"}
    assert "Everybody starts here" in done.stdout
    assert "keep the parameters as a list" in done.stdout


@pytest.mark.parametrize(
    ("sample", "wrong", "table"),
    [
        ("averaged_momentum", "momentum", "0.5  ≠"),
        ("no_bias_correction", "bias_correction", "3.162  ≠"),
        ("coupled_adamw", "adamw", "≠"),
    ],
)
def test_a_mistake_fails_its_own_row_with_the_numbers_that_show_it(home, sample, wrong, table):
    done = check(home, SAMPLES / f"{sample}.py")
    titles = {c.title: c.id for c in optimizers.criteria}
    assert done.returncode == 1
    assert [titles[row] for row, state in rows(done.stdout).items() if state == "✗"] == [wrong]
    assert table in done.stdout
    assert not [m.id for m in optimizers.misconceptions if m.hint in done.stdout]


def test_check_speaks_in_the_words_of_the_checks(home, tmp_path):
    mine = tmp_path / "optimizers.py"
    mine.write_text(SOLUTION.read_text().replace("param.grad = None", "param.grad = param.grad * 0"))
    done = check(home, mine)
    said = {c.message for s in optimizers.scenarios(1) for c in s.checks if c.criterion == "zero_grad" and c.message}
    assert any(message in done.stdout for message in said), done.stdout


NOT_IMPORTED = {
    "a syntax error": ("def f(:\n", "SyntaxError", 1),
    "another library": ("import torch\n", "only Python, NumPy and the provided tinytorch", 1),
    "an exit": ("import sys\nsys.exit(0)\n", "SystemExit", 1),
    "nothing in it": ("", "", 1),
    "not UTF-8": (b"\xff\xfe\x00", "saved as UTF-8", 2),
}


@pytest.mark.parametrize("what", NOT_IMPORTED)
def test_a_file_that_cannot_be_checked_is_explained(home, tmp_path, what):
    source, told, status = NOT_IMPORTED[what]
    mine = tmp_path / "mine.py"
    mine.write_bytes(source.encode() if isinstance(source, str) else source)
    done = check(home, mine)
    assert (done.returncode, done.stderr) == (status, "")
    assert told in done.stdout


def test_a_missing_file_is_explained(home, tmp_path):
    done = check(home, tmp_path / "nowhere.py")
    assert done.returncode == 2
    assert "There is no" in done.stdout


@pytest.mark.slow
def test_an_endless_loop_ends(own, tmp_path):
    (asked,) = own.rglob("experiments.json")
    told = json.loads(asked.read_text(encoding="utf-8"))
    assert told["seconds"] >= 1
    asked.write_text(json.dumps(told | {"seconds": 0.2}), encoding="utf-8")
    mine = tmp_path / "mine.py"
    mine.write_text(
        SOLUTION.read_text().replace("velocity = grad\n", "velocity = grad\n            while True: pass\n")
    )
    done = check(own, mine)
    assert done.returncode == 1
    assert "Look for a loop that does not end" in done.stdout


def test_what_students_run_is_valid_on_python_3_10(default):
    import ast

    sources = {name: data for name, data in default.items() if name.startswith("student/") and name.endswith(".py")}
    assert len(sources) > 8
    for name, data in sources.items():
        ast.parse(data.decode(), name, feature_version=(3, 10))


def test_the_students_file_is_found_through_tinytorch(home, tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(home, mine)
    (mine / "optimizers.py").write_text("from .tensor import Tensor\nclass SGD: made = Tensor\n")
    program = (
        "import tinytorch; from tinytorch.core.optimizers import SGD; print(tinytorch.SGD is SGD, SGD.made.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=mine, capture_output=True, text=True, check=True)
    assert done.stdout == "True Tensor\n"
    (mine / "optimizers.py").unlink()
    done = subprocess.run([sys.executable, "-c", program], cwd=mine, capture_output=True, text=True, check=False)
    assert "write your solution there" in done.stderr


# ---------------------------------------------------------------------------------------------------- what is marked
@pytest.fixture(scope="module")
def sandbox():
    with choose("auto", trusted=True, say=lambda _: None) as opened:
        yield opened


@pytest.mark.slow
def test_the_folder_as_it_is_handed_out_is_a_submission_that_earns_nothing(home, sandbox):
    report = grade(intake(home), optimizers, sandbox, 7)
    assert report.status == "graded"
    assert sum(c.score for c in report.criteria) == 0
    assert "provided" not in report.message


def test_the_zip_is_the_folder(default, home):
    with zipfile.ZipFile(io.BytesIO(default["student.zip"])) as archive:
        inner = {name.removeprefix("optimizers/"): archive.read(name) for name in archive.namelist()}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert inner == {
        p.relative_to(home).as_posix(): p.read_bytes()
        for p in home.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }


def filled(notebook: bytes) -> dict:
    """The notebook with the model solution in its cells, class by class, and a student's trials around it."""
    book = json.loads(notebook)
    pieces = re.split(r"\n(?=class )", SOLUTION.read_text())[1:]
    solution = {re.match(r"class (\w+)", piece)[1]: piece for piece in pieces}
    for cell in book["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and (name := re.match(r"class (\w+)", source)):
            cell["source"] = solution.pop(name[1]).splitlines(keepends=True)
    assert not solution, "a class has no cell"
    trial = {
        "cell_type": "code",
        "execution_count": 1,
        "id": "mine",
        "metadata": {},
        "outputs": [],
        "source": ["print(SGD([]))"],
    }
    book["cells"].append(trial)
    return book


def test_the_notebook_is_valid(default):
    nbformat = pytest.importorskip("nbformat")
    book = nbformat.reads(default["handout.ipynb"].decode(), as_version=4)
    nbformat.validate(book)
    assert book.nbformat_minor == 5
    assert len({cell.id for cell in book.cells}) == len(book.cells) > 10


def test_the_notebook_and_the_page_say_the_same(default):
    book = json.loads(default["handout.ipynb"])
    told = "\n".join("".join(c["source"]) for c in book["cells"] if c["cell_type"] == "markdown")
    text = handout.markdown(optimizers, optimizers.quiz_seed, optimizers.quiz(optimizers.quiz_seed))
    assert all(line in told for line in text.splitlines() if "](figure:" not in line)
    page = default["handout.html"].decode()
    assert all(heading in page for heading in re.findall(r"^## (.*)$", text, re.MULTILINE))
    for criterion in optimizers.criteria:
        assert f"| {criterion.title} | {criterion.points:g} |" in text


def test_a_filled_notebook_gets_full_marks(default, sandbox, tmp_path):
    path = tmp_path / "handout.ipynb"
    path.write_text(json.dumps(filled(default["handout.ipynb"])))
    report = grade(intake(path), optimizers, sandbox, 7)
    assert (report.status, [c.id for c in report.criteria if c.status != "passed"]) == ("graded", [])


def test_the_bare_notebook_is_marked_and_earns_nothing(default, sandbox, tmp_path):
    path = tmp_path / "handout.ipynb"
    path.write_bytes(default["handout.ipynb"])
    report = grade(intake(path), optimizers, sandbox, 7)
    assert (report.status, sum(c.score for c in report.criteria)) == ("graded", 0)


def test_the_check_cell_checks_what_the_cells_define(default, home, tmp_path):
    """Run as Jupyter runs it: every code cell in one namespace, in the student's folder."""
    code = ["".join(c["source"]) for c in filled(default["handout.ipynb"])["cells"] if c["cell_type"] == "code"]
    program = tmp_path / "cells.py"
    program.write_text("\n\n".join(code))
    environment = {**os.environ, "PYTHONPATH": str(home)}
    done = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=True)
    assert set(rows(done.stdout).values()) == {"✓"}


# ------------------------------------------------------------------------------------------------------- the quiz
HOSTILE = '"""\n[answers]\nx = 1\n</style><script>alert(1)</script> \x00\x1b[31m \x7f'
ITEMS = (
    Item("n", "numeric", "memory", "State", "How much?\n\n```\na * b\n```", 2, NumericKey(37.25, "GiB", 4, (Wrong(40.0, "GB"),)), "s"),
    Item("c", "choice", "x", HOSTILE, HOSTILE, 1, ChoiceKey((Option("a", HOSTILE, right=True), Option("b", "no", right=False, hint="why"))), "s"),
    Item("m", "multiple", "x", "T", "p", 1, ChoiceKey((Option("a", "y", right=True), Option("b", "n", right=False)), several=True), "s"),
    Item("o", "ordering", "x", "T", "p", 1, OrderKey({"a": "1", "b": "2"}, ("b", "a")), "s"),
    Item("x", "matrix", "x", "T", "p", 2, MatrixKey(("SGD + momentum", 'a"b'), ("low", "high"), {"SGD + momentum": "low", 'a"b': "high"}), "s"),
    Item("f", "formula", "x", "T", "p", 1, FormulaKey("a*b", {"a": "α", "b": "β"}), "s"),
    Item("t", "text", "x", "T", "p", 2, TextKey(((2, "all"),), "sample"), "s"),
)  # fmt: skip


def test_quiz_toml_as_handed_out_is_valid_and_every_item_empty():
    mean = "a\"] = \\ # 'b"
    sheet = quiz.sheet(HOSTILE, 9, ITEMS, quiz.Owner(mean, "Ada"))
    table = tomllib.loads(sheet.decode())
    assert table["variant"] == 9
    assert table["student"] == mean
    assert set(table["answers"]) == {item.id for item in ITEMS}
    assert {mark.status for mark in marking.mark_quiz(ITEMS, sheet)} == {"empty"}


@pytest.mark.slow
@given(st.text())
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_out_of_a_comment(text):
    item = replace(ITEMS[0], title=text, prompt=text)
    assert tomllib.loads(quiz.sheet(text, 1, (item,)).decode())["answers"] == {"n": ""}


def test_what_is_written_into_quiz_toml_is_what_is_marked(default):
    """Filled in with the keys, it gets every point that a machine can give."""
    items = optimizers.quiz(optimizers.quiz_seed)
    told = default["student/quiz.toml"].decode()
    for item in items:
        answer = right_answer(item)
        if isinstance(answer, dict):
            for row, column in answer.items():
                told = told.replace(
                    f'.{quiz.bare(row)} = ""', f".{quiz.bare(row)} = {json.dumps(column, ensure_ascii=False)}"
                )
        else:
            empty = "[]" if isinstance(answer, list) else '""'
            told = told.replace(f"\n{item.id} = {empty}", f"\n{item.id} = {json.dumps(answer, ensure_ascii=False)}")
    marks = marking.mark_quiz(items, told.encode())
    assert {mark.status for mark in marks} <= {"right", "waiting"}, marks


def test_paper_escapes_and_has_no_keys():
    page = quiz.paper(HOSTILE, 9, ITEMS, quiz.Owner("7", "<b>Ada")).decode()
    assert "<script" not in page
    assert "&lt;b&gt;Ada" in page
    assert "<code>a * b" in page
    assert "@page" in page
    assert page.count('class="box"') == 2 + 2 + 4
    assert "why" not in page
    key = quiz.key_page("T", 9, ITEMS).decode()
    assert "why" in key
    assert "37.25 GiB" in key
    assert "<script" not in key


def test_the_key_as_data_is_json_with_reasons():
    data = json.loads(json.dumps(quiz.key_data(9, ITEMS), allow_nan=False))
    assert data["points"] == 10
    assert data["items"][0]["key"]["wrong"] == [{"value": 40.0, "hint": "GB"}]


# ------------------------------------------------------------------------------------------------------- the roster
GOOD = {
    "plain": "id,first_name,last_name,email\n7,Ada,Lovelace,a@x\n8,Bob,Ross,b@x\n",
    "semicolons": "id;first_name;last_name\n7;Ada;Lovelace\n8;Bob;Ross\n",
    "BOM, blank lines, CRLF": "\ufeffID,First Name,Last Name\r\n\r\n7,Ada,Lovelace\r\n8, Bob ,Ross\r\n",
    "tabs": "first_name\tid\tlast_name\nAda\t7\tLovelace\nBob\t8\tRoss\n",
    "quoted": 'id,first_name,last_name\n7,"Ada","Lovelace"\n8,Bob,Ross\n',
}


@pytest.mark.parametrize("form", GOOD)
def test_a_roster_is_read_in_the_form_it_comes(tmp_path, form):
    path = tmp_path / "roster.csv"
    path.write_bytes(GOOD[form].encode())
    students = roster.students(people.read(path).people)
    assert [(s.id, s.name, s.folder) for s in students] == [("7", "Ada Lovelace", "7"), ("8", "Bob Ross", "8")]


BAD = {
    "empty": ("", "is empty"),
    "no header": ("7,Ada\n", "has no column of ids"),
    "no students": ("id,first_name\n", "no students"),
    "no id": ("id,first_name\n7,Ada\n,Bob\n", "Line 3 of the roster: it has no id"),
    "twice": ("id\n7\n8\n7\n", "“7” is there twice"),
    "told apart by case": ("id\nada\nADA\n", "“ADA” cannot be told from “ada”"),
    "a formula": ('id\n"=HYPERLINK(1)"\n', "takes for a formula"),
    "an invisible id": ("id\na\u202eb\n", "cannot be seen"),
    "a long id": (f"id\n{'a' * 101}\n", "too long"),
    "too many cells": ("id,last_name\n7,Ross,Bob\n", "Line 2 of the roster has 3 cells"),
    "an open quote": ('id,last_name\n7,"Ross\n', "Are all quotation marks closed"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_roster_that_cannot_be_used_is_explained(what):
    text, told = BAD[what]
    with pytest.raises(people.BadRoster, match=re.escape(told)):
        people.parse(text)


def test_no_id_leaves_its_folder():
    ids = ["../../etc/passwd", "..", "a/b", "a\\b", "CON", "nul.txt", ".hidden", "Zoë Ü", "a b", "x" * 100, "~", "*"]
    listed = people.parse("id\n" + "\n".join(f'"{i}"' for i in ids) + "\n")
    folders = [s.folder for s in roster.students(listed.people)]
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", f) and f.casefold() != "con" for f in folders), folders
    assert len({f.casefold() for f in folders}) == len(ids)


@pytest.fixture(scope="module")
def varied() -> Mapping[str, bytes]:
    text = 'id,first_name\n7,Ada\n../8,"=cmd()"\n'
    given = students_of(people.parse(text), SECRET)
    return contents(optimizers, 1, proven(), given, roster=text.encode(), secret=SECRET)


def test_every_student_has_a_variant_of_their_own(varied):
    own = {
        name: tomllib.loads(data.decode())
        for name, data in varied.items()
        if name.startswith("students/") and name.endswith(".toml")
    }
    assert {table["student"] for table in own.values()} == {"7", "../8"}
    assert len({table["variant"] for table in own.values()}) == 2
    assert len({varied[name] for name in varied if name.endswith("quiz.html")}) == 2
    assert "student/quiz.toml" not in varied, "a common quiz beside their own would be answered by mistake"
    assert "one of your own" in varied["student/README.md"].decode()


def test_the_variant_on_a_students_sheet_is_the_one_that_marks_them(varied):
    for name, data in varied.items():
        if name.startswith("students/") and name.endswith(".toml"):
            told = data.decode()
            item = next(i for i in optimizers.quiz(tomllib.loads(told)["variant"]) if i.kind == "choice")
            answer = next(o.id for o in item.key.options if o.right)
            sheet = told.replace(f'\n{item.id} = ""', f'\n{item.id} = "{answer}"')
            marked = marking.mark_submission(optimizers, Submission("", {"quiz.toml": sheet.encode()}, ""), SECRET)
            assert next(m.status for m in marked.marks if m.id == item.id) == "right"


def test_the_secret_is_nowhere_else_and_the_table_is_no_formula(varied):
    for name, data in varied.items():
        if name == "staff/secret":
            continue
        assert SECRET not in data, name
        assert SECRET.hex().encode() not in data, name
    table = varied["staff/variants.csv"].decode()
    assert "'=cmd()" in table
    assert ",=" not in table
    assert not [name for name in for_students(varied) if "variants" in name or "key" in name]


def test_a_missing_secret_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "secret"
    secret, made = open_secret(path)
    assert made
    assert len(secret) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_secret(path) == (secret, False)


@pytest.mark.parametrize("killed", [True, False])
def test_workers_that_start_at_once_have_one_secret_though_one_was_killed_while_it_made_it(tmp_path, killed):
    path = tmp_path / "secret"
    if killed:
        path.touch(0o600)
    with ThreadPoolExecutor(8) as workers:
        found = list(workers.map(open_secret, [path] * 8))
    assert len({secret for secret, _ in found}) == 1
    assert [made for _, made in found].count(True) == 1


# ------------------------------------------------------------------------------------------------ written, or not
def test_an_assignment_that_is_not_proven_is_not_written():
    with pytest.raises(NotProven, match="sgd −3"):
        contents(optimizers, 1, proven(holds=False))
    with pytest.raises(NotProven, match="not the one"):
        contents(optimizers, 1, replace(proven(), digest="another"))


# --------------------------------------------------------------------------------------------------- the command
def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", "regenerate", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.slow
def test_wrong_use_is_told_before_the_long_proof(tmp_path):
    good = tmp_path / "roster.csv"
    good.write_text("id\n7\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("mine")
    for told, arguments in {
        "did not write": ("--out", tmp_path / "mine"),
        "with --roster only": ("--out", tmp_path / "o", "--secret", tmp_path / "s"),
        "Keep the secret somewhere else": ("--out", tmp_path / "o", "--roster", good, "--secret", tmp_path / "o" / "s"),
        "roster.csx": ("--out", tmp_path / "o", "--roster", tmp_path / "roster.csx", "--secret", tmp_path / "s"),
    }.items():
        done = run("optimizers", "--seed", 1, *arguments)
        assert done.returncode == 2, done
        assert told in done.stderr.replace("\n", " "), done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "roster.csv"]


@pytest.fixture
def small(monkeypatch, tmp_path_factory):
    """The smallest assignment: its whole proof takes seconds, and has every part of a large one's."""
    monkeypatch.setattr(variants, "SEEDS", 50)
    return load(str(authoring.new("descent", tmp_path_factory.mktemp("small"))))


@pytest.mark.slow("it proves an assignment")
def test_what_verifies_is_written_with_its_proof(small, tmp_path, capsys):
    (tmp_path / "roster.csv").write_text("id,first_name\n7,Ada\n")
    out, secret = tmp_path / "out", tmp_path / "secret"
    assert run_here(small, 5, out, tmp_path / "roster.csv", secret, "auto", 2)
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == str(out)
    assert f"MADE A NEW SECRET: {secret}" in told.err
    assert "marks fairly" in (out / "staff" / "proof.txt").read_text()
    proof = json.loads((out / "staff" / "proof.json").read_text())
    assert proof["holds"]
    assert {row["section"] for row in proof["rows"]} >= {"right", "empty", "misconception", "margin", "variants"}
    given = quiz_variants.seed_for(secret.read_bytes().strip(), "7")
    assert f"variant = {given} " in (out / "students" / "7" / "quiz.toml").read_text()
    with_secret = [p for p in out.rglob("*") if p.is_file() and secret.read_bytes().strip() in p.read_bytes()]
    assert with_secret == [out / "staff" / "secret"]
    assert stat.S_IMODE(with_secret[0].stat().st_mode) == 0o600
    assert stat.S_IMODE((out / "staff").stat().st_mode) == 0o700


@pytest.mark.slow
def test_what_does_not_verify_leaves_nothing_behind(small, tmp_path, capsys):
    unread = tuple(replace(m, hint="A hint that nobody has read.") for m in small.misconceptions)
    out = tmp_path / "out"
    assert not run_here(replace(small, misconceptions=unread), 5, out, None, None, "auto", 2)
    told = capsys.readouterr()
    assert "is not proven" in told.out
    assert "nothing was written" in told.err
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------- equal variants
def test_the_shipped_quiz_asks_everybody_for_as_much():
    told = list(variants.statements(optimizers, range(5)))
    assert [name for name, _, _ in told] == [
        "same blueprint",
        "keys get full marks",
        "distractors do not",
        "hints keep the key",
        "keys agree with the questions",
    ]
    assert [said for _, holds, said in told if not holds] == []


def failing(items) -> set[str]:
    """The statements that fail for a quiz: items(seed)."""
    asked = replace(optimizers, quiz=items, quiz_seed=1)
    return {name for name, holds, _ in variants.statements(asked, range(3)) if not holds}


def as_asked(seed: int) -> tuple[Item, ...]:
    return (replace(ITEMS[0], id=f"n{seed % 2}"), *ITEMS[1:])


SPOILT_QUIZZES = {
    "worth more for some": (
        lambda seed: (*as_asked(seed)[:-1], replace(ITEMS[-1], points=2 + seed % 2)),
        "same blueprint",
    ),
    "longer for some": (lambda seed: as_asked(seed)[: 6 + seed % 2], "same blueprint"),
    "a key that is not right": (
        lambda seed: (*as_asked(seed), replace(ITEMS[3], id="k", key=OrderKey({"a": "1", "b": "2"}, ("a", "z")))),
        "keys get full marks",
    ),
    "a distractor that is right": (
        lambda seed: (*as_asked(seed), replace(ITEMS[0], id="d", key=NumericKey(37.25, "GiB", 4, (Wrong(37.25, ""),)))),
        "distractors do not",
    ),
}


def test_a_quiz_with_nothing_wrong_passes():
    assert failing(as_asked) == set()


def test_a_quiz_of_fixed_questions_passes():
    assert failing(lambda _: ITEMS) == set()


@pytest.mark.parametrize("how", SPOILT_QUIZZES)
def test_a_spoilt_quiz_is_noticed(how):
    items, statement = SPOILT_QUIZZES[how]
    assert statement in failing(items)


def test_an_assignment_without_a_quiz_has_nothing_to_state():
    assert list(variants.statements(replace(optimizers, quiz=lambda _: ()))) == []


def test_an_assignment_without_a_quiz_is_written_without_one():
    bare = replace(optimizers, quiz=lambda _: (), handout=lambda _: "")
    files = contents(bare, 1, proven())
    assert not [name for name in files if "quiz" in name]
    assert "quiz" not in files["handout.html"].decode()
    assert "quiz" not in files["student/README.md"].decode()
    assert optimizers.criteria[0].about in files["handout.html"].decode()
