"""`gradmark practice`: which exercise comes when, how answers are read, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import practice, variants
from autograder.assignment import load
from autograder.model import ChoiceKey
from autograder.quiz.kinds import asked

ROOT = Path(__file__).resolve().parent.parent
FEWER = range(300)  # of the variants that the proof of each assignment looks at, which .ci/run runs
PRACTICE = load("practice")
ASSIGNMENTS = [PRACTICE, load("optimizers"), load("schedulers")]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",
    "COLUMNS": "200",
    "NO_COLOR": "1",
    "TERM": "dumb",
}


def command(*options):
    return [sys.executable, "-m", "autograder", "practice", *options]


def typed(text, *options):
    return subprocess.run(
        command("--assignment", "practice", "--seed", "3", *options), cwd=ROOT, env=ENVIRONMENT, input=text,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def records(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


# ------------------------------------------------------------------------------------------------- which comes when
def ideas_asked(pool, wrong=()):
    """The ideas of twelve exercises, of which those with these numbers are answered wrongly."""
    asked = []
    for number in range(1, 13):
        item = pool.next()
        asked.append(item.idea)
        pool.told(item, right=number not in wrong)
    return asked


def test_a_seed_gives_the_same_exercises_and_another_gives_others():
    def prompts(seed):
        pool = practice.ExercisePool([PRACTICE], seed=seed)
        return [pool.next().prompt for _ in range(5)]

    assert prompts(1) == prompts(1)
    assert prompts(1) != prompts(2)


def test_ideas_take_turns():
    pool = practice.ExercisePool([PRACTICE], seed=1)
    asked = ideas_asked(pool)
    n = len(pool.ideas)
    assert sorted(asked[:n]) == sorted(asked[n : 2 * n]) == sorted(pool.ideas)


def test_an_idea_that_was_wrong_comes_back_as_the_third_exercise_after():
    for seed in range(5):
        asked = ideas_asked(practice.ExercisePool([PRACTICE], seed=seed), wrong=(2,))
        assert asked[4] == asked[1]


def test_only_the_ideas_asked_for_are_asked():
    assert set(ideas_asked(practice.ExercisePool(ASSIGNMENTS, ideas=["cosine"], seed=1))) == {"cosine"}


def test_an_idea_that_is_nowhere_is_refused_with_those_that_are():
    with pytest.raises(practice.NoExercise, match=r"no exercise about love. The ideas are: .*telling optimizers apart"):
        practice.ExercisePool([PRACTICE], ideas=["love"])


def test_an_assignment_without_a_quiz_is_refused():
    with pytest.raises(practice.NoExercise, match="nothing to practise"):
        practice.ExercisePool([replace(PRACTICE, quiz=lambda _: ())])


def test_what_needs_another_answer_or_a_person_is_not_asked():
    for assignment in ASSIGNMENTS:
        for seed in range(10):
            assert all(i.follow is None and i.kind != "text" for i in practice._alone(assignment, seed))  # noqa: SLF001


def test_questions_that_are_held_are_never_asked_and_the_same_draw_needs_only_those_that_were_left():
    """Of a slot whose questions have no numbers, all stand in somebody's quiz: other ideas are asked then."""
    optimizers = load("optimizers")
    held = frozenset(practice.same_words(asked(item)) for seed in range(12) for item in optimizers.quiz(seed))
    pool = practice.ExercisePool(
        [optimizers], seed=5, held=held, known=practice.ExercisePool([optimizers], seed=5).known
    )
    found = [pool.next() for _ in range(4)]
    assert not held & {practice.same_words(asked(item)) for item in found}
    assert pool.avoided
    again = practice.ExercisePool([optimizers], seed=5, held=frozenset(pool.avoided), known=pool.known)
    assert [again.next().prompt for _ in range(4)] == [item.prompt for item in found]


# ----------------------------------------------------------------------------------------------------- the dialogue
@pytest.mark.parametrize("kind", sorted(practice.HOW))
def test_the_key_as_it_is_shown_is_right_when_typed(kind):
    """Of every kind that can be asked, in the shape that its line of instruction asks for."""
    items = [i for a in ASSIGNMENTS for seed in range(10) for i in practice._alone(a, seed) if i.kind == kind]  # noqa: SLF001
    assert items
    for item in items:
        answer = practice._shaped(item, practice.key_text(item))  # noqa: SLF001
        assert practice.mark_item(item, answer).status == "right", (item.prompt, answer)


def test_every_exercise_can_be_answered_right_and_is_counted():
    pool = practice.ExercisePool([PRACTICE], seed=3)
    answers = "".join(practice.key_text(pool.next()) + "\n" for _ in range(6))
    done = typed(answers, "--count", "6")
    assert done.returncode == 0
    assert "That was 6, 6 of them right." in done.stdout


def test_a_wrong_answer_gets_its_hint_the_answer_and_the_tally():
    pool = practice.ExercisePool([PRACTICE], ideas=["telling optimizers apart"], seed=3)
    item = pool.next()
    assert isinstance(item.key, ChoiceKey)
    wrong = next(option for option in item.key.options if not option.right)
    done = typed(f"{wrong.id}\n", "--idea", "telling optimizers apart", "--count", "1")
    for text in (wrong.hint, f"The answer is {practice.key_text(item)}.", item.solution, "[0 of 1 right]"):
        assert text in done.stdout


def test_what_cannot_be_read_may_be_typed_again_and_counts_nowhere():
    item = practice.ExercisePool([PRACTICE], ideas=["telling optimizers apart"], seed=3).next()
    done = typed(f"purple\n{practice.key_text(item)}\n", "--idea", "telling optimizers apart", "--count", "1")
    assert "Try again." in done.stdout
    assert "That was 1, 1 of them right." in done.stdout


def test_an_empty_line_shows_the_answer():
    assert "The answer is" in typed("\n", "--count", "1").stdout


@pytest.mark.parametrize("ending", ["", "q\n", "quit\n", "EXIT\n"], ids=repr)
def test_it_ends_politely(ending):
    done = typed(ending)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Until next time!\n")


def test_ctrl_c_ends_it_politely():
    with subprocess.Popen(
        command("--assignment", "practice", "--seed", "3"), cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        while not running.stdout.readline().startswith("1."):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (0, "")
    assert out.endswith("Until next time!\n")


def test_json_has_a_line_for_each_exercise_and_verdict_and_nothing_else():
    asked, verdict, tally = records(typed("\n", "--json", "--count", "1"))
    assert set(asked) == {"exercise", "id", "kind", "idea", "prompt", "choices"}
    assert (verdict["status"], verdict["asked"], tally) == ("empty", 1, {"right": 0, "asked": 1})


def test_a_question_shows_no_answer():
    """Keys, hints and solutions come with the verdict."""
    for assignment in ASSIGNMENTS:
        for item in practice._alone(assignment, 1):  # noqa: SLF001
            assert item.solution not in item.prompt


# ------------------------------------------------------------------------------------------- exercises of practice
@pytest.mark.slow("every exercise is drawn many times and answered in every way")
def test_the_exercises_are_fair():
    assert [(name, said) for name, holds, said in variants.statements(PRACTICE, FEWER) if not holds] == []


@pytest.mark.slow
def test_no_two_options_of_an_exercise_say_the_same():
    """Two mistakes with one trajectory could not be told apart."""
    for seed in range(200):
        for item in PRACTICE.quiz(seed):
            if isinstance(item.key, ChoiceKey) and item.id.startswith("mistake-"):
                paths = [option.hint for option in item.key.options]
                assert len(set(paths)) == len(paths) >= 3, item.prompt


@pytest.mark.slow
def test_a_wrong_step_shows():
    for seed in range(200):
        (item,) = (i for i in PRACTICE.quiz(seed) if i.id.startswith("wrong-step-"))
        went = item.prompt.partition("θ went ")[2].partition(". Which")[0]
        assert went not in item.solution
