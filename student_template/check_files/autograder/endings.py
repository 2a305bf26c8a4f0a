"""Says in words how a run ended that did not come to its end, and why a file could not be imported."""

from __future__ import annotations

from autograder.model import Conduct

BEFORE = " What it did before that is marked."
ENDINGS = {
    "time": "Your code was still running when its time was up.",
    "cpu": "Your code used up its computing time.",
    "memory": "Your code asked for more memory than it may have.",
    "output": "Your code wrote more output than it may.",
    "crashed": "Your code brought Python down ({detail}).",
    "exited": "Your code ended Python before it was asked everything ({detail}).",
    "protocol": "Your code wrote into the grader's channel, which ends the marking there. What came before is marked.",
}


def how_it_ended(conduct: Conduct) -> str:
    """One sentence or two; "" for a run that finished."""
    ending = _ending(conduct)
    return ending + BEFORE if ending and conduct.end != "protocol" else ending


def _ending(conduct: Conduct) -> str:
    return ENDINGS.get(conduct.end, "").format(detail=conduct.detail)


def why_not_imported(conduct: Conduct) -> str:
    """The import's own fault, with its line, or the end of the run."""
    fault = conduct.import_fault
    if fault is None:
        return f"Your file could not be imported. {_ending(conduct)}"
    where = f" in line {fault.line} (`{fault.source.strip()}`)" if fault.line else ""
    if fault.type == "TookTooLong":
        return f'Importing your file took too long{where}. Put demo code under `if __name__ == "__main__":`.'
    if fault.type in ("ModuleNotFoundError", "ImportError"):
        return (
            f"Your file could not be imported: {fault.message}{where}. The grader has only Python, NumPy and the "
            'provided tinytorch; remove that import or move it under `if __name__ == "__main__":`.'
        )
    return f"Your file could not be imported: {fault.type}: {fault.message}{where}."
