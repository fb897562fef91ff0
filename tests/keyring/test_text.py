"""The keyring's text: what is read is written back the same, and nothing but a keyring is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Closed, KeyringRefused
from intake.keyring import Drop, Duty, Keyring, Retired, Reviewer, Root, SigningKey, VerifyKey, fingerprint
from intake.sealing import HybridIdentity
from tests.harness.keys import make_world, new_key

_RECIPIENTS = tuple(str(HybridIdentity.generate().recipient) for _ in range(6))
_KEYS = tuple(new_key("x").seed for _ in range(8))
_labels = st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)
_sites = st.sampled_from(
    ["https://drop.example", "https://a.b:8443/tg?x=1", f"http://{'b3' * 28}.onion", "https://c.d/"]
)
_digests = st.binary(min_size=32, max_size=32)


@st.composite
def keyrings(draw: st.DrawFn) -> Keyring:
    """Any keyring that the format allows, but for its sizes."""
    origin = draw(st.from_regex(r"[a-z0-9.-]{1,64}", fullmatch=True))
    serial = draw(st.integers(1, 999_999))
    days = sorted(draw(st.lists(st.dates(date(2000, 1, 1), date(9999, 12, 31)), min_size=3, max_size=3)))
    keys = iter(draw(st.permutations(_KEYS)))
    recipients = iter(draw(st.permutations(_RECIPIENTS)))

    def labels(least: int, most: int) -> list[str]:
        return draw(st.lists(_labels, min_size=least, max_size=most, unique=True))

    def key(label: str) -> VerifyKey:
        return SigningKey(f"{origin}/{label}", next(keys)).verify_key

    roots = tuple(Root(label, key(label)) for label in labels(1, 3))
    drops = tuple(Drop(label, key(label)) for label in labels(1, 2))
    reviewers = tuple(Reviewer(label, next(recipients), key(label)) for label in labels(1, 3))
    return Keyring(
        origin=origin,
        serial=serial,
        previous=None if serial == 1 else draw(_digests),
        issued=days[0],
        expires=days[1],
        closes=days[2],
        closed_through=draw(st.integers(0, serial - 1)),
        sites=tuple(draw(st.lists(_sites, max_size=4, unique=True))),
        threshold=draw(st.integers(1, len(roots))),
        roots=roots,
        drops=drops,
        reviewers=reviewers,
        duties=tuple(Duty(label, next(recipients)) for label in labels(0, 2)),
        retired=tuple(
            Retired(label, fingerprint(f"old {label}"), draw(st.dates(date(2000, 1, 1)))) for label in labels(0, 2)
        ),
    )


@given(keyrings())
def test_every_keyring_round_trips(keyring: Keyring) -> None:
    assert Keyring.parse(bytes(keyring)) == keyring


@given(keyrings(), st.integers(min_value=0), st.integers(0, 255))
def test_whatever_is_read_is_written_back_the_same(keyring: Keyring, place: int, byte: int) -> None:
    """One spelling for each keyring: what roots sign is what every reader sees."""
    text = bytearray(bytes(keyring))
    text[place % len(text)] = byte
    try:
        read = Keyring.parse(bytes(text))
    except KeyringRefused:
        return
    assert bytes(read) == bytes(text)


@given(st.binary(max_size=300))
def test_junk_is_refused(junk: bytes) -> None:
    for text in (junk, b"amonat/keyring/1\n" + junk, b"amonat/keyring/1\norigin a\nserial 1\n" + junk):
        with pytest.raises(KeyringRefused, match="keyring"):
            Keyring.parse(text)


@given(keyrings())
def test_a_last_line_without_its_end_is_refused(keyring: Keyring) -> None:
    for text in (bytes(keyring)[:-1], bytes(keyring) + b"retired"):
        with pytest.raises(KeyringRefused, match="the last line has no end"):
            Keyring.parse(text)


def test_what_a_keyring_says_of_a_day(tmp_path: Path) -> None:
    keyring = make_world(tmp_path).keyring
    day = timedelta(days=1)
    assert keyring.warnings(keyring.issued) == ()
    assert "issued on 2026-11-23, after 2026-11-22" in keyring.warnings(keyring.issued - day)[0]
    assert keyring.warnings(keyring.expires - day) == ()
    assert keyring.warnings(keyring.expires) == ("keyring 1 expired on 2027-03-23: rotate; it closes in 245 days",)
    assert keyring.warnings(keyring.closes) == ("keyring 1 closed on 2027-11-23: nothing is sealed to it any more",)
    keyring.refuse_if_closed(keyring.closes - day)
    with pytest.raises(Closed, match=r"keyring 1 of drop\.example closed on 2027-11-23"):
        keyring.refuse_if_closed(keyring.closes)


def test_a_full_keyring_is_no_larger_than_an_age_header_allows(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    keyring = world.keyring
    people = [(label := f"r{n}", new_key(label)) for n in range(33)]
    recipients = [str(HybridIdentity.generate().recipient) for _ in people]
    reviewers = tuple(
        Reviewer(label, recipient, key.verify_key) for (label, key), recipient in zip(people, recipients, strict=True)
    )
    full = replace(keyring, reviewers=reviewers[:32])
    assert Keyring.parse(bytes(full)) == full
    assert 200 + 1557 * len(full.reviewers) < 64 * 1024
    with pytest.raises(KeyringRefused, match="more than 32 lines 'reviewer'"):
        Keyring.parse(bytes(replace(keyring, reviewers=reviewers)))
