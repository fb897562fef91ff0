"""The published vectors of the age format: every one gets the right verdict."""

import hashlib
import io
from collections import Counter
from collections.abc import Mapping
from typing import BinaryIO

import pytest

from intake.errors import Damaged, NoKeyFits
from intake.sealing import (
    ArmorReader,
    ArmorWriter,
    Header,
    Opened,
    open_sealed,
    open_with_file_key,
)
from intake.sealing.stream import ChunkWriter, payload_key
from tests.harness.sealing import pipe
from tests.harness.vectors import Vector, published

# A suite that shrank, or whose verdicts moved, must not pass unseen.
COUNT = 143
EXPECTED = {
    "success": 26,
    "header failure": 62,
    "payload failure": 19,
    "armor failure": 22,
    "no match": 13,
    "HMAC failure": 1,
}


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Vector]:
    return published(tmp_path_factory.mktemp("vectors"))


def verdict(source: BinaryIO, vector: Vector) -> tuple[str, bytes]:
    """How reading ended, in the words of the vectors, and what was given until then."""
    if vector.armored:
        source = io.BufferedReader(ArmorReader(source))
    got = b""
    try:
        opened = open_sealed(source, vector.identities)
    except NoKeyFits:
        return "no match", got
    except Damaged as damage:
        if str(damage).startswith("the armor"):
            return "armor failure", got
        return ("HMAC failure" if "MAC does not fit" in str(damage) else "header failure"), got
    try:
        while part := opened.read1():
            got += part
    except Damaged as damage:
        return ("armor failure" if str(damage).startswith("the armor") else "payload failure"), got
    return "success", got


def test_the_suite_is_all_there(vectors: Mapping[str, Vector]) -> None:
    assert len(vectors) == COUNT
    assert Counter(vector.expect for vector in vectors.values()) == EXPECTED


@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_every_vector_gets_the_right_verdict(vectors: Mapping[str, Vector], kind: str) -> None:
    wrong = {}
    for name, vector in vectors.items():
        source = io.BytesIO(vector.file) if kind == "file" else pipe(vector.file, step=997)
        found, got = verdict(source, vector)
        if found != vector.expect:
            wrong[name] = f"{vector.expect} expected, {found} found"
        elif vector.payload is not None and hashlib.sha256(got).hexdigest() != vector.payload:
            wrong[name] = f"{len(got)} bytes came out, and not the right ones"
    assert wrong == {}


def test_what_is_sought_is_never_more_than_what_is_read(vectors: Mapping[str, Vector]) -> None:
    for name, vector in vectors.items():
        if vector.armored or vector.expect not in {"success", "payload failure"}:
            continue
        read = verdict(io.BytesIO(vector.file), vector)[1]
        if vector.expect == "success":
            opened = open_with_file_key(io.BytesIO(vector.file), vector.file_key)
            assert opened.size == len(read), name
            opened.seek(len(read) // 2)
            assert opened.read() == read[len(read) // 2 :], name
            opened.seek(0)
            assert opened.read() == read, name
        else:
            with pytest.raises(Damaged):
                _sought(open_sealed(io.BytesIO(vector.file), vector.identities))


def _sought(opened: Opened) -> bytes:
    opened.seek(0, io.SEEK_END)
    opened.seek(0)
    return opened.read()


def test_every_header_armor_and_payload_is_what_we_would_have_written(vectors: Mapping[str, Vector]) -> None:
    checked: Counter[str] = Counter()
    for name, vector in vectors.items():
        if vector.armored:
            if vector.expect != "armor failure":
                checked["armor"] += 1
                text = io.BytesIO()
                with ArmorWriter(text) as writer:
                    writer.write(io.BufferedReader(ArmorReader(io.BytesIO(vector.file))).read())
                assert text.getvalue() == vector.file.replace(b"\r\n", b"\n").strip() + b"\n", name
        elif vector.expect != "header failure":
            checked["header"] += 1
            source = io.BytesIO(vector.file)
            header = Header.parse(source)
            assert bytes(header) == vector.file[: header.size], name
            assert source.tell() == header.size, name
            if vector.expect == "success":
                checked["payload"] += 1
                nonce, payload = source.read(16), io.BytesIO()
                chunks = ChunkWriter(payload, payload_key(vector.file_key, nonce))
                chunks.write(verdict(io.BytesIO(vector.file), vector)[1])
                chunks.finish()
                assert payload.getvalue() == source.read(), name
    assert checked == {"armor": 11, "header": 50, "payload": 19}
