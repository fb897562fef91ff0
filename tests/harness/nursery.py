"""Forks workers that have everything imported, so that many can be killed in a short time.

Run as a program: each line of stdin is the folder of a vault, a seed and a canary; the answer is the pid of a worker,
which does what a desk does until it is killed, and prints a number each time that something is on disk.
"""

from __future__ import annotations

import io
import os
import random
import secrets
import sys
from pathlib import Path

from intake.errors import WrongPassphrase
from intake.report.document import Json
from intake.report.package import QuestionnaireRef, Report
from intake.review.backup import back_up
from intake.review.importing import Import
from intake.review.log import Entity
from intake.review.unlocking import Cost
from intake.review.vault import Vault
from intake.sealing import HybridIdentity, X25519Identity, open_sealed, seal_bytes
from tests.harness.bundles import seal_for

PASSPHRASES = ("correct horse battery", "staple of another horse")
QUICK = Cost(1, 8192)
COUNT = Entity("case", "count")


def work(folder: Path, seed: int, canary: str, told: int) -> None:
    """A desk that is never at rest. Every number told has been committed."""
    chance = random.Random(seed)
    identity = X25519Identity.generate()
    vault, passphrase = opened(folder)
    with vault:
        with vault.journal() as journal:
            known = journal.state(COUNT).get("number")
            number = known.value if known and isinstance(known.value, int) else 0
        while True:
            number += 1
            sealed = seal_bytes(f"{canary} {number}".encode() * 100, [identity.recipient])
            with vault.originals.batch() as batch, vault.journal() as journal:
                kept = batch.keep(io.BytesIO(sealed))
                batch.settle()
                journal.hold(kept, open_sealed(io.BytesIO(sealed), [identity]).file_key)
                journal.record(COUNT, "number", number)
                for each in range(20):
                    journal.record(Entity("case", f"{each}"), "title", f"{canary} {number}")
            os.write(told, f"{number}\n".encode())
            event = chance.random()
            if event < 0.15:
                other = PASSPHRASES[passphrase == PASSPHRASES[0]]
                vault.change_passphrase(passphrase, other, cost=QUICK)
                passphrase = other
            elif event < 0.3:
                back_up(vault, folder.with_name("backup"))
            elif event < 0.4:
                vault.rebuild()
            elif event < 0.5:
                take_in(vault, f"{canary} {number}")


def take_in(vault: Vault, words: str) -> None:
    """An import, with a process of its own that reads the report: it ends when the desk does."""
    mine = HybridIdentity.generate()
    answers: dict[str, Json] = {"account": words, "who": [{"name": words}], "contact": words}
    reference = QuestionnaireRef("first", "1", "0" * 64)
    day = vault.today()
    report = Report(secrets.token_hex(16), vault.origin, 1, reference, "tg", "browser", day, answers)
    with Import(vault, [mine], workers=1) as work:
        list(work.take_loose("loose.age", seal_for(report, [mine.recipient])))


def opened(folder: Path) -> tuple[Vault, str]:
    """By whichever of the two passphrases holds at the moment."""
    for passphrase in PASSPHRASES:
        try:
            return Vault.open(folder, passphrase), passphrase
        except WrongPassphrase:
            continue
    raise AssertionError("neither passphrase opens the vault")


def main() -> None:
    for line in sys.stdin:
        folder, seed, canary = line.rstrip("\n").split("\t")
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            work(Path(folder), int(seed), canary, writer)
            os._exit(0)
        os.close(writer)
        print(child, flush=True)
        with os.fdopen(reader) as numbers:
            for number in numbers:
                print(number.strip(), flush=True)
        os.waitpid(child, 0)
        print("end", flush=True)


if __name__ == "__main__":
    main()
