"""Files for staff: keys, golden trajectories, misconceptions, everyone's variant, and the proof."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from autograder import __version__
from autograder.model import Assignment, Item
from autograder.regenerate import public, quiz
from autograder.regenerate.page import page
from autograder.regenerate.roster import Student, cell
from autograder.verify import Proof

PROOF_WIDTH = 118  # columns, as on a terminal


def staff(assignment: Assignment, seed: int, items: Sequence[Item], proof: Proof) -> dict[str, bytes]:
    """Path in the staff's folder -> content, for what all students share."""
    misconceptions = page(
        "misconceptions.html.j2",
        title=assignment.title,
        criteria=assignment.criteria,
        misconceptions=assignment.misconceptions,
    )
    files = {
        "assignment.json": as_json(_assignment(assignment, seed)),
        "goldens.json": _goldens(assignment, seed),
        "misconceptions.html": misconceptions,
        "proof.txt": proof_text(proof),
        "proof.json": as_json(asdict(proof) | {"holds": proof.holds}),
    }
    if items:
        files["quiz_key.html"] = quiz.key_page(assignment.title, seed, items)
        files["quiz_key.json"] = as_json(quiz.key_data(seed, items))
    return files


def _assignment(assignment: Assignment, seed: int) -> dict[str, Any]:
    return {
        "assignment": assignment.id,
        "title": assignment.title,
        "digest": assignment.digest,
        "seed": seed,
        "public_seed": public.public_seed(assignment.id, seed),
        "criteria": [asdict(criterion) for criterion in assignment.criteria],
        "gradmark": __version__,
    }


def _goldens(assignment: Assignment, seed: int) -> bytes:
    """Return the reference's trajectories in the experiments that `gradmark grade --seed` plays, and their digest."""
    scenarios = assignment.scenarios(seed)
    golden = assignment.golden(scenarios, frozenset())
    told = {
        s.id: {
            "title": s.title,
            "spec": dict(s.spec),
            "inputs": {name: public.as_data(array) for name, array in s.arrays.items()},
            "golden": {name: public.as_data(array) for name, array in golden[s.id].arrays.items()},
            "facts": dict(golden[s.id].facts),
        }
        for s in scenarios
    }
    return as_json({"seed": seed, "digest": hashlib.sha256(as_json(told)).hexdigest(), "scenarios": told})


def proof_text(proof: Proof) -> bytes:
    """The proof as `gradmark verify` prints it, without colours."""
    from rich.console import Console  # noqa: PLC0415 - only who writes a proof waits for it

    from autograder.render.proof import proof_view  # noqa: PLC0415

    out = io.StringIO()
    Console(file=out, width=PROOF_WIDTH, color_system=None, legacy_windows=False).print(proof_view(proof))
    return out.getvalue().encode()


def variants(given: Mapping[Student, int]) -> bytes:
    """Return the table of variants, for spreadsheets."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(("id", "name", "variant", "folder"))
    table.writerows((cell(s.id), cell(s.name), seed, cell(s.folder)) for s, seed in given.items())
    return out.getvalue().encode()


def as_json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
