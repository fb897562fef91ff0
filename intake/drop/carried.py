"""The form in one file, to keep and to carry: the pages of all languages, script, style and keyring, and no request.

The pages are those that `intake.drop.pages` draws. What they have in common stands in the file once, with slots; each
language brings the texts for the slots (browser/source/carried/open.ts puts them in). So the file can't say anything
that the pages don't, and three languages cost little more than one.

    a policy that allows this script, this style and nothing else
    <script type="text/plain" id="keyring">   the signed note, as it was issued
    <script type="text/plain" id="sheets">    parts with "¦" between them: the languages' codes; what all languages
                                              share (tag, page, part below the form, places); what each says
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from intake.drop.assets import Assets, Body
from intake.errors import Fault
from intake.locale import Language

SLOT = "¤"
"""In a sheet: here stands the language's next text. No page may hold it, nor the two below."""
AGAIN = "¬"
"""Before a number and ";": here stands that text once more, counted from 0."""
BETWEEN = "¦"
"""Between the parts."""

THOROUGH = 12
"""At which it is packed: once for each keyring, when somebody first asks, and it travels over the worst lines."""

_TAG_PARTS = re.compile(r'"[^"]*"|[^"]+')
_HTML_PARTS = re.compile(r"<[^>]*>|[^<]+")
_NOSCRIPT = re.compile(r"<noscript>.*?</noscript>\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the file shows in one language: the form's page, and the part of it that its script brings."""

    language: Language
    page: str
    sending: str


class CarriedForm:
    """Writes the file. `places` is what `Gazetteer.table` gives.

    Raises `Fault` when the pages of the languages are not built alike.
    """

    def __init__(self, sheets: Sequence[Sheet], places: str, assets: Assets) -> None:
        pages = [_spelled(_NOSCRIPT.sub("", sheet.page)) for sheet in sheets]
        codes = [sheet.language.code for sheet in sheets]
        words = _Words(codes)
        self._sheets = BETWEEN.join(
            (
                " ".join(codes),
                words.shared([_tag(page) for page in pages], _TAG_PARTS),
                words.shared([_between(page, "<body>", "</body>").strip() for page in pages], _HTML_PARTS),
                words.shared([_spelled(sheet.sending) for sheet in sheets], _HTML_PARTS),
                words.shared([places] * len(sheets), _TAG_PARTS),
                *(text for place in range(len(sheets)) for text in words.of(place)),
            )
        )
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
            self._made = made = note, Body.packed(self._write(note.decode()).encode(), level=THOROUGH)
        return made[1]

    def _write(self, note: str) -> str:
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
                _block("keyring", note),
                _block("sheets", self._sheets),
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
        reserved = any(sign in text for text in texts for sign in (SLOT, AGAIN, BETWEEN))
        if len({len(each) for each in pieces}) > 1 or reserved:
            raise Fault(
                f"the form in {', '.join(self._codes)} is not built alike, so it doesn't fit into one file",
                "Report this as a fault of the templates; meanwhile serve one language.",
            )
        return "".join(said[0] if len(set(said)) == 1 else self._slot(said) for said in zip(*pieces, strict=True))

    def _slot(self, said: tuple[str, ...]) -> str:
        if said in self._slots:
            return f"{AGAIN}{self._slots[said]};"
        self._slots[said] = len(self._slots)
        return SLOT

    def of(self, place: int) -> list[str]:
        """The texts of one language, by slot."""
        return [said[place] for said in self._slots]


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].rpartition(end)[0]


def _tag(page: str) -> str:
    """The attributes of the `<html>` tag (language, direction, and what the script must trust), and the title."""
    attributes = _between(page[: page.index(">", page.index("<html")) + 1], "<html", ">").strip()
    return f'{attributes} data-title="{_between(page, "<title>", "</title>")}"'


def _spelled(html: str) -> str:
    """An apostrophe needs no escape where attributes stand in double quotes."""
    return html.replace("&#39;", "'")


def _unable(sheet: Sheet) -> str:
    """What is said where scripts are off: the sentence about browsers that can't seal."""
    return sheet.sending.partition('data-state="random"')[2].partition(">")[2].partition("</p>")[0]


def _block(name: str, content: str) -> str:
    """Data inside the file. A newline goes before it, which the reader takes off."""
    if "</script" in content.lower() or "<!--" in content:
        raise Fault(f"the {name} of the form can't stand in a file", "Take </script and <!-- out of its texts.")
    return f'<script type="text/plain" id="{name}">\n{content}</script>\n'


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
