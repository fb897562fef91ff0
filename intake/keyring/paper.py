"""A sheet as PDF: one page that fits A4 and Letter, the words numbered, and a QR code of them.

Only the fonts that every printer has, so Latin letters alone; no title, producer, date or id in its properties.
"""

from __future__ import annotations

import segno
from fpdf import FPDF
from fpdf.output import OutputProducer, PDFInfo

from intake.keyring.sheet import TITLE, Sheet

_MARGIN = 20.0  # mm
_WIDTH = 170.0  # mm between the margins of A4
_COLUMNS = 4
_QR_SIZE = 62.0  # mm


class _Document(FPDF):
    def file_id(self) -> None:
        """None: a file without /ID."""
        return


class _Producer(OutputProducer):
    def _add_info(self) -> PDFInfo:
        """The properties, without the one that is never left out."""
        info = super()._add_info()
        del info.creation_date
        return info


def pdf(sheet: Sheet) -> bytes:
    """The document. The same sheet gives the same bytes."""
    page = _Document(format="A4")
    page.set_producer("")
    page.set_auto_page_break(False)
    page.set_margin(_MARGIN)
    page.add_page()
    page.set_font("Helvetica", "B", 20)
    page.cell(h=12, text=TITLE, new_x="LMARGIN", new_y="NEXT")
    for name, value in sheet.facts:
        page.set_font("Helvetica", "", 10)
        page.cell(w=28, h=6, text=name)
        page.set_font("Courier" if name.endswith("key") else "Helvetica", "B", 11)
        page.cell(h=6, text=value, new_x="LMARGIN", new_y="NEXT")
    page.ln(4)
    _words(page, sheet.share.words)
    page.ln(5)
    top = page.get_y()
    _code(page, " ".join(sheet.share.words), _MARGIN, top)
    page.set_font("Helvetica", "", 11)
    page.set_left_margin(_MARGIN + _QR_SIZE + 10)
    page.set_y(top)
    for paragraph in sheet.warnings:
        page.multi_cell(w=_WIDTH - _QR_SIZE - 10, h=5.5, text=paragraph, align="L", new_x="LMARGIN", new_y="NEXT")
        page.ln(3)
    return bytes(page.output(output_producer_class=_Producer))


def _words(page: FPDF, words: tuple[str, ...]) -> None:
    """Down the columns, as people read lists."""
    rows = -(-len(words) // _COLUMNS)
    height = min(7.0, 115 / rows)
    top = page.get_y()
    for place, word in enumerate(words):
        column, row = divmod(place, rows)
        page.set_xy(_MARGIN + column * _WIDTH / _COLUMNS, top + row * height)
        page.set_font("Helvetica", "", 9)
        page.cell(w=9, h=height, text=str(place + 1), align="R")
        page.set_font("Courier", "B", 13)
        page.cell(h=height, text=word)
    page.set_xy(_MARGIN, top + rows * height)


def _code(page: FPDF, words: str, left: float, top: float) -> None:
    """Capitals take the fewest modules. Each run of dark modules is one rectangle: no line shows between them."""
    rows = [bytes(row) for row in segno.make_qr(words.upper(), error="m").matrix]
    side = _QR_SIZE / len(rows)
    page.set_fill_color(0)
    for number, row in enumerate(rows):
        start = 0
        while (start := row.find(1, start)) >= 0:
            end = row.find(0, start) if 0 in row[start:] else len(row)
            page.rect(left + start * side, top + number * side, (end - start) * side, side, style="F")
            start = end
