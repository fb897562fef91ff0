"""Uploads over a real store, without HTTP."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from intake.drop import problems
from intake.drop.blobs import FOLDER, opened
from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.drop.uploads import Refused, Uploads
from intake.errors import Fault
from tests.harness.keys import TODAY, World
from tests.harness.large import PART, pieces


class Drop:
    """Short words for what the tests do all the time."""

    def __init__(self, folder: Path, world: World, blobs: str = FOLDER) -> None:
        self.world = world
        self.folder = DataFolder.open(folder, create=True)
        self.parts = opened(self.folder, blobs)
        self.store = Store(self.folder, reserve=0, parts=self.parts)
        self.chain = world.chain()
        self.restart()

    def restart(self) -> None:
        """Forget all that was in memory."""
        self.uploads = Uploads(self.folder, self.store.parts, self.store, reserve=0)

    def begin(self, size: int, identifier: bytes | None = None, claim: int | None = 1) -> bytes:
        identifier = identifier or os.urandom(16)
        self.uploads.create(identifier, size, claim, self.chain, TODAY)
        return identifier

    def send(self, identifier: bytes, offset: int, content: bytes) -> int:
        return self.uploads.append(identifier, offset, content, self.chain, TODAY).offset

    def send_all(self, identifier: bytes, body: bytes, size: int = PART, start: int = 0) -> None:
        for offset, piece in pieces(body, size, start):
            assert self.send(identifier, offset, piece) == offset + len(piece)

    def left(self) -> list[str]:
        """Every file of uploads, and every part."""
        files = [str(p.relative_to(self.folder.path)) for p in self.folder.uploads.rglob("*") if p.is_file()]
        for identifier in self.parts.ids():
            for number in range(5):
                with suppress(Fault):
                    self.parts.get(identifier, number)
                    files.append(f"parts/{identifier.hex()}/{number}")
        return sorted(files)

    def refusal(self, identifier: bytes, offset: int, content: bytes) -> problems.Problem:
        with pytest.raises(Refused) as caught:
            self.send(identifier, offset, content)
        return caught.value.problem
