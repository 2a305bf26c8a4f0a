"""assignment.toml: each fault of it is one sentence with the file and the line that it stands on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.assignment import BadAssignment
from autograder.assignment.settings import FILE, KNOWN, OPTIONAL, ROW, TOLERANCE, read

RIGHT = """\
title = "Descent"
main = "descent.py"
module = "descent"

[sources]
driver = "guest.py"

[quiz]
seed = 3

[[rubric]]
id = "step"
title = "The step"
points = 60

[[rubric]]
id = "state"
title = "The state"
points = 40.5

[tolerances.default]
relative = 1e-4
reason = "rounding of float32"
"""
LINES = RIGHT.splitlines()


def complaint(folder: Path, text: str) -> str:
    """What is said of these settings; "" where they are right."""
    (folder / FILE).write_text(text, encoding="utf-8")
    try:
        found = read(folder)
        found.criteria()
        found.tolerances()
        found.count("seed", "quiz", 1)
        found.path("driver", "sources")
    except BadAssignment as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("descent")
    (made / "guest.py").write_text("")
    return made


def test_right_settings_are_read(folder):
    (folder / FILE).write_text(RIGHT, encoding="utf-8")
    found = read(folder)
    assert [(row.id, row.points) for row in found.criteria()] == [("step", 60), ("state", 40.5)]
    assert found.tolerances()["default"].relative == 1e-4
    assert found.count("seed", "quiz", 1) == 3
    assert found.path("driver", "sources") == (folder / "guest.py").resolve()
    assert found.get(bool, "counts", "quiz", optional=True) is None


VALUES = [n for n, line in enumerate(LINES) if re.match(r"\w+ = ", line)]


@pytest.mark.parametrize("at", VALUES, ids=[LINES[at] for at in VALUES])
@pytest.mark.parametrize("value", ["true", "[1]", "{ a = 1 }", "1979-05-27"])
def test_a_value_of_another_kind_is_told_with_its_own_line(folder, at, value):
    key = LINES[at].partition(" = ")[0]
    told = complaint(folder, "\n".join([*LINES[:at], f"{key} = {value}", *LINES[at + 1 :]]))
    assert f"{FILE}, line {at + 1}: " in told
    assert f"`{key}` must be " in told


@pytest.mark.parametrize("at", VALUES, ids=[LINES[at] for at in VALUES])
def test_a_misspelt_key_is_told_with_the_names_there_are(folder, at):
    key, _, value = LINES[at].partition(" = ")
    told = complaint(folder, "\n".join([*LINES[:at], f"{key}x = {value}", *LINES[at + 1 :]]))
    if at < 3:
        assert f"lacks `{key}`" in told
    else:
        assert f"{FILE}, line {at + 1}: " in told
        assert f"has no `{key}x`; there are " in told
        assert key in told.partition("there are ")[2]


@pytest.mark.parametrize("at", VALUES, ids=[LINES[at] for at in VALUES])
def test_a_key_that_is_missing_is_told_where_it_is_needed(folder, at):
    key = LINES[at].partition(" = ")[0]
    text = "\n".join([*LINES[:at], *LINES[at + 1 :]])
    if key == "seed":
        (folder / FILE).write_text(text, encoding="utf-8")
        assert read(folder).count("seed", "quiz", 1) == 1, "it has a default"
        return
    header = next((n for n in range(at, -1, -1) if LINES[n].startswith("[")), 0)
    told = complaint(folder, text)
    assert f"line {header + 1}: " in told
    assert f"lacks `{key}`" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("points = 60", "points = 0", "row 'step' needs a number of points above 0"),
        ("points = 60", "points = inf", "row 'step' needs a number of points above 0"),
        ("points = 60", "points = nan", "row 'step' needs a number of points above 0"),
        ('id = "state"', 'id = "step"', "there are two rows with the id 'step'"),
        ("relative = 1e-4", "relative = 1", "must lie between 0 and 1"),
        ("relative = 1e-4", "relative = nan", "must lie between 0 and 1"),
        ("seed = 3", "seed = -1", "must not be negative"),
        ('title = "Descent"', 'title = " "', "`title` is empty"),
        ("[tolerances.default]", "[tolerances.fine]", "no [tolerances.default]"),
        ('driver = "guest.py"', 'driver = "gest.py"', "names 'gest.py', and there is no such file"),
        ("[quiz]", "[quizz]", "there is no `quizz`"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_line(folder, old, new, told):
    text = RIGHT.replace(old, new, 1)
    said = complaint(folder, text)
    assert told in said
    line = int(re.search(r"line (\d+)", said)[1])
    assert line == 1 if "fine" in new else text.splitlines()[line - 1].strip() == new


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(RIGHT) - 1), st.sampled_from(['"', "[", "]", "=", "\n", "\x00", "é", "#", "'"]))
def test_any_slip_of_the_pen_is_read_or_told_in_one_sentence(folder, at, slip):
    told = complaint(folder, RIGHT[:at] + slip + RIGHT[at + 1 :])
    assert not told or re.search(rf"{FILE}, line \d+: .", told)


def test_bytes_that_are_no_utf_8_are_told(folder):
    (folder / FILE).write_bytes(RIGHT.encode() + b"\xff")
    with pytest.raises(BadAssignment, match=f"byte {len(RIGHT)}: this is not UTF-8"):
        read(folder)


def test_each_key_of_a_row_that_may_be_missing_is_one_of_a_row():
    assert {*ROW} >= OPTIONAL
    assert not {*TOLERANCE} & OPTIONAL
    assert {"title", "main", "module", "sources", "rubric", "tolerances"} <= {*KNOWN}
