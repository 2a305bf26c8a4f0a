"""Marks of whole quizzes: what builds on an earlier answer, what two entries answer, and what is a fault of ours."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.model import Follow, Item, NumericKey, Wrong
from autograder.quiz import mark_quiz
from autograder.quiz.answers import Answers
from autograder.quiz.mark import OUR_FAULT, mark_items
from autograder.quiz.outcome import BadKey

GIB = 2**30


def item(key, *, name, follow=None):
    return Item(name, "numeric", "memory", f"Title of {name}", "How much?", 2.0, key, "Because.", follow)


def entered(entries):
    return Answers(None, "", entries)


TOO_MUCH = Wrong(3 * 40e9 / GIB, "You counted the parameters too.")
MEMORY = item(NumericKey(40e9 / GIB, "GiB", 4, (TOO_MUCH,)), name="memory")


# ------------------------------------------------------------------------------------------------------ all items
def test_a_quiz_with_two_items_of_one_name_is_ours():
    with pytest.raises(BadKey, match="same id"):
        mark_items((MEMORY, MEMORY), entered({}))


@given(st.lists(st.sampled_from(["37.25 GiB", "", "nonsense", "111.76 GiB", "12 apples"]), min_size=1, max_size=6))
def test_each_item_has_its_mark_in_its_place_and_a_broken_key_costs_no_other(typed):
    items = [replace(MEMORY, id=f"q{n}") for n in range(len(typed))]
    broken = replace(MEMORY, id="broken", key=NumericKey(float("nan"), "GiB", 4, ()))
    alone = [mark_items([one], entered({one.id: text}))[0] for one, text in zip(items, typed, strict=True)]
    entries = {one.id: text for one, text in zip(items, typed, strict=True)} | {"broken": "1 GiB"}
    *marks, ours = mark_items([*items, broken], entered(entries))
    assert marks == alone
    assert (ours.status, ours.score, ours.message) == ("grader_error", 0.0, OUR_FAULT)


def test_of_two_entries_for_one_question_none_is_marked_and_both_are_shown():
    (mark,) = mark_items([MEMORY], Answers(None, "", {}, twice={"memory": "37.25 GiB and 40 GiB"}))
    assert (mark.status, mark.score, mark.detail.answer) == ("unreadable", 0.0, "37.25 GiB and 40 GiB")


# ------------------------------------------------------------------------------------------------ follow-through
TOTAL = item(
    NumericKey(2 * 40e9 / GIB, "GiB", 4, (Wrong(3 * 40e9 / GIB, "One array too many."),)),
    name="total",
    follow=Follow("memory", lambda own: own + 40e9 / GIB, 0.75),
)


def both(first, second, question=TOTAL):
    answers = f"[answers]\nmemory = {json.dumps(first)}\ntotal = {json.dumps(second)}\n"
    return mark_quiz((MEMORY, question), answers.encode())[1]


def test_an_answer_that_follows_from_an_own_wrong_answer_earns_what_the_item_declares():
    mark = both("74.51 GiB", "111.76 GiB")  # which is a distractor too: following comes first
    assert (mark.status, mark.score) == ("follow_through", 1.5)
    assert "follows correctly from your own answer to memory" in mark.message
    assert both("80 GB", "120 GB").status == "follow_through"


def test_following_is_never_worth_more_than_a_right_answer_and_never_replaces_one():
    generous = replace(TOTAL, follow=replace(TOTAL.follow, fraction=7.0))
    mark = both("74.51 GiB", "111.76 GiB", generous)
    assert mark.score == 2
    assert "full marks" in mark.message
    assert both("74.51 GiB", "74.51 GiB").status == "right"


@pytest.mark.parametrize("first", ["37.25 GiB", "", "74.51 apples", "12 hours", "nonsense"])
def test_nothing_follows_from_a_right_an_empty_or_a_unreadable_answer(first):
    assert both(first, "111.76 GiB").message == "One array too many."


def test_a_rounding_that_is_carried_on_from_a_right_answer_is_right():
    """37.25 + 37.25 = 74.50, where the exact sum rounds to 74.51."""
    assert both("37.25 GiB", "74.50 GiB").status == "right"
    assert both("", "74.50 GiB").status == "wrong"
    trap = replace(TOTAL, key=replace(TOTAL.key, wrong=(Wrong(74.4999, "a misconception"),)))
    assert both("37.25 GiB", "74.4999 GiB", trap).message == "a misconception"


def test_an_own_answer_that_leads_nowhere_is_no_crash():
    nowhere = replace(TOTAL, follow=Follow("memory", lambda own: 1 / (own - own), 1.0))
    assert both("74.51 GiB", "111.76 GiB", nowhere).status == "wrong"


def test_an_item_that_builds_on_nothing_is_ours():
    (mark,) = mark_quiz((TOTAL,), b'[answers]\ntotal = "1 GB"')
    assert mark.status == "grader_error"
