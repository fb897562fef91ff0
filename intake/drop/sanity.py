"""Junk becomes 400 before any parser meets it, and every answer gets its headers: the outermost layer of the app.

The idea is that of PyPI's warehouse/sanity.py. A path, query or header that is not UTF-8, or that holds control
characters, comes from no browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from intake.drop.headers import complete
from intake.drop.problems import BAD_REQUEST, CONTENT_TYPE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_KEPT = ("PATH_INFO", "REQUEST_METHOD", "CONTENT_TYPE", "CONTENT_LENGTH")


class Sane:
    """WSGI middleware around the whole app."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""

        def with_headers(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, complete(headers), exc_info)

        if not _is_sane(environ):
            body = BAD_REQUEST.json
            with_headers("400 Bad Request", [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))])
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
        return self._app(environ, with_headers)


def _is_sane(environ: WSGIEnvironment) -> bool:
    values = [value for name, value in environ.items() if name in _KEPT or name.startswith("HTTP_")]
    try:
        # WSGI hands bytes over as latin-1 text.
        texts = [value.encode("latin-1").decode() for value in values]
        texts.append(unquote_to_bytes(environ.get("QUERY_STRING", "").encode("latin-1")).decode())
    except UnicodeError:
        return False
    return not any(_CONTROL.search(text) for text in texts)
