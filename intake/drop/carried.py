"""The form in one file, to keep and to carry: the pages of all languages, script, style and keyring, and no request.

The pages are those that `intake.drop.pages` draws. What they have in common stands in the file once, in shorthand and
with slots; each language brings the texts for the slots (browser/source/carried/open.ts puts them in). So the file
can't say anything that the pages don't, and three languages cost little more than one.

    a policy that allows this script, this style and nothing else
    <script type="text/plain" id="keyring">      the signed note, as it was issued
    <script type="text/plain" id="sheets">       what all languages share: page, part below the form, places
    <script type="application/json" id="words">  what each says, and the shorthand's rules
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from intake.drop.assets import Assets, Body
from intake.drop.shorthand import shorten
from intake.errors import Fault
from intake.locale import Language

SLOT = "¤"
"""Before a slot's number in a sheet; no page may use it, nor what stands between sheets."""
BETWEEN = "¦"

_HTML_PARTS = re.compile(r"<[^>]*>|[^<]+")
_PLACES_PARTS = re.compile(r"^[^|\n]*\|[^|\n]*\||.+|\n", re.MULTILINE)
_ATTRIBUTE = re.compile(r'([a-z0-9-]+)="([^"]*)"')
_NOSCRIPT = re.compile(r"<noscript>.*?</noscript>\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the file shows in one language: the form's page, and what its script is given."""

    language: Language
    page: str
    places: str
    sending: str


class CarriedForm:
    """Writes the file. Raises `Fault` when the pages of the languages are not built alike."""

    def __init__(self, sheets: Sequence[Sheet], assets: Assets) -> None:
        pages = [_NOSCRIPT.sub("", sheet.page) for sheet in sheets]
        words = _Words([sheet.language.code for sheet in sheets])
        self._shared = (
            words.shared([_between(page, "<body>", "</body>").strip() for page in pages], _HTML_PARTS),
            words.shared([sheet.sending for sheet in sheets], _HTML_PARTS),
            words.shared([sheet.places for sheet in sheets], _PLACES_PARTS),
        )
        self._languages = {
            sheet.language.code: {
                "title": html.unescape(_between(page, "<title>", "</title>")),
                "attributes": _attributes(page),
                "words": words.of(place),
            }
            for place, (sheet, page) in enumerate(zip(sheets, pages, strict=True))
        }
        self._first = sheets[0].language
        self._title = _between(pages[0], "<title>", "</title>")
        self._unable = [(sheet.language.code, _unable(sheet)) for sheet in sheets]
        self._style = assets.text("style.css") + assets.text("carried.css")
        self._script = assets.text("carried.js")
        self._made: tuple[bytes, Body] | None = None

    def file(self, note: bytes) -> Body:
        """The file that seals to the keyring in `note`: the same bytes for the same note, whenever and wherever."""
        made = self._made
        if made is None or made[0] != note:
            self._made = made = note, Body.packed(self._write(note.decode()).encode())
        return made[1]

    def _write(self, note: str) -> str:
        rules, sheets = shorten(BETWEEN.join(self._shared))
        policy = (
            f"default-src 'none'; script-src '{_hash(self._script)}'; style-src '{_hash(self._style)}'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        )
        unable = "".join(f'<p lang="{code}">{text}</p>\n' for code, text in self._unable)
        return "".join(
            (
                f'<!doctype html>\n<html lang="{self._first.code}" dir="{self._first.direction}" translate="no">\n',
                '<head>\n<meta charset="utf-8">\n',
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
                '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
                '<meta name="referrer" content="no-referrer">\n',
                f'<title>{self._title}</title>\n<link rel="icon" href="data:,">\n',
                f"<style>{self._style}</style>\n",
                _block("text/plain", "keyring", note),
                _block("text/plain", "sheets", sheets),
                _block("application/json", "words", _json({"rules": rules, "languages": self._languages})),
                f"</head>\n<body>\n<noscript>\n{unable}</noscript>\n<script>{self._script}</script>\n</body>\n</html>\n",
            )
        )


class _Words:
    """The texts in which the languages differ, each once however often it is said."""

    def __init__(self, codes: Sequence[str]) -> None:
        self._codes = codes
        self._slots: dict[tuple[str, ...], int] = {}

    def shared(self, texts: Sequence[str], parts: re.Pattern[str]) -> str:
        """What the texts have in common, with a slot wherever they differ."""
        pieces = [parts.findall(text) for text in texts]
        if len({len(each) for each in pieces}) > 1 or any(SLOT in text or BETWEEN in text for text in texts):
            raise Fault(
                f"the form in {', '.join(self._codes)} is not built alike, so it doesn't fit into one file",
                "Report this as a fault of the templates; meanwhile serve one language.",
            )
        return "".join(
            said[0] if len(set(said)) == 1 else f"{SLOT}{self._slots.setdefault(said, len(self._slots))};"
            for said in zip(*pieces, strict=True)
        )

    def of(self, place: int) -> list[str]:
        """The texts of one language, by slot."""
        return [said[place] for said in self._slots]


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].rpartition(end)[0]


def _attributes(page: str) -> dict[str, str]:
    """Those of the `<html>` tag: language, direction, and what the script must trust."""
    tag = _between(page[: page.index(">", page.index("<html")) + 1], "<html", ">")
    return {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


def _unable(sheet: Sheet) -> str:
    """What is said where scripts are off: the sentence about browsers that can't seal."""
    return sheet.sending.partition('data-state="random"')[2].partition(">")[2].partition("</p>")[0]


def _block(kind: str, name: str, content: str) -> str:
    """Data inside the file. A newline goes before it, which the reader takes off."""
    if "</script" in content.lower() or "<!--" in content:
        raise Fault(f"the {name} of the form can't stand in a file", "Take </script and <!-- out of its texts.")
    return f'<script type="{kind}" id="{name}">\n{content}</script>\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/").replace("<!", "<\\u0021")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
