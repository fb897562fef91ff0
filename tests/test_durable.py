"""Files are private from the first byte, and whole or absent."""

import stat
from pathlib import Path

import pytest

from intake.durable import new_file, private_folder, write_private
from intake.errors import Fault


def test_a_file_and_its_folder_are_their_owners_alone(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "b")
    write_private(folder / "secret", b"x")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    write_private(tmp_path / "f", b"old")
    with pytest.raises(Fault, match="exists already"):
        write_private(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    write_private(tmp_path / "f", b"new", replace=True)
    assert (tmp_path / "f").read_bytes() == b"new"


def test_a_name_taken_while_writing_is_not_overwritten(tmp_path: Path) -> None:
    def meanwhile() -> None:
        with new_file(tmp_path / "f") as file:
            file.write(b"mine")
            (tmp_path / "f").write_bytes(b"theirs")

    with pytest.raises(Fault, match="exists already"):
        meanwhile()
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_bytes() == b"theirs"


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with new_file(tmp_path / "f") as file:
            file.write(b"half")
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="can't write to"):
        write_private(tmp_path / "missing" / "f", b"")
