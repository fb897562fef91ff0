"""The note by which roots vouch for a form file: whoever has root fingerprints on paper can tell ours from a copy.

    amonat/form/1
    origin drop.example
    keyring 7
    size 209098
    sha256 <64 hex digits, as sha256sum prints them>

    — drop.example/a <signature>

It stands beside the file, never in it: what a file says of itself proves nothing. The threshold of the roots of the
keyring that the file carries must have signed, and that keyring must be believed by its own rules (`trust`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from intake.errors import Closed, KeyringRefused, Usage
from intake.keyring.lines import SERIAL_LIMIT, Lines
from intake.keyring.note import SignedNote
from intake.keyring.text import Keyring, Root
from intake.keyring.trust import Chain, signed_by

FORM_LIMIT = 1024 * 1024
"""Bytes of a form file; ours are a fifth of it."""

_KEYRING = re.compile(rb'<script type="text/plain" id="keyring">\n(.*?)</script>', re.DOTALL)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NOT_OURS = "Don't use it and don't pass it on. Get the form from somebody you trust, with its note."


@dataclass(frozen=True, slots=True)
class FormNote:
    """What the roots say of one form file. `sha256` is in hex, `size` in bytes, `keyring` the serial it seals to."""

    origin: str
    keyring: int
    size: int
    sha256: str

    @classmethod
    def of(cls, form: bytes) -> FormNote:
        """What there is to say of a file. Raises `Usage` when it is no form, `KeyringRefused` for its keyring."""
        keyring = Keyring.parse(SignedNote.parse(keyring_in(form)).text)
        return cls(keyring.origin, keyring.serial, len(form), hashlib.sha256(form).hexdigest())

    @classmethod
    def parse(cls, text: bytes) -> FormNote:
        """Raises `KeyringRefused` on anything but exactly these five lines."""
        lines = Lines(text, "amonat/form/1", ("origin", "keyring", "size", "sha256"), what="form's note")
        origin = lines.one("origin").origin()
        keyring = lines.one("keyring").number(1, SERIAL_LIMIT)
        size = lines.one("size").number(1, FORM_LIMIT)
        digest = lines.one("sha256")
        (sha256,) = digest.text(1)
        if not _SHA256.fullmatch(sha256):
            digest.refuse("'sha256' is not 64 hex digits, small letters")
        lines.end()
        return cls(origin, keyring, size, sha256)

    def __bytes__(self) -> bytes:
        lines = ("amonat/form/1", f"origin {self.origin}", f"keyring {self.keyring}", f"size {self.size}")
        return "".join(f"{line}\n" for line in (*lines, f"sha256 {self.sha256}")).encode()


def keyring_in(form: bytes) -> bytes:
    """The signed keyring that a form file carries, as it was issued. Raises `Usage` when there is none, or two."""
    found = _KEYRING.findall(form)
    if len(found) != 1:
        raise Usage("this is no form file: it doesn't carry one keyring", "Give the form.html that `form-file` wrote.")
    return bytes(found[0])


def check_form(form: bytes, note: SignedNote, chain: Chain, today: date) -> tuple[FormNote, tuple[Root, ...]]:
    """What the roots say of `form`, and which of them; `chain` holds the keyring in the form and was believed before.

    Raises `KeyringRefused` when they speak of another file or too few of them do, and `Closed` when the form takes
    nothing any more.
    """
    said, found = FormNote.parse(note.text), FormNote.of(form)
    if said.sha256 != found.sha256:
        raise KeyringRefused(
            f"this is not the file that the roots signed: its SHA-256 is {found.sha256}, they signed {said.sha256}",
            _NOT_OURS,
        )
    if said != found:
        raise KeyringRefused(
            f"the form's note speaks of keyring {said.keyring} of {said.origin} and {said.size} bytes, "
            f"the form carries keyring {found.keyring} of {found.origin} and has {found.size}",
            _NOT_OURS,
        )
    keyring = chain.by_serial(found.keyring)
    if keyring is None:
        raise KeyringRefused(f"keyring {found.keyring} of the form is not among those that were checked", _NOT_OURS)
    signers = signed_by(note, keyring)
    if len(signers) < keyring.threshold:
        raise KeyringRefused(
            f"the form's note has {len(signers)} of the {keyring.threshold} signatures it needs from the roots",
            "It is not finished: carry form and note to the next root holder, who signs with form-sign.",
        )
    if chain.is_closed(found.keyring, today):
        raise Closed(
            f"this form is genuine, and its keyring {found.keyring} takes nothing any more", "Get a newer form."
        )
    return said, signers
