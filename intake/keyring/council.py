r"""A council: an identity that exists only as shares on paper from its first moment: `intake keys council`.

    intake keys council --origin drop.example --label board --shares 5 --threshold 3 --out DIR

No private file is ever written. k of the n holders sit together to open (`intake review open --council CARD`), and
their shares meet in memory alone. It opens everything that was sealed while it stands in the keyring, by design. What
is in memory can reach a disk by swap or hibernation: the machine should have neither.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from intake.durable import write_private
from intake.errors import Fault, KeyringRefused, Usage
from intake.keyring.card import Card
from intake.keyring.files import check_names, read_card, this_day, untaken
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import PrivateFile
from intake.keyring.note import SigningKey
from intake.keyring.recovery import advice
from intake.keyring.shares import SHARES_LIMIT, fingerprints, public_texts, rebuild, split
from intake.keyring.sheet import Sheet
from intake.keyring.sitting import gather, on_paper
from intake.sealing import HybridIdentity
from intake.terminal import put, say

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--origin", required=True, help="The name of the drop: a-z, 0-9, '.' and '-', at most 64.")
@click.option("--label", required=True, help="What to call it: a-z, 0-9 and '-'. It is public: no names.")
@click.option("--shares", "count", type=click.IntRange(2, SHARES_LIMIT), required=True, help="How many holders.")
@click.option("--threshold", type=click.IntRange(2, SHARES_LIMIT), required=True, help="How many must sit together.")
@click.option(
    "--out", "folder", type=_FOLDER, required=True, help="The folder for reviewer-LABEL.card, which is public."
)
@click.option("--sheets", "printed", type=_FOLDER, help="Write a PDF a sheet here, to print. Default: copy by hand.")
@click.option("--json", "as_program", is_flag=True, help="Print JSON.")
def council(
    origin: str, label: str, count: int, threshold: int, folder: Path, printed: Path | None, as_program: bool
) -> None:
    """Make a reviewer that exists only as shares: any --threshold of the --shares holders open reports together.

    Each holder's sheet is shown at the terminal, and typed back from the paper before the next one; then the card is
    written, and no private file ever. The card joins the keyring as any reviewer's. Make it on a machine that is
    offline and has no swap. When a holder leaves, make a new council and let it take this one's place.
    """
    if threshold > count:
        raise Usage(f"{threshold} of {count} holders can't be asked for", "Let --threshold be at most --shares.")
    check_names(origin, label)
    _, public = untaken(folder, f"reviewer-{label}.age", f"reviewer-{label}.card")
    private = PrivateFile(SigningKey.generate(f"{origin}/{label}"), (HybridIdentity.generate(),))
    shares = split(private, count, threshold)
    if rebuild(shares[-threshold:], private.signing.name) != private:
        raise Fault("the shares don't rebuild the key", "Nothing was written. Report this with the version you use.")
    sheets = [Sheet(share, count, fingerprints(private), this_day()) for share in shares]
    card = Card(origin, label, str(private.identities[0].recipient), private.signing.verify_key)
    with on_paper(sheets, printed) as paths:
        write_private(public, card.sign(private.signing), mode=0o644)
    facts = {
        "label": label,
        "recipient": card.recipient,
        "fingerprint": fingerprint(card.recipient),
        "vkey": str(card.key),
        "vkey_fingerprint": fingerprint(str(card.key)),
        "set": shares[0].set_name,
        "files": [str(public), *map(str, paths)],
    }
    put(json.dumps(facts, indent=2) if as_program else f"{label}  {facts['fingerprint']}")
    for line in advice(sheets, paths, paths):
        say(line)
    say(f"Hand {public} to the root holders, and read them the fingerprint yourselves. No file holds the key.")


def sitting_of(card: Path) -> PrivateFile:
    """The keys of the council whose card is given, from shares typed in or read from INTAKE_SHARES_FD; in memory alone.

    Raises `KeyringRefused` when they are another's, and what is wrong with the shares.
    """
    known = read_card(card)
    say(f"Council {known.label}  {fingerprint(known.recipient)}")
    private = rebuild(gather(), known.key.name)
    if public_texts(private) != (known.recipient, str(known.key)):
        raise KeyringRefused(
            f"these shares are not those of {card.name}",
            "Compare the fingerprints on the sheets with the one shown above: each council has its own card.",
        )
    return private
