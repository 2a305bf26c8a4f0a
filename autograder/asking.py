"""Asks guests what a submission's edits do: one conversation, as long as its guest lasts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from autograder import wire
from autograder.model import EditAnswer, EditTask, Glance, Scenario, Trial

if TYPE_CHECKING:
    from autograder.model import Run
    from autograder.sandbox import Talk

MOST_CRASHES = 24  # of one task: each costs a new guest
BROUGHT_DOWN = frozenset({"crashed", "memory", "exited"})  # by one edit: the search goes on after it
TIRED = 4.0  # seconds that a guest has computed: another one takes its place before its limit does


class Asking:
    """Answers tasks about edits, with a guest that is kept from one task to the next.

    `talk` begins a conversation. `opening`: the frame that tells a guest of the submission and of `scenarios`.
    """

    def __init__(
        self, talk: Callable[[], AbstractContextManager[Talk]], opening: bytes, scenarios: Sequence[Scenario]
    ) -> None:
        self._talk, self._opening, self._scenarios = talk, opening, scenarios
        self.troubles: list[str] = []  # of the search itself: for staff
        self._conversation: Talk | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._part()

    def __call__(self, task: EditTask) -> EditAnswer:
        """The claims about a task's edits; an edit that brings a guest down is passed over."""
        trials, glances = list[Trial](), list[Glance]()
        for _ in range(MOST_CRASHES):
            run = self._asked(task)
            answer, last, seconds = wire.read_answer(run, self._scenarios)
            if run.end != "finished" or seconds > TIRED:
                self._part()
            if math.isinf(seconds):
                continue
            trials += answer.trials
            glances += answer.glances
            if run.end not in BROUGHT_DOWN or last <= task.after:
                done = answer.done and run.end == "finished"
                self.troubles += [answer.trouble] if answer.trouble else []
                return EditAnswer(
                    tuple(trials), tuple(glances), answer.running, answer.silent, answer.no_op, done, answer.trouble
                )
            task = replace(task, after=last)
        return EditAnswer(tuple(trials), tuple(glances), done=False)

    def _asked(self, task: EditTask) -> Run:
        asked = wire.pack_task(task, self._scenarios)
        if self._conversation is None:
            self._conversation = self._open.enter_context(self._talk())
            asked = self._opening + asked
        return self._conversation.ask(asked)

    def _part(self) -> None:
        """End the conversation; the next task begins another one."""
        self._conversation = None
        self._open.close()
