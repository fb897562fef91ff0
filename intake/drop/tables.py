"""The tables of a drop, as SQLAlchemy knows them. `migrations/` makes them; a test holds the two together.

No column is finer than a day. Rows of `report` are keyed by the random id and the table has no rowid, so that after a
fold neither a number nor a position in the file tells which report came before which.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, String, Table, false

metadata = MetaData()

report = Table(
    "report",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("day", String(10), nullable=False),  # UTC, YYYY-MM-DD
    Column("size", BigInteger().with_variant(Integer, "sqlite"), nullable=False),  # a large one is over 2**31
    Column("sha256", LargeBinary(32), nullable=False),
    Column("claimed", Integer),  # keyring serial the sender named; null for a carried file
    Column("carried", Boolean, nullable=False),  # a finished bundle holds the file
    Column("body", LargeBinary, nullable=False),  # behind those: listing them never reads it; empty when in parts
    Column("parts", Integer, nullable=False, server_default="0"),  # how many hold the bytes; 0 when the row does
    Column("place", LargeBinary(16)),  # under which they lie; null for the report's own id
    Column("settled", Boolean, nullable=False, server_default=false()),  # they were folded after its day
    sqlite_with_rowid=False,
)

upload = Table(
    "upload",
    metadata,
    Column("place", LargeBinary(16), primary_key=True),
    Column("node", String(32), nullable=False),
    Column("day", String(10), nullable=False),
    sqlite_with_rowid=False,
)
"""Where nodes that share the parts put those of unfinished uploads, so that no node takes another's for left over."""

bundle = Table(
    "bundle",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),  # SHA-256 of the index's text
    Column("day", String(10), nullable=False),
    Column("note", LargeBinary),  # the signed index while its file is not yet known to be on disk, then null
    Column("everything", Boolean, nullable=False, server_default="0"),  # its file carries all that it lists
)

reply = Table(
    "reply",
    metadata,
    Column("mailbox", LargeBinary(16), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("day", String(10), nullable=False),  # of delivery
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The newest answer of each mailbox, and decoys; the mailbox of zeros holds the filler (see `mailboxes`)."""

outbox = Table(
    "outbox",
    metadata,
    Column("label", String(32), primary_key=True),
    Column("serial", Integer, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),  # SHA-256 of its text
)
"""The newest outbox of each reviewer."""

acknowledged = Table(
    "acknowledged",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=False),  # of the bundle
    Column("label", String(32), primary_key=True),
    Column("day", String(10), nullable=False),
)
"""Which reviewer has imported which bundle."""

chain = Table(
    "chain",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("folded", String(10), nullable=False),  # the day of the last fold
    Column("begins", Integer, nullable=False, server_default="1"),  # the serial of the epoch's first bundle
    Column("origin", String),  # these three bind what several nodes share to one drop; null while nobody does
    Column("mark", String),
    Column("blobs", String),
)
