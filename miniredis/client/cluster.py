"""The client of a cluster: each command goes to the node that serves its keys.

The map of slots is read when it is first needed, and again when a node says that it is out of date or does not answer.
What was refused (MOVED, ASK, TRYAGAIN, CLUSTERDOWN) or never sent is tried again until `failover_timeout` is over; what
was under way when a connection broke is lost, as with one server.  MGET, MSET, DEL, UNLINK, EXISTS and TOUCH may have
keys of several slots: then they are several commands and not atomic.  Commands about the whole (DBSIZE, FLUSHALL, KEYS)
go to all shards, as the declarations say, and their replies become one.

With `read_from` set to "replica", "any" or "nearest", commands that only read go to nodes that may be behind their
primary, on connections that have said READONLY.  A node that cannot answer is left alone for a while, and the primary
is asked.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Final, Self

from twisted.internet.defer import Deferred, DeferredList, fail
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from miniredis.client.batch import Batch, Transaction, Watching, WatchingTransaction
from miniredis.client.client import Client
from miniredis.client.errors import (
    Ask,
    ClientClosed,
    ClusterDown,
    ConnectionFailed,
    ConnectionLost,
    CrossSlot,
    Loading,
    Moved,
    PrimaryDown,
    RedisError,
    TryAgain,
    UsageError,
)
from miniredis.client.facts import Facts, facts_of
from miniredis.client.link import Dialer, Endpoints, Link, Pool, endpoint_of, fixed, pause_before
from miniredis.client.methods_all_nodes import AllNodesMethods
from miniredis.client.reading import Reading
from miniredis.client.settings import Address, Settings
from miniredis.client.shapes import T
from miniredis.client.slots import SlotMap, key_slot, slot_map
from miniredis.client.subscriber import Subscriber
from miniredis.client.values import Value, to_bytes, words_of

#: Words per key of the commands that may be divided, and whether their replies are added up.
DIVISIBLE: Final = {
    b"MGET": (1, "order"),
    b"MSET": (2, "first"),
    b"DEL": (1, "sum"),
    b"UNLINK": (1, "sum"),
    b"EXISTS": (1, "sum"),
    b"TOUCH": (1, "sum"),
}
MOST_REDIRECTIONS: Final = 16


async def all_of(deferreds: Sequence[Deferred[Any]]) -> list[Any]:
    """The results in order, Failures among them."""
    return [result for _, result in await DeferredList(deferreds, consumeErrors=True)]


def whole(results: list[Any]) -> list[Any]:
    for result in results:
        if isinstance(result, Failure):
            result.raiseException()
    return results


def combine(policy: str, results: dict[Address, Any]) -> Any:
    """One reply from those of several nodes."""
    values = list(results.values())
    if policy == "one_succeeded":
        good = [value for value in values if not isinstance(value, Failure)]
        return good[0] if good else whole(values)
    whole(values)
    if policy == "agg_sum":
        return sum(values)
    least = {"agg_min": min, "agg_max": max, "agg_logical_and": min}.get(policy)
    if least is not None:
        # WAITAOF and SCRIPT EXISTS: one number for each thing that was asked about.
        lists = isinstance(values[0], list)
        return [least(each) for each in zip(*values, strict=True)] if lists else least(values)
    if policy == "all_succeeded":
        return values[0]
    if policy == "" and all(isinstance(value, list) for value in values):
        return [item for value in values for item in value]
    return {str(address): value for address, value in results.items()}


class ClusterPipeline(Batch[T], AllNodesMethods[T]):
    """As Pipeline, for any nodes."""


class Cluster(Watching[T], AllNodesMethods[T]):
    """Commands to a cluster that is found by some of its nodes."""

    def __init__(
        self, reactor: Any, settings: Settings, seeds: Sequence[Address], endpoints: Endpoints = endpoint_of
    ) -> None:
        self.settings = settings
        self._reactor = reactor
        self._seeds = list(seeds)
        self._endpoints = endpoints
        # A node that cannot be reached is no reason to wait: another one may serve the slot by now.
        self._node_settings = replace(settings, attempts=1)
        self._clients: dict[Address, Client[T]] = {}
        #: Of replicas, with READONLY said on each connection.
        self._readers: dict[Address, Client[T]] = {}
        self._reading = Reading(settings.read_from)
        self._subscribers: list[Subscriber[T]] = []
        self._map = SlotMap()
        self._refreshing: Deferred[None] | None = None
        self._waiting_for_map: list[Deferred[None]] = []
        self._closed = False

    # Nodes and the map of slots.

    def client_of(self, address: Address) -> Client[T]:
        """The client of one node."""
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = Client(self._dialer(address))
        return client

    def reader_of(self, address: Address) -> Client[T]:
        """The client of one replica, for commands that only read."""
        client = self._readers.get(address)
        if client is None:
            client = self._readers[address] = Client(self._dialer(address).with_prepared([[b"READONLY"]]))
        return client

    def _dialer(self, address: Address) -> Dialer:
        dialer = Dialer(self._reactor, self._node_settings, fixed(address))
        dialer.endpoint = self._endpoints
        return dialer

    def refresh(self) -> Deferred[None]:
        """Read the map of slots anew; one reading serves all who ask meanwhile."""
        waiting: Deferred[None] = Deferred()
        self._waiting_for_map.append(waiting)
        if self._refreshing is None:
            self._refreshing = Deferred.fromCoroutine(self._refresh())
            self._refreshing.addBoth(self._refreshed)
        return waiting

    def _refreshed(self, result: Any) -> None:
        self._refreshing = None
        waiting, self._waiting_for_map = self._waiting_for_map, []
        for each in waiting:
            if each.called:
                continue
            if isinstance(result, Failure):
                each.errback(result)
            else:
                each.callback(None)

    def _refresh_in_background(self) -> None:
        self.refresh().addErrback(lambda failure: None)  # whoever needs the map asks again

    async def _refresh(self) -> None:
        known = list(self._map.nodes)
        random.shuffle(known)
        problem: RedisError = ConnectionFailed("the cluster has no nodes")
        for address in [*known, *(seed for seed in self._seeds if seed not in known)]:
            if self._closed:
                raise ClientClosed("the client is closed")
            try:
                self._map = slot_map(await self._ask_for_map(address), address)
            except RedisError as reason:
                problem = reason
                continue
            nodes = self._map.nodes | set(self._seeds)
            for gone in [each for each in self._clients if each not in nodes]:
                self._clients.pop(gone).close()
            for gone in [each for each in self._readers if each not in self._map.nodes - self._map.shards]:
                self._readers.pop(gone).close()
            self._reading.keep(self._map.nodes)
            return
        raise problem

    def _ask_for_map(self, address: Address) -> Deferred[Any]:
        def silent(result: Any, seconds: float) -> Any:
            raise ConnectionFailed(f"{address} does not answer within {seconds} s")

        asked = self.client_of(address).execute("CLUSTER", "SLOTS")
        return asked.addTimeout(self.settings.connect_timeout, self._reactor, silent)

    async def _primary(self, slot: int | None) -> Address:
        if not self._map.shards:
            await self.refresh()
        if slot is None:
            shards = list(self._map.shards)
            if not shards:
                raise ClusterDown("CLUSTERDOWN no node serves any slot")
            return random.choice(shards)
        owner = self._map.primaries[slot]
        if owner is None:
            await self.refresh()
            owner = self._map.primaries[slot]
        if owner is None:
            raise ClusterDown(f"CLUSTERDOWN nobody serves slot {slot}")
        return owner

    # Commands.

    def execute(self, *words: Value, retry: bool = False) -> Deferred[Any]:
        """Any command; see Client.execute."""
        try:
            plain = words_of(words)
            facts = facts_of(plain)
            if facts.own_form:
                raise UsageError(f"{plain[0].decode(errors='replace')} would change a connection that all share")
            if plain[0].upper() == b"SCAN":
                raise UsageError("a cursor belongs to one node: scan_iter goes through all")
        except UsageError as problem:
            return fail(problem)
        return Deferred.fromCoroutine(self._execute(plain, facts, retry or (facts.reads and self.settings.retry_reads)))

    async def _execute(self, words: list[bytes], facts: Facts, retry: bool) -> Any:
        positions = facts.key_positions(words)
        if not positions and facts.request_policy in ("all_shards", "all_nodes"):
            return await self._everywhere(words, facts)
        slots = {key_slot(words[at]) for at in positions}
        if len(slots) <= 1:
            return await self._at_slot(words, slots.pop() if slots else None, retry)
        name = words[0].upper()
        if name not in DIVISIBLE:
            raise CrossSlot("CROSSSLOT the keys belong to different slots")
        return await self._divided(name, words, retry)

    async def _divided(self, name: bytes, words: list[bytes], retry: bool) -> Any:
        width, way = DIVISIBLE[name]
        if (len(words) - 1) % width:
            raise UsageError(f"wrong number of arguments for {name.decode()}")
        places: dict[int, list[int]] = {}
        for at in range(1, len(words), width):
            places.setdefault(key_slot(words[at]), []).append(at)
        calls = [
            Deferred.fromCoroutine(
                self._at_slot([name, *(word for at in several for word in words[at : at + width])], slot, retry)
            )
            for slot, several in places.items()
        ]
        results = whole(await all_of(calls))
        if way == "sum":
            return sum(results)
        if way == "first":
            return results[0]
        ordered: list[Any] = [None] * (len(words) - 1)
        for several, result in zip(places.values(), results, strict=True):
            for at, item in zip(several, result, strict=True):
                ordered[at - 1] = item
        return ordered

    async def _everywhere(self, words: list[bytes], facts: Facts) -> Any:
        if not self._map.shards:
            await self.refresh()
        if not self._map.shards:
            raise ClusterDown("CLUSTERDOWN no node serves any slot")
        nodes = sorted(self._map.shards if facts.request_policy == "all_shards" else self._map.nodes, key=str)
        results = await all_of([self.client_of(node).run(words) for node in nodes])
        return combine(facts.response_policy, dict(zip(nodes, results, strict=True)))

    async def _at_slot(self, words: list[bytes], slot: int | None, retry: bool) -> Any:
        if slot is not None and self.settings.read_from != "primary":
            facts = facts_of(words)
            if facts.reads and not facts.blocks:
                return await self._read(words, slot, retry)
        return await self._where_it_belongs(
            slot, retry, lambda client, asking: client.run(words, asking=asking, retry=False)
        )

    async def _read(self, words: list[bytes], slot: int, retry: bool) -> Any:
        """By the node that `read_from` says, and by the primary where that one cannot."""
        primary = await self._primary(slot)
        began = self._reactor.seconds()
        reader = self._reading.choose(primary, self._map.replicas[slot], began)
        if reader != primary:
            try:
                reply = await self.reader_of(reader).run(words)
            except (ConnectionFailed, ConnectionLost, ClusterDown, Loading, Moved, Ask, TryAgain, PrimaryDown):
                # A read does no harm twice, so what was lost is asked of the primary as well.
                self._reading.failed(reader, self._reactor.seconds())
                self._refresh_in_background()
            else:
                self._reading.answered(reader, self._reactor.seconds() - began)
                return reply
        began = self._reactor.seconds()
        reply = await self._where_it_belongs(slot, retry, lambda client, asking: client.run(words, asking=asking))
        self._reading.answered(primary, self._reactor.seconds() - began)
        return reply

    async def _where_it_belongs(self, slot: int | None, retry: bool, send: Any) -> Any:
        """Send by `send(client, asking)`, following redirections and waiting out failovers."""
        give_up_at = self._reactor.seconds() + self.settings.failover_timeout
        asked: Address | None = None
        redirections = attempt = 0
        while True:
            if self._closed:
                raise ClientClosed("the client is closed")
            address: Address | None = asked
            try:
                if address is None:
                    address = await self._primary(slot)
                return await send(self.client_of(address), asked is not None)
            except (Moved, Ask) as problem:
                redirections += 1
                if redirections > MOST_REDIRECTIONS:
                    raise
                assert address is not None
                target = Address(problem.host or address.host, problem.port, tls=address.tls)
                if isinstance(problem, Ask):
                    asked = target
                    continue
                asked = None
                self._map.assign(problem.slot, problem.slot, target)
                self._refresh_in_background()
                continue
            except (TryAgain, ClusterDown, Loading, ConnectionFailed) as problem:
                if isinstance(problem, ClientClosed) and self._closed or self._reactor.seconds() >= give_up_at:
                    raise
                refreshes = not isinstance(problem, TryAgain)
                asked = None if refreshes else asked
            except ConnectionLost:
                if not retry or self._reactor.seconds() >= give_up_at:
                    self._refresh_in_background()
                    raise
                refreshes = True
                asked = None
            attempt += 1
            await deferLater(self._reactor, pause_before(attempt, self.settings), lambda: None)
            if refreshes:
                self._refresh_in_background()

    # Several commands as one.

    def pipeline(self) -> ClusterPipeline[T]:
        """Commands for any nodes; those for one node leave in one write."""
        return ClusterPipeline(self)

    def transaction(self) -> Transaction[T]:
        """MULTI and EXEC; all keys belong to one slot."""
        return Transaction(self)

    def send_batch(self, commands: list[list[bytes]], transaction: bool) -> Deferred[list[Any]]:
        """For Batch."""
        return Deferred.fromCoroutine(self._transaction(commands) if transaction else self._pipeline(commands))

    async def _pipeline(self, commands: list[list[bytes]]) -> list[Any]:
        results = await all_of([self.execute(*words) for words in commands])
        return [result.value if isinstance(result, Failure) else result for result in results]

    async def _transaction(self, commands: list[list[bytes]]) -> list[Any]:
        slots = {key_slot(words[at]) for words in commands for at in facts_of(words).key_positions(words)}
        if len(slots) > 1:
            raise CrossSlot("CROSSSLOT the keys of a transaction belong to different slots")

        async def send(client: Client[T], asking: bool) -> Any:
            try:
                return await client.send_batch(commands, True)
            except RedisError as problem:
                # A command that was redirected has kept all others from being done.
                if isinstance(problem.__cause__, Moved | TryAgain | ClusterDown):
                    raise problem.__cause__ from None
                raise

        found: list[Any] = await self._where_it_belongs(slots.pop() if slots else None, False, send)
        return found

    def watch(self, *keys: Value) -> WatchingTransaction[T]:
        """As Client.watch; all keys belong to one slot."""
        slots = {key_slot(to_bytes(key)) for key in keys}
        if len(slots) != 1:
            raise CrossSlot("CROSSSLOT a transaction watches keys of one slot")
        slot = slots.pop()

        async def find_pool() -> Pool:
            return self.client_of(await self._primary(slot)).pool

        return WatchingTransaction(lambda: Deferred.fromCoroutine(find_pool()), self.settings.decode_responses, keys)

    # What goes through everything.

    async def scan_iter(
        self, match: Value | None = None, *, count: int | None = None, type: Value | None = None
    ) -> AsyncIterator[T]:
        """The keys of all shards, one after the other."""
        await self.refresh()
        for node in sorted(self._map.shards, key=str):
            async for key in self.client_of(node).scan_iter(match, count=count, type=type):
                yield key

    # Messages.

    def subscriber(self, most_queued: int = 1000) -> Subscriber[T]:
        """For channels and patterns, which every node hears."""
        return self._subscriber(None, most_queued)

    def shard_subscriber(self, channel: Value, most_queued: int = 1000) -> Subscriber[T]:
        """For the shard channels that belong to the slot of `channel`; it goes where the slot goes."""
        return self._subscriber(key_slot(to_bytes(channel)), most_queued)

    def _subscriber(self, slot: int | None, most_queued: int) -> Subscriber[T]:
        async def locate() -> Address:
            await self.refresh()
            return await self._primary(slot)

        dialer = Dialer(self._reactor, self.settings, lambda: Deferred.fromCoroutine(locate()))
        dialer.endpoint = self._endpoints
        subscriber: Subscriber[T] = Subscriber(
            Link(dialer, tenacious=True), self.settings.decode_responses, most_queued
        )
        self._subscribers.append(subscriber)
        return subscriber

    def close(self) -> None:
        self._closed = True
        for client in [*self._clients.values(), *self._readers.values()]:
            client.close()
        for subscriber in self._subscribers:
            subscriber.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *problem: object) -> None:
        self.close()
