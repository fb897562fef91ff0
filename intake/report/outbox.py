"""The outbox: what a reviewer's desk sends to the drop, carried by hand. Acknowledgements of bundles, and answers.

A tar like the bundle: `outbox.note`, then `replies/<mailbox>-<number>.age` in order of mailbox. The note is signed by
the reviewer:

    amonat/outbox/1
    origin drop.example
    from r1
    serial 3
    previous <base64 SHA-256 of outbox 2's text, or "-">
    keyring 7
    ack <bundle serial> <base64 SHA-256 of that bundle's index>        (0 or more, rising)
    reply <mailbox> <number> <size> <SHA-256 in hex>                   (32, 64, 128 …, rising by mailbox)

It acknowledges bundles, never single reports: an answer beside one acknowledged report would tie mailbox and report.
Decoys, answers sealed to nobody, fill it up to a power of two and at least `LEAST`. All answers of an outbox bear one
number, so that a number tells no decoy from an answer, nor the third in one mailbox from the first in another.
"""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import BufferedReader
from typing import BinaryIO

from intake.errors import ChainBroken, Damaged, Fault, KeyringRefused
from intake.keyring.lines import SERIAL_LIMIT, Line, Lines
from intake.keyring.note import SignedNote, SigningKey, VerifyKey
from intake.keyring.text import Keyring
from intake.report import ustar
from intake.report.reply import PLAIN_SIZE, SEALED_SIZE
from intake.sealing import HybridIdentity, seal_bytes

FORM = "amonat/outbox/1"
LEAST = 32
MOST = 1 << 16
NOTE_LIMIT = 16 * 2**20

_WORDS = ("origin", "from", "serial", "previous", "keyring", "ack", "reply")
_MAILBOX = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A bundle that the reviewer has imported: its serial and the SHA-256 (32 bytes) of its index."""

    serial: int
    hash: bytes

    def __str__(self) -> str:
        return f"ack {self.serial} {base64.b64encode(self.hash).decode()}"


@dataclass(frozen=True, slots=True)
class Left:
    """One answer, or a decoy, that is to be left in a mailbox. `sha256` in hex is of the sealed answer."""

    mailbox: str
    number: int
    sha256: str

    def __str__(self) -> str:
        return f"reply {self.mailbox} {self.number} {SEALED_SIZE} {self.sha256}"

    @property
    def name(self) -> str:
        """The member that holds it."""
        return f"replies/{self.mailbox}-{self.number}.age"


@dataclass(frozen=True, slots=True)
class Outbox:
    """The text of `outbox.note`. `previous` is the SHA-256 (32 bytes) of this reviewer's outbox before."""

    origin: str
    label: str
    serial: int
    previous: bytes | None
    keyring: int
    acknowledged: tuple[Acknowledged, ...]
    replies: tuple[Left, ...]

    @property
    def hash(self) -> bytes:
        """SHA-256 of the text: what the next outbox names as `previous`."""
        return hashlib.sha256(bytes(self)).digest()

    def __bytes__(self) -> bytes:
        lines = [
            FORM,
            f"origin {self.origin}",
            f"from {self.label}",
            f"serial {self.serial}",
            f"previous {'-' if self.previous is None else base64.b64encode(self.previous).decode()}",
            f"keyring {self.keyring}",
            *map(str, self.acknowledged),
            *map(str, self.replies),
        ]
        return "".join(f"{line}\n" for line in lines).encode("ascii")

    @classmethod
    def parse(cls, text: bytes) -> Outbox:
        """Read the text; there is one spelling of each outbox. Raises `Damaged`."""
        lines = Lines(text, FORM, _WORDS, what="the outbox", error=Damaged)
        origin = lines.one("origin").origin()
        label = lines.one("from").label()
        serial = lines.one("serial").number(1, SERIAL_LIMIT)
        named = lines.one("previous")
        previous = None if named.text(1) == ("-",) else named.digest()
        if (previous is None) != (serial == 1):
            named.refuse("only the first outbox has none before it")
        keyring = lines.one("keyring").number(1, SERIAL_LIMIT)
        acknowledged = tuple(_acknowledged(line) for line in lines.many("ack", 0, SERIAL_LIMIT))
        replies = tuple(_left(line) for line in lines.many("reply", LEAST, MOST))
        lines.end()
        if any(later.serial <= earlier.serial for earlier, later in itertools.pairwise(acknowledged)):
            raise Damaged("the outbox: acknowledged bundles don't rise")
        if any(later.mailbox <= earlier.mailbox for earlier, later in itertools.pairwise(replies)):
            raise Damaged("the outbox: answers are not in order of mailbox")
        if len(replies) & (len(replies) - 1):
            raise Damaged("the outbox is not filled up to 32, 64, 128 … answers")
        if len({reply.number for reply in replies}) > 1:
            raise Damaged("the outbox: its answers bear different numbers")
        return cls(origin, label, serial, previous, keyring, acknowledged, replies)

    def check_signature(self, note: SignedNote, keyring: Keyring) -> VerifyKey:
        """The reviewer's key that signed it. Raises `KeyringRefused`, and `ChainBroken` for another drop's."""
        if self.origin != keyring.origin:
            raise ChainBroken(f"the outbox is for {self.origin}, not for {keyring.origin}", "Carry it there.")
        signer = next((each for each in keyring.reviewers if each.label == self.label), None)
        if signer is None:
            raise KeyringRefused(f"{self.label} is no reviewer of keyring {keyring.serial}")
        if not note.signers([signer.key]):
            raise KeyringRefused(f"the outbox is not signed by {self.label}")
        return signer.key


def write_outbox(sink: BinaryIO, head: Outbox, key: SigningKey, number: int, replies: Mapping[str, bytes]) -> Outbox:
    """Write an outbox: `head` says all but the answers, `replies` maps each mailbox to its sealed answer.

    Returns the text that was signed. Raises `Fault` when an answer has not the one length.
    """
    sealed = dict(replies)
    if any(len(each) != SEALED_SIZE for each in sealed.values()):
        raise Fault("an answer has not the length that answers have")
    wanted = LEAST
    while wanted < len(sealed):
        wanted *= 2
    while len(sealed) < wanted:
        sealed.setdefault(*decoy())
    left = tuple(Left(mailbox, number, hashlib.sha256(sealed[mailbox]).hexdigest()) for mailbox in sorted(sealed))
    outbox = replace(head, replies=left)
    writer = ustar.Writer(sink)
    writer.add_bytes("outbox.note", bytes(SignedNote.sign(bytes(outbox), key)))
    for each in left:
        writer.add_bytes(each.name, sealed[each.mailbox])
    writer.close()
    return outbox


def decoy() -> tuple[str, bytes]:
    """An answer that nobody can open, in a mailbox that nobody has: the seal is real, its identity is forgotten."""
    nobody = HybridIdentity.generate().recipient
    return HybridIdentity.generate().seed[:16].hex(), seal_bytes(bytes(PLAIN_SIZE), [nobody])


class OutboxReader:
    """An outbox being read: its note at once, then iterate once over (`Left`, sealed answer).

    Raises `Damaged` as soon as something is unlisted, missing, out of order, or not what was listed.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._reader = ustar.Reader(source)
        first = self._reader.next()
        if first is None or first.name != "outbox.note":
            raise Damaged("this is no outbox: it does not begin with its note")
        if first.size > NOTE_LIMIT:
            raise Damaged("the outbox's note is larger than 16 MiB")
        try:
            self.note = SignedNote.parse(BufferedReader(first).read(), limit=NOTE_LIMIT)
        except KeyringRefused as error:
            raise Damaged(f"the outbox's note is not a signed note: {error}") from None
        self.outbox = Outbox.parse(self.note.text)

    def __iter__(self) -> Iterator[tuple[Left, bytes]]:
        """Each answer in order of mailbox."""
        for left in self.outbox.replies:
            member = self._reader.next()
            if member is None or member.name != left.name:
                raise Damaged("the outbox lacks an answer that it lists, or holds one out of order")
            member.sha256, member.expected = left.sha256, SEALED_SIZE
            content = io.BytesIO()
            while piece := member.read(65_536):
                content.write(piece)
            yield left, content.getvalue()
        self._reader.finish()


def _acknowledged(line: Line) -> Acknowledged:
    serial, encoded = line.text(2)
    return Acknowledged(
        Line(line.word, (serial,), line.where, line.error).number(1, SERIAL_LIMIT),
        Line(line.word, (encoded,), line.where, line.error).digest(),
    )


def _left(line: Line) -> Left:
    mailbox, number, size, sha256 = line.text(4)
    if not _MAILBOX.fullmatch(mailbox) or not _SHA256.fullmatch(sha256) or size != str(SEALED_SIZE):
        line.refuse("this is not how an answer is listed")
    return Left(mailbox, Line(line.word, (number,), line.where, line.error).number(1, 999_999_999), sha256)
