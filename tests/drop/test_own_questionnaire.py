"""An operator's own questions and places, the whole way: from the configuration to what a reviewer reads."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from intake.drop.config import load
from intake.errors import Usage
from intake.locale import catalog, with_own
from intake.report.questionnaire import Questionnaire
from scripts import catalogs
from tests.harness.keys import PASSPHRASE, World, make_world
from tests.harness.server import SETTINGS, command, running_drop, serve_arguments, toml

QUESTIONS = """
format = "amonat/questionnaire/1"
name = "harbour"
version = "3"

[[sections]]
id = "boats"
title = "Boats"

[[fields]]
id = "what"
section = "boats"
layer = 1
type = "longtext"
required = "account_or_files"
question = "What did you see at the harbour?"

[[fields]]
id = "flag"
section = "boats"
layer = 1
type = "single"
choices = "@flag"
question = "Which flag?"

[[fields]]
id = "berth"
section = "boats"
layer = 2
show_if = "flag:red"
type = "place"
choices = "gazetteer+text"
question = "Which berth?"

[lists.flag]
red = "Red"
blue = "Blue"
"""
RUSSIAN = {
    "Boats": "Лодки",
    "What did you see at the harbour?": "Что вы видели в порту?",
    "Which flag?": "Какой флаг?",
    "Which berth?": "Какой причал?",
    "Red": "Красный",
    "Blue": "Синий",
}
PLACES = "id,type,parent,en,ru,aliases,cert\npier,berth,,North pier,Северный причал,Old pier,A\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """own.toml, own.csv, and a translation made with the tool that translators use."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own.toml").write_text(QUESTIONS)
    (folder / "own.csv").write_text(PLACES)
    assert catalogs.main(["--questionnaire", str(folder / "own.toml"), "ru"]) == 1, "everything is missing"
    po = folder / "own.ru.po"
    text = po.read_text()
    for english, russian in RUSSIAN.items():
        text = text.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{russian}"')
    po.write_text(text)
    assert catalogs.main(["--questionnaire", str(folder / "own.toml"), "--check", "ru"]) == 0
    return folder / "own.toml"


def settings(own: Path, **more: Any) -> dict[str, Any]:
    return {"languages": ["ru", "en"], "questionnaire": str(own), "places": str(own.with_suffix(".csv")), **more}


def review_open(world: World, bundle: Path, to: Path, *more: str) -> str:
    """What report.txt says."""
    read, write = os.pipe()
    os.write(write, PASSPHRASE.encode() + b"\n")
    os.close(write)
    arguments = ["review", "open", str(bundle), "-i", str(world.folder / "reviewer-r1.age"), "--to", str(to)]
    done = subprocess.run(
        [sys.executable, "-m", "intake", *arguments, *more, "--root", *world.fingerprints],
        env={**os.environ, "INTAKE_PASSPHRASE_FD": str(read)},
        pass_fds=[read],
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(read)
    assert done.returncode == 0, done.stderr
    (report,) = to.glob("*/report.txt")
    return report.read_text()


def test_from_the_configuration_to_what_a_reviewer_reads(own: Path, tmp_path: Path) -> None:
    world = make_world(tmp_path / "keys", today=datetime.now(UTC).date())
    with running_drop(world, tmp_path / "drop", **settings(own)) as drop:
        page = drop.request("GET", "/ru").body.decode()
        assert re.findall(r'data-field="(\w+)"', page) == ["what", "flag", "berth"]
        assert 'data-questionnaire="harbour" data-version="3"' in page
        for words in RUSSIAN.values():
            assert words in page
        assert "Which berth?" in drop.request("GET", "/en").body.decode()
        (script,) = re.findall(r'<script src="([^"]+)"', page)
        assert "pier||Северный причал|North pier|Old pier" in drop.request("GET", script).body.decode()
        pairs = {"language": "ru", "what": "Трёх человек", "flag": "red", "berth.id": "pier", "berth.text": "у маяка"}
        body = urlencode(pairs).encode()
        sent = drop.request("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
        assert sent.status == 200
        (tmp_path / "usb").mkdir()
        bundle = drop.export(tmp_path / "usb")
    told = review_open(
        world,
        bundle,
        tmp_path / "ru",
        "--questionnaire",
        str(own),
        "--places",
        str(own.with_suffix(".csv")),
        "--language",
        "ru",
    )
    (digest,) = re.findall(r'data-sha256="(\w+)"', page)
    assert f"harbour 3 {digest}" in told, "the report names the words that were read"
    assert "\nКакой флаг?\n    Красный [red]\n" in told
    assert "\nКакой причал?\n    Северный причал [pier]\n    у маяка\n" in told
    told = review_open(world, bundle, tmp_path / "packaged")
    assert "[flag] (not in this questionnaire)\n    red\n" in told, "no word is lost on who hasn't the file"


def test_every_mistake_in_both_files_and_a_translation_is_told_at_once(own: Path, tmp_path: Path) -> None:
    own.write_text(QUESTIONS.replace("layer = 2", "layer = 7").replace('"@flag"', '"@flags"'))
    own.with_suffix(".csv").write_text(PLACES.replace(",A", ",Z"))
    world = make_world(tmp_path / "keys")
    done = command(*serve_arguments(world, tmp_path / "drop", **settings(own, workers=3)))
    assert done.returncode == 2
    for words in (
        "layer is not 1, 2 or 3",
        "choices: the list @flags is not defined",
        "cert 'Z' is none of A, B, C",
        "workers: must be 1",
    ):
        assert words in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('msgstr "Красный"', 'msgstr ""', "1 of its texts have no translation: @flag.red"),
        ('msgctxt "flag"', 'msgctxt "flags"', "1 of its texts have no translation: flag"),
        ('msgstr "Лодки"', "msgstr Лодки", "it is no translation file"),
    ],
)
def test_a_translation_with_a_gap_is_not_served(own: Path, old: str, new: str, words: str) -> None:
    po = own.with_name("own.ru.po")
    po.write_text(po.read_text().replace(old, new))
    with pytest.raises(Usage) as caught:
        load({}, {}, _config(own))
    assert words in str(caught.value)


def test_a_language_without_a_translation_is_named(own: Path) -> None:
    with pytest.raises(Usage, match=r"own\.tg\.po can't be read"):
        load({}, {}, _config(own, languages=["ru", "tg"]))


def test_a_translation_is_a_draft_until_it_names_its_reader(own: Path) -> None:
    questionnaire = Questionnaire.parse(own.read_bytes())
    signed = replace(catalog("ru"), draft=False)
    po = own.with_name("own.ru.po").read_bytes()
    assert with_own(signed, po, questionnaire).draft
    assert not with_own(signed, b"# Native reader: A. Reader\n" + po, questionnaire).draft
    assert with_own(replace(signed, draft=True), b"# Native reader: A. Reader\n" + po, questionnaire).draft


def _config(own: Path, **more: Any) -> bytes:
    needed = {"data": "/srv/drop", "keyring": "k.note", "root": ["12345 " * 7 + "12345"]}
    return toml({**SETTINGS, **needed, **settings(own, **more)}).encode()
