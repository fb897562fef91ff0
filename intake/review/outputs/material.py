"""What a paper is made of: the reports that may be used, what reviewers coded and translated of them, names for people.

`gather` reads the vault; the rest is pure. Nothing of a report that may not be used is in it: an act that a reviewer
coded counts only where every report that it rests on may be used, and one that names no report rests on none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from intake.report.document import Json
from intake.report.folding import fold
from intake.report.package import FileEntry, Report
from intake.review import acts, cases, submissions, translations
from intake.review.acts import Act
from intake.review.cases import Case
from intake.review.log import Content
from intake.review.outputs.attachments import Attached
from intake.review.outputs.consent import Naming
from intake.review.outputs.redaction import Redaction, initials
from intake.review.tables import event
from intake.review.translations import Translation


@dataclass(frozen=True, slots=True)
class Testimony:
    """One report that may be used. `files`: each with its SHA-256 in hex, and what goes along of it.

    `translations`: those into English.
    """

    number: int
    report: Report
    imported: datetime
    original: str
    bundle: str | None
    files: tuple[tuple[FileEntry, str, Attached], ...]
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """All that a paper is made of. `people`: names, the one whom it is about first; `custody`: moment, who, what.

    `acts`: what reviewers coded from these reports alone, about that person or about nobody in particular;
    `passed_over` counts the others of the case.
    """

    case: str
    level: str
    people: tuple[str, ...]
    testimonies: tuple[Testimony, ...]
    custody: tuple[tuple[str, str, str], ...]
    acts: tuple[Act, ...] = ()
    passed_over: int = 0

    def numbers(self, of: Act) -> tuple[int, ...]:
        """The numbers of the reports that an act rests on."""
        return tuple(each.number for each in self.testimonies if each.report.id in of.sources)


def gather(
    connection: Connection,
    case: Case,
    allowed: Sequence[str],
    person: str | None = None,
    attached: Sequence[Attached] = (),
) -> Material:
    """Everything about a case that these reports say; about `person`, or the first of the case whom they name.

    `attached` says what becomes of their files; of one that it does not name nothing goes along.
    """
    family = cases.family(connection, case)
    going = {(each.submission, each.number): each for each in attached}
    testimonies = []
    for number, each in enumerate(allowed, 1):
        found = submissions.find(connection, each)
        files = tuple(
            (entry, sha256, going.get((found.id, place), Attached(found.id, place)))
            for place, (entry, sha256) in enumerate(zip(found.report.files, found.files, strict=True), 1)
        )
        english = tuple(
            text for text in translations.of_submission(connection, found.id) if text.language.partition("-")[0] == "en"
        )
        testimonies.append(
            Testimony(number, found.report, found.imported, found.original.hex(), found.bundle, files, english)
        )
    named = [name for part in family for name in part.parts.get("person", {})]
    told = [name for each in testimonies for name in _names(each.report)]
    of_these = [name for name in named if any(alike(name, each) for each in told)]
    subject = person or next(iter([*of_these, *told]), "")
    level = cases.verified(connection, case, frozenset(allowed)).level.name
    people = (subject, *(name for name in dict.fromkeys([*named, *told]) if name != subject))
    ids = [part.id for part in family]
    every = acts.of_case(connection, tuple(ids))
    usable = tuple(
        each
        for each in every
        if each.sources and set(each.sources) <= set(allowed) and (not each.person or alike(each.person, subject))
    )
    return Material(
        case.id,
        level,
        people,
        tuple(testimonies),
        tuple(_custody(connection, ids)),
        usable,
        len(every) - len(usable),
    )


def names(material: Material, naming: Naming) -> dict[str, str]:
    """What stands for each name: the subject as asked for, others never by name, since nobody asked them."""
    subject, *others = material.people
    label = initials(subject) if naming is Naming.INITIALS else "P1"
    found: dict[str, str] = {}
    count = 1
    for name in others:
        if alike(name, subject):
            found[name] = label
        elif same := next((known for known in found if alike(known, name)), None):
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


def _people(report: Report) -> list[dict[str, Json]]:
    told = report.answers.get("who")
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _names(report: Report) -> list[str]:
    return [name for each in _people(report) if isinstance(name := each.get("name"), str) and name.strip()]


def _strings(answer: Json) -> list[str]:
    return [each for each in answer if isinstance(each, str) and each.strip()] if isinstance(answer, list) else []


def alike(one: str, other: str) -> bool:
    """Whether two names in a case are one person's: they share a word, and no more than a word is foreign."""
    left, right = set(fold(one).split()), set(fold(other).split())
    return bool(left & right) or next(Redaction({one: ""}).found(other), None) is not None


def _custody(connection: Connection, family: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    query = select(event.c.utc, event.c.reviewer, event.c.content).where(
        event.c.kind == "case", event.c.entity.in_(family)
    )
    for row in connection.execute(query.order_by(event.c.utc, event.c.reviewer, event.c.number)):
        if row.content is None:
            continue
        kind = Content.parse(row.content.encode()).field.partition("/")[0]
        yield row.utc, row.reviewer, STEPS.get(kind, "changed the case")


STEPS = {
    "title": "named the case",
    "source": "judged a source",
    "independent": "said why two sources are independent",
    "document": "entered a document",
    "admitted": "entered an official admission",
    "person": "entered a person",
    "merged": "merged the case, or took it apart",
    "note": "wrote a note",
}
