"""The image that docker guests start from: what it is made of, its tag, and its making.

The tag is a digest of what is ours to choose inside, so that a changed harness never runs from an old image.
The base is no part of it: whoever builds on another one (an air-gapped site, a test machine) decided that.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
import tarfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autograder.sandbox import SandboxUnavailable

DOCKERFILE = Path(__file__).with_name("Dockerfile")  # the one at the root: a link to it here, so that wheels have it
LOCKED = Path(__file__).with_name("run.txt")  # requirements/run.txt, by a link as well: the hashes of NumPy
HARNESS = Path(__file__).parents[1] / "guest" / "harness.py"
REPOSITORY = "gradmark-guest"
TOLD_LINES = 12  # of a failed build: pip's complaint and the step that it happened in

Say = Callable[[str], None]


def tag() -> str:
    """The name of the image that belongs to this code and to the NumPy that is installed beside it."""
    parts = [DOCKERFILE.read_bytes(), HARNESS.read_bytes(), numpy_lines().encode()]
    made_of = b"".join(hashlib.sha256(part).digest() for part in parts)
    return f"{REPOSITORY}:{hashlib.sha256(made_of).hexdigest()[:16]}"


def numpy_lines() -> str:
    """The lines of the lock that name the NumPy that is installed here, and the hashes that it may have.

    Raises:
        SandboxUnavailable: it is another one than the lock has.
    """
    blocks: list[str] = re.findall(r"^numpy==\S+ (?:.*\\\n)*.*\n", LOCKED.read_text(), re.MULTILINE)
    found = next((block for block in blocks if block.startswith(f"numpy=={version('numpy')} ")), None)
    if found is None:
        known = ", ".join(sorted(block.split()[0] for block in blocks))
        raise SandboxUnavailable(f"docker has no hash of the NumPy {version('numpy')} that is here: install {known}")
    return found


def identify(client: Any, name: str) -> str:
    """The id of an image: a tag can be moved to another one, an id is the digest of what it names.

    Raises:
        SandboxUnavailable: the engine has no such image.
    """
    from docker.errors import ImageNotFound  # noqa: PLC0415

    try:
        return str(client.inspect_image(name)["Id"])
    except ImageNotFound as error:
        raise SandboxUnavailable(f"Docker answers, but has no image {name}; gradmark never pulls one") from error


def default_base() -> str:
    """The official image of this Python's own version: the NumPy installed here is known to exist for it."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def find_or_build(client: Any, *, base: str | None = None, network: str | None = None, say: Say | None = None) -> str:
    """Returns the tag of the image, building it first where it is missing.

    Raises:
        SandboxUnavailable: it is missing and cannot be built; the message ends with the builder's last words.
    """
    name = tag()
    if client.images(name=name, quiet=True):
        return name
    base = base or default_base()
    if say:
        say(f"building the image {name} on {base}, once: this takes a minute")
    words = _build(client, name, base, network)
    if words is not None:
        raise SandboxUnavailable(
            f"Docker answers, but the guest image is missing and could not be built: {name} on {base}:\n{words}\n"
            "Without a way to Docker Hub, build it on an image that is here and has python3 and pip: "
            "python -m autograder.sandbox.docker build --base IMAGE"
        )
    return name


def _build(client: Any, name: str, base: str, network: str | None) -> str | None:
    """Builds; returns None, or what the builder said last when it failed."""
    told: list[str] = []
    steps = client.build(
        fileobj=context(),
        custom_context=True,
        target="guest",
        tag=name,
        buildargs={"BASE": base, "NUMPY_VERSION": version("numpy")},
        network_mode=network,
        labels={"gradmark.image": "guest"},
        rm=True,
        forcerm=True,
        decode=True,
    )
    for step in steps:
        told.append(str(step.get("stream") or step.get("error") or "").strip())
        if "error" in step:
            return "\n".join([line for line in told if line][-TOLD_LINES:])
    return None


def context() -> io.BytesIO:
    """The build context, made in memory: the Dockerfile, the harness, NumPy's hashes, this machine's certificates.

    SSL_CERT_FILE is set where a proxy signs with its own authority: pip needs it, the image does not.
    """
    files = {"Dockerfile": DOCKERFILE.read_bytes(), "autograder/guest/harness.py": HARNESS.read_bytes()}
    files["requirements/run.txt"] = numpy_lines().encode()
    if certificates := os.environ.get("SSL_CERT_FILE"):
        files["ca.crt"] = Path(certificates).read_bytes()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    packed.seek(0)
    return packed
