"""The side of a replica: the link to our primary, from the first try to the stream.

    IDLE         nobody is followed
    CONNECT      the next tick tries            <------------------------------------------+
    CONNECTING   the link is being made                                                    |
    HANDSHAKE    PING, AUTH, REPLCONF ... one reply at a time                              |  the link broke, or
    ASKED        PSYNC is sent                                                             |  something took too long
    TRANSFER     a snapshot comes in, and may be loaded while it does                      |
    CONNECTED    the stream is applied; one acknowledgement each second         -----------+

What was applied stays valid over all of this: PSYNC asks to go on from there, whoever is asked.  No reactor: `tick`
is called ten times a second, links and later calls come in from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_BUSY
from miniredis.dispatch.port import DelayedCall
from miniredis.dispatch.session import Session
from miniredis.formats.aof import encode_command
from miniredis.formats.errors import FormatError
from miniredis.replication.handshake import FULL, GO_ON, LATER, PLAIN, Handshake
from miniredis.replication.history import History
from miniredis.replication.incoming import Incoming, Payload
from miniredis.replication.outside import Link, LinkUser, Network, Storage
from miniredis.replication.stream import PrimaryPort, PrimaryStream
from miniredis.resp.errors import ProtocolError

IDLE: Final = "none"
CONNECT: Final = "connect"
CONNECTING: Final = "connecting"
HANDSHAKE: Final = "handshake"
TRANSFER: Final = "sync"
CONNECTED: Final = "connected"

#: One slice of loading or applying; clients get their turn between two.
SLICE_NS: Final = 10_000_000
COMMANDS_AT_ONCE: Final = 512
#: So much may wait to be loaded or applied before the primary has to wait.
MOST_WAITING: Final = 4 << 20
LONGEST_HEADER: Final = 4096
#: While a script is busy, the stream is looked at again after this long.
BUSY_WAIT_S: Final = 0.01
#: By this primaries choose the form of what they send: we read all that this Valkey knows.
FORMAT_VERSION: Final = b"9.1.0"


class Following(LinkUser):
    """Whom one server follows."""

    def __init__(self, engine: Engine, history: History, network: Network, storage: Storage) -> None:
        self.engine: Engine = engine
        self.history: History = history
        self.network: Network = network
        self.storage: Storage = storage
        self.state: str = IDLE
        self.host: str = ""
        self.port: int = 0
        self.stream: PrimaryStream | None = None
        #: The database in which the stream goes on.
        self.db_index: int = 0
        self.handshake: Handshake | None = None
        self.incoming: Incoming | None = None
        self.heard_ms: int = 0  # monotonic; 0 for never
        self.down_since_ms: int = 0
        #: Ask the primary to step down for us: it hands over, and then follows us.
        self.asks_failover: bool = False
        self.failover_refused: Callable[[], None] = _nothing
        #: What the subsystems around have to do.
        self.on_link_changed: Callable[[], None] = _nothing
        self.on_new_history: Callable[[], None] = _nothing  # before the data goes: who follows us starts anew
        self.on_renamed: Callable[[], None] = _nothing
        self.on_replaced: Callable[[dict[bytes, bytes], list[bytes]], None] = _take_nothing
        self.durable_offset: Callable[[], int] = _unknown
        self._link: Link | None = None
        self._header: bytearray = bytearray()
        self._target_id: bytes = b""
        self._target_offset: int = 0
        self._is_paused: bool = False
        self._may_connect: bool = False
        self._later: DelayedCall | None = None
        self._last_word_ms: int = 0
        self._state_since_ms: int = 0

    def now_ms(self) -> int:
        """For durations."""
        return self.engine.time.monotonic_ns() // 1_000_000

    # -- whom

    def follow(self, host: str, port: int) -> None:
        """Begin with this primary at the next tick."""
        self.drop()
        self.host = host
        self.port = port
        self.down_since_ms = self.now_ms()
        self._enter(CONNECT)

    def connect(self) -> None:
        """From now on links may be made; the first one at once."""
        self._may_connect = True
        if self.state == CONNECT:
            self._connect()

    def stop(self) -> None:
        """Follow nobody."""
        self.drop()
        self.host = ""
        self.port = 0
        self.asks_failover = False
        self._enter(IDLE)

    def is_up(self) -> bool:
        return self.state == CONNECTED

    def is_loading(self) -> bool:
        return self.incoming is not None

    def _enter(self, state: str) -> None:
        was_up = self.state == CONNECTED
        self.state = state
        self._state_since_ms = self.now_ms()
        if was_up != (state == CONNECTED):
            if was_up:
                self.down_since_ms = self.now_ms()
            self.on_link_changed()

    def drop(self) -> None:
        """Give the link up, and whatever was going on over it."""
        link = self._link
        if link is not None:
            self._link = None
            link.close()
        if self._later is not None:
            if self._later.active():
                self._later.cancel()
            self._later = None
        incoming = self.incoming
        if incoming is not None:
            self.incoming = None
            if incoming.has_begun:
                self.history.is_whole = False
            incoming.give_up()
        stream = self.stream
        if stream is not None:
            self.stream = None
            self.db_index = stream.db_index()
            self.engine.disconnect(stream.session)
        self.handshake = None
        self._header.clear()
        self._is_paused = False

    def retry(self, why: str) -> None:
        """Something went wrong: say so, begin anew."""
        if why:
            self.engine.log("warning", why)
        self.drop()
        self._enter(CONNECT)

    # -- time

    def tick(self) -> None:
        """Ten times a second."""
        if self.state == IDLE:
            return
        now_ms = self.now_ms()
        if self.state == CONNECT:
            if self._may_connect and now_ms - self._state_since_ms >= RETRY_MS:
                self._connect()
            return
        timeout_ms = self.engine.config.int("repl-timeout") * 1000
        if now_ms - max(self.heard_ms, self._state_since_ms) > timeout_ms and not self._is_paused:
            what = {
                CONNECTED: "MASTER timeout: no data nor PING received...",
                TRANSFER: "Timeout receiving bulk data from MASTER... If the problem persists try to set the "
                "'repl-timeout' parameter in redis.conf to a larger value.",
            }.get(self.state, "Timeout connecting to the MASTER...")
            self.retry(what)
            return
        if now_ms - self._last_word_ms >= 1000:
            self._last_word_ms = now_ms
            if self.state == CONNECTED:
                self.acknowledge()
            elif self.state == TRANSFER and self.incoming is not None and self._link is not None:
                self._link.send(b"\n")  # we are still there, whatever loading takes

    def _connect(self) -> None:
        self.engine.log("notice", f"Connecting to MASTER {self.host}:{self.port}")
        self._enter(CONNECTING)
        self._link = self.network.connect(self.host, self.port, self, self.engine.config.int("repl-timeout"))
        self.engine.log("notice", "MASTER <-> REPLICA sync started")

    def acknowledge(self) -> None:
        """Tell our primary how far we are, and what of it is on our disk."""
        link = self._link
        stream = self.stream
        if link is None or stream is None or self.state != CONNECTED:
            return
        argv = [b"REPLCONF", b"ACK", b"%d" % stream.applied]
        durable = self.durable_offset()
        if durable >= 0:
            argv += [b"FACK", b"%d" % durable]
        link.send(encode_command(argv))

    # -- the link

    def link_made(self) -> None:
        link = self._link
        assert link is not None
        self.engine.begin_turn()
        self.heard_ms = self.now_ms()
        config = self.engine.config
        handshake = Handshake(self.engine.log)
        handshake.user = config.text("masteruser")
        handshake.password = config.text("masterauth")
        # Others reach us the way we reach them.
        own_port = (config.flag("tls-replication") and config.int("tls-port")) or config.int("port")
        handshake.port = config.int("replica-announce-port") or own_port
        handshake.host = config.text("replica-announce-ip")
        handshake.version = FORMAT_VERSION
        handshake.asks_failover = self.asks_failover
        if self.history.is_whole and self.history.backlog is not None:
            handshake.replication_id = self.history.id
            handshake.offset = self.history.offset()
        self.handshake = handshake
        self._enter(HANDSHAKE)
        link.send(handshake.begin())

    def link_lost(self, reason: str) -> None:
        self._link = None
        self.engine.begin_turn()
        text = f"Error condition on socket for SYNC: {reason}" if self.state == CONNECTING else ""
        if self.state == CONNECTED:
            text = "Connection with master lost."
        elif self.state in (HANDSHAKE, TRANSFER):
            text = f"I/O error trying to sync with MASTER: {reason}"
        was_up = self.state == CONNECTED
        self.retry(text)
        if was_up and self._may_connect:
            self._connect()

    def link_received(self, data: bytes) -> None:
        self.engine.begin_turn()
        self.heard_ms = self.now_ms()
        stream = self.stream
        if self.incoming is not None or self.state == CONNECTED:
            self.engine.counters.replication_bytes_in += len(data)
        if self.state == CONNECTED and stream is not None:
            stream.session.bytes_in += len(data)
            stream.feed(data)
            if self._later is None:
                self._apply()
        elif self.incoming is not None:
            self._take_payload(data)
        else:
            self._take_lines(data)

    def _take_lines(self, data: bytes) -> None:
        """Replies of the handshake, and the header of a snapshot."""
        header = self._header
        header += data
        while True:
            place = header.find(b"\n")
            if place < 0:
                if len(header) > LONGEST_HEADER:
                    self.retry("Bad protocol from MASTER: a line without end")
                return
            line = bytes(header[:place]).rstrip(b"\r")
            del header[: place + 1]
            if not line:
                continue  # it is alive, and says no more
            if self.state == TRANSFER:
                self._begin_payload(line)
            else:
                self._take_reply(line)
            if self.incoming is not None or self.state == CONNECTED:
                rest = bytes(header)
                header.clear()
                if rest:
                    self.link_received(rest)
                return
            if self._link is None:
                return

    def _take_reply(self, line: bytes) -> None:
        handshake = self.handshake
        link = self._link
        if handshake is None or link is None:
            return
        outcome = handshake.take(line)
        if outcome == LATER:
            if handshake.asks_failover:
                self.failover_refused()
            self.retry(handshake.problem)
        elif outcome == GO_ON:
            self._go_on(handshake.replication_id)
        elif outcome == FULL:
            self._target_id = handshake.replication_id
            self._target_offset = handshake.offset
            self.asks_failover = False
            self.engine.log(
                "notice", f"Full resync from master: {self._target_id.decode('latin-1')}:{self._target_offset}"
            )
            self._enter(TRANSFER)
        elif outcome == PLAIN:
            self._target_id = b""
            self._target_offset = -1
            self._enter(TRANSFER)
            link.send(handshake.output)
        elif handshake.output:
            link.send(handshake.output)

    # -- going on

    def _go_on(self, replication_id: bytes) -> None:
        """+CONTINUE: what we have is a part of what it has."""
        history = self.history
        self.asks_failover = False
        self.engine.log("notice", "Successful partial resynchronization with master.")
        if replication_id and replication_id != history.id:
            history.rename(replication_id)
            self.engine.log("warning", f"Master replication ID changed to {replication_id.decode('latin-1')}")
            self.on_renamed()
        history.open_backlog()
        self._begin_stream()

    def _begin_stream(self) -> None:
        session = self._new_session()
        databases = self.engine.keyspace.databases
        session.context.db = databases[self.db_index if self.db_index < len(databases) else 0]
        self.stream = PrimaryStream(self.engine, session, self.history.offset(), self.history.write, self.acknowledge)
        self.handshake = None
        self._enter(CONNECTED)
        self.acknowledge()
        self._last_word_ms = self.now_ms()

    def _new_session(self) -> Session:
        link = self._link
        assert link is not None
        port = PrimaryPort(self._cut_by_client)
        port.peer = link.peer
        port.local = link.local
        return self.engine.connect(port)

    def _cut_by_client(self, why: str) -> None:
        """CLIENT KILL: the link ends; we come again."""
        self.retry(f"Connection with master {why}.")

    # -- everything anew

    def _begin_payload(self, line: bytes) -> None:
        if line.startswith(b"-"):
            self.retry(f"MASTER aborted replication with an error: {line[1:].decode('utf-8', 'replace')}")
            return
        if line.startswith(b"$EOF:") and len(line) == 45:
            payload = Payload(-1, line[5:])
            self.engine.log("notice", "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF")
        elif line.startswith(b"$") and line[1:].isdigit():
            payload = Payload(int(line[1:]), b"")
            self.engine.log("notice", f"MASTER <-> REPLICA sync: receiving {payload.size} bytes from master")
        else:
            self.retry(
                f"Bad protocol from MASTER, the first byte is not '$' (we received '{line[:40].decode('latin-1')}'), "
                "are you sure the host and port are right?"
            )
            return
        try:
            self.incoming = Incoming(self.engine, payload, self.storage)
        except OSError as problem:
            self.retry(f"Opening the temp file needed for MASTER <-> REPLICA synchronization: {problem.strerror}")

    def _take_payload(self, data: bytes) -> None:
        incoming = self.incoming
        assert incoming is not None
        payload = incoming.payload
        if payload.is_complete:
            payload.rest += data
            return
        try:
            incoming.feed(data)
        except OSError as problem:
            self.retry(f"Write error keeping what the MASTER sends for the sync: {problem.strerror}")
            return
        if (payload.is_complete or incoming.unread_bytes > MOST_WAITING) and not self._is_paused:
            self._pause()
        if incoming.may_step() and self._later is None:
            self._schedule(self._load)

    def _pause(self) -> None:
        self._is_paused = True
        if self._link is not None:
            self._link.pause()

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self.heard_ms = self.now_ms()  # it could not say anything
            if self._link is not None:
                self._link.resume()

    def _schedule(self, work: Callable[[], None], delay_s: float = 0.0) -> None:
        def run() -> None:
            self._later = None
            self.engine.begin_turn()
            try:
                work()
            except Exception as defect:
                self.engine.log_failure("replication failed", defect)
                self.retry("")

        self._later = self.engine.time.call_later(delay_s, run)

    def _load(self) -> None:
        incoming = self.incoming
        if incoming is None:
            return
        now_ns = self.engine.time.monotonic_ns
        end_ns = now_ns() + SLICE_NS
        try:
            while incoming.may_step():
                wait_s = incoming.delay.wait_s(incoming.keys())
                if wait_s > 0:
                    self._schedule(self._load, wait_s)
                    return
                if incoming.step():
                    self._loaded(incoming)
                    return
                if now_ns() >= end_ns:
                    break
        except FormatError as problem:
            self.retry(f"Failed trying to load the MASTER synchronization DB: {problem}")
            return
        except OSError as trouble:
            self.retry(f"Failed trying to load the MASTER synchronization DB from disk: {trouble.strerror}")
            return
        if incoming.may_step():
            self._schedule(self._load)
        elif not incoming.payload.is_complete:
            self._resume()

    def _loaded(self, incoming: Incoming) -> None:
        """Our data is the primary's now, as it was at the offset; the stream goes on from there."""
        self.incoming = None
        self.on_new_history()
        history = self.history
        aux = incoming.aux()
        target = self._target_id or aux.get(b"repl-id", b"")
        offset = self._target_offset if self._target_offset >= 0 else _number(aux.get(b"repl-offset", b"0"))
        history.take_over(target or history.id, offset)
        history.open_backlog()
        self.db_index = max(_number(aux.get(b"repl-stream-db", b"0")), 0)
        self.on_replaced(aux, incoming.functions())
        self.engine.log("notice", f"MASTER <-> REPLICA sync: Finished with success, {incoming.keys()} keys")
        self._begin_stream()
        rest = incoming.payload.rest
        self._resume()
        if rest:
            self.link_received(rest)

    # -- the stream

    def _apply(self) -> None:
        stream = self.stream
        if stream is None or self.state != CONNECTED:
            return
        if self.engine.gates & GATE_BUSY:
            # A script of ours is in the middle of its work, and must not see the data change: the stream waits.
            self._schedule(self._apply, BUSY_WAIT_S)
            return
        now_ns = self.engine.time.monotonic_ns
        end_ns = now_ns() + SLICE_NS
        try:
            while stream.proceed(COMMANDS_AT_ONCE):
                if self.stream is not stream or self.state != CONNECTED:
                    return
                if now_ns() >= end_ns:
                    self._schedule(self._apply)
                    if stream.waiting_bytes() > MOST_WAITING and not self._is_paused:
                        self._pause()
                    break
            else:
                self._resume()
        except ProtocolError as problem:
            self.retry(f"Protocol error in the stream of the MASTER: {problem.message.decode('latin-1')}")
            return
        log = self.engine.log_buffer
        if log is not None and log.is_behind():
            log.settle()


RETRY_MS: Final = 1000


def _number(text: bytes) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def _nothing() -> None:
    """Nobody is told."""


def _take_nothing(aux: dict[bytes, bytes], functions: list[bytes]) -> None:
    """Nobody is told."""


def _unknown() -> int:
    return -1
