"""Names that trick are known, and honest ones in any script are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.report.filenames import DOUBLE, HIDDEN, PATH, PROGRAM, RESERVED, tricks


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", {PATH}),
        ("..", {PATH, RESERVED}),
        ("C:\\Users\\x.lnk", {PATH, RESERVED, PROGRAM}),
        ("~root", {PATH}),
        ("photo\u202egpj.exe", {HIDDEN, PROGRAM}),
        ("a\x1b[2J.jpg", {HIDDEN}),
        ("a\nb.jpg", {HIDDEN}),
        ("\u200bCON.txt", {HIDDEN, RESERVED}),
        ("nul", {RESERVED}),
        ("Lpt1.pdf", {RESERVED}),
        ("what?.pdf", {RESERVED}),
        ("a.jpg ", {RESERVED}),
        ("photo.jpg.exe", {DOUBLE, PROGRAM}),
        ("report.pdf.zip", {DOUBLE}),
        ("photo.jpg                    .scr", {HIDDEN, DOUBLE, PROGRAM}),
        ("setup.ps1", {PROGRAM}),
        ("letter.docm", {PROGRAM}),
    ],
)
def test_a_name_that_tricks(name: str, expected: set[str]) -> None:
    assert set(tricks(name)) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "photo 1.jpg",
        "IMG_2231.HEIC",
        "Садо 1.ogg",
        "нома аз Хоруғ.pdf",
        "می\u200cخواهم.mp4",
        "a.tar.gz",
        "v1.2.pdf",
    ],
)
def test_an_honest_name(name: str) -> None:
    assert tricks(name) == ()


@given(st.text(max_size=100))
def test_any_name_is_looked_at(name: str) -> None:
    found = tricks(name)
    assert len(found) == len(set(found)) <= 5
    assert (PATH in found) or ("/" not in name)
