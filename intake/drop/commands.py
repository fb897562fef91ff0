"""The door `intake drop`: serve, look after, and hand over.

intake drop serve --config drop.toml --data DATA --keyring keyring.note --root FINGERPRINT…
intake drop status --data DATA
intake drop export --data DATA --to STICK
intake drop take FOLDER --data DATA
intake drop form-file --config drop.toml --data DATA --out form.html
intake drop check URL --config drop.toml --data DATA
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from intake.drop.app import utc_today
from intake.drop.belief import stored_chain
from intake.drop.config import Config, load
from intake.drop.delivery import Delivered
from intake.drop.fold import fold as everything
from intake.drop.folder import DataFolder
from intake.drop.parts import kept_reserve
from intake.drop.status import Status
from intake.drop.store import Store
from intake.durable import write_private
from intake.errors import Exit, Fault, IntakeError, Usage
from intake.keyring import Chain, Roots
from intake.keyring.fingerprint import fingerprint, is_candidate
from intake.keyring.summary import urgency
from intake.memory import lasting
from intake.options import Command as ListingCommand
from intake.options import Several
from intake.terminal import progress, put, safe, say

Command = TypeVar("Command", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)


def _data(command: Command) -> Command:
    return click.option("--data", type=_PATH, required=True, envvar="INTAKE_DATA", help="The drop's folder.")(command)


@click.group()
def door() -> None:
    """Run the online server that takes sealed reports."""


@door.command(cls=ListingCommand)
@click.option("--config", "file", type=_PATH, envvar="INTAKE_CONFIG", help="Settings as TOML.")
@click.option("--data", type=_PATH, help="The drop's folder; made when missing.")
@click.option("--keyring", type=_PATH, help="The newest signed keyring.")
@click.option(
    "--root",
    cls=Several,
    belongs=is_candidate,
    metavar="FINGERPRINT…",
    help="Of the roots, from paper; several in a row, or --root for each. More than half must have signed.",
)
@click.option(
    "--listen", metavar="HOST:PORT", help="Where to listen (default 127.0.0.1:8080; port 0: any), or unix:/PATH."
)
@click.option("--workers", type=int, help="Only 1: for more, let several nodes share a database.")
@click.option("--database", metavar="PLACE", help="'sqlite' (in DATA), or postgresql://USER@HOST/NAME.")
@click.option("--blobs", metavar="PLACE", help="Where large reports lie: 'folder' (in DATA), or s3://BUCKET/PREFIX.")
@click.option("--languages", metavar="CODE,CODE", help="Which the form is served in; the first is that of /.")
@click.option("--questionnaire", help="A definition file, or 'first'.")
@click.option("--onion", metavar="URL", help="The form's onion address, shown on it.")
@click.option("--leave-url", metavar="URL", help="Where 'leave this page' leads.")
@click.option("--plain-form/--no-plain-form", default=None, help="Take reports from browsers without JavaScript.")
@click.option("--drafts", is_flag=True, default=None, help="Serve translations that no native reader has signed.")
def serve(file: Path | None, **flags: Any) -> None:
    """Serve the form and take reports, until SIGTERM."""
    with lasting():
        from intake.drop.service import serve as run

        config = load(flags, os.environ, _settings(file))
    run(config, say)


@door.command()
@_data
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(data: Path, as_json: bool) -> int:
    """Show what is held, how long the keyring lasts, and what is weak about it.

    Ends with 10 in the last 30 days before the keyring expires, 11 from the last 7 on, so that a timer can alert.
    """
    folder = DataFolder.open(data)
    chain = stored_chain(folder, utc_today())
    with _opened(folder) as store:
        found = Status.of(folder, chain, store, utc_today())
    put(found.to_json() if as_json else found.to_text())
    for warning in found.warnings:
        say(f"Warning: {warning}.")
    return urgency(chain.newest, found.today)


@door.command()
@_data
def fold(data: Path) -> None:
    """Rewrite the store so that it tells the day of each report and nothing finer."""
    folder = DataFolder.open(data)
    with _opened(folder) as store, store.alone():
        everything(folder, store, utc_today())
    say("folded")


@door.command()
@_data
@click.option("--to", type=_PATH, required=True, help="An existing folder, such as a stick's.")
@click.option("--all", "everything", is_flag=True, help="Carry what earlier bundles carried, too.")
def export(data: Path, to: Path, everything: bool) -> None:
    """Write the next bundle, also when nothing is new: what is listed and later missing has vanished."""
    from intake.drop.export import export as write

    folder = DataFolder.open(data)
    with _opened(folder) as store, store.alone():
        for path in write(folder, store, to, utc_today(), everything=everything, warn=say):
            put(str(path))


@door.command()
@_data
@click.argument("outboxes", nargs=-1, required=True, type=_PATH, metavar="OUTBOX…")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def deliver(data: Path, outboxes: tuple[Path, ...], as_json: bool) -> int:
    """Take in what reviewers send: answers to witnesses, and which bundles they have.

    Each outbox counts whole or not at all; one that is refused doesn't stop the others. Delivering it again changes
    nothing. The counts of answers include decoys, which the server can't tell from answers.
    """
    from intake.drop.delivery import deliver as take

    folder = DataFolder.open(data)
    chain = stored_chain(folder, utc_today())
    told: list[dict[str, object]] = []
    errors: list[IntakeError] = []
    with _opened(folder) as store, store.alone():
        for path in outboxes:
            try:
                with path.open("rb") as source:
                    found = take(store, chain, source, utc_today())
            except OSError as error:
                errors.append(Fault(f"{path} can't be read: {error.strerror}", "Check the path."))
            except IntakeError as error:
                errors.append(error)
            else:
                told.append({"outbox": str(path), **asdict(found)})
                say(f"{safe(str(path))}: {_delivered(found)}.")
                continue
            told.append({"outbox": str(path), "error": str(errors[-1]), "exit": int(errors[-1].exit_code)})
            say(f"Not delivered: {safe(str(path))}: {safe(str(errors[-1]))}.\n               {errors[-1].advice}")
    if as_json:
        put(json.dumps(told, indent=2))
    if not errors:
        return Exit.OK
    return errors[0].exit_code if len(errors) == len(outboxes) == 1 else Exit.SOME_FAILED


@door.command()
@_data
@click.argument("incoming", type=_PATH, metavar="FOLDER")
@click.option("--keep", is_flag=True, help="Leave every file in FOLDER.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def take(data: Path, incoming: Path, keep: bool, as_json: bool) -> int:
    """Take in the sealed files, and the texts with pieces of such files, that somebody put into FOLDER.

    What is in the store goes from FOLDER; what is damaged, not whole or something else is named and left as it is. A
    report that came before, by any way, is the same report.
    """
    from intake.drop.incoming import size_of, take_folder

    folder = DataFolder.open(data)
    chain = stored_chain(folder, utc_today())
    with (
        _opened(folder) as store,
        store.alone(),
        progress(size_of(incoming), "Taking in") as done,
    ):
        found = take_folder(incoming, store, chain, utc_today(), keep=keep, done=done)
    if as_json:
        put(json.dumps([asdict(each) for each in found], indent=2))
    for each in found:
        if each.left:
            say(f"Left: {safe(each.name)}: {safe(each.left)}.")
    new, left = sum(each.new for each in found), sum(bool(each.left) for each in found)
    say(f"{new} new reports taken in, {sum(each.known for each in found)} were here before, {left} files left.")
    return Exit.SOME_FAILED if left else Exit.OK


@door.command()
@_data
@click.option(
    "--database", metavar="PLACE", help="Where the reports shall be: 'sqlite', or postgresql://USER@HOST/NAME."
)
@click.option("--blobs", metavar="PLACE", help="Where the large ones shall be: 'folder', or s3://BUCKET/PREFIX.")
@click.option("--leave-unfinished", is_flag=True, help="Leave unfinished uploads of other nodes behind.")
@click.option("--cancel", is_flag=True, help="Call off a move that was begun, and delete what was copied.")
def move(data: Path, database: str | None, blobs: str | None, leave_unfinished: bool, cancel: bool) -> None:
    """Bring everything into another database or another place for large reports, verified by hashes.

    No node may serve meanwhile. What is cut off goes on with the same command, and the old place is deleted only when
    all is in the new one. Afterwards change the settings, and set up other nodes with a new DATA.
    """
    from intake.drop import moving

    folder = DataFolder.open(data)
    if cancel:
        moving.cancel(folder)
        say("called off: everything is where it was")
        return
    journal = moving.begun(folder, database, blobs, leave=leave_unfinished)
    with progress(moving.length(folder, journal), "Moving") as done:
        moving.move(folder, journal, done)
    say(f"moved to {journal.database} and {journal.blobs}; now change the settings of `serve`")


@door.command()
@_data
@click.option("--to", type=_PATH, required=True, help="An existing folder: the backup is a new one in it.")
def backup(data: Path, to: Path) -> None:
    """Copy everything that is held, folded and verified, beside a server that runs.

    Without drop.key, which you keep elsewhere, and without unfinished uploads.
    """
    from intake.drop.backup import backup as write
    from intake.drop.copying import Side, total

    folder = DataFolder.open(data)
    with (
        _opened(folder) as store,
        store.alone(),
        progress(total(Side(store.database, store.parts)), "Copying") as done,
    ):
        put(str(write(folder, store, to, utc_today(), done, warn=say)))


@door.command()
@_data
@click.argument("kept", type=_PATH, required=False, metavar="[BACKUP]")
def restore(data: Path, kept: Path | None) -> None:
    """Begin a new epoch with a server that comes back from a backup, so that the desks know what it lost.

    BACKUP is a folder that `backup` made, and DATA new but for its drop.key. Without BACKUP, DATA itself came back from
    some other backup. Give `serve` the newest keyring.
    """
    from intake.drop.backup import begin_epoch
    from intake.drop.backup import restore as bring

    if kept is None:
        with _opened(DataFolder.open(data)) as store, store.alone(), store.writing() as connection:
            epoch = begin_epoch(connection)
    else:
        size = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
        with progress(size, "Restoring") as done:
            epoch = bring(kept, DataFolder.open(data, create=True), utc_today(), done)
    say(f"epoch {epoch} begins with the next bundle; tell the reviewers that the server was restored")


@door.command("purge")
@_data
@click.option("--yes", is_flag=True, help="Do it. Without, it only says what would go.")
@click.option(
    "--days", type=click.IntRange(7), default=7, show_default=True, help="So long ago it must have been acknowledged."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def purge_command(data: Path, yes: bool, days: int, as_json: bool) -> None:
    """Delete reports that every active reviewer has, as their outboxes said seven days ago or more.

    Nothing goes on the word of one. Afterwards the store is folded, so that no byte of them is left in it.
    """
    from intake.drop.purging import purge

    folder = DataFolder.open(data)
    chain = stored_chain(folder, utc_today())
    with _opened(folder) as store, store.alone():
        found = purge(store, chain.newest, utc_today(), dry=not yes, wait=timedelta(days=days), warn=say)
    if as_json:
        told = {"purged" if yes else "would_go": len(found.ids), "bytes": found.size, "kept": found.kept}
        put(json.dumps({**told, "waits_for": {label: [*lacks] for label, lacks in found.missing.items()}}, indent=2))
    say(f"{len(found.ids)} reports {'are gone' if yes else 'would go'}, {found.size / 1e6:.1f} MB; {found.kept} stay.")
    for line in found.lines():
        say(line)
    if found.ids and not yes:
        say("Nothing was deleted. With --yes they are.")


@door.command("form-file")
@_data
@click.option("--config", "file", type=_PATH, envvar="INTAKE_CONFIG", help="Settings as TOML, those of `serve`.")
@click.option("--languages", metavar="CODE,CODE", help="As for `serve`; the first is the one that opens.")
@click.option("--questionnaire", help="As for `serve`.")
@click.option("--drafts", is_flag=True, default=None, help="Write translations that no native reader has signed.")
@click.option("--out", type=_PATH, required=True, help="The new file; one that is there is replaced.")
def form_file(data: Path, file: Path | None, out: Path, **flags: Any) -> None:
    """Write the form in one file, to be carried where there is no network: the bytes of GET /form.html.

    It seals to the keyring that `serve` believed last. Prints the file's SHA-256, to be compared with one that somebody
    trusted reads aloud.
    """
    from intake.drop.assets import Assets
    from intake.drop.shelf import PageShelf

    folder = DataFolder.open(data)
    chain = stored_chain(folder, utc_today())
    config = _as_served(folder, chain, file, **flags)
    content = PageShelf(config, Assets.load(), chain)().carried(chain.notes[-1]).identity
    write_private(out, content, mode=0o644, replace=True)
    put(f"{hashlib.sha256(content).hexdigest()}  {out}")


@door.command(cls=ListingCommand)
@click.argument("url", metavar="URL")
@click.option(
    "--data", type=_PATH, envvar="INTAKE_DATA", help="The drop's folder, or a copy of its keyring.pin and keyring/."
)
@click.option("--config", "file", type=_PATH, envvar="INTAKE_CONFIG", help="Settings as TOML, those of `serve`.")
@click.option("--drafts", is_flag=True, default=None, help="As for `serve`.")
@click.option("--manifest", type=_PATH, help="What --save wrote elsewhere, for whoever has no settings.")
@click.option(
    "--root", cls=Several, belongs=is_candidate, metavar="FINGERPRINT…", help="With --manifest: the roots, from paper."
)
@click.option("--socks", metavar="HOST:PORT", help="Ask through this proxy, such as Tor's 127.0.0.1:9050.")
@click.option("--save", type=_PATH, help="Write the manifest of what should be served.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(
    url: str,
    data: Path | None,
    file: Path | None,
    drafts: bool | None,
    manifest: Path | None,
    root: tuple[str, ...],
    socks: str | None,
    save: Path | None,
    as_json: bool,
) -> int:
    """Compare a live site, byte for byte and header for header, with what this release serves.

    Run it from another network than the server's, at no fixed hour: a server that cheats is caught only by somebody who
    looks like everybody. Ends with 4 if anything differs, 5 if the keyring is refused.
    """
    from intake.drop.checking import Inspection, Manifest
    from intake.drop.visitor import Visitor

    visitor = Visitor.to(url, socks)
    if manifest is not None:
        inspection = Inspection.by_manifest(Manifest.parse(_read(manifest)), Roots.typed(root), utc_today())
    elif data is not None:
        from intake.drop.reference import Reference

        folder = DataFolder.open(data)
        chain = stored_chain(folder, utc_today())
        inspection = Inspection.by_reference(
            Reference(_as_served(folder, chain, file, drafts=drafts), chain), chain, utc_today()
        )
    else:
        raise Usage("nothing says what should be served", "Give --data and --config, or --manifest and --root.")
    if save is not None:
        write_private(save, bytes(inspection.manifest), mode=0o644, replace=True)
    with progress(len(inspection.questions), "asking") as advance:
        found = inspection.of(visitor.ask, advance)
    put(found.to_json() if as_json else found.to_text())
    return found.exit


def _as_served(folder: DataFolder, chain: Chain, file: Path | None, **flags: Any) -> Config:
    """The settings of `serve`, for who draws its pages: the keyring is the one that it believed last."""
    roots = tuple(fingerprint(str(key)) for key in chain.newest.root_keys)
    known = {"data": folder.path, "keyring": folder.keyrings, "root": roots}
    return load(flags | known, os.environ, _settings(file))


def _settings(file: Path | None) -> bytes | None:
    return None if file is None else _read(file, "Give the settings file with --config.")


def _read(file: Path, advice: str = "Check the path.") -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{file} can't be read: {error.strerror}", advice) from error


def _delivered(found: Delivered) -> str:
    """The outcome of one outbox in a sentence without its full stop."""
    name = f"outbox {found.serial} of {found.label}"
    if found.before:
        return f"{name} was delivered before; nothing changed"
    parts = [f"{name}: {found.left} answers and decoys left, {found.bundles} bundles acknowledged"]
    if found.superseded:
        parts.append(f"{found.superseded} gave way to newer answers")
    if found.strange:
        parts.append(f"{found.strange} of its bundles are unknown here, as after a restore")
    if found.missing:
        parts.append(f"{found.missing} outboxes before it never came: ask the reviewer")
    return "; ".join(parts)


def _opened(folder: DataFolder) -> Store:
    if not (folder.database.exists() or folder.where.exists()):
        raise Fault(f"there is no drop in {folder.path} yet", "Start `intake drop serve` once.")
    return Store(folder, reserve=kept_reserve(folder))
