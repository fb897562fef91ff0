"""The fixed words of the statement and the travel sheet, in English; translations are `statement.po` of each language.

Nobody writes a statement by hand: it says the same things in the same words each time, so that what changes are the
numbers alone.
"""

from __future__ import annotations

from intake.locale import Catalog, catalog, packaged_questionnaire
from intake.report.places import Gazetteer

MESSAGES = {
    "statement.title": "Reports of detention",
    "statement.period": "{first} to {last}",
    "statement.sentence": "From {first} to {last} we received {reports} reports about {people} people; "
    "{confirmed} were confirmed by two independent sources.",
    "statement.sentence-short": "From {first} to {last} we received {reports} reports; {confirmed} people were "
    "confirmed by two independent sources.",
    "statement.not-total": "These numbers are what reached us. They are not the total.",
    "statement.few": "fewer than 10",
    "statement.none": "fewer than 5",
    "statement.rules": "How to read this: numbers are rounded to 5; <10 stands for 5 to 9, and a dash for "
    "fewer than 5, or for a number that would give another one away. Each person is "
    "counted once. A number changes only when it has moved by 5 or more. Cases in which "
    "someone may still be in danger are left out for 30 days.",
    "statement.sample": "Whether the numbers rise or fall says how many reports reach us, not how many people"
    " are taken.",
    "statement.correction": "This corrects version {version} and replaces all of it.",
    "statement.translation": "This translation is a draft that no native reader has checked. The English text holds.",
    "statement.version": "version {version} · {day} · SHA-256 {hash}",
    "statement.pages": "page {page} of {pages}",
    "statement.draft": "DRAFT: NOT TO BE PUBLISHED",
    "statement.practice": "PRACTICE: EVERYTHING HERE IS INVENTED",
    "statement.place": "By place and time",
    "statement.time": "By time",
    "statement.map": "Where, as a sketch: no distances, no borders",
    "statement.district": "Within {region}",
    "statement.kind": "By what happened (each person under the gravest)",
    "statement.authority": "By who did it, as far as it was told",
    "statement.withheld": "Left out: it would say something about single people.",
    "statement.total": "In all",
    "statement.people": "People",
    "statement.earlier": "Earlier",
    "statement.undated": "No date",
    "statement.rest": "Elsewhere, or not told",
    "statement.region.border": "Land crossings",
    "statement.region.abroad": "Other countries",
    "statement.region.tj": "Tajikistan, place not told",
    "statement.region.unknown": "Not told",
    "statement.kind.killed": "Killed or died",
    "statement.kind.missing": "Nobody says where the person is",
    "statement.kind.taken": "Taken by unknown people",
    "statement.kind.deport": "Deported or extradited, or about to be",
    "statement.kind.torture": "Beaten or tortured",
    "statement.kind.border": "Stopped at an airport or border",
    "statement.kind.detained": "Arrested or held",
    "statement.kind.summoned": "Summoned or threatened",
    "statement.kind.fear": "In fear of being taken",
    "statement.kind.other": "Something else",
    "statement.authority.several": "Several of these",
    "travel.title": "Before you travel to Tajikistan",
    "travel.sentence": "In the twelve months to {last}, people were arrested on arrival or while travelling "
    "at these places. For each, two independent sources confirm it.",
    "travel.none": "For the twelve months to {last} we have no arrest that two independent sources "
    "confirm and that we may tell of. That does not mean that travelling is safe.",
    "travel.crossings": "Land crossings from {country}",
    "travel.warning": "That a place is not named here does not make it safe. We tell neither numbers nor "
    "dates, so that nobody can be recognised.",
}
"""By context, in the order of the `.po` file."""

NOTHING = "–"


class Wording:
    """All words of one language that a statement needs."""

    def __init__(self, language: str, places: Gazetteer) -> None:
        self._catalog: Catalog = catalog(language)
        self._places = places
        self.language = self._catalog.language
        self.draft = self._catalog.draft

    def __call__(self, name: str, **values: object) -> str:
        """A message by its context, with its values put in."""
        return self.plain(name).format(**values) if values else self.plain(name)

    def figure(self, printed: str | None) -> str:
        """A figure in a table."""
        return NOTHING if printed is None else printed

    def number(self, printed: str | None) -> str:
        """A figure in a sentence."""
        few = {None: "statement.none", "<10": "statement.few"}.get(printed)
        return self.plain(few) if few else self.figure(printed)

    def place(self, place_id: str) -> str:
        """A region, district, airport, or group of crossings."""
        if f"statement.region.{place_id}" in MESSAGES:
            return self.plain(f"statement.region.{place_id}")
        if place_id.startswith("border:"):
            other = next(part for part in place_id.removeprefix("border:").split("-") if part != "tj")
            found = self._places.place(other)
            return self("travel.crossings", country=found.name(self.language.code) if found else other.upper())
        found = self._places.place(place_id)
        return found.name(self.language.code) if found else self.plain(f"statement.{place_id}")

    def row(self, table: str, code: str) -> str:
        """The name of a row or column of a table."""
        if table in ("place", "time") or table.startswith("district"):
            return self.place(code) if f"statement.{code}" not in MESSAGES else self.plain(f"statement.{code}")
        if f"statement.{table}.{code}" in MESSAGES:
            return self.plain(f"statement.{table}.{code}")
        for choice in packaged_questionnaire().lists["actor"]:
            if choice.code == code:
                return self._catalog.gettext(choice.words, f"@actor.{code}")
        return code

    def column(self, code: str) -> str:
        """A quarter, or one of the columns around them."""
        return self.plain(f"statement.{code}") if f"statement.{code}" in MESSAGES else code.replace("-", " ")

    def plain(self, name: str) -> str:
        """A message as it stands."""
        return self._catalog.gettext(MESSAGES[name], name)
