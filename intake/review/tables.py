"""What a vault holds that no log can rebuild: the logs themselves, originals and their file keys, what is trusted.

Shapes change by the steps in `migrations`. Tables that can be rebuilt from the logs don't stand here: see
`intake.review.projections`.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

setting = Table(
    "setting",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""One value each: origin, label, kind, the signing key, the roots typed from paper, the pin, the newest signed day."""

keyring = Table(
    "keyring",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)
"""Every keyring that was believed."""

original = Table(
    "original",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),  # of the sealed file, which is its name in sealed/
    Column("size", Integer, nullable=False),  # bytes of the sealed file
    Column("file_key", LargeBinary(16), nullable=False),  # opens it without any identity
    sqlite_with_rowid=False,
)
"""Every sealed file that was opened, and the key that opens it again."""

removal = Table(
    "removal",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    sqlite_with_rowid=False,
)
"""Originals that are erased and whose files still have to go: done after the transaction, or when the vault opens."""

line = Table(
    "line",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reviewer", String(32), nullable=False),
    Column("start", Integer, nullable=False),  # number of its first event
    Column("parent", Integer, ForeignKey("line.id")),  # the line that it forks off, null for a log's first
)
"""Unbroken runs of events. A reviewer with two lines has a log that forked."""

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),  # in the order of arrival here, which means nothing elsewhere
    Column("line", Integer, ForeignKey("line.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("clock", String, nullable=False),  # `intake.review.log.Clock`, over the lines of this vault
    Column("reviewer", String(32), nullable=False),
    Column("utc", String(20), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("entity", String(128), nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("signature", LargeBinary(68), nullable=False),
    Column("salt", LargeBinary(16)),  # null with the content: withheld, or erased
    Column("content", Text),
    UniqueConstraint("line", "number"),
    Index("event_entity", "kind", "entity"),
)
"""All logs. `line`, `number`, `reviewer`, `utc`, `kind` and `entity` repeat what `text` says, to be found by."""
