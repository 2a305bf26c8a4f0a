"""Platforms where courses run: each is one thin module over the same report, named as in autograder.platforms."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from autograder.adapters.packing import Package
from autograder.model import Assignment
from autograder.platforms import having


def packages(platform: str) -> Callable[[Assignment], Package]:
    """Return what makes the package for a platform; imported now, so that a platform's own command stays alone.

    Raises:
        KeyError: gradmark makes no package for it.
    """
    module = import_module(f"{__name__}.{having('package')[platform].id}")
    return cast("Callable[[Assignment], Package]", module.package)
