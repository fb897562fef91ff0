"""Limits on how much is served: the library `limits` over `Counters`, with keys that are never addresses.

The salt of the keys lives in memory and changes with the day, so neither a key nor a copy of the memory from another
day says who came. What can't be counted is let in: a report refused by mistake is worse than one too many.

Flask-Limiter, which is made of the same library, took a tenth of the whole time that a report costs.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, TypeVar, cast

from flask import request
from limits import RateLimitItem, parse_many
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from intake.drop.config import Limits
from intake.drop.counters import EVERYBODY, Counters
from intake.report.sizes import CLASSES

View = TypeVar("View", bound=Callable[..., Any])


class Buckets:
    """The limits of one app, as decorators for its views; beyond them a view is answered with 429."""

    def __init__(self, limits: Limits, today: Callable[[], date], counters: Counters) -> None:
        self._limits = limits
        self._today = today
        self._salt: tuple[date, bytes] = (date.min, b"")
        self._counts = FixedWindowRateLimiter(counters)

    def reports(self, view: View) -> View:
        """The limits of sealed reports."""
        return self._limited(view, self._limits.reports)

    def plain(self, view: View) -> View:
        """The limits of reports that are sealed here, which costs this machine more."""
        return self._limited(view, self._limits.plain)

    def carried(self, view: View) -> View:
        """The same for what couriers hand in, many reports at once: a body counts as all that it has room for."""
        return self._limited(view, self._limits.plain, _reports_in_body)

    def _limited(self, view: View, together: str, count: Callable[[], int] = lambda: 1) -> View:
        each = parse_many(self._limits.source) if self._limits.source else []
        shared = parse_many(together) if together else []
        name = view.__name__

        @wraps(view)
        def limited(*arguments: Any, **named: Any) -> Any:
            amount = count()
            alone = each and not _is_local()
            if (alone and not self._has_room(each, self._source(), name, amount)) or not self._has_room(
                shared, EVERYBODY, name, amount
            ):
                raise TooManyRequests
            return view(*arguments, **named)

        return cast(View, limited)

    def _has_room(self, limits: list[RateLimitItem], key: str, name: str, amount: int) -> bool:
        """Count `amount` for each limit, at most what it allows at once, and say whether none is full."""
        found = [self._counts.hit(limit, key, name, cost=max(1, min(limit.amount, amount))) for limit in limits]
        return all(found)

    def _source(self) -> str:
        """A key for the request's network that means nothing tomorrow, nor on another machine."""
        today = self._today()
        if self._salt[0] != today:
            self._salt = (today, os.urandom(32))
        return hmac.digest(self._salt[1], _network(request.remote_addr or ""), hashlib.sha256).hex()


def _reports_in_body() -> int:
    return 1 + (request.content_length or 0) // CLASSES[0]


def _is_local() -> bool:
    """Whether the request came by a proxy or an onion service on this machine: then its address says nothing."""
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return True


def _network(address: str) -> bytes:
    """One IPv4 address, or the /64 that one IPv6 customer has."""
    found = ipaddress.ip_address(address)
    return found.packed if found.version == 4 else found.packed[:8]
