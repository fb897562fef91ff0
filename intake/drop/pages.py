"""The pages a witness sees, rendered once at start: constant bytes per language, so that they can be listed by hash.
The form in one file is drawn from the same templates (`intake.drop.carried`).

What varies between installations stands in `data-` attributes (origin, roots, threshold) and in the operator's own
texts; what varies between visits is fetched by the page itself. No page holds an inline script or style.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import intake
from intake.drop.advice import AGAIN, PROBLEMS, Problem
from intake.drop.again import Box, Pair, write_again
from intake.drop.asked import parts_of, question_of
from intake.drop.assets import Asset, Assets, Body
from intake.drop.carried import CarriedForm, Sheet
from intake.drop.courier import Received
from intake.drop.returning import CODE, DAY, NUMBER, SHOWN, TEXT, ReturnPages
from intake.errors import Fault, Usage
from intake.keyring import fingerprint
from intake.locale import Catalog, Language, catalog, languages, packaged_places
from intake.report.places import Gazetteer
from intake.report.questionnaire import Questionnaire


class Organisation(Protocol):
    """What the form says under "Who reads this", in one language."""

    @property
    def name(self) -> str:
        """Who runs this: a name, or a neutral description."""

    @property
    def who_reads(self) -> str:
        """Who opens the reports."""

    @property
    def retention(self) -> str:
        """How long they are kept."""

    @property
    def withdraw(self) -> str:
        """How a report is taken back."""

    @property
    def check(self) -> str:
        """How the page and its keys can be checked."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What an installation puts into its pages. The mappings are by language code."""

    origin: str
    roots: Sequence[str]
    """The trusted roots as vkeys: the one thing in the page that decides which keyring it believes."""
    threshold: int
    questionnaire: Questionnaire
    languages: Sequence[str]
    reading_times: Mapping[str, str]
    urgent_contacts: Mapping[str, str]
    organisation: Mapping[str, Organisation]
    leave_url: str
    places: Gazetteer = field(default_factory=packaged_places)
    catalogs: Mapping[str, Catalog] = field(default_factory=dict, repr=False)
    """Words that differ from the packaged ones: those of an own questionnaire."""
    plain_form: bool = True
    plain_files: int = 8
    """MiB of files that may come without JavaScript."""
    onion: str | None = None
    drafts: bool = False


def _(text: str) -> str:
    """Mark a sentence for the catalogues; it is translated where it is used."""
    return text


_MONTHS = (
    *(_("January"), _("February"), _("March"), _("April"), _("May"), _("June")),
    *(_("July"), _("August"), _("September"), _("October"), _("November"), _("December")),
)


@dataclass(frozen=True, slots=True)
class _Bodies:
    script: Asset
    files_script: Asset
    form: Body
    received: tuple[bytes, bytes]
    call: Body
    carry: Body
    returning: ReturnPages
    problems: Mapping[str, Body] = field(default_factory=dict)


class Pages:
    """All pages in all languages served. Raises `Usage` for a language that can't be served."""

    def __init__(self, setting: Setting, assets: Assets) -> None:
        known = {one.code: one for one in languages()}
        known |= {code: words.language for code, words in setting.catalogs.items()}
        if missing := [code for code in setting.languages if code not in known]:
            raise Usage(f"no translation for the language {', '.join(missing)}", f"Choose from {', '.join(known)}.")
        catalogs = {code: setting.catalogs.get(code) or catalog(code) for code in setting.languages}
        served = [known[code] for code, words in catalogs.items() if setting.drafts or not words.draft]
        if not served:
            raise Usage(
                "every language chosen is a draft that no native reader has signed", "Serve drafts with --drafts."
            )
        self.languages = tuple(language.code for language in served)
        environment = Environment(
            loader=FileSystemLoader(_templates()),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        pens = [_Pen(environment, setting, assets, served, one, catalogs[one.code]) for one in served]
        self._pens = {pen.language.code: pen for pen in pens}
        self._bodies = {code: _render(pen) for code, pen in self._pens.items()}
        self._scripts = {
            script.path: script
            for bodies in self._bodies.values()
            for script in (bodies.script, bodies.files_script, bodies.returning.script)
        }
        sheets = [replace(pen, carried=True).sheet() for pen in pens]
        self._carried = CarriedForm(sheets, setting.places.table(self.languages), assets)

    @property
    def default(self) -> str:
        """The language of `/`: the operator's first."""
        return self.languages[0]

    def form(self, language: str) -> Body:
        """The form. Raises `KeyError` for a language not served, as do the others."""
        return self._bodies[language].form

    def script(self, path: str) -> Asset | None:
        """A script of the form, of its files or of the page for coming back, in one of the languages, by its path."""
        return self._scripts.get(path)

    def scripts(self) -> tuple[str, ...]:
        """The paths of all of them."""
        return tuple(self._scripts)

    def received(self, language: str, code: str) -> bytes:
        """The answer to a plain report that was stored, with the code made for it; one length for all codes."""
        before, after = self._bodies[language].received
        return b"%s%s%s" % (before, code.encode(), after)

    def returning(self, language: str) -> ReturnPages:
        """The page for coming back, and those that answer a posted code."""
        return self._bodies[language].returning

    def call(self, language: str) -> Body:
        """The sheet to print for who takes a phone call."""
        return self._bodies[language].call

    def carry(self, language: str) -> Body:
        """The page for whoever carries what others sealed."""
        return self._bodies[language].carry

    def handed(self, language: str, received: Received) -> bytes:
        """The same page, saying what became of what was handed in; made for the one who asked."""
        return self._pens[language].html("carry.html", suffix="/carry", received=received).encode()

    def carried(self, note: bytes) -> Body:
        """The form in one file, in all languages, with the keyring that it seals to."""
        return self._carried.file(note)

    def problem(self, language: str, word: str) -> Body:
        """A sentence for a person, by the word of `urn:amonat:<word>`; words without their own say `unavailable`."""
        problems = self._bodies[language].problems
        return problems.get(word, problems["unavailable"])

    def again(self, language: str, word: str, pairs: Sequence[Pair], *, files: bool = False) -> bytes | None:
        """A plain report that was refused, to be sent once more; None where that would not help.

        `files`: some came with it, and can't be given back.
        """
        if word not in AGAIN:
            return None
        pen = self._pens[language]
        contacts = pen.setting.urgent_contacts[language]
        title, advice = (pen.words.gettext(text) for text in AGAIN[word])
        problem = Problem(title, advice.format(urgent_contacts=contacts))

        def render(kept: Sequence[Pair], boxes: Sequence[Box]) -> str:
            return pen.html("again.html", problem=problem, kept=kept, boxes=boxes, files=files)

        return write_again(render, pen.setting.questionnaire, pen.words, word, pairs)


def _templates() -> Path:
    """In the wheel the templates lie inside the package; in a clone, beside it."""
    package = Path(intake.__file__).parent
    for folder in (package / "templates", package.parent / "templates"):
        if folder.is_dir():
            return folder
    raise Fault("the page's templates are missing", "Install the project again.")


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws the templates in one language: as pages, or `carried`, as the form in one file."""

    environment: Environment
    setting: Setting
    assets: Assets
    served: Sequence[Language]
    language: Language
    words: Catalog
    carried: bool = False

    def html(self, template: str, **more: object) -> str:
        """One template, filled in."""
        setting, code = self.setting, self.language.code
        shared = {
            "_": self.words.gettext,
            "assets": self.assets,
            "carried": self.carried,
            "draft": self.words.draft,
            "language": self.language,
            "languages": self.served,
            "plain_files": setting.plain_files if setting.plain_form else 0,
            "leave_url": "about:blank" if self.carried else setting.leave_url,
            "reading_times": setting.reading_times[code],
            "urgent_contacts": setting.urgent_contacts[code],
        }
        return _squeezed(self.environment.get_template(template).render(shared, **more))

    def form(self, script: str) -> str:
        """The form, with the path of its script."""
        setting = self.setting
        return self.html(
            "form.html",
            script=script,
            fingerprints=[fingerprint(root) for root in setting.roots],
            **self.trusted(),
            sections=parts_of(setting.questionnaire, self.words, files=not self.carried),
            months=[self.words.gettext(month) for month in _MONTHS],
            organisation=setting.organisation[self.language.code],
            onion=setting.onion,
        )

    def trusted(self) -> dict[str, object]:
        """What a page's script must trust, and which words it shows."""
        setting = self.setting
        return {
            "origin": setting.origin,
            "roots": setting.roots,
            "threshold": setting.threshold,
            "questionnaire": setting.questionnaire,
            "digest": setting.questionnaire.digest(self.words),
            "plain_form": setting.plain_form,
        }

    def given(self) -> dict[str, str]:
        """What is of use to scripts alone: it travels with the script, and costs nobody else a byte."""
        return {
            "places": self.setting.places.suggestions(self.language.code),
            "sending": self.sending(),
        }

    def sending(self) -> str:
        """What the page shows while a report is sealed and sent, and afterwards."""
        return self.html("sending.html", code="")

    def sheet(self) -> Sheet:
        """What the form in one file shows in this language."""
        return Sheet(self.language, self.form(""), self.sending())


def _render(pen: _Pen) -> _Bodies:
    def page(template: str, **more: object) -> Body:
        return Body.packed(pen.html(template, **more).encode())

    setting, words, contacts = pen.setting, pen.words, pen.setting.urgent_contacts[pen.language.code]
    parts = {part: pen.html("files.html", part=part) for part in ("list", "states", "long")}
    files_script = pen.assets.given("files.js", pen.language.code, parts)
    picking = {"pick": pen.html("pick.html"), "files": files_script.path}
    script = pen.assets.given("page.js", pen.language.code, pen.given() | picking)
    consent = setting.questionnaire.field("consent")
    coming = {
        "suffix": "/return",
        "consent": question_of(setting.questionnaire, consent, words) if consent else None,
        "code": CODE,
        "day": DAY,
        "number": NUMBER,
        "text": TEXT,
    }
    blank = dict.fromkeys(("day", "number", "text"), "")
    opening = pen.html("opening.html", shown=None, **(coming | blank))
    return_script = pen.assets.given("return.js", pen.language.code, {"sending": opening})
    return _Bodies(
        script=script,
        files_script=files_script,
        returning=ReturnPages(
            script=return_script,
            page=page("return.html", script=return_script.path, **coming, **pen.trusted()),
            plain={shown: pen.html("returned.html", shown=shown, **coming) for shown in SHOWN},
        ),
        form=Body.packed(pen.form(script.path).encode()),
        received=_around(pen.html("received.html", code=CODE)),
        call=page("call.html", suffix="/call"),
        carry=page("carry.html", suffix="/carry", received=None),
        problems={
            word: page(
                "problem.html",
                problem=Problem(
                    words.gettext(title),
                    words.gettext(advice).format(urgent_contacts=contacts, plain_files=setting.plain_files),
                ),
            )
            for word, (title, advice) in PROBLEMS.items()
        },
    )


def _around(html: str) -> tuple[bytes, bytes]:
    """What stands before and after the place of a code."""
    before, _, after = html.partition(CODE)
    return before.encode(), after.encode()


def _squeezed(html: str) -> str:
    """Without the blank lines and indents that only the templates' readers need."""
    return "\n".join(line for line in map(str.strip, html.splitlines()) if line) + "\n"
