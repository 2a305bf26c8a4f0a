"""The one table of platforms: where gradmark runs, whose downloads it reads, and whose gradebooks it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ability = Literal["package", "download", "gradebook"]


@dataclass(frozen=True)
class Platform:
    """A platform, and what gradmark does with it: each ability is a function of the room that has it, under this id."""

    id: str
    name: str
    package: bool = False  # autograder.adapters: it marks there
    download: bool = False  # autograder.intake.bulk: what it gives for a class is read
    gradebook: bool = False  # autograder.export.gradebook: what it imports is written


ALL = (
    Platform("canvas", "Canvas", download=True, gradebook=True),
    Platform("moodle", "Moodle", download=True, gradebook=True),
    Platform("blackboard", "Blackboard", download=True, gradebook=True),
    Platform("brightspace", "Brightspace", download=True, gradebook=True),
    Platform("gradescope", "Gradescope", package=True, download=True, gradebook=True),
    Platform("github", "GitHub", package=True, gradebook=True),  # its download is one folder a student: intake's own
    Platform("prairielearn", "PrairieLearn", package=True),
    Platform("autolab", "Autolab", package=True),
    Platform("otter", "otter-grader", package=True),
    Platform("nbgrader", "nbgrader", package=True, gradebook=True),
    Platform("coderunner", "Moodle CodeRunner", package=True),
)


def having(ability: Ability) -> dict[str, Platform]:
    """Return the platforms with which gradmark does this, by id."""
    return {one.id: one for one in ALL if getattr(one, ability)}
