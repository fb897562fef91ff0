"""Answers in English words for a paper: codes, dates and places spelled out, a person's own words as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from intake.report.document import Json, dump
from intake.report.places import Gazetteer
from intake.report.questionnaire import Field, Questionnaire
from intake.report.shapes import fits


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: `own` where the words are the witness's, to be translated; else they are ours."""

    text: str
    own: bool


class Answers:
    """Puts answers into words, for one questionnaire and one list of places."""

    def __init__(self, questionnaire: Questionnaire, places: Gazetteer) -> None:
        self._questionnaire = questionnaire
        self._places = places

    def said(self, field: Field, answer: Json) -> tuple[Said, ...]:
        """What an answer says, in its order; nothing for an empty one. An odd shape stands as it came."""
        if answer in (None, "", [], {}):
            return ()
        if not fits(field.type, answer):
            return (Said(answer if isinstance(answer, str) else dump(answer).decode(), own=True),)
        return tuple(each for each in self._of(field, answer) if each.text.strip())

    def _of(self, field: Field, answer: Json) -> Iterator[Said]:
        items = answer if isinstance(answer, list) else [answer]
        if field.type == "file_list":
            yield Said(f"file{'s' if len(items) > 1 else ''} {', '.join(map(str, items))}", own=False)
            return
        for item in items:
            match field.type:
                case "multi" | "single":
                    yield Said(self.code(field.choices, item), own=False)
                case "text" | "longtext" | "text_list":
                    yield Said(str(item), own=True)
                case "person_list" if isinstance(item, dict):
                    yield from self._person(item)
                case "place_list" if isinstance(item, dict):
                    yield Said(self._stay(item), own=False)
                    yield from self._own(item.get("place"))
                case "year_or_age" if isinstance(item, dict):
                    told = [f"born in {item['year']}" if "year" in item else "", f"{item.get('age')} years old"]
                    yield Said(", ".join(part for part in told[: 1 + ("age" in item)] if part), own=False)
                case "number":
                    yield Said(str(item), own=False)
                case _ if isinstance(item, dict):
                    yield Said(self._plain(field, item), own=False)
                    yield from self._own(item)

    def code(self, choices: str, code: Json) -> str:
        """A code in words; one that the list hasn't, as it is."""
        for choice in self._questionnaire.lists.get(choices.removeprefix("@"), ()):
            if choice.code == code:
                return choice.words
        return str(code)

    def place(self, place: Json) -> str:
        """A place by its name in the list, else in the words that were given; "" for none."""
        return self._name(place) or next((each.text.strip() for each in self._own(place)), "")

    def _person(self, person: dict[str, Json]) -> Iterator[Said]:
        told = [str(person["name"])]
        if person.get("age") is not None:
            told.append(f"age {person['age']}")
        if person.get("now") is not None:
            told.append(self.code("@status", person["now"]).lower())
        if isinstance(other := person.get("other"), list) and other:
            told.append(f"also {', '.join(map(str, other))}")
        yield Said("; ".join(told), own=False)
        if person.get("note"):
            yield Said(str(person["note"]), own=True)

    def _stay(self, stay: dict[str, Json]) -> str:
        place = stay.get("place")
        told = [self._name(place)]
        told += [f"{word} {date_in_words(when)}" for word in ("from", "to") if isinstance(when := stay.get(word), dict)]
        return ", ".join(part for part in told if part)

    def _plain(self, field: Field, item: dict[str, Json]) -> str:
        """A date or a place."""
        if field.type == "place":
            return self._name(item)
        return date_in_words(item)

    def _name(self, place: Json) -> str:
        known = place.get("id") if isinstance(place, dict) else None
        found = self._places.place(known) if isinstance(known, str) else None
        if found is None:
            return ""
        around = self._places.place(found.parent)
        return found.name("en") + (f", {around.name('en')}" if around and around.kind != "country" else "")

    def _own(self, item: Json) -> Iterator[Said]:
        if isinstance(item, dict) and isinstance(text := item.get("text"), str) and text.strip():
            yield Said(text, own=True)


_WRITTEN_OUT = (
    (r"Security committee \(GKNB/KDAM\)", "State Committee for National Security"),
    (r"Police \(MVD/VKD\)", "Police of the Ministry of Internal Affairs"),
    (r"Organised crime department \(UBOP\)", "Department for Combating Organised Crime"),
    (r"MVD organised crime department \(UBOP\)", "Department for Combating Organised Crime"),
    (r"OMON or special unit", "Special police unit"),
    (r"SCNS(?: \(GKNB\))?", "State Committee for National Security"),
    (r"\bMVD\b", "Ministry of Internal Affairs"),
    (r"SIZO / IVS", "Pre-trial and temporary detention centre"),
    (r"\bSIZO\b", "Pre-trial detention centre"),
    (r"Temporary detention \(IVS\)", "Temporary detention centre"),
)


def written_out(text: str) -> str:
    """Our own words with the names of institutions in full, for a body that wants no abbreviations."""
    for short, long in _WRITTEN_OUT:
        text = re.sub(short, long, text)
    return text


def date_in_words(when: dict[str, Json]) -> str:
    """A date as it was given, with how exact it is, time and zone."""
    told = [str(when[key]) for key in ("date", "time", "zone") if when.get(key)]
    if when.get("precision") == "about" and told:
        told.insert(0, "about")
    return " ".join(told)
