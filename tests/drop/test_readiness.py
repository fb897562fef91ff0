"""Sockets watched by the kernel: told once, told again only when watched again, never told for another."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from intake.drop.readiness import Readiness


class Talker:
    """One end of a connection, as waitress keeps it: what it waits for, and what it was told."""

    def __init__(self) -> None:
        self.here, self.peer = socket.socketpair()
        self.here.setblocking(False)
        self._fileno: int | None = self.here.fileno()
        self.reads, self.writes = True, False
        self.got = b""
        self.told: list[str] = []
        self.closed = False

    @property
    def number(self) -> int:
        """Its descriptor."""
        assert self._fileno is not None
        return self._fileno

    def readable(self) -> bool:
        return self.reads

    def writable(self) -> bool:
        return self.writes

    def handle_read_event(self) -> None:
        self.told.append("read")
        self.got += self.here.recv(5)

    def handle_write_event(self) -> None:
        self.told.append("write")
        self.writes = False

    def handle_close(self) -> None:
        self.told.append("close")

    def close(self) -> None:
        if not self.closed:
            self.closed, self._fileno = True, None
            self.here.close()
            self.peer.close()


@pytest.fixture
def readiness() -> Iterator[Readiness]:
    made = Readiness()
    yield made
    made.close()


@pytest.fixture
def talker() -> Iterator[Talker]:
    made = Talker()
    yield made
    made.close()


def test_what_is_left_is_told_at_the_next_turn(readiness: Readiness, talker: Talker) -> None:
    things = {talker.number: talker}
    readiness.watch(talker)
    readiness.turn(0, things)
    assert talker.told == []
    talker.peer.send(b"abcdefgh")
    readiness.turn(0, things)
    assert talker.got == b"abcde"
    readiness.turn(0, things)
    assert talker.got == b"abcdefgh"


def test_who_waits_for_nothing_is_not_told_until_it_does(readiness: Readiness, talker: Talker) -> None:
    """Not even that the peer has gone: a request under way is answered all the same."""
    things = {talker.number: talker}
    readiness.watch(talker)
    talker.reads = False
    readiness.watch(talker)
    talker.peer.send(b"x")
    talker.peer.close()
    readiness.turn(0, things)
    assert talker.told == []
    talker.writes = True
    readiness.watch(talker)
    readiness.turn(0, things)
    assert talker.told[0] == "write"
    talker.reads = True
    readiness.watch(talker)
    readiness.turn(0, things)
    assert talker.got == b"x"
    assert "close" in talker.told


def test_a_closed_one_is_forgotten_and_its_number_is_another(readiness: Readiness, talker: Talker) -> None:
    number = talker.number
    readiness.watch(talker)
    talker.peer.send(b"x")
    readiness.forget(number)
    readiness.forget(number)
    talker.close()
    readiness.watch(talker)
    other = Talker()
    try:
        readiness.turn(0, {other.number: other})
        assert (talker.told, other.told) == ([], [])
        readiness.watch(other)
        other.peer.send(b"y")
        readiness.turn(0, {other.number: other})
        assert (talker.told, other.got) == ([], b"y")
    finally:
        other.close()


def test_one_that_nobody_knows_any_more_stops_nothing(readiness: Readiness, talker: Talker) -> None:
    readiness.watch(talker)
    talker.peer.send(b"x")
    readiness.turn(0, {})
    assert talker.told == []


def test_nothing_is_missed_while_others_change_what_they_wait_for(readiness: Readiness) -> None:
    """Threads switch reading off and on as waitress's do; what was sent arrives all the same."""
    talkers = [Talker() for _ in range(20)]
    things = {each.number: each for each in talkers}
    texts = [random.Random(number).randbytes(500) for number in range(len(talkers))]
    ended = threading.Event()

    def switch(seed: int) -> None:
        chance = random.Random(seed)
        while not ended.is_set():
            one = chance.choice(talkers)
            one.reads = False
            readiness.watch(one)
            one.reads = True
            readiness.watch(one)

    switches = [threading.Thread(target=switch, args=(seed,)) for seed in range(3)]
    try:
        for each in talkers:
            readiness.watch(each)
        for thread in switches:
            thread.start()
        for each, text in zip(talkers, texts, strict=True):
            each.peer.send(text)
        for _ in range(20_000):
            readiness.turn(0.05, things)
            if all(each.got == text for each, text in zip(talkers, texts, strict=True)):
                break
        assert [each.got for each in talkers] == texts
    finally:
        ended.set()
        for thread in switches:
            thread.join()
        for talker in talkers:
            talker.close()
