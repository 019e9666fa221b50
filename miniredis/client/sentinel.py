"""The client of a server that sentinels watch: they say where it is, and when it is another one.

Sentinels are asked before each connection; the first that answers stands first from then on.  A server that does not
have the role that is wanted (an old primary that does not know yet) is not used.  +switch-master is listened to, so a
failover is followed at once; whoever misses it finds out when the old primary hangs up.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, succeed

from miniredis.client.client import Client
from miniredis.client.connection import Connection, first_reply, request_of
from miniredis.client.errors import ConnectionFailed, RedisError
from miniredis.client.link import Dialer, Endpoints, Link, endpoint_of, fixed
from miniredis.client.settings import Address, Settings
from miniredis.client.shapes import T
from miniredis.client.subscriber import Message, Subscriber


class Sentinels:
    """Those who watch the primary `name`."""

    def __init__(
        self, reactor: Any, settings: Settings, addresses: Sequence[Address], name: str, endpoints: Endpoints
    ) -> None:
        self.name = name
        self._reactor = reactor
        self._role = settings.role
        self._settings = replace(
            settings,
            username=settings.sentinel_username,
            password=settings.sentinel_password,
            db=0,
            attempts=1,
            decode_responses=True,
            cache_size=0,
            reply_timeout=settings.connect_timeout,
        )
        self._endpoints = endpoints
        self._clients: dict[Address, Client[str]] = {}
        for address in addresses:
            self._add(address)

    def addresses(self) -> list[Address]:
        """The sentinels that are known, the one that answered last first."""
        return list(self._clients)

    def dialer(self, address: Address) -> Dialer:
        dialer = Dialer(self._reactor, self._settings, fixed(address))
        dialer.endpoint = self._endpoints
        return dialer

    def _add(self, address: Address) -> Client[str]:
        client = self._clients[address] = Client[str](self.dialer(address))
        return client

    def locate(self) -> Deferred[Address]:
        """Where the server with the wanted role is."""
        return Deferred.fromCoroutine(self._locate())

    async def _locate(self) -> Address:
        problem = ""
        for address, client in list(self._clients.items()):
            try:
                found = await (
                    self._primary(client, address) if self._role == "primary" else self._replica(client, address)
                )
            except RedisError as reason:
                problem = f"{address}: {reason}"
                continue
            if found is None:
                problem = f"{address} does not know {self.name}"
                continue
            self._clients = {address: client, **self._clients}
            return found
        raise ConnectionFailed(f"no sentinel says where {self.name} is ({problem})")

    async def _primary(self, client: Client[str], sentinel: Address) -> Address | None:
        place = await client.execute("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)
        return Address(place[0], int(place[1]), tls=sentinel.tls) if place else None

    async def _replica(self, client: Client[str], sentinel: Address) -> Address | None:
        """One that is up; the primary where there is none."""
        rows = await client.execute("SENTINEL", "REPLICAS", self.name)
        good = []
        for row in rows:
            fields = row if isinstance(row, dict) else dict(zip(row[::2], row[1::2], strict=True))
            flags = fields["flags"].split(",")
            if not {"s_down", "o_down", "disconnected"} & set(flags) and fields.get("master-link-status") == "ok":
                good.append(Address(fields["ip"], int(fields["port"]), tls=sentinel.tls))
        return random.choice(good) if good else await self._primary(client, sentinel)

    async def discover(self) -> None:
        """Learn of the sentinels that the known ones know."""
        for address, client in list(self._clients.items()):
            try:
                rows = await client.execute("SENTINEL", "SENTINELS", self.name)
            except RedisError:
                continue
            for row in rows:
                fields = row if isinstance(row, dict) else dict(zip(row[::2], row[1::2], strict=True))
                other = Address(fields["ip"], int(fields["port"]), tls=address.tls)
                if other not in self._clients:
                    self._add(other)
            return

    def check(self, connection: Connection) -> Deferred[None]:
        """That a new connection leads to a server of the wanted role."""
        return Deferred.fromCoroutine(self._check(connection))

    async def _check(self, connection: Connection) -> None:
        asked = connection.send(request_of(["ROLE"]))
        connection.flush()
        role = first_reply(await asked)
        if self._role == "primary" and not (isinstance(role, list) and role and role[0] == b"master"):
            raise ConnectionFailed(f"what should be the primary {self.name} is none")

    def listener(self) -> Subscriber[str]:
        """A subscription at whichever sentinel can be reached."""
        turn = 0

        def locate() -> Deferred[Address]:
            nonlocal turn
            turn += 1
            addresses = self.addresses()
            return succeed(addresses[turn % len(addresses)])

        dialer = Dialer(self._reactor, self._settings, locate)
        dialer.endpoint = self._endpoints
        return Subscriber[str](Link(dialer, tenacious=True), True)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


class SentinelClient(Client[T]):
    """A client whose server is where the sentinels say."""

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        addresses: Sequence[Address],
        name: str,
        endpoints: Endpoints = endpoint_of,
    ) -> None:
        self.sentinels = Sentinels(reactor, settings, addresses, name, endpoints)
        # Attempts go on while a failover may still be going on.
        attempts = max(settings.attempts, int(settings.failover_timeout) + 3)
        own = replace(settings, attempts=attempts, longest_pause=min(settings.longest_pause, 1.0))
        dialer = Dialer(reactor, own, self.sentinels.locate)
        dialer.endpoint = endpoints
        dialer.check = self.sentinels.check
        super().__init__(dialer)
        self._news = self.sentinels.listener()
        self._news.subscribe("+switch-master", listener=self._switched).addErrback(lambda failure: None)
        Deferred.fromCoroutine(self.sentinels.discover()).addErrback(lambda failure: None)

    def _switched(self, message: Message[str]) -> None:
        if message.data.split(" ")[0] == self.sentinels.name:
            self.moved(f"{self.sentinels.name} is another server now")

    def close(self) -> None:
        super().close()
        self._news.close()
        self.sentinels.close()
