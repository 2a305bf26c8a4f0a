"""From a file to a report, in real sandboxes: right answers, wrong ones, and attacks that must come to nothing."""

import json
from dataclasses import replace

import pytest
from attacking import ATTACKS, attacked
from conftest import require

from autograder import intake, pipeline
from autograder.assignment import load
from autograder.model import Submission
from autograder.render.html import page
from autograder.render.jsonl import to_json
from autograder.sandbox import SandboxFailed, SandboxUnavailable
from autograder.sandbox.choose import choose, probe
from autograder.sandbox.limits import LIMITS

SEED = 7
OPTIMIZERS = load("optimizers")
SOLUTION = OPTIMIZERS.model_solution.read_text()
QUICK = replace(LIMITS, wall_seconds=30.0, cpu_seconds=4)  # above the time for an import, so that it is what is told
SOON = 8.0  # seconds of wall clock, for code that stops itself after what honest code does in half a second


@pytest.fixture(scope="module", params=["landlock", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request):
    require(request.param)
    with choose(request.param, limits=QUICK, say=lambda _: None) as opened:
        yield opened


@pytest.fixture(scope="module")
def quick():
    """The sandbox for what is about the judging, and not about how code is confined."""
    require("landlock")
    with choose("landlock", limits=QUICK, say=lambda _: None) as opened:
        yield opened


@pytest.fixture
def grade(sandbox):
    """(source, seed) -> report, in each sandbox."""
    return grading_in(sandbox)


@pytest.fixture
def grade_once(quick):
    """(source, seed) -> report, in the quickest sandbox."""
    return grading_in(quick)


def grading_in(sandbox):
    def graded(source, seed=SEED):
        submission = Submission("optimizers.py", {"optimizers.py": source.encode()}, "0" * 64)
        return pipeline.grade(submission, OPTIMIZERS, sandbox, seed)

    return graded


def marks(report):
    return {c.id: c.score for c in report.criteria}


FULL = {c.id: c.points for c in OPTIMIZERS.criteria}


def test_the_model_solution_gets_full_marks(grade):
    report = grade(SOLUTION)
    assert (report.status, marks(report)) == ("graded", FULL)
    assert not report.diagnoses


def test_a_velocity_that_plain_sgd_needs_not_costs_nothing_and_a_second_one_does(grade_once):
    asked = "            if self.momentum != 0:\n                if self.velocities"
    assert SOLUTION.count(asked) == 1
    always = SOLUTION.replace(asked, asked.replace("self.momentum != 0", "True"))
    report = grade_once(always)
    assert (marks(report), [remark.partition(" your ")[0] for remark in report.remarks]) == (FULL, ["Without momentum"])
    kept = "                self.velocities[i] = velocity\n"
    twice = always.replace(
        kept, kept + "                self.copies = {**getattr(self, 'copies', {}), i: velocity + 1}\n"
    )
    assert twice != always
    assert {name for name, score in marks(grade_once(twice)).items() if score < FULL[name]} == {"state"}


def test_the_bare_template_gets_nothing(grade):
    report = grade(OPTIMIZERS.template.read_text())
    assert report.status == "graded"
    assert report.score == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "lost", "named"),
    [
        ("momentum as an average", {"momentum", "training"}, "momentum-averaged"),
        ("Adam without bias correction", {"bias_correction"}, "correction-missing"),
        ("Adam corrected by the wrong beta", {"bias_correction"}, "correction-v-beta1"),
        ("AdamW with L2 in the gradient", {"adamw", "training"}, "adamw-coupled"),
    ],
)
def test_an_instructive_mistake_is_named_and_costs_its_own_criterion(grade_once, sample, lost, named):
    report = grade_once(OPTIMIZERS.samples[sample].read_text())
    assert {c.id for c in report.criteria if c.status != "passed"} == lost
    assert [d.misconception for d in report.diagnoses] == [named]
    assert "the right θ is" in report.diagnoses[0].try_this


@pytest.mark.slow
def test_of_a_notebook_the_mistakes_line_is_told_in_its_cell_and_staff_see_the_edit(quick):
    source = OPTIMIZERS.samples["Adam corrected by the wrong beta"].read_text()
    start, end = (source.index(f"class {name}(Optimizer)") for name in ("Adam", "AdamW"))
    texts = ["print('a trial')", source[:start], source[start:end], source[end:]]
    cells = [{"cell_type": "code", "metadata": {}, "source": text} for text in texts]
    book = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    submission = intake.read_upload("it.ipynb", book.encode())
    report = pipeline.grade(submission, OPTIMIZERS, quick, SEED)
    wrong = "v_hat = v / (1 - beta1**self.step_count)"
    line = next(n for n, text in enumerate(texts[2].split("\n"), start=1) if text.strip() == wrong)
    assert [(p.cell, p.line, p.end_line, p.source) for p in report.places] == [(3, line, line, wrong)]
    assert report.places[0].edit == "v_hat = v / (1 - beta2 ** self.step_count)"
    assert f"Code cell 3, line {line}" in page(report)
    assert "beta2 ** self" not in page(report)
    assert "beta2 ** self" in page(report, staff=True)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_report_and_another_seed_other_experiments(grade):
    source = OPTIMIZERS.samples["Adam corrected by the wrong beta"].read_text()
    first, second, other = grade(source), grade(source), grade(source, seed=8)
    plain = [replace(r, seconds=0.0, charts=()) for r in (first, second, other)]
    assert plain[0] == plain[1]
    assert plain[0].exhibits != plain[2].exhibits
    assert marks(first) == marks(other)


def test_without_a_seed_the_bytes_decide(sandbox):
    named = intake.read(OPTIMIZERS.model_solution)
    assert pipeline.grade(named, OPTIMIZERS, sandbox).seed == pipeline.derived_seed(OPTIMIZERS, named)
    assert pipeline.derived_seed(OPTIMIZERS, replace(named, digest="2" * 64)) != pipeline.derived_seed(
        OPTIMIZERS, named
    )


# -------------------------------------------------------------------------------------------------------- attacks
IN_ADAMW = "if type(self).__name__ == 'AdamW': "


@pytest.mark.slow("most attacks wait for a limit of time")
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_costs_what_it_spoils_and_no_more(grade, sandbox, monkeypatch, name):
    """What was observed before is marked as it was; the attack's own criterion earns nothing; the author is told."""
    monkeypatch.setattr(pipeline, "LIMITS", replace(LIMITS, scenario_seconds=0.3))
    if name == "stopped":
        run = sandbox.run
        monkeypatch.setattr(sandbox, "run", lambda job, most=SOON: run(job, min(most, SOON)))
    code, told = ATTACKS[name]
    report = grade(attacked(code))
    got = marks(report)
    assert report.status == "graded"
    assert {c: got[c] for c in ("sgd", "momentum")} == {c: FULL[c] for c in ("sgd", "momentum")}
    assert got["adamw"] == 0
    assert report.score < 100
    said = [report.message, *(m for c in report.criteria for m in c.messages)]
    assert any("our code" in m for m in said)
    if told:
        assert told in report.message


FORGERIES = {
    "a results file": "import pathlib\ntry: pathlib.Path('results.json').write_text('{\"score\": 100}')\nexcept OSError: pass",
    "a printed verdict": 'print(\'{"scores": {"adamw": 10}}\'); print("100 / 100 PASSED")',
    "patched comparison": "import numpy as np; np.allclose = np.isclose = lambda *a, **k: True; np.abs = lambda x: 0 * x",
    "patched harness": "import sys; sys.modules.get('harness', sys.modules['__main__']).describe = lambda *a: None",
    "a class that equals all": "class Same:\n    __eq__ = lambda s, o: True\nimport builtins; builtins.Same = Same",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGERIES)
def test_forging_gains_nothing(grade, name):
    template = OPTIMIZERS.template.read_text()
    assert grade(FORGERIES[name] + "\n" + template).score == 0


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["np.nan", "1j", "'a'", "None", "np.ones((2, 2, 2))"])  # of each kind of array one
def test_parameters_that_are_not_numbers_cost_points_and_stop_nothing(grade_once, wrong):
    """One line spoils right rules: the closest right program is credited, the line is not."""
    source = SOLUTION.replace("param.data = np.asarray(param.data, dtype=dtype)", f"param.data = np.array({wrong})")
    report = grade_once(source)
    assert report.status == "graded"
    assert report.score <= 99
    json.dumps(to_json(report), allow_nan=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import torch\n", "torch"),
        ("def broken(:\n", "SyntaxError: invalid syntax in line 1 ("),
        ("raise SystemExit\n", "SystemExit"),
        ("import os; os._exit(1)\n", "ended Python"),
        ("while True: pass\n", "took too long"),
        ("(" * 100_000, "imported"),
    ],
)
def test_what_cannot_be_imported_is_not_gradable_and_says_why(grade, monkeypatch, source, told):
    monkeypatch.setattr(pipeline, "IMPORT_SECONDS", 2.0)
    report = grade(source)
    assert report.status == "not_gradable"
    assert report.score == 0
    assert told in report.message
    json.dumps(to_json(report), allow_nan=False)
    assert told in page(report)


def test_a_failing_sandbox_is_ours_and_no_zero(grade, sandbox, monkeypatch):
    def broken(_job, *_):
        raise SandboxFailed("the engine is gone")

    monkeypatch.setattr(sandbox, "run", broken)
    with pytest.raises(SandboxFailed):
        grade(SOLUTION)


@pytest.mark.parametrize("name", ["landlock", pytest.param("docker", marks=pytest.mark.docker)])
def test_a_sandbox_that_is_required_here_works(name):
    require(name)
    try:
        probe(choose(name, say=lambda _: None))
    except SandboxUnavailable as error:
        pytest.fail(str(error))


THREADS = {
    "that computes for ever": "def forever():\n    while True: pass\nthreading.Thread(target=forever, daemon=True).start()",
    "that changes what Adam does": (
        "on = [0]\ndef flicker():\n    while True:\n        on[0] ^= 1\n        time.sleep(3e-4)\n"
        "threading.Thread(target=flicker, daemon=True).start()\nright = Adam.step\n"
        "def step(self):\n    right(self)\n    for p in self.params: p.data = p.data * (1 + 0.01 * on[0])\nAdam.step = step"
    ),
    "in each step": (
        "right = Adam.step\n"
        "def step(self):\n    threading.Timer(1e-4, right, [self]).start()\nAdam.step = step"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", THREADS)
def test_a_file_that_starts_threads_gets_the_same_report_each_time_and_is_told(grade_once, kind):
    source = f"import threading, time\n{SOLUTION}\n{THREADS[kind]}\n"
    reports = [str(to_json(replace(grade_once(source), seconds=0.0))) for _ in range(2)]
    assert reports[0] == reports[1]
    assert "your code tried to start a thread; the grader runs one only" in reports[0]


EXTREME = """
import numpy as np
NUMBERS = [1.7e308, -1.7e308, np.inf, -np.inf, np.nan, 5e-324, 1e200, -1e160, 0.0, 1.0]

def step(self):
    self.count = getattr(self, "count", {seed}) + 1
    for param in self.params:
        if param.grad is not None:
            drawn = np.random.RandomState(self.count % 1000).choice(NUMBERS, np.shape(param.data))
            param.data = np.sign(param.grad) * drawn if {follows} else drawn

for one in (SGD, Adam, AdamW):
    one.step = step
"""


@pytest.mark.slow("a search that explains nothing in any class")
@pytest.mark.parametrize(("seed", "follows"), [(0, True), (1, False)])
def test_the_largest_numbers_write_nothing_into_the_graders_log(grade_once, seed, follows):
    """A warning is an error here."""
    report = grade_once(f"{SOLUTION}\n{EXTREME.format(seed=seed, follows=follows)}")
    assert report.status == "graded"
    assert report.score < 30
    page(report)
