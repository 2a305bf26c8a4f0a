"""Rate limits, counted in each web process: they keep a machine usable, and decide no mark.

What must be exact is counted in the database by those whose rule it is: submissions (rules.policy), mails with links.
"""

from __future__ import annotations

import ipaddress
import math
import time

from fastapi import HTTPException, Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from autograder.service.web.edge.site import span

BAD_LINKS = RateLimitItemPerMinute(30, 10, namespace="bad link")  # of an address: a class behind one, clicking twice
LINK_REQUESTS = RateLimitItemPerHour(300, namespace="link request")  # of an address: a whole class forgot its link
BAD_TOKENS = RateLimitItemPerMinute(60, namespace="bad token")  # of an address
FORMS = RateLimitItemPerMinute(240, namespace="form")  # of a person: a quiz is saved at each change
API = RateLimitItemPerMinute(600, namespace="api")  # of a token: ten polls a second
UPLOADS = RateLimitItemPerMinute(60, namespace="upload")  # of a person; what a newer one replaces costs no attempt
UPLOADED = RateLimitItemPerHour(2000, namespace="uploaded")  # of a person, in parts of 100 kB: all of it is kept
PART = 100_000  # bytes
COMMENTS = RateLimitItemPerHour(120, namespace="comment")  # of a person: staff of a large course answer two a minute
LAUNCHES = RateLimitItemPerMinute(600, namespace="launch")  # of an address, each a row: a class clicks at once


class Rates:
    """Held open by a web process."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, limit: RateLimitItem, who: str, *, cost: int = 1, told: str = "") -> None:
        """Counts one more, or `cost`; `told` says what was too much, if it is not how often.

        Raises:
            HTTPException: 429, with the time after which there is room again.
        """
        if self._window.hit(limit, who, cost=cost):
            return
        seconds = max(1, math.ceil(self._window.get_window_stats(limit, who).reset_time - time.time()))
        raise HTTPException(
            429,
            (told or f"You asked more than {limit.amount} times within {span(limit.get_expiry())}.")
            + f" Try again in about {span(seconds)}.",
            headers={"Retry-After": str(seconds)},
        )


def spend(request: Request, limit: RateLimitItem, who: str) -> None:
    request.app.state.rates.spend(limit, who)


def spend_upload(request: Request, who: str, size: int) -> None:
    """Limit by what is stored: neither practice nor superseded submissions have a limit of their own."""
    most = UPLOADED.amount * PART // 10**6
    told = f"That was too much: you have sent {most} MB within an hour. Nothing of this one was stored."
    request.app.state.rates.spend(UPLOADED, who, cost=max(1, -(-size // PART)), told=told)


def address(request: Request) -> str:
    """Return the address of a request; of IPv6 the network, because one machine has 2⁶⁴ addresses in it.

    A proxy's word for it is taken where the operator named the proxy (GRADMARK_PROXIES), and nowhere else.
    """
    told = request.client.host if request.client else ""
    try:
        ip = ipaddress.ip_address(told)
    except ValueError:
        return told
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else told
