"""How often somebody may ask. Counted in each web process: these limits keep a machine usable, and decide no mark.

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

BAD_LINKS = RateLimitItemPerMinute(30, 10, namespace="bad link")  # of an address: a class behind one, clicking twice
LINK_REQUESTS = RateLimitItemPerHour(300, namespace="link request")  # of an address: a whole class forgot its link
BAD_TOKENS = RateLimitItemPerMinute(60, namespace="bad token")  # of an address
FORMS = RateLimitItemPerMinute(240, namespace="form")  # of a person: a quiz is saved at each change
API = RateLimitItemPerMinute(600, namespace="api")  # of a token: ten polls a second
UPLOADS = RateLimitItemPerMinute(60, namespace="upload")  # of a person, by the API; policies are stricter


class Rates:
    """Held open by a web process."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, limit: RateLimitItem, who: str) -> None:
        """Counts one more.

        Raises:
            HTTPException: 429, with the time after which there is room again.
        """
        if self._window.hit(limit, who):
            return
        seconds = max(1, math.ceil(self._window.get_window_stats(limit, who).reset_time - time.time()))
        raise HTTPException(
            429,
            f"That was too often: more than {limit.amount} times within {limit.get_expiry() // 60} minutes. "
            f"Wait {seconds} seconds, then try again.",
            headers={"Retry-After": str(seconds)},
        )


def spend(request: Request, limit: RateLimitItem, who: str) -> None:
    request.app.state.rates.spend(limit, who)


def address(request: Request) -> str:
    """Where a request comes from; of IPv6 the network, because one machine has 2⁶⁴ addresses in it.

    A proxy's word for it is taken where the operator named the proxy (GRADMARK_PROXIES), and nowhere else.
    """
    told = request.client.host if request.client else ""
    try:
        ip = ipaddress.ip_address(told)
    except ValueError:
        return told
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else told
