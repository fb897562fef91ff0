"""Every letter of the witnesses is set by the fonts inside the typesetter: where a machine has none of its own too."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pypdf
import pypdfium2
import pytest

from intake.locale import catalog, packaged_places
from intake.review.outputs.documents import RANGES, Document, Facts, Grid, Paragraph, Part, clean, settable
from intake.review.outputs.typesetting import pdf

ROOT = Path(__file__).parents[3]
PERSIAN = "او را صبح از خانه بردند؛ اکنون نمی‌گویند کجاست. «پنجشنبه»، ۱۴۰۵/۰۳/۰۱، گزارش چاپ ژاله؟"
TAJIK = "Ӯро субҳ аз хона бурданд. Ҳоло дар куҷо буданашро намегӯянд: қарор нест, ғамгинем, ҷӯяндаем. ӢӮҚҒҲҶ"
RUSSIAN = "Его увезли утром из дома; где он — не говорят. Съезд, объём, «ёлка», № 7."
ENGLISH = "They took him from home in the morning – nobody says where he is. “Quoted”, it’s £5 … €6."
WRITE = """
import sys, json
from intake.review.outputs.documents import Document, Paragraph
from intake.review.outputs.typesetting import pdf
texts = json.load(sys.stdin)
sys.stdout.buffer.write(pdf(Document("Ҳуҷҷат", tuple(Paragraph(each) for each in texts), "version 1")))
"""


def boxes(content: bytes) -> int:
    """How often glyph 0 of a font is drawn: the box that stands for a missing letter."""
    found = 0
    for page in pypdf.PdfReader(io.BytesIO(content)).pages:
        contents = page.get_contents()
        assert contents is not None
        for operands, operator in contents.operations:
            if operator in (b"Tj", b"TJ"):
                parts = operands[0] if isinstance(operands[0], list) else [operands[0]]
                for part in parts:
                    raw = getattr(part, "original_bytes", part if isinstance(part, bytes) else b"")
                    found += sum(raw[at : at + 2] == b"\0\0" for at in range(0, len(raw), 2))
    return found


def words() -> list[str]:
    """All that the form can say in each of its languages, and sentences in four."""
    found = [PERSIAN, TAJIK, RUSSIAN, ENGLISH]
    for language in ("tg", "ru"):
        found += catalog(language).messages.values()
    found += [name for place in packaged_places().places for name in (place.name("tg"), place.name("ru"))]
    return found


def without_fonts(*command: str, typed: str = "") -> subprocess.CompletedProcess[bytes]:
    """A program where this machine's fonts, and what says where they lie, are gone, and the network too."""
    gone = [
        "/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig",
        *(str(Path.home() / each) for each in (".fonts", ".local/share/fonts", ".cache/fontconfig")),
    ]  # fmt: skip
    hidden = [part for path in gone if Path(path).is_dir() for part in ("--tmpfs", path)]
    bare = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", *hidden]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}
    return subprocess.run([*bare, *command], input=typed.encode(), capture_output=True, check=True, env=environment)


def test_four_languages_without_a_single_font_of_the_machine() -> None:
    texts = [clean(each) for each in words()]
    assert sum(map(len, texts)) > 10_000
    listed = without_fonts(
        "sh", "-c", "find /usr/share /usr/local/share /etc -path '*font*' -name '*.[ot]t[fc]' 2>/dev/null; true"
    )
    assert listed.stdout == b"", "no font is left but those inside of programs"
    bare = without_fonts(sys.executable, "-c", WRITE, typed=json.dumps(texts)).stdout
    assert bare.startswith(b"%PDF")
    assert boxes(bare) == 0
    assert boxes(without_fonts(sys.executable, "-c", WRITE, typed='["\u4e2d"]').stdout) > 0, "else it proves nothing"
    assert bare == pdf(Document("Ҳуҷҷат", tuple(map(Paragraph, texts)), "version 1")), (
        "and no font of a machine is used"
    )


def test_persian_is_set_in_a_face_for_reading() -> None:
    """Of the fonts inside the typesetter one alone has its letters, and that is for code."""
    reader = pypdf.PdfReader(io.BytesIO(pdf(Document("A", (Paragraph(PERSIAN), Facts((("A", PERSIAN, ""),))), "1"))))
    named = [str(font.get_object()["/BaseFont"]) for font in fonts(reader)]
    assert [name for name in named if "Amiri" in name]
    assert [name for name in named if "Mono" in name] == []


def fonts(reader: pypdf.PdfReader) -> list[Any]:
    return [font for page in reader.pages for font in cast(Any, page)["/Resources"]["/Font"].values()]


def test_columns_of_all_tables_of_facts_stand_below_each_other() -> None:
    tables = (Facts((("A name", "One", "[1]"),)), Facts((("", "One", "[1], coded by r1"), ("B", "One", "[1]"))))
    words = pypdfium2.PdfDocument(pdf(Document("A", tables, "version 1")))[0].get_textpage()

    def left(sought: str) -> set[int]:
        found, search = set(), words.search(sought)
        while (place := search.get_next()) is not None:
            found.add(round(words.get_charbox(place[0])[0]))
        return found

    assert len(left("[1]")) == 1
    assert len(left("One")) == 1


@pytest.mark.parametrize(
    "pair",
    [
        (Paragraph("announced", "note"), Paragraph("words of theirs", "quote")),
        (Paragraph("announced", "note"), Grid(("Head", "two"), (("words of theirs", "a"),))),
        (Paragraph("announced"), Grid(("Head", "two"), (("words of theirs", "a"),))),
    ],
)
def test_what_announces_stays_with_what_it_announces(pair: tuple[Part, Part]) -> None:
    apart = []
    for lines in range(27, 42):
        filling = tuple(Paragraph(f"line {number}") for number in range(lines))
        pages = [
            each.extract_text()
            for each in pypdf.PdfReader(io.BytesIO(pdf(Document("A", (*filling, *pair), "1")))).pages
        ]
        apart.append(len(pages) == 2 and "announced" in pages[0] and "words of theirs" in pages[1])
        broke = len(pages) == 2
    assert broke, "else it proves nothing"
    assert not any(apart)


def test_no_program_and_no_moment_is_named_in_a_pdf(tmp_path: Path) -> None:
    (path := tmp_path / "a.pdf").write_bytes(pdf(Document("A", (Paragraph("text"),), "version 1")))
    told = subprocess.run(["exiftool", "-j", "-a", "-G0", path], capture_output=True, check=True).stdout
    (tags,) = json.loads(told)
    own = {tag: str(value).strip() for tag, value in tags.items() if tag.startswith(("PDF:", "XMP:"))}
    named = {tag for tag, value in own.items() if value} - {"XMP:InstanceID", "XMP:DocumentID"}
    assert named == {
        "PDF:PDFVersion", "PDF:Linearized", "PDF:PageCount", "PDF:Language", "PDF:TaggedPDF", "XMP:Language",
        "XMP:Format", "XMP:NPages", "XMP:RenditionClass", "XMP:PDFVersion",
    }  # fmt: skip


def test_every_character_of_a_paper_has_a_glyph() -> None:
    characters = [chr(code) for low, high in RANGES for code in range(low, high + 1) if chr(code).strip()]
    content = pdf(Document("A", tuple(Paragraph(f"a {each} b") for each in characters), "version 1"))
    assert boxes(content) == 0, "characters without a glyph"
    assert all(map(settable, PERSIAN + TAJIK + RUSSIAN + ENGLISH))
    assert clean("a \U0001f600 \u202e") == "a \\u{1f600} \\u{202e}"


def test_pointed_persian_does_not_break_the_typesetter() -> None:
    """Typst 0.15 panics on vowel points at the end of a line: they are left out of the PDF."""
    draw = random.Random(1)
    letters = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی\u064b\u064e\u0651\u0670 "
    for _ in range(20):
        text = "".join(draw.choice(letters) for _ in range(600))
        assert pdf(Document("A", (Paragraph(text, "quote"),), "version 1")).startswith(b"%PDF")
