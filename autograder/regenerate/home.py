"""The student's folder: the skeleton to fill in, what it plugs into, the quiz, and how to check it at home."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import PurePosixPath

from autograder.model import Assignment
from autograder.regenerate import public
from autograder.regenerate.page import text
from autograder.strip import skeleton

MAIN_MARK = "beside the folder"  # in every shim, so that another assignment's is recognised


def student(
    assignment: Assignment, seed: int, quiz: bytes | None, questions: bytes = b"", *, asked: bool = True
) -> dict[str, bytes]:
    """Path in the folder -> content.

    `quiz` is the quiz.toml for everybody, with its `questions`; `asked`: whether there is any quiz.
    """
    names = {"main": assignment.main, "module": assignment.module, "title": assignment.title}
    where = assignment.check_where
    files = {
        assignment.main: skeleton(assignment.model_solution.read_text(encoding="utf-8")).encode(),
        "check.py": text("check.py.j2", where=where, **names),
        "check_files/driver.py": assignment.sources[assignment.driver].encode(),
        "check_files/experiments.json": public.experiments(assignment, seed),
        "README.md": text(
            "student.md.j2", where=where, quiz=asked, own=quiz is None, package=_package(assignment), **names
        ),
        **{f"check_files/{name}": content for name, content in public.code(assignment).items()},
        **dict(_provided(assignment)),
    }
    if asked:
        files |= dict(_reading())
    return files | ({"quiz.toml": quiz, "check_files/questions.json": questions} if quiz is not None else {})


def _reading() -> Iterator[tuple[str, bytes]]:
    """The readers of answers, which check.py uses as the grader does."""
    for file in sorted(resources.files("autograder.reading").iterdir(), key=lambda file: file.name):
        if file.name.endswith((".py", ".json")):
            yield f"check_files/reading/{file.name}", file.read_bytes()


def _provided(assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    """The modules that a submission imports, as files, and one that leads to the student's own file."""
    yours = _file(assignment.module)
    for name, source in assignment.sources.items():
        path = _file(name)
        if name != assignment.driver and path != yours and MAIN_MARK not in source.partition("\n")[0]:
            yield path, source.encode()
    if "." in assignment.module:
        depth = assignment.module.count(".")
        values = {"main": assignment.main, "module": assignment.module, "package": _package(assignment)}
        yield yours, text("shim.py.j2", depth=depth, **values)


def _file(module: str) -> str:
    return str(PurePosixPath(*module.split("."))) + ".py"


def _package(assignment: Assignment) -> str:
    return assignment.module.split(".")[0]
