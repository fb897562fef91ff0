"""Finished files are searched for what must not be in them, before they leave: in any script, encoding and wrapping.

A file is taken apart as a reader of it would: archives are unpacked (DOCX and XLSX are such), streams of a PDF are
decompressed and its text is extracted as it is drawn, XML is read as text. Each piece is searched in UTF-8, UTF-16 and
the Cyrillic code pages, exactly; and as text, word by word, by the search keys of `intake.review.outputs.redaction`.
Only files made here are inspected, so that the parsers meet nothing that a stranger wrote but its words.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from html import unescape

import pypdfium2

from intake.errors import Fault
from intake.review.outputs.redaction import Redaction

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_TAG = re.compile(r"<[^>]{1,2000}>")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1251", "koi8-r", "cp866", "iso8859-5")
_SHORTEST = 4
"""Letters of a word that is searched for in raw bytes: a shorter one is in every file by chance."""


class StillThere(Fault):
    """A finished file holds what was to be left out."""

    advice = "Nothing was written. Report this: the paper was not made as it should have been."


def inspect(files: Mapping[str, bytes], redaction: Redaction, fixed: str = "") -> None:
    """Raise `StillThere`, which names the file but not the word, when a file tells what it must not.

    What stands in our own `fixed` words, such as a form's questions, tells nothing and is not looked for.
    """
    ours = set(redaction.found(fixed))
    redaction = Redaction(
        {name: label for name, label in redaction.names.items() if name not in ours},
        [term for term in redaction.terms if term not in ours],
        redaction.passages,
    )
    for name, content in files.items():
        if next(leaks(name, content, redaction), None) is not None:
            raise StillThere(f"{name} holds something that was to be left out")


def leaks(name: str, content: bytes, redaction: Redaction) -> Iterator[str]:
    """What of it a file still holds: its own name, its bytes, and the text in it."""
    yield from redaction.found(re.sub(r"[-_.]", " ", name))
    exact = [word for word in (*redaction.names, *redaction.terms, *redaction.passages) if len(word) >= _SHORTEST]
    for piece in pieces(content):
        for word in exact:
            if any(spelled in piece for spelled in _spelled(word)):
                yield word
    for text in texts(content):
        yield from redaction.found(text)


def pieces(content: bytes) -> Iterator[bytes]:
    """The bytes of a file, and of everything packed into it."""
    yield content
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                yield entry.filename.encode()
                yield from pieces(archive.read(entry))
    elif content[:5] == b"%PDF-":
        for found in _STREAM.finditer(content):
            try:
                yield zlib.decompress(found[1])
            except zlib.error:
                continue  # not packed this way: its bytes were searched above


def texts(content: bytes) -> Iterator[str]:
    """The text of a file as a person sees it."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                yield from texts(archive.read(entry))
    elif content[:5] == b"%PDF-":
        document = pypdfium2.PdfDocument(content)
        try:
            yield " ".join(page.get_textpage().get_text_bounded() for page in document)
            yield " ".join(str(value) for value in document.get_metadata_dict().values())
        finally:
            document.close()
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return
        told = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        yield unescape(_TAG.sub(" ", told)) if told.lstrip().startswith("<") else told


def _spelled(word: str) -> Iterator[bytes]:
    for spelling in {word, word.lower(), word.upper()}:
        for encoding in _ENCODINGS:
            try:
                yield spelling.encode(encoding)
            except UnicodeEncodeError:
                continue
        yield re.sub(r"[^\x00-\x7f]", lambda found: f"\\u{ord(found[0]):04x}", spelling).encode()
