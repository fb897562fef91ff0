"""The log for a court: a folder of plain files that anybody can check, without a vault and without this software.

    README.txt                  what this is, and how to check it by hand
    verify.py                   does so (`intake.review.proof`, copied)
    keyring/000007.note         the keyrings: whose key is whose, signed by the roots
    log/r1/000000017.note       each event as a signed note: who, when, about which thing, after which event
    log/r1/000000017.json       what it says, where that is shown: {"salt": …, "content": …}

Every event of every log is there, so that none can be left out unseen. What they say is shown only of the things that
were asked for, and never what tells who a witness is: those contents are left out, and the event shows that they were.
A line of a log that forks off lies in a folder of its own, r1-fork-2.
"""

from __future__ import annotations

import base64
import inspect
import secrets
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from intake.durable import private_folder, sync_folder
from intake.errors import Fault
from intake.report.document import dump
from intake.review import proof
from intake.review.audit import entry_of, lines_of
from intake.review.log import Content, Entity, Entry
from intake.review.sync import private
from intake.review.tables import event
from intake.review.vault import Vault

_README = """\
A log of who did what with reports at one reviewer's desk of the intake {origin}, written on {day} by {label}.

log/        One folder for each reviewer, one file for each thing that reviewer did, numbered without a gap. The text
            says who, when (UTC, by that machine's clock), and about which thing. "previous" is the SHA-256, in base64,
            of the text of the event before it; "content" is that of "amonat/content/1", a newline, 16 bytes of salt,
            and what was done. Where that is shown it lies beside the event as .json. Below the text stands the
            reviewer's signature (Ed25519, a signed note as c2sp.org/signed-note describes).
keyring/    Which key is whose. Each is signed by the root keys that it and the one before it name.

To check it: python3 verify.py, which is short, can be read, and needs nothing of the intake's own software. It prints
the fingerprints of the root keys. Compare them with those that the intake's people give you on paper.

{shown} of {events} contents are shown. The others are about other things, were erased, or tell who a witness is.
What was sealed is named by the SHA-256 of the sealed file: whoever holds that file can compare it.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: how many events, and of how many the content is shown."""

    events: int
    shown: int


def write(vault: Vault, target: Path, about: Collection[Entity], *, everything: bool = False) -> Written:
    """Write the folder `target`, whole or not at all. The contents shown are those about these things, or all.

    An import's event is shown with a submission whose sealed file it names. Raises `Fault` when the name is taken.
    """
    if target.exists():
        raise Fault(f"{target} exists already", "Give the name of a new folder.")
    hidden = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        private_folder(hidden)
        for number, note in enumerate(vault.chain.notes if vault.chain else (), 1):
            _put(private_folder(hidden / "keyring") / f"{number:06}.note", note)
        written = _logs(vault, hidden, about, everything=everything)
        told = _README.format(
            origin=vault.origin, day=vault.today(), label=vault.label, shown=written.shown, events=written.events
        )
        _put(hidden / "README.txt", told.encode())
        _put(hidden / "verify.py", inspect.getsource(proof).encode())
        hidden.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise Fault(f"can't write to {target}: {error.strerror}", "Make room, or choose another folder.") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return written


def _put(path: Path, content: bytes) -> None:
    """A new file for its owner alone. What a power cut takes of it, the check of the folder would miss."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)


def _logs(vault: Vault, folder: Path, about: Collection[Entity], *, everything: bool) -> Written:
    events = shown = 0
    private_folder(folder / "log")
    with vault.reading() as connection:
        names = _names(vault)
        rows = connection.execute(select(event).order_by(event.c.id).execution_options(yield_per=500))
        for row in rows:
            entry = entry_of(row)
            path = private_folder(folder / "log" / names[row.line]) / f"{row.number:09}"
            _put(path.with_suffix(".note"), bytes(entry.note))
            events += 1
            if _shows(entry, about, everything=everything):
                told = {
                    "salt": base64.b64encode(entry.salt or b"").decode(),
                    "content": (entry.content or b"").decode(),
                }
                _put(path.with_suffix(".json"), dump({**told}) + b"\n")
                shown += 1
    return Written(events, shown)


def _names(vault: Vault) -> Mapping[int, str]:
    """The folder of each line of events."""
    found: dict[int, str] = {}
    with vault.reading() as connection:
        for line in lines_of(connection):
            before = sum(name.split("-fork-")[0] == line.reviewer for name in found.values())
            found[line.id] = f"{line.reviewer}-fork-{before + 1}" if before else line.reviewer
    return found


def _shows(entry: Entry, about: Collection[Entity], *, everything: bool) -> bool:
    content = entry.read()
    if content is None or private(content.field):
        return False
    return everything or entry.event.entity in about or _received(entry.event.entity, content, about)


def _received(entity: Entity, content: Content, about: Collection[Entity]) -> bool:
    """Whether it is the event by which one of these submissions came."""
    if entity.kind != "import" or not isinstance(content.new, dict):
        return False
    if not isinstance(files := content.new.get("files"), dict):
        return False
    named = {each.id for each in about}
    return any(
        digest in named or (isinstance(told, dict) and told.get("report") in named) for digest, told in files.items()
    )
