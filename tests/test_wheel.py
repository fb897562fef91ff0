"""What is packed: exactly what is listed here, whatever else lies in the folder."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = re.compile(
    r"""
    intake/(sealing|report|keyring|drop|review|browser|locale)/__init__\.py
    | intake/[a-z_]+\.py | intake/py\.typed
    | intake/(sealing|report|keyring|drop|review)/[a-z_0-9]+\.py
    | intake/review/(commands|desk|outputs|preview)/[a-z_0-9]+\.py
    | intake/review/outputs/(bodies\.toml|paper\.typ)
    | intake/review/(practice|huridocs)\.toml
    | intake/report/(questionnaire\.toml|places\.csv)
    | intake/(drop|review)/migrations/(__init__|env)\.py
    | intake/(drop|review)/migrations/versions/[0-9]{4}_[a-z_]+\.py
    | intake/locale/[a-z]{2,3}/(page|questionnaire|statement|desk)\.po
    | intake/browser/dist/(page|files|seal|later|return|mailbox|style|call|carried)\.[0-9a-f]{16}\.(js|css)(\.br)?
    | intake/browser/dist/(manifest\.json|sources\.sha256)
    | intake/templates/[a-z]+\.html
    | intake/keys/[a-z0-9.-]+\.(note|card|vkey)
    | intake-[0-9.]+\.dist-info/(METADATA|RECORD|WHEEL|entry_points\.txt)
    """,
    re.VERBOSE,
)
PLANTED = {
    "keys/root-a.age": "secret",
    "keys/drop.key": "secret",
    "keys/keyring.note": "public",
    "intake/drop/drop.key": "secret",
    "intake/drop/drop.db": "secret",
    "intake/review/notes.txt": "secret",
    "templates/keyring.pin": "secret",
    ".try/reviewers/reviewer-r1.age": "secret",
    ".env": "secret",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from a copy of the tracked files in which things lie about that must not be packed."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in [name for name in tracked.split("\0") if name and (ROOT / name).is_file()]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    shutil.copytree(ROOT / "intake" / "browser" / "dist", copy / "intake" / "browser" / "dist")
    for name, content in PLANTED.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(content)
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"),
            "-w",
            str(folder),
            str(copy),
        ],
        check=True,
    )
    (found,) = folder.glob("*.whl")
    return zipfile.ZipFile(found)


def test_every_file_in_the_wheel_is_allowed(wheel: zipfile.ZipFile) -> None:
    assert [name for name in wheel.namelist() if not ALLOWED.fullmatch(name)] == []


def test_nothing_that_lay_about_was_packed(wheel: zipfile.ZipFile) -> None:
    packed = [name for name in wheel.namelist() if wheel.read(name) == b"secret"]
    assert packed == []
    assert wheel.read("intake/keys/keyring.note") == b"public"


def test_what_is_needed_is_there(wheel: zipfile.ZipFile) -> None:
    names = " ".join(wheel.namelist())
    for needed in (
        "seal.",
        "page.",
        "style.",
        "form.html",
        "questionnaire.toml",
        "places.csv",
        "tg/page.po",
        "tg/statement.po",
        "paper.typ",
        "0001_",
        "py.typed",
    ):
        assert needed in names
    metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("METADATA"))).decode()
    assert "License-Expression: AGPL-3.0-or-later" in metadata
