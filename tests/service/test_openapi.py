"""The API against its own description: Schemathesis asks what the schema allows, and what it does not."""

from __future__ import annotations

import pytest
import schemathesis
from course import WRONG, hand_in
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from autograder.service.rules.policy import Policy, to_json
from autograder.service.store.links import hashed
from autograder.service.store.schema import AssignmentRow, TokenRow, now
from autograder.service.web.app import create_app
from autograder.service.web.edge import rates

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    missing_required_header,
    unsupported_method,
]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)  # what fits, and what does not
EXAMPLES = 25  # of each operation and person: 20 s are for all of this file


@pytest.fixture
def app(service, monkeypatch):
    """Everybody has a token, nobody a limit, and Ada a report."""
    for name in ("API", "UPLOADS", "BAD_TOKENS"):
        monkeypatch.setattr(rates, name, type(getattr(rates, name))(10**6, namespace=name))
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = to_json(Policy(limit=0))
        for name in ("Ada", "Staff"):
            db.add(TokenRow(token_hash=hashed(name), user_id=service.people[name], name="t", expires_at=now() + 1e6))
    app = create_app(service.settings)
    app.state.known = {"assignment_id": service.assignment, "submission_id": submission}
    return app


@pytest.mark.slow
def test_the_schema_holds_the_api_and_nothing_else(app):
    schema = app.openapi()
    assert schema["openapi"].startswith("3.1")
    assert schema["paths"]
    assert all(path.startswith("/api/v1/") for path in schema["paths"])
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["security"], path
            assert {"401", "422", "429"} <= operation["responses"].keys(), path
            for code, answer in operation["responses"].items():
                if code >= "400":
                    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Problem"), (path, code)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Ada", "Staff"])
def test_whatever_is_asked_the_answer_is_one_that_the_schema_tells_of(app, name):
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    for found in schema.get_all_operations():
        operation = found.ok()

        @seed(6)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(*(operation.as_strategy(mode) for mode in MODES)), real=st.booleans())
        def conforms(case, real):
            if real:  # an id that is there reaches what lies behind it
                for parameter in case.path_parameters or {}:
                    case.path_parameters[parameter] = app.state.known.get(parameter, case.path_parameters[parameter])
            case.call_and_validate(headers={"Authorization": f"Bearer {name}"}, checks=CHECKS)

        conforms()
