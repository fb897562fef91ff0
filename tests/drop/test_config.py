"""Settings: three sources in order, and every mistake at once."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from intake.drop.config import Limits, load
from intake.errors import Usage
from tests.harness.installation import LANGUAGES
from tests.harness.keys import make_world
from tests.harness.server import SETTINGS, toml

FINGERPRINT = "12345 " * 7 + "12345"
NEEDED = {**SETTINGS, "data": "/srv/drop", "keyring": "k.note", "root": [FINGERPRINT]}


def test_a_flag_wins_over_a_variable_over_the_file() -> None:
    settings = toml({**NEEDED, "listen": "127.0.0.1:1", "leave_url": "https://file.example/", "plain_form": True})
    environment = {"INTAKE_LISTEN": "127.0.0.1:2", "INTAKE_PLAIN_FORM": "off", "INTAKE_UNKNOWN": "is nobody's business"}
    config = load({"listen": "127.0.0.1:3", "onion": None}, environment, settings.encode())
    assert (config.listen, config.plain_form, config.leave_url) == ("127.0.0.1:3", False, "https://file.example/")
    assert (config.data, config.languages, config.onion) == (Path("/srv/drop"), LANGUAGES, None)
    assert {code: asdict(texts)["name"] for code, texts in config.organisation.items()}.keys() == set(LANGUAGES)


def test_tables_and_lists_may_come_from_the_environment(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    environment = {
        "INTAKE_DATA": "data",
        "INTAKE_KEYRING": "keyring.note",
        "INTAKE_ROOT": ", ".join(world.fingerprints),
        "INTAKE_LANGUAGES": "en",
        "INTAKE_READING_TIMES": '{en = "daily"}',
        "INTAKE_URGENT_CONTACTS": '{en = "us"}',
        "INTAKE_ORGANISATION": '{en = {name = "a", who_reads = "b", retention = "c", withdraw = "d", check = "e"}}',
        "INTAKE_LIMITS": '{plain = "5/minute"}',
    }
    config = load({}, environment)
    assert config.root == world.fingerprints
    assert config.reading_times == {"en": "daily"}
    assert config.limits == Limits(plain="5/minute")


def test_nothing_given_names_everything_that_is_missing() -> None:
    with pytest.raises(Usage) as caught:
        load({}, {})
    for name in ("data", "keyring", "root", "reading_times", "urgent_contacts", "organisation"):
        assert f"- {name}: is missing" in str(caught.value)


MISTAKES: list[tuple[str, Any, str]] = [
    ("colour", "red", "'colour', which is no setting"),
    ("root", ["123"], "root: the root fingerprints have 3 digits together"),
    ("root", [{"a": 1}], "root: must be a list"),
    ("listen", "8080", "listen: '8080' is not HOST:PORT"),
    ("listen", "localhost:99999", "is not HOST:PORT"),
    ("workers", 4, "workers: must be 1"),
    ("database", "mysql://x/y", "database is no address of PostgreSQL"),
    ("database", "postgresql://a:b@/y", "database holds a password"),
    ("languages", ["en", "xx"], "languages: no translation for xx"),
    ("languages", ["en", "en"], "languages: names one twice"),
    ("plain_form", "maybe", "plain_form: must be true or false"),
    ("blobs", "s3://key:secret@bucket/x", "blobs must be 'folder' or s3://BUCKET/PREFIX"),
    ("plain_files", 17, "plain_files: must be a number of MiB from 0 to 16"),
    ("leave_url", "javascript:alert(1)", "leave_url: must be an address"),
    ("limits", {"plain": "many"}, "limits.plain: must look like"),
    ("limits", {"others": "1/second"}, "'others' is no limit"),
    ("reading_times", {"en": "daily"}, "reading_times: has no text in tg"),
    ("urgent_contacts", dict.fromkeys(LANGUAGES, " "), "urgent_contacts.tg: must be a text"),
    ("organisation", {code: {"name": "us"} for code in LANGUAGES}, "organisation.ru: must have exactly name, who"),
    ("questionnaire", "/nowhere/questions.toml", "questionnaire: /nowhere/questions.toml can't be read"),
    ("places", "/nowhere/places.csv", "places: /nowhere/places.csv can't be read"),
    ("drafts", False, "a draft that no native reader has signed; serve it with --drafts"),
]


@pytest.mark.parametrize(("name", "value", "words"), MISTAKES)
def test_each_mistake_is_named(name: str, value: Any, words: str) -> None:
    with pytest.raises(Usage) as caught:
        load({}, {}, toml({**NEEDED, name: value}).encode())
    assert words in str(caught.value)


def test_all_mistakes_are_named_together() -> None:
    wrong = {"listen": "x", "workers": 2, "colour": "red", "leave_url": "ftp://x"}
    with pytest.raises(Usage) as caught:
        load({}, {}, toml({**NEEDED, **wrong}).encode())
    assert str(caught.value).count("\n  - ") == len(wrong)


def test_a_file_that_is_no_toml_is_one_mistake() -> None:
    with pytest.raises(Usage, match="the configuration file is no TOML"):
        load({}, {}, b"a = \xff")
