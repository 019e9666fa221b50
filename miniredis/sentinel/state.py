"""The state of one sentinel, and the events that tell of its changes.

Pure: time and chance are passed in, connections are asked for through `Outside`, and what must survive a restart
is kept by `save`.  The other modules of this package move this state: watch.py (links, what servers say),
quorum.py (down or not, votes), failover.py, hello.py, commands.py.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from miniredis.sentinel.instances import (
    PRIMARY,
    REPLICA,
    SENTINEL,
    Address,
    Channel,
    Instance,
    Link,
    OnReply,
    Settings,
)
from miniredis.sentinel.scripts import ScriptQueue
from miniredis.sentinel.timing import Timing

DEFAULT_PORT = 26379


class Outside(Protocol):
    """What a sentinel needs of the world; the real one has sockets, the simulated one a network under seeds."""

    def connect(self, instance: Instance, opened: Callable[[str], None], lost: Callable[[], None]) -> Channel:
        """A command connection; `opened` gets the address that was reached, `lost` is called once, when it ends."""
        ...

    def subscribe(self, instance: Instance, heard: Callable[[bytes | None], None], lost: Callable[[], None]) -> Channel:
        """A subscription to hellos; `heard` gets each message, and None for any other sign of life."""
        ...

    def event(self, level: str, name: str, text: str) -> None:
        """Something happened: for the log (at this level) and for the subscribers of the channel `name`."""
        ...

    def save(self) -> None:
        """Keep the state on disk before going on.  Raises `OSError`."""
        ...

    def crash(self) -> None:
        """End the process at once, as SENTINEL SIMULATE-FAILURE asks."""
        ...


class Sentinel:
    """One sentinel and all it watches."""

    def __init__(self, outside: Outside, random: Random, port: int) -> None:
        self.outside = outside
        self.random = random
        self.port = port
        self.my_id = b"%040x" % random.getrandbits(160)
        self.epoch: int = 0
        self.primaries: dict[str, Instance] = {}
        self.timing = Timing()
        self.scripts = ScriptQueue(self.timing)
        self.announce_host = ""
        self.announce_port: int = 0
        self.resolves_hostnames = False
        self.announces_hostnames = False
        self.user = b""
        self.password = b""
        self.denies_script_changes = True
        #: Time has jumped, or we were stopped: for a while nothing is concluded from what we see.
        self.in_tilt = False
        self.tilt_since_ms: int = 0
        self.ticked_ms: int = 0
        self.crash_after_election = False
        self.crash_after_promotion = False

    # -- finding and making instances

    def add_primary(self, name: str, address: Address, quorum: int, now_ms: int) -> Instance:
        settings = Settings(quorum, self.timing["default-down-after"], self.timing["default-failover-timeout"])
        primary = Instance(PRIMARY, name, address, None, settings, Link(now_ms))
        self.primaries[name] = primary
        return primary

    def add_replica(self, primary: Instance, address: Address, now_ms: int) -> Instance | None:
        """None when it is known already."""
        name = address_text(address.host, address.port)
        if any(replica.address.is_same(address) for replica in primary.replicas.values()):
            return None
        replica = Instance(REPLICA, name, address, primary, primary.settings, Link(now_ms))
        primary.replicas[name] = replica
        return replica

    def add_sentinel(self, primary: Instance, run_id: bytes, address: Address, now_ms: int) -> Instance:
        """Another sentinel; its link is shared when it watches another primary with us already."""
        link = Link(now_ms)
        for other in self.primaries.values():
            known = other.sentinels.get(run_id.decode("latin-1"))
            if known is not None and other is not primary and known.address.is_same(address):
                link = known.link
        name = run_id.decode("latin-1")
        sentinel = Instance(SENTINEL, name, address, primary, primary.settings, link)
        sentinel.hello_ms = sentinel.published_ms = now_ms
        sentinel.run_id = run_id
        primary.sentinels[name] = sentinel
        return sentinel

    def find_replica(self, primary: Instance, host: str, port: int) -> Instance | None:
        for replica in primary.replicas.values():
            if replica.address.is_at(host, port):
                return replica
        return None

    def find_primary_at(self, host: str, port: int) -> Instance | None:
        for primary in self.primaries.values():
            if primary.address.is_at(host, port):
                return primary
        return None

    def release(self, instance: Instance) -> None:
        """The instance is watched no longer; a link that others share stays."""
        link = instance.link
        if instance in link.owners:
            link.owners.remove(instance)
        if not link.owners:
            self.disconnect(link)

    def disconnect(self, link: Link) -> None:
        commands, subscription = link.commands, link.subscription
        link.commands = link.subscription = None
        link.is_open = False
        link.pending = 0
        for channel in (commands, subscription):
            if channel is not None:
                channel.close()

    def remove_primary(self, name: str) -> None:
        for instance in self.primaries.pop(name).members():
            self.release(instance)

    def instances(self) -> list[Instance]:
        """Everything watched: each primary, then its replicas and sentinels."""
        return [instance for primary in list(self.primaries.values()) for instance in primary.members()]

    # -- talking

    def send(self, instance: Instance, argv: list[bytes], on_reply: OnReply) -> bool:
        """Send a command, under the name it has there; False when there is no connection."""
        link = instance.link
        channel = link.commands
        if channel is None:
            return False
        primary = instance.primary or instance
        renamed = primary.settings.renamed.get(argv[0].lower()) if instance.kind != SENTINEL else None
        if renamed is not None:
            argv = [renamed, *argv[1:]]
        link.pending += 1

        def answered(reply: object) -> None:
            if link.commands is channel:
                link.pending -= 1
                on_reply(reply)

        channel.send(argv, answered)
        return True

    def follow(self, instance: Instance, target: Address | None) -> bool:
        """Tell a server to follow `target`, or nobody, for good, and to drop its clients, all of it at once."""
        words = [b"NO", b"ONE"]
        if target is not None:
            words = [self.shown(target).encode(), b"%d" % target.port]
        commands = (
            [b"MULTI"],
            [b"SLAVEOF", *words],
            [b"CONFIG", b"REWRITE"],
            [b"CLIENT", b"KILL", b"TYPE", b"normal"],
            [b"CLIENT", b"KILL", b"TYPE", b"pubsub"],
            [b"EXEC"],
        )
        sent = [self.send(instance, argv, ignore) for argv in commands]
        return all(sent)

    # -- telling

    def shown(self, address: Address) -> str:
        """The host as we tell others of it."""
        return address.host if self.announces_hostnames else address.ip

    def describe(self, instance: Instance) -> str:
        """An instance as events name it."""
        primary = instance.primary
        own = f"{instance.kind} {instance.name} {self.shown(instance.address)} {instance.address.port}"
        if primary is None:
            return own
        return f"{own} @ {primary.name} {self.shown(primary.address)} {primary.address.port}"

    def event(self, level: str, name: str, instance: Instance | None, text: str = "") -> None:
        """Log and publish; a warning about a primary also runs its notification script."""
        if instance is not None:
            text = f"{self.describe(instance)} {text}".rstrip()
        self.outside.event(level, name, text)
        if level == "warning" and instance is not None:
            script = (instance.primary or instance).settings.notification_script
            if script:
                self.scripts.add([script, name.encode(), text.encode("utf-8", "surrogateescape")])

    def call_reconfiguration_script(self, primary: Instance, role: bytes, before: Address, after: Address) -> None:
        script = primary.settings.reconfiguration_script
        if script:
            places = [part for each in (before, after) for part in (self.shown(each).encode(), b"%d" % each.port)]
            self.scripts.add([script, primary.name.encode(), role, b"start", *places])

    def save(self) -> bool:
        """Keep the state on disk; False, with a line in the log, when that failed."""
        try:
            self.outside.save()
        except OSError as problem:
            reason = problem.strerror or str(problem)
            self.outside.event("warning", "", f"WARNING: the configuration could not be saved on disk: {reason}")
            return False
        return True

    def enter_epoch(self, epoch: int) -> None:
        """A later epoch was heard of, or begun."""
        self.epoch = epoch
        self.event("warning", "+new-epoch", None, str(epoch))

    # -- changing what is watched

    def reset(self, primary: Instance, now_ms: int, keep_sentinels: bool) -> None:
        """Forget what was found out about a primary, to find it out anew."""
        for replica in primary.replicas.values():
            self.release(replica)
        primary.replicas = {}
        if not keep_sentinels:
            for sentinel in primary.sentinels.values():
                self.release(sentinel)
            primary.sentinels = {}
        self.disconnect(primary.link)
        primary.link.owners = []
        link = Link(now_ms)
        link.owners.append(primary)
        primary.link = link
        primary.down_since_ms = primary.agreed_down_since_ms = 0
        primary.rebooted_ms = 0
        primary.script_kill_sent = False
        primary.leader = b""
        primary.failover_state = "none"
        primary.failover_changed_ms = primary.failover_started_ms = 0
        primary.is_forced = False
        primary.promoted = None
        primary.run_id = b""
        primary.info = b""
        primary.info_ms = 0
        primary.reported_role = PRIMARY
        primary.reported_role_ms = now_ms

    def move_primary(self, primary: Instance, address: Address, now_ms: int) -> None:
        """The primary is at another address from now on; where it was, a replica is expected."""
        before = primary.address
        places = [each.address for each in primary.replicas.values() if not each.address.is_same(address)]
        if not before.is_same(address):
            places.append(before)
        self.reset(primary, now_ms, keep_sentinels=True)
        primary.address = address
        for place in places:
            replica = self.add_replica(primary, place, now_ms)
            if replica is not None:
                replica.was_primary = place is before
                self.event("notice", "+slave", replica)
        self.save()


def ignore(reply: object) -> None:
    """For replies nobody needs: what came of a command is seen in INFO."""


def address_text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
