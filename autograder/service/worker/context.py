"""What a worker holds open, and every job is given."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass, field

from autograder.assignment import BadAssignment, load
from autograder.model import Assignment
from autograder.sandbox import Sandbox
from autograder.service.queue import Queue
from autograder.service.settings import Settings
from autograder.service.store import Store


class WrongEdition(Exception):
    """What lies here is not the edition that was proven: ours, and another worker may have the right one."""


@dataclass
class Context:
    settings: Settings
    store: Store
    queue: Queue
    sandbox: Sandbox
    secret: bytes  # all workers of a service have the same
    jobs: int  # how many at once
    _loaded: dict[str, Assignment] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def course_secret(self, course_id: str) -> bytes:
        """From which the quiz variants of a course are drawn."""
        return hmac.new(self.secret, b"gradmark course\0" + course_id.encode(), hashlib.sha256).digest()

    def assignment(self, source: str, digest: str = "") -> Assignment:
        """The assignment of that name, from the operator's folder or the shipped ones.

        Raises:
            BadAssignment: there is none.
            WrongEdition: it is not the one of this digest.
        """
        with self._lock:
            if source not in self._loaded:
                self._loaded[source] = load(self._place(source))
            known = self._loaded[source]
        if digest and known.digest != digest:
            raise WrongEdition(f"{source} was proven as {digest[:12]}, but lies here as {known.digest[:12]}")
        return known

    def _place(self, source: str) -> str:
        if "/" in source or source.startswith("."):
            raise BadAssignment(f"{source!r} is a path: an assignment is called by the name of its folder.")
        own = self.settings.assignments / source if self.settings.assignments else None
        return str(own) if own and own.is_dir() else source
