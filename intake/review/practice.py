"""Practice: thirty invented reports in three languages, sealed and bundled like real ones, with a model answer each.

They are of the origin `practice.invalid`, which no drop can have, and sealed to keys made for the occasion. So a
practice vault refuses every real bundle and a real vault every practice one, by the checks that refuse any stranger's
bundle; and whatever shows a report of this origin says PRACTICE. The reports stand in practice.toml.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import tomllib
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from intake.keyring.identity import PrivateFile
from intake.keyring.note import SignedNote, SigningKey
from intake.keyring.text import Drop, Keyring, Reviewer, Root
from intake.locale import catalog, packaged_questionnaire
from intake.report.bundle import Index, IndexEntry, write_bundle
from intake.report.document import Json
from intake.report.package import FileEntry, QuestionnaireRef, Report, write_package
from intake.review.preview.pixels import Picture
from intake.sealing import HybridIdentity, HybridRecipient, seal_bytes

ORIGIN = "practice.invalid"
BUNDLE = f"{ORIGIN}-000001.bundle"
WORD = "PRACTICE"

_SHIFTED = re.compile(r"@([+-][0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Exercise:
    """One report and what a good reviewer makes of it. `why` by language; `person` joins reports about one person."""

    number: int
    tier: str
    why: Mapping[str, str]
    person: str

    @property
    def id(self) -> str:
        """Of its report, the same in every practice vault."""
        return hashlib.sha256(f"{ORIGIN}/{self.number}".encode()).hexdigest()[:32]

    def advice(self, language: str) -> str:
        """The model answer in a language, else in English."""
        return self.why.get(language, self.why["en"])


@dataclass(frozen=True, slots=True)
class Practice:
    """All that a practice vault begins with: the note, the reviewer's private file, and a bundle to import."""

    note: bytes
    vkeys: tuple[str, ...]
    threshold: int
    private: PrivateFile
    bundle: bytes


@cache
def exercises() -> tuple[Exercise, ...]:
    """The thirty, in the order in which they stand in the file."""
    return tuple(
        Exercise(number, each["tier"], each["why"], each.get("person", "")) for number, each in enumerate(_told(), 1)
    )


def exercise(report_id: str) -> Exercise | None:
    """The exercise of a report, None for every other report."""
    return next((each for each in exercises() if each.id == report_id), None)


def make(today: date) -> Practice:
    """New keys, the reports dated around `today`, and the bundle that carries them."""
    roots, drop, signing = (
        [SigningKey.generate(f"{ORIGIN}/{label}") for label in labels] for labels in (("a", "b"), ("d1",), ("r1",))
    )
    identity = HybridIdentity.generate()
    keyring = Keyring(
        origin=ORIGIN,
        serial=1,
        previous=None,
        issued=today - timedelta(days=100),
        expires=today + timedelta(days=120),
        closes=today + timedelta(days=365),
        closed_through=0,
        sites=(),
        threshold=2,
        roots=tuple(Root(label, key.verify_key) for label, key in zip("ab", roots, strict=True)),
        drops=(Drop("d1", drop[0].verify_key),),
        reviewers=(Reviewer("r1", str(identity.recipient), signing[0].verify_key),),
    )
    note = bytes(SignedNote.sign(bytes(keyring), *roots))
    return Practice(
        note,
        tuple(str(key.verify_key) for key in roots),
        2,
        PrivateFile(signing[0], (identity,)),
        _bundle(note, drop[0], [identity.recipient], today),
    )


def reports(today: date) -> tuple[tuple[Report, tuple[bytes, ...]], ...]:
    """Each report with the contents of its files."""
    questionnaire = packaged_questionnaire()
    made = []
    for told, each in zip(_told(), exercises(), strict=True):
        attached = tuple(_FILES[kind] for kind in told.get("files", ()))
        contents = tuple(make() for *_, make in attached)
        language = told["language"]
        answers = _shifted(told["answers"], today)
        assert isinstance(answers, dict)
        if attached:
            answers["files"] = list(range(1, len(attached) + 1))
        made.append(
            (
                Report(
                    id=each.id,
                    origin=ORIGIN,
                    keyring=1,
                    questionnaire=QuestionnaireRef(
                        questionnaire.name, questionnaire.version, questionnaire.digest(catalog(language))
                    ),
                    language=language,
                    sealed_by=told.get("sealed_by", "browser"),
                    day=today - timedelta(days=told.get("days_ago", 0)),
                    answers=answers,
                    files=tuple(
                        FileEntry(name, kind, len(content), False)
                        for (name, kind, _), content in zip(attached, contents, strict=True)
                    ),
                ),
                contents,
            )
        )
    return tuple(made)


def _bundle(note: bytes, drop: SigningKey, recipients: Sequence[HybridRecipient], today: date) -> bytes:
    sealed = {}
    for report, contents in reports(today):
        package = io.BytesIO()
        write_package(report, [io.BytesIO(content) for content in contents], package)
        sealed[report.id] = seal_bytes(package.getvalue(), recipients)
    entries = tuple(
        IndexEntry(name, today, len(content), hashlib.sha256(content).hexdigest(), 1, "new")
        for name, content in sorted(sealed.items())
    )
    index = Index(ORIGIN, 1, 1, None, 1, (), entries)
    sink = io.BytesIO()
    write_bundle(
        sink,
        bytes(SignedNote.sign(bytes(index), drop)),
        {1: note},
        [(name, len(content), io.BytesIO(content)) for name, content in sorted(sealed.items())],
    )
    return sink.getvalue()


@cache
def _told() -> tuple[dict[str, Any], ...]:
    text = files("intake.review").joinpath("practice.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["reports"])


def _shifted(value: Json, today: date) -> Json:
    """The same with every "@-3" written as a date."""
    if isinstance(value, dict):
        shifted = {key: _shifted(item, today) for key, item in value.items()}
        if isinstance(day := value.get("date"), str) and (found := _SHIFTED.fullmatch(day)):
            whole = (today + timedelta(days=int(found[1]))).isoformat()
            shifted["date"] = whole[:7] if value.get("precision") == "month" else whole
        return shifted
    if isinstance(value, list):
        return [_shifted(item, today) for item in value]
    return value


def _photo() -> bytes:
    rows = bytearray()
    for y in range(240):
        for x in range(320):
            sun = (x - 240) ** 2 + (y - 60) ** 2 < 900
            hill = y > 150 + abs((x * 7) % 160 - 80) // 2
            rows += bytes((250, 210, 90)) if sun else bytes((70, 90 + y // 4, 60)) if hill else bytes((150, 190, 230))
    return Picture(1, 320, 240, 3, bytes(rows)).png()


def _paper() -> bytes:
    from fpdf import FPDF

    document = FPDF()
    for page in ("1 / 2", "2 / 2"):
        document.add_page()
        document.set_font("helvetica", size=28)
        document.cell(text=f"{WORD}: a paper with a stamp, {page}")
        document.ellipse(130, 180, 40, 40)
    return bytes(document.output())


def _voice() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8_000)
        sound.writeframes(bytes(128 + (number // 20 % 2) * 8 for number in range(16_000)))
    return file.getvalue()


def _film() -> bytes:
    """Twelve frames of 64 by 48 bare pixels in an AVI file: a bright field that wanders over a dark one."""
    width, height, count = 64, 48, 12
    head = struct.pack("<14I", 500_000, 0, 0, 0x10, count, 0, 1, width * height * 3, width, height, 0, 0, 0, 0)
    stream = b"vidsDIB " + struct.pack("<10I4H", 0, 0, 0, 1, 2, 0, count, 0, 0, 0, 0, 0, width, height)
    pixels = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, width * height * 3, 0, 0, 0, 0)
    lists = _riff(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", pixels))
    frames = b""
    for number in range(count):
        rows = bytearray(bytes((60, 40, 30)) * width * height)
        for y in range(16, 32):
            start = (y * width + number * 4) * 3
            rows[start : start + 48] = bytes((200, 220, 240)) * 16
        frames += _chunk(b"00db", bytes(rows))
    content = b"AVI " + _riff(b"hdrl", _chunk(b"avih", head) + lists) + _riff(b"movi", frames)
    return _chunk(b"RIFF", content)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _riff(name: bytes, content: bytes) -> bytes:
    return _chunk(b"LIST", name + content)


_FILES = {
    "photo": ("IMG_0041.png", "image/png", _photo),
    "paper": ("бумага.pdf", "application/pdf", _paper),
    "voice": ("voice.wav", "audio/wav", _voice),
    "film": ("video.avi", "video/x-msvideo", _film),
}
