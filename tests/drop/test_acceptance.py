"""Which bodies are taken, as a table."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.drop import problems
from intake.drop.acceptance import BODY_LIMIT, Accepted, Refusal, judge
from intake.keyring import Chain
from intake.report.sizes import CARRIED, CLASSES, sealed_size
from intake.sealing import HybridIdentity, ScryptRecipient, X25519Identity, seal_bytes
from tests.harness.keys import TODAY, World

CLOSES = TODAY + timedelta(days=365)


@pytest.fixture(scope="module")
def chain(world: World) -> Chain:
    return world.chain()


@pytest.fixture(scope="module")
def body(world: World) -> bytes:
    return sealed(world)


def sealed(world: World, plaintext: int = CLASSES[0]) -> bytes:
    return seal_bytes(bytes(plaintext), [identity.recipient for identity in world.reviewers])


@pytest.mark.parametrize("plaintext", CLASSES)
def test_every_class_is_taken(world: World, chain: Chain, plaintext: int) -> None:
    body = sealed(world, plaintext)
    assert len(body) <= BODY_LIMIT
    assert judge(body, 1, chain, TODAY) == Accepted(1)
    assert judge(body, None, chain, TODAY) == Accepted(None)


def test_the_short_size_is_for_carried_files_alone(world: World, chain: Chain) -> None:
    body = sealed(world, CARRIED)
    assert judge(body, None, chain, TODAY) == Accepted(None)
    assert judge(body, 1, chain, TODAY) == Refusal(problems.NOT_SEALED)


def test_what_belongs_to_uploads_is_too_large(world: World, chain: Chain) -> None:
    assert judge(sealed(world, 1_048_576 + 32_768), 1, chain, TODAY) == Refusal(problems.TOO_LARGE)


def test_what_is_not_sealed_so_is_refused(world: World, chain: Chain) -> None:
    good, size = sealed(world), CLASSES[0]
    stranger = [HybridIdentity.generate().recipient for _ in range(4)]
    share = good.index(b"\n", 30) - 10
    for body in (
        b"",
        b"who: my brother",
        b"age-encryption.org/v1\n",
        bytes(sealed_size(3, size)),
        good[:-1],
        good + b"\0",
        good[:1000],
        seal_bytes(bytes(size), stranger),
        seal_bytes(bytes(size), stranger[:1]),
        seal_bytes(bytes(size), [X25519Identity.generate().recipient for _ in range(3)]),
        seal_bytes(bytes(size), [ScryptRecipient("test", 4)]),
        seal_bytes(bytes(size - 1), [identity.recipient for identity in world.reviewers]),
        good.replace(b"mlkem768x25519", b"mlkem768x25518"),
        good[:share] + b"=" + good[share + 1 :],
        b"-----BEGIN AGE ENCRYPTED FILE-----\n" + base64.encodebytes(good),
    ):
        assert judge(body, 1, chain, TODAY) == Refusal(problems.NOT_SEALED)


def test_a_stanza_of_another_length_is_refused(world: World, chain: Chain) -> None:
    """The same total length, but an argument that no hybrid recipient writes."""
    good = sealed(world)
    lines = good.split(b"\n", 3)
    lines[1] = lines[1][:-4]
    lines[2] = base64.b64encode(bytes(35)).rstrip(b"=")
    body = b"\n".join(lines)
    assert len(body) == len(good)
    assert judge(body, 1, chain, TODAY) == Refusal(problems.NOT_SEALED)


def test_a_count_of_any_keyring_of_the_chain_is_taken(world: World) -> None:
    chain = world.next(reviewers=2).chain()
    assert judge(sealed(world), None, chain, TODAY) == Accepted(None)


def test_claims(world: World) -> None:
    """Newest serial 3; keyring 1 closed early. The day: today, or the newest keyring's last."""
    third = world.next().next(closed_through=1)
    chain, body = third.chain(), sealed(world)
    accepted = {claim: Accepted(claim) for claim in (None, 3)}
    table = {
        TODAY: accepted
        | {2: Refusal(problems.SEAL_AGAIN), 1: Refusal(problems.CLOSED), 4: Refusal(problems.SEAL_AGAIN)},
        CLOSES: {None: Accepted(None)} | {claim: Refusal(problems.CLOSED) for claim in (1, 2, 3, 4)},
    }
    for day, expected in table.items():
        assert {claim: judge(body, claim, chain, day) for claim in expected} == expected


@given(noise=st.binary(max_size=300), place=st.integers(0, 21_156), claim=st.none() | st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_no_bytes_are_taken_by_accident(chain: Chain, body: bytes, noise: bytes, place: int, claim: int | None) -> None:
    """Noise over a sealed body: taken only where it changes nothing the drop can see, never an exception."""
    spoilt = (body[:place] + noise + body[place + len(noise) :])[: len(body)]
    verdict = judge(spoilt, claim, chain, TODAY)
    assert isinstance(verdict, Accepted | Refusal)
    if isinstance(verdict, Accepted):
        assert spoilt.startswith(b"age-encryption.org/v1\n-> mlkem768x25519 ")
