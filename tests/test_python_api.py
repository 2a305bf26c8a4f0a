"""docs/api.md runs as it stands, and the package says that it has types."""

from __future__ import annotations

import importlib.resources
import inspect
import re
from pathlib import Path

import pytest
from conftest import require

from autograder import api, authoring, variants
from autograder.model import Assignment

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.slow("the page proves an assignment twice")
def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    require("landlock")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(variants, "SEEDS", 20)  # of the proofs that the page asks for; .ci/run draws thousands
    names: dict[str, object] = {}
    assert len(BLOCKS) == 5
    for block in BLOCKS:
        exec(compile(block, "docs/api.md", "exec"), names)  # noqa: S102 - our own


def test_everything_that_is_exported_is_there_and_typed():
    assert all(hasattr(api, name) for name in api.__all__)
    for function in (api.grade, api.load_assignment, api.regenerate, api.verify):
        signature = inspect.signature(function)
        assert signature.return_annotation is not inspect.Signature.empty
        assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())
        assert function.__doc__
    assert (importlib.resources.files("autograder") / "py.typed").is_file()


@pytest.mark.slow
def test_what_does_not_verify_is_raised_and_nothing_is_written(tmp_path, monkeypatch):
    require("landlock")
    monkeypatch.setattr(variants, "SEEDS", 20)
    folder = authoring.new("descent", tmp_path)
    planted = folder / "planted.py"
    planted.write_text(
        planted.read_text().replace('"uphill": "return theta + lr * gradient"', '"uphill": "return theta * lr"')
    )
    with pytest.raises(api.NotProven, match="uphill") as caught:
        api.regenerate(folder, 1, tmp_path / "out", sandbox="landlock")
    assert not caught.value.proof.holds
    assert not (tmp_path / "out").exists()


def test_a_path_is_a_folder_whatever_it_is_called(tmp_path, monkeypatch):
    authoring.new("descent", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert isinstance(api.load_assignment(Path("descent")), Assignment)
    with pytest.raises(api.BadAssignment):
        api.load_assignment("descent")
