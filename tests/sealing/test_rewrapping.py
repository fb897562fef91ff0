"""Giving a sealed file to others: a new header, the same payload, and nothing that was not proved."""

import base64
import io
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Damaged, NoKeyFits, NotSealed, Usage, WrongPassphrase
from intake.sealing import (
    CHUNK_SIZE,
    Header,
    HybridIdentity,
    Identity,
    Recipient,
    Rewrapping,
    ScryptIdentity,
    ScryptRecipient,
    X25519Identity,
    open_bytes,
    rewrap,
    seal_bytes,
)
from intake.sealing.stream import NONCE_SIZE, SEALED_CHUNK_SIZE
from tests.harness.node import run_node
from tests.harness.sealing import BOUNDARIES, pattern, pipe

OLD, OTHER, NEW = (HybridIdentity.generate() for _ in range(3))
LONG = 3 * CHUNK_SIZE + 5  # four chunks


def given_to(
    sealed: bytes, recipients: Sequence[Recipient], identities: Sequence[Identity] = (OLD,), *, check: bool = False
) -> bytes:
    sink = io.BytesIO()
    rewrap(io.BytesIO(sealed), sink, identities, recipients, check=check)
    return sink.getvalue()


def payload(sealed: bytes) -> bytes:
    return sealed[Header.parse(sealed).size :]


def changed(sealed: bytes, at: int) -> bytes:
    return sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("length", BOUNDARIES)
def test_the_new_one_opens_it_the_old_one_no_longer_and_the_payload_is_the_same(length: int, check: bool) -> None:
    sealed = seal_bytes(pattern(length), [OTHER.recipient, OLD.recipient])
    copy = given_to(sealed, [NEW.recipient], check=check)
    assert open_bytes(copy, [NEW]) == pattern(length)
    assert payload(copy) == payload(sealed)
    for identity in (OLD, OTHER):
        with pytest.raises(NoKeyFits):
            open_bytes(copy, [identity])
    assert open_bytes(sealed, [OLD]) == pattern(length)


def test_typage_opens_what_was_rewrapped() -> None:
    copies = [given_to(seal_bytes(pattern(length), [OLD.recipient]), [NEW.recipient]) for length in BOUNDARIES]
    jobs = [{"open": [str(NEW)], "sealed": base64.b64encode(copy).decode()} for copy in copies]
    answers = json.loads(run_node("batch.mjs", data=json.dumps(jobs).encode()))
    assert [base64.b64decode(answer) for answer in answers] == [pattern(length) for length in BOUNDARIES]


def test_what_typage_sealed_is_rewrapped() -> None:
    job = {"seal": [str(OLD.recipient)], "plain": base64.b64encode(pattern(LONG)).decode()}
    (sealed,) = json.loads(run_node("batch.mjs", data=json.dumps([job]).encode()))
    assert open_bytes(given_to(base64.b64decode(sealed), [NEW.recipient], check=True), [NEW]) == pattern(LONG)


@pytest.mark.parametrize("check", [False, True])
def test_it_reads_what_comes_bit_by_bit_and_cannot_be_sought_in(check: bool) -> None:
    sealed, sink = seal_bytes(pattern(LONG), [OLD.recipient]), io.BytesIO()
    header = rewrap(pipe(sealed), sink, [OLD], [NEW.recipient, OTHER.recipient], check=check)
    assert sink.getvalue() == bytes(header) + payload(sealed)
    assert len(header.stanzas) == 2
    assert [open_bytes(sink.getvalue(), [each]) for each in (NEW, OTHER)] == [pattern(LONG)] * 2


@given(st.integers(0, LONG), st.integers(1, 4))
def test_a_copy_of_a_copy_is_as_good(length: int, readers: int) -> None:
    everybody = [OTHER.recipient] * (readers - 1) + [NEW.recipient]
    once = given_to(seal_bytes(pattern(length), [OLD.recipient]), everybody)
    assert open_bytes(given_to(once, [OLD.recipient], [NEW]), [OLD]) == pattern(length)


def test_files_sealed_to_a_passphrase_or_to_a_curve_can_be_given_on() -> None:
    curve = X25519Identity.generate()
    sources: list[tuple[Recipient, Identity]] = [
        (ScryptRecipient("қалъа", 4), ScryptIdentity("қалъа")),
        (curve.recipient, curve),
    ]
    for recipient, identity in sources:
        copy = given_to(seal_bytes(b"text", [recipient]), [NEW.recipient], [identity])
        assert open_bytes(copy, [NEW]) == b"text"
        assert {stanza.kind for stanza in Header.parse(copy).stanzas} == {"mlkem768x25519"}


@pytest.mark.parametrize(
    "recipients",
    [
        [],
        [X25519Identity.generate().recipient],
        [NEW.recipient, X25519Identity.generate().recipient],
        [ScryptRecipient("passphrase", 4)],
        [NEW.recipient] * 43,
    ],
    ids=["nobody", "a curve", "mixed", "a passphrase", "too many"],
)
def test_only_post_quantum_recipients_get_it(recipients: list[Recipient]) -> None:
    sink = io.BytesIO()
    with pytest.raises(Usage):
        rewrap(io.BytesIO(seal_bytes(b"text", [OLD.recipient])), sink, [OLD], recipients)
    assert sink.getvalue() == b""


def test_who_holds_no_key_gives_nothing() -> None:
    sink = io.BytesIO()
    with pytest.raises(NoKeyFits):
        rewrap(io.BytesIO(seal_bytes(b"text", [OLD.recipient])), sink, [OTHER], [NEW.recipient])
    with pytest.raises(WrongPassphrase):
        rewrap(
            io.BytesIO(seal_bytes(b"text", [ScryptRecipient("one", 4)])), sink, [ScryptIdentity("two")], [NEW.recipient]
        )
    with pytest.raises(NotSealed):
        rewrap(io.BytesIO(b"plain text"), sink, [OLD], [NEW.recipient])
    assert sink.getvalue() == b""


SMALL = seal_bytes(b"text", [OLD.recipient, OTHER.recipient])


@given(st.integers(0, Header.parse(SMALL).size - 1))
def test_a_header_with_any_byte_changed_gives_nothing(at: int) -> None:
    sink = io.BytesIO()
    with pytest.raises((NoKeyFits, Damaged)):
        rewrap(io.BytesIO(changed(SMALL, at)), sink, [OLD], [NEW.recipient])
    assert sink.getvalue() == b""


def test_a_header_that_somebody_added_himself_to_gives_nothing() -> None:
    header, intruder = Header.parse(SMALL), HybridIdentity.generate().recipient.wrap(bytes(16))
    forged = Header.make((*header.stanzas, *intruder), bytes(16))
    sink = io.BytesIO()
    with pytest.raises(Damaged, match="MAC"):
        rewrap(io.BytesIO(bytes(forged) + payload(SMALL)), sink, [OLD], [NEW.recipient])
    assert sink.getvalue() == b""


@pytest.mark.parametrize("check", [False, True])
@given(data=st.data())
def test_a_payload_cut_off_anywhere_or_with_more_behind_it_is_refused(check: bool, data: st.DataObject) -> None:
    length = data.draw(st.sampled_from(BOUNDARIES))
    sealed = seal_bytes(pattern(length), [OLD.recipient])
    size = len(payload(sealed))
    spoilt = data.draw(
        st.one_of(
            st.integers(1, size).map(lambda cut: sealed[:-cut]), st.binary(min_size=1).map(lambda more: sealed + more)
        )
    )
    with pytest.raises(Damaged):
        given_to(spoilt, [NEW.recipient], check=check)


def test_a_cut_between_two_chunks_is_refused() -> None:
    sealed = seal_bytes(pattern(LONG), [OLD.recipient])
    start = Header.parse(sealed).size + NONCE_SIZE
    for chunks in range(4):
        with pytest.raises(Damaged):
            given_to(sealed[: start + chunks * SEALED_CHUNK_SIZE], [NEW.recipient])


@pytest.mark.parametrize(("chunk", "seen"), [(-1, True), (0, False), (2, False), (3, True)])
def test_what_is_proved_with_check_and_without(chunk: int, seen: bool) -> None:
    """Chunk -1 is the nonce. Damage before the last chunk is carried along, and found by `check` or by the reader."""
    sealed = seal_bytes(pattern(LONG), [OLD.recipient])
    start = Header.parse(sealed).size + NONCE_SIZE
    spoilt = changed(sealed, start - 1 if chunk < 0 else start + chunk * SEALED_CHUNK_SIZE)
    with pytest.raises(Damaged):
        given_to(spoilt, [NEW.recipient], check=True)
    if seen:
        with pytest.raises(Damaged):
            given_to(spoilt, [NEW.recipient])
    else:
        copy = given_to(spoilt, [NEW.recipient])
        assert payload(copy) == payload(spoilt)
        with pytest.raises(Damaged, match=f"chunk {chunk + 1} "):
            open_bytes(copy, [NEW])


def test_a_copy_made_before_can_be_read_again() -> None:
    sealed = seal_bytes(pattern(LONG), [OLD.recipient])
    copy = given_to(sealed, [NEW.recipient])
    work = Rewrapping(io.BytesIO(sealed), [OLD])
    assert work.opened(io.BytesIO(copy)).read() == work.opened(io.BytesIO(sealed)).read() == pattern(LONG)
    for spoilt in (changed(copy, len(copy) - SEALED_CHUNK_SIZE - 5), copy[:-1], given_to(SMALL, [NEW.recipient])):
        with pytest.raises(Damaged):
            work.opened(io.BytesIO(spoilt)).read()


def test_the_sources_header_is_told() -> None:
    work = Rewrapping(io.BytesIO(SMALL), [OLD])
    sink = io.BytesIO()
    made = work.write(sink, [NEW.recipient])
    assert work.header == Header.parse(SMALL)
    assert made == Header.parse(sink.getvalue())
    assert made.mac != work.header.mac
