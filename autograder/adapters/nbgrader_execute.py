"""Takes the place of nbgrader's Execute: marks our assignments in gradmark's sandbox, and starts no kernel for them.

nbgrader reads a cell's score from its outputs: here they are written by us, after every output that came with the
notebook was cleared. When the grader fails an exception goes up, and nbgrader records that submission as failed:
no score, and the others go on.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from nbgrader.preprocessors import Execute
from traitlets import Dict, Unicode

from autograder.adapters import common
from autograder.adapters.notebooks import judged
from autograder.course import named
from autograder.model import Report


class Gradmark(Execute):  # type: ignore[misc]  # nbgrader brings no types
    """Assignments that are not ours run as they did before."""

    assignments = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        help="their name in the course -> ours, a folder, or a stage as course.toml:ID",
    ).tag(config=True)
    sandbox = Unicode("auto", help="auto, docker, landlock or process").tag(config=True)

    def preprocess(self, nb: Any, resources: Any = None, **others: Any) -> tuple[Any, Any]:
        ours = self.assignments.get(resources["nbgrader"]["assignment"])
        if ours is None:
            ran: tuple[Any, Any] = super().preprocess(nb, resources, **others)
            return ran
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{resources['nbgrader']['notebook']}.ipynb"
            path.write_text(json.dumps(nb), encoding="utf-8")
            course = Path(self.parent.parent.coursedir.root)
            report = judged(path, named(ours), seed=None, sandbox=self.sandbox, private=[course])
        fill(nb, report)
        return nb, resources


def fill(nb: Any, report: Report) -> None:
    """Writes each row's text and score as the output of its test cell, and the heading above the first."""
    rows = {row.id: row for row in common.rows(report)}
    tests = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    for number, cell in enumerate(tests):
        row = rows.get(cell.metadata.nbgrader["grade_id"])
        said = [common.of(row), row.text] if row else ["not run"]
        if number == 0:
            said.insert(0, common.heading(report) + "\n")
        text, score = "\n".join(said) + "\n", row.score if row else 0.0
        node = type(cell)  # a dict that nbgrader reads by attributes
        result = node(output_type="execute_result", data=node({"text/plain": str(score)}), metadata=node())
        result.execution_count = number + 1
        cell.outputs = [node(output_type="stream", name="stdout", text=text), result]
        cell.execution_count = number + 1
