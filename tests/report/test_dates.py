"""Dates as people type them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.report.dates import build, depth, read

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(DAYS)
def test_every_day_is_read_in_both_orders(day: date) -> None:
    assert read(day.isoformat()) == day.isoformat()
    assert read(f"{day.day}.{day.month}.{day.year}") == day.isoformat()
    assert read(f"{day:%d.%m.%Y}") == day.isoformat()
    assert read(f"{day:%Y-%m}") == read(f"{day.month}.{day.year}") == f"{day:%Y-%m}"
    assert build({"year": str(day.year), "month": str(day.month), "day": f"{day.day:02}"}) == day.isoformat()
    assert [depth(text) for text in ("", f"{day:%Y}", f"{day:%Y-%m}", f"{day}")] == [0, 1, 2, 3]


NO_DATES = (
    ["", "22", "1899", "2101", "2022-13", "2022-00", "2022-02-29", "29.02.2022", "0.5.2022", "5.0.2022", "2022-5-7"],
    ["05/2022", "2022.05", "17.05.22", " 2022", "2022\n", "٢٠٢٢", "2022-05-17T10:00", "1.2.3.2022"],
)


@pytest.mark.parametrize("text", [text for texts in NO_DATES for text in texts])
def test_what_is_no_date_is_none(text: str) -> None:
    assert read(text) == ""


@given(st.text(st.characters(), max_size=8), st.text(max_size=4), st.text(max_size=4))
def test_parts_build_a_real_date_or_none(year: str, month: str, day: str) -> None:
    built = build({"year": year, "month": month, "day": day})
    assert built == "" or read(built) == built
