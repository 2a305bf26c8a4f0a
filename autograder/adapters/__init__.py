"""Platforms where courses run: each is one thin module over the same report, and one line in this table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autograder.adapters.packing import Package
from autograder.model import Assignment


def platforms() -> Mapping[str, Callable[[Assignment], Package]]:
    """Return the platforms of `gradmark package --for`; imported here, so that a platform's own command stays alone."""
    from autograder.adapters import autolab, coderunner, github, gradescope, nbgrader, otter, prairielearn  # noqa: PLC0415

    return {
        "gradescope": gradescope.package,
        "prairielearn": prairielearn.package,
        "autolab": autolab.package,
        "otter": otter.package,
        "nbgrader": nbgrader.package,
        "github": github.package,
        "coderunner": coderunner.package,
    }
