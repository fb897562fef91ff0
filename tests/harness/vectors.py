"""The published vectors of the age format (npm package cctv-age; source: c2sp.org/CCTV/age).

A vector is a text header (`expect`, `payload` = SHA-256 of what can be read before a failure, `file key`, `identity`,
`passphrase`, `armored`, `compressed`), an empty line, and the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from intake.sealing import Identity, ScryptIdentity, parse_identity
from tests.harness.node import run_node


@dataclass(frozen=True)
class Vector:
    expect: str
    payload: str | None
    file_key: bytes
    identities: tuple[Identity, ...]
    armored: bool
    file: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Vector:
        head, file = raw.split(b"\n\n", 1)
        fields: dict[str, str] = {}
        identities: list[Identity] = []
        for line in head.decode().split("\n"):
            key, _, value = line.partition(": ")
            if key == "identity":
                identities.append(parse_identity(value))
            elif key == "passphrase":
                identities.append(ScryptIdentity(value))
            elif key != "comment":
                assert key not in fields
                fields[key] = value
        assert fields.keys() <= {"expect", "payload", "file key", "armored", "compressed"}
        assert fields.get("compressed", "zlib") == "zlib"
        return cls(
            fields["expect"],
            fields.get("payload"),
            bytes.fromhex(fields.get("file key", "")),
            tuple(identities),
            "armored" in fields,
            zlib.decompress(file) if "compressed" in fields else file,
        )


def published(folder: Path) -> Mapping[str, Vector]:
    """All of them by name; `folder` takes the files."""
    run_node("vectors.mjs", str(folder))
    return {path.name: Vector.parse(path.read_bytes()) for path in sorted(folder.iterdir())}
