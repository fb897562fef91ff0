"""Places: the gazetteer that suggests names to a witness and finds, for the desk, what a name in any script means.

The file is CSV in UTF-8, with a heading; operators bring their own:

    id       a-z, 0-9 and "_", as it stands in answers
    type     country, region, district, city, airport, crossing, detention, authority… (one word)
    parent   the id of the place around it; two countries with a hyphen for a border; "abroad"; or nothing
    en, …    the name, a column for each language (BCP 47 codes); English must be there
    aliases  other names and spellings, with "|" between them
    cert     A seen in a source, B confident, C to be verified first
    from, to (optional) when the place was in use: YYYY[-MM[-DD]]
    note     (optional) remarks for reviewers; names hold none

Many aliases are other names and not spellings, so they are looked up, never computed. A crossing opens and closes and a
facility moves: `from` and `to` say what is known, and silence says nothing.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from intake.errors import Usage
from intake.report import dates
from intake.report.folding import search_key

SIZE_LIMIT = 4_194_304
NAME_LENGTH = 200

Certainty = Literal["A", "B", "C"]

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_BORDER = re.compile(r"[a-z]{2}-[a-z]{2}")
_NEEDED = ("id", "type", "parent", "en", "aliases", "cert")
_OPTIONAL = ("from", "to", "note")
_ABROAD = "abroad"
_UNSUGGESTED = "authority"


@dataclass(frozen=True, slots=True)
class Place:
    """A place, or an authority. `names` are by language code; the dates are YYYY[-MM[-DD]] or empty."""

    id: str
    kind: str
    parent: str
    names: Mapping[str, str]
    aliases: tuple[str, ...]
    certainty: Certainty
    valid_from: str = ""
    valid_to: str = ""
    note: str = ""

    def name(self, language: str) -> str:
        """The name in this language, or in English where there is none."""
        return self.names.get(language) or self.names["en"]

    @property
    def suggested(self) -> bool:
        """Whether the form may offer it: an authority is no place, and what is not verified is not put into mouths."""
        return self.kind != _UNSUGGESTED and self.certainty != "C"


class Gazetteer:
    """All places, in the order of the file."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self.places = tuple(places)
        self._by_id = {place.id: place for place in self.places}
        by_key: dict[str, dict[str, Place]] = defaultdict(dict)
        self._words: dict[str, frozenset[str]] = {}
        for place in self.places:
            for name in (*place.names.values(), *place.aliases):
                by_key[key := search_key(name)][place.id] = place
                self._words[name] = frozenset(key.split())
        self._by_key = {key: tuple(found.values()) for key, found in by_key.items() if key}

    @classmethod
    def parse(cls, content: bytes) -> Gazetteer:
        """Read a file of places. Raises `Usage` that lists every mistake found, one a line."""
        return cls(_Parser(content).places())

    def place(self, identifier: str) -> Place | None:
        """The place of this id, if there is one."""
        return self._by_id.get(identifier)

    def find(self, text: str) -> tuple[Place, ...]:
        """Every place that has this name or alias, in any script and spelling, in the order of the file."""
        return self._by_key.get(search_key(text), ())

    def suggestions(self, language: str) -> str:
        """What the page offers, as small as it can be said: one place a line, its parts with "|" between them.

        The parts are the id, the id of the place around it (empty where that is not offered itself), the name in this
        language, and each other name that is not just another spelling of one before it.
        """
        return "\n".join(
            "|".join([place.id, around, place.name(language), *self._others(place, language)])
            for place, around in self._offered()
        )

    def table(self, languages: Sequence[str]) -> str:
        """What `suggestions` gives in each of these languages, in one text (browser/source/carried/places.ts reads it).

        The first line names the languages of the names; then a place a line: the id, the id around it, its name in each
        of them (empty where there is none), and each alias that is offered in at least one of `languages`.
        """
        offered = self._offered()
        columns = list(dict.fromkeys(code for place, _ in offered for code in place.names))
        lines = ["|".join(columns)]
        for place, around in offered:
            needed = {name for language in languages for name in self._others(place, language)}
            names = [place.names.get(code, "") for code in columns]
            lines.append("|".join([place.id, around, *names, *(name for name in place.aliases if name in needed)]))
        return "\n".join(lines)

    def _offered(self) -> list[tuple[Place, str]]:
        """The places that the form may offer, each with the id of the one around it, if that is offered itself."""
        offered = [place for place in self.places if place.suggested]
        ids = {place.id for place in offered}
        return [(place, place.parent if place.parent in ids else "") for place in offered]

    def _others(self, place: Place, language: str) -> list[str]:
        """The names with a word that no name before them has: the rest is found by those. First is the one shown."""
        covered = set(self._words[place.name(language)])
        found = []
        for name in sorted((*place.names.values(), *place.aliases), key=lambda name: -len(self._words[name])):
            if not self._words[name] <= covered:
                found.append(name)
                covered |= self._words[name]
        return found


class _Parser:
    """Reads a file of places, gathering mistakes instead of stopping at the first."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._mistakes: list[str] = []

    def places(self) -> list[Place]:
        heading, *rows = self._rows()
        languages = self._heading(heading)
        self._raise()
        found = [
            self._place(line, dict(zip(heading, row, strict=True)), languages)
            for line, row in self._even(rows, len(heading))
        ]
        self._whole(found)
        self._raise()
        return found

    def _rows(self) -> list[list[str]]:
        try:
            if len(self._content) > SIZE_LIMIT:
                raise ValueError("it is larger than 4 MiB")
            text = unicodedata.normalize("NFC", self._content.decode("utf-8-sig"))
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            if not rows:
                raise ValueError("it is empty")
        except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
            raise Usage(f"the list of places is not a CSV file in UTF-8: {error}", "Correct the file.") from None
        return rows

    def _raise(self) -> None:
        if self._mistakes:
            some = "1 mistake" if len(self._mistakes) == 1 else f"{len(self._mistakes)} mistakes"
            raise Usage(
                f"the list of places has {some}:\n" + "\n".join(f"  {mistake}" for mistake in self._mistakes),
                "Correct the file; intake/report/places.csv shows the form.",
            )

    def _wrong(self, where: str, what: str) -> None:
        self._mistakes.append(f"{where}: {what}")

    def _heading(self, heading: list[str]) -> list[str]:
        for column in _NEEDED:
            if column not in heading:
                self._wrong("the heading", f"the column {column} is missing")
        for column in sorted({column for column in heading if heading.count(column) > 1}):
            self._wrong("the heading", f"the column {column!r} is there twice")
        languages = [column for column in heading if column not in {*_NEEDED, *_OPTIONAL} or column == "en"]
        for column in languages:
            if not _LANGUAGE.fullmatch(column):
                self._wrong("the heading", f"the column {column!r} is neither known nor a language")
        return languages

    def _even(self, rows: list[list[str]], width: int) -> Iterator[tuple[int, list[str]]]:
        """The rows as wide as the heading, with their numbers in the file as a table counts them."""
        for number, row in enumerate(rows, 2):
            if len(row) == width:
                yield number, [cell.strip() for cell in row]
            elif row:
                self._wrong(f"row {number}", f"it has {len(row)} columns, the heading has {width}")

    def _place(self, number: int, row: Mapping[str, str], languages: list[str]) -> Place:
        where = f"row {number} ({row['id'] or 'no id'})"
        for column in ("id", "type"):
            if not _ID.fullmatch(row[column]):
                self._wrong(where, f"{column} {row[column]!r} is not of the form {_ID.pattern}")
        certainty = next((known for known in get_args(Certainty) if known == row["cert"]), None)
        if certainty is None:
            self._wrong(where, f"cert {row['cert']!r} is none of A, B, C")
        names = {language: row[language] for language in languages if row[language]}
        aliases = tuple(alias for part in row["aliases"].split("|") if (alias := part.strip()))
        if "en" not in names:
            self._wrong(where, "the English name is missing")
        for name in (*names.values(), *aliases):
            if len(name) > NAME_LENGTH or "|" in name or any(unicodedata.category(c)[0] == "C" for c in name):
                self._wrong(where, f'a name is longer than {NAME_LENGTH} characters or holds "|" or control characters')
            elif not search_key(name):
                self._wrong(where, f"the name {name!r} holds no letter or digit")
        for column in ("from", "to"):
            if (day := row.get(column, "")) and dates.read(day) != day:
                self._wrong(where, f"{column} {day!r} is not of the form YYYY[-MM[-DD]]")
        return Place(
            id=row["id"],
            kind=row["type"],
            parent=row["parent"],
            names=names,
            aliases=aliases,
            certainty=certainty or "C",
            valid_from=row.get("from", ""),
            valid_to=row.get("to", ""),
            note=row.get("note", ""),
        )

    def _whole(self, places: list[Place]) -> None:
        """What can be wrong only between the rows."""
        ids = [place.id for place in places]
        for twice in sorted({identifier for identifier in ids if ids.count(identifier) > 1}):
            self._wrong(f"place {twice}", "the id is used more than once")
        around = {place.id: place.parent for place in places}
        for place in places:
            known = place.parent in around or place.parent in ("", _ABROAD) or _BORDER.fullmatch(place.parent)
            if not known:
                self._wrong(f"place {place.id}", f"parent {place.parent!r} is no place of this list")
            seen, parent = {place.id}, place.parent
            while parent in around and parent not in seen:
                seen.add(parent)
                parent = around[parent]
            if parent in seen:
                self._wrong(f"place {place.id}", "it lies within itself")
