"""Python of ours, parsed in the grader's own process."""

from __future__ import annotations

import ast
import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from autograder.syntax import parse


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads take turns as often as they can, also in the middle of building a tree."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.callbacks.append(yielding)
    gc.set_threshold(20, 1, 1)
    yield
    gc.callbacks.remove(yielding)
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


def yielding(*_: object) -> None:
    """Python code in the middle of a collection: another thread may go on here."""
    sum(range(50))


@pytest.mark.usefixtures("impatient")
def test_two_threads_parse_at_once():
    source, problems = "\n".join(f"x{n} = f(g({n}), [h(i) for i in y])" for n in range(100)), []

    def work() -> None:
        for _ in range(5):
            try:
                parse(source)
            except SystemError as error:
                problems.append(error)

    working = [threading.Thread(target=work) for _ in range(4)]
    for one in working:
        one.start()
    for one in working:
        one.join()
    assert problems == []


def test_what_is_no_python_is_a_syntax_error_and_leaves_the_next_one_free():
    with pytest.raises(SyntaxError):
        parse("def")
    assert isinstance(parse("x = 1"), ast.Module)
