"""Estimates against values that others computed: by hand, by SciPy 1.17 on another day, and by what must hold always."""

from __future__ import annotations

import math
import re
import statistics as plain
from dataclasses import replace

import mpmath
import pytest
from acting import verdict as made_up
from course import RIGHT, WRONG, hand_in
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model import WHOLE_QUIZ, Awaited, ItemMark
from autograder.service.rules import statistics as ours
from autograder.service.rules.grades import answer_digest
from autograder.service.rules.statistics import PartMark, Seen
from autograder.service.store import reports
from autograder.service.store.schema import AssignmentRow, DiagnosisRow, ReportRow, SubmissionRow
from autograder.service.store.standings import refresh
from autograder.service.web.student.submitting import receive
from autograder.service.worker.marking import stored

# Ten students, three parts of 4 points each.
TABLE = [(4, 4, 4), (4, 4, 3), (4, 3, 3), (3, 4, 2), (3, 2, 3), (2, 3, 1), (2, 1, 2), (1, 1, 1), (1, 0, 0), (0, 1, 1)]


def rows(table=TABLE, most=4.0):
    return [[PartMark(f"p{n}", f"Part {n}", f"p{n}", float(x), most) for n, x in enumerate(row)] for row in table]


# ---------------------------------------------------------------------------------------------- known values
def test_facility_and_discrimination_are_those_of_the_definition():
    """The correlation is written out here as covariance over deviations, which the library does in another way."""
    first = ours.items(rows())[0]
    xs, rest = [a / 4 for a, _, _ in TABLE], [(b + c) / 8 for _, b, c in TABLE]
    cov = sum((x - plain.mean(xs)) * (y - plain.mean(rest)) for x, y in zip(xs, rest, strict=True))
    spread = math.sqrt(sum((x - plain.mean(xs)) ** 2 for x in xs) * sum((y - plain.mean(rest)) ** 2 for y in rest))
    assert first.facility == pytest.approx(24 / 40)
    assert first.discrimination == pytest.approx(cov / spread)
    assert first.n == 10


def test_alpha_of_binary_answers_is_kr_20():
    """Kuder and Richardson's formula 20, written with p·q of each question: n/(n-1) of it is in the variance of sums."""
    table = [
        (1, 1, 1),
        (1, 1, 1),
        (1, 1, 0),
        (1, 1, 0),
        (1, 0, 1),
        (1, 0, 0),
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 0),
        (0, 0, 0),
    ]
    p = [sum(column) / 10 for column in zip(*table, strict=True)]
    kr20 = 3 / 2 * (1 - sum(q * (1 - q) for q in p) / plain.pvariance([sum(row) for row in table]))
    found = ours.alpha(rows(table, 1.0))
    assert found.value == pytest.approx(kr20)
    assert (found.n, found.k) == (10, 3)


@pytest.mark.parametrize(
    ("p", "d1", "d2", "value"),
    [  # scipy.stats.f.ppf
        (0.975, 9, 9, 4.02599415829),
        (0.025, 9, 9, 0.248385854694),
        (0.975, 499, 4990, 1.13512791929),
        (0.025, 4999, 144971, 0.960546066352),
    ],
)
def test_quantiles_of_f_are_scipys(p, d1, d2, value):
    assert ours.f_quantile(p, d1, d2) == pytest.approx(value, rel=1e-9)


@given(x=st.floats(0.001, 0.999), a=st.floats(0.5, 60), b=st.floats(0.5, 60))
@settings(max_examples=60, deadline=None)
def test_the_incomplete_beta_function_is_mpmaths(x, a, b):
    assert ours.beta_below(x, a, b) == pytest.approx(float(mpmath.betainc(a, b, 0, x, regularized=True)), abs=1e-10)


def test_feldts_interval_is_the_one_of_his_formula_in_scipy():
    assert (low := ours.feldt(0.8, 50, 10)).low == pytest.approx(0.705883356711)
    assert low.high == pytest.approx(0.873373161984)


def test_wilsons_interval_is_that_of_the_textbook():
    """Brown, Cai and DasGupta (2001) solve |p - mean| = z·sqrt(p(1-p)/n): both ends must."""
    found = ours.wilson(0.3, 20)
    for end in (found.low, found.high):
        assert abs(end - 0.3) == pytest.approx(1.959963984540054 * math.sqrt(end * (1 - end) / 20))


def test_fishers_interval_is_symmetric_in_z():
    found = ours.fisher(0.5, 28)
    assert math.atanh(0.5) - math.atanh(found.low) == pytest.approx(1.959963984540054 / 5)
    assert math.atanh(found.high) - math.atanh(0.5) == pytest.approx(1.959963984540054 / 5)


# -------------------------------------------------------------------------------------------- what is not told
def test_nothing_is_told_of_fewer_than_ten():
    nine = rows(TABLE[:9])
    assert {(fact.facility, fact.discrimination, fact.first) for fact in ours.items(nine, nine)} == {(None, None, None)}
    assert ours.alpha(nine) is None
    assert all(fact.n == 9 for fact in ours.items(nine))


def test_a_part_that_all_have_the_same_of_discriminates_nothing():
    same = [(4, b, c) for _, b, c in TABLE]
    assert ours.items(rows(same))[0].discrimination is None
    assert ours.alpha(rows([(4, 4, 4)] * 12)) is None
    assert ours.alpha([]) is None


def test_alpha_is_of_those_who_have_the_usual_places():
    odd = [PartMark("other", "Other", "elsewhere", 1.0, 4.0)]
    assert ours.alpha([*rows(), odd]) == ours.alpha(rows())


def test_variants_in_one_place_are_uneven_when_their_intervals_do_not_meet():
    def drawn(name, score):
        return [PartMark(name, name, "Question 1", score, 1.0)]

    easy, hard, few = [drawn("easy", 1.0)] * 20, [drawn("hard", 0.0)] * 20, [drawn("few", 0.0)] * 3
    (pool,) = ours.pools(ours.items([*easy, *hard, *few]))
    assert pool.uneven
    assert pool.known
    (unknown,) = ours.pools(ours.items([drawn("few", 0.0), drawn("fewer", 0.0)]))
    assert not unknown.known
    assert {fact.id: fact.facility for fact in pool.facts} == {"easy": 1.0, "hard": 0.0, "few": None}
    assert not ours.pools(ours.items([*easy, *few]))[0].uneven
    assert ours.pools(ours.items(easy)) == []


def test_a_part_that_varies_while_nothing_else_does_is_not_the_same_for_everybody():
    facts = {fact.id: fact for fact in ours.items(rows([(4, 1)] * 6 + [(4, 3)] * 6, 4.0))}
    first, second = facts.values()
    assert (first.varies, first.discrimination) == (False, None)
    assert (second.varies, second.discrimination) == (True, None)


def test_a_place_has_everybody_whichever_question_they_drew():
    def row(number):
        one = PartMark(f"q{number % 3}", f"Variant {number % 3}", "Question 1", number % 2, 1.0)
        return [one, PartMark("why", "Why?", "Question 2", 1 - number % 2, 2.0)]

    drawn = [row(number) for number in range(12)]
    assert all(fact.facility is None for fact in ours.items(drawn) if fact.id != "why"), "of each four have it"
    pooled, alone = ours.items(ours.places(drawn), ours.places(drawn))
    assert (pooled.title, pooled.n, pooled.facility, pooled.first) == ("Question 1: one of 3", 12, 0.5, 0.5)
    assert (alone.title, alone.n, alone.facility) == ("Question 2: Why?", 12, 0.25)
    assert pooled.discrimination == alone.discrimination == pytest.approx(-1)


# ------------------------------------------------------------------------------------------------ always
@pytest.mark.slow
@given(st.lists(st.lists(st.floats(0, 5), min_size=3, max_size=3), min_size=10, max_size=40))
@settings(max_examples=80, deadline=None)
def test_estimates_lie_in_their_intervals_and_intervals_in_what_can_be(table):
    for fact in ours.items(rows(table, 5.0)):
        assert 0 <= fact.facility_interval.low <= fact.facility <= fact.facility_interval.high <= 1
        if fact.discrimination_interval:
            assert (
                -1 <= fact.discrimination_interval.low <= fact.discrimination <= fact.discrimination_interval.high <= 1
            )
    if (found := ours.alpha(rows(table, 5.0))) is not None:
        assert found.interval.low <= found.value <= found.interval.high <= 1


# ---------------------------------------------------------------------------------------------- misconceptions
def held(*each):
    """Of a student who handed in every hundred seconds."""
    return ours.held([Seen(100.0 * number, frozenset(names)) for number, names in enumerate(each)])


def test_misconceptions_are_counted_by_student_and_lost_for_good():
    told = ours.misconceptions(
        [
            *held({"bias"}, {"bias", "sign"}, set()),  # lost after two, both
            *held({"bias"}, set(), {"bias"}, set()),  # came back: lost after three
            *held(set(), {"bias"}),  # has it still
            *held(set()),
        ]
    )
    bias, sign = told
    assert (bias.id, bias.had, bias.have, bias.submissions, bias.seconds) == ("bias", 3, 1, 2.5, 250.0)
    assert (sign.id, sign.had, sign.have, sign.submissions) == ("sign", 1, 0, 1)


def test_a_misconception_that_nobody_lost_says_no_time():
    (one,) = ours.misconceptions(held({"bias"}))
    assert (one.had, one.have, one.submissions, one.seconds) == (1, 1, None, None)


# -------------------------------------------------------------------------------------------------- in the service
@pytest.mark.slow
def test_staff_see_numbers_from_ten_students_on_and_every_misconception(service):
    """Twelve students with a mistake, of whom two mend it. What is stored is what the pipeline said of one of them."""
    wrong, right = hand_in(service, "Ada", WRONG), hand_in(service, "Bob", RIGHT)
    service.work()
    with service.store.writing() as db:
        bad, good = (db.get_one(ReportRow, db.get_one(SubmissionRow, one).report_id) for one in (wrong, right))
        assert [row.misconception for row in db.query(DiagnosisRow)] == ["correction-missing"]
        verdicts = [reports.unpack(one.body) for one in (bad, good)]
    for number in range(12):
        name = f"Student{number}"
        service.person(name)
        for verdict in verdicts[: 2 if number < 2 else 1]:
            with service.store.writing() as db:
                asked = db.get_one(AssignmentRow, service.assignment)
                one = receive(db, service.queue, asked, service.people[name], "optimizers.py", RIGHT)
                one.report_id, one.state = stored(db, asked, one.id, verdict).id, "graded"
                refresh(db, asked, [one.user_id])
    page = re.sub(r"\s+", " ", service.browser("Staff").get(f"/staff/a/{service.assignment}/analysis").text)
    page = re.sub(r"<(t[dh])\b[^>]*>", r"<\1>", page)
    assert "No bias correction" in page
    assert "<td>13</td><td>11</td> <td>1 submission" in page
    assert 'aria-label="3 of 14 have all points"' in page
    correction = page.rpartition("<th>Bias correction")[2].partition("</tr>")[0]
    assert "<td>14</td>" in correction
    assert "<td>21 %</td>" in correction  # three of fourteen have all, the others nothing
    assert "<td>7 %</td>" in correction  # and one of them at first
    assert service.browser("Ada").get(f"/staff/a/{service.assignment}/analysis").status_code == 404


def test_what_a_person_gave_for_a_text_is_in_the_analysis():
    """Else only those who left it empty were in it, and the question looked as if nobody could answer it."""
    asked = Awaited("because", 4.0)
    report = replace(
        made_up(),
        quiz=(ItemMark("why", 0.0, 0.0, "waiting", "", "Why?", awaited=asked), ItemMark("a", 1.0, 2.0, "partial", "")),
    )
    body, key = reports.pack(report), ("why", answer_digest("because"))
    assert [part.id for part in reports.parts(body, {}, {})[1]] == ["a"]
    (why, other) = reports.parts(body, {key: 3.0}, {})[1]
    assert (why.title, why.slot, why.score, why.max_score) == ("Why?", "Question 1", 3.0, 4.0)
    assert (other.slot, other.score) == ("Question 2", 1.0)


def test_what_was_not_judged_says_nothing_about_a_row():
    """A quiz beside code that cannot be imported, and code beside a quiz that was not handed in."""
    answered = (ItemMark("a", 1.0, 2.0, "partial", ""),)
    broken = replace(made_up(), status="not_gradable", quiz=answered)
    code, questions = reports.parts(reports.pack(broken), {}, {}, judged=True)
    assert (code, [part.id for part in questions]) == ([], ["a"])
    alone = replace(made_up(), quiz=(ItemMark(WHOLE_QUIZ, 0.0, 25.0, "empty", ""),))
    code, questions = reports.parts(reports.pack(alone), {}, {}, judged=True)
    assert (len(code), questions) == (len(alone.criteria), [])


@pytest.mark.slow
def test_a_few_students_see_no_numbers_on_parts(service):
    empty = service.browser("Staff").get(f"/staff/a/{service.assignment}/analysis").text
    assert "Nothing is marked yet" in empty
    hand_in(service, "Ada", WRONG)
    service.work()
    page = service.browser("Staff").get(f"/staff/a/{service.assignment}/analysis").text
    assert "hidden: fewer than 10 students" in page
    assert "%</td>" not in page
    assert "No bias correction" in page


@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(1, 5)), max_size=20))
def test_whoever_has_a_misconception_is_counted_on_each_day_from_the_first_to_the_last(spans):
    """Begun at noon of a day and lost at noon some days later: on the evening of the day it is lost, nobody has it."""
    each = [ours.Held("m", (day + 0.5) * ours.DAY, more, more and more * ours.DAY) for day, more in spans]
    expected = [
        sum(day <= today and (more is None or today < day + more) for day, more in spans) for today in range(12)
    ]
    assert ours.holders(each, range(12)) == expected


def test_a_clock_that_was_set_back_makes_nobody_less_than_nobody():
    assert ours.holders([ours.Held("m", 5.5 * ours.DAY, 1, -2 * ours.DAY)], range(8)) == [0] * 8


# --------------------------------------------------------------------------------------------- pictures of the class
@given(st.lists(st.floats(0, 1), max_size=50))
@settings(max_examples=30)
def test_the_distribution_of_marks_counts_everybody_once(shares):
    counted = ours.distribution(shares)
    assert sum(count for _, count in counted) == len(shares)
    assert len(counted) == ours.BINS


@pytest.mark.parametrize(("share", "bin_"), [(0.0, 0), (0.0999, 0), (0.1, 1), (0.95, 9), (1.0, 9)])
def test_full_marks_are_in_the_last_part_of_the_distribution(share, bin_):
    assert [count for _, count in ours.distribution([share])].index(1) == bin_


def test_days_without_a_hand_in_are_days_too_and_the_newest_are_shown():
    assert ours.by_day({}) == []
    assert ours.by_day({10: 2, 13: 1}) == [(10, 2), (11, 0), (12, 0), (13, 1)]
    assert len(ours.by_day({0: 1, 1000: 1})) == ours.MOST_DAYS


@pytest.mark.slow
def test_staff_see_how_marks_are_spread_and_when_the_class_handed_in(service):
    hand_in(service, "Ada", RIGHT)
    hand_in(service, "Bob", WRONG)
    service.work()
    page = service.browser("Staff").get(f"/staff/a/{service.assignment}/analysis").text
    spread = page.partition('id="marks-desc">')[2].partition("</desc>")[0]
    days = page.partition('id="hand-ins-desc">')[2].partition("</desc>")[0]
    assert sum(int(part.rpartition(": ")[2]) for part in spread.split(", ")) == 2
    assert sum(int(part.rpartition(": ")[2]) for part in days.split(", ")) == 2


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 4.0]), min_size=3, max_size=3), max_size=12))
def test_a_spread_counts_each_student_once_in_each_row_and_says_what_everyone_has(marks):
    rows = [[PartMark(f"p{place}", "P", "", score, 4.0) for place, score in enumerate(row)] for row in marks]
    found = ours.spreads(rows)
    assert [one.students for one in found] == [len(marks)] * (3 if marks else 0)
    for place, one in enumerate(found):
        column = [row[place] for row in marks]
        assert (one.none, one.some, one.full) == tuple(column.count(score) for score in (0.0, 0.5, 4.0))
        expected = {(0.0,): "everyone scored 0 %", (4.0,): "everyone scored 100 %"}
        assert one.alike == expected.get(tuple(set(column)), "")
