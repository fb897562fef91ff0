"""JSON from strangers: the bounds themselves, and agreement with Python's own reader inside them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Damaged
from intake.report.document import DEPTH, KEY_LENGTH, TEXT_LENGTH, VALUES, Json, dump, parse, well_formed

values: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-(2.0**53), 2.0**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=20,
)


@given(values)
def test_every_value_comes_back(value: Json) -> None:
    value = parse(dump(value), "it")
    assert parse(dump(value), "it") == value
    assert parse(json.dumps(value, indent=1).encode(), "it") == value, "however it is spaced and escaped"


@pytest.mark.parametrize(
    "content",
    [
        "[" * DEPTH + "]" * DEPTH,
        '{"' + "k" * KEY_LENGTH + '":"' + "я" * TEXT_LENGTH + '"}',
        json.dumps("[{" * 500),
        json.dumps(['"', "\\", '\\"[', '"]']),
        "[" + ",".join("0" * (VALUES - 1)) + "]",
        str(2**53),
        str(-(2**53)),
        "9007199254740992.0",
    ],
    ids=range(8),
)
def test_what_stands_at_a_bound_is_read(content: str) -> None:
    assert parse(content.encode(), "it") == json.loads(content)


@given(st.text(st.sampled_from('[]{}":,\\u0d8 1.eE-+ntfal'), max_size=40) | st.text())
def test_anything_is_read_as_python_reads_it_or_damaged(content: str) -> None:
    try:
        value = parse(well_formed(content).encode(), "it")
    except Damaged:
        return
    assert dump(value) == dump(json.loads(well_formed(content)))


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\ud800", "a\ufffd"), ("\udc00\ud800", "\ufffd\ufffd"), ("\ud83d\ude00\ud83d", "😀\ufffd"), ("ғ😀", "ғ😀")],
)
def test_surrogates_join_or_are_replaced(text: str, kept: str) -> None:
    assert well_formed(text) == kept
