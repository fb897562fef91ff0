"""A case made into the paper of a form: what each report says to each question, what is missing, and where it is from.

Nothing is added: an item that no report answers stays empty and is named as missing, and where reports differ, both
stand with their numbers. Pure, but for `gather`, which reads the vault.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from intake.locale import packaged_places, packaged_questionnaire
from intake.report.document import Json
from intake.report.folding import fold
from intake.report.package import FileEntry, Report
from intake.review import cases, submissions
from intake.review.cases import Case
from intake.review.log import Content
from intake.review.outputs.answers import Answers, date_in_words, written_out
from intake.review.outputs.bodies import DOSSIER, Body, Item, private
from intake.review.outputs.consent import TOLD, Naming, Recipient
from intake.review.outputs.documents import (
    Checklist,
    Document,
    Facts,
    Grid,
    Heading,
    Paragraph,
    Part,
    clean,
)
from intake.review.outputs.redaction import Redaction, initials
from intake.review.tables import event

FORMAT = "amonat/paper/1"
LANGUAGES = {"tg": "Tajik", "ru": "Russian", "en": "English", "fa": "Persian"}
_LONG = 160


@dataclass(frozen=True, slots=True)
class Testimony:
    """One report that may be used. `files`: each with its SHA-256 in hex."""

    number: int
    report: Report
    imported: datetime
    original: str
    bundle: str | None
    files: tuple[tuple[FileEntry, str], ...]


@dataclass(frozen=True, slots=True)
class Material:
    """All that a paper is made of. `people`: names, the one whom it is about first; `custody`: moment, who, what."""

    case: str
    level: str
    people: tuple[str, ...]
    testimonies: tuple[Testimony, ...]
    custody: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """The paper: as a document, and as JSON with the same content; `hash` is of that JSON, in hex."""

    document: Document
    told: Mapping[str, Any]
    hash: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: the form, for whom, how people stand in it; and what the desk adds."""

    body: Body
    recipient: Recipient
    naming: Naming
    day: date
    version: int
    submitter: str = ""
    victim: str = ""
    band: str = "CONFIDENTIAL"


def gather(connection: Connection, case: Case, allowed: Sequence[str], person: str | None = None) -> Material:
    """Everything about a case that these reports say; about `person`, or the first whom the case names."""
    family = cases.family(connection, case)
    testimonies = []
    for number, each in enumerate(allowed, 1):
        found = submissions.find(connection, each)
        files = tuple(zip(found.report.files, found.files, strict=True))
        testimonies.append(Testimony(number, found.report, found.imported, found.original.hex(), found.bundle, files))
    named = [name for part in family for name in part.parts.get("person", {})]
    told = [name for each in testimonies for name in _names(each.report)]
    subject = person or next(iter([*named, *told]), "")
    level = cases.verified(connection, case, frozenset(allowed)).level.name
    people = (subject, *(name for name in dict.fromkeys([*named, *told]) if name != subject))
    return Material(case.id, level, people, tuple(testimonies), tuple(_custody(connection, [p.id for p in family])))


def names(material: Material, naming: Naming) -> dict[str, str]:
    """What stands for each name: the subject as asked for, others never by name, since nobody asked them."""
    subject, *others = material.people
    label = initials(subject) if naming is Naming.INITIALS else "P1"
    found: dict[str, str] = {}
    count = 1
    for name in others:
        if _alike(name, subject):
            found[name] = label
        elif same := next((known for known in found if _alike(known, name)), None):
            found[name] = found[same]
        else:
            count += 1
            found[name] = f"P{count}"
    for report in (each.report for each in material.testimonies):
        for place, person in enumerate(_people(report)):
            belongs = found.get(str(person.get("name")), label if place == 0 else "")
            also = [*_strings(person.get("other")), *(_strings(report.answers.get("other_names")) if not place else ())]
            found |= {name: belongs or label for name in also if name != subject and name not in found}
    if naming is Naming.FULL:
        return {name: code for name, code in found.items() if code != label}
    return {**found, subject: label} if subject else found


def paper(order: Order, material: Material, redaction: Redaction) -> Paper:
    """The paper. `redaction` has been given the names that `names` gives."""
    writer = _Writer(order, material, redaction)
    told = writer.told()
    digest = hashlib.sha256(
        json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()
    return Paper(writer.document(told, digest), told, digest, tuple(told["missing"]))


def fixed_words(body: Body) -> str:
    """What stands in every paper of a form, whoever it is about: its questions, and the words for coded answers."""
    coded = [choice.words for choices in packaged_questionnaire().lists.values() for choice in choices]
    places = [place.name("en") for place in packaged_places().places]
    asked = [body.title, body.lead, *(title for title, _ in body.sections), *(item.words for item in body.items)]
    return "\n".join([*asked, *coded, *places, *_STEPS.values(), *_DATED.values(), *TOLD.values()])


def _joined(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Answers that are the same in several reports as one, with all their numbers."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for answer in answers:
        known = found.setdefault((answer["field"], answer["text"]), {**answer, "source": []})
        known["source"].append(str(answer["source"]))
    return [{**each, "source": ", ".join(each["source"])} for each in found.values()]


class _Writer:
    def __init__(self, order: Order, material: Material, redaction: Redaction) -> None:
        self._order = order
        self._material = material
        self._redaction = redaction
        self._questionnaire = packaged_questionnaire()
        self._answers = Answers(self._questionnaire, packaged_places())

    def told(self) -> dict[str, Any]:
        order, material = self._order, self._material
        sections: list[dict[str, Any]] = [
            {"title": title, "items": [self._item(item) for item in items]} for title, items in order.body.sections
        ]
        missing = [
            f"{item['number']} {item['words']}".strip()
            for section in sections
            for item in section["items"]
            if item["minimum"] and not item["answers"]
        ]
        return {
            "format": FORMAT,
            "form": order.body.name,
            "version": order.version,
            "day": order.day.isoformat(),
            "recipient": order.recipient.value,
            "naming": order.naming.value,
            "case": material.case,
            "level": material.level,
            "person": self._subject(),
            "submitter": order.submitter or None,
            "victim_consent": order.victim or None,
            "sections": sections,
            "timeline": [{"date": when, "what": what, "source": number} for when, what, number in self._timeline()],
            "sources": [self._source(each) for each in material.testimonies],
            "files": [
                {"source": each.number, "type": file.type, "size": file.size, "sha256": sha, "cleaned": file.cleaned}
                for each in material.testimonies
                for file, sha in each.files
            ],
            "custody": [{"utc": utc, "reviewer": who, "what": what} for utc, who, what in material.custody],
            "missing": [*missing, *self._also_missing()],
        }

    def document(self, told: Mapping[str, Any], digest: str) -> Document:
        order = self._order
        parts: list[Part] = [Paragraph(order.body.lead, "note")]
        if order.body.name == "rule39":
            parts.append(Paragraph(self._clock(told), "sentence"))
        for section in told["sections"]:
            parts.append(Heading(section["title"], 2))
            parts += self._section(section["items"])
        if told["timeline"]:
            rows = tuple((each["date"], each["what"], f"[{each['source']}]") for each in told["timeline"])
            parts += [Heading("Timeline", 2), Grid(("Date", "What", "Source"), rows)]
        parts += [Heading("Sources and custody", 2), *self._custody_parts(told)]
        parts.append(Heading("What is still missing", 2))
        missing = tuple((False, each) for each in told["missing"])
        parts.append(Checklist(missing) if missing else Paragraph("Nothing that this form asks for at least."))
        subject = self._subject()
        return Document(
            title=order.body.title,
            subtitle=f"{subject} · {order.day.isoformat()} · for {TOLD[order.recipient]}",
            parts=tuple(parts),
            stamp=f"version {order.version} · SHA-256 {digest}",
            band=order.band,
        )

    def _section(self, items: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
        rows: list[tuple[str, str, str]] = []
        for item in items:
            name = f"{item['number']}  {item['words']}".strip()
            if not item["answers"]:
                rows.append((name, "not told", ""))
                continue
            for answer in _joined(item["answers"]):
                if answer["own"] and len(answer["text"]) > _LONG:
                    if rows:
                        yield Facts(tuple(rows))
                        rows = []
                    yield Paragraph(f"{name} [{answer['source']}], {answer['language']}, own words:", "note")
                    yield Paragraph(answer["text"], "quote")
                    if answer["language"] != "English":
                        yield Paragraph("English translation, and who made it: " + "_" * 40, "note")
                else:
                    rows.append((name, answer["text"], f"[{answer['source']}]"))
                    if answer["own"] and answer["language"] != "English":
                        rows.append(("", "translation: " + "_" * 24, ""))
                name = ""
        if rows:
            yield Facts(tuple(rows))

    def _custody_parts(self, told: Mapping[str, Any]) -> Iterator[Part]:
        yield Paragraph(
            f"{len(told['sources'])} reports are used. Verification: {told['level']}. Each sealed original is kept "
            "unchanged; its SHA-256 is that of the sealed file. Times are UTC.",
        )
        rows = tuple(
            (f"[{each['number']}]", each["received"], each["language"], each["sealed_by"], _grouped(each["sha256"]))
            for each in told["sources"]
        )
        yield Grid(("No", "Received", "Language", "Sealed by", "SHA-256 of the original"), rows)
        if told["files"]:
            files = tuple(
                (f"[{each['source']}]", each["type"], f"{each['size']:,}", _grouped(each["sha256"]))
                for each in told["files"]
            )
            yield Grid(("Source", "Type", "Bytes", "SHA-256 of the file"), files)
        steps = tuple((each["utc"], each["reviewer"], each["what"]) for each in told["custody"])
        if steps:
            yield Grid(("When", "Who", "What was done"), steps)

    def _item(self, item: Item) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        for field_id in item.fields:
            field = self._questionnaire.field(field_id)
            if field is None or private(field_id):
                continue
            for each in self._material.testimonies:
                for said in self._answers.said(field, each.report.answers.get(field_id)):
                    text = self._text(said.text)
                    if self._order.body.one_person and not said.own:
                        text = written_out(text)
                    language = LANGUAGES.get(each.report.language, each.report.language)
                    found.append(
                        {"source": each.number, "field": field_id, "text": text, "own": said.own, "language": language}
                    )
        return {"number": item.number, "words": item.words, "minimum": item.minimum, "answers": found}

    def _text(self, text: str) -> str:
        return clean(self._redaction.apply(text))

    def _subject(self) -> str:
        subject = next(iter(self._material.people), "")
        return self._text(subject) or "nobody named"

    def _clock(self, told: Mapping[str, Any]) -> str:
        first = told["sections"][0]["items"]
        parts = []
        for item in first:
            answers = [answer["text"] for answer in item["answers"]]
            parts.append(f"{item['words']}: {' / '.join(answers) or 'NOT TOLD'}")
        return "\n".join(parts)

    def _timeline(self) -> list[tuple[str, str, int]]:
        found: list[tuple[str, str, int]] = []
        for each in self._material.testimonies:
            answers = each.report.answers
            for field_id, what in _DATED.items():
                if isinstance(when := answers.get(field_id), dict) and when.get("date"):
                    found.append((date_in_words(when), what, each.number))
            stays = answers.get("held_places")
            found += [
                (date_in_words(since), "Held at another place", each.number)
                for stay in (stays if isinstance(stays, list) else ())
                if isinstance(stay, dict) and isinstance(since := stay.get("from"), dict) and since.get("date")
            ]
            found.append((each.report.day.isoformat(), "Reported", each.number))
        return sorted(found, key=lambda each: (each[0].removeprefix("about "), each[2], each[1]))

    def _source(self, each: Testimony) -> dict[str, Any]:
        return {
            "number": each.number,
            "received": each.imported.strftime("%Y-%m-%d %H:%M"),
            "language": LANGUAGES.get(each.report.language, each.report.language),
            "sealed_by": each.report.sealed_by,
            "sha256": each.original,
            "bundle": each.bundle,
        }

    def _also_missing(self) -> Iterator[str]:
        """What no question of the form asks."""
        order = self._order
        if order.body.name == DOSSIER:
            return
        if not order.submitter:
            yield "The submitter: name and address (--submitter)"
        if order.body.name == "special":
            yield "Confirm that the person knows of the later public report"
        if order.body.name == "rule39":
            yield "Form of authority for the lawyer, signed"


_DATED = {
    "when": "It happened",
    "removal_when": "Removal",
    "decision_last": "Last decision",
    "next_date": "Next hearing, or end of term",
    "as_of": "As of this day the answers were true",
}


def _people(report: Report) -> list[dict[str, Json]]:
    told = report.answers.get("who")
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _names(report: Report) -> list[str]:
    return [name for each in _people(report) if isinstance(name := each.get("name"), str) and name.strip()]


def _strings(answer: Json) -> list[str]:
    return [each for each in answer if isinstance(each, str) and each.strip()] if isinstance(answer, list) else []


def _alike(one: str, other: str) -> bool:
    """Whether two names in a case are one person's: they share a word, and no more than a word is foreign."""
    left, right = set(fold(one).split()), set(fold(other).split())
    return bool(left & right) or next(Redaction({one: ""}).found(other), None) is not None


def _custody(connection: Connection, family: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    query = select(event.c.utc, event.c.reviewer, event.c.content).where(
        event.c.kind == "case", event.c.entity.in_(family)
    )
    for row in connection.execute(query.order_by(event.c.utc, event.c.id)):
        if row.content is None:
            continue
        kind = Content.parse(row.content.encode()).field.partition("/")[0]
        yield row.utc, row.reviewer, _STEPS.get(kind, "changed the case")


_STEPS = {
    "title": "named the case",
    "source": "judged a source",
    "independent": "said why two sources are independent",
    "document": "entered a document",
    "admitted": "entered an official admission",
    "person": "entered a person",
    "merged": "merged the case, or took it apart",
    "note": "wrote a note",
}


def _grouped(digest: str) -> str:
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
