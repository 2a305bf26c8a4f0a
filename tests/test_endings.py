"""The sentences on how a run ended, and on a file that could not be imported."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.endings import BEFORE, how_it_ended, why_not_imported
from autograder.model import Conduct, EndReason, Fault

ENDS = get_args(EndReason)
TEXTS = st.text(max_size=40)


@pytest.mark.parametrize("end", ENDS)
def test_every_end_but_the_usual_one_is_a_sentence_to_the_student(end):
    said = how_it_ended(Conduct(imported=True, import_fault=None, end=end, detail="signal 11"))
    assert bool(said) == (end != "finished")
    assert said == "" or (said.startswith("Your code ") and said.endswith("."))
    assert said.count("marked") == (end != "finished")  # what came before is: once


@given(st.sampled_from([end for end in ENDS if end != "finished"]), st.text("{}ab!:0 ", max_size=9))
def test_a_detail_with_braces_is_told_as_it_is(end, detail):
    said = how_it_ended(Conduct(imported=True, import_fault=None, end=end, detail=detail))
    assert end not in ("crashed", "exited") or f"({detail})" in said


@given(TEXTS, TEXTS, st.integers(0, 9999))
def test_a_file_that_cannot_be_imported_is_told_with_its_fault_and_line(kind, message, line):
    fault = Fault(kind, message, line, "  import tqdm  ")
    said = why_not_imported(Conduct(imported=False, import_fault=fault, end="finished", detail=""))
    assert f" in line {line} (`import tqdm`)" in said or not line
    assert message in said or kind == "TookTooLong"
    assert BEFORE not in said


def test_an_import_that_is_not_there_is_told_with_what_is():
    fault = Fault("ModuleNotFoundError", "No module named 'torch'", 1, "import torch")
    said = why_not_imported(Conduct(imported=False, import_fault=fault, end="finished", detail=""))
    assert "only Python, NumPy and the provided tinytorch" in said


def test_a_file_that_ends_python_while_it_is_imported_is_told_how():
    said = why_not_imported(Conduct(imported=False, import_fault=None, end="memory", detail=""))
    assert said == "Your file could not be imported. Your code asked for more memory than it may have."
