"""A case made into the paper of a form: what each report says to each question, what is missing, and where it is from.

Nothing is added: an item that no report answers stays empty and is named as missing, and where reports differ, both
stand with their numbers. What reviewers coded and translated stands beside that, with who did it. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from intake.locale import packaged_places, packaged_questionnaire
from intake.report.document import Json
from intake.report.questionnaire import Field
from intake.review import acts
from intake.review.acts import Act
from intake.review.outputs.answers import Answers, Said, date_in_words, written_out
from intake.review.outputs.bodies import DOSSIER, UNPUBLISHED, Body, Item, private
from intake.review.outputs.consent import TOLD, Naming, Recipient
from intake.review.outputs.documents import Document, clean
from intake.review.outputs.layout import FIXED, laid_out
from intake.review.outputs.material import STEPS, Material, Testimony
from intake.review.outputs.redaction import Redaction

FORMAT = "amonat/paper/1"
_OF_THIS_DESK = frozenset({"received", "bundle"})
LANGUAGES = {"tg": "Tajik", "ru": "Russian", "en": "English", "fa": "Persian"}


@dataclass(frozen=True, slots=True)
class Paper:
    """The paper: as a document, and as JSON with the same content.

    `hash`: of that JSON in hex, but for its day, and when and in which bundle each report came to this desk.
    """

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

    @property
    def public(self) -> bool:
        """Whether anybody may read it."""
        return self.recipient in (Recipient.PUBLIC, Recipient.ANONYMOUS)


def paper(order: Order, material: Material, redaction: Redaction) -> Paper:
    """The paper. `redaction` has been given the names that `material.names` gives.

    The hash leaves out what differs from desk to desk: two reviewers agree to what it says, each at their own.
    """
    told = _Teller(order, material, redaction).told()
    agreed = {key: value for key, value in told.items() if key != "day"}
    agreed["sources"] = [{k: v for k, v in each.items() if k not in _OF_THIS_DESK} for each in told["sources"]]
    raw = json.dumps(agreed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(raw).hexdigest()
    return Paper(laid_out(order.body, told, digest, order.band), told, digest, tuple(told["missing"]))


def fixed_words(body: Body) -> str:
    """What stands in every paper of a form, whoever it is about, and is not passed through what is left out."""
    asked = [body.title, body.lead, *(title for title, _ in body.sections), *(item.words for item in body.items)]
    ours = [*STEPS.values(), *_DATED.values(), *TOLD.values(), *LANGUAGES.values(), *_ALSO, *FIXED]
    coded = [kind.words for kind in acts.kinds().values()]
    coded += [word.replace("_", " ") for each in acts.lists().values() for word in each.codes]
    coded += [name.replace("_", " ") for name in acts.lists()]
    return "\n".join([*asked, *ours, *coded])


class _Teller:
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
            "person": self._text(next(iter(material.people), "")) or "nobody named",
            "submitter": clean(order.submitter.strip()) or None,
            "victim_consent": order.victim or None,
            "sections": sections,
            "timeline": _in_order(
                {"date": when, "what": what, "sources": [*those], "awaited": awaited, "coded_by": by}
                for when, what, those, awaited, by in self._timeline()
            ),
            "next_dates": self._next_dates(),
            "acts": [self._act(each) for each in material.acts],
            "sources": [self._source(each) for each in material.testimonies],
            "files": [*self._files()],
            "custody": [{"utc": utc, "reviewer": who, "what": what} for utc, who, what in material.custody],
            "missing": [*missing, *self._also_missing()],
        }

    def _item(self, item: Item) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        for field_id in item.fields:
            field = self._questionnaire.field(field_id)
            if field is None or private(field_id) or (self._order.public and field_id in UNPUBLISHED):
                continue
            for each in self._material.testimonies:
                told = self._answers.said(field, _given(field, each))
                found += [self._answer(field_id, said, [each.number], each.report.language) for said in told]
            for act in self._material.acts:
                those = [*self._material.numbers(act)]
                found += [self._answer(field_id, said, those, "en") | _coder(act) for said in _coded(field_id, act)]
        told_of = {"number": item.number, "words": item.words, "minimum": item.minimum, "asked": bool(item.fields)}
        return {**told_of, "answers": found}

    def _answer(self, field_id: str, said: Said, sources: list[int], language: str) -> dict[str, Any]:
        text = self._text(said.text)
        if self._order.body.one_person and not said.own:
            text = written_out(text)
        told = LANGUAGES.get(language, language)
        return {"sources": sources, "field": field_id, "text": text, "own": said.own, "language": told}

    def _text(self, text: str) -> str:
        return clean(self._redaction.apply(text))

    def _act(self, act: Act) -> dict[str, Any]:
        kind = acts.kinds()[act.what]
        lists = acts.lists()
        return {
            "what": kind.words,
            "huridocs": kind.code,
            "when": date_in_words(act.when) if isinstance(act.when, dict) else None,
            "place": self._text(act.place) if act.place else None,
            "note": self._text(act.note) if act.note else None,
            "settled": self._text(act.settled) if act.settled else None,
            "codes": [
                {
                    "name": name.replace("_", " "),
                    "field": lists[name].field,
                    "list": lists[name].number,
                    "word": word.replace("_", " "),
                    "code": lists[name].codes[word],
                }
                for name, word in sorted(act.codes.items())
            ],
            "sources": [*self._material.numbers(act)],
            **_coder(act),
        }

    def _timeline(self) -> Iterator[tuple[str, str, tuple[int, ...], bool, str | None]]:
        """Date, what, the numbers of the reports that say so, whether it was to come, and who coded it."""
        for each in self._material.testimonies:
            answers = each.report.answers
            for field_id, what in _DATED.items():
                if when := _dated(answers.get(field_id)):
                    yield when, what, (each.number,), field_id in _AWAITED, None
            stays = answers.get("held_places")
            for stay in stays if isinstance(stays, list) else ():
                if isinstance(stay, dict) and (when := _dated(stay.get("from"))):
                    yield when, self._held(stay.get("place")), (each.number,), False, None
            yield each.report.day.isoformat(), "Reported", (each.number,), False, None
        for act in self._material.acts:
            if when := _dated(act.when):
                kind = acts.kinds()[act.what]
                at = f", {self._text(act.place)}" if act.place else ""
                came = f": {self._text(act.settled)}" if act.settled else ""
                what = f"{kind.words[0].upper()}{kind.words[1:]}{at}{came}"
                yield when, what, self._material.numbers(act), bool(kind.ahead) and not act.settled, act.reviewer

    def _held(self, place: Json) -> str:
        """That somebody was held, and where, in the words of the list of places or of the witness."""
        name = self._answers.place(place)
        if not name:
            return "Held at another place"
        return f"Held: {self._text(written_out(name) if self._order.body.one_person else name)}"

    def _next_dates(self) -> list[dict[str, Any]]:
        """Hearings, removals, ends of terms and deadlines of which nobody said what came of them."""
        found: list[tuple[str, str, tuple[int, ...], str | None]] = [
            (when, _DATED[field_id], (each.number,), None)
            for each in self._material.testimonies
            for field_id in _AWAITED
            if (when := _dated(each.report.answers.get(field_id)))
        ]
        open_acts = [each for each in self._material.acts if acts.kinds()[each.what].ahead and not each.settled]
        settled = {_dated(each.when) for each in self._material.acts if each.settled}
        told = [each for each in found if each[0] not in settled]
        told += [
            (when, acts.kinds()[each.what].words.capitalize(), self._material.numbers(each), each.reviewer)
            for each in open_acts
            if (when := _dated(each.when))
        ]
        return _in_order(
            {"date": when, "what": what, "sources": [*those], "awaited": True, "coded_by": by}
            for when, what, those, by in told
        )

    def _source(self, each: Testimony) -> dict[str, Any]:
        return {
            "number": each.number,
            "received": each.imported.strftime("%Y-%m-%d %H:%M"),
            "language": LANGUAGES.get(each.report.language, each.report.language),
            "sealed_by": each.report.sealed_by,
            "sha256": each.original,
            "bundle": each.bundle,
            "translations": [
                {"language": text.language, "text": self._text(text.text), "by": text.reviewer, "utc": text.utc}
                for text in each.translations
            ],
        }

    def _files(self) -> Iterator[dict[str, Any]]:
        for each in self._material.testimonies:
            for number, (entry, sha256, going) in enumerate(each.files, 1):
                yield {
                    "source": each.number,
                    "number": number,
                    "type": self._text(entry.type),
                    "size": entry.size,
                    "sha256": sha256,
                    "cleaned": entry.cleaned,
                    "goes_as": ("original" if going.original else "working copy") if going.copies else None,
                    "copies": [{"name": copy.name, "page": copy.page, "sha256": copy.sha256} for copy in going.copies],
                    "hidden_areas": going.hidden,
                    # Why it is, is the desk's own affair: `dossier check` tells it there.
                    "why_not": None if going.copies else "it is kept at the desk",
                }

    def _also_missing(self) -> Iterator[str]:
        """What no question of the form asks."""
        order = self._order
        if order.body.name == DOSSIER:
            return
        if not order.submitter.strip():
            yield _ALSO[0]
        if order.body.name == "special":
            yield _ALSO[1]
        if order.body.name == "rule39":
            yield _ALSO[2]


_ALSO = (
    "The submitter: name and address",
    "Confirm that the person knows of the later public report",
    "Form of authority for the lawyer, signed",
)
_DATED = {
    "when": "It happened",
    "removal_when": "Removal",
    "decision_last": "Last decision",
    "next_date": "Next hearing, or end of term",
    "as_of": "As of this day the answers were true",
}
_AWAITED = ("removal_when", "next_date")
"""Of these, what was still to come when it was told."""
_TAKEN = frozenset({"arrest", "detention", "disappearance", "abduction", "house_arrest"})
_DATES = {
    "when": _TAKEN,
    "removal_when": frozenset({"removal"}),
    "next_date": frozenset({"hearing", "end_of_term", "deadline"}),
    "decision_last": frozenset({"decision"}),
}
"""Which acts answer which question with their date; and with their place, `where` and `held_places`."""


def _given(field: Field, of: Testimony) -> Json:
    """What a report answers. Which files it has is told by the files, which the page counts nowhere else."""
    if field.type == "file_list" and of.files:
        return [*range(1, len(of.files) + 1)]
    return of.report.answers.get(field.id)


def _coded(field_id: str, act: Act) -> Iterator[Said]:
    """What an act that a reviewer coded answers to a question."""
    words = acts.kinds()[act.what].words
    if field_id in _DATES and act.what in _DATES[field_id] and not act.settled and (when := _dated(act.when)):
        yield Said(f"{words}: {when}", own=False)
    if field_id == "where" and act.what in _TAKEN and act.place:
        yield Said(f"{words}: {act.place}", own=False)
    if field_id == "held_places" and act.what == "transfer" and act.place:
        yield Said(f"{act.place}, from {_dated(act.when)}" if _dated(act.when) else act.place, own=False)


def _in_order(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines by their dates; what several reports say alike is one line with all their numbers."""
    found: dict[tuple[str, str, str | None], dict[str, Any]] = {}
    for each in lines:
        known = found.setdefault((each["date"], each["what"], each.get("coded_by")), {**each, "sources": []})
        known["sources"] = sorted({*known["sources"], *each["sources"]})
    return sorted(found.values(), key=lambda each: (each["date"].removeprefix("about "), each["sources"], each["what"]))


def _coder(act: Act) -> dict[str, Any]:
    """Who coded it, and when."""
    return {"coded_by": act.reviewer, "utc": act.utc}


def _dated(when: Json) -> str:
    """A date as words, "" for what has none."""
    return date_in_words(when) if isinstance(when, dict) and when.get("date") else ""
