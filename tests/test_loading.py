"""What stands around the classes of a file: loaded statement by statement, in the harness's own way."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import pipeline
from autograder.assignment import load
from autograder.left_out import remarks
from autograder.model import Submission
from autograder.sandbox.process import ProcessSandbox
from autograder.wire import _left_out

OPTIMIZERS = load("optimizers")
SOLUTION = OPTIMIZERS.model_solution.read_text()
LOADING = Path(pipeline.__file__).parent / "guest" / "loading.py"
IMPORT = "from tinytorch.core.tensor import Tensor"
assert IMPORT in SOLUTION


@pytest.fixture(scope="module")
def seen():
    """How a source was loaded, and the rows that it lost marks in; the sources here are ours, so no wall is needed."""
    with ProcessSandbox() as sandbox:

        def run(source: str):
            submission = Submission("it", {"optimizers.py": source.encode()}, "0" * 64)
            found = pipeline.examine(submission, OPTIMIZERS, sandbox, 7)
            rows = () if found.verdict is None else found.verdict.criteria
            return found.conduct, [row for row in rows if row.status != "passed"]

        yield run


TRIALS = [
    "assert False, 'my test fails'", "1 / 0", "raise SystemExit(3)", "print(undefined)", "for _ in range(3): undefined()",
    "with open('/nonexistent/data.csv') as file: pass", "if True: undefined()", "import sys; sys.exit()", "exit()",
    "plt.plot([1, 2])", "from sklearn.datasets import load_iris", "def test_x(x=undefined): pass", "x = undefined",
    "raise KeyboardInterrupt", "del undefined", "class Test(pytest.TestCase): pass",
]  # fmt: skip
LEADS = [
    "import matplotlib.pyplot as plt, numpy as np", "from tqdm.auto import tqdm", "print(__file__)", "display(3)",
    "get_ipython().run_line_magic('matplotlib', 'inline')", "get_ipython().system('pip install numpy')",
    "import sys, os\nsys.path.append(os.path.join(os.path.dirname(__file__), '..'))",
    "from tinytorch.core.autograd import enable_autograd\nenable_autograd()",
]  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(
    st.booleans(),
    st.lists(st.sampled_from(LEADS), max_size=3, unique=True),
    st.lists(st.sampled_from(TRIALS), max_size=3),
)
def test_nothing_around_the_classes_costs_them_anything(seen, future, leads, trials):
    first = ["from __future__ import annotations"] if future else []
    conduct, lost = seen("\n".join([*first, "import pytest", *leads, SOLUTION, *trials]))
    assert (conduct.imported, conduct.end, lost) == (True, "finished", [])


@pytest.mark.slow("searches for the line of a mistake")
@pytest.mark.parametrize("lead", LEADS)
def test_the_line_of_a_mistake_is_found_below_whatever_stands_around_the_classes(lead):
    """The search runs the file again, with the names that a file or a notebook has."""
    wrong = OPTIMIZERS.samples["Adam corrected by the wrong beta"].read_text()
    code = f"{lead}\n{wrong}\nplt.plot(undefined)\n"
    with ProcessSandbox() as sandbox:
        report = pipeline.grade(Submission("it", {"optimizers.py": code.encode()}, "0" * 64), OPTIMIZERS, sandbox, 7)
    assert ["1 - beta1**" in place.source for place in report.places] == [True]


@pytest.mark.parametrize(
    "line",
    [
        "from tinytorch.tensor import Tensor", "from tinytorch import Tensor", "from tinytorch.core import Tensor",
        "from core.tensor import Tensor", "from tensor import Tensor", "from tensor_dev import Tensor",
        "from modules.source.tensor_dev import Tensor", "from .tensor import Tensor",
        "import tinytorch.core.tensor as tt\nTensor = tt.Tensor", "import tensor\nTensor = tensor.Tensor",
    ],
)  # fmt: skip
def test_the_provided_package_is_found_where_other_editions_have_it(seen, line):
    conduct, lost = seen(SOLUTION.replace(IMPORT, line))
    assert (conduct.left_out, lost) == ((), [])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("class SGD(Missing): pass", "NameError"),
        ("class SGD:\n    x = 1 / 0", "ZeroDivisionError"),
        ("class SGD:\n  def step(self:\n", "SyntaxError"),
        ("return 3", "SyntaxError"),
        ("if True:\n    class SGD(Missing): pass", "NameError"),
    ],
)
def test_a_class_that_cannot_be_made_ends_the_loading_with_its_line(seen, source, kind):
    conduct, _ = seen(f"import numpy\n{source}")
    assert not conduct.imported
    assert conduct.import_fault.type == kind
    assert conduct.import_fault.line >= 2


def test_what_was_left_out_is_said_with_its_line(seen):
    source = f"import tqdm\n{SOLUTION}\nassert False, 'my test fails'\n"
    conduct, _ = seen(source)
    imports, trial = remarks(conduct.left_out, source)
    assert "`import tqdm` in line 1" in imports
    assert f"Line {len(source.splitlines())} (`assert False, 'my test fails'`) was left out (AssertionError" in trial


BREAKS = [c for c in map(chr, range(0x3000)) if len(f"a{c}b".splitlines()) > 1 and c not in "\r\n"]  # but for Python


def test_lines_are_counted_and_quoted_as_python_counts_them(seen):
    """A form feed, or the sign that a word processor puts between two lines, ends none."""
    broken = SOLUTION.replace(
        "            velocity = grad\n", "            velocity = grad\n            this_is_missing\n", 1
    )
    source = f'TITLE = """{"page".join(BREAKS)}"""\n{broken}\n1 / 0\n'
    assert len(BREAKS) > 5
    conduct, lost = seen(source)
    (trial,) = remarks(conduct.left_out, source)
    assert trial.startswith(f"Line {source.count(chr(10))} (`1 / 0`) was left out")
    line = source.split("\n").index("            this_is_missing") + 1
    told = " ".join(message for row in lost for message in row.messages)
    assert f"(line {line}: `this_is_missing`)" in told


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        ("import socket\nsocket.create_connection(('127.0.0.1', 80), 2)", "open a network connection; the grader has none"),
        ("import urllib.request as r\nr.urlopen('http://127.0.0.1/')", "open a network connection; the grader has none"),
        ("import socket\ntry:\n    socket.socket()\nexcept OSError:\n    compile('1', '', 'eval')\n    raise", "open a network connection; the grader has none"),
        ("import os\nos.fork()", "start a program; the grader runs only yours"),
        ("import threading\nthreading.Thread(target=int).start()", "start a thread; the grader runs one only"),
        ("import threading\nthreading.Timer(0.01, int).start()", "start a thread; the grader runs one only"),
        ("import concurrent.futures as f\nf.ThreadPoolExecutor().submit(int)", "start a thread; the grader runs one only"),
        ("import _thread\n_thread.start_new_thread(int, ())", "start a thread; the grader runs one only"),
    ],
    ids=["socket", "urllib", "looked at before it is raised again", "fork", "thread", "timer", "pool", "_thread"],
)  # fmt: skip
def test_a_trial_that_the_sandbox_refused_is_told_in_words(seen, trial, words):
    source = f"{SOLUTION}\n{trial}\n"
    conduct, lost = seen(source)
    (told,) = remarks(conduct.left_out, source)
    assert f"Error: your code tried to {words}). It stands outside your classes" in told
    assert lost == []


def test_a_guest_that_claims_nonsense_is_not_repeated():
    told = [
        [1, "A", "b", False],
        [True, "A", "b", False],
        ["1", "A", "b", False],
        [2, 3, "b", False],
        7,
        [-1, "", "", True],
    ]
    (one,) = _left_out({"left_out": told})
    assert one.line == 1
    assert _left_out({"left_out": {}}) == ()
    assert list(remarks([replace(one, line=10**9)], "x = 1")) == []


SLOW = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("loading", sys.argv[1])
loading = importlib.util.module_from_spec(spec); spec.loader.exec_module(loading)
class TookTooLong(BaseException): pass
class Finder:
    sources = {"m": "def slow():\\n raise too('8 s')\\nfrom __main__ import TookTooLong as too\\nslow()\\nprint('never')\\nclass Adam: pass"}
    def get_source(self, name): return self.sources[name]
module, left_out = loading.load("m", Finder())
print(module.Adam.__name__, left_out)
"""


def test_a_slow_trial_is_left_out_and_no_other_one_is_started():
    out = subprocess.run([sys.executable, "-c", SLOW, LOADING], capture_output=True, text=True, check=True).stdout
    assert out == "Adam [[4, 'TookTooLong', '8 s', False], [5, '', '', False]]\n"


OLD = {
    "lr=0.01": "learning_rate=0.01",
    "lr=0.001": "learning_rate=0.001",
    "betas=(0.9, 0.999)": "beta1=0.9, beta2=0.999",
    "self.beta1, self.beta2 = betas": "self.beta1, self.beta2 = beta1, beta2",
    "self.lr = lr": "self.lr = learning_rate",
}


@pytest.mark.parametrize("kept_as", ["self.lr", "self.learning_rate"])
def test_argument_names_of_an_older_edition_are_one_slip_in_one_row(seen, kept_as):
    source = SOLUTION
    for ours, older in OLD.items():
        assert ours in source
        source = source.replace(ours, older)
    conduct, lost = seen(source.replace("self.lr", kept_as))
    assert conduct.left_out == ()
    assert [(row.id, len(row.messages)) for row in lost] == [("interface", 1)]
    assert "older edition" in lost[0].messages[0]


@pytest.mark.parametrize(
    "names",
    [{"lr": "rate"}, {"lr": "eta", "momentum": "mu"}, {"weight_decay": "wd"}, {"eps": "epsilon_"}, {"betas": "decays"}],
    ids=" ".join,
)
def test_an_argument_of_another_name_is_one_slip_in_one_row(seen, names):
    source = SOLUTION
    for ours, theirs in names.items():
        source = re.sub(rf"(?<=, ){ours}(?==)", theirs, source)
        source = re.sub(rf"= {ours}$", f"= {theirs}", source, flags=re.MULTILINE)
        source = re.sub(rf"super\(\)\.__init__\((.*)\b{ours}\b", rf"super().__init__(\1{theirs}", source)
    assert source != SOLUTION
    conduct, lost = seen(source)
    assert conduct.left_out == ()
    assert [(row.id, len(row.messages)) for row in lost] == [("interface", 1)]
    assert "of their own" in lost[0].messages[0]


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n",
        re.sub(r"(?<=class )(SGD|Adam|AdamW)\b", r"My\1", SOLUTION),
        SOLUTION.replace("(self, params, lr=", "(self, lr="),
    ],
    ids=["no class", "classes of other names", "constructors that cannot be called"],
)
def test_what_was_not_seen_is_not_called_wrong(seen, source):
    _, lost = seen(source)
    told = " ".join(message for row in lost for message in row.messages)
    assert lost
    assert "older edition" not in told
    assert "subclass" not in told


SHARED = {  # ways in which two optimizers share what one should keep for itself
    "in a class": ("class Adam(Optimizer):", "class Adam(Optimizer):\n    kept = {}\n", "Adam.kept"),
    "in a global name": ("class Adam(Optimizer):", "KEPT = {}\n\n\nclass Adam(Optimizer):", "KEPT"),
    "in a default argument": ("eps=1e-8, weight_decay=0.0):", "eps=1e-8, weight_decay=0.0, kept={}):\n        self.kept = kept", "self.kept"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", SHARED)
def test_state_that_optimizers_share_costs_the_state_row_alone(seen, way):
    before, after, name = SHARED[way]
    assert SOLUTION.count(before) >= 1
    source = SOLUTION.replace(before, after, 1)
    head, adam = source[: source.index("class Adam(")], source[source.index("class Adam(") :]
    adam, adamw = adam[: adam.index("class AdamW(")], adam[adam.index("class AdamW(") :]
    adam = adam.replace("if self.m[i] is None:", f"if i not in {name}:")
    adam = adam.replace("self.m[i] = np.zeros_like(param.data)", f"{name}[i] = [0.0, 0.0]")
    adam = adam.replace("                self.v[i] = np.zeros_like(param.data)\n", "")
    adam = adam.replace("self.m[i]", f"{name}[i][0]").replace("self.v[i]", f"{name}[i][1]")
    _, rows = seen(head + adam + adamw)
    assert [row.id for row in rows] == ["state"]
