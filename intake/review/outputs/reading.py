"""A paper as plain text, to be read at a terminal before it is agreed to. Pure."""

from __future__ import annotations

from intake.review.outputs import documents
from intake.review.outputs.documents import Document, set_part


def text(document: Document) -> str:
    """All of it, part by part."""
    head = [each for each in (document.band, document.title, document.subtitle) if each]
    return "\n".join(["\n".join(head), *(set_part(part, _Plain()) for part in document.parts), document.stamp])


class _Plain:
    """Each part as lines."""

    def heading(self, part: documents.Heading) -> str:
        return f"\n{'#' * part.level} {part.text}"

    def paragraph(self, part: documents.Paragraph) -> str:
        return "\n".join(f"  | {line}" for line in part.text.split("\n")) if part.style == "quote" else part.text

    def facts(self, part: documents.Facts) -> str:
        return "\n".join(
            f"{f'{name}:' if name else '   '} {words}  {source}".rstrip() for name, words, source in part.rows
        )

    def grid(self, part: documents.Grid) -> str:
        rows = [" · ".join(row) for row in (part.heading, *part.rows)]
        return "\n".join([part.caption, *rows] if part.caption else rows)

    def picture(self, part: documents.Picture) -> str:
        return f"[{part.alternative}]"

    def checklist(self, part: documents.Checklist) -> str:
        return "\n".join(f"{'[x]' if done else '[ ]'} {words}" for done, words in part.items)

    def new_page(self, _: documents.Break) -> str:
        return ""
