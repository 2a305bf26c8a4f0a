"""What `regenerate` writes for staff is what `grade` takes: the whole way, with a download and a gradebook at its end."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autograder import edition
from autograder.assignment import load
from autograder.quiz.variants import seed_for
from autograder.regenerate import contents, place, students_of
from autograder.roster import parse
from autograder.verify import Proof, ProofRow

ROOT = Path(__file__).resolve().parent.parent
OPTIMIZERS = load("optimizers")
SECRET = b"a secret of sixteen bytes or more"
ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Optimizers (991)\n    Points Possible,,,,,125\n"
    '"Lovelace, Ada",12345,s1,ada01,S,\n"Turing, Alan",12346,s2,alan02,S,\n"Hopper, Grace",12347,s3,grace03,S,\n'
)


def proven() -> Proof:
    """A proof of one statement: what is written looks only at whether it holds and whose it is."""
    return Proof(OPTIMIZERS.id, OPTIMIZERS.digest, 1, "process", (ProofRow("right", "it", True, "100", {}),))  # noqa: FBT003


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("autumn") / "out"
    given = students_of(parse(ROSTER), SECRET)
    place(contents(OPTIMIZERS, 7, proven(), given, roster=ROSTER.encode(), secret=SECRET), out)
    return out


def gradmark(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_an_edition_is_what_was_written(written):
    kept = edition.read(written / "staff")
    assert kept == edition.read(written)
    assert (kept.assignment, kept.seed, kept.secret, kept.digest) == ("optimizers", 7, SECRET, OPTIMIZERS.digest)
    marked_as = kept.of(OPTIMIZERS)
    assert (marked_as.quiz_seed, marked_as.quiz_counts) == (7, True)
    with pytest.raises(edition.BadEdition, match="not of schedulers"):
        kept.of(load("schedulers"))


@pytest.mark.slow
def test_an_edition_says_which_assignment_is_marked(tmp_path):
    asked = load("schedulers")
    files = edition.files(asked, 7, None, None)
    (tmp_path / "staff").mkdir()
    for name, content in files.items():
        (tmp_path / "staff" / name).write_bytes(content)
    (tmp_path / asked.main).write_bytes(asked.template.read_bytes())
    for more in ((), ("--assignment", "schedulers")):
        done = gradmark("grade", asked.main, "--edition", "staff", "--format", "json", *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["assignment"] == "schedulers"
    other = gradmark("grade", asked.main, "--edition", "staff", "--assignment", "optimizers", cwd=tmp_path)
    assert (other.returncode, "not of optimizers" in other.stderr) == (2, True)


@pytest.mark.parametrize("harm", ["edition.json", "secret", "roster.csv"])
def test_a_spoilt_edition_is_refused_with_a_sentence(written, tmp_path, harm):
    for file in (written / "staff").iterdir():
        if file.name in ("edition.json", "secret", "roster.csv"):
            (tmp_path / file.name).write_bytes(b"?" if file.name == harm else file.read_bytes())
    with pytest.raises(edition.BadEdition, match=re.escape(str(tmp_path))):
        edition.read(tmp_path)


@pytest.mark.slow
def test_a_class_goes_all_the_way_and_every_table_agrees(written, tmp_path):
    """A download of Canvas: ada's own quiz, alan with ada's, grace without one."""
    quiz = (written / "students" / "s1" / "quiz.toml").read_text()
    item = next(i for i in OPTIMIZERS.quiz(tomllib.loads(quiz)["variant"]) if i.kind == "choice")
    answered = quiz.replace(f'\n{item.id} = ""', f'\n{item.id} = "{next(o.id for o in item.key.options if o.right)}"')
    code = OPTIMIZERS.model_solution.read_text()
    for name, text in {
        "lovelaceada_12345_9001_optimizers.py": code, "lovelaceada_12345_9002_quiz.toml": answered,
        "turingalan_LATE_12346_9003_optimizers-1.py": code, "turingalan_LATE_12346_9004_quiz.toml": answered,
        "hoppergrace_12347_9005_optimizers.py": code,
    }.items():  # fmt: skip
        (tmp_path / "bulk" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "bulk" / name).write_text(text)
    done = gradmark(
        "grade", "bulk", "--edition", written / "staff", "--sandbox", "process", "--format", "json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "THE QUIZ OF 1 of 3 submissions WAS NOT MARKED" in done.stderr
    assert "Give --edition" not in done.stderr, "it was given"
    reports = {told["submission"]["known_as"][0]: told for told in map(json.loads, done.stdout.splitlines())}
    assert {who: (told["score"], told["max_score"]) for who, told in reports.items()} == {
        "s1": (100 + item.points, 125), "s2": (100, 125), "s3": (100, 125),
    }  # fmt: skip
    assert "“s1”, and you are “s2”" in reports["s2"]["quiz"][0]["message"]
    (tmp_path / "reports.jsonl").write_text(done.stdout)
    (tmp_path / "roster.csv").write_text(ROSTER)
    book = gradmark(
        "gradebook", "reports.jsonl", "--for", "canvas", "--roster", "roster.csv", "--out", "out.csv", cwd=tmp_path
    )
    assert "handed in and not marked; their reports say why: s2" in book.stderr
    rows = list(csv.reader((tmp_path / "out.csv").read_text().splitlines()))
    assert rows[0][-1] == "Optimizers (991)"
    assert [row[-1] for row in rows[1:]] == ["125", f"{100 + item.points:g}", "100", "100"]


def test_variants_are_by_the_id_that_the_roster_names(written):
    assert tomllib.loads((written / "students" / "s2" / "quiz.toml").read_text())["variant"] == seed_for(SECRET, "s2")
