"""An answer to a witness: a note signed by a reviewer, padded to one length, sealed to the recipient of the code.

    amonat/reply/1
    origin drop.example
    mailbox 00112233445566778899aabbccddeeff
    number 26112401
    day 2026-11-24

    We received what you sent. …

    — drop.example/r1 <signature>

The text after the first empty line is the reviewer's; it may hold empty lines of its own. `number` rises with each
answer left in a mailbox. The note is filled with zero bytes to `PLAIN_SIZE` before it is sealed, so that every answer
has the same length, `SEALED_SIZE`.

Whoever shows an answer must `verify` it first: a forged "meet us at …" can kill.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta

from intake.errors import Damaged, IntakeError, KeyringRefused, Usage
from intake.keyring.lines import Lines
from intake.keyring.note import SignedNote, SigningKey
from intake.keyring.text import Keyring
from intake.report import sizes
from intake.sealing import Header, HybridIdentity, HybridRecipient, check_stanzas, open_bytes, seal_bytes

FORM = "amonat/reply/1"
PLAIN_SIZE = 8_192
SEALED_SIZE = sizes.sealed_size(1, PLAIN_SIZE)
TEXT_LIMIT = 7_000  # bytes of UTF-8: what is left beside the head and three signatures
KEPT_DAYS = 180
"""How long an answer is kept, and how old one may be when it is shown."""
AHEAD_DAYS = 2
"""A phone may be a day behind, and so may be the day of somebody far to the west."""

_WORDS = ("origin", "mailbox", "number", "day")
_MAILBOX = re.compile(r"[0-9a-f]{32}")
_NOT_WRITTEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_WAIT = "Don't act on it. Come back another day, or ask by another way."


class NotGenuine(IntakeError):
    """No reviewer of the current keyring signed this answer."""

    exit_code = KeyringRefused.exit_code
    advice = _WAIT


class Misplaced(Damaged):
    """The answer was written for another mailbox or another drop."""

    advice = _WAIT


class OutOfDate(Damaged):
    """The answer is older than answers are kept, is dated in the future, or comes before one already seen."""

    advice = _WAIT


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `mailbox` is 32 hex digits; `text` is NFC, without control characters but the newline."""

    origin: str
    mailbox: str
    number: int
    day: date
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise Usage("the answer is empty", "Write something, or leave it.")
        if unicodedata.normalize("NFC", self.text).strip() != self.text or _NOT_WRITTEN.search(self.text):
            raise Usage("the answer holds characters that can't be shown", "Write it as plain text.")
        if (size := len(self.text.encode())) > TEXT_LIMIT:
            raise Usage(f"the answer takes {size} bytes, and {TEXT_LIMIT} fit", "Say it shorter.")

    def __bytes__(self) -> bytes:
        """The text that is signed."""
        head = (FORM, f"origin {self.origin}", f"mailbox {self.mailbox}", f"number {self.number}", f"day {self.day}")
        return "".join(f"{line}\n" for line in (*head, "", self.text)).encode()

    @classmethod
    def parse(cls, text: bytes) -> Reply:
        """Read the signed text; there is one spelling of each answer. Raises `Damaged`."""
        head, gap, words = text.partition(b"\n\n")
        lines = Lines(head + b"\n", FORM, _WORDS, what="the answer", error=Damaged)
        origin = lines.one("origin").origin()
        named = lines.one("mailbox")
        (mailbox,) = named.text(1)
        if not _MAILBOX.fullmatch(mailbox):
            named.refuse("'mailbox' is not 32 hex digits")
        number = lines.one("number").number(1, 999_999_999)
        day = lines.one("day").day()
        lines.end()
        try:
            reply = cls(origin, mailbox, number, day, words.decode().removesuffix("\n"))
        except (UnicodeDecodeError, Usage):
            raise Damaged("the answer's text is empty, too long, or not plain text") from None
        if not gap or bytes(reply) != text:
            raise Damaged("the answer is not written as answers are")
        return reply

    def seal(self, key: SigningKey, recipient: HybridRecipient) -> bytes:
        """The answer signed by `key` and sealed: `SEALED_SIZE` bytes."""
        note = bytes(SignedNote.sign(bytes(self), key))
        return seal_bytes(note.ljust(PLAIN_SIZE, b"\0"), [recipient])


def is_sealed(content: bytes) -> bool:
    """Whether this looks like a sealed answer: the one length, one hybrid stanza. What is in it, nobody can tell."""
    try:
        header = Header.parse(content)
        check_stanzas(header)
    except Damaged:
        return False
    return len(content) == SEALED_SIZE and [stanza.kind for stanza in header.stanzas] == [HybridRecipient.kind]


def verify(sealed: bytes, identity: HybridIdentity, keyring: Keyring, mailbox: str, today: date) -> Reply:
    """Open an answer and believe it only when a reviewer of `keyring` signed it, for this mailbox, and lately.

    Raises `NotGenuine`, `Misplaced` and `OutOfDate` for the answers that must not be shown, `NoKeyFits` when it was
    sealed to another code, `NotSealed` and `Damaged` for what is no answer at all.
    """
    if len(sealed) != SEALED_SIZE:
        raise Damaged(f"an answer has {SEALED_SIZE} bytes, and this has {len(sealed)}")
    plain = open_bytes(sealed, [identity])
    try:
        note = SignedNote.parse(plain.rstrip(b"\0"))
        signers = note.signers(reviewer.key for reviewer in keyring.reviewers)
    except KeyringRefused as error:
        raise NotGenuine(f"the answer is not signed as answers are: {error}") from None
    if not signers:
        raise NotGenuine("the answer is signed by no reviewer of the current keyring")
    reply = Reply.parse(note.text)
    if reply.origin != keyring.origin or reply.mailbox != mailbox:
        raise Misplaced("the answer was written for somebody else")
    if not today - timedelta(days=KEPT_DAYS) <= reply.day <= today + timedelta(days=AHEAD_DAYS):
        raise OutOfDate(f"the answer is of {reply.day}, which is too long ago or still to come")
    return reply
