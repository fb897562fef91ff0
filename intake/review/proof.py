#!/usr/bin/env python3
"""Check the log in this folder. Needs Python 3.9 or newer and the program `openssl` (1.1.1 or newer), nothing else.

    python3 verify.py

It proves that each keyring is signed by the roots that it and the one before it name, that every event is signed by its
reviewer and follows the one before, and that each content that lies beside its event is what was signed. That the roots
are the right ones is for you to compare: it prints their fingerprints, which those who run this intake give on paper.

This file is a part of `intake`, copied as it is, and imports nothing of it, so that it can be read and run alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

DER = bytes.fromhex("302a300506032b6570032100")  # an Ed25519 public key begins so (RFC 8410)


def split(note: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The text of a signed note, and its signatures: the name and the 64 bytes of each (c2sp.org/signed-note)."""
    text, _, lines = note.rpartition(b"\n\n")
    told = []
    for line in lines.decode().splitlines():
        dash, name, encoded = line.split(" ")
        if dash != "—":
            raise ValueError("a line below the text is no signature")
        told.append((name, base64.b64decode(encoded)[4:]))
    return text + b"\n", told


def signed(text: bytes, signature: bytes, vkey: str) -> bool:
    """Whether the key of a line `name+hash+base64` made the signature."""
    key = base64.b64decode(vkey.split("+", 2)[2])[1:]
    pem = base64.encodebytes(DER + key)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "key").write_bytes(b"-----BEGIN PUBLIC KEY-----\n" + pem + b"-----END PUBLIC KEY-----\n")
        (folder / "text").write_bytes(text)
        (folder / "signature").write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "text"]
        done = subprocess.run(  # noqa: S603  # a fixed command
            [*command, "-sigfile", "signature"], cwd=folder, capture_output=True, check=False
        )
    return done.returncode == 0


def fields(text: bytes, word: str) -> list[list[str]]:
    """The values of every line that begins with a word."""
    lines = [line.split(" ") for line in text.decode().splitlines()]
    return [values for first, *values in lines if first == word]


def digest(text: bytes) -> str:
    """SHA-256 in base64, as the texts have it."""
    return base64.b64encode(hashlib.sha256(text).digest()).decode()


def fingerprint(vkey: str) -> str:
    """40 digits in 8 groups of 5, as on paper."""
    number = int.from_bytes(hashlib.sha256(f"amonat/fingerprint/1\n{vkey}".encode()).digest(), "big") % 10**40
    digits = f"{number:040}"
    return " ".join(digits[at : at + 5] for at in range(0, 40, 5))


def keyrings(folder: Path) -> tuple[list[str], dict[str, list[str]]]:
    """What is wrong with the keyrings; the keys of each reviewer, by label."""
    wrong: list[str] = []
    keys: dict[str, list[str]] = {}
    before: bytes | None = None
    for path in sorted(folder.glob("*.note")):
        text, signatures = split(path.read_bytes())
        if before is not None and fields(text, "previous") != [[digest(before)]]:
            wrong.append(f"{path.name} does not follow the keyring before it")
        for voters in (text, *([before] if before is not None else [])):
            roots = [vkey for _, vkey in fields(voters, "root")]
            votes = {vkey for vkey in roots for _, each in signatures if signed(text, each, vkey)}
            if len(votes) < int(fields(voters, "threshold")[0][0]):
                wrong.append(f"{path.name} is not signed by enough roots")
        for label, _, vkey in fields(text, "reviewer"):
            keys.setdefault(label, []).append(vkey)
        before = text
    if before is not None:
        for label, vkey in fields(before, "root"):
            print(f"root {label}: {fingerprint(vkey)}")  # noqa: T201  # what it is for
    return wrong, keys


def texts(folder: Path) -> list[bytes]:
    """The text of every event in a folder."""
    return [split(path.read_bytes())[0] for path in folder.glob("*.note")]


def log(folder: Path, keys: dict[str, list[str]]) -> tuple[list[str], int, int]:
    """What is wrong with one log; how many events and how many contents were checked."""
    wrong: list[str] = []
    events = contents = 0
    before: bytes | None = None
    others = {digest(text) for each in folder.parent.iterdir() if each != folder for text in texts(each)}
    for path in sorted(folder.glob("*.note")):
        events += 1
        text, signatures = split(path.read_bytes())
        ((reviewer,),) = fields(text, "reviewer")
        number = int(fields(text, "number")[0][0])
        previous = fields(text, "previous")[0][0]
        begins = (
            previous == "-" if number == 1 else previous in others
        )  # a fork begins behind an event of another folder
        if path.name != f"{number:09}.note" or not (previous == digest(before) if before is not None else begins):
            wrong.append(f"{folder.name}/{path.name} does not follow the event before it")
        if not any(
            signed(text, each, vkey) for vkey in dict.fromkeys(keys.get(reviewer, ())) for _, each in signatures
        ):
            wrong.append(f"{folder.name}/{path.name} is not signed by {reviewer}")
        beside = path.with_suffix(".json")
        if beside.exists():
            contents += 1
            told = json.loads(beside.read_text(encoding="utf-8"))
            salted = b"amonat/content/1\n" + base64.b64decode(told["salt"]) + told["content"].encode()
            if fields(text, "content") != [[digest(salted)]]:
                wrong.append(f"{folder.name}/{beside.name} is not what was signed")
        before = text
    return wrong, events, contents


def main(folder: Path) -> int:
    """Print what was proved and what is wrong; 1 when anything is."""
    wrong, keys = keyrings(folder / "keyring")
    logs = sorted(path for path in (folder / "log").iterdir() if path.is_dir())
    for each in logs:
        found, events, contents = log(each, keys)
        wrong += found
        print(f"{each.name}: {events} events, {contents} contents")  # noqa: T201
    for line in wrong or ["All of it is as it was signed."]:
        print(line)  # noqa: T201
    return 1 if wrong or not logs else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent))
