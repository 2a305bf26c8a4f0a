"""Prints what single edits put into a line of a source: run by tests in a process of its own.

The grammar gives Python's own nodes a place of their own, which is right in the sandbox and nowhere else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

GRAMMAR = Path(__file__).resolve().parent.parent / "autograder" / "guest"


def put_in(asked: Sequence[tuple[str, int]]) -> list[set[str]]:
    """Return what an edit of this line of this source puts in the place of what, for each of many: "was → now"."""
    done = subprocess.run(
        [sys.executable, __file__], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return [set(texts) for texts in json.loads(done.stdout)]


def main() -> None:
    sys.path.insert(0, str(GRAMMAR))
    import edits

    answers = []
    for source, line in json.load(sys.stdin):
        plan = edits.Plan(edits.parse(source), {line}, rich=False)
        put = [(plan.edits[number - 1], new) for others in plan.expressions.values() for number, new in others]
        answers.append(sorted({f"{edits.text(edit.anchor)} → {edits.text(new)}" for edit, new in put}))
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
