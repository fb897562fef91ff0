"""Papers from generated submissions of which all is known: each form made, opened, and held to the truth by field."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pypdf
import pytest
from docx import Document as Word
from docx.oxml.ns import qn
from docx.shared import Mm

from intake.locale import packaged_places, packaged_questionnaire
from intake.report.document import Json
from intake.report.package import FileEntry
from intake.report.questionnaire import Field
from intake.review import acts, cases, translations
from intake.review.ladder import Judgement
from intake.review.log import Entity
from intake.review.outputs import permissions, reviewed
from intake.review.outputs.answers import written_out
from intake.review.outputs.attachments import Attached
from intake.review.outputs.bodies import DOSSIER, Body, bodies, private
from intake.review.outputs.consent import Naming, Recipient, Speaker, Spoken, Use
from intake.review.outputs.documents import Document, Facts, Grid, Paragraph, Part, clean
from intake.review.outputs.dossier import Order, Paper, fixed_words, paper
from intake.review.outputs.inspection import inspect
from intake.review.outputs.layout import _ranges
from intake.review.outputs.material import Material, gather, names
from intake.review.outputs.office import docx
from intake.review.outputs.reading import text
from intake.review.outputs.redaction import Redaction
from intake.review.outputs.typesetting import pdf
from tests.harness.coalition import Made, Truth, made_vault

QUESTIONNAIRE = packaged_questionnaire()
FORMS = list(bodies())
# Written down by hand from what each body asks for at least: fields of which one must be answered.
MINIMUM = {
    "wgad": "who when where by_whom warrant reason_given now by_whom held_places|removal_from kind|account account "
    "steps",
    "wgeid": "who|other_names when where by_whom|look steps victim_consent",
    "special": "who by_whom when where kind|account victim_consent told_gov name_form",
    "rule39": "removal_when removal_to removal_from case_no lawyer decision_last fear_reason victim_consent",
    "asylum": "who|other_names citizenship fear_reason kind|account family_pressure arrival files",
    "dossier": "who when where",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with made_vault(tmp_path_factory.mktemp("papers"), 30, varied=True) as made:
        yield made


@pytest.fixture(scope="module")
def everyone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Three hundred submissions, in three languages."""
    with made_vault(tmp_path_factory.mktemp("papers"), 150, varied=True) as made:
        yield made


def material(made: Made, whose: int) -> Material:
    with made.vault.reading() as connection:
        return gather(connection, cases.find(connection, made.truth[whose].case), made.truth[whose].reports)


def order(made: Made, form: str, naming: Naming = Naming.FULL) -> Order:
    of = bodies()[form]
    recipient = of.recipient or Recipient.LAWYER
    return Order(of, recipient, naming, made.vault.today(), 3, "The submitter, Street 1", "person_agrees")


def written(made: Made, whose: int, form: str) -> Paper:
    held = material(made, whose)
    return paper(order(made, form), held, Redaction(names(held, Naming.FULL)))


def squeezed(text: str) -> str:
    return "".join(text.split()).replace("\u00ad", "").replace("-", "")


def words_of_docx(content: bytes) -> str:
    document = Word(io.BytesIO(content))
    told = [paragraph.text for paragraph in document.paragraphs]
    told += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*told, *(section.footer.paragraphs[0].text for section in document.sections)])


def strings(answer: Json) -> Iterator[str]:
    """Everything that somebody wrote in an answer."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, list):
        for each in answer:
            yield from strings(each)
    elif isinstance(answer, dict):
        for each in answer.values():
            yield from strings(each)


def expected(field: Field, answer: Json) -> list[str]:
    """What of an answer must stand in a paper, worked out here from the questionnaire and the list of places alone."""
    words = {choice.code: choice.words for choice in QUESTIONNAIRE.choices(field)}
    items: list[Json] = answer if isinstance(answer, list) else [answer]
    found: list[str] = []
    for item in items:
        if isinstance(item, str) and item in words:
            found.append(words[item])
        elif isinstance(item, dict) and field.type == "year_or_age":
            found.append(f"born in {item['year']}")
        elif isinstance(item, dict):
            for key, value in item.items():
                if key == "id":
                    place = packaged_places().place(str(value))
                    assert place is not None
                    found.append(place.name("en"))
                elif key == "place" or key == "from":
                    found += expected(field, value)
                elif key != "precision":
                    found += strings(value)
        else:
            found.append(str(item))
    return found


def hold(made: Made, whose: int, form: str) -> int:
    """One paper against the truth: nothing lacks, nothing is invented, what is missing is named. Answers checked."""
    truth, of = made.truth[whose], bodies()[form]
    done = written(made, whose, form)
    content = pdf(done.document)
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    seen, office = squeezed(" ".join(pages)), squeezed(words_of_docx(docx(done.document)))
    told = json.dumps(done.told, ensure_ascii=False)
    mapped = {field.id for field in QUESTIONNAIRE.fields if of.name == DOSSIER or _maps(field.maps, of)}
    mapped = (mapped | {field_id for item in of.items for field_id in item.fields}) - {"files"}
    checked = 0
    for number, answers in enumerate(truth.answers, 1):
        for field in QUESTIONNAIRE.fields:
            answer = answers.get(field.id)
            if private(field.id):
                for text in strings(answer):
                    assert len(text) < 9 or text not in told, (field.id, "private")
                continue
            if field.id not in mapped or answer is None:
                continue
            for wanted in expected(field, answer):
                text = clean(written_out(wanted) if of.one_person and wanted not in strings(answer) else wanted)
                assert json.dumps(text, ensure_ascii=False)[1:-1] in told, (form, whose, field.id, text)
                assert squeezed(text) in office, (form, whose, field.id, text, "DOCX")
                if not any("\u0600" <= each <= "\u06ff" for each in text):  # right to left is looked at as drawn
                    assert squeezed(text) in seen, (form, whose, field.id, text, "PDF")
                checked += 1
        _nothing_invented(done, number, answers)
    groups = [group.split("|") for group in MINIMUM[form].split()]
    lacking = [group for group in groups if not any(answers.get(each) for answers in truth.answers for each in group)]
    asked = [item for item in of.items if item.minimum]
    assert [set(item.fields) for item in asked] == [set(group) for group in groups]
    assert [name for name in done.missing if name in {f"{item.number} {item.words}".strip() for item in asked}] == [
        f"{item.number} {item.words}".strip() for item, group in zip(asked, groups, strict=True) if group in lacking
    ]
    for each in done.missing:
        assert squeezed(each) in seen
    for number, page in enumerate(pages, 1):
        assert f"page {number} of {len(pages)}" in page
        assert f"version 3 · SHA-256 {done.hash}" in page.replace("\n", " ")
    assert f"version3·SHA256{done.hash}" in office
    assert squeezed("Name and address") + squeezed("The submitter, Street 1") in seen
    assert squeezed("The submitter, Street 1") in office
    assert not [value for value in (pypdf.PdfReader(io.BytesIO(content)).metadata or {}).values() if str(value).strip()]
    return checked


def _nothing_invented(done: Paper, number: int, answers: dict[str, Json]) -> None:
    for section in done.told["sections"]:
        for item in section["items"]:
            for answer in item["answers"]:
                if answer["sources"] != [number]:
                    continue
                field = QUESTIONNAIRE.field(answer["field"])
                assert field is not None
                given = answers[field.id]
                own = {clean(each) for each in strings(given)}
                if answer["own"]:
                    assert answer["text"] in own
                    continue
                rest = answer["text"]
                ours = expected(field, given)
                for part in sorted({*own, *ours, *map(written_out, ours)}, key=len, reverse=True):
                    rest = rest.replace(clean(part), "")
                places = [packaged_places().place(each) for each in strings(given)]
                around = {up.name("en") for each in places if each and (up := packaged_places().place(each.parent))}
                known = {"from", "also", "", *map(squeezed, around)}
                assert set(squeezed(rest).replace(";", ",").split(",")) <= known, (field.id, answer["text"])


def _maps(maps: tuple[str, ...], of: Body) -> bool:
    return any(each.partition("-")[0] == of.letter for each in maps)


@pytest.mark.parametrize("form", [form for form in FORMS if form != DOSSIER])
def test_every_mapped_field_has_its_place_in_the_form(form: str) -> None:
    of = bodies()[form]
    asked = {field.id for field in QUESTIONNAIRE.fields if _maps(field.maps, of)}
    placed = {field for item in of.items for field in item.fields}
    assert asked - placed - set(of.withheld) == set(), "mapped, and not in the form"
    assert {each for each in of.withheld if not private(each)} == set(), "kept back without a reason"
    assert not placed & {each for each in placed if private(each)}, "private answers are no items"
    assert all(QUESTIONNAIRE.field(each) for each in placed)


@pytest.mark.parametrize("form", FORMS)
def test_each_answer_stands_in_the_paper_and_no_other(made: Made, form: str) -> None:
    """The first person's reports answer every question, the others' some."""
    assert hold(made, 0, form) > 35
    assert sum(hold(made, whose, form) for whose in (1, 2)) > 20


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
def test_each_answer_of_three_hundred_submissions(everyone: Made, form: str) -> None:
    assert sum(hold(everyone, whose, form) for whose in range(150)) > 2_000


def test_institutions_are_written_out_for_the_working_group() -> None:
    ours = [choice.words for choices in QUESTIONNAIRE.lists.values() for choice in choices]
    ours += [place.name("en") for place in packaged_places().places if place.id.startswith("f_")]
    short = ("GKNB", "SCNS", "MVD", "UBOP", "OMON", "SIZO", "IVS", "KDAM")
    assert [text for text in map(written_out, ours) if any(each in text for each in short)] == []


def test_the_clock_of_a_removal_says_what_is_not_told(made: Made) -> None:
    asked = ("removal_when", "removal_to", "removal_from", "case_no", "lawyer")
    whose = min(range(1, 30), key=lambda each: sum(a in told for told in made.truth[each].answers for a in asked))
    done = written(made, whose, "rule39")
    lacking = [each for each in asked if not any(each in told for told in made.truth[whose].answers)]
    assert lacking
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf(done.document))).pages)
    assert text.count("NOT TOLD") == len(lacking)


def test_the_clock_says_once_what_several_reports_say_alike(made: Made) -> None:
    told = (made.truth[0].answers[0], made.truth[0].answers[1])
    (clock,) = (part for part in written(made, 0, "rule39").document.parts if getattr(part, "style", "") == "sentence")
    assert isinstance(clock, Paragraph)
    assert told[0]["removal_when"] != told[1]["removal_when"], "the day is the same, the flight differs"
    assert clock.text.count("2026-12-20 07:40") == 1


def test_a_lawyer_agreed_to_be_called_by_us_and_not_by_everybody(made: Made) -> None:
    lawyers = [str(answers["lawyer"]) for answers in made.truth[0].answers]
    for recipient, naming in ((Recipient.LAWYER, Naming.FULL), (Recipient.PUBLIC, Naming.FULL)):
        asked = replace(order(made, DOSSIER), recipient=recipient, naming=naming)
        told = json.dumps(paper(asked, material(made, 0), Redaction({})).told, ensure_ascii=False)
        assert all((each in told) is (recipient is Recipient.LAWYER) for each in lawyers)


def test_the_face_of_a_request_says_what_the_court_wants_there(made: Made) -> None:
    parts = written(made, 0, "rule39").document.parts
    (face,) = (part for part in parts if isinstance(part, Paragraph) and part.style == "strong")
    assert face.text == "Rule 39 – Urgent\nPerson to contact (name and contact details): The submitter, Street 1"


def test_an_english_form_filled_in_in_russian_has_room_for_a_translation(made: Made) -> None:
    """A form's language says which questions were read, and not which words were written."""
    held = material(made, 0)
    one = replace(
        held.testimonies[0].report, language="en", answers={"account": "Его увезли утром. " * 5, "court": "Суд"}
    )
    two = replace(one, answers={"account": "They took him. " * 5, "court": "None"})
    rooms = []
    for report in (one, two):
        alone = replace(held, acts=(), testimonies=(replace(held.testimonies[0], report=report, translations=()),))
        told = [
            words for part in paper(order(made, "wgad"), alone, Redaction({})).document.parts for words in _texts(part)
        ]
        rooms.append(sum("translation" in words for words in told))
    assert rooms == [2, 0]


def test_files_are_told_by_the_files_and_why_one_stays_is_not(made: Made) -> None:
    """The page counts files in no answer."""
    held = material(made, 0)
    one = held.testimonies[0]
    entry = FileEntry("a.jpg", "image/jpeg", 5, False)
    report = replace(one.report, answers={key: each for key, each in one.report.answers.items() if key != "files"})
    kept = Attached(report.id, 1, why_not="nobody has said yet what must be hidden on it")
    files = ((entry, "ab" * 32, kept), (entry, "cd" * 32, replace(kept, number=2)))
    with_files = replace(held, testimonies=(replace(one, report=report, files=files), *held.testimonies[1:]))
    done = paper(order(made, "asylum"), with_files, Redaction({}))
    assert "7 Files" not in done.missing
    assert ("7  Files", "files 1, 2", "[1]") in [
        row for p in done.document.parts if isinstance(p, Facts) for row in p.rows
    ]
    assert [each["why_not"] for each in done.told["files"]] == ["it is kept at the desk"] * 2


def test_what_is_to_come_does_not_look_as_if_it_had_happened(made: Made) -> None:
    for day, words in ((date(2026, 12, 19), "to come"), (date(2026, 12, 21), "this date has passed; what came of it")):
        done = paper(replace(order(made, "rule39"), day=day), material(made, 0), Redaction({}))
        grids = [part for part in done.document.parts if isinstance(part, Grid) and part.heading[0] == "Date"]
        rows = [row for grid in grids for row in grid.rows if row[0].startswith("2026-12-20") and "Removal" in row[1]]
        assert len(rows) > 1
        assert all(words in row[1] for row in rows)


def test_a_place_where_somebody_was_held_stands_in_the_timeline(made: Made) -> None:
    held = [each["what"] for each in written(made, 0, "wgad").told["timeline"] if each["what"].startswith("Held")]
    assert held == ["Held: SCNS (GKNB) detention centre, Dushanbe"]


def test_numbers_of_reports_that_follow_each_other_stand_as_a_range() -> None:
    assert [*_ranges([8, 1, 2, 3, 5, 6])] == ["1–3", "5", "6", "8"]
    assert [*_ranges([2, 1])] == ["1", "2"]


def test_the_docx_keeps_rows_whole_repeats_headings_and_sets_names_beside_their_answers(made: Made) -> None:
    word = Word(io.BytesIO(docx(written(made, 0, "wgad").document)))
    grids = [table for table in word.tables if table.style is not None and table.style.name == "Table Grid"]
    assert len(grids) > 2
    for grid in grids:
        assert grid.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
        wide = {cell.width for cell in grid.rows[0].cells}
        assert len(wide) > 1, "columns are as wide as their words ask for"
        assert abs(sum(cell.width for cell in grid.rows[0].cells) - Mm(166)) < Mm(2)
    merged = [table for table in word.tables if table._tbl.xpath(".//w:vMerge")]
    assert merged, "several answers to one question"
    assert word.styles["Title"].element.xpath(".//w:pBdr") == []


def test_right_to_left_has_its_place_among_the_properties_of_a_paragraph(made: Made) -> None:
    word = Word(io.BytesIO(docx(Document("A", (Paragraph("او را صبح بردند", "quote"),), "version 1"))))
    (properties,) = word.element.body.xpath(".//w:pPr[w:bidi]")
    names = [each.tag.partition("}")[2] for each in properties]
    assert names.index("bidi") < names.index("spacing") < names.index("ind")


def test_long_words_stand_once_and_are_referred_to(made: Made) -> None:
    """The model questionnaire of the Working Group asks for the account twice."""
    done = written(made, 0, "wgad")
    for answers in made.truth[0].answers:
        told = [words for part in done.document.parts for words in _texts(part) if str(answers["account"]) in words]
        assert len(told) == 1
    assert ("V  The account above, as the ground for this", "as told above, under IV  What happened", "[1, 2]") in [
        row for part in done.document.parts if isinstance(part, Facts) for row in part.rows
    ]


def test_who_submits_is_asked_for_until_it_is_told(made: Made) -> None:
    held = material(made, 0)
    for form in FORMS:
        done = paper(replace(order(made, form), submitter="  "), held, Redaction(names(held, Naming.FULL)))
        rows = [row for part in done.document.parts if isinstance(part, Facts) for row in part.rows]
        asked = [row for row in rows if row[0].endswith("Name and address")]
        assert [row[1] for row in asked] == ([] if form == DOSSIER else ["not told"])
        assert ("The submitter: name and address" in done.missing) is (form != DOSSIER)
    assert [of.submitter for of in bodies().values()] == [None, "VII", "6*", "9", "13", ""]


def _texts(part: Part) -> list[str]:
    if isinstance(part, Facts):
        return [words for row in part.rows for words in row]
    return [part.text] if isinstance(part, Paragraph) else []


def test_a_paper_is_read_whole_before_it_is_agreed_to(made: Made) -> None:
    for form in FORMS:
        done = written(made, 0, form)
        read, office = squeezed(text(done.document)), words_of_docx(docx(done.document))
        lines, stamp = office.splitlines()[:-1], done.document.stamp
        assert [line for line in lines if squeezed(line.strip("[] ")) not in read] == []
        assert squeezed(stamp) in read


def test_the_docx_has_empty_properties(made: Made) -> None:
    properties = Word(io.BytesIO(docx(written(made, 1, "wgad").document))).core_properties
    assert (properties.author, properties.title, properties.last_modified_by, properties.comments) == ("", "", "", "")


def test_the_docx_is_set_in_one_face_and_its_page_number_as_small_as_the_line_about_it(made: Made) -> None:
    word = Word(io.BytesIO(docx(written(made, 1, "wgad").document)))
    for name in ("Normal", "Title", "Heading 2"):
        (faces,) = word.styles[name].element.iter(qn("w:rFonts"))
        assert {each for attribute, each in faces.attrib.items()} == {"Times New Roman"}, "a theme's face would win"
    foot = word.sections[0].footer.paragraphs[0]._p
    assert len([*foot.iter(qn("w:fldSimple"))]) == 2
    assert {size.get(qn("w:val")) for size in foot.iter(qn("w:sz"))} == {"16"}
    assert len([*foot.iter(qn("w:r"))]) == len([*foot.iter(qn("w:sz"))]), "each run says its size"


def test_what_reviewers_coded_and_translated_stands_beside_the_words(made: Made) -> None:
    truth = made.truth[0]
    one, other = truth.reports
    with made.vault.journal() as journal:
        arrest = acts.add(journal, truth.case, "arrest", acts.date_of("2026-05-01 09:30 +05:00"))
        acts.set_text(journal, arrest, "place", "Khorog, the bazaar")
        acts.set_code(journal, arrest, "violation_status", "likely")
        hearing = acts.add(journal, truth.case, "hearing", acts.date_of("2026-12-09 10:00 +05:00"))
        term = acts.add(journal, truth.case, "end_of_term", acts.date_of("2026-06"))
        acts.set_text(journal, term, "settled", "he was let go")
        both = acts.add(journal, truth.case, "removal", acts.date_of("2027-01-01"))
        unsourced = acts.add(journal, truth.case, "torture", acts.date_of("2026-05-02"))
        for act, sources in ((arrest, (one,)), (hearing, (one,)), (term, (one,)), (both, (one, other))):
            for source in sources:
                acts.set_source(journal, act, source, on=True)
        translations.translate(journal, one, "en", "They took him in the morning. <b>[x]</b>")
        translations.translate(journal, one, "ru", "Его увезли утром.")
    assert unsourced
    with made.vault.reading() as connection:
        case = cases.find(connection, truth.case)
        alone, together = gather(connection, case, [one]), gather(connection, case, [one, other])
    assert (len(alone.acts), alone.passed_over) == (3, 2), "one rests on a report that may not be used, one on none"
    assert (len(together.acts), together.passed_over) == (4, 1)
    done = paper(order(made, "wgad"), alone, Redaction({}, ("bazaar",)))
    assert [(each["huridocs"], each["coded_by"], each["sources"]) for each in done.told["acts"]] == [
        ("030101000000", "r1", [1]),
        (None, "r1", [1]),
        (None, "r1", [1]),
    ]
    assert done.told["acts"][0]["codes"] == [
        {"name": "violation status", "field": "0151", "list": "41", "word": "likely", "code": "040000000000"}
    ]
    assert done.told["acts"][0]["place"] == "Khorog, the [left out]"
    dates = [(each["date"], each["what"]) for each in done.told["next_dates"]]
    assert ("2026-12-09 10:00 +05:00", "Hearing") in dates
    assert not [each for each in dates if each[0] == "2026-06"], "what is settled is not awaited"
    assert ("2026-06", "End of the term: he was let go") in [(t["date"], t["what"]) for t in done.told["timeline"]]
    (source,) = done.told["sources"]
    (english,) = source["translations"]
    assert (english["by"], english["utc"]) == ("r1", "2026-11-24T12:00:00Z")
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf(done.document))).pages)
    told = squeezed(text)
    beside = "English translation of report [1], by r1, 2026-11-24 12:00 UTC: They took him in the morning. <b>[x]</b>"
    assert squeezed(beside) in told
    assert "hearing:2026120910:00+05:00[1],codedbyr1" in told
    assert "violationstatus:likely(0151040000000000)" in told
    assert "Его увезли утром." not in text, "papers are in English"
    later = paper(replace(order(made, "wgad"), day=date(2026, 11, 28)), alone, Redaction({}, ("bazaar",)))
    assert later.hash == done.hash, "two reviewers agree on different days"
    assert later.told["day"] != done.told["day"]


def test_a_name_that_only_a_report_kept_back_tells_is_nobodys(made: Made) -> None:
    truth = made.truth[3]
    with made.vault.journal() as journal:
        journal.record(cases.entity(truth.case), "person/Zulfiya Yusufbekova", True)
    with made.vault.reading() as connection:
        held = gather(connection, cases.find(connection, truth.case), truth.reports[:1])
    assert held.people[0] != "Zulfiya Yusufbekova"
    assert names(held, Naming.FULL)["Zulfiya Yusufbekova"].startswith("P"), "and it is hidden where it stands"


def gate(made: Made, people: Sequence[int], every: int) -> tuple[int, int]:
    """Each case, form and way of naming: refused or made as the truth says; what is made holds no forbidden word.

    Of what may be made, every so many is made and searched. How many were, how many refused.
    """
    done = refused = turn = 0
    for whose in people:
        truth = made.truth[whose]
        with made.vault.reading() as connection:
            known = permissions.circumstances(connection, truth.reports, [truth.case])
        for form, of in bodies().items():
            for recipient in [of.recipient] if of.recipient else [each for each in Recipient if each.value != "count"]:
                for naming in of.naming:
                    if recipient is Recipient.ANONYMOUS and naming is not Naming.NONE:
                        continue
                    allowed = known.allowed(Use(recipient, naming))
                    assert allowed == _may(truth, recipient, naming), (whose, form, recipient, naming)
                    refused += not allowed
                    turn += bool(allowed)
                    if allowed and not turn % every:
                        _made_and_searched(made, whose, of, allowed, recipient, naming)
                        done += 1
    return done, refused


def _may(truth: Truth, recipient: Recipient, naming: Naming) -> tuple[str, ...]:
    """The reports that may be used, by the rules as GUIDE has them, written again."""
    found = []
    for report, answers in zip(truth.reports, truth.answers, strict=True):
        may = recipient.value in truth.consent
        if naming is not Naming.NONE:
            may &= truth.victim in ("me", "person_agrees", "family_agrees")
            if recipient in (Recipient.UN, Recipient.COURT):
                may &= answers.get("told_gov") != "no"
            if recipient in (Recipient.UN, Recipient.PUBLIC):
                form = answers.get("name_form")
                may &= form != "none" and not (form == "initials" and naming is Naming.FULL)
        if may:
            found.append(report)
    return tuple(found)


def _made_and_searched(
    made: Made, whose: int, of: Body, allowed: Sequence[str], recipient: Recipient, naming: Naming
) -> None:
    with made.vault.reading() as connection:
        held = gather(connection, cases.find(connection, made.truth[whose].case), allowed)
    hide = Redaction(names(held, naming), (made.truth[whose].person.alias.split()[-1],))
    done = paper(Order(of, recipient, naming, made.vault.today(), 1), held, hide)
    told = json.dumps(done.told, ensure_ascii=False).encode()
    files = {"a.pdf": pdf(done.document), "a.docx": docx(done.document), "a.json": told}
    inspect(files, hide, fixed_words(of))


def test_all_the_gate_lets_through_is_made_and_nothing_else(made: Made) -> None:
    done, refused = gate(made, range(30), 35)
    assert done > 6
    assert refused > 200


@pytest.mark.long
@pytest.mark.parametrize("first", [100, 50, 0])
def test_all_that_may_be_made_of_three_hundred_submissions_is_searched(everyone: Made, first: int) -> None:
    """Some 1,300 papers, three files each: every one that the gate lets through."""
    done, refused = gate(everyone, range(first, first + 50), 1)
    assert done > 350
    assert refused > 650


def test_what_hangs_on_one_report_goes_with_it(made: Made) -> None:
    one, other = made.truth[5].reports
    day = made.vault.today()
    with made.vault.journal() as journal:
        for about in ({one}, {one, other}):
            word = Spoken(
                frozenset(about), Speaker.FAMILY, "the aunt", day, "a call", refuses=frozenset({Recipient.UN})
            )
            permissions.record(journal, word)
        alone = cases.open_case(journal, "Of one report")
        cases.judge(journal, alone, one, Judgement.PLAUSIBLE)
        for case_id in (alone, made.truth[5].case):
            reviewed.leave_out(journal, case_id, "passage", "words of the report")
    with made.vault.reading() as connection:
        assert len(list(permissions.hanging(connection, one))) == 1
        assert list(permissions.hanging(connection, other)) == []
        assert list(reviewed.hanging(connection, one)) == [Entity("redaction", alone)]
        assert not permissions.circumstances(connection, made.truth[5].reports).allowed(Use(Recipient.UN, Naming.FULL))
