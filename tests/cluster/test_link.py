"""The connections of MIGRATE: kept for a while, given up when nothing comes."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from miniredis.cluster.link import KEPT_S, ReactorLinks
from miniredis.cluster.moving import NotConnected, NotSent, Target
from miniredis.resp.replies import Status

from cluster.wires import Wires


class Scripted(Protocol):
    """Answers each request with the next of `answers`."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers

    def dataReceived(self, data: bytes) -> None:
        if self.answers:
            transport: Any = self.transport
            transport.write(self.answers.pop(0))


class Listening(Factory):
    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.built = 0

    def buildProtocol(self, addr: Any) -> Any:
        self.built += 1
        return Scripted(self.answers)


@pytest.fixture
def wires() -> Wires:
    return Wires()


def result_of(deferred: Deferred[Any]) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0] if found else None


def connected(wires: Wires, links: ReactorLinks) -> Target:
    deferred = links.connect(b"127.0.0.1", 7001, 1)
    wires.run(0.2)
    target: Target = result_of(deferred)
    return target


def test_replies_come_in_order_however_they_are_cut(wires: Wires) -> None:
    wires.listeners[7001] = Listening(b"+OK\r\n$3\r\nab")
    asking = connected(wires, ReactorLinks(wires)).ask([[b"SELECT", b"0"], [b"GET", b"k"]], 1)
    replies: list[object] = []
    asking.addCallback(replies.extend)
    wires.flow()
    assert replies == []
    wires.ends[-1].write(b"c\r\n")
    wires.flow()
    assert replies[1] == b"abc"


def test_whole_replies(wires: Wires) -> None:
    wires.listeners[7001] = Listening(b"+OK\r\n:1\r\n")
    asking = connected(wires, ReactorLinks(wires)).ask([[b"SELECT", b"0"], [b"EXISTS", b"k"]], 1)
    wires.flow()
    status, number = result_of(asking)
    assert isinstance(status, Status)
    assert number == 1


def test_silence_and_nonsense_end_the_connection(wires: Wires) -> None:
    for answer in (b"", b"nonsense\r\n"):
        wires.listeners[7001] = Listening(answer)
        target = connected(wires, ReactorLinks(wires))
        asking = target.ask([[b"PING"]], 1)
        wires.run(1.2)
        assert result_of(asking).check(NotSent)
        assert result_of(target.ask([[b"PING"]], 1)).check(NotSent)


def test_nobody_there(wires: Wires) -> None:
    deferred = ReactorLinks(wires).connect(b"127.0.0.1", 7001, 1)
    wires.run(0.1)
    assert result_of(deferred).check(NotConnected)


def test_a_connection_is_kept_for_the_next_and_closed_after_a_while(wires: Wires) -> None:
    listening = wires.listeners[7001] = Listening()
    links = ReactorLinks(wires)
    target = connected(wires, links)
    links.give_back(target)
    again = connected(wires, links)
    assert again is target
    assert again.is_reused
    links.give_back(again)
    other = ReactorLinks(wires)
    extra = connected(wires, other)
    links.give_back(extra)  # there is one already
    wires.run(0.1)
    links.give_back(extra)  # and this one is closed
    wires.run(KEPT_S + 1)
    assert connected(wires, links) is not target
    assert listening.built == 3


def test_kept_connections_end_with_the_server(wires: Wires) -> None:
    wires.listeners[7001] = Listening()
    links = ReactorLinks(wires)
    target = connected(wires, links)
    links.give_back(target)
    links.stop()
    wires.run(0.1)
    assert result_of(target.ask([[b"PING"]], 1)).check(NotSent)
