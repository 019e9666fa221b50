"""What a sentinel knows of each server: primaries, their replicas, the other sentinels, and the links to them.

Plain records without behaviour of their own in time: watch.py, quorum.py and failover.py move them.  All times are
Unix milliseconds; 0 means never.  Names in replies, events and the configuration are Redis's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

PRIMARY: Final = "master"
REPLICA: Final = "slave"
SENTINEL: Final = "sentinel"

# How far a failover of a primary has come.
NO_FAILOVER: Final = "none"
WAIT_START: Final = "wait_start"
SELECT_REPLICA: Final = "select_slave"
SEND_PROMOTION: Final = "send_slaveof_noone"
WAIT_PROMOTION: Final = "wait_promotion"
RECONFIGURE: Final = "reconf_slaves"
UPDATE_CONFIG: Final = "update_config"

# What a replica has been told in a failover.
NOT_TOLD: Final = ""
TOLD: Final = "reconf_sent"
FOLLOWING: Final = "reconf_inprog"
DONE: Final = "reconf_done"

#: Takes the value of a reply: bytes, int, None, list or `ReplyError`; never called when the link breaks first.
OnReply = Callable[[object], None]


class Channel(Protocol):
    """A connection under way or open; what is sent before it is open waits for it."""

    def send(self, argv: list[bytes], on_reply: OnReply) -> None: ...

    def local_host(self) -> str:
        """The address it leaves this machine by; empty until it is open."""
        ...

    def close(self) -> None: ...


class Address:
    """Where a server is: the name it was given by and the IP address that name has."""

    __slots__ = ("host", "ip", "port")

    def __init__(self, host: str, port: int, ip: str = "") -> None:
        self.host = host
        self.port = port
        self.ip = ip or host

    def is_same(self, other: Address) -> bool:
        return self.port == other.port and (self.ip == other.ip or self.host == other.host)

    def is_at(self, host: str, port: int) -> bool:
        return self.port == port and host in (self.host, self.ip)


class Link:
    """The two connections to a server, commands and subscription, and when each was last heard.

    Sentinels that watch several primaries with us have one link for all of them: `owners`.
    """

    def __init__(self, now_ms: int) -> None:
        self.owners: list[Instance] = []
        self.commands: Channel | None = None
        self.subscription: Channel | None = None
        self.is_open = False  # the command connection, after its connecting
        self.pending: int = 0  # commands that have not been answered
        self.commands_since_ms: int = 0
        self.subscription_since_ms: int = 0
        self.heard_subscription_ms: int = 0
        self.tried_ms: int = 0
        #: When it last answered as a server in order does.
        self.available_ms: int = now_ms
        #: When the oldest PING that is still unanswered was sent; 0 when there is none.
        self.unanswered_since_ms: int = now_ms
        self.pinged_ms: int = 0
        self.answered_ms: int = now_ms  # in any way at all

    def is_broken(self, kind: str) -> bool:
        """Whether a connection that ought to be there is not."""
        return self.commands is None or (kind != SENTINEL and self.subscription is None)


class Settings:
    """What can be set for each primary."""

    def __init__(self, quorum: int, down_after_ms: int, failover_timeout_ms: int) -> None:
        self.quorum = quorum
        self.down_after_ms = down_after_ms
        self.failover_timeout_ms = failover_timeout_ms
        self.parallel_syncs: int = 1
        self.user = b""
        self.password = b""
        self.notification_script = b""
        self.reconfiguration_script = b""
        self.renamed: dict[bytes, bytes] = {}
        #: How long a primary that came back empty-handed may be down before it is replaced; 0: no matter.
        self.reboot_down_after_ms: int = 0


class Instance:
    """One watched server.  `primary` is None for a primary itself."""

    def __init__(
        self, kind: str, name: str, address: Address, primary: Instance | None, settings: Settings, link: Link
    ) -> None:
        now_ms = link.available_ms
        self.kind = kind
        self.name = name
        self.address = address
        self.primary = primary
        self.settings = settings
        self.link = link
        link.owners.append(self)
        self.run_id = b""
        self.config_epoch: int = 0
        self.published_ms: int = now_ms
        self.hello_ms: int = now_ms
        #: Subjectively down, and a primary objectively down, since when; 0: it is not.
        self.down_since_ms: int = 0
        self.agreed_down_since_ms: int = 0
        self.script_kill_sent = False
        # What INFO told.
        self.info = b""
        self.info_ms: int = 0
        self.asked_info_ms: int = 0
        self.reported_role = kind
        self.reported_role_ms: int = now_ms
        self.rebooted_ms: int = 0
        # A sentinel: what it thinks of the primary, and whom it votes for.
        self.thinks_down = False
        self.asked_reply_ms: int = 0
        # A primary, and the vote of ours or of another sentinel.
        self.leader = b""
        self.leader_epoch: int = 0
        self.replicas: dict[str, Instance] = {}
        self.sentinels: dict[str, Instance] = {}
        self.failover_state = NO_FAILOVER
        self.failover_epoch: int = 0
        self.failover_started_ms: int = 0
        self.failover_changed_ms: int = 0
        self.failover_delay_logged: int = 0
        self.is_forced = False
        self.promoted: Instance | None = None
        # A replica.
        self.primary_host = ""
        self.primary_port: int = 0
        self.primary_link_up = False
        self.primary_link_down_ms: int = 0
        self.priority: int = 100
        self.offset: int = 0
        self.is_announced = True
        self.primary_changed_ms: int = now_ms
        self.told = NOT_TOLD
        self.told_ms: int = 0
        #: It was the primary before the last switch, and has not been seen as anything else since.
        self.was_primary = False

    @property
    def is_down(self) -> bool:
        return self.down_since_ms > 0

    @property
    def is_agreed_down(self) -> bool:
        return self.agreed_down_since_ms > 0

    @property
    def in_failover(self) -> bool:
        return self.failover_state != NO_FAILOVER

    @property
    def is_promoted(self) -> bool:
        return self.primary is not None and self.primary.promoted is self

    @property
    def is_connected(self) -> bool:
        return not self.link.is_broken(self.kind)

    def present_address(self) -> Address:
        """Where a primary is to be found: once its replacement is one, there, although a failover still runs."""
        if self.promoted is not None and self.failover_state in (RECONFIGURE, UPDATE_CONFIG):
            return self.promoted.address
        return self.address

    def flags(self) -> str:
        """As SENTINEL MASTERS and its kin show them."""
        words: list[str] = []
        if self.is_down:
            words.append("s_down")
        if self.is_agreed_down:
            words.append("o_down")
        words.append(self.kind)
        if not self.is_connected:
            words.append("disconnected")
        if self.thinks_down:
            words.append("master_down")
        if self.in_failover:
            words.append("failover_in_progress")
        if self.is_promoted:
            words.append("promoted")
        if self.told:
            words.append(self.told)
        if self.is_forced:
            words.append("force_failover")
        if self.script_kill_sent:
            words.append("script_kill_sent")
        if self.rebooted_ms:
            words.append("master_reboot")
        return ",".join(words)

    def members(self) -> list[Instance]:
        """A primary with everything that belongs to it."""
        return [self, *self.replicas.values(), *self.sentinels.values()]
