"""Parts in S3-compatible storage (the library `obstore`), as <prefix>/parts/<id>/<n>, each put by one request.

Keys, region and endpoint are those of every S3 tool, from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_REGION, AWS_ENDPOINT_URL. Nothing secret is in a setting, and nothing of it in an argument.

What such storage tells: it stamps every object with the second it was put, and lists names in order. A fold puts parts
again in order of id, so that they tell when the fold was. What its provider writes down besides, in logs and backups,
is out of our reach. A bucket that keeps versions would keep every time and every deleted report: it is refused. So is
one that kept them once (`versioning`): older ones stay, and a deletion leaves a marker with the name. So is one that
locks or retains what is put, where nothing can be folded or deleted. A store that doesn't know the question of versions
is taken at its word, if none shows when something is put.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError
from obstore.store import S3Store

from intake.drop.place import Place
from intake.drop.versioning import Versions, versions
from intake.errors import Fault, Usage

MARK = "belongs-to"
"""The object that says which drop's parts these are."""
PAUSE = 2.0
"""Seconds in which nothing is tried after a failure: a store that hangs must not hold every thread of the server."""

_NEVER_ON = "Use a bucket in which versioning was never on."
_ADVICE = "Check the bucket, its keys and its endpoint in the AWS_… variables, then start again."


class BucketParts:
    """Parts as objects. See `intake.drop.parts.Parts` for what each method does."""

    def __init__(self, place: Place, environment: dict[str, str] | None = None) -> None:
        given = dict(os.environ) if environment is None else environment
        if missing := [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not given.get(name)]:
            raise Usage(
                f"{' and '.join(missing)} not set, which {place} needs", "Set them in the service's environment."
            )
        endpoint = urlsplit(given.get("AWS_ENDPOINT_URL", ""))
        near = endpoint.hostname in ("127.0.0.1", "::1", "localhost")
        if endpoint.scheme == "http" and not near:
            raise Usage("AWS_ENDPOINT_URL is not https", "Keys and parts would cross the network in the clear.")
        self.place = place
        self._environment = given
        self._down = 0.0
        with self._speaking():
            self._store = S3Store(
                place.bucket,
                prefix=place.prefix or None,
                client_options={"allow_http": near, "connect_timeout": "3s", "timeout": "10s"},
                retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=5)},
            )

    def claim(self, mark: str) -> None:
        """Make sure that these are the parts of the drop `mark` and of no other, and that no versions are kept.

        Raises `Fault`, and `Usage` for a bucket that can't be used.
        """
        with self._speaking():
            self._refuse(versions(self.place.bucket, self._environment))
            self._try_out()
            with suppress(AlreadyExistsError):
                obstore.put(self._store, MARK, mark.encode(), mode="create", use_multipart=False)
            owner = bytes(obstore.get(self._store, MARK).bytes()).decode(errors="replace")
        if owner != mark:
            raise Usage(
                f"{self.place} holds the parts of another drop", "Give each drop a bucket or prefix of its own."
            )

    def _refuse(self, found: Versions) -> None:
        """Raises `Usage` for a bucket that keeps versions, or kept some, or doesn't say so to these keys."""
        if found is Versions.ENABLED:
            raise Usage(f"{self.place} keeps versions: what is deleted or folded would stay in it", _NEVER_ON)
        if found is Versions.SUSPENDED:
            raise Usage(
                f"{self.place} kept versions once: older ones stay in it, and what is deleted leaves its name",
                f"{_NEVER_ON} Versioning can be suspended, but not undone.",
            )
        if found is Versions.FORBIDDEN:
            obstore.list_with_delimiter(self._store)  # which fails when the keys themselves are wrong
            raise Usage(
                f"whether {self.place} keeps versions may not be asked with these keys",
                "Allow them s3:GetBucketVersioning: a bucket that keeps versions can't be used.",
            )

    def _try_out(self) -> None:
        """Put something, put it again, delete it. Raises `Usage` when it would stay, in whatever way."""
        probe = f"probe-{secrets.token_hex(8)}"
        told = obstore.put(self._store, probe, b"", use_multipart=False)["version"]
        try:
            try:
                told = obstore.put(self._store, probe, b"", use_multipart=False)["version"] or told
            finally:
                obstore.delete(self._store, probe)
        except BaseError as error:
            if not _refused(error):
                raise
            raise Usage(
                f"what was put into {self.place} as {probe} can't be replaced or deleted",
                "Use a bucket without object lock and retention, and keys that may put, get, list and delete.",
            ) from error
        if told:
            self._refuse(Versions.SUSPENDED if told == "null" else Versions.ENABLED)

    def put(self, identifier: bytes, number: int, content: bytes) -> None:
        """One request: the object is whole and durable, or not there."""
        with self._speaking():
            obstore.put(self._store, _key(identifier, number), content, use_multipart=False)

    def get(self, identifier: bytes, number: int) -> bytes:
        """One request."""
        with self._speaking():
            return bytes(obstore.get(self._store, _key(identifier, number)).bytes())

    def delete(self, identifier: bytes) -> None:
        """All objects of a report."""
        with self._speaking():
            for some in obstore.list(self._store, f"parts/{identifier.hex()}"):
                obstore.delete(self._store, [one["path"] for one in some])

    def ready(self, day: date) -> None:
        """See `Parts`. A bucket has no folders."""

    def fold(
        self,
        identifier: bytes,
        parts: range,
        day: date,  # noqa: ARG002  # the store sets the time itself
        *,
        settled: bool,  # noqa: ARG002  # they are put again each time
    ) -> None:
        """Put the same bytes again: an object is replaced in one step, so nothing is ever missing."""
        for number in parts:
            self.put(identifier, number, self.get(identifier, number))

    def ids(self) -> Iterator[bytes]:
        """By one listing for every thousand reports."""
        with self._speaking():
            folders = obstore.list_with_delimiter(self._store, "parts")["common_prefixes"]
        for name in sorted(folder.rpartition("/")[2] for folder in folders):
            try:
                yield bytes.fromhex(name)
            except ValueError:
                continue

    def release(self) -> None:
        """Another drop may use the place from now on."""
        with self._speaking():
            obstore.delete(self._store, MARK)

    def room(self) -> int:
        """A bucket has no end that we know of."""
        return 2**62

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        if time.monotonic() < self._down:
            raise Fault(f"{self.place} does not answer", _ADVICE)
        try:
            yield
        except (BaseError, OSError) as error:
            if not isinstance(error, FileNotFoundError):
                self._down = time.monotonic() + PAUSE
            told = str(error).partition("\n")[0][:300]
            raise Fault(f"{self.place} can't be used: {told}", _ADVICE) from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # which the library's Rust raises at an answer it can't take
                raise
            self._down = time.monotonic() + PAUSE
            raise Fault(f"{self.place} answers what no such storage may", _ADVICE) from error


def _refused(error: BaseError) -> bool:
    """Whether the store would not do it, rather than could not."""
    return isinstance(error, PermissionDeniedError) or "AccessDenied" in str(error) or "ObjectLock" in str(error)


def _key(identifier: bytes, number: int) -> str:
    return f"parts/{identifier.hex()}/{number}"
