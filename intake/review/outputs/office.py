"""DOCX from a document, for offices that edit what they file: the same parts as the PDF; its properties are empty."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from docx import Document as Word
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

from intake.review.outputs import documents
from intake.review.outputs.documents import Document, direction, set_part

FONT = "Times New Roman"
_DATED = datetime(2000, 1, 1)  # noqa: DTZ001  # a date the format demands, and that tells nothing
_GREY = RGBColor(0x55, 0x55, 0x55)
_SMALL = Pt(8)
_FACES = {
    "w:ascii": "w:asciiTheme", "w:hAnsi": "w:hAnsiTheme", "w:cs": "w:cstheme", "w:eastAsia": "w:eastAsiaTheme",
}  # fmt: skip
_FACTS = (Mm(50), Mm(84), Mm(32))
"""Widths of what was asked, the answer, and its sources."""


def docx(document: Document) -> bytes:
    """The paper as DOCX. Pictures are left out: what an office edits is text."""
    word = Word()
    _prepare(word, document)
    word.add_heading(document.title, 0)
    if document.subtitle:
        _paragraph(word, document.subtitle, grey=True)
    setter = _Office(word)
    for part in document.parts:
        set_part(part, setter)
    # The template's theme lists scripts and fonts, such as "Cher": words that a short name is taken for.
    for key in [key for key, each in word.part.rels.items() if each.reltype.endswith("/theme")]:
        del word.part.rels[key]
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def _prepare(word: WordDocument, document: Document) -> None:
    properties = word.core_properties
    for name in ("author", "category", "comments", "content_status", "identifier", "keywords", "language",
                 "last_modified_by", "subject", "title", "version"):  # fmt: skip
        setattr(properties, name, "")
    properties.created = properties.modified = properties.last_printed = _DATED
    properties.revision = 1
    for style in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3"):
        font = word.styles[style].font
        font.name = FONT
        fonts = word.styles[style].element.get_or_add_rPr().get_or_add_rFonts()
        for kind, theme in _FACES.items():
            fonts.set(qn(kind), FONT)
            fonts.attrib.pop(qn(theme), None)  # it would win
        font.color.rgb = RGBColor(0, 0, 0)
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    if document.band:
        head = section.header.paragraphs[0]
        head.alignment = WD_ALIGN_PARAGRAPH.CENTER
        head.add_run(document.band).bold = True
    foot = section.footer.paragraphs[0]
    run = foot.add_run(f"{document.stamp} · ")
    run.font.size = _SMALL
    before, _, rest = document.pages.partition("{page}")
    between, _, after = rest.partition("{pages}")
    for text, code in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        foot.add_run(text).font.size = _SMALL
        if code:
            _number(foot, code)


def _number(paragraph: WordParagraph, code: str) -> None:
    """A field that the program fills in: the page, or how many there are."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run = paragraph.add_run("1")
    run.font.size = _SMALL
    field.append(run._r)
    paragraph._p.append(field)


class _Office:
    """Each part, put at the end of a document."""

    def __init__(self, word: WordDocument) -> None:
        self._word = word

    def heading(self, part: documents.Heading) -> None:
        self._word.add_heading(part.text, part.level)

    def paragraph(self, part: documents.Paragraph) -> None:
        bold = part.style in ("strong", "sentence")
        _paragraph(self._word, part.text, grey=part.style == "note", bold=bold, indent=part.style == "quote")

    def facts(self, part: documents.Facts) -> None:
        table = self._word.add_table(0, 3)
        table.autofit = False
        for column, wide in zip(table.columns, _FACTS, strict=True):
            column.width = wide
        for fact in part.rows:
            _row(table, fact)
            for cell, wide in zip(table.rows[-1].cells, _FACTS, strict=True):
                cell.width = wide

    def grid(self, part: documents.Grid) -> None:
        if part.caption:
            _paragraph(self._word, part.caption, grey=True)
        table = self._word.add_table(0, len(part.heading))
        table.style = "Table Grid"
        _row(table, part.heading, bold=True)
        for row in part.rows:
            _row(table, row)

    def checklist(self, part: documents.Checklist) -> None:
        for done, text in part.items:
            _paragraph(self._word, f"{'[x]' if done else '[  ]'} {text}")

    def new_page(self, _: documents.Break) -> None:
        self._word.add_page_break()  # type: ignore[no-untyped-call]  # the library's own gap

    def picture(self, part: documents.Picture) -> None:
        _paragraph(self._word, part.alternative, grey=True)


def _row(table: Any, cells: tuple[str, ...], *, bold: bool = False) -> None:
    row = table.add_row()
    for cell, text in zip(row.cells, cells, strict=True):
        cell.paragraphs[0].paragraph_format.space_after = Pt(2)
        _write(cell.paragraphs[0], text, bold=bold)


def _paragraph(word: WordDocument, text: str, *, grey: bool = False, bold: bool = False, indent: bool = False) -> None:
    for line in text.split("\n"):
        paragraph = word.add_paragraph()
        if indent:
            paragraph.paragraph_format.left_indent = Mm(8)
        _write(paragraph, line, grey=grey, bold=bold)


def _write(paragraph: WordParagraph, text: str, *, grey: bool = False, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.bold = bold
    if grey:
        run.font.color.rgb = _GREY
    if direction(text) == "rtl":
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
        run._r.get_or_add_rPr().append(OxmlElement("w:rtl"))
