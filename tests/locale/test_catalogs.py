"""Every language has every word of the questionnaire and of report.txt, and none that is no longer said."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from intake import locale
from intake.errors import Usage
from intake.locale import DESK, Language, catalog, languages, packaged_questionnaire
from intake.report.reading import LABELS
from scripts.catalogs import desk_messages

FOLDER = Path(locale.__file__).parent
DESKS = [language.code for language in languages() if (FOLDER / language.code / DESK).is_file()]
TRANSLATED = [language.code for language in languages() if language.code != "en"]
SOURCE = {*packaged_questionnaire().messages(), *LABELS.items()}


def test_the_languages_are_these() -> None:
    assert languages() == (
        Language("en", "English", "ltr"),
        Language("ru", "Русский", "ltr"),
        Language("tg", "Тоҷикӣ", "ltr"),
    )


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_message_is_there_and_no_stale_one(code: str) -> None:
    with (FOLDER / code / "questionnaire.po").open("rb") as file:
        po = read_po(file, abort_invalid=True)
    found = [(message.context, message.id) for message in po if message.id]
    assert set(found) == SOURCE
    assert len(found) == len(SOURCE), "each once"
    assert not po.obsolete
    for message in po:
        assert not message.fuzzy
        assert isinstance(message.string, str)
        assert message.string
        assert message.string.strip() == message.string or not message.id


@pytest.mark.parametrize("code", DESKS)
def test_the_desk_has_every_sentence_with_the_same_gaps_and_help_that_fits_80_columns(code: str) -> None:
    with (FOLDER / code / DESK).open("rb") as file:
        po = read_po(file, abort_invalid=True)
    found = {str(message.id): str(message.string) for message in po if message.id}
    assert [*found] == [message for _, message in desk_messages()]
    for message, said in found.items():
        assert said, message
        assert sorted(re.findall(r"{\w+}", said)) == sorted(re.findall(r"{\w+}", message)), message
        if "  " in message:
            assert max(len(message), len(said)) <= 78, message
    assert "draft that no native reader has checked" in (FOLDER / code / DESK).read_text()


@pytest.mark.parametrize("code", TRANSLATED)
def test_nothing_is_left_in_english(code: str) -> None:
    words = catalog(code)
    for context, message in SOURCE:
        said = words.gettext(message, context)
        assert said != message, context
        assert re.search("[а-яғӣқӯҳҷ]", said.lower()), context


def test_tajik_is_written_with_its_own_letters() -> None:
    said = "".join(catalog("tg").gettext(message, context) for context, message in SOURCE).lower()
    assert set("ғӣқӯҳҷ") <= set(said)
    assert not set(said) & set("ыщ"), "letters that Tajik doesn't have"


@pytest.mark.parametrize("code", TRANSLATED)
def test_words_that_no_native_reader_has_signed_are_drafts(code: str) -> None:
    assert catalog(code).draft
    assert "DRAFT: a native reader has not signed" in (FOLDER / code / "questionnaire.po").read_text()


def test_english_is_the_source_and_no_draft() -> None:
    english = catalog("en")
    assert not english.draft
    assert english.gettext("Anything", "context") == "Anything"


def test_each_language_shows_other_words_and_so_another_digest() -> None:
    questionnaire = packaged_questionnaire()
    digests = {questionnaire.digest(catalog(language.code)) for language in languages()}
    assert len(digests) == len(languages())
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_a_missing_word_falls_back_to_english() -> None:
    assert catalog("tg").gettext("A sentence that nobody wrote") == "A sentence that nobody wrote"
    assert catalog("tg").gettext("Other names", "=other") == "Other names", "the message counts, not the context alone"


@pytest.mark.parametrize("code", ["xx", "", "..", "../tg", "tg/", "__pycache__", "tg\n"])
def test_what_is_no_language_is_refused(code: str) -> None:
    with pytest.raises(Usage, match="there is no translation"):
        catalog(code)
