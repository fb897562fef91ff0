"""The terminal rim: untrusted text, and where passphrases come from."""

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Usage
from intake.terminal import passphrase, safe


@given(st.text())
def test_no_text_moves_the_terminal(text: str) -> None:
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in safe(text))


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Zs"))))
def test_ordinary_text_in_any_script_passes_unchanged(text: str) -> None:
    assert safe(text) == text


def test_escapes_and_overrides_are_shown() -> None:
    assert safe("a\x1b[2Jb\u202ec\n") == r"a\u{1b}[2Jb\u{202e}c\u{a}"
    assert safe("one\ntwo\r", lines=True) == "one\ntwo\\u{d}"


@pytest.fixture
def no_sources(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("INTAKE_PASSPHRASE_FD", raising=False)
    monkeypatch.delenv("INTAKE_PASSPHRASE_COMMAND", raising=False)
    return monkeypatch


def test_a_descriptor_gives_one_passphrase_a_line(no_sources: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.write(write, "қалъа бо дарё\nsecond\n".encode())
    os.close(write)
    no_sources.setenv("INTAKE_PASSPHRASE_FD", str(read))
    assert passphrase("A") == "қалъа бо дарё"
    assert passphrase("B") == "second"
    with pytest.raises(Usage, match="gave no passphrase"):
        passphrase("C")
    os.close(read)


def test_a_command_gives_its_first_line_and_runs_without_a_shell(no_sources: pytest.MonkeyPatch) -> None:
    no_sources.setenv("INTAKE_PASSPHRASE_COMMAND", "printf '%s\\n' '$HOME;x' more")
    assert passphrase("A") == "$HOME;x"


@pytest.mark.parametrize(
    ("fd", "command", "message"),
    [
        ("3", "true", "both set"),
        ("three", "", "not a number"),
        ("9999", "", "can't be read"),
        ("", "false", "status 1"),
        ("", "true", "gave no passphrase"),
        ("", r"printf '\377'", "UTF-8"),
    ],
)
def test_a_wrong_source_is_named(no_sources: pytest.MonkeyPatch, fd: str, command: str, message: str) -> None:
    if fd:
        no_sources.setenv("INTAKE_PASSPHRASE_FD", fd)
    if command:
        no_sources.setenv("INTAKE_PASSPHRASE_COMMAND", command)
    with pytest.raises(Usage, match=message):
        passphrase("A")
