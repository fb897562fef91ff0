"""Giving a sealed file to others: a new header around the same file key, the payload byte for byte as it was.

The payload's key is derived from the file key and from the payload's nonce (c2sp.org/age, "Payload"), and from nothing
in the header: so the payload stays good under new stanzas, and only these and the header's MAC, which commits to them,
are made again. Whoever could open the file before keeps what they know: this adds readers and takes none away.

What is proved: the old header is genuine before anything is written (its MAC), and the last chunk opens under the
payload's key, so the nonce is whole and nothing is cut off, added or moved at the end. A payload of one chunk (64 KiB)
is proved whole by that. In a longer one the chunks before the last are opened only with `check`, at the price of
deciphering everything once; unchecked they are copied as they are, and whoever opens the copy finds damage there.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from intake.errors import Damaged, Usage
from intake.sealing import hybrid
from intake.sealing.header import Header, Identity, Recipient
from intake.sealing.sealed import Opened, make_header, open_with_file_key, unlock
from intake.sealing.stream import NONCE_SIZE, ChunkReader, Sink, payload_key

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Rewrapping:
    """A sealed file unlocked to be given to others. `header` is its own, proved genuine.

    Raises `NotSealed` or `Damaged` for the file, `NoKeyFits` (or `WrongPassphrase`) for the identities.
    """

    def __init__(self, source: BinaryIO, identities: Sequence[Identity]) -> None:
        self._source = source
        self.header, self._file_key = unlock(source, identities)

    def write(self, sink: Sink, recipients: Sequence[Recipient], *, check: bool = False) -> Header:
        """Write the file for `recipients` alone, once, in constant memory; returns the new header.

        Raises `Usage` for recipients that are not post-quantum, or too many; `Damaged` when the payload is: then what
        `sink` took must be thrown away.
        """
        header = _header(recipients, self._file_key)
        sink.write(bytes(header))
        if check:
            opened = Opened(io.BufferedReader(_Copying(self._source, sink)), header, self._file_key)
            while opened.read1():
                pass
            return header
        nonce = b""
        while len(nonce) < NONCE_SIZE and (more := self._source.read(NONCE_SIZE - len(nonce))):
            nonce += more
        if len(nonce) < NONCE_SIZE:
            raise Damaged("the file is cut off behind its header")
        sink.write(nonce)
        ChunkReader(self._source, payload_key(self._file_key, nonce)).copy_to(sink)
        return header

    def opened(self, again: BinaryIO) -> Opened:
        """The same file once more, or a copy made before, to be read. Raises `NotSealed` or `Damaged`."""
        return open_with_file_key(again, self._file_key)


def rewrap(
    source: BinaryIO,
    sink: Sink,
    identities: Sequence[Identity],
    recipients: Sequence[Recipient],
    *,
    check: bool = False,
) -> Header:
    """Read a sealed file and write it for `recipients`, who need be none of the old ones. Returns the new header.

    Raises like `Rewrapping` and its `write`.
    """
    return Rewrapping(source, identities).write(sink, recipients, check=check)


def _header(recipients: Sequence[Recipient], file_key: bytes) -> Header:
    """Only post-quantum stanzas: a copy must not fall before the original does."""
    if any(recipient.kind != hybrid.KIND for recipient in recipients):
        raise Usage(
            "a sealed file is given on to age1pq1… recipients only",
            "Ask for a post-quantum recipient: a reviewer's card holds one.",
        )
    return make_header(recipients, file_key)


class _Copying(io.RawIOBase):
    """Reads the source, and hands every byte read to the sink."""

    def __init__(self, source: BinaryIO, sink: Sink) -> None:
        self._source = source
        self._sink = sink

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Some bytes, 0 at the end."""
        with memoryview(buffer).cast("B") as view:
            data = self._source.read(len(view))
            view[: len(data)] = data
        self._sink.write(data)
        return len(data)
