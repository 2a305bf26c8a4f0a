"""Finds pairs of submissions that are more alike than the class is: a reason to look, and never more than that.

What the template has is left out; names of one's own, comments and layout do not count, nor does the order of classes
and methods. What is compared are tokens, aligned by RapidFuzz: maintained, compiled, with wheels for every Python that
we run on, 30 µs a pair. (copydetect, which does all of this, had its last release in March 2024, and takes 430 µs.)
"""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import statistics
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from rapidfuzz.distance import LCSseq, MatchingBlock

from autograder.model import Assignment
from autograder.service.store.schema import AssignmentRow as Asked
from autograder.service.store.schema import JobRow, SubmissionRow, VersionRow
from autograder.service.store.standings import standings
from autograder.service.worker.context import Context
from autograder.service.worker.marking import read
from autograder.syntax import parse

LEAST = 10  # submissions: of fewer the median says nothing
FAR = 5.0  # robust standard deviations above the median: of 125 000 pairs that are spread normally, not one
LEAST_OF_WAY, MOST_OF_WAY = 0.25, 0.75  # from the median to "the same": bounds of that, for classes all alike or mixed
MOST_PAIRS = 100  # that staff are shown
PASSAGE = 15  # tokens in a row that make a passage: about two lines
MOST_PASSAGES = 12
MOST_LINES = 40  # of a passage
NAMES = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"self", "np"}  # that nobody chooses
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


@dataclass(frozen=True, eq=False)
class Source:
    """A submission as it is compared: `tokens` has a character for each kind of token, `lines` says where it stands."""

    submission_id: str
    user_id: str
    text: Sequence[str]
    tokens: str
    lines: Sequence[int]  # from 0
    group: str = ""  # that it was handed in for


def similarity(context: Context, job: JobRow) -> dict[str, Any]:
    """The job that compares what counts for each student of an assignment."""
    with context.store.reading() as db:
        asked = db.get_one(Asked, job.payload["assignment"])
        version = db.get_one(VersionRow, asked.version_id)
        every = sorted((one.counting for one in standings(db, asked).values()), key=lambda one: one.made_at)
        counting = [one.submission_id for one in every]  # of two that are alike, the earlier one is named first
    assignment = context.assignment(asked.source, version.digest)
    reader = TokenReader(assignment.template.read_text(encoding="utf-8"))
    sources, unread = [], 0
    for id_ in counting:  # one at a time: what five hundred students handed in need not be in memory together
        with context.store.reading() as db:
            handed_in = db.get_one(SubmissionRow, id_)
        source = _source(reader, handed_in, assignment)
        unread += source is None
        sources += [source] if source else []
    return {**compare(sources), "unread": unread}


def _source(reader: TokenReader, handed_in: SubmissionRow, assignment: Assignment) -> Source | None:
    found = read(handed_in, assignment, "").files.get(assignment.main) if handed_in.upload else None
    source = reader.source(handed_in.id, handed_in.user_id, found.decode(errors="replace")) if found else None
    return replace(source, group=handed_in.group_name) if source else None


# ------------------------------------------------------------------------------------------------------- reading
class TokenReader:
    """Makes tokens comparable across submissions: the same kind of token is the same character everywhere."""

    def __init__(self, template: str) -> None:
        self.given = frozenset(_plain(line) for line in template.split("\n"))
        self.names = NAMES | {token.string for token in _tokens(template) if token.type == tokenize.NAME}
        self.characters: dict[str, str] = {}

    def source(self, submission_id: str, user_id: str, text: str) -> Source | None:
        """None for what is no Python."""
        lines = text.split("\n")  # as Python counts them
        try:
            order = _order(text)
            found = [t for t in _tokens(text) if t.start[0] <= len(lines)]
        except (SyntaxError, ValueError, tokenize.TokenError, RecursionError):
            return None
        own = [t for t in found if _plain(lines[t.start[0] - 1]) not in self.given]
        own.sort(key=lambda token: order[token.start[0] - 1])  # stable: within a method nothing moves
        tokens = "".join(self._character(token) for token in own)
        return Source(submission_id, user_id, lines, tokens, [token.start[0] - 1 for token in own])

    def _character(self, token: tokenize.TokenInfo) -> str:
        kind = token.string
        if token.type == tokenize.NAME and kind not in self.names:
            kind = "a name"
        elif token.type not in (tokenize.NAME, tokenize.OP, tokenize.NUMBER):
            kind = "a text"
        return self.characters.setdefault(kind, chr(0x100 + len(self.characters)))


def _plain(line: str) -> str:
    return line.partition("#")[0].strip()


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Without comments, layout and docstrings."""
    at_start = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in SILENT:
            at_start = at_start or token.type in (tokenize.NEWLINE, tokenize.INDENT)
        elif token.type != tokenize.ENDMARKER and not (at_start and token.type == tokenize.STRING):
            at_start = False
            yield token


def _order(text: str) -> list[str]:
    """For each line the class and function that it is in: by these names submissions are put into one order."""
    order = [""] * (text.count("\n") + 2)

    def walk(nodes: Sequence[ast.stmt], inside: str) -> None:
        for node in nodes:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{inside}.{node.name}"
                order[node.lineno - 1 : node.end_lineno] = [name] * ((node.end_lineno or node.lineno) - node.lineno + 1)
                if isinstance(node, ast.ClassDef):
                    walk(node.body, name)

    walk(parse(text).body, "")
    return order


# ----------------------------------------------------------------------------------------------------- comparing
def compare(sources: Sequence[Source]) -> dict[str, Any]:
    """Return the similarity report for staff: how alike the class is, and the pairs far above that."""
    sources = [source for source in sources if len(source.tokens) >= PASSAGE]
    if len(sources) < LEAST:
        return {"submissions": len(sources), "pairs": []}
    pairs = [(one, other) for one, other in combinations(sources, 2) if not one.group or one.group != other.group]
    if not pairs:  # all of one group
        return {"submissions": len(sources), "pairs": []}
    every = {pair: shared(*pair) for pair in pairs}
    middle = statistics.median(every.values())
    spread = 1.4826 * statistics.median(abs(alike - middle) for alike in every.values())
    limit = middle + min(max(FAR * spread, (1 - middle) * LEAST_OF_WAY), (1 - middle) * MOST_OF_WAY)
    far = sorted(((alike, pair) for pair, alike in every.items() if alike > limit), key=lambda found: -found[0])
    return {
        "submissions": len(sources),
        "median": round(middle, 4),
        "limit": round(limit, 4),
        "far": len(far),
        "pairs": [_pair(*pair, alike) for alike, pair in far[:MOST_PAIRS]],
    }


def shared(one: Source, other: Source) -> float:
    """The part of both that stands in passages they share: 0 = nothing, 1 = all of it."""
    return 2 * sum(block.size for block in _blocks(one, other)) / (len(one.tokens) + len(other.tokens))


def _blocks(one: Source, other: Source) -> list[MatchingBlock]:
    found = LCSseq.opcodes(one.tokens, other.tokens).as_matching_blocks()
    return [block for block in found if block.size >= PASSAGE]


def _pair(one: Source, other: Source, alike: float) -> dict[str, Any]:
    return {
        "users": [one.user_id, other.user_id],
        "submissions": [one.submission_id, other.submission_id],
        "alike": round(alike, 4),
        "passages": list(_passages(one, other)),
    }


def _passages(one: Source, other: Source) -> Iterator[dict[str, Any]]:
    """The longest ones, in the order in which the first has them."""
    longest = sorted(_blocks(one, other), key=lambda block: -block.size)[:MOST_PASSAGES]
    for block in sorted(longest, key=lambda block: block.a):
        yield {
            "tokens": block.size,
            "texts": [
                _lines(one, one.lines[block.a : block.a + block.size]),
                _lines(other, other.lines[block.b : block.b + block.size]),
            ],
        }


def _lines(source: Source, numbers: Sequence[int]) -> list[tuple[int, str]]:
    """Number and text of each line that these tokens stand in."""
    return [(number + 1, source.text[number][:200]) for number in list(dict.fromkeys(numbers))[:MOST_LINES]]
