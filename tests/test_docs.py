"""What the documents say is there is there, and modules say what they are for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import manual

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/api.md",
    "docs/authoring.md",
    "docs/fairness.md",
    "docs/performance.md",
    "docs/platforms.md",
    "docs/service.md",
)
FOLDERS = ("autograder", "reference", "assignments", "student_template", "tests")
# What students wrote, or what stands for it, is as it is.
NOT_OURS = ("tests/attacks", "tests/data", "assignments/optimizers/hands", "assignments/optimizers/samples")


def ours() -> list[Path]:
    files = {file.resolve() for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")}
    return [file for file in sorted(files) if not file.relative_to(ROOT).as_posix().startswith(NOT_OURS)]


def without_docstring(files: list[Path]) -> list[str]:
    return [str(file) for file in files if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))]


def code(text: str) -> str:
    """The code in a Markdown text: fenced blocks and spans. Prose may use the same words otherwise."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join(
        blocks + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    )


def shell_help(*arguments: str) -> str:
    command = [sys.executable, "-m", "autograder", *arguments, "--help"]
    environment = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def below(*words: str) -> set[str]:
    """The commands that the help lists."""
    return set(re.findall(r"^\W*(\w+) ", shell_help(*words).partition("Commands")[2], re.MULTILINE))


@pytest.fixture(scope="module")
def commands() -> set[str]:
    return below()


@pytest.fixture(scope="module")
def options(commands) -> set[str]:
    asked = [(), *((name,) for name in sorted(commands)), *(("admin", name) for name in sorted(below("admin")))]
    return set(re.findall(r"--[a-z][\w-]*", "".join(shell_help(*words) for words in asked)))


def unknown(text: str, commands: set[str], targets: set[str], options: set[str]) -> set[str]:
    """What the code in a text calls that does not exist."""
    shown = code(text)
    lines = [line.split("#")[0] for line in shown.splitlines() if re.search(r"\bgradmark\b", line)]
    called = set(re.findall(r"\bgradmark +([a-z]+)", "\n".join(lines)))
    made = set(re.findall(r"\bmake +([a-z-]+)", shown))
    given = set(re.findall(r" (--[a-z][\w-]*)", "\n".join(lines)))
    return (called - commands) | (made - targets) | (given - options)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.slow
def test_every_module_says_what_it_is_for():
    files = ours()
    assert len(files) > 20, "looked in the wrong place"
    assert without_docstring(files) == []


def test_a_module_that_does_not_say_what_it_is_for_is_seen(tmp_path):
    silent = tmp_path / "silent.py"
    silent.write_text("# a comment is no docstring\nx = 1\n", encoding="utf-8")
    assert without_docstring([silent]) == [str(silent)]


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_mention_only_commands_that_exist(name, commands, options):
    assert "grade" in commands, "the help could not be read"
    text = (ROOT / name).read_text(encoding="utf-8")
    assert unknown(text, commands, targets(), options) == set()


def test_a_command_that_does_not_exist_is_seen():
    text = "`gradmark levitate`, `make tea`\n```\ngradmark grade x.py --harder\n```\n"
    assert unknown(text, {"grade"}, {"test"}, {"--jobs"}) == {"levitate", "tea", "--harder"}


def foreign_paths(text: str) -> list[str]:
    """Paths that exist for whoever wrote the text, and for nobody else."""
    return re.findall(r"(?:/home|/Users|/root)/[\w.-]+|C:\\Users", text) + ([str(ROOT)] if str(ROOT) in text else [])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_no_developers_machine(name):
    assert foreign_paths((ROOT / name).read_text(encoding="utf-8")) == []


def test_no_file_names_the_folder_that_it_was_written_in():
    """The locks and the recorded data come out of tools, which like to write where they ran."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are ours is unknown")
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    assert [file.name for file in files if str(ROOT).encode() in file.read_bytes()] == []


def test_a_path_of_somebodys_machine_is_seen():
    assert foreign_paths(f"see /home/ada/gradmark or {ROOT}/README.md") == ["/home/ada", str(ROOT)]


FORBIDDEN_OPENINGS = r"(Who|What|Whose|Whom|Whether|Of|By|That|How|When|Where)\b"


def indirect_docstrings(source: str) -> list[str]:
    """The docstrings that open with a word after which a reader waits for the subject."""
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [ast.get_docstring(n) or "" for n in ast.walk(ast.parse(source)) if isinstance(n, nodes)]
    return [text.partition("\n")[0] for text in found if re.match(FORBIDDEN_OPENINGS, text)]


def test_docstrings_open_with_a_verb_or_a_noun():
    found = {
        path.relative_to(ROOT).as_posix(): said
        for path in ours()
        if path.relative_to(ROOT).parts[0] != "tests"
        and (said := indirect_docstrings(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_an_indirect_docstring_is_seen():
    assert indirect_docstrings('def f():\n    """Whether it holds."""') == ["Whether it holds."]


def test_the_manual_page_is_that_of_the_command_as_it_is():
    assert manual.PAGE.read_text(encoding="utf-8") == manual.manual(), "write it anew: make man"
