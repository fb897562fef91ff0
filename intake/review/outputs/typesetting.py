"""PDF from a document, by Typst with the fonts inside it, and Amiri for Persian: no font of the machine is looked at.

The document goes to the typesetter as JSON, never as its markup. The file's properties are empty: no title, author,
date or program stands in them.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import typst

from intake.errors import Fault
from intake.review.outputs import documents
from intake.review.outputs.documents import Document, direction, set_part

_POINTS = re.compile("[\u064b-\u0655\u0670]")
_PROGRAM = re.compile(rb"Typst [0-9]+\.[0-9]+\.[0-9]+|xmp-writer")


def pdf(document: Document) -> bytes:
    """The paper as PDF. Raises `Fault` when the typesetter fails, without a word of the text."""
    told = json.dumps(
        {
            "title": document.title,
            "subtitle": document.subtitle,
            "band": document.band,
            "stamp": document.stamp,
            "pages": document.pages,
            "language": document.language,
            "direction": document.direction,
            "parts": [set_part(part, _Typst()) for part in document.parts],
        },
        ensure_ascii=False,
    )
    template = files(__package__).joinpath("paper.typ").read_bytes()
    persian = files("fontpkg_amiri").joinpath("files")
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(persian)])
    try:
        made = typst.compile(template, font_paths=fonts, sys_inputs={"paper": told}, format="pdf")
    except BaseException as error:
        # A fault inside the typesetter comes as pyo3's PanicException, which is no Exception. It may quote the text.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise Fault("the paper could not be set", "The DOCX and JSON of it can be made; report this.") from None
        raise
    if not isinstance(made, bytes):
        raise Fault("the typesetter gave nothing")
    return _PROGRAM.sub(lambda found: b" " * len(found[0]), made)


class _Typst:
    """Each part as paper.typ reads it."""

    def heading(self, part: documents.Heading) -> dict[str, Any]:
        return {"part": "heading", "level": part.level, **_words(part.text)}

    def paragraph(self, part: documents.Paragraph) -> dict[str, Any]:
        return {"part": "paragraph", "style": part.style, **_words(part.text)}

    def facts(self, part: documents.Facts) -> dict[str, Any]:
        rows = [{"name": name, "source": source, **_words(text)} for name, text, source in part.rows]
        return {"part": "facts", "rows": rows}

    def grid(self, part: documents.Grid) -> dict[str, Any]:
        cells = [[_words(cell) for cell in row] for row in part.rows]
        told = {"heading": [*part.heading], "rows": cells, "numbers": part.numbers, "caption": part.caption}
        return {"part": "grid", **told, "widths": [*documents.widths(part)]}

    def picture(self, part: documents.Picture) -> dict[str, Any]:
        drawn = part.kind == "svg"
        told = {"alternative": part.alternative, "caption": part.caption, "width": 100 if drawn else 70}
        content = {"svg": part.content.decode()} if drawn else {"png": [*part.content]}
        return {"part": "picture", "kind": part.kind, **told, **content}

    def checklist(self, part: documents.Checklist) -> dict[str, Any]:
        return {"part": "checklist", "items": [{"done": done, **_words(text)} for done, text in part.items]}

    def new_page(self, _: documents.Break) -> dict[str, Any]:
        return {"part": "break"}


def _words(text: str) -> dict[str, str]:
    # Vowel points, which Persian spelling can do without, break Typst 0.15 where a line ends.
    text = _POINTS.sub("", text)
    return {"text": text, "direction": direction(text)}
