"""Somebody who asks a site from outside, over TCP, TLS or a SOCKS proxy such as Tor's, and sees each answer as it came.

Nothing is decoded, followed or kept: what `intake drop check` compares must be the bytes of the wire.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Self
from urllib.parse import urlsplit

from python_socks import ProxyError, ProxyType
from python_socks.sync import Proxy

from intake.errors import Fault, Usage

SECONDS = 120
"""How long one answer may take: a circuit of Tor may need most of a minute."""
BODY_LIMIT = 8 << 20
"""Bytes of one answer; nothing that a drop serves comes near."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; the rest of the head is the same for all."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """For people: the words in brackets tell apart what is asked of one path."""
        told = ", ".join(value for _, value in self.headers)
        return f"{self.method} {self.path}" + (f" ({told})" if told else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came; names of headers in lower case, in their order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str] | list[tuple[str, str]], body: bytes) -> Self:
        """From any list of headers."""
        pairs = headers if isinstance(headers, list) else list(headers.items())
        return cls(status, tuple((name.lower(), value) for name, value in pairs), body)

    def header(self, name: str) -> str | None:
        """The first of that name."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Asks one site. `socks` is HOST:PORT of a proxy that also resolves names, so that nothing is looked up outside."""

    host: str
    port: int
    tls: bool
    socks: tuple[str, int] | None = None

    @classmethod
    def to(cls, url: str, socks: str | None = None) -> Self:
        """From http://host[:port] or https://…, as people paste it. Raises `Usage`."""
        try:
            parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
            port = parts.port
        except ValueError:
            raise _not_an_address(url) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise _not_an_address(url)
        if parts.hostname.endswith(".onion") and socks is None:
            raise Usage("an onion address is reached only through Tor", "Give --socks 127.0.0.1:9050.")
        tls = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if tls else 80), tls, _proxy(socks) if socks else None)

    def ask(self, request: Request) -> Answer:
        """One request on a connection of its own. Raises `Fault` when no answer comes."""
        link = HTTPConnection(self.host, self.port, timeout=SECONDS)
        try:
            link.sock = self._connected()
            link.request(request.method, request.path, headers=dict(request.headers))
            got = link.getresponse()
            return Answer.of(got.status, got.getheaders(), got.read(BODY_LIMIT))
        except (OSError, HTTPException, ProxyError) as error:
            raise Fault(
                f"no answer to {request}: {error or type(error).__name__}",
                "Is the address right, the server up, and (for an onion) Tor running where --socks points?",
            ) from error
        finally:
            link.close()

    def _connected(self) -> socket.socket:
        if self.socks is None:
            plain = socket.create_connection((self.host, self.port), SECONDS)
        else:
            proxy = Proxy(ProxyType.SOCKS5, *self.socks, rdns=True)
            plain = proxy.connect(self.host, self.port, timeout=SECONDS)
        if not self.tls:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def _not_an_address(url: str) -> Usage:
    return Usage(f"{url} is not the address of a site", "Give it as http://….onion or https://drop.example.")


def _proxy(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise Usage(f"--socks {text} is not HOST:PORT", "Tor listens on 127.0.0.1:9050.")
    return host, int(port)
