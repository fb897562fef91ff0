"""Limits on how much is served: Flask-Limiter over `Counters`, with keys that are never addresses.

The salt of the keys lives in memory and changes with the day, so neither a key nor a copy of the memory from another
day says who came. A limiter that fails lets everybody in: a report refused by mistake is worse than one too many.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar, cast

from flask import Flask, request
from flask_limiter import Limiter
from limits import parse_many

from intake.drop.config import Limits
from intake.drop.counters import EVERYBODY, SCHEME, Counters
from intake.report.sizes import CLASSES

View = TypeVar("View", bound=Callable[..., Any])


class Buckets:
    """The limits of one app, as decorators for its views."""

    def __init__(self, limits: Limits, today: Callable[[], date], counters: Counters) -> None:
        self._limits = limits
        self._today = today
        self._salt: tuple[date, bytes] = (date.min, b"")
        self._limiter = Limiter(
            key_func=lambda: EVERYBODY,
            storage_uri=f"{SCHEME}://",
            storage_options=counters.options,
            headers_enabled=False,
            swallow_errors=True,
            in_memory_fallback_enabled=False,
        )

    def init_app(self, app: Flask) -> None:
        """Let the limiter look at the requests of `app`."""
        self._limiter.init_app(app)

    def reports(self, view: View) -> View:
        """The limits of sealed reports."""
        return self._limited(view, self._limits.reports)

    def plain(self, view: View) -> View:
        """The limits of reports that are sealed here, which costs this machine more."""
        return self._limited(view, self._limits.plain)

    def carried(self, view: View) -> View:
        """The same for what couriers hand in, many reports at once: a body counts as all that it has room for."""
        return self._limited(view, self._limits.plain, _reports_in_body)

    def _limited(self, view: View, shared: str, count: Callable[[], int] = lambda: 1) -> View:
        limited: Callable[..., Any] = view
        if source := self._limits.source:
            limited = self._limiter.limit(
                source, key_func=self._source, exempt_when=_is_local, cost=_at_most(source, count)
            )(limited)
        if shared:
            limited = self._limiter.limit(shared, key_func=lambda: EVERYBODY, cost=_at_most(shared, count))(limited)
        return cast(View, limited)

    def _source(self) -> str:
        """A key for the request's network that means nothing tomorrow, nor on another machine."""
        today = self._today()
        if self._salt[0] != today:
            self._salt = (today, os.urandom(32))
        return hmac.digest(self._salt[1], _network(request.remote_addr or ""), hashlib.sha256).hex()


def _reports_in_body() -> int:
    return 1 + (request.content_length or 0) // CLASSES[0]


def _at_most(limit: str, count: Callable[[], int]) -> Callable[[], int]:
    """A count that the limit can ever let through: what costs more than all of it would never come."""
    most = min(each.amount for each in parse_many(limit))
    return lambda: max(1, min(most, count()))


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
