"""A whole age file: sealed for recipients as it is written, opened by identities as it is read."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from nacl.utils import random

from intake.errors import Damaged, NoKeyFits, Usage, WrongPassphrase
from intake.sealing import hybrid, scrypt, x25519
from intake.sealing.header import FILE_KEY_SIZE, HEADER_LIMIT, Header, Identity, Recipient, Stanza
from intake.sealing.stream import CHUNK_SIZE, NONCE_SIZE, ChunkReader, ChunkWriter, Sink, payload_key

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_CHECKS: dict[str, Callable[[Stanza], object]] = {
    hybrid.KIND: hybrid.check,
    x25519.KIND: x25519.check,
    scrypt.KIND: scrypt.check,
}


class Sealer(io.BufferedIOBase, BinaryIO):
    """A binary stream that seals what is written to it into `sink`, in constant memory.

    The header goes out at once, the last chunk on `close`; the sink itself stays open. As a context manager it closes
    on success only: after an exception the file stays without its last chunk, which every reader refuses. So don't
    wrap it in a text or buffered stream: those close what they hold even then.
    Raises `Usage` when the recipients can't stand in one header.
    """

    def __init__(self, sink: Sink, recipients: Sequence[Recipient]) -> None:
        file_key = random(FILE_KEY_SIZE)
        self.header = make_header(recipients, file_key)
        nonce = random(NONCE_SIZE)
        sink.write(bytes(self.header) + nonce)
        self._chunks = ChunkWriter(sink, payload_key(file_key, nonce))

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Take all of `data`. Raises ValueError once closed."""
        if self.closed:
            raise ValueError("the sealed file is closed")
        with memoryview(data) as view:
            self._chunks.write(view)
            return view.nbytes

    def close(self) -> None:
        """Seal the last chunk. A second call does nothing."""
        if not self.closed:
            self._chunks.finish()
            super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()

    def __del__(self) -> None:
        """Never closes, unlike every other stream: a file abandoned halfway must not look whole."""


class Opened(io.BufferedIOBase, BinaryIO):
    """A binary stream of what a sealed file holds. Every byte it gives has been verified.

    Only the end (b"" from a read) proves that nothing is missing: who stops earlier knows nothing about the rest.
    `read` gives all that was asked for, or raises `Damaged`; `read1` gives what is left of one chunk, so that all
    before a damaged chunk can be had. After an error every further read in order raises it again.

    Seekable when the source is. The first `seek` or `size` opens the last chunk, which proves the length.
    """

    def __init__(self, source: BinaryIO, header: Header, file_key: bytes) -> None:
        self.header = header
        self.file_key = file_key  # 16 bytes: opens this file for ever, without any identity
        nonce = source.read(NONCE_SIZE)
        while len(nonce) < NONCE_SIZE and (more := source.read(NONCE_SIZE - len(nonce))):
            nonce += more
        if len(nonce) < NONCE_SIZE:
            raise Damaged("the file is cut off behind its header")
        self._seekable = source.seekable()
        self._chunks = ChunkReader(source, payload_key(file_key, nonce))
        self._chunk = b""
        self._chunk_start = 0  # position of the chunk's first byte
        self._taken = 0  # bytes of the chunk given already
        self._ended = False
        self._failure: Damaged | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """As the source is."""
        return self._seekable

    @property
    def size(self) -> int:
        """Bytes of plaintext, proved. Raises `Damaged`, or `io.UnsupportedOperation` where the source can't seek."""
        return self._chunks.length

    def tell(self) -> int:
        """The position in the plaintext, in bytes."""
        return self._chunk_start + self._taken

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a byte of the plaintext; beyond the end counts as the end. The chunk there is opened at once."""
        length = self._chunks.length
        origins = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: length}
        if whence not in origins:
            raise ValueError("whence is not 0, 1 or 2")
        target = origins[whence] + offset
        if target < 0:
            raise ValueError("a position before the beginning")
        target = min(target, length)
        index = min(target // CHUNK_SIZE, max(0, length - 1) // CHUNK_SIZE)
        start = index * CHUNK_SIZE
        if not self._chunk or start != self._chunk_start:
            self._chunk, self._chunk_start = self._chunks.chunk_at(index), start
        self._taken = target - start
        self._ended, self._failure = False, None
        return target

    def read1(self, size: int | None = -1, /) -> bytes:
        """What is left of the chunk, at most `size` bytes; b"" at the end. Raises `Damaged`."""
        if not self._left() and not self._load():
            return b""
        start = self._taken
        stop = len(self._chunk) if size is None or size < 0 else min(len(self._chunk), start + size)
        self._taken = stop
        return self._chunk if stop - start == len(self._chunk) else self._chunk[start:stop]

    def read(self, size: int | None = -1, /) -> bytes:
        """Exactly `size` bytes, or all that is left where it is less or where no size is given. Raises `Damaged`."""
        wanted = -1 if size is None or size < 0 else size
        parts = []
        while wanted and (part := self.read1(wanted)):
            parts.append(part)
            if wanted > 0:
                wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _left(self) -> int:
        return len(self._chunk) - self._taken

    def _load(self) -> bool:
        """Open the next chunk; whether there is one."""
        if self._failure is not None:
            raise self._failure
        if self._ended:
            return False
        try:
            chunk = self._chunks.following()
        except Damaged as failure:
            self._failure = failure
            raise
        self._ended = not chunk
        self._chunk_start += len(self._chunk)
        self._chunk, self._taken = chunk, 0
        return not self._ended


def make_header(recipients: Sequence[Recipient], file_key: bytes) -> Header:
    """Wrap `file_key` (16 bytes) for everybody. Raises `Usage` when the recipients can't stand in one header."""
    kinds = [recipient.kind for recipient in recipients]
    if not kinds:
        raise Usage("there is nobody to seal to", "Name at least one recipient.")
    if scrypt.KIND in kinds and len(kinds) > 1:
        raise Usage("a passphrase can't be mixed with other recipients", "Seal to the passphrase alone.")
    if hybrid.KIND in kinds and set(kinds) != {hybrid.KIND}:
        raise Usage(
            "age1pq1… recipients can't be mixed with others",
            "The weakest stanza decides how long a file stays closed: seal to age1pq1… recipients only.",
        )
    header = Header.make((stanza for recipient in recipients for stanza in recipient.wrap(file_key)), file_key)
    if header.size > HEADER_LIMIT:
        raise Usage(f"so many recipients don't fit a header of {HEADER_LIMIT} bytes", "Seal to 42 at most.")
    return header


class Guess:
    """Which identity opened which stanza of the last file: what is sealed alike then opens at the first try."""

    __slots__ = ("identity", "stanza")

    def __init__(self) -> None:
        self.identity = self.stanza = 0


def open_sealed(source: BinaryIO, identities: Sequence[Identity], guess: Guess | None = None) -> Opened:
    """Open a sealed file for the first identity that fits, once its header is proved genuine.

    Raises `NotSealed` or `Damaged` for the file, `NoKeyFits` (or `WrongPassphrase`) for the identities. Every stanza of
    a known kind is checked before any key is tried, so that a malformed file fails alike for all its readers. A `guess`
    kept from file to file saves the tries of other people's stanzas; it changes no outcome.
    """
    header, file_key = unlock(source, identities, guess)
    return Opened(source, header, file_key)


def open_with_file_key(source: BinaryIO, file_key: bytes) -> Opened:
    """Open a sealed file by the file key (16 bytes) kept from an earlier opening. Raises `NotSealed`, `Damaged`."""
    header = Header.parse(source)
    header.verify(file_key)
    return Opened(source, header, file_key)


def unlock(source: BinaryIO, identities: Sequence[Identity], guess: Guess | None = None) -> tuple[Header, bytes]:
    """The header, proved genuine, and the file key (16 bytes); `source` is left at the payload's nonce.

    Raises like `open_sealed`.
    """
    header = Header.parse(source)
    check_stanzas(header)
    file_key = _file_key(header, identities, guess or Guess())
    header.verify(file_key)
    return header, file_key


def seal_bytes(data: bytes, recipients: Sequence[Recipient]) -> bytes:
    """`data` as a sealed file. Raises `Usage` like `Sealer`."""
    sink = io.BytesIO()
    with Sealer(sink, recipients) as sealer:
        sealer.write(data)
    return sink.getvalue()


def open_bytes(data: bytes, identities: Sequence[Identity]) -> bytes:
    """All that a sealed file holds, whole or not at all. Raises like `open_sealed`."""
    return open_sealed(io.BytesIO(data), identities).read()


def check_stanzas(header: Header) -> None:
    """The exact lengths of every stanza of a known kind, and a scrypt stanza alone. Raises `Damaged`."""
    for stanza in header.stanzas:
        if stanza.kind in _CHECKS:
            _CHECKS[stanza.kind](stanza)
        if stanza.kind == scrypt.KIND and len(header.stanzas) > 1:
            raise Damaged("the header is damaged: a scrypt stanza stands beside another")


def _file_key(header: Header, identities: Sequence[Identity], guess: Guess) -> bytes:
    tries = [(identity, stanza) for identity in range(len(identities)) for stanza in range(len(header.stanzas))]
    tries.sort(key=lambda each: each != (guess.identity, guess.stanza))
    for identity, stanza in tries:
        file_key = identities[identity].unwrap(header.stanzas[stanza])
        if file_key is not None:
            guess.identity, guess.stanza = identity, stanza
            return file_key
    by_passphrase = header.stanzas[0].kind == scrypt.KIND
    if by_passphrase and any(isinstance(identity, scrypt.ScryptIdentity) for identity in identities):
        raise WrongPassphrase("the passphrase does not open the file")
    if by_passphrase:
        raise NoKeyFits("the file is sealed to a passphrase, not to a key", "Give the passphrase.")
    raise NoKeyFits("none of the identities given opens the file")
