"""The page's scripts and style, built beforehand, each in three encodings; and how one body is chosen for a visitor.

A script may be given constants of an installation and a language: then it is served with them before it, under a name
of its own, and its bytes are as constant as those of the page that names it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import deflate

import intake
from intake.errors import Fault

PREFIX = "/a/"

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_NOT_BUILT = "Install the project again (pip install -e .): that builds them."


@dataclass(frozen=True, slots=True)
class Body:
    """One constant answer, ready in every encoding; `br` is None where only gzip was made."""

    identity: bytes
    gzip: bytes
    br: bytes | None = None

    @classmethod
    def packed(cls, content: bytes, br: bytes | None = None, *, level: int = 10) -> Self:
        """`content` and its gzip copy, the same bytes at every start.

        The first of libdeflate's thorough levels makes a page a twentieth smaller than zlib's, in milliseconds; its
        slowest takes twice as long for a byte in a thousand.
        """
        return cls(identity=content, gzip=bytes(deflate.gzip_compress(content, level)), br=br)

    def choose(self, accept_encoding: str) -> tuple[bytes, str | None]:
        """The bytes for a request's `Accept-Encoding` and the `Content-Encoding` to name.

        Weights are read only as far as `q=0` (never): a browser that takes brotli always prefers it, and over plain
        http (an onion) browsers offer gzip alone.
        """
        offered = {
            name.strip().lower()
            for name, _, weight in (part.partition(";") for part in accept_encoding.split(","))
            if weight.replace(" ", "").rstrip("0.") != "q="
        }
        if self.br is not None and "br" in offered:
            return self.br, "br"
        if "gzip" in offered:
            return self.gzip, "gzip"
        return self.identity, None


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page under its public path, `/a/<name>.<hash>.<ext>`."""

    path: str
    content_type: str
    body: Body


class Assets:
    """The files that the build listed in `manifest.json`; nothing else is ever served."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._by_name = dict(assets)
        self._by_path = {asset.path: asset for asset in assets.values()}

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read what the build hook left in `folder` (default: `intake/browser/dist`). Raises `Fault`."""
        dist = folder or Path(intake.__file__).parent / "browser" / "dist"
        try:
            manifest: dict[str, str] = json.loads((dist / "manifest.json").read_bytes())
            return cls({name: _read(dist / file) for name, file in manifest.items()})
        except (OSError, ValueError) as error:
            raise Fault("the page's scripts and style are not built", _NOT_BUILT) from error

    def get(self, path: str) -> Asset | None:
        """The asset under a request's path, or None."""
        return self._by_path.get(path)

    def paths(self) -> tuple[str, ...]:
        """The public paths of all of them."""
        return tuple(self._by_path)

    def given(self, name: str, variant: str, constants: Mapping[str, str]) -> Asset:
        """The script `name` for one `variant`, with the constants as properties of its global object before it."""
        given = "".join(f"self.{key}={json.dumps(value, ensure_ascii=False)};" for key, value in constants.items())
        script = self._by_name[name]
        content = f"{given}\n".encode() + script.body.identity
        digest = hashlib.sha256(content).hexdigest()[:16]
        stem, _, suffix = name.rpartition(".")
        return Asset(f"{PREFIX}{stem}.{variant}.{digest}.{suffix}", script.content_type, Body.packed(content))

    def text(self, name: str) -> str:
        """The content of an asset by its logical name. Raises `Fault` for a name that was not built."""
        return self._by_path[self[name]].body.identity.decode()

    def __getitem__(self, name: str) -> str:
        """The public path of a logical name, such as `style.css`. Raises `Fault` for a name that was not built."""
        if name not in self._by_name:
            raise Fault(f"the page's {name} is not built", _NOT_BUILT)
        return self._by_name[name].path


def _read(file: Path) -> Asset:
    body = Body.packed(file.read_bytes(), file.with_name(f"{file.name}.br").read_bytes())
    return Asset(PREFIX + file.name, _TYPES[file.suffix], body)
