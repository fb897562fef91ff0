"""Private files: what a root or a reviewer keeps, as text inside an age passphrase file.

    # comment lines for the person who finds this file
    AGE-SECRET-KEY-PQ-1…                     (reviewers; opens reports)
    PRIVATE+KEY+origin/label+hash+base64     (signs)

`age -d reviewer-r1.age` prints it. age itself takes the line that begins with AGE-SECRET-KEY-PQ-1 as an identity.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from intake.errors import Damaged, KeyringRefused, NoKeyFits, Usage, WrongPassphrase
from intake.keyring.fingerprint import fingerprint
from intake.keyring.note import SigningKey
from intake.sealing import HybridIdentity, ScryptIdentity, ScryptRecipient, dearmor, open_bytes, seal_bytes

WORK_FACTOR = 18
FILE_LIMIT = 1024 * 1024

_AGE = b"age-encryption.org/v1\n"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_SIGNING = "PRIVATE+KEY+"
_OPENING = "AGE-SECRET-KEY-PQ-1"


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """A root's or reviewer's private keys: one to sign with, and a reviewer's to open with."""

    signing: SigningKey
    identities: tuple[HybridIdentity, ...] = ()

    @classmethod
    def parse(cls, text: bytes) -> PrivateFile:
        """Read the opened text. Raises `Damaged`, naming the line and never what it holds."""
        signing: list[SigningKey] = []
        identities: list[HybridIdentity] = []
        try:
            lines = text.decode().splitlines()
        except UnicodeDecodeError:
            raise Damaged("the private file holds no text") from None
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                if line.startswith(_SIGNING):
                    signing.append(SigningKey.parse(line.strip()))
                elif line.startswith(_OPENING):
                    identities.append(HybridIdentity.parse(line.strip()))
                else:
                    raise Damaged(f"line {number} of the private file is neither a comment nor a key")
            except (KeyringRefused, Usage) as error:
                raise Damaged(f"line {number} of the private file is damaged: {error}") from error
        if len(signing) != 1:
            raise Damaged(f"the private file holds {len(signing)} signing keys instead of one")
        return cls(signing[0], tuple(identities))

    def __bytes__(self) -> bytes:
        vkey = str(self.signing.verify_key)
        lines = [f"# private key of {self.signing.name}", f"# vkey {vkey}", f"# fingerprint {fingerprint(vkey)}"]
        for identity in self.identities:
            recipient = str(identity.recipient)
            lines += [f"# recipient {recipient}", f"# fingerprint {fingerprint(recipient)}"]
        if self.identities:
            lines.append("# To open a report with age alone, give it the AGE-SECRET-KEY line as its identity file.")
        lines += [str(identity) for identity in self.identities]
        return "\n".join([*lines, str(self.signing), ""]).encode()

    def seal(self, passphrase: str, work_factor: int = WORK_FACTOR) -> bytes:
        """The age file to keep. `work_factor` is scrypt's log2 N; less than 18 is for tests."""
        return seal_bytes(bytes(self), [ScryptRecipient(passphrase, work_factor)])


def is_sealed(data: bytes) -> bool:
    """Whether `data` is an age file, so that a passphrase is needed."""
    return data.startswith((_AGE, _ARMOR))


def open_private(data: bytes, passphrase: str | None) -> PrivateFile:
    """Open a private file. Plain text is taken as it is, and needs no passphrase.

    Raises `WrongPassphrase`, `Damaged` when the file is not whole, `Usage` when a passphrase is needed and None given.
    """
    if len(data) > FILE_LIMIT:
        raise Damaged("this is too large for a private file")
    if not is_sealed(data):
        return PrivateFile.parse(data)
    if passphrase is None:
        raise Usage("this private file needs its passphrase")
    try:
        return PrivateFile.parse(open_bytes(dearmor(io.BytesIO(data)).read(), [ScryptIdentity(passphrase)]))
    except NoKeyFits as error:
        raise WrongPassphrase("the passphrase does not open this private file") from error
