"""What is served is what was released: a live site's answers beside those that this release gives.

Pages are constant, so there is nothing to trust: the same release with the same settings is asked the same questions in
this process, and the live site must say the same, byte for byte and header for header. Somebody who has no settings
checks against a *manifest*, which lists the pages by hash in the form that WEBCAT reads
(github.com/freedomofpress/webcat-spec, manifest.md, and webcat, validators.ts), and that its tool signs.

The keyring is the one thing that changes: it is verified by the pin or by fingerprints from paper, never compared.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Protocol, Self

from intake.drop.headers import CSP, FIXED, allowed
from intake.drop.visitor import BODY_LIMIT, Answer, Request
from intake.errors import Exit, KeyringRefused, Usage
from intake.keyring import Chain, Keyring, Roots, SignedNote, verify_chain
from intake.terminal import safe

KEYRING = Request("GET", "/keyring.note")
FORM_FILE = "/form.html"
"""Holds the keyring, so it is compared only while both sides hold the same one."""

FALLBACK = "/404"
"""A path that is not there: what a person who goes astray is shown."""

_ENCODINGS = ("", "gzip", "br, gzip")
_HTML = ("Accept", "text/html")
_ASTRAY = Request("GET", FALLBACK, (_HTML,))
_REFUSALS = (
    _ASTRAY,
    Request("GET", FALLBACK),
    Request("DELETE", "/"),
    Request("PUT", "/reports/x"),
    Request("OPTIONS", "/uploads"),
    Request("HEAD", "/"),
)
"""Answers that are no pages carry the same headers; each of these changes nothing anywhere."""

_OF_THE_WAY = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding"})
"""Headers that servers and proxies write for themselves, and that tell nothing of a visitor."""

_FORGETS = ("strict-transport-security", "max-age=0")
"""What a front over TLS may add: browsers store nothing for it, and drop what they had (RFC 6797, 6.1.1)."""

_LINKED = re.compile(rb"/a/[A-Za-z0-9._-]+")
_PATH = re.compile(r"/[A-Za-z0-9._/-]*")


class Reference(Protocol):
    """What this release gives with the site's settings: `intake.drop.reference.Reference`."""

    @property
    def index(self) -> str:
        """The page that `/` gives, under its own path."""

    def paths(self) -> tuple[str, ...]:
        """Every page, script and style."""

    def signed(self) -> tuple[str, ...]:
        """Paths of what vouches for those, which no list of them can hold."""

    def ask(self, request: Request) -> Answer:
        """One answer."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer that is not as it should be."""

    request: str
    what: str

    def __str__(self) -> str:
        return f"{self.request}: {self.what}"


def questions(paths: Iterable[str]) -> tuple[Request, ...]:
    """Everything constant: pages, scripts and styles in each encoding, and the refusals."""
    return (
        *(
            Request("GET", path, (("Accept-Encoding", encoding),) if encoding else ())
            for path in ("/", *paths)
            for encoding in _ENCODINGS
        ),
        *_REFUSALS,
    )


def linked(page: bytes) -> tuple[str, ...]:
    """Paths of the scripts and styles that a page names, once each."""
    return tuple(dict.fromkeys(path.decode() for path in _LINKED.findall(page)))


def differences(request: Request, wanted: Answer, got: Answer) -> Iterator[Difference]:
    """How a live answer differs from the one that this release gives."""
    if got.status != wanted.status:
        yield Difference(str(request), f"the status is {got.status}, not {wanted.status}")
    yield from _headers(request, wanted.headers, got.headers)
    if got.body != wanted.body:
        yield Difference(
            str(request), f"other bytes: {len(got.body)} of SHA-256 {_short(got.body)}, not {_short(wanted.body)}"
        )


def _headers(
    request: Request, wanted: Iterable[tuple[str, str]], got: Iterable[tuple[str, str]]
) -> Iterator[Difference]:
    left = [pair for pair in got if pair[0] not in _OF_THE_WAY and pair != _FORGETS]
    for name, value in wanted:
        if name in _OF_THE_WAY:
            continue
        if (name, value) in left:
            left.remove((name, value))
        elif found := next((pair for pair in left if pair[0] == name), None):
            left.remove(found)
            yield Difference(str(request), f"the header {name} says {found[1]!r}, not {value!r}")
        else:
            yield Difference(str(request), f"the header {name} is missing")
    for name, value in left:
        why = "" if allowed(name) else ", which may never be sent"
        yield Difference(str(request), f"there is a header more: {name}: {value!r}{why}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Pages, scripts and styles by the SHA-256 of their bytes, as one list for everybody."""

    files: Mapping[str, bytes]
    """By path; among them the page that is shown for a path that is not there."""
    index: str
    """The path whose bytes `/` gives."""
    release: str

    @classmethod
    def of(cls, ask: Callable[[Request], Answer], index: str, paths: Iterable[str]) -> Self:
        """Of a site that is asked for each of the paths."""
        requests = [*(Request("GET", path) for path in sorted(paths)), _ASTRAY]
        files = {request.path: hashlib.sha256(ask(request).body).digest() for request in requests}
        return cls(files, index, version("intake"))

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read one, signed or not. Raises `Usage`."""
        advice = "Give the file that `drop check --save` wrote."
        try:
            content = json.loads(text)
            manifest = content.get("manifest", content)
            files = {str(path): _digest(value) for path, value in manifest["files"].items()}
            index, release, csp = (manifest[name] for name in ("default_index", "version", "default_csp"))
            index = f"/{index}"
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Usage("the manifest can't be read", advice) from error
        if csp != CSP or index not in files or not all(_PATH.fullmatch(path) for path in files):
            raise Usage("the manifest is not of this software", advice)
        return cls(files, index, str(release))

    def __bytes__(self) -> bytes:
        """Canonical JSON: names in order, no spaces. WEBCAT puts the slash before the index by itself."""
        manifest = {
            "app": "",
            "default_csp": CSP,
            "default_fallback": FALLBACK,
            "default_index": self.index.removeprefix("/"),
            "extra_csp": {},
            "files": {path: _base64(digest) for path, digest in self.files.items()},
            "name": "",
            "version": self.release,
            "wasm": [],
        }
        return (json.dumps({"manifest": manifest}, sort_keys=True, separators=(",", ":")) + "\n").encode()

    def questions(self) -> tuple[Request, ...]:
        """Every file, as it is and packed."""
        paths = ["/", *(path for path in self.files if path != FALLBACK)]
        packed = (("Accept-Encoding", "gzip"),)
        return (*(Request("GET", path, more) for path in paths for more in ((), packed)), _ASTRAY)

    def differences(self, request: Request, got: Answer) -> Iterator[Difference]:
        """How a live answer differs from what the manifest lists."""
        status = 404 if request == _ASTRAY else 200
        if got.status != status:
            yield Difference(str(request), f"the status is {got.status}, not {status}")
        ours = tuple((name.lower(), value) for name, value in FIXED)
        of_the_file = [pair for pair in got.headers if pair[0] in ("content-type", "content-encoding", "vary")]
        yield from _headers(request, (*ours, *of_the_file), got.headers)
        try:
            content = _unpacked(got)
        except (zlib.error, ValueError):
            yield Difference(str(request), "the packed bytes can't be unpacked")
            return
        path = self.index if request.path == "/" else request.path
        if hashlib.sha256(content).digest() != self.files[path]:
            yield Difference(str(request), f"other bytes: {len(content)} of SHA-256 {_short(content)}")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What to ask a live site, and how to judge each answer.

    `known` is the chain that is believed here, None where only the roots are.
    """

    questions: tuple[Request, ...]
    manifest: Manifest
    judge: Callable[[Request, Answer], Iterator[Difference]]
    roots: Roots | None
    known: Chain | None
    today: date

    @classmethod
    def by_reference(cls, reference: Reference, known: Chain, today: date) -> Self:
        """Against what this release serves with these settings."""
        paths = reference.paths()

        def judge(request: Request, got: Answer) -> Iterator[Difference]:
            return differences(request, reference.ask(request), got)

        manifest = Manifest.of(reference.ask, reference.index, paths)
        return cls(questions((*paths, FORM_FILE, *reference.signed())), manifest, judge, None, known, today)

    @classmethod
    def by_manifest(cls, manifest: Manifest, roots: Roots, today: date) -> Self:
        """Against a list of hashes."""
        return cls(manifest.questions(), manifest, manifest.differences, roots, None, today)

    def of(self, ask: Callable[[Request], Answer], advance: Callable[[int], None]) -> Found:
        """Ask everything, the keyring first; `advance` is told of each answer. Raises `Fault` when none comes."""
        refused: KeyringRefused | None = None
        serial = None
        try:
            serial = self._served(ask).newest.serial
        except KeyringRefused as error:
            refused = error
        told: list[Difference] = []
        for request in self.questions:
            same_keyring = self.known is not None and serial == self.known.newest.serial
            if request.path != FORM_FILE or same_keyring:
                told.extend(self.judge(request, ask(request)))
            advance(1)
        return Found(len(self.questions), tuple(told), serial, None if refused is None else str(refused))

    def _served(self, ask: Callable[[Request], Answer]) -> Chain:
        """The chain that the site serves, walked from what is known. Raises `KeyringRefused`."""
        note = _note(ask, KEYRING)
        newest = Keyring.parse(SignedNote.parse(note).text).serial
        if self.known is not None and newest < self.known.newest.serial:
            raise KeyringRefused(
                f"the site serves keyring {newest}, and {self.known.newest.serial} is known here: it is kept old",
                "Reports are sealed to who may have left. Ask the operator.",
            )
        begin = 1 if self.known is None else self.known.newest.serial + 1
        between = [_note(ask, Request("GET", f"/keyring/{serial}.note")) for serial in range(begin, newest)]
        held, pin = ((), None) if self.known is None else (self.known.notes, self.known.pin)
        return verify_chain([*held, *between, note], roots=self.roots, pin=pin, today=self.today)


@dataclass(frozen=True, slots=True)
class Found:
    """What an inspection found. `serial` is the keyring served, None when it was refused."""

    asked: int
    differences: tuple[Difference, ...]
    serial: int | None
    refused: str | None

    @property
    def exit(self) -> Exit:
        """Of the command."""
        if self.refused is not None:
            return Exit.KEYRING
        return Exit.DAMAGED if self.differences else Exit.OK

    def to_json(self) -> str:
        """For programs."""
        return json.dumps(
            {
                "asked": self.asked,
                "keyring": self.serial,
                "keyring_refused": self.refused,
                "differences": [{"request": one.request, "what": one.what} for one in self.differences],
            },
            indent=2,
        )

    def to_text(self) -> str:
        """For people. What the site sent is escaped: it may be anybody's."""
        keyring = (
            f"keyring {self.serial} verified" if self.refused is None else f"THE KEYRING IS REFUSED: {self.refused}"
        )
        count = len(self.differences)
        told = "all as released" if not count else f"{count} DIFFERENCES"
        return "\n".join(safe(line) for line in (keyring, f"{self.asked} answers: {told}", *map(str, self.differences)))


def _note(ask: Callable[[Request], Answer], request: Request) -> bytes:
    answer = ask(request)
    if answer.status != 200:
        raise KeyringRefused(f"the site does not give {request.path} (status {answer.status})")
    return answer.body


def _unpacked(answer: Answer) -> bytes:
    encoding = answer.header("content-encoding")
    if encoding is None:
        return answer.body
    if encoding != "gzip":
        raise ValueError(encoding)
    unpacking = zlib.decompressobj(wbits=31)
    content = unpacking.decompress(answer.body, BODY_LIMIT)
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("cut off, or more than one")
    return content


def _base64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _digest(text: str) -> bytes:
    digest = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    if len(digest) != hashlib.sha256().digest_size or _base64(digest) != text:
        raise ValueError(text)
    return digest


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
