"""Outboxes as a reviewer's desk writes them, sound or spoilt, for the tests of what takes them in."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

from intake.keyring.note import SigningKey
from intake.report.code import Code, Holder
from intake.report.outbox import Acknowledged, Outbox, OutboxReader, write_outbox
from intake.report.reply import Reply
from tests.harness.keys import World

NUMBER = 26112401


def holder(world: World, number: int) -> Holder:
    """A witness's code, opened."""
    return Code.draw(lambda size: number.to_bytes(size, "big")).open(world.origin)


def answer(world: World, to: Holder, text: str = "Received.", *, number: int = NUMBER, reviewer: int = 0) -> bytes:
    """A sealed answer."""
    reply = Reply(world.origin, to.mailbox, number, world.today, text)
    return reply.seal(world.reviewer_keys[reviewer], to.identity.recipient)


def make_outbox(
    world: World,
    replies: Mapping[str, bytes] | None = None,
    acknowledged: Sequence[Acknowledged] = (),
    *,
    serial: int = 1,
    previous: bytes | None = None,
    reviewer: int = 0,
    number: int = NUMBER,
    key: SigningKey | None = None,
    **changes: object,
) -> bytes:
    """An outbox. `key` lets another sign; any field of `Outbox` can be given by name."""
    label = world.keyring.reviewers[reviewer].label
    head = Outbox(world.origin, label, serial, previous, world.keyring.serial, tuple(acknowledged), ())
    sink = io.BytesIO()
    head = replace(head, **changes)  # type: ignore[arg-type]  # fields are named by the test
    write_outbox(sink, head, key or world.reviewer_keys[reviewer], number, replies or {})
    return sink.getvalue()


def hash_of(outbox: bytes) -> bytes:
    """What the next outbox names as `previous`."""
    return OutboxReader(io.BytesIO(outbox)).outbox.hash
