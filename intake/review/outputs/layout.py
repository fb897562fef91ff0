"""How a paper is laid out: its content, as `dossier` tells it, made into parts. Only our words are added. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from intake.review.ladder import Level
from intake.review.outputs.bodies import Body
from intake.review.outputs.consent import TOLD, Recipient
from intake.review.outputs.documents import Checklist, Document, Facts, Grid, Heading, Paragraph, Part

_LONG = 160
"""Characters of an answer that stands on lines of its own."""
_SHORT = 60
"""And of one that is rather said again than referred to."""
_ROOM = "_" * 40
_CUSTODY = (
    "Reports used: {count}. Verification: {level}. Each sealed original is kept unchanged; its SHA-256 is that of "
    "the sealed file. Times are UTC."
)
_FILES = (
    "What goes along is a copy made of the pixels that were seen, with areas hidden where that is said. It is no "
    "evidence: the file itself is kept sealed as it came, and its SHA-256 stands here."
)
_CODED = "What reviewers coded from these reports, under the numbers of HURIDOCS's Events Standard Formats."
_PASSED = "this date has passed; what came of it is not told"
_AHEAD = "to come"
_COMPLETE = "Nothing that this form asks for at least."
_ABOVE = "as told above, under"
_UNASKED = "not asked of witnesses"
_STEPS = "What was done with the case at the desk"
_URGENT = "Rule 39 – Urgent"
_REACHED = "Person to contact (name and contact details)"
_SEALED_BY = {
    "browser": "the witness's browser",
    "server": "the server, as it came",
    "carried-form": "a form on the witness's device",
    "cli": "a reviewer",
}
_SUBMITTER = "Name and address"
FIXED = (
    _CUSTODY, _FILES, _CODED, _PASSED, _AHEAD, _COMPLETE, _ABOVE, _UNASKED, _STEPS, _URGENT, _REACHED, _SUBMITTER,
    *_SEALED_BY.values(), *(each.value for each in Level), "Submitter",
    "not told NOT TOLD own words form in and translation English nobody named for version page of to UTC",
    "Next dates Timeline Date What Source Sources and custody No Received Language Sealed by SHA-256 of the original",
    "File Type Bytes Goes along as page still nothing areas hidden working copy original kept at the desk not asked",
    "it is kept at the desk When Who done coded by Where Codes HURIDOCS",
    "What is still missing Translations of report into",
)  # fmt: skip
"""The words above and below, which tell nothing of anybody."""


def laid_out(body: Body, told: Mapping[str, Any], digest: str, band: str) -> Document:
    """The document of what is told; `digest` is its hash."""
    return Document(
        title=body.title,
        subtitle=f"{told['person']} · {told['day']} · for {TOLD[Recipient(told['recipient'])]}",
        parts=tuple(_parts(body, told)),
        stamp=f"version {told['version']} · SHA-256 {digest}",
        band=band,
    )


def _parts(body: Body, told: Mapping[str, Any]) -> Iterator[Part]:
    yield Paragraph(body.lead, "note")
    if body.name == "rule39":
        # What the Court's Practice Direction wants on the face of such a request.
        yield Paragraph(f"{_URGENT}\n{_REACHED}: {told['submitter'] or 'NOT TOLD'}", "strong")
        yield Paragraph(_clock(told["sections"][0]["items"]), "sentence")
    translated = {source["number"]: source["translations"] for source in told["sources"] if source["translations"]}
    answered = _Answered(translated)
    for section in told["sections"]:
        yield Heading(section["title"], 2)
        yield from answered.section(section["items"])
    if told["submitter"] or body.submitter is not None:
        name = f"{body.submitter or ''}  {_SUBMITTER}".strip()
        yield from (Heading("Submitter", 2), Facts(((name, told["submitter"] or "not told", ""),)))
    if rest := [each for each in translated if each not in answered.placed]:
        yield Heading("Translations", 2)
        for number in rest:
            yield from _translation(number, translated[number])
    if told["next_dates"]:
        dates = tuple((each["date"], _awaited(each, told["day"]), _cited(each)) for each in told["next_dates"])
        yield from (Heading("Next dates", 2), Grid(("Date", "What", "Source"), dates))
    if told["timeline"]:
        rows = tuple((each["date"], _awaited(each, told["day"]), _cited(each)) for each in told["timeline"])
        yield from (Heading("Timeline", 2), Grid(("Date", "What", "Source"), rows))
    if told["acts"]:
        yield from (Heading("Coded by reviewers", 2), Paragraph(_CODED, "note"), _acts(told["acts"]))
    yield Heading("Sources and custody", 2)
    yield from _custody(told)
    yield Heading("What is still missing", 2)
    missing = tuple((False, each) for each in told["missing"])
    yield Checklist(missing) if missing else Paragraph(_COMPLETE)


class _Answered:
    """Sections one after the other. A translation, and what was said at length, stands where it comes first."""

    def __init__(self, translated: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
        self._translated = translated
        self._said: dict[tuple[str, str], str] = {}
        self.placed: set[int] = set()

    def section(self, items: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
        rows: list[tuple[str, str, str]] = []
        for item in items:
            name = f"{item['number']}  {item['words']}".strip()
            if not item["answers"]:
                rows.append((name, "not told" if item["asked"] else _UNASKED, ""))
                continue
            first = len(rows)
            referred: dict[str, set[int]] = {}
            for answer in _joined(item["answers"]):
                if above := self._above(answer, name):
                    referred.setdefault(above, set()).update(answer["sources"])
                    continue
                label = name if len(rows) == first else ""
                parts, room = self._beside(answer)
                if parts or (answer["own"] and len(answer["text"]) > _LONG):
                    if rows:
                        yield Facts(tuple(rows))
                        rows = []
                    yield Paragraph(f"{name} {_cited(answer)}, own words, form in {answer['language']}:", "note")
                    yield Paragraph(answer["text"], "quote")
                    yield from parts
                    if room:
                        yield Paragraph(f"English translation, and who made it: {_ROOM}", "note")
                    first = -1
                else:
                    rows.append((label, answer["text"], _cited(answer)))
                    if room:
                        rows.append(("", f"translation: {_ROOM[:24]}", ""))
            for above, numbers in referred.items():
                label = name if len(rows) == first else ""
                rows.append((label, f"{_ABOVE} {above}", _cited({"sources": numbers})))
        if rows:
            yield Facts(tuple(rows))

    def _above(self, answer: Mapping[str, Any], name: str) -> str:
        """Under which item the same words stand already, where they are long; else they are noted as under this."""
        if not answer["own"] or len(answer["text"]) <= _SHORT:
            return ""
        first = self._said.setdefault((answer["field"], answer["text"]), name)
        return first if first != name else ""

    def _beside(self, answer: Mapping[str, Any]) -> tuple[list[Part], bool]:
        """The translations that stand here, and whether room is left for one.

        Whoever fills in an English form may write in any language.
        """
        if not answer["own"] or (answer["language"] == "English" and not _foreign(answer["text"])):
            return [], False
        beside = [each for each in answer["sources"] if each in self._translated]
        here = [each for each in beside if answer["field"] == "account" and each not in self.placed]
        self.placed.update(here)
        return [part for each in here for part in _translation(each, self._translated[each])], not beside


def _foreign(text: str) -> bool:
    """Whether letters of another script than Latin stand in it."""
    return any(each.isalpha() and not unicodedata.name(each, "").startswith("LATIN") for each in text)


def _translation(number: int, texts: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    for text in texts:
        yield Paragraph(
            f"English translation of report [{number}], by {text['by']}, {_moment(text['utc'])} UTC:", "note"
        )
        yield Paragraph(text["text"], "quote")


def _joined(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Answers that are the same in several reports as one, with all their numbers."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for answer in answers:
        key = (answer["field"], answer["text"], answer.get("coded_by", ""))
        known = found.setdefault(key, {**answer, "sources": [], "languages": []})
        known["sources"] += [each for each in answer["sources"] if each not in known["sources"]]
        known["languages"] += [answer["language"]] if answer["language"] not in known["languages"] else []
    return [{**each, "language": " and ".join(each["languages"])} for each in found.values()]


def _awaited(each: Mapping[str, Any], day: str) -> str:
    """What stands at a date; of what was to come whether it still is, for nobody told whether it came."""
    if not each["awaited"]:
        return str(each["what"])
    passed = each["date"].removeprefix("about ")[:10] < day[: len(each["date"].removeprefix("about ")[:10])]
    return f"{each['what']} ({_PASSED if passed else _AHEAD})"


def _cited(each: Mapping[str, Any]) -> str:
    """The numbers of the reports that say so, and who coded it."""
    numbers = f"[{', '.join(_ranges(each['sources']))}]"
    return f"{numbers}, coded by {each['coded_by']}" if each.get("coded_by") else numbers


def _ranges(numbers: Iterable[int]) -> Iterator[str]:
    """Numbers in order, three or more that follow each other as `1–3`."""
    told = sorted(numbers)
    for _, group in groupby(enumerate(told), lambda each: each[1] - each[0]):
        run = [number for _, number in group]
        yield from [f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run)


def _clock(items: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for item in items:
        answers = dict.fromkeys(answer["text"] for answer in item["answers"])
        parts.append(f"{item['words']}: {' / '.join(answers) or 'NOT TOLD'}")
    return "\n".join(parts)


def _acts(coded: Sequence[Mapping[str, Any]]) -> Part:
    rows = []
    for each in coded:
        what = f"{each['what']} ({each['huridocs']})" if each["huridocs"] else each["what"]
        codes = "; ".join(f"{code['name']}: {code['word']} ({code['field']} {code['code']})" for code in each["codes"])
        about = " · ".join(part for part in (each["place"], each["note"], each["settled"]) if part)
        rows.append((each["when"] or "", what, about, codes, _cited(each)))
    heading = ("Date", "What", "Where, and what came of it", "Codes", "Source")
    used = [place for place in range(len(heading)) if heading[place] != "Codes" or any(row[place] for row in rows)]
    return Grid(tuple(heading[place] for place in used), tuple(tuple(row[place] for place in used) for row in rows))


def _custody(told: Mapping[str, Any]) -> Iterator[Part]:
    level = f"{told['level']}, {Level[told['level']].value}"
    yield Paragraph(_CUSTODY.format(count=len(told["sources"]), level=level))
    rows = tuple(
        (
            f"[{each['number']}]",
            each["received"],
            each["language"],
            _SEALED_BY.get(each["sealed_by"], each["sealed_by"]),
            _grouped(each["sha256"]),
        )
        for each in told["sources"]
    )
    yield Grid(("No", "Received", "Form in", "Sealed by", "SHA-256 of the original"), rows)
    if told["files"]:
        yield Paragraph(_FILES, "note")
        files = tuple(
            (
                f"[{each['source']}] {each['number']}",
                each["type"],
                f"{each['size']:,}",
                _grouped(each["sha256"]),
                _going(each),
            )
            for each in told["files"]
        )
        yield Grid(("File", "Type", "Bytes", "SHA-256 of the file", "Goes along as"), files)
    steps = tuple((_moment(each["utc"]), each["reviewer"], each["what"]) for each in told["custody"])
    if steps:
        yield Grid(("When", "Who", "What was done"), steps, caption=_STEPS)


def _going(file: Mapping[str, Any]) -> str:
    if not file["copies"]:
        return f"nothing: {file['why_not']}"
    every = [copy["name"] for copy in file["copies"]]
    names = ", ".join(every) if len(every) < 3 else f"{every[0]} to {every[-1]}"
    hidden = f"; areas hidden: {file['hidden_areas']}" if file["hidden_areas"] else ""
    return f"{file['goes_as']}: {names}{hidden}"


def _moment(utc: str) -> str:
    """A moment of the log, to the minute."""
    return utc[:16].replace("T", " ")


def _grouped(digest: str) -> str:
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
