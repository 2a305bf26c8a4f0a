"""A report as the JSON object that others script against: schema gradmark.report/1 (design, section 6)."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from autograder.render import parts, rounded, total

if TYPE_CHECKING:
    from autograder.model import Place, Report

SCHEMA = "gradmark.report/1"


def to_json(report: Report) -> dict[str, object]:
    """Plain JSON values only, in the order of the schema. Nothing for staff only: no log, no exhibit.

    Text is as it was written: who shows it escapes it for where it is shown. Only lone surrogates, which no
    UTF-8 can hold, become "?". A `grader_error` has score 0 like any report without marks: read `status`.
    """
    score, max_score = total(report)
    told: dict[str, object] = {
        "schema": SCHEMA,
        "assignment": report.assignment,
        "assignment_digest": report.assignment_digest,
        "seed": report.seed,
        "submission": {"path": report.path, "digest": report.digest}
        | ({"known_as": list(report.known_as)} if report.known_as else {}),
        "status": report.status,
        "message": report.message,
        "score": score,
        "max_score": max_score,
        "criteria": [_picked(one, "id title score max_score status messages") for one in report.criteria],
        "diagnoses": [_picked(one, "misconception criterion hint try_this") for one in report.diagnoses],
        "quiz": [_picked(one, "id score max_score status message") for one in report.quiz],
        "seconds": _seconds(report.seconds),
        "sandbox": report.sandbox,
        "versions": dict(report.versions),
        "remarks": list(report.remarks),
        "parts": [asdict(part) for part in parts(report)],
    }
    if report.places:
        told["places"] = [_place(one) for one in report.places]
    return {key: _encodable(value) for key, value in told.items()}


def _place(place: Place) -> dict[str, object]:
    """Return the place without the edit, which is for staff."""
    return _picked(place, "line end_line source criterion kind" + " cell" * (place.cell is not None))


def _picked(row: object, names: str) -> dict[str, object]:
    """Return these attributes of a row; marks as every renderer shows them."""
    told = {name: getattr(row, name) for name in names.split()}
    marks = {name: rounded(told[name]) for name in ("score", "max_score") if name in told}
    lists = {name: list(value) for name, value in told.items() if isinstance(value, tuple)}
    return told | marks | lists


def _encodable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_encodable(key): _encodable(inner) for key, inner in value.items()}
        case list():
            return [_encodable(inner) for inner in value]
    return value


def _seconds(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise ValueError(f"a duration must be finite, this one is {seconds}: the sandbox's clock is at fault")
    return round(seconds, 3)
