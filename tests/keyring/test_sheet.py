"""What stands on a sheet, read back from the PDF itself."""

from __future__ import annotations

from datetime import date

import pypdfium2
import pytest
import zxingcpp

from intake.keyring.identity import PrivateFile
from intake.keyring.note import SigningKey
from intake.keyring.paper import pdf
from intake.keyring.shares import fingerprints, split, words_of
from intake.keyring.sheet import Sheet
from intake.sealing import HybridIdentity

DAY = date(2026, 11, 23)
NUMBERS = {"root": 0, "reviewer": 1, "rotated twice": 3}


def sheet_of(identities: int) -> Sheet:
    key = SigningKey("drop.example/r1", bytes(32))
    private = PrivateFile(key, tuple(HybridIdentity.generate() for _ in range(identities)))
    return Sheet(split(private, 5, 3)[1], 5, fingerprints(private), DAY)


@pytest.fixture(params=list(NUMBERS.values()), ids=list(NUMBERS))
def sheet(request: pytest.FixtureRequest) -> Sheet:
    return sheet_of(request.param)


def test_the_pdf_has_every_word_in_order_and_what_tells_sheets_apart(sheet: Sheet) -> None:
    document = pypdfium2.PdfDocument(pdf(sheet))
    assert len(document) == 1
    text = document[0].get_textpage().get_text_bounded()
    lines = text.split("\r\n")
    numbered = [f"{number} {word}" for number, word in enumerate(sheet.share.words, 1)]
    assert [line for line in lines if line in set(numbered)] == numbered
    for line in (
        "Sheet 2 of 5",
        f"Set {sheet.share.set_name} (any 3 sheets of this set rebuild the key)",
        "Day 2026-11-23",
        *(f"Opening key {digits}" for digits in sheet.fingerprints[:-1]),
        f"Signing key {sheet.fingerprints[-1]}",
    ):
        assert line in lines
    assert "This sheet is a key" in text
    assert "burn all 5 sheets" in text.replace("\r\n", " ")
    assert not any(name in text.casefold() for name in ("intake", "amonat", "drop.example"))


def test_nothing_runs_off_the_page_not_even_on_letter(sheet: Sheet) -> None:
    page = pypdfium2.PdfDocument(pdf(sheet))[0]
    boxes = [each.get_bounds() for each in page.get_objects()]
    left, bottom = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, top = max(box[2] for box in boxes), max(box[3] for box in boxes)
    height = page.get_height()
    points = 72 / 25.4
    assert left >= 15 * points
    assert right <= 195 * points
    assert height - bottom <= (279 - 10) * points
    assert height - top >= 10 * points


def test_a_reader_of_qr_codes_reads_the_words(sheet: Sheet) -> None:
    page = pypdfium2.PdfDocument(pdf(sheet))[0]
    (code,) = zxingcpp.read_barcodes(page.render(scale=3, grayscale=True).to_pil())
    assert words_of(code.text) == sheet.share.words


def test_the_pdf_says_nothing_of_who_made_it_when_and_with_what(sheet: Sheet) -> None:
    content = pdf(sheet)
    assert set(pypdfium2.PdfDocument(content).get_metadata_dict().values()) == {""}
    for mark in (b"/CreationDate", b"/Producer", b"/Metadata", b"py-pdf"):
        assert mark not in content
    assert b"/ID" not in content[content.rindex(b"trailer") :]
    assert pdf(sheet) == content


def test_the_terminals_version_fits_a_terminal_and_reads_back() -> None:
    sheet = sheet_of(1)
    text = sheet.text()
    assert max(map(len, text.split("\n"))) <= 80
    assert text.count("\n") <= 20
    assert words_of(text.split("\n\n", 1)[1]) == sheet.share.words
    assert sheet.name == f"sheet-{sheet.share.set_name}-2-of-5.pdf"
    assert sheet.share.words[12] not in repr(sheet)
