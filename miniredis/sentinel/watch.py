"""Keeping an eye on everything: links, PING, INFO, hellos, and the tick that drives it all.

    every 100 ms, for each instance:  reconnect ─▶ ask (INFO, PING, PUBLISH) ─▶ [not in tilt] judge ─▶ act

`tick` is the only thing time does; everything else is an answer that comes in.
"""

from __future__ import annotations

from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import Status
from miniredis.sentinel import failover, quorum
from miniredis.sentinel.hello import CHANNEL, Hello, parse_hello
from miniredis.sentinel.information import Information, read_information
from miniredis.sentinel.instances import PRIMARY, REPLICA, SENTINEL, WAIT_PROMOTION, Address, Channel, Instance
from miniredis.sentinel.state import Sentinel, ignore
from miniredis.sentinel.timing import RECONNECT_SILENT_MS

#: More unanswered commands than this for each owner of a link, and nothing more is sent.
MOST_PENDING = 100
#: Hellos that are missed before a replica that calls itself a primary is put right.
PATIENCE_PERIODS = 4
#: For how many publish-periods what a sentinel said counts as its present opinion.
FRESH_PERIODS = 3
#: An INFO that has not been answered for this long is asked for once more.
INFORMATION_PATIENCE_MS = 500


def tick(sentinel: Sentinel, now_ms: int) -> None:
    """Look at everything once."""
    check_tilt(sentinel, now_ms)
    for primary in list(sentinel.primaries.values()):
        for instance in primary.members():
            watch(sentinel, instance, now_ms)
        if not sentinel.in_tilt and sentinel.primaries.get(primary.name) is primary:
            decide(sentinel, primary, now_ms)


def check_tilt(sentinel: Sentinel, now_ms: int) -> None:
    """When the clock jumped, or we were stopped for a while, what we saw meanwhile says nothing."""
    passed_ms = now_ms - sentinel.ticked_ms
    if sentinel.ticked_ms and (passed_ms < 0 or passed_ms > sentinel.timing["tilt-trigger"]):
        sentinel.in_tilt = True
        sentinel.tilt_since_ms = now_ms
        sentinel.event("warning", "+tilt", None, "#tilt mode entered")
    sentinel.ticked_ms = now_ms
    if sentinel.in_tilt and now_ms - sentinel.tilt_since_ms > sentinel.timing["tilt-period"]:
        sentinel.in_tilt = False
        sentinel.event("warning", "-tilt", None, "#tilt mode exited")


def watch(sentinel: Sentinel, instance: Instance, now_ms: int) -> None:
    """Links, questions and our own judgement of one instance."""
    drop_silent_links(sentinel, instance, now_ms)
    reconnect(sentinel, instance, now_ms)
    ask(sentinel, instance, now_ms)
    if not sentinel.in_tilt:
        quorum.check_subjectively_down(sentinel, instance, now_ms)


def decide(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    """What follows for a primary from all that is known."""
    quorum.check_objectively_down(sentinel, primary, now_ms)
    began = failover.start_if_needed(sentinel, primary, now_ms)
    if began:
        sentinel.save()
        quorum.ask_others(sentinel, primary, now_ms, True)
    failover.proceed(sentinel, primary, now_ms)
    quorum.ask_others(sentinel, primary, now_ms, False)


# -- links


def drop_silent_links(sentinel: Sentinel, instance: Instance, now_ms: int) -> None:
    """A connection that should have been heard of is given up: a new one may find the way.

    Sooner than in Redis when the instance is down: after a partition, an old connection's next retransmission can be
    many seconds away.
    """
    link = instance.link
    down_after_ms = instance.settings.down_after_ms
    patience_ms = sentinel.timing["min-link-reconnect-period"]
    if not link.is_open:
        patience_ms = RECONNECT_SILENT_MS
    elif instance.is_down:
        patience_ms = max(down_after_ms, RECONNECT_SILENT_MS)
    commands = link.commands
    if (
        commands is not None
        and now_ms - link.commands_since_ms > patience_ms
        and link.unanswered_since_ms
        and now_ms - link.unanswered_since_ms > down_after_ms // 2
        and now_ms - link.answered_ms > down_after_ms // 2
    ):
        link.commands = None
        link.is_open = False
        link.pending = 0
        commands.close()
    subscription = link.subscription
    if (
        subscription is not None
        and now_ms - link.subscription_since_ms > patience_ms
        and now_ms - link.heard_subscription_ms > sentinel.timing["publish-period"] * 3
    ):
        link.subscription = None
        subscription.close()


def reconnect(sentinel: Sentinel, instance: Instance, now_ms: int) -> None:
    link = instance.link
    if not link.is_broken(instance.kind) or instance.address.port == 0:
        return
    if link.tried_ms and 0 <= now_ms - link.tried_ms < sentinel.timing["ping-period"]:
        return
    link.tried_ms = now_ms
    if link.commands is None:
        _Commands(sentinel, instance).open(now_ms)
    if instance.kind != SENTINEL and link.subscription is None:
        _Subscription(sentinel, instance).open(now_ms)


class _Commands:
    """What the command connection of a link tells."""

    def __init__(self, sentinel: Sentinel, instance: Instance) -> None:
        self.sentinel = sentinel
        self.instance = instance
        self.link = instance.link
        self.channel: Channel | None = None

    def open(self, now_ms: int) -> None:
        link = self.link
        link.pending = 0
        link.is_open = False
        link.commands_since_ms = now_ms
        self.channel = self.sentinel.outside.connect(self.instance, self.opened, self.lost)
        link.commands = self.channel
        ping(self.sentinel, self.instance, now_ms)

    def opened(self, reached: str) -> None:
        link = self.link
        if link.commands is not self.channel:
            return
        link.is_open = True
        for owner in link.owners:
            if reached:
                owner.address.ip = reached
            owner.info_ms = 0  # it may be another by now: ask at once

    def lost(self) -> None:
        if self.link.commands is self.channel:
            self.link.commands = None
            self.link.is_open = False
            self.link.pending = 0


class _Subscription:
    """What the subscription of a link tells."""

    def __init__(self, sentinel: Sentinel, instance: Instance) -> None:
        self.sentinel = sentinel
        self.instance = instance
        self.link = instance.link
        self.channel: Channel | None = None

    def open(self, now_ms: int) -> None:
        self.link.subscription_since_ms = self.link.heard_subscription_ms = now_ms
        self.channel = self.sentinel.outside.subscribe(self.instance, self.heard, self.lost)
        self.link.subscription = self.channel

    def heard(self, message: bytes | None) -> None:
        if self.link.subscription is not self.channel:
            return
        now_ms = self.sentinel.ticked_ms
        self.link.heard_subscription_ms = now_ms
        if message is not None:
            take_hello(self.sentinel, message, now_ms)

    def lost(self) -> None:
        if self.link.subscription is self.channel:
            self.link.subscription = None


# -- questions


def ask(sentinel: Sentinel, instance: Instance, now_ms: int) -> None:
    """INFO, PING and hello, each when it is time."""
    link = instance.link
    if link.is_broken(instance.kind) or link.pending >= MOST_PENDING * len(link.owners):
        return
    timing = sentinel.timing
    primary = instance.primary
    info_period_ms = timing["info-period"]
    if (
        instance.kind == REPLICA
        and primary is not None
        and (
            primary.is_agreed_down
            or primary.in_failover
            or instance.primary_link_down_ms
            # It has to be put right as soon as the others confirm that it may be.
            or (instance.was_primary and instance.reported_role == PRIMARY)
        )
    ):
        info_period_ms = min(info_period_ms, 1000)
    ping_period_ms = min(instance.settings.down_after_ms, timing["ping-period"])
    is_due = instance.kind != SENTINEL and (not instance.info_ms or now_ms - instance.info_ms > info_period_ms)
    if is_due and not _is_waiting_for_information(instance, now_ms):
        instance.asked_info_ms = now_ms
        sentinel.send(instance, [b"INFO"], _Answers(sentinel, instance).take_information)
    if now_ms - link.answered_ms > ping_period_ms and now_ms - link.pinged_ms > ping_period_ms // 2:
        ping(sentinel, instance, now_ms)
    if now_ms - instance.published_ms > timing["publish-period"]:
        publish(sentinel, instance, now_ms)


def _is_waiting_for_information(instance: Instance, now_ms: int) -> bool:
    """INFO was asked for a moment ago: not once more at every tick."""
    return 0 <= now_ms - instance.asked_info_ms < INFORMATION_PATIENCE_MS and instance.link.pending > 0


def ping(sentinel: Sentinel, instance: Instance, now_ms: int) -> None:
    link = instance.link
    if sentinel.send(instance, [b"PING"], _Answers(sentinel, instance).take_pong):
        link.pinged_ms = now_ms
        if not link.unanswered_since_ms:
            link.unanswered_since_ms = now_ms


def publish(sentinel: Sentinel, instance: Instance, now_ms: int) -> None:
    """Say who we are and where we take the primary to be."""
    primary = instance.primary or instance
    channel = instance.link.commands
    host = sentinel.announce_host or (channel.local_host() if channel is not None else "")
    if not host:
        return
    address = primary.present_address()
    hello = Hello(
        host,
        sentinel.announce_port or sentinel.port,
        sentinel.my_id,
        sentinel.epoch,
        primary.name,
        sentinel.shown(address),
        address.port,
        primary.config_epoch,
    )
    if sentinel.send(instance, [b"PUBLISH", CHANNEL, hello.encode()], ignore):
        instance.published_ms = now_ms


class _Answers:
    """Takes the answers of one instance."""

    def __init__(self, sentinel: Sentinel, instance: Instance) -> None:
        self.sentinel = sentinel
        self.instance = instance

    def take_pong(self, reply: object) -> None:
        instance, link = self.instance, self.instance.link
        now_ms = self.sentinel.ticked_ms
        link.answered_ms = now_ms
        code = answer_code(reply)
        if code in (b"PONG", b"LOADING", b"MASTERDOWN"):
            link.available_ms = now_ms
            link.unanswered_since_ms = 0
            if code == b"PONG":
                instance.rebooted_ms = 0
        elif code == b"BUSY" and instance.is_down and not instance.script_kill_sent:
            # A script runs for ever: end it, if it has written nothing.
            instance.script_kill_sent = self.sentinel.send(instance, [b"SCRIPT", b"KILL"], ignore)

    def take_information(self, reply: object) -> None:
        if isinstance(reply, bytes) and _is_watched(self.sentinel, self.instance):
            take_information(self.sentinel, self.instance, reply, self.sentinel.ticked_ms)


def answer_code(reply: object) -> bytes:
    """The first word of a status or an error."""
    if isinstance(reply, Status):
        return reply.text.split(b" ", 1)[0]
    if isinstance(reply, ReplyError):
        return reply.code()
    return reply if isinstance(reply, bytes) else b""


def _is_watched(sentinel: Sentinel, instance: Instance) -> bool:
    primary = instance.primary or instance
    return sentinel.primaries.get(primary.name) is primary and any(each is instance for each in primary.members())


# -- what INFO says


def take_information(sentinel: Sentinel, instance: Instance, text: bytes, now_ms: int) -> None:
    """Bring what we know of a primary or replica up to date, and act on what is not as it should be."""
    told = read_information(text)
    instance.info = text
    if told.run_id and told.run_id != instance.run_id:
        if instance.run_id:
            if instance.kind == PRIMARY and instance.settings.reboot_down_after_ms:
                instance.rebooted_ms = now_ms
            sentinel.event("notice", "+reboot", instance)
        instance.run_id = told.run_id
    if instance.kind == PRIMARY:
        for host, port in told.replicas:
            replica = sentinel.add_replica(instance, Address(host, port), now_ms)
            if replica is not None:
                sentinel.event("notice", "+slave", replica)
                sentinel.save()
    if told.role == REPLICA:
        _take_replication(instance, told, now_ms)
    instance.info_ms = now_ms
    if told.role and told.role != instance.reported_role:
        instance.reported_role = told.role
        instance.reported_role_ms = now_ms
        if told.role == REPLICA:
            instance.primary_changed_ms = now_ms
        sign = "+" if told.role == instance.kind else "-"
        level = "verbose" if instance.is_promoted else "notice"
        sentinel.event(level, f"{sign}role-change", instance, f"new reported role is {told.role}")
    if sentinel.in_tilt or instance.kind != REPLICA:
        return
    primary = instance.primary
    assert primary is not None
    if told.role == PRIMARY:
        _replica_is_primary(sentinel, primary, instance, now_ms)
    elif told.role == REPLICA:
        instance.was_primary = False
        if not primary.address.is_at(instance.primary_host, instance.primary_port):
            _replica_follows_another(sentinel, primary, instance, now_ms)
        failover.replica_reports(sentinel, primary, instance)


def _take_replication(instance: Instance, told: Information, now_ms: int) -> None:
    if (told.primary_host, told.primary_port) != (instance.primary_host, instance.primary_port):
        instance.primary_host = told.primary_host
        instance.primary_port = told.primary_port
        instance.primary_changed_ms = now_ms
    instance.primary_link_up = told.primary_link_up
    instance.primary_link_down_ms = 0 if told.primary_link_up else told.primary_link_down_ms
    instance.priority = told.priority
    instance.offset = told.offset
    instance.is_announced = told.is_announced


def _replica_is_primary(sentinel: Sentinel, primary: Instance, replica: Instance, now_ms: int) -> None:
    """A replica says it is a primary: the one we promoted, an old primary that came back, or somebody's mistake."""
    if replica.is_promoted and primary.failover_state == WAIT_PROMOTION:
        failover.promoted_reports(sentinel, primary, replica, now_ms)
        return
    if replica.is_promoted or not looks_sane(sentinel, primary, now_ms):
        return
    # Another sentinel may have promoted it, and we will hear of that by hello: usually we wait for some of them.
    # Not for a primary that lost its place, once most sentinels say that it did: every write it takes is lost.
    patience_ms = sentinel.timing["publish-period"] * PATIENCE_PERIODS
    settled = was_up_for(replica, patience_ms, now_ms) and now_ms - replica.reported_role_ms > patience_ms
    is_wrong = settled or (replica.was_primary and is_agreed_configuration(sentinel, primary, now_ms))
    if is_wrong and sentinel.follow(replica, primary.address):
        replica.info_ms = 0
        sentinel.event("notice", "+convert-to-slave", replica)


def _replica_follows_another(sentinel: Sentinel, primary: Instance, replica: Instance, now_ms: int) -> None:
    if replica.told:  # in a failover it is on its way to the promoted one
        return
    patience_ms = primary.settings.failover_timeout_ms
    if (
        looks_sane(sentinel, primary, now_ms)
        and was_up_for(replica, patience_ms, now_ms)
        and now_ms - replica.primary_changed_ms > patience_ms
        and sentinel.follow(replica, primary.address)
    ):
        sentinel.event("notice", "+fix-slave-config", replica)


def looks_sane(sentinel: Sentinel, primary: Instance, now_ms: int) -> bool:
    return (
        primary.reported_role == PRIMARY
        and not primary.is_down
        and not primary.is_agreed_down
        and now_ms - primary.info_ms < sentinel.timing["info-period"] * 2
    )


def was_up_for(instance: Instance, duration_ms: int, now_ms: int) -> bool:
    since_ms = max(instance.down_since_ms, instance.agreed_down_since_ms)
    return since_ms == 0 or now_ms - since_ms > duration_ms


def is_agreed_configuration(sentinel: Sentinel, primary: Instance, now_ms: int) -> bool:
    """Whether more than half of the sentinels, ourselves among them, lately named this very configuration."""
    fresh_ms = sentinel.timing["publish-period"] * FRESH_PERIODS
    agreeing = 1 + sum(
        1
        for other in primary.sentinels.values()
        if other.config_epoch == primary.config_epoch and now_ms - other.hello_ms < fresh_ms
    )
    return agreeing > (len(primary.sentinels) + 1) // 2


# -- hellos


def take_hello(sentinel: Sentinel, line: bytes, now_ms: int) -> bool:
    """A hello that came by a subscription or by PUBLISH; False for what is none."""
    hello = parse_hello(line)
    if hello is None:
        return False
    primary = sentinel.primaries.get(hello.primary)
    if primary is None or hello.run_id == sentinel.my_id:
        return True
    other = _meet(sentinel, primary, hello, now_ms)
    if hello.epoch > sentinel.epoch:
        sentinel.enter_epoch(hello.epoch)
        sentinel.save()
    if hello.config_epoch > primary.config_epoch:
        _take_configuration(sentinel, primary, other, hello, now_ms)
    other.hello_ms = now_ms
    if primary.address.is_at(hello.primary_host, hello.primary_port):
        other.config_epoch = hello.config_epoch
    return True


def _take_configuration(sentinel: Sentinel, primary: Instance, other: Instance, hello: Hello, now_ms: int) -> None:
    """A later failover than any we knew has come to its end, and `other` says where the primary is since then.

    A failover that runs here is older, or that one would not have been won: it is given up.  Otherwise two servers
    would be named under one config epoch, and nothing would ever decide between them.
    """
    told = Address(hello.primary_host, hello.primary_port)
    present = primary.present_address()
    primary.config_epoch = hello.config_epoch
    is_overtaken = primary.in_failover and hello.config_epoch >= primary.failover_epoch
    if present.is_at(hello.primary_host, hello.primary_port):
        if is_overtaken and present is primary.address:
            sentinel.event("warning", "-failover-abort-overtaken", primary)
            failover.abort(primary, now_ms)
        sentinel.save()
        return
    if is_overtaken:
        sentinel.event("warning", "-failover-abort-overtaken", primary)
    sentinel.event("warning", "+config-update-from", other)
    if not primary.address.is_at(hello.primary_host, hello.primary_port):
        failover.announce_switch(sentinel, primary, told)
    sentinel.move_primary(primary, told, now_ms)
    displaced = sentinel.find_replica(primary, present.host, present.port)
    if displaced is not None:
        displaced.was_primary = True
    sentinel.call_reconfiguration_script(primary, b"observer", present, told)


def _meet(sentinel: Sentinel, primary: Instance, hello: Hello, now_ms: int) -> Instance:
    """The sentinel that speaks, made known if it is new or has moved."""
    name = hello.run_id.decode("latin-1")
    known = primary.sentinels.get(name)
    address = Address(hello.host, hello.port)
    if known is not None and known.address.is_same(address):
        return known
    if known is not None:
        sentinel.event("notice", "+sentinel-address-switch", primary, f"ip {hello.host} port {hello.port} for {name}")
        sentinel.release(known)
        del primary.sentinels[name]
    else:
        for other in primary.sentinels.values():
            if other.address.is_same(address):
                # Its place was taken by somebody new: until we hear from it, it has none.
                sentinel.event("notice", "+sentinel-invalid-addr", other)
                _lose_address(sentinel, other.run_id)
    fresh = sentinel.add_sentinel(primary, hello.run_id, address, now_ms)
    if known is None:
        sentinel.event("notice", "+sentinel", fresh)
    else:
        fresh.leader, fresh.leader_epoch = known.leader, known.leader_epoch
    sentinel.save()
    return fresh


def _lose_address(sentinel: Sentinel, run_id: bytes) -> None:
    for primary in sentinel.primaries.values():
        other = primary.sentinels.get(run_id.decode("latin-1"))
        if other is not None:
            other.address = Address(other.address.host, 0)
            sentinel.disconnect(other.link)
