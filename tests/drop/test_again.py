"""A plain report that is refused comes back whole: every pair, whatever is in it, and nothing of it as markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.drop.pages import Pages
from intake.report.answers import TEXT_LENGTH

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=60)
NAMES = st.text(st.sampled_from('abc.1_"<\x02\x03'), min_size=1, max_size=8)


class Form(HTMLParser):
    """What a browser would post from a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self._writing: str | None = None
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "input":
            self.pairs.append((given["name"] or "", given["value"] or ""))
        if tag == "textarea":
            self._writing = given["name"] or ""
            self.pairs.append((self._writing, ""))

    def handle_data(self, data: str) -> None:
        if self._writing is not None:
            name, before = self.pairs[-1]
            self.pairs[-1] = (name, before + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            name, value = self.pairs[-1]
            self.pairs[-1] = (name, value.removeprefix("\n"))
            self._writing = None


@settings(max_examples=60)
@given(st.lists(st.tuples(NAMES, TEXT), max_size=6), st.sampled_from(["busy", "full", "unavailable", "too-large"]))
def test_every_pair_comes_back_and_nothing_is_markup(pages: Pages, pairs: list[tuple[str, str]], word: str) -> None:
    page = pages.again("en", word, pairs)
    assert page is not None
    form = Form(page)
    plain = [(name.replace("\x02", "").replace("\x03", ""), value) for name, value in pairs]
    assert sorted(form.pairs) == sorted([("language", "en"), *plain])
    bare = Form(pages.again("en", "busy", []) or b"")
    assert set(form.tags) <= {*bare.tags, "textarea", "label", "h2"}


@pytest.mark.parametrize("language", ["tg", "ru", "en"])
def test_what_must_change_is_named_at_the_top_and_beside_its_box(pages: Pages, language: str) -> None:
    long = "x" * (TEXT_LENGTH + 1)
    given = [("account", "a"), ("harm", long), ("urgent", "removal")]
    page = (pages.again(language, "too-large", given) or b"").decode()
    assert page.count("<textarea") == 1
    assert 'name="harm"' in page
    assert '<a href="#box-1">' in page
    assert 'aria-invalid="true" aria-describedby="wrong-1"' in page
    assert page.count('id="wrong-1"') == page.count('id="box-1"') == 1


def test_without_one_long_text_the_longest_is_named(pages: Pages) -> None:
    page = (pages.again("en", "too-large", [("account", "aaa"), ("harm", "aa")]) or b"").decode()
    assert 'name="account" rows' in page
    assert '<input type="hidden" name="harm" value="aa">' in page


def test_what_sending_once_more_would_not_help_has_no_such_page(pages: Pages) -> None:
    assert pages.again("en", "closed", [("account", "a")]) is None
