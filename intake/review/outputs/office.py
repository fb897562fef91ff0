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
_WHOLE = 600
"""Characters of a row that is not to be cut in two by the end of a page."""


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
    title = word.styles["Title"]
    title.font.size, title.font.bold = Pt(18), True
    for border in [*title.element.iter(qn("w:pBdr"))]:
        border.getparent().remove(border)
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
        note = part.style == "note"
        _paragraph(self._word, part.text, grey=note, bold=bold, indent=part.style == "quote", announces=note)

    def facts(self, part: documents.Facts) -> None:
        table = self._table(_FACTS)
        named: Any = None
        for name, text, source in part.rows:
            row = _row(table, (name, text, source), _FACTS)
            for run in row.cells[2].paragraphs[0].runs:
                run.font.size, run.font.color.rgb = _SMALL, _GREY
            if name or named is None:
                named = row.cells[0]
            else:  # a name stands beside all of its answers
                named = named.merge(row.cells[0])
                for empty in named.paragraphs[1:]:
                    named._tc.remove(empty._p)

    def grid(self, part: documents.Grid) -> None:
        if part.caption:
            _paragraph(self._word, part.caption, grey=True, announces=True)
        asked = documents.widths(part)
        wide = tuple(Mm(round(sum(_FACTS) / Mm(1) * each / sum(asked))) for each in asked)
        table = self._table(wide)
        table.style = "Table Grid"
        heading = _row(table, part.heading, wide, bold=True)
        heading._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        for row in part.rows:
            _row(table, row, wide)

    def _table(self, wide: tuple[Mm, ...]) -> Any:
        table = self._word.add_table(0, len(wide))
        table.autofit = False
        for column, each in zip(table.columns, wide, strict=True):
            column.width = each
        return table

    def checklist(self, part: documents.Checklist) -> None:
        for done, text in part.items:
            _paragraph(self._word, f"{'[x]' if done else '[  ]'} {text}")

    def new_page(self, _: documents.Break) -> None:
        self._word.add_page_break()  # type: ignore[no-untyped-call]  # the library's own gap

    def picture(self, part: documents.Picture) -> None:
        _paragraph(self._word, part.alternative, grey=True)


def _row(table: Any, cells: tuple[str, ...], wide: tuple[Mm, ...], *, bold: bool = False) -> Any:
    """A row more; a short one stands on one page."""
    row = table.add_row()
    if sum(map(len, cells)) < _WHOLE:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    for cell, text, each in zip(row.cells, cells, wide, strict=True):
        cell.width = each
        cell.paragraphs[0].paragraph_format.space_after = Pt(2)
        _write(cell.paragraphs[0], text, bold=bold, small=table.style.name == "Table Grid")
    return row


def _paragraph(
    word: WordDocument,
    text: str,
    *,
    grey: bool = False,
    bold: bool = False,
    indent: bool = False,
    announces: bool = False,
) -> None:
    """One paragraph for each line. `announces`: it stays on the page of what follows."""
    for line in text.split("\n"):
        paragraph = word.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(5)
        if announces:
            paragraph.paragraph_format.keep_with_next = True
            paragraph.paragraph_format.space_before = Pt(6)
        if indent:
            paragraph.paragraph_format.left_indent = Mm(8)
        _write(paragraph, line, grey=grey, bold=bold)


def _write(paragraph: WordParagraph, text: str, *, grey: bool = False, bold: bool = False, small: bool = False) -> None:
    run = paragraph.add_run(text)
    run.bold = bold
    if small:
        run.font.size = Pt(9)
    if grey:
        run.font.color.rgb = _GREY
    if direction(text) == "rtl":
        # The format gives each property of a paragraph its place among the others.
        paragraph._p.get_or_add_pPr().insert_element_before(OxmlElement("w:bidi"), "w:spacing", "w:ind", "w:jc")
        run._r.get_or_add_rPr().append(OxmlElement("w:rtl"))
