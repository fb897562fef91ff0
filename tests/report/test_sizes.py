"""The lengths a sealed report may have."""

import io
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.report import sizes, ustar
from intake.report.answers import from_fields
from intake.report.package import QuestionnaireRef, Report, write_package
from intake.sealing import HybridIdentity, seal_bytes

MEBIBYTE = 1_048_576
SCRIPTS = (
    "abc XYZ",
    "ғӣқӯҳҷ Хоруғ",
    "سلام خاروغ",
    "👩🏽‍🦱🇹🇯",
    '"\\\n\t<>&',
    "\u202e\u200b\x00\x1b",
    "中文字",
    "\ud800",
)


def package(text: str) -> bytes:
    answers = from_fields({"account": "longtext"}, [("account", text)])
    report = Report(
        "0" * 32, "demo", 7, QuestionnaireRef("first", "1", "a" * 64), "tg", "browser", date(2026, 11, 23), answers
    )
    sink = io.BytesIO()
    assert write_package(report, [], sink) == len(sink.getvalue())
    return sink.getvalue()


def test_the_design_s_example_is_met() -> None:
    assert sizes.sealed_size(3, 16_384) == 21_157
    assert len(seal_bytes(bytes(16_384), [HybridIdentity.generate().recipient for _ in range(3)])) == 21_157


@pytest.mark.parametrize("plaintext", [sizes.CARRIED, *sizes.CLASSES, 1_081_344, 3_014_656])
@pytest.mark.parametrize("reviewers", [1, 2, 5])
def test_sealed_sizes_are_those_of_real_files(reviewers: int, plaintext: int) -> None:
    recipients = [HybridIdentity.generate().recipient for _ in range(reviewers)]
    assert len(seal_bytes(bytes(plaintext), recipients)) == sizes.sealed_size(reviewers, plaintext)


@given(st.sampled_from(SCRIPTS), st.text(st.characters(), max_size=40), st.integers(0, 100_000))
@example("\x00", "", 100_000)
@settings(max_examples=150, deadline=None)
def test_only_the_four_classes_occur_for_texts_of_every_script_and_length(
    alphabet: str, salt: str, length: int
) -> None:
    text = (salt + alphabet * (length // len(alphabet) + 1))[:length]
    assert len(package(text)) in sizes.CLASSES


def test_a_text_and_a_longer_one_cannot_be_told_apart_within_a_class() -> None:
    assert len(package("")) == len(package("я" * 5_000)) == 16_384
    assert len(package("я" * 8_000)) == len(package("a" * 60_000)) == 65_536


@given(st.integers(0, sizes.LARGEST))
def test_padding_never_loses_a_byte_and_settles(size: int) -> None:
    total = sizes.padded(size)
    assert total >= size
    assert sizes.padded(total) == total
    assert sizes.is_plaintext_size(total)
    assert total % ustar.BLOCK == 0


@given(st.integers(MEBIBYTE + 1, sizes.LARGEST))
def test_padme_wastes_little_and_leaks_little(size: int) -> None:
    total = sizes.padded(size)
    exponent = size.bit_length() - 1
    assert (total - size) * 32 < size, "under 1/32 from 1 MiB on"
    assert total % (1 << (exponent - exponent.bit_length())) == 0


def test_the_lengths_above_a_mebibyte_are_few() -> None:
    lengths = {sizes.padded(size) for size in range(MEBIBYTE + 1, 64 * MEBIBYTE, 4_096)}
    assert len(lengths) <= 6 * 32


@pytest.mark.parametrize("size", [-1, sizes.LARGEST + 1])
def test_no_package_has_such_a_size(size: int) -> None:
    with pytest.raises(ValueError):
        sizes.padded(size)
    assert not sizes.is_plaintext_size(size)


@given(st.integers(1, 60), st.integers(1, sizes.LARGEST))
def test_a_sealed_size_is_recognised_and_its_neighbours_are_not(reviewers: int, size: int) -> None:
    plaintext = sizes.padded(size)
    sealed = sizes.sealed_size(reviewers, plaintext)
    assert sizes.plaintext_size(reviewers, sealed) == plaintext
    for off in (-512, -17, -16, -1, 1, 16, 17, 512):
        assert not sizes.is_sealed_size(reviewers, sealed + off)


@given(st.integers(-5, 60), st.integers(-(10**6), 10**11))
def test_any_number_gets_a_verdict_that_agrees_with_the_formula(reviewers: int, size: int) -> None:
    plaintext = sizes.plaintext_size(reviewers, size)
    assert plaintext is None or sizes.sealed_size(reviewers, plaintext) == size


def test_nothing_and_no_reviewer_are_no_sealed_size() -> None:
    assert not sizes.is_sealed_size(0, sizes.sealed_size(0, 16_384))
    assert not sizes.is_sealed_size(1, 0)
    assert not sizes.is_sealed_size(3, sizes.sealed_size(3, 0))
