"""How something leaves the desk: sealed, or plain after a warning; written into the log before it is written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from intake.durable import private_folder, write_private
from intake.errors import Usage
from intake.options import as_one
from intake.review.outputs import deliveries
from intake.review.outputs.consent import Use
from intake.review.outputs.deliveries import Delivery
from intake.review.outputs.parcel import neutral_name, sealed
from intake.review.vault import Vault
from intake.terminal import agree, passphrase, put, say


@dataclass(frozen=True, slots=True)
class Way:
    """To whom in the reviewer's words, sealed to `keys`, else to a passphrase or `plain`, and into which folder.

    Raises `Usage` where it is to be sealed and plain.
    """

    to: str
    keys: tuple[str, ...]
    plain: bool
    out: Path
    yes: bool

    def __post_init__(self) -> None:
        if self.plain and self.keys:
            raise Usage("it is sealed or it is plain", "Give --key or --plain.")

    def hand_over(
        self,
        desk: Vault,
        files: Mapping[str, bytes],
        output: str,
        use: Use,
        *,
        reports: Sequence[str] = (),
        case: str | None = None,
        grounds: Sequence[str] = (),
    ) -> None:
        """Seal these files, write into the log what leaves, for whom and of what it is made, then write it out."""
        content, how = self._sealed(files)
        made = Delivery(
            output, use.recipient.value, use.naming.value, " ".join(self.to.split()), how, tuple(reports),
            deliveries.handed(files), case, tuple(grounds),
        )  # fmt: skip
        with desk.journal() as journal:
            deliveries.record(journal, made)
        private_folder(self.out)
        for name, raw in content.items():
            write_private(self.out / name, raw)
            put(str(self.out / name))

    def _sealed(self, files: Mapping[str, bytes]) -> tuple[Mapping[str, bytes], str]:
        """What is written, and the word for the log."""
        if self.plain:
            say("Warning: whoever finds these files reads them. A sealed file can be read by its recipient alone.")
            agree("Write them unsealed?", yes=self.yes)
            return files, "plain"
        secret = "" if self.keys else passphrase("Passphrase for the recipient", confirm=True)
        return {neutral_name(): sealed(files, keys=self.keys, passphrase=secret)}, "key" if self.keys else "passphrase"


way_options = as_one(
    Way,
    "way",
    click.option("--to", "to", required=True, help="Who gets it, in your words; for the log."),
    click.option("--key", "keys", multiple=True, metavar="AGE1…", help="Seal it to this key of the recipient's."),
    click.option("--plain", is_flag=True, help="Leave it unsealed. It asks first, and the log says so."),
    click.option(
        "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to."
    ),
    click.option("--yes", is_flag=True, help="Agree beforehand."),
)
"""The options that say it, as one `Way` named `way`."""
