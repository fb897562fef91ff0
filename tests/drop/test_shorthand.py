"""Shorthand gives back every text as it was, and makes one that repeats itself small."""

from hypothesis import given
from hypothesis import strategies as st

from intake.drop.shorthand import expand, shorten

ROW = '<label><input type="checkbox" name="kind" autocomplete="off" value="{}">¤{};</label>\n'


@given(st.text(st.sampled_from('ab <>="\n¤1Ā×ӣ𐍈'), max_size=300) | st.text(max_size=100))
def test_every_text_comes_back(text: str) -> None:
    rules, short = shorten(text)
    assert expand(rules, short) == text


def test_what_is_said_again_and_again_stands_once() -> None:
    text = "".join(ROW.format(f"code{number}", number) for number in range(200))
    rules, short = shorten(text)
    assert expand(rules, short) == text
    assert len("".join([*rules, short]).encode()) < len(text) / 4
    assert shorten(text) == (rules, short)


def test_signs_that_the_text_uses_stand_for_themselves() -> None:
    text = "Āā" * 50 + "a b " * 50
    rules, short = shorten(text)
    assert not {rule[0] for rule in rules} & {"Ā", "ā"}
    assert expand(rules, short) == text
