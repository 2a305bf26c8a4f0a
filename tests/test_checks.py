"""The parts of an assignment are held against each other before anything runs."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import BadAssignment, checks, load
from autograder.assignment.settings import AssignmentSettings

ASSIGNMENT = load("optimizers")
MODULE = st.from_regex(r"[a-z_]{3,12}", fullmatch=True)


def named(main: str, module: str) -> AssignmentSettings:
    return AssignmentSettings(
        Path("descent"), {"main": main, "module": module}, f"main = {main!r}\nmodule = {module!r}"
    )


@given(MODULE, st.lists(MODULE, max_size=2))
def test_a_module_that_can_be_imported_is_taken_and_one_that_is_taken_is_not(first, more):
    module = ".".join([first, *more])
    free = first not in checks.TAKEN | sys.stdlib_module_names and not any(map(keyword.iskeyword, (first, *more)))
    if free:
        checks.must_name(named("a.py", module))
    else:
        with pytest.raises(BadAssignment, match="no other module has"):
            checks.must_name(named("a.py", module))


@pytest.mark.parametrize(
    "module", ["", "a-b", "1a", "a..b", ".a", "class", "numpy", "numpy.x", "json", "gradmark_driver", "a b"]
)
def test_a_module_that_cannot_be_imported_is_refused(module):
    with pytest.raises(BadAssignment, match="module"):
        checks.must_name(named("a.py", module))


@pytest.mark.parametrize("main", ["a.txt", "a/b.py", "../a.py", ".py", "-", "a\n.py", "a.py.txt"])
def test_a_submission_is_called_like_a_python_file_without_a_folder(main):
    with pytest.raises(BadAssignment, match="without a folder"):
        checks.must_name(named(main, "descent"))


DRIVERS = {
    "def play(module, spec, arrays, record): pass\n": "",
    "play = print\n": "",
    "def plai(): pass\n": "has no function `play",
    "class A:\n    def play(self): pass\n": "has no function `play",
    "def play((: pass\n": "line 1: ",
    "x = 1\nraise SystemExit\nplay(\n": "line 3: ",
    "'\0'\n": "null byte|not Python",
}


@pytest.mark.parametrize(("source", "told"), DRIVERS.items())
def test_a_driver_is_read_and_never_run(source, told, tmp_path):
    driver = tmp_path / "guest.py"
    driver.write_text(source)
    if not told:
        checks.must_drive(driver)
        return
    with pytest.raises(BadAssignment, match=told):
        checks.must_drive(driver)


def test_a_driver_of_another_encoding_is_told(tmp_path):
    driver = tmp_path / "guest.py"
    driver.write_bytes("def play(): 'é'".encode("latin-1"))
    with pytest.raises(BadAssignment, match="not Python in UTF-8"):
        checks.must_drive(driver)


def exported(**changes):
    names = {name: getattr(ASSIGNMENT, name, None) or (lambda *_: None) for name in checks.NEEDED if name.islower()}
    constants = {name: getattr(ASSIGNMENT, field) for name, (field, _) in checks.CONSTANTS.items()}
    return SimpleNamespace(**{**names, **constants, **changes})


@pytest.mark.parametrize("name", checks.NEEDED)
def test_a_name_that_every_assignment_has_is_asked_for(name, tmp_path):
    checks.must_export(exported(), tmp_path)
    package = exported()
    delattr(package, name)
    kind = "a tuple" if name in checks.CONSTANTS else "a function"
    with pytest.raises(BadAssignment, match=f"has no `{name}`; export {kind} of that name"):
        checks.must_export(package, tmp_path)


@pytest.mark.parametrize("name", [*checks.OFFERED, *checks.CONSTANTS])
def test_an_export_of_another_kind_is_refused(name, tmp_path):
    with pytest.raises(BadAssignment, match="must be "):
        checks.must_export(exported(**{name: 5}), tmp_path)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("def f():\n    return 1\n", "nothing is marked"),
        ("def f():\n    ### BEGIN SOLUTION\n    return 1\n", "line "),
        ("def f():\n    return 1\n    ### END SOLUTION\n", "line "),
    ],
)
def test_a_model_solution_without_marks_is_refused(body, told, tmp_path):
    (tmp_path / "solution.py").write_text(body)
    with pytest.raises(BadAssignment, match=told):
        checks.must_leave_out(tmp_path / "solution.py")
    checks.must_leave_out(ASSIGNMENT.model_solution)


def changed(part: str):
    """The assignment with one part that contradicts the others; and what is said of it."""
    first, second, *others = ASSIGNMENT.scenarios(ASSIGNMENT.quiz_seed)
    check, *more = first.checks
    m, *rest = ASSIGNMENT.misconceptions

    def asking(*scenarios):
        return replace(ASSIGNMENT, scenarios=lambda _: scenarios)

    return {
        "two experiments of one id": (asking(first, replace(second, id=first.id), *others), "there are 2 experiments with the id"),
        "two checks of one id": (asking(replace(first, checks=(check, check, *more)), second, *others), "checks in experiment"),
        "a row that is not there": (asking(replace(first, checks=(replace(check, criterion="nowhere"), *more)), second, *others), "names the rubric row 'nowhere', which does not exist"),
        "a tolerance that is not there": (asking(replace(first, checks=(replace(check, tolerance="none"), *more)), second, *others), "names the tolerance 'none', which does not exist"),
        "a row that nobody can earn": (replace(ASSIGNMENT, criteria=(*ASSIGNMENT.criteria, replace(ASSIGNMENT.criteria[0], id="idle"))), "nobody could earn it"),
        "two misconceptions of one id": (replace(ASSIGNMENT, misconceptions=(m, m, *rest)), "there are 2 misconceptions with the id"),
        "a misconception about no row": (replace(ASSIGNMENT, misconceptions=(replace(m, criterion="nowhere"), *rest)), "names the rubric row 'nowhere'"),
        "a misconception about no subject": (replace(ASSIGNMENT, misconceptions=(replace(m, groups=("Nobody",)), *rest)), "is about 'Nobody', which does not exist"),
        "a convention about no subject": (replace(ASSIGNMENT, conventions=tuple(replace(c, group="Nobody") for c in ASSIGNMENT.conventions)), "is about 'Nobody', which does not exist"),
    }[part]  # fmt: skip


PARTS = (
    "two experiments of one id", "two checks of one id", "a row that is not there", "a tolerance that is not there",
    "a row that nobody can earn", "two misconceptions of one id", "a misconception about no row",
    "a misconception about no subject", "a convention about no subject",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_parts_that_contradict_each_other_are_told(part):
    checks.must_agree(ASSIGNMENT)
    assignment, told = changed(part)
    with pytest.raises(BadAssignment, match=re.escape(told)):
        checks.must_agree(assignment)
