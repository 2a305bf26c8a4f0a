"""What a transaction promises, on each database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from autograder.service.store import Store
from autograder.service.store.migrate import migrate
from autograder.service.store.schema import AuditRow, UserRow


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    sqlite = f"sqlite:///{tmp_path / 'gradmark.sqlite'}"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    migrate(url)
    opened = Store(url)
    yield opened
    opened.close()


def test_a_look_is_of_one_moment(store):
    count = sa.select(sa.func.count()).select_from(AuditRow)
    with store.reading() as db:
        assert db.scalar(count) == 0
        with store.writing() as meanwhile:
            meanwhile.add(AuditRow(action="test.written"))
        assert db.scalar(count) == 0
    with store.reading() as db:
        assert db.scalar(count) == 1


@pytest.mark.slow
def test_an_error_that_is_logged_holds_nothing_that_was_stored(store):
    with store.writing() as db:
        db.add(UserRow(id="x" * 16, name="Ada Lovelace"))
    with pytest.raises(sa.exc.DBAPIError) as failed, store.writing() as db:
        db.execute(sa.insert(UserRow).values(id="x" * 16, name="Grace Hopper"))
    assert "Grace" not in str(failed.value)
