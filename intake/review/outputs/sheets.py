"""Tables for a spreadsheet program, as CSV and XLSX, in which no text is ever taken for a formula.

A spreadsheet runs what begins with =, +, - or @, and some strip a tab or a line end before they look. In CSV such text
gets an apostrophe before it, the sign for "text" (OWASP, CSV Injection); in XLSX each cell is of the type string.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import xlsxwriter

_FORMULA = re.compile(r"^[\s\x00-\x1f]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_DATED = datetime(2000, 1, 1)  # noqa: DTZ001  # a date the format demands, and that tells nothing
_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its name, a heading, and rows as long as the heading."""

    name: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def harmless(text: str) -> str:
    """Text that no spreadsheet program runs."""
    return f"'{text}" if _FORMULA.match(text) else text


def csv_file(sheets: Sequence[Sheet]) -> bytes:
    """All tables below each other, in UTF-8 with the mark by which programs know it (RFC 4180)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for number, sheet in enumerate(sheets):
        if number:
            writer.writerow([])
        if sheet.name:
            writer.writerow([harmless(sheet.name)])
        writer.writerow([harmless(cell) for cell in sheet.heading])
        writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def xlsx_file(sheets: Sequence[Sheet]) -> bytes:
    """A workbook with a table on each sheet; its properties are empty."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": _DATED})
        strong = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        taken: set[str] = set()
        for number, sheet in enumerate(sheets, 1):
            name = _SHEET_NAME.sub(" ", sheet.name)[:28].strip() or f"Table {number}"
            name = name if name.lower() not in taken else f"{name[:24]} {number}"
            taken.add(name.lower())
            page = book.add_worksheet(name)
            page.freeze_panes(1, 0)
            for column, cell in enumerate(sheet.heading):
                page.write_string(0, column, cell, strong)
                longest = max([len(cell), *(len(row[column]) for row in sheet.rows)])
                page.set_column(column, column, min(60, max(8, longest + 2)))
            for line, row in enumerate(sheet.rows, 1):
                for column, cell in enumerate(row):
                    page.write_string(line, column, cell[:32_767], plain)
    return out.getvalue()
