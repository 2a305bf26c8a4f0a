"""Asks machines that are not ours: for no longer than said in all, and no more than said; nowhere else than asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx2

MOST_BYTES = 256 * 1024  # of an answer: a hundred times what a token or a set of keys has


class Unreachable(Exception):
    """There is no whole answer; the message says why."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def ask(method: str, url: str, *, seconds: float, **sent: Any) -> Answer:
    """`sent` as httpx2 has it. Redirects are not followed, and nothing is unpacked.

    A client's own timeouts begin anew with each byte; this one does not.

    Raises:
        Unreachable: no answer, or one that is too slow or too large.
    """
    return asyncio.run(_ask(method, url, seconds, sent))


async def _ask(method: str, url: str, seconds: float, sent: dict[str, Any]) -> Answer:
    sent["headers"] = {"Accept-Encoding": "identity", **sent.get("headers", {})}
    body = b""
    try:
        async with (
            asyncio.timeout(seconds),
            httpx2.AsyncClient(timeout=None, follow_redirects=False) as client,
            client.stream(method, url, **sent) as answer,
        ):
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    raise Unreachable(f"{url} answers with more than {MOST_BYTES // 1024} kB")
            return Answer(answer.status_code, body)
    except TimeoutError as error:
        raise Unreachable(f"{url} took more than {seconds:g} s to answer") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unreachable(f"{url} does not answer: {error!r}") from error
