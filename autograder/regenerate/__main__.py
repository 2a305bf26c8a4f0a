"""Renders what is committed as student_template/ again, for whoever works on gradmark.

    python -m autograder.regenerate optimizers student_template

No proof is run and no file is removed; tests/test_regenerate.py compares every file.
"""

import sys
from pathlib import Path

from autograder.assignment import load
from autograder.regenerate import for_student


def main(name: str, folder: str) -> None:
    assignment = load(name)
    for path, content in for_student(assignment, assignment.quiz_seed).items():
        target = Path(folder) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
            print(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
