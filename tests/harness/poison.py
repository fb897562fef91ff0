"""Forty reports made to harm whoever opens them, each in its own way; what is said of it, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from intake.report import ustar
from intake.report.package import Report
from intake.sealing import HybridIdentity, seal_bytes
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World

T = 16_384  # the smallest package


@dataclass(frozen=True)
class Poison:
    """One of them: `became` is what the import makes of it, `words` stand in the reason or an alarm."""

    name: str
    id: str
    sealed: bytes
    became: str
    words: str = ""


def poisons(world: World) -> Iterator[Poison]:
    """All of them. Each has an id of its own; the vault's reviewer is r1."""
    maker = _Maker(world)
    yield from maker.tars()
    yield from maker.documents()
    yield from maker.texts()
    yield from maker.files()


class _Maker:
    def __init__(self, world: World) -> None:
        self._world = world
        self._number = 1000
        self._recipients = [each.recipient for each in world.reviewers]

    def _next(self, **changes: Any) -> Report:
        self._number += 1
        return make_report(self._world, self._number, **changes)

    def _package(self, name: str, make: Callable[[Report], bytes], words: str, became: str = "refused") -> Poison:
        report = self._next()
        raw = make(report)
        padded = raw + bytes(max(0, T - len(raw)))
        return Poison(name, report.id, seal_bytes(padded, self._recipients), became, words)

    def tars(self) -> Iterator[Poison]:
        """The package itself."""

        def member(name: str, content: bytes = b"x", kind: bytes = b"0", link: bytes = b"") -> bytes:
            head = bytearray(ustar.header("a", len(content)))
            head[:100] = name.encode().ljust(100, b"\0")[:100]
            head[156:157] = kind
            head[157:257] = link.ljust(100, b"\0")
            head[148:156] = b" " * 8
            head[148:156] = b"%06o\0 " % sum(head)
            return bytes(head) + content + bytes(-len(content) % 512)

        def report(each: Report) -> bytes:
            return member("report.json", each.to_json())

        def with_files(each: Report) -> bytes:
            told = json.loads(each.to_json())
            told["files"] = [{"name": "a", "type": "image/png", "size": 1, "cleaned": False}]
            return member("report.json", json.dumps(told).encode())

        bad = self._package
        yield bad("climbs out", lambda each: member("../../etc/passwd", each.to_json()), "climbs out")
        yield bad("an absolute name", lambda each: member("/etc/passwd", each.to_json()), "absolute")
        yield bad("a symbolic link", lambda _: member("report.json", b"", b"2", b"/etc/shadow"), "symbolic link")
        yield bad("a hard link", lambda _: member("report.json", b"", b"1", b"/etc/shadow"), "hard link")
        yield bad("a device", lambda _: member("report.json", b"", b"3"), "character device")
        yield bad("a pipe", lambda _: member("report.json", b"", b"6"), "a pipe")
        yield bad("a PAX header", lambda _: member("report.json", b"30 path=../../x\n", b"x"), "PAX header")
        yield bad("a GNU long name", lambda _: member("report.json", b"../" * 99, b"L"), "GNU long name")
        yield bad("a sparse file", lambda _: member("report.json", b"", b"S"), "sparse")
        yield bad("no report first", lambda _: member("files/01", b"x"), "not the first member")
        yield bad("an unlisted member", lambda each: report(each) + member("files/01"), "does not list")
        yield bad("a member in another's place", lambda each: with_files(each) + member("files/02"), "another member")
        yield bad("a member of another size", lambda each: with_files(each) + member("files/01", b"xy"), "2 bytes")
        yield bad("a size that is a lie", lambda each: report(each)[:-512] + b"\xff" * 2000, "")
        yield bad("something behind the end", lambda each: report(each) + bytes(1024) + b"x" * 99, "something follows")
        yield bad("a bomb of nothing", lambda _: b"", "empty")

    def documents(self) -> Iterator[Poison]:
        """report.json."""

        def document(change: Callable[[dict[str, Any]], Any]) -> Callable[[Report], bytes]:
            def make(each: Report) -> bytes:
                told = json.loads(each.to_json())
                raw = change(told)
                content = (
                    raw
                    if isinstance(raw, bytes)
                    else json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
                )
                return ustar.header("report.json", len(content)) + content + bytes(-len(content) % 512)

            return make

        def set_to(field: str, value: object) -> Callable[[dict[str, Any]], Any]:
            return lambda told: told.__setitem__(field, value)

        def adding(told: dict[str, Any], value: bytes) -> bytes:
            return json.dumps(told).encode()[:-1] + b',"x":' + value + b"}"

        negative = {"name": "a", "type": "b", "size": -1, "cleaned": False}
        deep = b'{"format":"amonat/report/1","answers":' + b"[" * 5000 + b"]" * 5000 + b"}"
        many = b"[" + b"1," * 21_000 + b"1]"
        for name, change, words in (
            ("deep JSON", lambda _: deep, "deep"),
            ("very many values", lambda told: adding(told, many), ""),
            ("no JSON", lambda _: b"<html>", "not JSON"),
            ("no UTF-8", lambda _: b'{"a":"\xff"}', "UTF-8"),
            ("a key twice", lambda told: json.dumps(told).encode()[:-1] + b',"format":"x"}', "twice"),
            ("NaN", lambda told: adding(told, b"NaN"), "number that is none"),
            (
                "a number without end",
                lambda told: adding(told, b"9" * 4000),
                "too big",
            ),
            ("answers that are a list", set_to("answers", []), "answers is not a table"),
            ("an id that is a path", set_to("id", "../../x"), "id is not"),
            ("a field that is a path", set_to("answers", {"../x": 1}), "answers is not a table"),
            ("a day that is none", set_to("day", "2026-02-31"), "day"),
            ("a short mailbox", set_to("reply_to", {"mailbox": "12", "recipient": "age1pq1x"}), "mailbox"),
            (
                "files without number",
                set_to("files", [negative]),
                "size",
            ),
            ("another format", set_to("format", "amonat/report/2"), "format"),
        ):
            yield self._package(name, document(change), words)

    def texts(self) -> Iterator[Poison]:
        """Words that are to move whoever reads them: taken in, and shown harmless."""
        markup = "[@click=app.quit]x[/] [link=file:///etc]y[/link] [bold"
        odd: dict[str, Any] = {"who": {"a": 1}, "where": [[]], "when": 7, "urgent": {"x": []}, "removal_when": [[1]]}
        cases: tuple[tuple[str, dict[str, Any]], ...] = (
            ("terminal escapes", {"account": "\x1b]0;owned\x07\x1b[2J\x9b31m", "who": [{"name": "\x1b[31mX"}]}),
            (
                "Textual and Rich markup",
                {"account": markup, "kind": ["[red]"]},
            ),
            ("turned round", {"account": "\u202egnp.exe \u2066x\u2069", "where": {"text": "\u202e\u200fx"}}),
            ("names that look alike", {"who": [{"name": "Аlі\u200b \u0430\u0406i"}, {"name": "\ufeffALI"}]}),
            ("fields of wrong shapes", odd),
            ("huge texts", {"account": "а" * 3000, "steps": "🔥" * 900, "who": [{"name": "x" * 1500}]}),
            ("many people", {"who": [{"name": f"p{number}", "age": 10**9} for number in range(200)]}),
        )
        for name, answers in cases:
            report = self._next(answers=answers)
            yield Poison(name, report.id, seal_report(report, self._world.reviewers), "new")

    def files(self) -> Iterator[Poison]:
        """What the sealed file itself does."""
        everybody = self._world.reviewers
        report = self._next()
        yield Poison("for one reviewer only", report.id, seal_report(report, everybody[:1]), "new", "1 of the 3")
        report = self._next()
        strangers = [HybridIdentity.generate() for _ in range(3)]
        yield Poison("for strangers", report.id, seal_report(report, strangers), "waits", "does not open it")
        report = self._next()
        sealed = seal_report(report, everybody)
        altered = sealed[:-9] + bytes([sealed[-9] ^ 1]) + sealed[-8:]
        yield Poison("a byte altered", report.id, altered, "refused", "verify")
        forged = self._next()
        clash = make_report(self._world, 1, answers={"account": "another"})
        yield Poison("an inner id that is taken", forged.id, seal_report(clash, everybody), "refused", "forged")
        evil = ["../../etc/passwd", "\x1b[31mx.jpg", "a" * 1000, "=cmd|x", "\u202egpj.exe"]
        attached = [b"GIF89a" + b"\xff" * 90, b"%PDF-1.7\n" + b"\xff" * 90, b"\xff\xd8\xff\xe0" + bytes(90), b"x", b""]
        self._number += 1
        report = make_report(self._world, self._number, attached)
        entries = tuple(replace(entry, name=name) for name, entry in zip(evil, report.files, strict=True))
        report = replace(report, files=entries)
        yield Poison("malformed media, named as paths", report.id, seal_report(report, everybody, attached), "new")
