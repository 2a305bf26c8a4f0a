"""A pipeline's Report as bytes in the database, and back: compressed JSON, all of it but the charts."""

from __future__ import annotations

import json
import lzma
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cattrs

from autograder.model import WHOLE_QUIZ, Report
from autograder.service.rules import weights
from autograder.service.rules.grades import answer_digest
from autograder.service.rules.statistics import PartMark
from autograder.service.rules.weights import Lens, Points, Sums, lens, share, weighed

LZMA = b"\xfd7zXZ"  # what such bytes begin with
FAST = 1  # a twentieth larger than the default, in a fifth of the time


_CONVERTER = cattrs.Converter()


def pack(report: Report) -> bytes:
    plain = _CONVERTER.unstructure(replace(report, charts=()))
    return zlib.compress(json.dumps(plain, ensure_ascii=True, allow_nan=False).encode())


def unpack(body: bytes) -> Report:
    told = json.loads(zlib.decompress(body))
    return _CONVERTER.structure(_of_today(told), Report)


def _of_today(told: dict[str, Any]) -> dict[str, Any]:
    """A report as today's release writes it: until version 0.9, answers counted where there were any."""
    for item in told["quiz"]:
        item["status"] = "unreadable" if item["status"] == "malformed" else item["status"]
    if "quiz_points" in told:
        return told
    for item in told["quiz"]:
        item["max_score"] = item["awaited"]["points"] if item["awaited"] else item["max_score"]
    return told | {"quiz_counts": True, "quiz_points": sum(item["max_score"] for item in told["quiz"])}


def text(body: bytes, chosen: Points) -> str:
    """Return the report by a course's points as JSON, for readers who may have all of it."""
    if not chosen:
        return zlib.decompress(body).decode()
    return json.dumps(_CONVERTER.unstructure(weighed(unpack(body), chosen)))


def marks(body: bytes) -> bytes:
    """Return the points of a report's rows in a tenth of its bytes: all that adding them up anew needs.

    These are its scores, and a text with everything else, which is the same for many reports.
    """
    if not body:
        return b""
    told = _of_today(json.loads(zlib.decompress(body)))
    criteria = [[row["id"], row["max_score"]] for row in told["criteria"]]
    quiz = [
        [item["id"], item["max_score"], *([item["awaited"]["points"]] if item["awaited"] else [])]
        for item in told["quiz"]
    ]
    rows = json.dumps([criteria, quiz, told["quiz_counts"], told["quiz_points"]])
    scores = [[row["score"] for row in told[kind]] for kind in ("criteria", "quiz")]
    return zlib.compress(json.dumps([*scores, rows]).encode())


class Adding:
    """Adds up reports by a course's points, from their `marks`."""

    def __init__(self, chosen: Points) -> None:
        self._chosen = chosen
        self._lenses: dict[str, Lens] = {}  # by the rows of a report

    def sums(self, packed: bytes) -> Sums:
        criteria, quiz, rows = json.loads(zlib.decompress(packed))
        if rows not in self._lenses:
            self._lenses[rows] = lens(_rows(rows), self._chosen)
        return self._lenses[rows].sums(criteria, quiz)


def _rows(packed: str) -> dict[str, Any]:
    criteria, quiz, counts, points = json.loads(packed)
    return {
        "criteria": [{"id": name, "max_score": most} for name, most in criteria],
        "quiz": [
            {"id": name, "max_score": most, "awaited": {"points": waits[0]} if waits else None}
            for name, most, *waits in quiz
        ],
        "quiz_counts": counts,
        "quiz_points": points,
    }


def parts(
    body: bytes, given: Mapping[tuple[str, str], float], chosen: Points, *, judged: bool = False
) -> tuple[list[PartMark], list[PartMark]]:
    """The criteria and the questions of a report as numbers. What counts nowhere (yet) is not among them.

    `given`: what people gave to this student's free texts, by question and digest of the answer. With `judged` there is
    nothing of code that could not be marked, nor of a quiz that was not: their zeros say nothing about a row.
    """
    # As it is: to structure all of a report takes ten times as long.
    told = _of_today(json.loads(zlib.decompress(body)))
    worth = weights.rows_worth(told, chosen)

    def counted(name: str, score: float, most: float) -> tuple[float, float]:
        now = worth.get(name, (most, most))[1] if most else 0.0
        return share(score, most, now), now

    criteria = [
        PartMark(row["id"], row["title"], row["id"], *counted(f"criterion:{row['id']}", row["score"], row["max_score"]))
        for row in told["criteria"]
        if not judged or told["status"] == "graded"
    ]
    questions = [
        PartMark(item["id"], item["title"], f"Question {number}", *counted(f"item:{item['id']}", *_points(item, given)))
        for number, item in enumerate(told["quiz"], start=1)
        if not judged or item["id"] != WHOLE_QUIZ
    ]
    return [part for part in criteria if part.max_score], [part for part in questions if part.max_score]


def difference(body: bytes, given: Mapping[str, float], chosen: Points) -> float:
    """The change of the score when these rows (`criterion:…`, `item:…`) have these points, not the grader's."""
    told = _of_today(json.loads(zlib.decompress(body)))
    worth = weights.rows_worth(told, chosen)
    kinds = (("criterion", told["criteria"]), ("item", told["quiz"]))
    scores = {f"{kind}:{row['id']}": row["score"] for kind, all_ in kinds for row in all_}
    return float(
        sum(
            share(points, *worth[name]) - share(scores[name], *worth[name])
            for name, points in given.items()
            if name in worth
        )
    )


def _points(item: dict[str, Any], given: Mapping[tuple[str, str], float]) -> tuple[float, float]:
    awaited = item["awaited"]
    mark = given.get((item["id"], answer_digest(awaited["answer"]))) if awaited else None
    return (item["score"], item["max_score"]) if mark is None else (mark, awaited["points"])


def pack_pictures(pictures: list[dict[str, str]]) -> bytes:
    """`pictures`: title, caption and svg of each. Maps repeat each other, further apart than zlib can see."""
    return lzma.compress(json.dumps(pictures).encode(), preset=FAST)


def unpack_pictures(packed: bytes | None) -> list[dict[str, str]]:
    if not packed:
        return []
    unpacked = lzma.decompress(packed) if packed.startswith(LZMA) else zlib.decompress(packed)  # of an older release
    return [dict(entry) for entry in json.loads(unpacked)]
