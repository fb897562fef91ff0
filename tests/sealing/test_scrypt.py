"""The passphrase: exact stanzas, a bound on the work, and the work a writer spends."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from intake.errors import Damaged, Usage
from intake.sealing.header import Stanza, encode_base64
from intake.sealing.scrypt import ScryptIdentity, ScryptRecipient

FILE_KEY = bytes(range(16))
PASSPHRASE = "қалъа бо дарё"


@pytest.fixture(scope="module")
def stanza() -> Stanza:
    (made,) = ScryptRecipient(PASSPHRASE, 4).wrap(FILE_KEY)
    return made


def test_the_passphrase_opens_and_no_other_does(stanza: Stanza) -> None:
    assert stanza.args[1] == "4"
    assert ScryptIdentity(PASSPHRASE).unwrap(stanza) == FILE_KEY
    for other in (PASSPHRASE + " ", PASSPHRASE.upper(), "x"):
        assert ScryptIdentity(other).unwrap(stanza) is None
    assert ScryptIdentity(PASSPHRASE).unwrap(replace(stanza, args=(stanza.args[0], "5"))) is None
    assert ScryptIdentity(PASSPHRASE).unwrap(replace(stanza, kind="Scrypt")) is None
    assert ScryptRecipient(PASSPHRASE, 4).wrap(FILE_KEY) != (stanza,)


def test_a_writer_spends_the_work_that_age_does_unless_told() -> None:
    assert ScryptRecipient(PASSPHRASE).work_factor == 18


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, args=s.args[:1]),
        lambda s: replace(s, args=(*s.args, "more")),
        lambda s: replace(s, args=(encode_base64(bytes(15)), "4")),
        lambda s: replace(s, args=(encode_base64(bytes(17)), "4")),
        lambda s: replace(s, body=s.body[:-1]),
        lambda s: replace(s, body=s.body + b"\0"),
    ],
)
def test_malformed_stanzas_are_refused(stanza: Stanza, change: Callable[[Stanza], Stanza]) -> None:
    with pytest.raises(Damaged):
        ScryptIdentity(PASSPHRASE).unwrap(change(stanza))


@pytest.mark.parametrize(
    "factor", ["", "0", "04", "+4", "-4", "4 ", "4\n", "0x4", "٤", "4.0", "1e1", "21", "64", "9" * 9999]
)
def test_other_work_factors_are_refused_without_working(stanza: Stanza, factor: str) -> None:
    with pytest.raises(Damaged):
        ScryptIdentity(PASSPHRASE).unwrap(replace(stanza, args=(stanza.args[0], factor)))


def test_the_bound_may_be_lower(stanza: Stanza) -> None:
    with pytest.raises(Damaged, match="above 3"):
        ScryptIdentity(PASSPHRASE, max_work_factor=3).unwrap(stanza)


@pytest.mark.parametrize(("passphrase", "factor"), [("", 18), ("x", 0), ("x", 21)])
def test_nothing_is_sealed_to_an_empty_passphrase_or_out_of_bounds(passphrase: str, factor: int) -> None:
    with pytest.raises(Usage):
        ScryptRecipient(passphrase, factor)


def test_the_passphrase_is_not_shown() -> None:
    assert PASSPHRASE not in repr(ScryptRecipient(PASSPHRASE)) + repr(ScryptIdentity(PASSPHRASE))
