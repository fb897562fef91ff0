"""What the rest of the desk says in English is said in the reviewer's language, and is what the rest really says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.errors import Usage, WrongPassphrase
from intake.review import acts, chain, handling, tongue
from intake.review.alarms import raise_alarm
from intake.review.desk.deeds import Deeds
from intake.review.desk.heard import HEARD
from intake.review.desk.words import Words
from intake.review.idling import Locked
from intake.review.preview import pixels, sandbox
from intake.review.triage import Tier
from intake.review.vault import Vault
from tests.harness.desk import at_once
from tests.harness.sitting import Sitting, sit

PACKAGE = Path(pixels.__file__).parents[2]
SOURCES = (
    *(path for path in PACKAGE.glob("review/*.py") if path.name != "listing.py"),
    *PACKAGE.glob("review/preview/*.py"),
    *PACKAGE.glob("keyring/*.py"),
    *PACKAGE.glob("review/commands/*.py"),
    PACKAGE / "errors.py",
    PACKAGE / "review" / "desk" / "deeds.py",
)
ASKED_FOR_ELSEWHERE = {
    "at most {} pages at a time, and {} pixels a side, can be shown",  # of `preview`'s options
    "at most {} stills can be shown",
    "it has only {} pages",
    "Ask for a page that it has.",
    "the vault gave no number to a line of the log",
}
"""What no key of the full screen can bring about."""


def templates(path: Path) -> Iterator[str]:
    """Every text of a module, with {} for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def raised(path: Path) -> Iterator[str]:
    """The messages and advice of every error that a module makes."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Usage", "Fault", "Damaged", "Refused"):
            for told in node.args:
                if isinstance(told, ast.Constant | ast.JoinedStr):
                    parts = told.values if isinstance(told, ast.JoinedStr) else [told]
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)


def test_each_sentence_is_one_that_the_source_says() -> None:
    said = {each for path in SOURCES for each in templates(path)}
    patterns = [
        re.compile(".*".join(re.escape(part) for part in each.split("{}")))
        for each in said
        if len(re.findall("[a-z]{2,}", each)) > 2
    ] + [re.compile(re.escape(each)) for each in said if "{" not in each]
    for form in HEARD:
        # Two are joined where an alarm is raised of what a mark says.
        bare = re.sub(r"^report {id}: |; {hash} came second$", "", form)
        assert any(pattern.fullmatch(bare) for pattern in patterns), form


@pytest.mark.parametrize(
    "path",
    [
        Path(handling.__file__),
        PACKAGE / "review" / "journal.py",
        PACKAGE / "review" / "desk" / "deeds.py",
        PACKAGE / "review" / "idling.py",
        Path(pixels.__file__),
        Path(sandbox.__file__),
    ],
    ids=lambda path: path.name,
)
def test_no_error_that_a_key_can_bring_about_is_left_out(path: Path) -> None:
    known = {re.sub("{[a-z]+}", "{}", form) for form in HEARD}
    for each in raised(path):
        assert each in known | ASKED_FOR_ELSEWHERE, each


@pytest.mark.parametrize("form", HEARD)
def test_each_is_said_in_russian_with_its_gaps_filled(form: str) -> None:
    filled = re.sub("{[a-z]+}", "2026", form)
    told = Words("ru").heard(filled)
    assert re.search("[а-яё]{3}", told, re.IGNORECASE), told
    assert told.count("2026") >= form.count("{")
    assert "{" not in told
    assert Words("en").heard(filled) == filled


def test_every_alarm_of_the_chain_is_known() -> None:
    made = {each for each in templates(Path(chain.__file__)) if "{}" in each and len(re.findall("[a-z]{2,}", each)) > 3}
    alarms = {each for each in made if each.startswith(("{} ", "another {}"))} - {
        "{} {} missing before {}: ask the operator for {}"  # of one bundle or several: two sentences
    }
    assert len(alarms) == 12
    for each in alarms:
        filled = each.replace("{}", "bundle 7")
        assert Words("ru").heard(filled) != filled, each


def test_a_machine_in_russian_hears_alarms_and_warnings_at_a_command(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = "keyring 1 closes in 3 days: then nothing is sealed any more"
    with vault.journal() as journal:
        raise_alarm(journal, "replayed", "bundle 3 was imported before; the newest here is bundle 5")
    vault.close()
    for language, begins in (("en_GB.UTF-8", "ALARM "), ("ru_RU.UTF-8", "ТРЕВОГА ")):
        monkeypatch.setenv("LC_ALL", language)
        told = at_once(tmp_path / "vault", "inbox").stderr
        assert re.search(f"{begins}[0-9a-f]{{8}}: ", told), told
    assert "пакет 3 уже был импортирован; самый новый здесь — пакет 5" in told
    assert tongue.told(f"Warning: {keyring}") == "Внимание: " + Words("ru").heard(keyring)
    assert tongue.told("Ready: nothing") == "Ready: nothing"
    monkeypatch.setenv("LC_ALL", "tg_TJ.UTF-8")
    assert tongue.told(f"Warning: {keyring}") == f"Warning: {keyring}", "the desk has no Tajik"


def test_errors_as_they_are_raised(vault: Vault) -> None:
    words = Words("ru")
    with pytest.raises(Usage) as nothing:
        Deeds(vault).undo()
    with pytest.raises(Usage) as date:
        acts.date_of("yesterday")
    with vault.journal() as journal, pytest.raises(Usage) as why:
        handling.decide(journal, "a" * 32, Tier.T3, " ")
    told = [*(words.why_not(each.value) for each in (nothing, date, why)), words.why_not(Locked())]
    assert told[1].startswith("'yesterday' — не дата. Пишите 2026-12-01")
    for each in told:
        assert re.search("^[^a-z]*[а-яё]{2}", each.replace("'yesterday'", "")), each
    assert words.why_not(WrongPassphrase("the passphrase does not open this vault")).endswith("раскладку и Caps Lock.")


def test_what_nobody_translated_is_shown_as_it_came() -> None:
    assert Words("ru").heard("something {new} of a later version") == "something {new} of a later version"


def test_on_the_screen(vault: Vault) -> None:
    async def play(desk: Sitting) -> None:
        await desk.press("u")
        assert any("отменять нечего" in line for line in desk.lines)

    sit(vault, play, language="ru")
