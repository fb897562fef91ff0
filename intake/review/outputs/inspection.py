"""Finished files are searched for what must not be in them, before they leave: in any script, encoding and wrapping.

Each is taken apart (`unpacking`). What is no text as a whole is searched for the words and passages exactly, in UTF-8,
UTF-16 and the Cyrillic code pages, and with JSON's escapes; all text in it word by word, by the search keys of
`redaction`, so that another script or spelling is found too, and letter by letter, so that gaps hide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from intake.errors import Fault
from intake.review.outputs.redaction import Redaction, words
from intake.review.outputs.unpacking import DAMAGED, MoreThanPixels, as_text, pieces, texts

_WIDE = ("utf-8", "utf-16-le", "utf-16-be")
_NARROW = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")
_SHORTEST = {True: 4, False: 6}
"""Letters of a word that is searched for in raw bytes, wide or narrow: a shorter one is in every file by chance."""
_SQUEEZED = 8
"""Letters of what is searched for without regard to gaps."""


class StillThere(Fault):
    """A finished file holds what was to be left out."""

    advice = "Nothing was written. Report this: the paper was not made as it should have been."


def inspect(files: Mapping[str, bytes], redaction: Redaction, fixed: str = "", unparsed: Collection[str] = ()) -> None:
    """Raise `StillThere`, which names the file but not the word, when a file tells what it must not.

    A word that stands so in our own `fixed` words, such as a form's questions, tells nothing and is passed over.
    `unparsed` files came from outside: no parser is let near them, and their bare bytes alone are searched.
    """
    ours = frozenset(words(fixed))
    for name, content in files.items():
        if next(leaks(name, content, redaction, ours, parsed=name not in unparsed), None) is not None:
            advice = "Leave this file here, or take out what it must not tell." if name in unparsed else ""
            raise StillThere(f"{name} holds something that was to be left out", advice)


def leaks(
    name: str,
    content: bytes,
    redaction: Redaction,
    ours: frozenset[str] = frozenset(),
    *,
    parsed: bool = True,
) -> Iterator[str]:
    """What of it a file still holds: its own name, its bytes, and the text in it."""
    yield from redaction.found(re.sub(r"[-_.]", " ", name), ours)
    wanted = [*redaction.names, *redaction.terms, *redaction.passages]
    parts = dict.fromkeys(part for each in (*redaction.names, *redaction.terms) for part in words(each))
    exact = [_Spelled.of(each, ours) for each in (*parts, *redaction.passages) if each not in ours]
    try:
        for piece in pieces(content) if parsed else (content,):
            if not parsed or as_text(piece) is None:
                yield from (each.word for each in exact if each.stands_in(piece))
        text = "\n".join(texts(content)) if parsed else ""
    except (MoreThanPixels, *DAMAGED):
        yield "more than pixels, or nothing that can be searched"
        return
    yield from redaction.found(text, ours)
    long_ours = [each for each in words(text) & ours if len(each) > _SHORTEST[True]]
    bare = _squeeze(re.sub(rf"\b(?:{'|'.join(map(re.escape, long_ours))})\b", "", text) if long_ours else text)
    yield from (each for each in wanted if len(short := _squeeze(each)) >= _SQUEEZED and short in bare)


def _squeeze(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


@dataclass(frozen=True, slots=True)
class _Spelled:
    """A word or passage as bytes, in every encoding; `ours`: words of our own that have it within, likewise."""

    word: str
    spelled: tuple[bytes, ...]
    ours: tuple[bytes, ...]

    @classmethod
    def of(cls, word: str, ours: frozenset[str]) -> _Spelled:
        holding = [each for each in ours if word.casefold() in each.casefold()]
        return cls(word, tuple(_encoded(word)), tuple(spelled for each in holding for spelled in _encoded(each)))

    def stands_in(self, piece: bytes) -> bool:
        if not any(each in piece for each in self.spelled):
            return False
        for each in self.ours:
            piece = piece.replace(each, b"")
        return any(each in piece for each in self.spelled)


def _encoded(word: str) -> Iterator[bytes]:
    letters = sum(map(str.isalnum, word))
    for spelling in {word, word.lower(), word.upper(), word.capitalize()}:
        for encoding in (*_WIDE, *_NARROW):
            if letters < _SHORTEST[encoding in _WIDE]:
                continue
            try:
                yield spelling.encode(encoding)
            except UnicodeEncodeError:
                continue
        if letters >= _SHORTEST[True]:
            yield re.sub(r"[^\x00-\x7f]", lambda found: f"\\u{ord(found[0]):04x}", spelling).encode()
