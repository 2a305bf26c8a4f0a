"""Findings become marks, row by row; one mistake is not punished in two rows."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.judge.marks import ISOLATED, MAX_MESSAGES, Case, mark
from autograder.model import Check, Criterion, Diagnosis, Finding

ROWS = (Criterion("momentum", "Momentum", 15.0), Criterion("decay", "Decay", 10.0))
OUTCOMES = st.lists(st.sampled_from(["passed", "failed"]), min_size=1, max_size=6)


def findings(row, outcomes, **check):
    return [
        Finding(f"{row}{n}", Check("trajectory", row, arrays=("p0",), **check), status, "" if status == "passed" else f"{row}{n} is off")
        for n, status in enumerate(outcomes)
    ]  # fmt: skip


def marked(found, diagnoses=(), explained=()):
    case = Case(found, {f.scenario: "SGD" for f in found}, diagnoses, frozenset(explained))
    return {row.id: row for row in mark(ROWS, case)}


@given(OUTCOMES)
def test_where_nothing_else_is_wrong_a_row_loses_the_share_of_its_experiments_that_fail(outcomes):
    rows = marked(findings("momentum", outcomes) + findings("decay", ["passed"]))
    assert rows["momentum"].score == round(15 * outcomes.count("passed") / len(outcomes), 2)
    assert rows["decay"].score == 10


@given(OUTCOMES, OUTCOMES, st.floats(0.01, 1.0))
def test_what_a_diagnosis_explains_costs_its_own_row_and_no_other(mine, others, cost):
    found = findings("momentum", ["failed", *mine]) + findings("decay", others)
    belief = Diagnosis("average", "momentum", "Momentum as an average", "You weigh …", group="SGD", cost=cost)
    rows = marked(found, [belief], {(f.scenario, f.check.id) for f in found if f.status == "failed"})
    assert rows["momentum"].score == round(15 * (1 - cost), 2)
    assert rows["decay"].score == 10
    told = [m for m in rows["decay"].messages if "“Momentum as an average”" in m]
    assert bool(told) == ("failed" in others)


@given(OUTCOMES.filter(lambda o: 0 < o.count("failed") < MAX_MESSAGES), OUTCOMES)
def test_a_row_that_another_mistake_spoils_is_decided_by_what_isolates_it(spoilt, isolating):
    relation = Check("alone", "momentum", relation=("on", "off"))
    alone = [Finding(f"alone{n}", relation, status) for n, status in enumerate(isolating)]
    rows = marked(findings("momentum", spoilt) + alone + findings("decay", ["failed"]))
    assert rows["momentum"].score == round(15 * isolating.count("passed") / len(isolating), 2)
    assert ISOLATED in rows["momentum"].messages


@given(st.integers(1, 12))
def test_no_row_tells_more_than_a_few_sentences(failing):
    told = marked(findings("momentum", ["failed"] * failing))["momentum"].messages
    assert len(told) == min(failing, MAX_MESSAGES + 1)
