"""Tables that come from a spreadsheet program, as text: CSV in UTF-8 (or UTF-16), and XLSX by its values.

A formula is never worked out: an XLSX cell is what the program stored as its value when it was saved last. All text is
NFC, without characters that are no part of a line; a day is "2026-11-28".
"""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import openpyxl

from intake.errors import Usage

MOST_BYTES = 32 << 20
MOST_UNPACKED = 256 << 20
MOST_ROWS = 20_000
MOST_COLUMNS = 200
LONGEST = 20_000
"""Characters of one cell."""

_ADVICE = "Save it again as XLSX, or as CSV in UTF-8, with one row of headings at the top."


@dataclass(frozen=True, slots=True)
class Row:
    """One row that holds anything. `line`: its number as the spreadsheet program shows it; `cells` by heading."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """The first sheet of a file: its headings, in order and each once, and its rows."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]


def read(path: Path) -> Spreadsheet:
    """Read a file by its ending, .csv or .xlsx. Raises `Usage` for one that is no such table, or too large."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Usage(f"{path.name} is larger than {MOST_BYTES >> 20} MB", "Split it.")
        raw = path.read_bytes()
    except OSError as error:
        raise Usage(f"can't read {path}: {error.strerror}") from None
    ending = path.suffix.lower()
    if ending not in (".csv", ".xlsx"):
        raise Usage(f"{path.name} is neither CSV nor XLSX", _ADVICE)
    lines = _xlsx(raw, path.name) if ending == ".xlsx" else _csv(raw, path.name)
    return _table(lines, path.name)


def _table(lines: Iterable[tuple[int, list[str]]], name: str) -> Spreadsheet:
    headings: list[str] = []
    rows: list[Row] = []
    for number, cells in lines:
        if not any(cells):
            continue
        if max(len(cells), len(headings)) > MOST_COLUMNS or len(rows) >= MOST_ROWS:
            raise Usage(f"{name} has more than {MOST_ROWS} rows or {MOST_COLUMNS} columns", "Split it.")
        if not headings:
            headings = cells
            told = [each for each in headings if each]
            if doubled := {each for each in told if told.count(each) > 1}:
                raise Usage(f"{name} has two columns {min(doubled)!r}", "Give each column a heading of its own.")
            continue
        rows.append(Row(number, {heading: cell for heading, cell in zip(headings, cells, strict=False) if heading}))
    if not rows:
        raise Usage(f"{name} has no rows beneath its headings", _ADVICE)
    return Spreadsheet(tuple(filter(None, headings)), tuple(rows))


def _csv(raw: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise Usage(f"{name} is not in UTF-8", _ADVICE) from None
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        number = 1
        for cells in reader:
            yield number, [_plain(cell) for cell in cells]
            number = reader.line_num + 1
    except csv.Error as error:
        raise Usage(f"{name}, line {reader.line_num}: {error}", _ADVICE) from None


def _xlsx(raw: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
                raise Usage(f"{name} unpacks to more than {MOST_UNPACKED >> 20} MB", "Split it.")
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True, max_col=MOST_COLUMNS + 1), 1):
            yield number, _trimmed([_plain(_told(cell)) for cell in cells])
    except Usage:
        raise
    except Exception as error:  # openpyxl raises whatever its XML and ZIP readers do
        raise Usage(f"{name} is no workbook that can be read ({type(error).__name__})", _ADVICE) from None


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _told(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _plain(text: str) -> str:
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ["".join(each if each.isprintable() else " " for each in line).strip() for line in lines]
    return "\n".join(kept).strip()[:LONGEST]
