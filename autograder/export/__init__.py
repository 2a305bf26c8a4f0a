"""The quiz as files for a learning platform, to import there: QTI 1.2 (Canvas), Moodle XML, GIFT.

What each kind of item becomes, and what is lost on the way:

| kind                | QTI 1.2                       | Moodle XML           | GIFT             |
|---------------------|-------------------------------|----------------------|------------------|
| numeric, prediction | numerical, scaled up from     | numerical, units,    | numerical, hint  |
|                     | below 1e-4, one list of hints | hint for each value  | for each value   |
| choice, line        | multiple_choice, all hints    | multichoice          | multiple choice  |
| multiple            | multiple_answers, all hints   | multichoice, several | weighted choice  |
| ordering            | matching: entry -> position   | ordering (since 4.4) | matching         |
| matrix              | matching, hints by row        | matching, one list   | matching, list   |
| formula             | choice among the expressions that the item knows, or a text when it knows no wrong one   |
| text                | essay                         | essay, rubric        | essay            |

Lost everywhere: follow-through marks, since no platform passes one answer on to the next question; the freedom to
write any equivalent formula; partial credit for ordering, except in Moodle, whose "all previous and next" is ours.
A Canvas numeric answer has no hint of its own: Canvas imports every answer that a file names as a right one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from autograder.export import gift, moodle, qti
from autograder.export.questions import CannotExport, QuestionPool, pools
from autograder.model import Item

WRITERS: Mapping[str, Callable[[str, str, Sequence[QuestionPool]], bytes]] = {
    "qti": qti.write,
    "moodle": moodle.write,
    "gift": gift.write,
}

__all__ = ["CannotExport", "export", "losses"]


def export(form: str, id: str, title: str, variants: Mapping[int, Sequence[Item]]) -> bytes:  # noqa: A002
    """The file for one platform: `variants` are the items of each seed; several become pools to draw from.

    The same variants give the same bytes.

    Raises:
        CannotExport: when there is nothing to export, or the variants cannot stand in for each other.
    """
    return WRITERS[form](id, title, pools(id, variants))


def losses(variants: Mapping[int, Sequence[Item]], form: str) -> list[str]:
    """Return what these items lose in that format, one sentence each, for the instructor."""
    items = [item for quiz in variants.values() for item in quiz]
    kinds = {item.kind for item in items}
    said = []
    if any(item.follow for item in items):
        said.append("Follow-through marks are left out: no platform passes an answer on to the next question.")
    if any(item.follow for item in items) and len(variants) > 1:
        said.append("A question that builds on an earlier one may be drawn from another variant than that one.")
    if "formula" in kinds:
        said.append("Formulas become a choice among known expressions: no platform recognises equivalent forms.")
    if "ordering" in kinds and form != "moodle":
        said.append("Ordering becomes matching of entries with positions, credited by position and not by pair.")
    if "ordering" in kinds and form == "moodle":
        said.append("Ordering needs Moodle 4.4 or newer.")
    if form == "qti" and kinds & {"numeric", "prediction"}:
        said.append("Hints for wrong numbers are shown together: Canvas would take each as a right answer.")
    if form != "moodle" and kinds & {"numeric", "prediction"}:
        said.append("Numbers are given without their unit, in the one that the question names.")
    if "text" in kinds and form != "moodle":
        said.append("Rubrics are shown with the solution, and sample answers are left out: there is no place for them.")
    return said
