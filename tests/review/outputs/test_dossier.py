"""Papers from three hundred submissions: every form made, opened, and held to the questionnaire field by field."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from docx import Document as Word

from intake.locale import packaged_places, packaged_questionnaire
from intake.review import cases
from intake.review.ladder import Judgement
from intake.review.log import Entity
from intake.review.outputs import permissions, reviewed
from intake.review.outputs.answers import Answers, written_out
from intake.review.outputs.bodies import DOSSIER, Body, bodies, private
from intake.review.outputs.consent import Naming, Recipient, Speaker, Spoken, Use
from intake.review.outputs.documents import clean
from intake.review.outputs.dossier import Order, Paper, fixed_words, paper
from intake.review.outputs.inspection import inspect
from intake.review.outputs.material import Material, gather, names
from intake.review.outputs.office import docx
from intake.review.outputs.redaction import Redaction
from intake.review.outputs.typesetting import pdf
from tests.harness.coalition import Made, made_vault

QUESTIONNAIRE = packaged_questionnaire()
FORMS = list(bodies())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with made_vault(tmp_path_factory.mktemp("papers")) as made:
        yield made


def material(made: Made, whose: int) -> Material:
    with made.vault.reading() as connection:
        return gather(connection, cases.find(connection, made.truth[whose].case), made.truth[whose].reports)


def written(made: Made, whose: int, form: str, naming: Naming = Naming.FULL, also: Redaction | None = None) -> Paper:
    held, of = material(made, whose), bodies()[form]
    recipient = of.recipient or Recipient.LAWYER
    order = Order(of, recipient, naming, made.vault.today(), 1, "The submitter, Street 1", "person_agrees")
    redaction = replace(also or Redaction(), names=names(held, naming))
    return paper(order, held, redaction)


def text_of(content: bytes) -> str:
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def squeezed(text: str) -> str:
    return "".join(text.split()).replace("\u00ad", "").replace("-", "")


@pytest.mark.parametrize("form", [form for form in FORMS if form != DOSSIER])
def test_every_mapped_field_has_its_place_in_the_form(form: str) -> None:
    of = bodies()[form]
    asked = {field.id for field in QUESTIONNAIRE.fields if _maps(field.maps, of)}
    placed = {field for item in of.items for field in item.fields}
    assert asked - placed - set(of.withheld) == set(), "mapped, and not in the form"
    assert {each for each in of.withheld if not private(each)} == set(), "kept back without a reason"
    assert not placed & {each for each in placed if private(each)}, "private answers are no items"
    assert all(QUESTIONNAIRE.field(each) for each in placed)


def _maps(maps: tuple[str, ...], of: Body) -> bool:
    return any(each.partition("-")[0] == of.letter for each in maps)


@pytest.mark.parametrize("form", FORMS)
def test_each_answer_stands_in_the_paper(made: Made, form: str) -> None:
    """The first person's reports answer every question."""
    done = written(made, 0, form)
    content = pdf(done.document)
    told = squeezed(text_of(content))
    words = Answers(QUESTIONNAIRE, packaged_places())
    office = squeezed("\n".join(_docx_text(docx(done.document))))
    checked = 0
    for item in bodies()[form].items:
        for field_id in item.fields:
            field = QUESTIONNAIRE.field(field_id)
            assert field is not None
            for report in made.truth[0].answers:
                for said in words.said(field, report.get(field_id)):
                    if any("\u0600" <= each <= "\u06ff" for each in said.text) or field_id == "who":
                        continue  # right-to-left text is looked at as drawn; names of others are codes
                    own_words = said.text if said.own or form != "wgeid" else written_out(said.text)
                    part = squeezed(clean(own_words))
                    assert part in told, (form, field_id, said.text)
                    assert part in office, (form, field_id, "DOCX")
                    checked += 1
    assert checked > 25
    assert done.hash in told
    for number, page in enumerate(pypdf.PdfReader(io.BytesIO(content)).pages, 1):
        assert f"page {number} of" in page.extract_text()
    assert {key for key in (pypdf.PdfReader(io.BytesIO(content)).metadata or {}).values() if str(key).strip()} == set()
    for number, report in enumerate(made.truth[0].answers, 1):
        for field_id, answer in report.items():
            if private(field_id) and isinstance(answer, str) and len(answer) > 12:
                assert answer not in json.dumps(done.told, ensure_ascii=False), (number, field_id)


def _docx_text(content: bytes) -> Iterator[str]:
    document = Word(io.BytesIO(content))
    yield from (paragraph.text for paragraph in document.paragraphs)
    for table in document.tables:
        for row in table.rows:
            yield from (cell.text for cell in row.cells)


def test_institutions_are_written_out_for_the_working_group() -> None:
    ours = [choice.words for choices in QUESTIONNAIRE.lists.values() for choice in choices]
    ours += [place.name("en") for place in packaged_places().places if place.id.startswith("f_")]
    short = ("GKNB", "SCNS", "MVD", "UBOP", "OMON", "SIZO", "IVS", "KDAM")
    assert [text for text in map(written_out, ours) if any(each in text for each in short)] == []


def test_what_is_not_told_is_missing_and_never_invented(made: Made) -> None:
    done = written(made, 1, "rule39")
    assert [each for each in done.missing if each.startswith(("1 ", "2 ", "3 ", "4 "))] == [
        "1 Date and time of removal (at the place held)",
        "2 Destination",
        "3 Where the person is held",
        "4 Case or file number",
    ]
    assert text_of(pdf(done.document)).count("NOT TOLD") == 5
    assert "5 Decision" not in " ".join(done.missing)


def test_the_docx_has_empty_properties(made: Made) -> None:
    properties = Word(io.BytesIO(docx(written(made, 1, "wgad").document))).core_properties
    assert (properties.author, properties.title, properties.last_modified_by, properties.comments) == ("", "", "", "")


def test_all_the_gate_lets_through_is_made_and_nothing_else(made: Made, tmp_path: Path) -> None:
    """Every case, form and way of naming: refused or made as the truth says; what is made holds no forbidden word."""
    made_papers = refused = 0
    for whose, truth in enumerate(made.truth[:40]):
        with made.vault.reading() as connection:
            known = permissions.circumstances(connection, truth.reports, [truth.case])
        for form, of in bodies().items():
            recipient = of.recipient or Recipient.LAWYER
            for naming in of.naming:
                allowed = known.allowed(Use(recipient, naming))
                agreed = truth.victim in ("me", "person_agrees", "family_agrees")
                expected = recipient.value in truth.consent and (naming is Naming.NONE or agreed)
                assert bool(allowed) is expected, (whose, form, naming)
                refused += not expected
                if not expected or naming is Naming.FULL or whose % 4:
                    continue
                held = material(made, whose)
                hide = Redaction(names(held, naming), (truth.person.alias.split()[-1],))
                done = written(made, whose, form, naming, hide)
                told = json.dumps(done.told, ensure_ascii=False).encode()
                files = {"a.pdf": pdf(done.document), "a.docx": docx(done.document), "a.json": told}
                inspect(files, hide, fixed_words(of))
                made_papers += 1
    assert made_papers > 8
    assert refused > 100


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
