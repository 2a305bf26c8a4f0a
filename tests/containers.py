"""Platforms' containers for the tests: a base image with everything that is slow to install, and runs without network."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from conftest import require, require_image

from autograder.adapters import packages
from autograder.adapters.packing import IN_IMAGE, Package, write
from autograder.assignment import load

ROOT = Path(__file__).resolve().parent.parent
OPTIMIZERS = load("optimizers")
BASE = "gradmark-test-platforms"
# Only what takes long, and the same as install.sh would do: the engine caches it until the lock changes.
DOCKERFILE = f"""
ARG BASE
FROM ${{BASE}}
COPY . /lay/
RUN if [ -f /lay/ca.crt ]; then export PIP_CERT=/lay/ca.crt; fi; python3 -m venv {IN_IMAGE} \\
 && {IN_IMAGE}/bin/python -m pip install -q --no-cache-dir --require-hashes --only-binary :all: -r /lay/requirements.txt \\
 && rm -r /lay
"""


DOCKER = shutil.which("docker") or "docker"


def docker(*command: object, told: str | None = None) -> subprocess.CompletedProcess[str]:
    words = [DOCKER, *map(str, command)]
    done = subprocess.run(words, input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


@cache
def base_image() -> str:
    """A platform's image before ours is added: Debian with Python, and the locked requirements already there."""
    require("docker")
    if shutil.which("docker") is None:
        pytest.skip("an engine answers, but there is no docker command")
    # One process at a time: whoever comes second finds it in the engine's cache.
    with Path(tempfile.gettempdir(), f"{BASE}.lock").open("w") as lock, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        context = Path(folder)
        (context / "Dockerfile").write_text(DOCKERFILE)
        shutil.copy(ROOT / "requirements/run.txt", context / "requirements.txt")
        if certificates := os.environ.get("SSL_CERT_FILE"):
            shutil.copy(certificates, context / "ca.crt")
        base = os.environ.get("TEST_BASE_IMAGE", "python:3.13-slim-bookworm")
        require_image(base)
        docker("build", "--network", "host", "--build-arg", f"BASE={base}", "--tag", BASE, context)
    return BASE


def derived(tag: str, dockerfile: str) -> str:
    """A base image with what a platform's machines have besides."""
    docker("build", "--network", "host", "--tag", tag, "-", told=f"FROM {base_image()}\n{dockerfile}\n")
    return tag


@cache
def package(platform: str) -> Package:
    return packages(platform)(OPTIMIZERS)


def build(platform: str, folder: str, base_argument: str, base: str = "", dockerfile: str = "") -> str:
    """An image made as staff would make it from a package, on `base`; with a Dockerfile where a package has none."""
    tag = f"gradmark-test-{platform}"
    with tempfile.TemporaryDirectory() as made:
        write(package(platform), Path(made))
        context = Path(made, folder)
        if dockerfile:
            (context / "Dockerfile").write_text(dockerfile)
        argument = f"{base_argument}={base or base_image()}"
        docker("build", "--network", "host", "--build-arg", argument, "--tag", tag, context)
    return tag


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: str
    stderr: str
    files: Path  # what was copied out


def run(
    image: str,
    files: Mapping[str, bytes | str],
    *,
    out: str,
    to: Path,
    command: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
) -> Ended:
    """Starts a container with `files` in it, without network and within Gradescope's default size; fetches `out`."""
    name = f"gradmark-test-{uuid.uuid4().hex[:12]}"
    limits = ("--cpus", "0.5", "--memory", "768m", "--network", "none")
    docker("create", "--name", name, *limits, *options, image, *command)
    try:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            for path, content in files.items():
                place = Path(folder, path.lstrip("/"))
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content.encode() if isinstance(content, str) else content)
            docker("cp", f"{folder}/.", f"{name}:/")
        done = subprocess.run([DOCKER, "start", "-a", name], capture_output=True, text=True, check=False)
        docker("cp", f"{name}:{out}", to)
    finally:
        docker("rm", "--force", name)
    return Ended(done.returncode, done.stdout, done.stderr, to)
