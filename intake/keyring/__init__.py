"""Which keys seal today, and why they are believed. Pure but for its rim: no clock, disk or network.

`note` is the signed-note format, `text` the keyring itself, `trust` the rules by which a chain of keyrings is believed,
`change` the step from one keyring to the next and `difference` that step in words, `fingerprint` what people compare,
`card` how a reviewer joins, `identity` the private files, `shares`, `sheet` and `paper` those on paper, `backups` the
list of them. The rim: `commands` is the door `intake keys`, `ceremonies` those of its commands that change a keyring,
`recovery` those that go to paper and back, `council` the identity that never leaves it, `sitting` people and paper at a
terminal, `vouching` roots and the form in one file (`form`: what they sign), `files` what all of them read.
"""

from intake.keyring.card import Card
from intake.keyring.fingerprint import differing, fingerprint, matches, short
from intake.keyring.identity import PrivateFile, is_sealed, open_private
from intake.keyring.note import Signature, SignedNote, SigningKey, VerifyKey
from intake.keyring.text import Drop, Duty, Keyring, Retired, Reviewer, Root
from intake.keyring.trust import Chain, Pin, Roots, verify_chain

__all__ = [
    "Card",
    "Chain",
    "Drop",
    "Duty",
    "Keyring",
    "Pin",
    "PrivateFile",
    "Retired",
    "Reviewer",
    "Root",
    "Roots",
    "Signature",
    "SignedNote",
    "SigningKey",
    "VerifyKey",
    "differing",
    "fingerprint",
    "is_sealed",
    "matches",
    "open_private",
    "short",
    "verify_chain",
]
