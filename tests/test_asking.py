"""Conversations about edits: with one guest as long as it lasts, and never with one that is no longer what it was."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from operator import itemgetter

import numpy as np
import pytest
from conftest import require
from hypothesis import given
from hypothesis import strategies as st
from remembering import Remembering

from autograder import pipeline, wire
from autograder.asking import Asking
from autograder.assignment import load
from autograder.judge.probing import Beginning
from autograder.judge.repair import all_played
from autograder.model import Assignment, EditAnswer, EditTask, Run, Submission
from autograder.sandbox import Sandbox, Talk
from autograder.sandbox.choose import choose
from autograder.wire import Turns, read_answer

SGD = """
import numpy as np
from tinytorch.core.tensor import Tensor

class SGD:
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        self.params, self.lr, self.step_count = list(params), lr, 0

    def step(self):
        for p in self.params:
            if p.grad is not None:
                {before}
                p.data = p.data - np.multiply(self.lr, getattr(p.grad, "data", p.grad))
        self.step_count += 1

    def zero_grad(self):
        for p in self.params:
            p.grad = None
"""
PROBE = "sgd-defaults"


class Counted:
    """A sandbox whose conversations are counted."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.name, self.isolated = sandbox.name, sandbox.isolated
        self.sandbox, self.begun = sandbox, 0

    @contextmanager
    def talk(self) -> Iterator[Talk]:
        self.begun += 1
        with self.sandbox.talk() as conversation:
            yield conversation


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return load("optimizers")


@pytest.fixture(params=["landlock", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Counted]:
    require(request.param)
    with choose(request.param, say=print) as found:
        yield Counted(found)


def asking(assignment: Assignment, sandbox: Counted | Remembering, before: str) -> Asking:
    files = {assignment.main: SGD.format(before=before).encode()}
    played = all_played(assignment, assignment.scenarios(1))
    job = pipeline.pack(Submission("sgd", files, ""), assignment, played, searching=True)
    return Asking(sandbox.talk, job, played)


def told(answer: EditAnswer) -> list[tuple[int, str, str, dict[str, bytes]]]:
    """Return an answer's claims about each edit, arrays as bytes."""
    return [
        (t.edit, t.kind, t.observation.scenario, {n: a.tobytes() for n, a in t.observation.arrays.items()})
        for t in answer.trials
    ]


def test_one_guest_answers_all_tasks(assignment: Assignment, sandbox: Counted) -> None:
    with asking(assignment, sandbox, "pass") as ask:
        found = ask(EditTask((PROBE,)))
        assert found.done
        assert len(found.trials) > 50
        edits = tuple(t.edit for t in found.trials[:3])
        again = ask(EditTask((PROBE,), only=edits, played=(PROBE,), switched=True))
        assert told(again) == sorted(told(found)[:3], key=itemgetter(0))  # all come smallest first, some by number
        assert told(ask(EditTask((PROBE,)))) == told(found)
        assert sandbox.begun == 1


def test_first_rows_are_those_of_the_whole_run(assignment: Assignment, sandbox: Counted) -> None:
    """They are told of each edit that changes them and does not fail; all others begin as the file does."""
    with asking(assignment, sandbox, "pass") as ask:
        whole = {t.edit: t.observation for t in ask(EditTask((PROBE,))).trials}
        glances = ask(EditTask((PROBE,), until=("p0", 2))).glances
    begun = {edit: rows for g in glances for edit, rows in zip(g.edits, g.arrays["p0"], strict=True)}
    first = {edit: seen.arrays["p0"][:2] for edit, seen in whole.items() if len(seen.arrays.get("p0", ())) > 1}
    same = partial(np.array_equal, equal_nan=True)
    assert len(begun) > 20
    assert all(same(rows, first[edit]) for edit, rows in begun.items() if edit in first)
    others = [rows for edit, rows in first.items() if edit not in begun and whole[edit].fault is None]
    assert others
    assert all(same(others[0], rows) for rows in others)


def test_a_guest_in_which_an_edit_has_changed_what_all_share_is_left(assignment: Assignment, sandbox: Counted) -> None:
    """With another comparison the line doubles NumPy's own product, for every edit that comes later."""
    with asking(assignment, sandbox, "if self.lr < 0: np.multiply = np.add") as ask:
        first = ask(EditTask((PROBE,)))
        assert sandbox.begun == 1
        edits = tuple(t.edit for t in first.trials[:2])
        task = EditTask((PROBE,), only=edits, played=(PROBE,), switched=True)
        later = ask(task)
        assert sandbox.begun == 2
    with asking(assignment, sandbox, "if self.lr < 0: np.multiply = np.add") as ask:
        assert told(ask(task)) == told(later)


def test_an_edit_that_brings_a_guest_down_costs_its_block_and_another_guest(
    assignment: Assignment, sandbox: Counted
) -> None:
    with asking(assignment, sandbox, "if self.lr < 0: import os; os._exit(3)") as ask:
        found = ask(EditTask((PROBE,)))
        edits = [t.edit for t in found.trials]
        assert sandbox.begun > 1
        assert edits == sorted(set(edits), key=edits.index)
        guests = sandbox.begun
        assert ask(EditTask((PROBE,), only=tuple(edits[:1]), played=(PROBE,), switched=True)).trials
        assert sandbox.begun <= guests + 1


def test_what_goes_wrong_with_the_search_itself_is_told_to_staff_and_the_guest_goes_on(
    assignment: Assignment, sandbox: Counted
) -> None:
    with asking(assignment, sandbox, "pass") as ask:
        failed = ask(EditTask((PROBE,), chain=({"probe": (PROBE,), "number": 1},)))  # without its grammar
        assert "KeyError: 'rich'" in failed.trouble
        assert not failed.trials
        assert ask.troubles == [failed.trouble]
        assert ask(EditTask((PROBE,))).trials
        assert sandbox.begun == 1


def test_a_grammar_of_ours_that_is_broken_stands_in_the_log_and_tells_the_student_nothing_false(
    assignment: Assignment, sandbox: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {f"gradmark_{name}": (wire.GUEST / f"{name}.py").read_text() for name in ("loading", *wire.SEARCHING)}
    whole = "        return self.node(self.plan.tree)\n"
    assert whole in texts["gradmark_switched"]
    broken = {
        **texts,
        "gradmark_switched": texts["gradmark_switched"].replace(whole, "        raise ValueError('ours')\n"),
    }
    monkeypatch.setattr(wire, "_of_ours", lambda *_: broken)
    files = {assignment.main: SGD.format(before="p.grad = p.data").encode()}
    report = pipeline.grade(Submission("sgd", files, "d" * 64), assignment, sandbox.sandbox, seed=1)
    assert "The search for a line failed" in report.log
    assert "ValueError: ours" in report.log
    assert report.status == "graded"
    assert not [remark for remark in report.remarks if "cut short" in remark]


def test_what_tests_remember_of_a_conversation_is_what_a_guest_says(assignment: Assignment, sandbox: Counted) -> None:
    """Whatever was asked in the same words is answered without a guest, and what is new by one that was told the rest."""
    first, second, other = (EditTask((PROBE,), only=(number,), played=(PROBE,)) for number in (1, 2, 3))
    remembering = Remembering(sandbox)
    begun, answers = [], []
    for tasks in ([first, second], [first, second], [first, other], [first, second, other]):
        with asking(assignment, remembering, "pass") as ask:
            answers.append([told(ask(task)) for task in tasks])
        begun.append(sandbox.begun)
    assert begun == [1, 1, 2, 3]
    with asking(assignment, sandbox, "pass") as ask:
        one, two, three = (told(ask(task)) for task in (first, second, other))
    assert one
    assert answers == [[one, two], [one, two], [one, three], [one, two, three]]


def frame(text: bytes, payload: bytes = b"") -> bytes:
    body = struct.pack(">I", len(text)) + text + payload
    return struct.pack(">I", len(body)) + body


@given(
    st.lists(st.sampled_from([b'{"edit": 1}', b'{"glanced": [1, 2]}', b'{"x": "{\\"done\\":"}']), max_size=4),
    st.binary(max_size=40),
    st.lists(st.integers(1, 30), min_size=1),
)
def test_an_answer_ends_with_the_frame_that_says_so_however_it_comes(
    texts: list[bytes], payload: bytes, sizes: list[int]
) -> None:
    turns, data = Turns(b""), b"".join(frame(text, payload) for text in texts)
    whole = data + frame(b'{"done": true, "edits": 7}')
    at = 0
    for number in range(len(whole)):
        if at >= len(whole):
            break
        assert not turns.answered
        piece = whole[at : at + sizes[number % len(sizes)]]
        turns.heard(piece)
        at += len(piece)
    assert turns.answered
    turns.heard(frame(b'{"edit": 2}'))
    assert not turns.answered


@given(
    st.lists(st.one_of(st.integers(-2, 10**7), st.booleans(), st.text(max_size=2)), max_size=3),
    st.dictionaries(st.sampled_from(["p", "q"]), st.lists(st.integers(0, 3), min_size=1, max_size=4), max_size=2),
)
def test_whatever_a_guest_says_of_first_rows_is_read_or_refused(
    numbers: list[object], shapes: dict[str, list[int]]
) -> None:
    """It is assumed taken over: a glance may lack arrays, or hold such of any shape."""
    payload = b"".join(np.zeros(shape).tobytes() for shape in shapes.values())
    header = json.dumps({"glanced": numbers, "arrays": list(shapes.items())}).encode()
    run = Run(frame(header, payload) + frame(b'{"done": true, "arrays": []}'), b"", "finished", "", 0.0)
    answer, _, _ = read_answer(run, [])
    rule = {"p": (np.ones((3, 2)), 1e-6)}
    for glance in answer.glances:
        assert Beginning("p", 2, [rule]).suiting(glance) == []
