"""Regions and travel groups: what a place of the gazetteer counts as in a statement.

A place belongs to the first of its surroundings that is a region. Cities and facilities that the gazetteer puts
straight under the country are listed here by the region they lie in (administrative division of Tajikistan since 2015).
"""

from __future__ import annotations

from intake.report.places import Gazetteer, Place

REGIONS = ("gbao", "sughd", "dushanbe", "drs", "khatlon", "border", "ru", "abroad", "tj", "unknown")
"""In the order of tables: north to south and then outward; `border` is a land crossing, `tj` a place not told."""

_WITHIN = {
    "khujand": "sughd",
    "kulob": "khatlon",
    "bokhtar": "khatlon",
    "vahdat": "drs",
    "f_36": "khatlon",
    "f_38": "khatlon",
    "f_istaravshan": "sughd",
    "f_ivs_isfara": "sughd",
}
_DISTRICTS = ("city", "district")


def around(places: Gazetteer, place_id: str) -> list[Place]:
    """A place and all around it, the innermost first."""
    found: list[Place] = []
    here = places.place(place_id)
    while here is not None and here not in found:
        found.append(here)
        here = places.place(here.parent)
    return found


def region(places: Gazetteer, place_id: str | None) -> str:
    """One of `REGIONS`."""
    chain = around(places, place_id) if place_id else []
    if not chain:
        return "unknown"
    if chain[0].kind == "crossing":
        return "border" if _into_tajikistan(chain[0]) else "abroad"
    for each in chain:
        if each.id in _WITHIN:
            return _WITHIN[each.id]
        if each.id in REGIONS:
            return each.id
    last = chain[-1]
    return "tj" if last.id == "tj" else "abroad"


def district(places: Gazetteer, place_id: str | None) -> str | None:
    """The id of the district or city of a region in Tajikistan, or None."""
    if place_id is None or region(places, place_id) in ("border", "ru", "abroad", "unknown", "tj"):
        return None
    found = [each.id for each in around(places, place_id) if each.kind in _DISTRICTS and each.id not in REGIONS]
    return found[-1] if found else None


def travel_group(places: Gazetteer, place_id: str | None) -> str | None:
    """How the travel sheet names a place: the id of an airport, region, country or far crossing, or `border:tj-uz`."""
    chain = around(places, place_id) if place_id else []
    if not chain:
        return None
    if found := next((each for each in chain if each.kind == "airport"), None):
        return found.id
    if chain[0].kind == "crossing":
        return f"border:{chain[0].parent}" if _into_tajikistan(chain[0]) else chain[0].id
    known = region(places, place_id)
    if known in ("abroad", "tj", "unknown"):
        return next((each.id for each in chain if each.kind == "country" and each.id != "tj"), None)
    return known


def _into_tajikistan(crossing: Place) -> bool:
    """Whether one of the two countries of a crossing ("tj-uz") is Tajikistan."""
    return "tj" in crossing.parent.split("-")
