"""Three hundred invented submissions in three languages, of which everything is known; imported, and made into cases.

    with made_vault(tmp_path) as made:
        made.vault, made.truth

Each person is told of by two witnesses who don't know of each other: one of the family, who saw it, and one who was
held with them. What they allow varies from person to person, in turn, so that every output has its cases.
"""

from __future__ import annotations

import random
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from intake.locale import packaged_places, packaged_questionnaire
from intake.report.document import Json
from intake.report.package import Report
from intake.report.questionnaire import Field
from intake.review import cases
from intake.review.importing import Import
from intake.review.ladder import Judgement
from intake.review.vault import Vault
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.names import Invented, invent, spell
from tests.harness.vaults import PASSPHRASE, QUICK

LANGUAGES = ("tg", "ru", "en")
ALL = ("count", "anon_report", "lawyer", "asylum", "court", "un_named", "publish_named")
PLACES = ("khorog", "rushan", "vamar", "dyu", "dushanbe", "khujand", "kulob", "x_dusti", "x_fotehobod", "dme", "khorog")
ACCOUNT = {
    "tg": "Ӯро субҳ аз хона бурданд. Ҳоло дар куҷо буданашро намегӯянд. Ғамгинем, ҷӯяндаем, қарор нест.",
    "ru": "Его увезли утром из дома. Где он сейчас, не говорят. Мы объехали все отделения.",
    "en": "They took him from home in the morning. Nobody tells us where he is now.",
}
PERSIAN = "او را صبح از خانه بردند. اکنون نمی‌گویند کجاست."


@dataclass(frozen=True)
class Truth:
    """One case: the person, its reports' ids (family first), and what was answered."""

    case: str
    person: Invented
    name: str
    reports: tuple[str, str]
    answers: tuple[dict[str, Json], dict[str, Json]]
    place: str
    day: date
    consent: tuple[str, ...]
    victim: str


@dataclass(frozen=True)
class Made:
    """The vault, who trusts whom, and the truth."""

    path: Path
    vault: Vault
    world: World
    truth: Sequence[Truth]


WORDS = {"tg": "Матн", "ru": "Слова свидетеля", "en": "Words of the witness"}


def full(field: Field, draw: random.Random, language: str = "tg") -> Json:
    """An answer of a field's shape, that a finished file can be searched for."""
    mark = f"{field.id}-{draw.randrange(10_000):04}"
    codes = [choice.code for choice in packaged_questionnaire().choices(field)]
    match field.type:
        case "multi":
            return draw.sample(codes, min(2, len(codes)))
        case "single":
            return draw.choice(codes)
        case "number":
            return draw.randrange(2, 40)
        case "year_or_age":
            return {"year": draw.randrange(1950, 2005)}
        case "text" | "longtext":
            return f"{WORDS[language]} {mark}."
        case "text_list":
            return [f"Лақаб{draw.randrange(10_000):04}"]
        case "textdate":
            return {"text": f"Суд {mark}", "date": "2026-05-04"}
        case "fuzzydate":
            return {"precision": "exact", "date": "2026-06-03"}
        case "fuzzydatetime":
            return {"precision": "exact", "date": "2026-12-20", "time": "07:40", "text": f"Парвоз {mark}"}
        case "place":
            return {"id": "f_sakharovo", "text": f"Ҷой {mark}"}
        case "place_list":
            stay: dict[str, Json] = {"place": {"id": "f_gknb_sizo", "text": f"Ҷой {mark}"}}
            return [stay | {"from": {"precision": "exact", "date": "2026-06-04"}}]
        case "person_list":
            return [{"name": f"Шахс {mark}"}]
        case "file_list":
            return [1]


def everything(draw: random.Random) -> dict[str, Json]:
    """An answer to every question."""
    return {field.id: full(field, draw) for field in packaged_questionnaire().fields if field.type != "file_list"}


@contextmanager
def made_vault(
    folder: Path,
    number: int = 150,
    *,
    today: date = date(2026, 11, 24),
    seed: int = 1,
    urgent: Container[int] = (),
    varied: bool = False,
) -> Iterator[Made]:
    """A vault with twice so many submissions and one case for each person; the first person's answer everything.

    `urgent`: the people, from 0, who were taken in the last three days when the reports came (T0), by arrest. The
    others' reports answer little, or, where they are `varied`, some two questions of five, drawn anew for each.
    """
    draw = random.Random(seed)
    came = today - timedelta(45)
    world = make_world(folder / "keys", reviewers=2, today=came)
    people = invent(number, 0, seed)
    drafts = [
        _two(world, person, whose, draw, today, urgent=whose in urgent, varied=varied)
        for whose, person in enumerate(people)
    ]
    reports = [report for pair in drafts for report in pair[0]]
    bundle = folder / "a.bundle"
    bundle.write_bytes(make_bundle(world, {each.id: seal_report(each, world.reviewers) for each in reports}))
    clock = [datetime.combine(came, time(12), UTC)]
    vault = Vault.create(
        folder / "vault",
        PASSPHRASE,
        signing=world.reviewer_keys[0],
        roots=world.typed,
        notes=world.notes,
        cost=QUICK,
        clock=lambda: clock[0],
    )
    with vault:
        with Import(vault, world.reviewers[:1], workers=1) as work:
            list(work.take(bundle))
        truth = []
        with vault.journal() as journal:
            for (one, two), person, name, place, day in drafts:
                case_id = cases.open_case(journal, f"Case of {name}")
                journal.record(cases.entity(case_id), f"person/{name}", True)
                for report in (one, two):
                    cases.judge(journal, case_id, report.id, Judgement.PLAUSIBLE)
                cases.independent(journal, case_id, one.id, two.id, "family abroad, and a cellmate")
                consent, victim = one.answers["consent"], one.answers["victim_consent"]
                assert isinstance(consent, list)
                assert isinstance(victim, str)
                truth.append(
                    Truth(
                        case_id,
                        person,
                        name,
                        (one.id, two.id),
                        (one.answers, two.answers),
                        place,
                        day,
                        tuple(map(str, consent)),
                        victim,
                    )
                )
        clock[0] = datetime.combine(today, time(12), UTC)
        yield Made(folder / "vault", vault, world, truth)


Draft = tuple[tuple[Report, Report], Invented, str, str, date]


def some(draw: random.Random, language: str) -> dict[str, Json]:
    """Answers to about two questions of five, but for those by which a case is sorted."""
    fields = [field for field in packaged_questionnaire().fields if field.type != "file_list" and field.id != "urgent"]
    return {field.id: full(field, draw, language) for field in fields if draw.random() < 0.4}


def _two(
    world: World,
    person: Invented,
    whose: int,
    draw: random.Random,
    today: date,
    *,
    urgent: bool = False,
    varied: bool = False,
) -> Draft:
    spellings = spell(person, draw)
    place = PLACES[whose % len(PLACES)]
    day = today - timedelta(60 + whose * 5 % 500)
    consent = [code for bit, code in enumerate(ALL) if whose % 4 == 0 or (whose * 7 + 3) >> bit & 1 or code == "count"]
    victims = [choice.code for choice in packaged_questionnaire().lists["vconsent"]]
    victim = "person_agrees" if whose == 0 else victims[whose % len(victims)]
    found = packaged_places().place(place)
    assert found is not None
    base: dict[str, Json] = {
        "kind": draw.sample(["detained", "taken", "border", "torture", "missing"], 2),
        "where": {"id": place, "text": found.names["tg"]},
        "when": {"precision": "exact", "date": day.isoformat()},
        "by_whom": [draw.choice(["gknb", "mvd", "ubop", "plain"])],
        "now": draw.choice(["held", "missing", "sentenced", "released"]),
        "consent": [*consent],
        "victim_consent": victim,
    }
    reports = []
    for at, (relation, known) in enumerate((("family", ["saw"]), ("cellmate", ["lived"]))):
        language = LANGUAGES[(whose + at) % 3]
        answers: dict[str, Json] = (everything(draw) if whose == 0 else {}) | base
        if varied and whose:
            answers = some(random.Random(whose * 2 + at), language) | base
        answers |= {
            "account": f"{ACCOUNT[language]} {PERSIAN if whose == 0 else ''} №{whose}.{at}",
            "who": [{"name": spellings[at * 2], "other": [person.alias]}],
            "relation": relation,
            "known": [*known],
        }
        if whose == 0:
            answers |= {"told_gov": "yes", "name_form": "full"}
            answers.pop("urgent")
        else:
            answers["harm"] = f"Ном ва деҳаи {person.alias}ро нагӯед."
        if urgent:
            answers |= {"urgent": ["just_taken"], "kind": ["detained"]}
        identifier = f"{whose * 2 + at + 1:032x}"
        reports.append(replace(make_report(world, 1, answers=answers, language=language), id=identifier))
    return (reports[0], reports[1]), person, spellings[0], place, day
