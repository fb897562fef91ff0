"""The page shows exactly the answers that Python believes, and has its own word for each that it doesn't."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intake.keyring.note import SignedNote
from intake.report.code import Code
from intake.report.reply import KEPT_DAYS, PLAIN_SIZE, SEALED_SIZE, Reply
from intake.sealing import seal_bytes
from tests.harness.keys import World, make_world, new_key
from tests.harness.page_code import run_page

HOLDER = Code.draw(lambda size: b"\x05" * size).open("drop.example")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"))


def _seal(note: bytes) -> bytes:
    return seal_bytes(note.ljust(PLAIN_SIZE, b"\0"), [HOLDER.identity.recipient])


def _cases(world: World) -> list[tuple[str, bytes, str | None]]:
    """(name, sealed answer, the page's doubt or None)."""
    reply = Reply(world.origin, HOLDER.mailbox, 7, world.today, "Мо гирифтем.\n\nWe received it. Ҳеҷ кас намедонад.")
    key, recipient = world.reviewer_keys[1], HOLDER.identity.recipient
    other = Code.draw(lambda size: b"\x06" * size).open(world.origin)
    good = SignedNote.sign(bytes(reply), key)

    def changed(old: str, new: str) -> bytes:
        assert old.encode() in bytes(reply)
        return _seal(bytes(SignedNote.sign(bytes(reply).replace(old.encode(), new.encode()), key)))

    def dated(days: int) -> bytes:
        return replace(reply, day=world.today + timedelta(days=days)).seal(key, recipient)

    return [
        ("good", reply.seal(key, recipient), None),
        ("the oldest", dated(-KEPT_DAYS), None),
        ("two days ahead", dated(2), None),
        ("signed by a stranger", reply.seal(new_key("r9"), recipient), "forged"),
        ("signed by a stranger under a reviewer's name", reply.seal(new_key("r2"), recipient), "forged"),
        ("signed by a root", reply.seal(world.roots[0], recipient), "forged"),
        ("signed by the drop", reply.seal(world.drop_key, recipient), "forged"),
        ("unsigned", _seal(bytes(reply)), "forged"),
        ("other words under a genuine signature", _seal(bytes(replace(good, text=good.text + b"x\n"))), "forged"),
        ("replayed from another mailbox", replace(reply, mailbox=other.mailbox).seal(key, recipient), "elsewhere"),
        ("replayed from another drop", replace(reply, origin="other.example").seal(key, recipient), "elsewhere"),
        ("sealed to another code", reply.seal(key, other.identity.recipient), "broken"),
        ("too old", dated(-KEPT_DAYS - 1), "old"),
        ("not yet written", dated(3), "old"),
        ("cut off", reply.seal(key, recipient)[:-1], "broken"),
        ("altered", reply.seal(key, recipient)[:-1] + b"\0", "broken"),
        ("another format", changed("reply/1", "reply/2"), "broken"),
        ("a number with a zero before it", changed("number 7", "number 07"), "broken"),
        ("no day of the calendar", changed(f"day {world.today}", "day 2026-02-30"), "broken"),
        ("a line too many", changed("\nday", "\nto x\nday"), "broken"),
        ("a control character", changed("We", "W\u009be"), "forged"),
        ("a turn of direction", changed("We", "W\u202ee"), "broken"),
        ("a space at its end", changed("намедонад.", "намедонад. "), "broken"),
        ("not sealed", b"We received it.".ljust(SEALED_SIZE), "broken"),
    ]


def test_each_answer_gets_its_word(world: World) -> None:
    cases = _cases(world)
    trust = {"origin": world.origin, "roots": list(world.root_vkeys), "threshold": world.threshold}
    said = run_page(
        {
            "task": "reply",
            "file": base64.b64encode(sealed).decode(),
            "seed": base64.b64encode(HOLDER.identity.seed).decode(),
            "note": base64.b64encode(world.note).decode(),
            "trust": trust,
            "mailbox": HOLDER.mailbox,
            "today": world.today.isoformat(),
        }
        for _, sealed, _ in cases
    )
    found: dict[str, Any] = {name: answer.get("refused") for (name, _, _), answer in zip(cases, said, strict=True)}
    assert found == {name: doubt for name, _, doubt in cases}
    assert said[0]["done"] == {
        "number": 7,
        "day": world.today.isoformat(),
        "text": "Мо гирифтем.\n\nWe received it. Ҳеҷ кас намедонад.",
    }
