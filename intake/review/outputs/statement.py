"""The statement and the travel sheet as papers, tables and drawings, in the words of one language. Pure.

What is in them comes from the public part of a release (`intake.review.outputs.release`) and the fixed words alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from intake.report.places import Gazetteer
from intake.review.outputs import charts, sheets
from intake.review.outputs.documents import Document, Grid, Heading, Paragraph, Part, Picture
from intake.review.outputs.typesetting import pdf
from intake.review.outputs.wording import Wording

LANGUAGES = ("en", "ru", "tg")
TRAVEL = "amonat/travel/1"

Public = Mapping[str, Any]


def travel_public(places: Sequence[str], *, first: date, last: date, day: date, version: int) -> dict[str, Any]:
    """The public part of a travel sheet: places and nothing else."""
    return {
        "format": TRAVEL,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "day": day.isoformat(),
        "version": version,
        "corrects": None,
        "places": sorted(places),
    }


def text(public: Public, language: str, places: Gazetteer) -> list[str]:
    """The sentences, for a terminal or a messenger."""
    words = Wording(language, places)
    if public["format"] == TRAVEL:
        found = [words.place(each) for each in public["places"]]
        lead = words("travel.sentence" if found else "travel.none", last=public["to"])
        return [lead, *(f"· {each}" for each in found), words("travel.warning"), *_draft(words)]
    values = {name: words.number(public[name]) for name in ("reports", "people", "confirmed")}
    name = "statement.sentence" if public["people"] else "statement.sentence-short"
    found = [words(name, first=public["from"], last=public["to"], **values), words("statement.not-total")]
    if public["corrects"]:
        found.append(words("statement.correction", version=public["corrects"]))
    return [*found, *_draft(words)]


def _draft(words: Wording) -> list[str]:
    """What is said beneath words that no native reader has signed."""
    return [words("statement.translation")] if words.draft else []


def files(public: Public, digest: str, places: Gazetteer, *, band: str = "") -> dict[str, bytes]:
    """Everything that is published: by name, in all languages. `band` names the message at the head of each page."""
    made: dict[str, bytes] = {}
    kind = "travel" if public["format"] == TRAVEL else "statement"
    for language in LANGUAGES:
        words = Wording(language, places)
        drawings = {} if kind == "travel" else _drawings(public, words)
        stem = f"{kind}-{public['to']}-v{public['version']}-{language}"
        made[f"{stem}.pdf"] = pdf(paper(public, digest, words, drawings, band=words(band) if band else ""))
        made[f"{stem}.txt"] = (
            "\n".join([*text(public, language, places), _stamp(public, digest, words)]) + "\n"
        ).encode()
        for name, drawing in drawings.items():
            made[f"{stem}-{name}.svg"] = drawing.encode()
        if kind == "statement":
            tables = [_sheet(table, words, public["confirmed"]) for table in public["tables"]]
            tables.append(sheets.Sheet("SHA-256", ("SHA-256",), ((digest,),)))
            made[f"{stem}.csv"] = sheets.csv_file(tables)
            made[f"{stem}.xlsx"] = sheets.xlsx_file(tables)
    stem = f"{kind}-{public['to']}-v{public['version']}"
    canonical = json.dumps(public, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    made[f"{stem}.json"] = canonical.encode()
    return made


def paper(public: Public, digest: str, words: Wording, drawings: Mapping[str, str], *, band: str = "") -> Document:
    """The release as a paper in one language."""
    travel = public["format"] == TRAVEL
    return Document(
        title=words("travel.title" if travel else "statement.title"),
        subtitle="" if travel else words("statement.period", first=public["from"], last=public["to"]),
        parts=tuple(_travel(public, words) if travel else _statement(public, words, drawings)),
        stamp=_stamp(public, digest, words),
        language=words.language.code,
        direction=words.language.direction,
        band=band,
        pages=words.plain("statement.pages"),
    )


def _travel(public: Public, words: Wording) -> list[Part]:
    found = [words.place(each) for each in public["places"]]
    lead = words("travel.sentence" if found else "travel.none", last=public["to"])
    listed = [Paragraph(f"•  {each}", "strong") for each in found]
    draft = [Paragraph(each, "note") for each in _draft(words)]
    return [Paragraph(lead, "sentence"), *listed, Paragraph(words("travel.warning")), *draft]


def _statement(public: Public, words: Wording, drawings: Mapping[str, str]) -> list[Part]:
    values = {name: words.number(public[name]) for name in ("reports", "people", "confirmed")}
    name = "statement.sentence" if public["people"] else "statement.sentence-short"
    parts: list[Part] = []
    if public["corrects"]:
        parts.append(Paragraph(words("statement.correction", version=public["corrects"]), "strong"))
    parts += [
        Paragraph(words(name, first=public["from"], last=public["to"], **values), "sentence"),
        Paragraph(words("statement.not-total"), "strong"),
        Paragraph(words("statement.sample")),
        Paragraph(words("statement.rules"), "note"),
        *(Paragraph(each, "note") for each in _draft(words)),
    ]
    for table in public["tables"]:
        parts.append(Heading(_title(table, words), 2))
        if table["withheld"]:
            parts.append(Paragraph(words("statement.withheld"), "note"))
            continue
        for drawn in ("time", "map") if table["name"] == "place" else (table["name"].replace(":", "-"),):
            if drawn in drawings:
                caption = words(f"statement.{drawn}") if drawn in ("time", "map") else ""
                parts.append(Picture(drawings[drawn].encode(), "svg", caption or _title(table, words), caption))
        sheet = _sheet(table, words, public["confirmed"])
        parts.append(Grid(sheet.heading, sheet.rows, numbers=True))
    return parts


def _drawings(public: Public, words: Wording) -> dict[str, str]:
    """Charts by name: place, time, map, kind, authority, and districts; none that would show nothing."""
    found: dict[str, str] = {}
    for table in public["tables"]:
        if table["withheld"]:
            continue
        if table["name"] == "place":
            totals = dict(zip(table["rows"], table["row_totals"], strict=True))
            told = {code: (words.place(code), printed, words.figure(printed)) for code, printed in totals.items()}
            times = zip(table["columns"], table["column_totals"], strict=True)
            told_times = [(words.column(code), printed, words.figure(printed)) for code, printed in times]
            if any(totals.values()):
                found["place"] = charts.bars(words("statement.place"), list(told.values()))
                found["map"] = charts.sketch(words("statement.map"), told)
            if any(printed for _, printed, _ in told_times):
                found["time"] = charts.bars(words("statement.time"), told_times)
            continue
        rows = zip(table["rows"], (cells[0] for cells in table["cells"]), strict=True)
        told_rows = [(words.row(table["name"], code), printed, words.figure(printed)) for code, printed in rows]
        found[table["name"].replace(":", "-")] = charts.bars(_title(table, words), told_rows)
    return found


def _sheet(table: Public, words: Wording, total_of: str | None) -> sheets.Sheet:
    """A table as rows of words; a crossed one with its margins."""
    crossed = table["row_totals"] is not None
    columns = [words.column(code) for code in table["columns"]]
    heading = ("", *columns, *([words("statement.total")] if crossed else []))
    rows = []
    for number, code in enumerate(table["rows"]):
        cells = [words.figure(cell) for cell in table["cells"][number]]
        total = [words.figure(table["row_totals"][number])] if crossed else []
        rows.append((words.row(table["name"], code), *cells, *total))
    if crossed:
        margin = [words.figure(cell) for cell in table["column_totals"]]
        rows.append((words("statement.total"), *margin, words.figure(total_of)))
    return sheets.Sheet(_title(table, words), heading, tuple(rows))


def _title(table: Public, words: Wording) -> str:
    kind, _, region = table["name"].partition(":")
    return words("statement.district", region=words.place(region)) if region else words(f"statement.{kind}")


def _stamp(public: Public, digest: str, words: Wording) -> str:
    return words("statement.version", version=public["version"], day=public["day"], hash=digest)
