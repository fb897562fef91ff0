"""Runs every command of the desk in one process, as a person would type them: to be watched by whoever started it.

    python -m tests.harness.every_command KEYS FOLDER        a world's keys, and the folder that `prepare` filled

Prints a JSON object: the exit status of each command by its name.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import click

from intake.errors import IntakeError
from intake.report.document import Json
from intake.review import acts, cases, handling
from intake.review.commands import door
from intake.review.importing import Import
from intake.review.ladder import Judgement
from intake.review.preview import Picture
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.keys import PASSPHRASE as KEY_PASSPHRASE
from tests.harness.keys import World
from tests.harness.outboxes import holder
from tests.harness.vaults import PASSPHRASE, make_vault

PHOTO = Picture(1, 4, 4, 1, bytes(range(0, 256, 16))).png()
ANSWERS: dict[str, Json] = {
    "account": "Ӯро дар Хоруғ бурданд.",
    "kind": ["taken"],
    "who": [{"name": "Фирдавс Раҳмонзода"}],
    "consent": ["count", "lawyer", "un_named"],
    "victim_consent": "family_agrees",
    "contact_detail": "ask for R. at the usual place",
}
ONE, TWO, LATE = f"{1:032x}", f"{2:032x}", f"{3:032x}"


@dataclass(frozen=True, slots=True)
class Typed:
    """What follows the command's name, and the passphrases that it asks for."""

    arguments: Sequence[object]
    passphrases: Sequence[str] = (PASSPHRASE,)


def names(group: click.Group = door, before: tuple[str, ...] = ()) -> Iterator[str]:
    """The name of every command, with those of the groups that it is in."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from names(command, (*before, name))
        else:
            yield " ".join((*before, name))


def prepare(world: World, folder: Path) -> None:
    """A vault with two reports and two cases, and a stick with a third report."""
    bundle, stick = folder / "a.bundle", folder / "stick"
    stick.mkdir()
    sealed = {
        f"{n:032x}": seal_report(
            make_report(world, n, [PHOTO], reply_to=holder(world, n).reply_to, answers=ANSWERS),
            world.reviewers,
            [PHOTO],
        )
        for n in (1, 2)
    }
    bundle.write_bytes(make_bundle(world, sealed))
    (stick / "late.age").write_bytes(seal_report(make_report(world, 3), world.reviewers))
    with make_vault(world, folder / "vault") as vault:
        with Import(vault, world.reviewers[:1], workers=1) as work:
            assert len(list(work.take(bundle))) == 2
        with vault.journal() as journal:
            for name in ("first", "second"):
                case = cases.open_case(journal, name)
                for submission in (ONE, TWO):
                    cases.judge(journal, case, submission, Judgement.PLAUSIBLE)
                hashed = journal.record(cases.entity(case), "note", "a note")
                (folder / name).write_text(f"{case} {(hashed or b'').hex()}")
            handling.see(journal, TWO, vault.label)
            (folder / "earlier.csv").write_text("No,Name\n1,Somebody earlier\n")
            (folder / "earlier.toml").write_text('source = "a"\nkey = "No"\n[case]\ntitle = "Name"\n')
            (folder / "act").write_text(acts.add(journal, case, "deadline", acts.date_of("2026-12-24")))


def every(keys: Path, folder: Path) -> dict[str, Typed]:
    """What to type for each command, in an order in which all of them succeed."""
    (case, event), (second, _) = ((folder / name).read_text().split() for name in ("first", "second"))
    act = (folder / "act").read_text()
    key, secrets = keys / "reviewer-r1.age", (PASSPHRASE, KEY_PASSPHRASE)
    plain = ("--plain", "--yes")
    said = ("--name", "the mother", "--day", "2026-11-01", "--how", "a call")
    return {
        "doctor": Typed((), ()),
        "open": Typed((folder / "a.bundle", "-i", key, "--to", folder / "opened"), (KEY_PASSPHRASE,)),
        "init": Typed(("--practice", "--vault", folder / "practice"), (PASSPHRASE, PASSPHRASE)),
        "import": Typed((folder / "stick", "-i", key), secrets),
        "inbox": Typed(()),
        "list": Typed(("--json",)),
        "show": Typed((ONE, "--contact")),
        "search": Typed(("Хоруғ",)),
        "preview": Typed((ONE,)),
        "translate": Typed((ONE, "--into", "en", "--remove")),
        "compare": Typed((ONE, TWO)),
        "mark": Typed((ONE, "--tag", "airport")),
        "reply": Typed((ONE, "--phrase", "received")),
        "outbox": Typed(("--to", folder / "stick")),
        "test-report": Typed(("--to", folder / "stick")),
        "alarm": Typed(()),
        "case new": Typed(("A new one",)),
        "case list": Typed(()),
        "case show": Typed((case,)),
        "case judge": Typed((case, ONE, "plausible")),
        "case independent": Typed((case, ONE, TWO, "--because", "two countries")),
        "case set": Typed((case, "--title", "Another title")),
        "case undo": Typed((event,)),
        "case act": Typed((case, "hearing", "--when", "2026-12-01", "--source", ONE)),
        "case settle": Typed((act, "put off")),
        "case timeline": Typed((case,)),
        "case due": Typed(()),
        "case codes": Typed((), ()),
        "case import": Typed((folder / "earlier.csv", "--map", folder / "earlier.toml", "--write")),
        "case suggest": Typed(()),
        "case merge": Typed((second, case)),
        "dossier redact": Typed((case, "--term", "Porshinev", "--done")),
        "dossier hide": Typed((ONE, "--file", 1, "--black", "0,0,500,500", "--show", folder / "look", "--on-disk")),
        "dossier contact": Typed((ONE, "--form", "wgeid", "--because", "they ask for the source")),
        "dossier check": Typed((case, "--for", "lawyer")),
        "dossier make": Typed((case, "--for", "lawyer", "--to", "a lawyer", "--out", folder / "paper", *plain)),
        "dossier agree": Typed(("0" * 64, "--yes")),
        "dossier phone": Typed((case, "--speaker", "family", *said, "--allows", "lawyer")),
        "dossier exceptions": Typed(("--on",)),
        "dossier except": Typed((case, "--for", "lawyer", "--because", "a flight tomorrow")),
        "dossier given": Typed(()),
        "export": Typed(("--for", "lawyer", "--to", "a partner", "--out", folder / "cases", *plain)),
        "statement": Typed(("--from", "2026-01-01", "--to", "2026-10-31")),
        "retention due": Typed(("--within", 3650)),
        "retention periods": Typed(("--set", "junk=4")),
        "retention keep": Typed((TWO, "--because", "a court asked")),
        "retention reviewed": Typed((case,)),
        "erase": Typed((LATE, "--reason", "a test", "--yes")),
        "sync": Typed(("--to", folder / "stick")),
        "log verify": Typed(()),
        "log rebuild": Typed(()),
        "log export": Typed(("--to", folder / "court", "--everything", "--yes")),
        "vault backup": Typed(("--to", folder / "copy")),
        "vault verify": Typed(("--whole",)),
        "vault passphrase": Typed((), (PASSPHRASE, PASSPHRASE, PASSPHRASE, PASSPHRASE)),
        "forget": Typed((key, "--now", "--yes"), secrets),
    }


def run(folder: Path, name: str, typed: Typed) -> int:
    """One command; its exit status."""
    reader, writer = os.pipe()
    os.write(writer, "".join(f"{secret}\n" for secret in typed.passphrases).encode())
    os.close(writer)
    os.environ["INTAKE_PASSPHRASE_FD"] = str(reader)
    # Those that know of no vault, or of another one, are given it in vain: the option is in the environment.
    os.environ["INTAKE_VAULT"] = str(folder / "vault")
    try:
        with redirect_stdout(StringIO()):
            status = door.main([*name.split(), *map(str, typed.arguments)], standalone_mode=False)
    except IntakeError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return int(error.exit_code)
    except click.ClickException as error:
        print(f"{name}: {error.format_message()}", file=sys.stderr)
        return error.exit_code
    finally:
        os.close(reader)
    return int(status or 0)


def main() -> None:
    keys, folder = map(Path, sys.argv[1:])
    print(json.dumps({name: run(folder, name, typed) for name, typed in every(keys, folder).items()}))


if __name__ == "__main__":
    main()
