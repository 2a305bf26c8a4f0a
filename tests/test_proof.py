"""A proof as a table: every statement stands in it with its outcome, and the verdict says no more than was tried."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autograder.render.proof import IN_OTHER_HANDS, TITLES, proof_view
from autograder.verify import Proof, ProofRow, Section

SHOWN = st.text("abcdefghij", min_size=3, max_size=12)
ROWS = st.lists(
    st.builds(
        ProofRow,
        st.sampled_from(list(TITLES)),
        SHOWN,
        st.booleans(),
        SHOWN,
        st.dictionaries(st.sampled_from(["costs", "rounding"]), SHOWN),
    ),
    min_size=1,
    max_size=12,
)
HELD = ProofRow("right", "model solution", holds=True, said="full marks", detail={})


def shown(proof: Proof) -> str:
    console = Console(file=io.StringIO(), width=300)
    console.print(proof_view(proof))
    return console.file.getvalue()


def proof(*rows: ProofRow, only: tuple[str, ...] = ()) -> Proof:
    return Proof("descent", "d" * 64, 1, "landlock", rows, only)


@given(ROWS)
def test_every_statement_is_there_with_its_outcome_and_each_section_is_counted(rows):
    text = shown(proof(*rows))
    lines = text.splitlines()
    for row in rows:
        mark = "✓" if row.holds else "✗ FAILS"
        words = (row.name, row.said, *row.detail.values())
        assert any(line.startswith(mark) and all(word in line for word in words) for line in lines), row
    for section in {row.section for row in rows}:
        these = [row for row in rows if row.section == section]
        heading = f"{TITLES[section]}: {sum(row.holds for row in these)} of {len(these)}"
        assert f"{heading} what" in " ".join(text.split())  # a title is folded to its table's width


@given(ROWS)
def test_the_last_line_is_the_verdict(rows):
    failing = sum(not row.holds for row in rows)
    last = shown(proof(*rows)).strip().splitlines()[-1]
    held = f"descent marks fairly: all {len(rows)} statements hold."
    assert last == (f"descent is not proven: {failing} of {len(rows)} statements fail." if failing else held)


@pytest.mark.parametrize(
    ("holds", "said"), [(True, "Nothing of what was tried fails"), (False, "1 of 1 statements fail")]
)
def test_a_look_at_some_misconceptions_is_called_no_proof(holds, said):
    last = shown(proof(replace(HELD, holds=holds), only=("sign",))).strip().splitlines()[-1]
    assert last == f"{said}: a look at 1 of the misconceptions, and no proof."


def test_of_other_hands_only_what_fails_is_shown():
    good, bad = (ProofRow("other hand", name, name == "good", "named", {}) for name in ("good", "bad"))
    text = " ".join(shown(proof(HELD, good, bad)).split())
    assert f"{IN_OTHER_HANDS}: 0 of 1" in text
    assert "bad named" in text
    assert "good" not in text
    assert IN_OTHER_HANDS not in shown(proof(HELD, good))


def test_every_section_of_a_proof_has_a_title():
    assert {*TITLES, "other hand"} == {*get_args(Section)}
