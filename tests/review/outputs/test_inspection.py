"""Finished files are searched: a name is found however it is spelled, encoded, packed, escaped or cut into pieces."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

import pytest
from docx import Document as Word
from docx.oxml.ns import qn
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from intake.review.outputs.documents import Document, Paragraph
from intake.review.outputs.inspection import StillThere, inspect, leaks
from intake.review.outputs.office import docx
from intake.review.outputs.redaction import GAP, Redaction, initials
from intake.review.outputs.typesetting import pdf
from intake.review.preview import Picture

NAME = "Фирдавс Раҳмонзода"
SECRET = Redaction({NAME: "F. R."}, ("Porshinev",), ("the man who sells bread",))
WANTED = Redaction({"Фирдавс Рахмонов": "F. R."})


@pytest.mark.parametrize(
    "text",
    [
        "Рахмонова увезли", "FIRDAVS", "Firdafs Rakhmonov", "аз Поршинев", "в Поршневе", "the man who  sells bread",
        "Фирдавсро",
    ],
)  # fmt: skip
def test_a_name_is_found_in_any_file_however_it_is_spelled(text: str) -> None:
    assert SECRET.apply(text) != text
    assert next(SECRET.found(SECRET.apply(text)), None) is None
    document = Document("A paper", (Paragraph(text),), "version 1")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", text)
    for name, content in {
        "a.pdf": pdf(document),
        "a.docx": docx(document),
        "a.json": json.dumps({"a": text}).encode(),
        "a.txt": text.encode(),
        "a.zip": packed.getvalue(),
    }.items():
        with pytest.raises(StillThere, match=name) as error:
            inspect({name: content}, SECRET)
        assert text not in str(error.value)
    clear = Document("A paper", (Paragraph(SECRET.apply(text)),), "version 1")
    inspect({"a.pdf": pdf(clear), "a.docx": docx(clear)}, SECRET)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16", "cp1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("before", [b"", b"\x00\x01", b"\x00\x01\xff"])
@pytest.mark.parametrize("spelled", ["Фирдавс Рахмонов", "РАХМОНОВУ", "Firdavs Rahmonov"])
def test_a_name_is_found_in_any_encoding_at_any_place_in_bytes(encoding: str, before: bytes, spelled: str) -> None:
    assert list(leaks("a.bin", before + spelled.encode(encoding) + b"\0\xfe", WANTED))


FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/F/Encoding/Identity-H/ToUnicode 6 0 R/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType2/BaseFont/F/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>"
)


def a_pdf(drawn: bytes, *more: bytes, filters: bytes = b"", table: bytes = b"") -> bytes:
    """A PDF of one page by hand: `drawn` is its content, `more` further objects, `table` a font's ToUnicode."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 500]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d %s>>stream\n%s\nendstream" % (len(drawn), filters, drawn),
        FONT,
        b"<</Length %d>>stream\n%s\nendstream" % (len(table), table),
        *more,
    ]
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


@given(st.lists(st.sampled_from([b"(", b")", b"\\", b"8", b"0", b"<", b">", b"\n", b"a", b"\xff", b"f"])).map(b"".join))
@example(b"(\\8)")
def test_bytes_that_are_no_text_stop_no_search(raw: bytes) -> None:
    """A font's bytes look like strings with escapes here and there."""
    shown = b"<</Length %d>>stream\n%s\nendstream" % (len(raw), raw)
    assert list(leaks("a.pdf", a_pdf(b"", shown), SECRET)) == []


def coded(text: str) -> tuple[bytes, bytes]:
    """A text as numbers of glyphs, and the table that says what each of them means."""
    letters = {each: number for number, each in enumerate(dict.fromkeys(text), 1)}
    lines = b"".join(
        b"<%04x> <%s>\n" % (number, each.encode("utf-16-be").hex().encode()) for each, number in letters.items()
    )
    table = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def /CMapType 2 def\n"
    table += b"1 begincodespacerange <0000> <ffff> endcodespacerange\n%d beginbfchar\n%sendbfchar\n" % (
        len(letters),
        lines,
    )
    return b"".join(struct.pack(">H", letters[each]) for each in text), table + b"endcmap end end"


def octal(content: bytes) -> bytes:
    return b"".join(b"\\%03o" % byte for byte in content)


LATIN, WIDE = b"Firdavs Rahmonov", b"\xfe\xff" + "Фирдавс Рахмонов".encode("utf-16-be")
CODES, TABLE = coded("Фирдавс Рахмонов")
APART = [b"<%s>" % CODES[at : at + 2].hex().encode() for at in range(0, len(CODES), 2)]
SHOWN = b"BT /F 12 Tf 50 400 Td %s Tj ET"


@pytest.mark.parametrize(
    "content",
    [
        a_pdf(SHOWN % (b"<" + CODES.hex().encode() + b">"), table=TABLE),
        a_pdf(SHOWN % (b"(" + octal(CODES) + b")"), table=TABLE),
        a_pdf(b"BT /F 12 Tf 3 Tr 50 400 Td <%s> Tj ET" % CODES.hex().encode(), table=TABLE),
        a_pdf(b"BT /F 12 Tf -900 400 Td <%s> Tj ET" % CODES.hex().encode(), table=TABLE),
        a_pdf(b"BT /F 12 Tf 50 400 Td [%s] TJ ET" % b" 0 ".join(APART), table=TABLE),
        a_pdf(zlib.compress(SHOWN % b"<%s>" % CODES.hex().encode()), filters=b"/Filter/FlateDecode", table=TABLE),
        a_pdf(b"", b"<</Title(%s)>>" % octal(LATIN)),
        a_pdf(b"", b"<</Title<%s>>>" % LATIN.hex().encode()),
        a_pdf(b"", b"<</Title<%s>>>" % WIDE.hex().encode()),
        a_pdf(b"", b"<</Title(%s)>>" % octal(WIDE)),
        a_pdf(b"", b"<</Length 0/Type/EmbeddedFile>>stream\n" + zlib.compress(b"Rahmonov") + b"\nendstream"),
        a_pdf(b"", b"<</Type/Metadata>>stream\n<x:xmpmeta><dc:title a='Rahm&#111;nov'/></x:xmpmeta>\nendstream"),
    ],
    ids=["hex", "octal", "invisible", "off the page", "letter by letter", "packed", "title octal", "title hex",
         "title UTF-16 hex", "title UTF-16 octal", "a stream of nobody's", "XMP"],
)  # fmt: skip
def test_a_name_is_found_in_every_corner_of_a_pdf(content: bytes) -> None:
    assert list(leaks("a.pdf", content, WANTED))


def test_a_pdf_without_it_is_clear() -> None:
    codes, table = coded("Зарина Одинаева")
    assert list(leaks("a.pdf", a_pdf(SHOWN % (b"<" + codes.hex().encode() + b">"), table=table), WANTED)) == []


def office(change: object) -> bytes:
    word = Word()
    change(word)  # type: ignore[operator]  # a function of the test
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def _cut(word: object) -> None:
    paragraph = word.add_paragraph()  # type: ignore[attr-defined]
    for piece in ("Рах", "мо", "нов"):
        paragraph.add_run(piece).bold = piece == "мо"


def _described(word: object) -> None:
    picture = io.BytesIO(Picture(1, 2, 2, 1, bytes(4)).png())
    word.add_picture(picture)  # type: ignore[attr-defined]
    word.element.body.find(".//" + qn("wp:docPr")).set("descr", "Rahmonov")  # type: ignore[attr-defined]


def _author(word: object) -> None:
    word.core_properties.last_modified_by = "Рахмонов"  # type: ignore[attr-defined]


def _comment(word: object) -> None:
    word.add_comment(word.add_paragraph("x").runs[0], "Rahmonov")  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", [_cut, _described, _author, _comment])
def test_a_name_is_found_in_every_part_of_a_docx(change: object) -> None:
    assert list(leaks("a.docx", office(change), WANTED))
    assert list(leaks("a.docx", office(lambda word: word.add_paragraph("Одинаева")), WANTED)) == []


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"a": ["Рахмонов"]}).encode(),
        json.dumps({"Рахмонов": 1}).encode(),
        b'{"a": "\\u0420\\u0430\\u0445\\u043c\\u043e\\u043d\\u043e\\u0432"}',
        b'{"a": "Rahm\\u006fnov"}',
        b"<p>Rahm&#111;nov</p>",
        b"<text>Rah</text><!-- Rahmonov -->",
        b"R a h m o n o v, F i r d a v s",
        "Рахмо-\nнов Фирдавс".encode(),
    ],
)
def test_escapes_entities_and_gaps_hide_nothing(content: bytes) -> None:
    assert list(
        leaks(
            "a.txt", content, Redaction({"Фирдавс Рахмонов": ""}, ("Rahmonov", "Рахмонов Фирдавс", "RahmonovFirdavs"))
        )
    )


def _saved(**options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG", **options)
    return out.getvalue()


def test_a_picture_may_hold_nothing_but_its_pixels() -> None:
    own = Picture(1, 4, 4, 3, bytes(48)).png()
    assert list(leaks("a.png", own, WANTED)) == []
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "nobody", zip=True)
    exif = Image.Exif()
    exif[0x010F] = "Phone"
    spoilt = [
        _saved(pnginfo=text), _saved(exif=exif), _saved(dpi=(72, 72)), _saved(icc_profile=b"x" * 200),
        own + b"Rahmonov", own + own, own[:-12] + own[33:-12] + own[-12:],
    ]  # fmt: skip
    for content in spoilt:
        with pytest.raises(StillThere):
            inspect({"a.png": content}, WANTED)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("media/image1.png", spoilt[0])
    with pytest.raises(StillThere):
        inspect({"a.docx": packed.getvalue()}, WANTED)


def test_a_word_of_our_own_counts_only_as_we_spell_it() -> None:
    """The place Rahmonobod in a question of ours must not blind the search to the name."""
    wanted = Redaction({"Rahmon": "P1"})
    inspect({"a.txt": b"Was it in Rahmonobod?"}, wanted, "Was it in Rahmonobod?")
    for told in (b"Was it in Rahmonobod? Rahmon was there.", b"Rahmonov", "Раҳмонобод".encode()):
        with pytest.raises(StillThere):
            inspect({"a.txt": told}, wanted, "Was it in Rahmonobod?")


MAGIC = (b"%PDF-", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n")


@given(st.sampled_from(MAGIC), st.binary(max_size=400))
def test_what_can_not_be_searched_does_not_leave(begin: bytes, content: bytes) -> None:
    with pytest.raises(StillThere):
        inspect({"a.pdf": begin + content}, SECRET)


@given(st.binary(max_size=3_000))
def test_bytes_by_chance_hold_no_name(content: bytes) -> None:
    assume(not content.startswith(MAGIC))
    assert list(leaks("a.bin", content, Redaction({NAME: ""}, ("Ali", "Porshinev")))) == []


@given(st.binary(max_size=400), st.sampled_from([b"%PDF-1.7\n", b"", b"<", b"{", b"stream\n"]))
def test_what_came_from_outside_meets_no_parser(content: bytes, begin: bytes) -> None:
    assert list(leaks("a.pdf", begin + content + b"Rahmonov", Redaction(terms=("Rahmonov",)), parsed=False))


def test_what_is_left_out_shows_a_gap_and_common_words_stay() -> None:
    told = "Дар Поршинев касе намедонад, ки рӯз чӣ шуд. Раҳмат."
    assert SECRET.apply(told) == f"Дар {GAP} касе намедонад, ки рӯз чӣ шуд. Раҳмат."
    assert initials("Фирдавс Раҳмонзода") == "Ф. Р."


def test_a_short_name_is_not_taken_for_a_word_of_the_template() -> None:
    inspect({"a.docx": docx(Document("A", (Paragraph("b"),), "1"))}, Redaction({"Чиё Тағнимузов": "P1"}))
