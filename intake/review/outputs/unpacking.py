"""A finished file taken apart as whoever looks for something in it would: into its bytes, and into all text in it.

    for piece in pieces(content):       bytes: archives unpacked, streams of a PDF decompressed, its strings read
    for text in texts(content):         what a person or a program can read

Archives are unpacked (DOCX and XLSX are such). Of a PDF every stream is decompressed, also one that nothing refers to;
every string is read, written plainly, in octal or in hexadecimal, as PDFDocEncoding or UTF-16; and its pages are read
twice, by PDFium and by pypdf, through the fonts' ToUnicode tables, with what is drawn invisibly or outside of the page.
XML is read with its attributes, with words that are split over several elements, and with entities; JSON with its
escapes. A PNG may hold nothing but pixels. Only files made here come in: the parsers meet nothing that a stranger wrote
but words. What may hold more (an original that goes along) is looked at by `pieces` of its bare bytes alone.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from html import unescape

import pypdf
import pypdfium2
from pypdf.errors import PyPdfError

from intake.report.document import Json

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]{4,})>")
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.|\\\r?\n)*)\)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_BLOCK = re.compile(r"</?(?:[a-zA-Z0-9]+:)?(?:p|tc|tr|tbl|br|tab|cr|div|td|th|li|h[1-6]|si|row|c|text)\b[^>]{0,2000}>")
_TAG = re.compile(r"<[^>]{1,4000}>")
_COMMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_VALUE = re.compile(r"""=\s*(?:"([^"]*)"|'([^']*)')""")
_UTF16 = re.compile(r"[^\W_]{4,}(?:[ '’-][^\W_]+)*")
_LETTERS = re.compile(r"[^\W\d_]{6,}(?:[ '’-][^\W\d_]{3,})*")
_PIXELS_ONLY = (b"IHDR", b"IDAT", b"IEND")


class MoreThanPixels(Exception):
    """A PNG with anything beside its pixels."""


DAMAGED = (pypdfium2.PdfiumError, zipfile.BadZipFile, zlib.error, struct.error)
"""What `pieces` and `texts` raise, too, for a PDF, ZIP or PNG that is none."""


def pieces(content: bytes) -> Iterator[bytes]:
    """The bytes of a file, and of everything packed into it. Raises `MoreThanPixels`."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield archive.comment
            for entry in archive.infolist():
                yield entry.filename.encode() + entry.comment + entry.extra
                yield from pieces(archive.read(entry))
    elif content[:5] == b"%PDF-":
        yield _STREAM.sub(b"", content)
        for stream in _streams(content):
            yield stream
            yield _strings(stream)
        yield _strings(_STREAM.sub(b"", content))
    elif content[:8] == b"\x89PNG\r\n\x1a\n":
        _demand_pixels(content)
    else:
        yield content


def texts(content: bytes) -> Iterator[str]:
    """All that can be read in a file."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                yield entry.filename
                yield from texts(archive.read(entry))
    elif content[:5] == b"%PDF-":
        yield from _pdf(content)
    elif content[:8] == b"\x89PNG\r\n\x1a\n":
        return
    else:
        text = as_text(content)
        if text is None:
            yield from runs(content)
        elif text.lstrip()[:1] in ("{", "["):
            try:
                yield "\n".join(_values(json.loads(text)))
            except ValueError:
                yield text
        elif text.lstrip().startswith("<"):
            yield from _markup(text)
        else:
            yield text


def as_text(content: bytes) -> str | None:
    """Bytes that are UTF-8 text as a whole, else None."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _values(told: Json) -> Iterator[str]:
    """Every string of a JSON value, keys too."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, list):
        for each in told:
            yield from _values(each)
    elif isinstance(told, dict):
        for key, value in told.items():
            yield key
            yield from _values(value)


def _markup(text: str) -> Iterator[str]:
    """The words between tags, where elements cut them and where they don't; and those in attributes."""
    yield unescape(_TAG.sub("", _BLOCK.sub("\n", text)))
    yield unescape(_TAG.sub(" ", text))
    yield unescape("\n".join(one or other for one, other in _VALUE.findall(text)))
    yield "\n".join(_COMMENT.findall(text))


def _pdf(content: bytes) -> Iterator[str]:
    document = pypdfium2.PdfDocument(content)
    try:
        yield " ".join(page.get_textpage().get_text_range() for page in document)
        yield " ".join(str(value) for value in document.get_metadata_dict().values())
    finally:
        document.close()
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        yield " ".join(page.extract_text() for page in reader.pages)
        yield " ".join(str(value) for value in (reader.metadata or {}).values())
    except PyPdfError:
        return  # it was read by PDFium, and its strings are below
    bare = _STREAM.sub(b"", content)
    streams = [*_streams(content)]
    yield from runs(b"\n".join(map(_strings, (bare, *streams))))
    for stream in streams:
        if stream.lstrip()[:1] == b"<":
            yield from _markup(stream.decode("utf-8", "replace"))
        elif (text := as_text(stream)) is not None:
            yield text


def _streams(content: bytes) -> Iterator[bytes]:
    """Every stream of a PDF, decompressed; one that is packed in another way as it lies."""
    for found in _STREAM.finditer(content):
        try:
            yield zlib.decompressobj().decompress(found[1])
        except zlib.error:
            yield found[1]


def _strings(piece: bytes) -> bytes:
    """What stands as strings in a part of a PDF, by their bytes, one a line."""
    digits = (re.sub(rb"\s", b"", found) for found in _HEX.findall(piece))
    plain = [bytes.fromhex((each + b"0"[: len(each) % 2]).decode()) for each in digits]
    plain += [_ESCAPE.sub(_unescaped, found) if b"\\" in found else found for found in _LITERAL.findall(piece)]
    return b"\n".join(plain)


def _unescaped(found: re.Match[bytes]) -> bytes:
    told = found[1]
    if told[0] in b"01234567":
        return bytes([int(told, 8) & 255])
    return b"" if told.endswith(b"\n") else _NAMED.get(told, told)


def runs(content: bytes) -> Iterator[str]:
    """Words in bytes that are no text as a whole: long runs of letters, in each encoding."""
    for encoding in ("utf-16-le", "utf-16-be"):
        for start in (0, 1):
            part = content[start : start + (len(content) - start) // 2 * 2]
            yield "\n".join(_UTF16.findall(part.decode(encoding, "replace")))
    for encoding in ("utf-8", "cp1251", "koi8-r", "cp866"):
        yield "\n".join(_LETTERS.findall(content.decode(encoding, "replace")))


def _demand_pixels(content: bytes) -> None:
    """Raises `MoreThanPixels` unless a PNG is a header, its rows, and nothing else, before or after the end."""
    at, rows, head = 8, b"", (0, 0, 0, 0)
    depth = zlib.decompressobj()
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + size]
        if kind not in _PIXELS_ONLY or (kind == b"IEND") != (at + 12 + size == len(content)):
            raise MoreThanPixels
        if kind == b"IHDR":
            head = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            rows += depth.decompress(body)
        at += 12 + size
    width, height, _, colour = head
    if not height or depth.unused_data or len(rows) != height * (1 + width * (3 if colour == 2 else 1)):
        raise MoreThanPixels
