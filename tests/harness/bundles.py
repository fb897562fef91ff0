"""Bundles made by hand, sound or spoilt, for the tests of what reads them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

from intake.keyring.note import SignedNote, SigningKey
from intake.report.bundle import Index, IndexEntry, read_bundle, write_bundle
from intake.report.package import FileEntry, QuestionnaireRef, Report, write_package
from intake.sealing import HybridIdentity, HybridRecipient, seal_bytes
from tests.harness.keys import World


def make_report(world: World, number: int = 1, files: Sequence[bytes] = (), **changes: object) -> Report:
    """A report with a few answers; `number` makes its id. Any field can be given by name."""
    report = Report(
        id=f"{number:032x}",
        origin=world.origin,
        keyring=world.keyring.serial,
        questionnaire=QuestionnaireRef("first", "1", "0" * 64),
        language="tg",
        sealed_by="browser",
        day=world.today,
        answers={"account": f"Ӯро дар Хоруғ бурданд. №{number}", "kind": ["taken"]},
        files=tuple(
            FileEntry(f"photo {each}.jpg", "image/jpeg", len(content), False) for each, content in enumerate(files, 1)
        ),
    )
    return replace(report, **changes)  # type: ignore[arg-type]  # fields are named by the test


def seal_report(
    report: Report, identities: Sequence[HybridIdentity], files: Sequence[bytes] = (), spoil: bytes = b""
) -> bytes:
    """The sealed file of a report. `spoil` is written over the beginning of the package."""
    return seal_for(report, [identity.recipient for identity in identities], files, spoil)


def seal_for(
    report: Report, recipients: Sequence[HybridRecipient], files: Sequence[bytes] = (), spoil: bytes = b""
) -> bytes:
    """The same for whom only the public half is known."""
    package = io.BytesIO()
    write_package(report, [io.BytesIO(content) for content in files], package)
    package.seek(0)
    package.write(spoil)
    return seal_bytes(package.getvalue(), recipients)


def make_bundle(
    world: World,
    sealed: Mapping[str, bytes],
    *,
    listed: Mapping[str, bytes] | None = None,
    key: SigningKey | None = None,
    **changes: object,
) -> bytes:
    """A bundle that carries `sealed` by id. `listed` lets the index speak of other bytes; `key` lets another sign.

    Any field of the index can be given by name: `epoch`, `serial`, `previous`, `closed`.
    """
    named = {**sealed, **(listed or {})}
    index = Index(
        origin=world.origin,
        epoch=1,
        serial=1,
        previous=None,
        keyring=world.keyring.serial,
        closed=(),
        reports=tuple(
            IndexEntry(
                name, world.today, len(content), hashlib.sha256(content).hexdigest(), world.keyring.serial, "new"
            )
            for name, content in sorted(named.items())
        ),
    )
    index = replace(index, **changes)  # type: ignore[arg-type]  # fields are named by the test
    sink = io.BytesIO()
    write_bundle(
        sink,
        bytes(SignedNote.sign(bytes(index), key or world.drop_key)),
        dict(enumerate(world.notes, 1)),
        [(name, len(content), io.BytesIO(content)) for name, content in sorted(sealed.items())],
    )
    return sink.getvalue()


def index_of(bundle: bytes) -> Index:
    """The index of a bundle."""
    return read_bundle(io.BytesIO(bundle)).index
