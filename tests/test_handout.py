"""The optimizers handout: its figures are the reference's, and the code in it prints what it says."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.adapters.notebooks import introduction
from autograder.assignment import load
from autograder.blame import AuthorFault
from autograder.regenerate import handout
from autograder.render.markdown import unstyled_html

ROOT = Path(__file__).resolve().parent.parent
OPTIMIZERS = load("optimizers")
TEXT = OPTIMIZERS.handout(1)
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
PRINTED = re.search(r"both print ([\d.]+), ([\d.]+) and ([\d.]+)\b", TEXT).groups()


def series(figure: str, label: str):
    chart = next(chart for chart in OPTIMIZERS.figures(1) if chart.id == figure)
    return next(one for one in chart.series if one.label == label)


def test_the_figures_show_what_the_handout_says():
    assert np.allclose(series("correction", "both").y, 1.0)
    assert round(series("correction", "none").y[0], 2) == 3.16
    assert round(series("correction", "only m").y[0], 1) == 31.6
    assert [series("memory", name).y[-1] for name in ("SGD", "momentum", "Adam")] == [40, 80, 120]
    across = np.sign(series("ravine", "SGD").x)
    assert (across[1:] == -across[:-1]).all()  # in every step
    assert (np.diff(np.sign(series("ravine", "momentum").x)) != 0).sum() < len(across) / 3


def test_page_and_notebook_hold_each_figure():
    told = handout.markdown(OPTIMIZERS, 1, ())
    page, book = handout.html(OPTIMIZERS, 1, told).decode(), json.loads(handout.notebook(OPTIMIZERS, 1, told))
    cells = "".join("".join(cell["source"]) for cell in book["cells"])
    drawn = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)\)", cells)
    assert page.count("<svg") == len(drawn) == len(OPTIMIZERS.figures(1)) == 3
    assert all(base64.b64decode(one).startswith(b"<svg xmlns=") for one in drawn)
    assert "figure:" not in page + cells
    for chart in OPTIMIZERS.figures(1):
        assert chart.title in page


def test_notebooks_of_platforms_hold_each_figure():
    assert "".join(introduction(OPTIMIZERS)).count("data:image/svg+xml") == 3


def test_where_figures_cannot_be_shown_they_are_told():
    shown = str(unstyled_html(TEXT))
    assert "<img" not in shown
    assert shown.count("file has a figure:") == 3


def test_a_figure_that_is_not_there_is_the_authors_fault():
    other = replace(OPTIMIZERS, handout=lambda _: "![A hill](figure:hill)")
    with pytest.raises(
        AuthorFault, match=r"figures\.py, line \d+: the handout names the figure 'hill'.*ravine"
    ) as caught:
        handout.html(other, 1, handout.markdown(other, 1, ()))
    assert "gives ravine, correction, memory" in str(caught.value)
    with pytest.raises(AuthorFault, match="'hill'"):
        handout.notebook(other, 1, handout.markdown(other, 1, ()))


@pytest.mark.parametrize("block", [0, 1], ids=["yours", "torch"])
def test_the_comparison_with_torch_prints_what_the_handout_says(tmp_path, block):
    if block:
        pytest.importorskip("torch")
    shutil.copytree(ROOT / "student_template" / "tinytorch", tmp_path / "tinytorch")
    shutil.copyfile(OPTIMIZERS.model_solution, tmp_path / OPTIMIZERS.main)
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS[block]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == list(PRINTED), done.stderr


def test_gradients_that_are_too_large_do_what_the_handout_says():
    """A second moment that is infinite stays so, and stops its number; an infinite gradient leaves none."""
    largest = float(np.finfo(np.float32).max)
    assert f"{largest:.1e}" == "3.4e+38"
    assert f"{largest**0.5:.1e}" == "1.8e+19"
    with np.errstate(all="ignore"):
        v = np.float32(0.001) * np.float32(2e19) ** 2
        assert np.isinf(np.float32(0.999) * v)
        assert np.float32(1.0) / np.sqrt(v) == 0
        assert np.isnan(np.float32(np.inf) / np.sqrt(v))
