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

from intake.review.outputs.documents import (
    Break,
    Checklist,
    Document,
    Facts,
    Grid,
    Heading,
    Paragraph,
    Part,
    Picture,
    direction,
)

FONT = "Times New Roman"
_DATED = datetime(2000, 1, 1)  # noqa: DTZ001  # a date the format demands, and that tells nothing
_GREY = RGBColor(0x55, 0x55, 0x55)


def docx(document: Document) -> bytes:
    """The paper as DOCX. Pictures are left out: what an office edits is text."""
    word = Word()
    _prepare(word, document)
    word.add_heading(document.title, 0)
    if document.subtitle:
        _paragraph(word, document.subtitle, grey=True)
    for part in document.parts:
        _part(word, part)
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
        for kind in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(kind), FONT)
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
    run.font.size = Pt(8)
    before, _, rest = document.pages.partition("{page}")
    between, _, after = rest.partition("{pages}")
    for text, code in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        foot.add_run(text).font.size = Pt(8)
        if code:
            _number(foot, code)


def _number(paragraph: WordParagraph, code: str) -> None:
    """A field that the program fills in: the page, or how many there are."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _part(word: WordDocument, part: Part) -> None:
    match part:
        case Heading():
            word.add_heading(part.text, part.level)
        case Paragraph():
            _paragraph(word, part.text, grey=part.style == "note", bold=part.style in ("strong", "sentence"),
                       indent=part.style == "quote")  # fmt: skip
        case Facts():
            table = word.add_table(0, 3)
            for fact in part.rows:
                _row(table, fact)
        case Grid():
            if part.caption:
                _paragraph(word, part.caption, grey=True)
            table = word.add_table(0, len(part.heading))
            table.style = "Table Grid"
            _row(table, part.heading, bold=True)
            for row in part.rows:
                _row(table, row)
        case Checklist():
            for done, text in part.items:
                _paragraph(word, f"{'[x]' if done else '[  ]'} {text}")
        case Break():
            word.add_page_break()  # type: ignore[no-untyped-call]  # the library's own gap
        case Picture():
            _paragraph(word, part.alternative, grey=True)


def _row(table: Any, cells: tuple[str, ...], *, bold: bool = False) -> None:
    row = table.add_row()
    for cell, text in zip(row.cells, cells, strict=True):
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
