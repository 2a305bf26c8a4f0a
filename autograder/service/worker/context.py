"""The resources that a worker holds open and gives to every job."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import sys
import threading
import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache

from autograder import course
from autograder.assignment import HOME, BadAssignment, load
from autograder.course import Stage
from autograder.model import Assignment
from autograder.sandbox import Sandbox
from autograder.service.queue import Queue
from autograder.service.settings import Settings
from autograder.service.store import Store

QUIZZES_KEPT = 256  # of each edition; an exercise is looked for in some forty, and again when it is answered


class WrongEdition(Exception):
    """The folder here is not the edition that was proven: our fault, and another worker may have the right one."""


class WrongSecret(Exception):
    """A student's quiz was drawn with another secret than this worker's, which would mark other questions."""


@dataclass
class Context:
    settings: Settings
    store: Store
    queue: Queue
    sandbox: Sandbox
    secret: bytes  # all workers of a service have the same
    jobs: int  # how many at once
    platform_tokens: dict[str, tuple[str, float]] = field(default_factory=dict)  # by platform, with their expiry
    stopping: threading.Event = field(default_factory=threading.Event)  # no job is begun any more
    over: bool = False  # the sandbox is being closed: failures count no more
    ended_by: str = ""  # why this worker stops by itself; "" = it does not
    at_work: dict[int, str] = field(default_factory=dict)  # by thread: the job that it begins, runs or ends
    quiz_words: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)  # digests of a variant's questions
    _loaded: dict[tuple[str, str], Assignment] = field(default_factory=dict)  # by name and digest; "" = the newest
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, why: str) -> None:
        """Ends this worker; others take what it held."""
        self.ended_by = why
        self.stopping.set()

    def course_secret(self, course_id: str) -> bytes:
        """From which the quiz variants of a course are drawn."""
        return hmac.new(self.secret, b"gradmark course\0" + course_id.encode(), hashlib.sha256).digest()

    def assignment(self, source: str, digest: str = "", *, fresh: bool = False) -> Assignment:
        """The assignment of that name, from the operator's folder or the shipped ones; `fresh`: as it now lies there.

        Raises:
            BadAssignment: there is none.
            WrongEdition: it is not the one of this digest.
        """
        with self._lock:
            # An edition that was read before is good while this process lives.
            if not fresh and (source, digest) in self._loaded:
                return self._loaded[source, digest]
            # Asked for an edition never read here: another worker has proven it, so it may lie here by now.
            fresh = fresh or (bool(digest) and (source, "") in self._loaded)
            if fresh:
                for name in [n for n in sys.modules if n.split(".")[:3] == ["autograder", "assignments", source]]:
                    del sys.modules[name]  # or Python would give what it read before
            if fresh or (source, "") not in self._loaded:
                found = keeping(self._found(source))
                self._loaded[source, ""] = self._loaded[source, found.digest] = found
            known = self._loaded[source, ""]
        if digest and known.digest != digest:
            raise WrongEdition(f"{source} was proven as {digest[:12]}, but lies here as {known.digest[:12]}")
        return known

    def sources(self) -> dict[str, str]:
        """Return the assignments available here: name -> title, the operator's own before the shipped ones."""
        found = {stage.id: stage.title for stage in self._stages()}
        for home in filter(None, (self.settings.assignments, HOME)):
            for file in sorted(home.glob("*/assignment.toml")):
                with contextlib.suppress(tomllib.TOMLDecodeError, OSError):
                    found.setdefault(file.parent.name, str(tomllib.loads(file.read_text()).get("title", "")))
        return found

    def _stages(self) -> tuple[Stage, ...]:
        """The stages of the course.toml that this service was started with; none without."""
        own = self.settings.assignments
        return course.read(own).stages if own and own.is_file() else ()

    def _found(self, source: str) -> Assignment:
        if "/" in source or source.startswith("."):
            raise BadAssignment(f"{source!r} is a path: an assignment is called by the name of its folder.")
        for stage in self._stages():
            if stage.id == source:
                return stage.load()
        own = self.settings.assignments / source if self.settings.assignments else None
        return load(str(own) if own and own.is_dir() else source)


def keeping(assignment: Assignment) -> Assignment:
    """Return the assignment with a quiz of which the variants that were drawn last are not drawn again."""
    return replace(assignment, quiz=lru_cache(QUIZZES_KEPT)(assignment.quiz))
