"""A reviewer's card: what a reviewer hands to the root holders to be named in the next keyring.

A note signed by the reviewer's own key, which proves that they hold it:

    amonat/reviewer/1
    origin drop.example
    label r1
    recipient age1pq1…
    vkey drop.example/r1+hash+base64
"""

from __future__ import annotations

from dataclasses import dataclass

from intake.errors import IntakeError, KeyringRefused
from intake.keyring.lines import Lines
from intake.keyring.note import SignedNote, SigningKey, VerifyKey
from intake.sealing import HybridRecipient


@dataclass(frozen=True, slots=True)
class Card:
    """A reviewer's public half: `recipient` (`age1pq1…`) seals to them, `key` verifies what they sign."""

    origin: str
    label: str
    recipient: str
    key: VerifyKey

    @classmethod
    def parse(cls, note: bytes) -> Card:
        """Raises `KeyringRefused` unless the card is whole and signed by the very key it names."""
        signed = SignedNote.parse(note)
        lines = Lines(signed.text, "amonat/reviewer/1", ("origin", "label", "recipient", "vkey"), what="card")
        origin = lines.one("origin").origin()
        label = lines.one("label").label()
        recipient_line = lines.one("recipient")
        (recipient,) = recipient_line.text(1)
        try:
            HybridRecipient.parse(recipient)
        except IntakeError as error:
            recipient_line.refuse(f"the recipient is not one of age's post-quantum kind: {error}")
        vkey_line = lines.one("vkey")
        key = VerifyKey.parse(vkey_line.text(1)[0])
        if key.name != f"{origin}/{label}":
            vkey_line.refuse(f"the key does not bear the name {origin}/{label}")
        lines.end()
        if not signed.signers([key]):
            raise KeyringRefused(f"the card of {label} is not signed by its own key")
        return cls(origin, label, recipient, key)

    def __bytes__(self) -> bytes:
        """The text, without its signature."""
        lines = [
            "amonat/reviewer/1",
            f"origin {self.origin}",
            f"label {self.label}",
            f"recipient {self.recipient}",
            f"vkey {self.key}",
        ]
        return ("\n".join(lines) + "\n").encode()

    def sign(self, key: SigningKey) -> bytes:
        """The card as the note that `parse` reads."""
        return bytes(SignedNote.sign(bytes(self), key))
