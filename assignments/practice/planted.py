"""Every misconception as a student would have written it: what stands in the model solution, and what instead."""

from __future__ import annotations

from collections.abc import Mapping

STEP = "return theta - lr * gradient"
PLANTED: Mapping[str, str] = {
    "uphill": "return theta + lr * gradient",
    "without-lr": "return theta - gradient",
}


def plant(source: str, misconception_id: str) -> str:
    """The model solution's source with this misconception in it.

    Raises:
        KeyError: nobody has written down yet how this misconception looks.
        ValueError: the model solution changed.
    """
    if source.count(STEP) != 1:
        raise ValueError(f"The model solution no longer holds `{STEP}` once. Write planted.py anew.")
    return source.replace(STEP, PLANTED[misconception_id])
