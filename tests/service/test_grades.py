"""Who has how much in an assignment: the class in one query is what each student's own submissions say."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from autograder.service.rules.policy import Policy, to_json
from autograder.service.store.grades import standings
from autograder.service.store.schema import Assignment, Report, Submission, new_id


@pytest.mark.parametrize("counts", ["best", "latest"])
def test_the_standings_of_a_class_are_those_of_its_students(service, counts):
    chance = random.Random(counts)  # noqa: S311 - the same class every time
    people = [service.people["Ada"], service.people["Bob"], service.person("Cleo")]
    with service.store.writing() as db:
        asked = db.get_one(Assignment, service.assignment)
        asked.policy = to_json(Policy(counts=counts, late_days=5))
        for number in range(1, 31):
            for user in people[: 1 + number % 3]:
                submission, report = new_id(), new_id()
                late = chance.choice([0.0, 0.0, 0.0, 3600.0, 100_000.0])
                state = chance.choice(["graded", "graded", "graded", "not_gradable"])
                score = chance.choice([90.0, 90.0, 12.5])
                if user == people[2]:  # the same when rounded: the later one is better all the same
                    score, late, state = 83.666 if number < 15 else 83.67, 0.0, "graded"
                db.add(
                    Submission(
                        id=submission, assignment_id=asked.id, user_id=user, number=number, name="x", upload=b"",
                        digest="", state=state, late_seconds=late, report_id=report, practice=number % 7 == 0,
                    )
                )  # fmt: skip
                db.flush()
                db.add(
                    Report(
                        id=report, submission_id=submission, digest="d", seed=number, status=state, score=score,
                        max_score=100.0, body=b"", texts=[],
                    )
                )  # fmt: skip
    with service.store.reading() as db:
        asked = db.get_one(Assignment, service.assignment)
        each = {user: standings(db, asked, user)[user] for user in people}
        assert standings(db, asked) == each
        assert all(one.submissions > 1 for one in each.values())
        late = db.scalar(sa.select(sa.func.count()).where(Submission.late_seconds > 0))
        assert late
