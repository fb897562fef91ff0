"""A practice vault for each test, copied from one that was filled once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.review.vault import Vault
from tests.harness.sitting import practise
from tests.harness.vaults import PASSPHRASE


@pytest.fixture(scope="session")
def practised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return practise(tmp_path_factory.mktemp("practised"))


@pytest.fixture
def vault(practised: Path, tmp_path: Path) -> Iterator[Vault]:
    shutil.copytree(practised, tmp_path / "vault")
    with Vault.open(tmp_path / "vault", PASSPHRASE) as opened:
        yield opened
