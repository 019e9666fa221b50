"""The same bytes to a real server and to us; the raw replies must be equal.

`Peer.compare` sends one client's commands as a pipeline.  `Peer.compare_clients` sends steps of several clients one
at a time and compares everything that each of them received after each step: blocking commands, pub/sub, tracking.
A mismatch is reported with the commands that led to it, and accepted only by `oracle/differences.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from oracle.differences import known
from oracle.normalise import UNORDERED, Normaliser, elements
from oracle.wire import Command, Connection, encode, words

#: How many commands a report shows before the one that differs.
SHOWN_BEFORE = 30


class Backend:
    """Something that speaks RESP: a real server or ours in process."""

    def __init__(self, name: str, connect: Callable[[], Connection], settle: Callable[[], None] | None = None) -> None:
        self.name = name
        self.connect = connect
        self._settle = settle
        self._control: Connection | None = None

    def settle(self) -> None:
        """Until everything sent so far was executed and answered."""
        if self._settle is not None:
            self._settle()
            return
        if self._control is None:
            self._control = self.connect()
        # A second PING is read in a later turn of the server's loop than what others had sent before the first,
        # and a turn writes its replies before the next one reads.
        for _ in range(3):
            self._control(b"PING")

    def close(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None


class Peer:
    """A real server to compare with, and us."""

    def __init__(self, name: str, theirs: Backend, ours: Backend, counted: Callable[[int], None]) -> None:
        self.name = name
        self.theirs = theirs
        self.ours = ours
        self._counted = counted

    def __call__(self, *command: bytes) -> bytes:
        """One command to the real server alone, by a new client."""
        connection = self.theirs.connect()
        try:
            return connection(*command)
        finally:
            connection.close()

    def compare(
        self,
        commands: Sequence[str | Command],
        *,
        resp: int = 2,
        flush: bool = True,
        normalise: Mapping[bytes, Normaliser] | None = None,
        ordered: bool = False,
    ) -> list[bytes]:
        """Both answer the commands with equal bytes; gives the real server's replies.

        Commands are lists of bytes, or text split at blanks.  `normalise` maps a command's name in upper case to how
        its replies are made comparable, on top of the replies whose order is open (`ordered=True` takes those as they
        come).  `flush=False` keeps what earlier comparisons left, on both sides."""
        prepared = [words(command) for command in commands]
        normalisers = {**({} if ordered else UNORDERED), **(normalise or {})}
        opening: list[list[bytes]] = [[b"FLUSHALL"]] if flush else []
        if resp == 3:
            opening.append([b"HELLO", b"3"])
        replies: list[list[bytes]] = []
        for backend in (self.theirs, self.ours):
            connection = backend.connect()
            try:
                if opening:
                    connection.pipeline(opening)
                replies.append(connection.pipeline(prepared))
            finally:
                connection.close()
        self._counted(len(prepared))
        executed = transactions(prepared, replies[0])
        wrong = [
            index
            for index, command in enumerate(prepared)
            if not self._agree(command, replies[0][index], replies[1][index], normalisers)
            and not self._agree_on_all(executed.get(index), replies[0][index], replies[1][index], normalisers)
        ]
        if wrong:
            raise AssertionError(self._report(prepared, replies[0], replies[1], wrong))
        return replies[0]

    def compare_clients(
        self,
        steps: Sequence[tuple[int, str | Command]],
        *,
        resp: Mapping[int, int] | int = 2,
        flush: bool = True,
        normalise: Mapping[bytes, Normaliser] | None = None,
    ) -> None:
        """Each step is a client's number and its command; after each, what every client received is compared.

        Normalisers go by the step's command."""
        prepared = [(client, words(command)) for client, command in steps]
        numbers = sorted({client for client, _ in prepared})
        normalisers = {**UNORDERED, **(normalise or {})}
        received: list[list[dict[int, list[bytes]]]] = []
        for backend in (self.theirs, self.ours):
            connections = {number: backend.connect() for number in numbers}
            try:
                if flush:
                    connections[numbers[0]](b"FLUSHALL")
                for number in numbers:
                    if (resp if isinstance(resp, int) else resp.get(number, 2)) == 3:
                        connections[number](b"HELLO", b"3")
                after_each = []
                for client, command in prepared:
                    connections[client].send(encode(command))
                    backend.settle()
                    after_each.append({number: connections[number].drain() for number in numbers})
                received.append(after_each)
            finally:
                for connection in connections.values():
                    connection.close()
                backend.settle()  # both have seen the clients go before the next comparison
        self._counted(len(prepared))
        for index, (_, command) in enumerate(prepared):
            for number in numbers:
                theirs, ours = received[0][index][number], received[1][index][number]
                agree = len(theirs) == len(ours) and all(
                    self._agree(command, *pair, normalisers) for pair in zip(theirs, ours, strict=True)
                )
                if not agree:
                    lines = [f"{self.name} and ours differ at client {number}:"]
                    lines += [f"  client {client}: {_shown(words_)}" for client, words_ in prepared[: index + 1]]
                    lines += [f"  {self.theirs.name}: {theirs!r}", f"  {self.ours.name}: {ours!r}"]
                    raise AssertionError("\n".join(lines))

    def _agree(
        self, command: Sequence[bytes], theirs: bytes, ours: bytes, normalisers: Mapping[bytes, Normaliser]
    ) -> bool:
        if theirs == ours:
            return True
        normaliser = normalisers.get(command[0].upper()) if command else None
        if normaliser is not None and normaliser(theirs) == normaliser(ours):
            return True
        return known(self.name, command, theirs, ours) is not None

    def _agree_on_all(
        self, commands: list[list[bytes]] | None, theirs: bytes, ours: bytes, normalisers: Mapping[bytes, Normaliser]
    ) -> bool:
        """Whether an EXEC of these commands has, one by one, replies that agree."""
        (header, their_replies), (our_header, our_replies) = elements(theirs), elements(ours)
        return (
            commands is not None
            and header == our_header
            and len(commands) == len(their_replies) == len(our_replies)
            and all(self._agree(*each, normalisers) for each in zip(commands, their_replies, our_replies, strict=True))
        )

    def _report(self, commands: list[list[bytes]], theirs: list[bytes], ours: list[bytes], wrong: list[int]) -> str:
        first = wrong[0]
        lines = [f"{len(wrong)} of {len(commands)} replies differ from {self.name}'s; the first:"]
        if first > SHOWN_BEFORE:
            lines.append(f"  ... {first - SHOWN_BEFORE} commands before")
        for index in range(max(0, first - SHOWN_BEFORE), first):
            lines.append(f"    {_shown(commands[index])} -> {_cut(theirs[index])}")
        for index in wrong[:10]:
            lines.append(f"  > {_shown(commands[index])}")
            lines.append(f"      {self.theirs.name:>8}: {_cut(theirs[index], 1200)}")
            lines.append(f"      {self.ours.name:>8}: {_cut(ours[index], 1200)}")
        return "\n".join(lines)


def transactions(commands: Sequence[list[bytes]], replies: Sequence[bytes]) -> dict[int, list[list[bytes]]]:
    """What each EXEC executed, by its place."""
    found: dict[int, list[list[bytes]]] = {}
    queued: list[list[bytes]] = []
    for place, (command, reply) in enumerate(zip(commands, replies, strict=True)):
        name = command[0].upper() if command else b""
        if name == b"MULTI" and reply == b"+OK\r\n":
            queued = []
        elif reply == b"+QUEUED\r\n":
            queued.append(command)
        elif name == b"EXEC":
            found[place], queued = queued, []
    return found


def _shown(command: Sequence[bytes]) -> str:
    return " ".join(_cut(word, 100)[2:-1] if word and b" " not in word else _cut(word, 100)[1:] for word in command)


def _cut(data: bytes, limit: int = 160) -> str:
    return repr(data) if len(data) <= limit else f"{data[:limit]!r}... ({len(data)} bytes)"
