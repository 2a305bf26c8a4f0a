"""The docker sandbox: a pool of containers warmed in advance, each used once and removed by force.

    python -m autograder.sandbox.docker build [--base IMAGE] [--network host]

The life of a container: created, attached to, started; the guest imports NumPy and says "ready"; it waits on
its input; it gets one job; whatever happens, it is removed, while the answer is on its way.
This is the only module that imports the Docker SDK, and only when a sandbox is opened.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Self

from autograder.model import Limits, Run
from autograder.sandbox import SandboxFailed, SandboxUnavailable, Talk
from autograder.sandbox import image as images
from autograder.sandbox.container import OWNER, ContainerGuest, arguments, is_dead, owner_of
from autograder.sandbox.limits import LIMITS, within

GONE = (404, 409)  # HTTP: no such container; its removal is under way
log = logging.getLogger(__name__)


class DockerSandbox:
    """Runs each job in a fresh container. `pool` of them wait in advance; more callers wait for a start."""

    name = "docker"
    isolated = True

    def __init__(
        self,
        *,
        image: str | None = None,
        limits: Limits = LIMITS,
        pool: int = 2,
        runtime: str | None = None,
        say: images.Say | None = None,
    ):
        self._image, self._limits, self._runtime, self._say = image, limits, runtime, say
        self._size = max(1, pool)
        self._lock = threading.Lock()
        self._live: set[str] = set()  # ids of containers that exist because of us
        self._warm: deque[Future[ContainerGuest]] = deque()
        self._open = False

    def __enter__(self) -> Self:
        self._client = connect(self._limits.boot_seconds)
        try:
            with _engine_answers(SandboxUnavailable):
                demand(self._client.info(), self._runtime)
                name = self._image or images.find_or_build(self._client, say=self._say)
                self._image = images.identify(self._client, name)
                remove_leftovers(self._client)
        except BaseException:
            self._client.close()
            raise
        self._owner = owner_of(os.getpid())
        # One worker more than the pool, so that removals do not wait for starts.
        self._workers = ThreadPoolExecutor(self._size + 1, thread_name_prefix="docker-sandbox")
        self._open = True
        self._warm.extend(self._workers.submit(self._start) for _ in range(self._size))
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._open = False
        self._remove_all()  # first: a start or a run under way ends at once
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._remove_all()  # what such a start had created
        for start in self._warm:
            if not start.cancelled() and start.exception() is None:
                start.result().close()
        self._warm.clear()
        self._client.close()

    def run(self, job: bytes, most_seconds: float = math.inf) -> Run:
        with self._guest() as guest, _engine_answers(SandboxFailed):
            return guest.run(job, within(self._limits, most_seconds))

    @contextmanager
    def talk(self) -> Iterator[Talk]:
        with self._guest() as guest:
            yield _ContainerTalk(guest, self._limits)

    @contextmanager
    def _guest(self) -> Iterator[ContainerGuest]:
        guest = self._take()
        try:
            yield guest
        finally:
            guest.close()
            self._later(self._remove, guest.id)

    def arguments(self) -> dict[str, Any]:
        """The request to the engine; tests ask for less."""
        assert self._image is not None
        return arguments(self._image, self._limits, owner=self._owner, runtime=self._runtime)

    def _take(self) -> ContainerGuest:
        """The guest that was started first, and a successor under way in its place."""
        for _ in range(self._size + 1):  # all that wait may have died, with an engine that was restarted, say
            successor = self._later(self._start)
            if successor is None:
                break
            with self._lock:
                self._warm.append(successor)
                oldest = self._warm.popleft()
            try:
                guest = oldest.result()
            except CancelledError:
                break
            if guest.waits():
                return guest
            guest.close()
            self._later(self._remove, guest.id)
        raise SandboxFailed("the docker sandbox is closed" if not self._open else "containers die while they wait")

    def _later(self, work: Callable[..., Any], *args: object) -> Future[Any] | None:
        """Gives work to the workers; None once the sandbox closes, which removes everything itself."""
        with self._lock:
            return self._workers.submit(work, *args) if self._open else None

    def _start(self) -> ContainerGuest:
        with _engine_answers(SandboxFailed):
            container = self._client.create_container_from_config(self.arguments())["Id"]
            with self._lock:
                self._live.add(container)
            guest = None
            try:
                guest = ContainerGuest(self._client, container)
                guest.boot(self._limits)
            except BaseException:
                if guest is not None:
                    guest.close()
                self._remove(container)
                raise
            return guest

    def _remove(self, container: str) -> None:
        remove(self._client, container)
        with self._lock:
            self._live.discard(container)

    def _remove_all(self) -> None:
        with self._lock:
            live = list(self._live)
        for container in live:
            self._remove(container)


class _ContainerTalk:
    """A conversation with the guest of a container."""

    def __init__(self, guest: ContainerGuest, limits: Limits) -> None:
        self._guest, self._limits = guest, limits

    def ask(self, job: bytes, most_seconds: float = math.inf) -> Run:
        with _engine_answers(SandboxFailed):
            return self._guest.ask(job, within(self._limits, most_seconds))


# ----------------------------------------------------------------------------------------------------- engine
def connect(timeout: float = 60.0) -> Any:
    """A client of the engine that this machine's environment names.

    Raises:
        SandboxUnavailable: no SDK, no engine, or no permission; the message says which, and what to do.
    """
    try:
        from docker import APIClient  # noqa: PLC0415 - 0.2 s, and absent where Docker is not used
        from docker.errors import DockerException  # noqa: PLC0415
        from docker.utils import kwargs_from_env, parse_host  # noqa: PLC0415
    except ImportError as error:
        raise SandboxUnavailable("the Docker SDK for Python is not installed: pip install docker") from error
    try:
        where = kwargs_from_env()
        _knock(parse_host(where.get("base_url"), tls="tls" in where))
        client = APIClient(version="auto", timeout=int(timeout), **where)
    except (DockerException, OSError) as error:
        if "Permission denied" in str(error):
            raise SandboxUnavailable(
                "a Docker engine is here, but you may not use it: join its group (sudo usermod -aG docker "
                "$USER, then log in again), or run a rootless engine and set DOCKER_HOST"
            ) from error
        raise SandboxUnavailable(
            f"no Docker engine answers: start one (sudo systemctl start docker, or Docker Desktop), or "
            f"set DOCKER_HOST. It said: {error}"
        ) from error
    # No proxy is on the way to a socket. To look for one is to go through an environment that others may change.
    client.trust_env = not client.base_url.startswith("http+docker:")
    return client


def _knock(address: str) -> None:
    """Raises OSError where a socket of this machine cannot be reached: there the SDK leaves its own socket open."""
    if address.startswith("http+unix://"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(address.removeprefix("http+unix://"))


def ensure_image(
    client: Any, *, base: str | None = None, network: str | None = None, say: images.Say | None = None
) -> str:
    """The image of this code's guest, built where it is missing; see image.find_or_build."""
    with _engine_answers(SandboxUnavailable):
        return images.find_or_build(client, base=base, network=network, say=say)


def remove_leftovers(client: Any) -> None:
    """Removes the containers of gradmarks that were killed: of this machine, and certainly gone."""
    for found in client.containers(all=True, filters={"label": OWNER}):
        if is_dead(found["Labels"][OWNER]):
            remove(client, found["Id"])


def remove(client: Any, container: str) -> None:
    """Kills and removes. A refusal is no submission's matter: logged, and tried again at the next start."""
    from docker.errors import APIError  # noqa: PLC0415

    try:
        client.remove_container(container, force=True, v=True)
    except APIError as error:
        if error.status_code not in GONE:
            log.warning("container %s could not be removed: %s", container, error)


def demand(info: dict[str, Any], runtime: str | None) -> None:
    """Refuses an engine that would accept our limits and not keep them."""
    lacks = [name for name in ("MemoryLimit", "PidsLimit", "CpuCfsQuota") if not info.get(name)]
    if info.get("OSType") != "linux":
        raise SandboxUnavailable("this Docker engine runs no Linux containers: switch it to Linux containers")
    if lacks:
        raise SandboxUnavailable(
            f"this Docker engine cannot limit what a submission uses ({', '.join(lacks)} missing): use "
            "cgroup v2, and for a rootless engine delegate cpu, memory and pids to it (systemd: Delegate=yes)"
        )
    seccomp = [option for option in info.get("SecurityOptions") or () if "name=seccomp" in option]
    if not seccomp or "unconfined" in seccomp[0]:
        raise SandboxUnavailable(
            "this Docker engine filters no system calls: start it with its default seccomp profile"
        )
    if runtime and runtime not in info.get("Runtimes", {}):
        raise SandboxUnavailable(f"this Docker engine has no runtime {runtime!r}: register it in its daemon.json")


@contextmanager
def _engine_answers(fault: type[SandboxFailed | SandboxUnavailable]) -> Iterator[None]:
    """Turns the engine's errors into ours: the SDK's are DockerException, requests' and sockets' OSError."""
    from docker.errors import DockerException  # noqa: PLC0415

    try:
        yield
    except (DockerException, OSError) as error:
        raise fault(f"the Docker engine failed: {error}") from error


# ---------------------------------------------------------------------------------------------------- command
def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m autograder.sandbox.docker", description=__doc__)
    build = parser.add_subparsers(required=True).add_parser("build", help="build the image that submissions run in")
    build.add_argument("--base", help="where Python comes from: an image with python3 and pip")
    build.add_argument("--network", help="the network that the build uses, e.g. host")
    told = parser.parse_args()
    try:
        print(ensure_image(connect(), base=told.base, network=told.network, say=_to_stderr))
    except SandboxUnavailable as error:
        _to_stderr(str(error))
        return 3
    return 0


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
