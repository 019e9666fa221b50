"""A primary fails, and the sentinels replace it: in a simulated world, on a clock that is moved by hand."""

from __future__ import annotations

import pytest

from miniredis.resp.errors import ReplyError
from miniredis.sentinel import failover
from miniredis.sentinel.instances import NO_FAILOVER, WAIT_PROMOTION
from sentinel.world import World, primary_address, small_world


def moved(world: World) -> bool:
    places = {primary_address(host) for host in world.sentinels() if host.is_up}
    return len(places) == 1 and places != {"10.0.0.1"}


def test_sentinels_find_replicas_and_each_other():
    world = small_world()
    host = world.sentinels()[0]
    primary = host.sentinel.primaries["m"]
    assert sorted(primary.replicas) == ["10.0.0.2:6379", "10.0.0.3:6379"]
    assert len(host.heard("+sentinel")) == 2
    assert len(host.heard("+slave")) == 2
    assert [b"known-replica", b"m", b"10.0.0.2", b"6379"] in host.disk


def test_a_dead_primary_is_replaced_within_four_seconds():
    world = small_world()
    world.hosts["10.0.0.1"].is_up = False
    assert world.run_until(lambda: moved(world), 4) <= 4
    assert len(world.leaders) == 1
    new = primary_address(world.sentinels()[0])
    other = "10.0.0.3" if new == "10.0.0.2" else "10.0.0.2"
    assert [server.primary for server in world.data() if server.address == new] == [""]
    assert [server.primary for server in world.data() if server.address == other] == [new]


def test_the_replica_that_has_most_is_promoted():
    world = small_world()
    world.hosts["10.0.0.3"].offset = 500  # type: ignore[attr-defined]
    world.run(11)
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: moved(world), 5)
    assert primary_address(world.sentinels()[0]) == "10.0.0.3"


def test_priority_counts_more_than_data_and_zero_means_never():
    world = small_world(replicas=3)
    world.hosts["10.0.0.2"].priority = 0  # type: ignore[attr-defined]
    world.hosts["10.0.0.3"].offset = 500  # type: ignore[attr-defined]
    world.hosts["10.0.0.4"].priority = 10  # type: ignore[attr-defined]
    world.run(11)
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: moved(world), 5)
    assert primary_address(world.sentinels()[0]) == "10.0.0.4"


def test_events_come_in_the_order_in_which_things_happen():
    world = small_world()
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: moved(world), 5)
    leader = next(host for host in world.sentinels() if host.heard("+elected-leader"))
    names = [name for _, name, _ in leader.events]
    order = [
        "+sdown",
        "+odown",
        "+new-epoch",
        "+try-failover",
        "+vote-for-leader",
        "+elected-leader",
        "+failover-state-select-slave",
        "+selected-slave",
        "+failover-state-send-slaveof-noone",
        "+failover-state-wait-promotion",
        "+promoted-slave",
        "+failover-state-reconf-slaves",
        "+slave-reconf-sent",
        "+slave-reconf-inprog",
        "+slave-reconf-done",
        "+failover-end",
        "+switch-master",
    ]
    assert [names.index(name) for name in order] == sorted(names.index(name) for name in order)
    assert leader.heard("+switch-master")[0].startswith("m 10.0.0.1 6379 10.0.0.")


def test_others_learn_of_the_new_primary_from_the_leader():
    world = small_world()
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: moved(world), 5)
    followers = [host for host in world.sentinels() if not host.heard("+elected-leader")]
    assert all(host.heard("+config-update-from") for host in followers)


def test_without_a_majority_nothing_is_replaced():
    world = small_world()
    world.hosts["10.0.1.2"].is_up = world.hosts["10.0.1.3"].is_up = False
    world.hosts["10.0.0.1"].is_up = False
    world.run(30)
    host = world.sentinels()[0]
    assert host.heard("+sdown")
    assert not host.heard("+odown")
    assert primary_address(host) == "10.0.0.1"


def test_agreement_alone_is_not_enough_to_lead():
    world = small_world(sentinels=5, quorum=1)
    for address in ("10.0.1.2", "10.0.1.3", "10.0.1.4"):
        world.hosts[address].is_up = False
    world.hosts["10.0.0.1"].is_up = False
    world.run(30)
    assert any(host.heard("-failover-abort-not-elected") for host in world.sentinels())
    assert all(primary_address(host) == "10.0.0.1" for host in world.sentinels())


def test_no_replica_to_promote_ends_the_failover():
    world = small_world(replicas=0)
    world.hosts["10.0.0.1"].is_up = False
    world.run(4)
    assert any(host.heard("-failover-abort-no-good-slave") for host in world.sentinels())
    assert all(host.sentinel.primaries["m"].failover_state == NO_FAILOVER for host in world.sentinels())


def test_a_failover_is_tried_again_only_after_twice_its_timeout():
    world = small_world(replicas=0)
    world.hosts["10.0.0.1"].is_up = False
    world.run(15)
    assert sum(len(host.heard("+try-failover")) for host in world.sentinels()) == 1
    world.run(15)
    assert sum(len(host.heard("+try-failover")) for host in world.sentinels()) >= 2


def test_the_old_primary_is_put_right_within_two_seconds_of_its_return():
    world = small_world()
    world.isolate("10.0.0.1")
    world.run_until(lambda: moved(world), 5)
    world.run(13)
    world.heal()
    old = next(server for server in world.data() if server.address == "10.0.0.1")
    assert world.run_until(lambda: old.primary != "", 2) <= 2
    assert old.primary == primary_address(world.sentinels()[0])


def test_an_old_primary_is_left_alone_by_a_minority():
    """Who hears from too few others cannot know whether its view is the present one."""
    world = small_world()
    world.isolate("10.0.0.1")
    world.run_until(lambda: moved(world), 5)
    host = world.sentinels()[0]
    for other in world.sentinels()[1:]:
        other.is_up = False
    world.run(7)
    world.heal()
    world.run(3)
    assert not host.heard("+convert-to-slave")


def test_a_replica_that_somebody_promoted_follows_again_after_a_while():
    world = small_world()
    stray = next(server for server in world.data() if server.address == "10.0.0.2")
    stray.primary = ""
    world.run(7)
    assert stray.primary == ""
    world.run(15)
    assert stray.primary == "10.0.0.1"
    assert any(host.heard("+convert-to-slave") for host in world.sentinels())


def test_a_replica_that_follows_another_is_put_right_after_the_timeout():
    world = small_world()
    world.add_data("10.0.0.9")
    stray = next(server for server in world.data() if server.address == "10.0.0.2")
    stray.primary = "10.0.0.9"
    world.run(9)
    assert stray.primary == "10.0.0.9"
    world.run(25)
    assert stray.primary == "10.0.0.1"
    assert any(host.heard("+fix-slave-config") for host in world.sentinels())


def test_replicas_are_moved_as_many_at_once_as_asked_for():
    world = small_world(replicas=5)
    for server in world.data():
        server.link_is_up = True
    world.hosts["10.0.0.1"].is_up = False

    def told() -> int:
        return sum(1 for server in world.data() if server.primary not in ("", "10.0.0.1"))

    world.run_until(lambda: any(host.heard("+promoted-slave") for host in world.sentinels()), 5)
    for server in world.data():
        server.link_is_up = False
    world.run(3)
    assert told() == 1
    for server in world.data():
        server.link_is_up = True
    world.run_until(lambda: told() == 4, 15)


def test_a_replica_that_does_not_move_holds_the_failover_up_for_its_timeout_only():
    world = small_world(replicas=3)
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: any(host.heard("+promoted-slave") for host in world.sentinels()), 5)
    for server in world.data():
        server.link_is_up = False
    world.run_until(lambda: any(host.heard("+failover-end-for-timeout") for host in world.sentinels()), 15)
    assert any(host.heard("+slave-reconf-sent-be") for host in world.sentinels())
    assert moved(world) or world.run_until(lambda: moved(world), 3)


def test_a_replica_that_does_not_do_as_told_is_given_up():
    world = small_world(replicas=3)
    for host in world.sentinels():
        host.sentinel.timing.set("slave-reconf-timeout", 2000)
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: any(host.heard("+slave-reconf-sent") for host in world.sentinels()), 6)
    leader = next(host for host in world.sentinels() if host.heard("+elected-leader"))
    primary = leader.sentinel.primaries["m"]
    told = next(each for each in primary.replicas.values() if each.told)
    told.told = "reconf_sent"
    told.told_ms -= 5000
    failover.proceed(leader.sentinel, primary, world.now_ms())
    assert leader.heard("-slave-reconf-sent-timeout")


def test_a_promotion_that_never_shows_is_given_up():
    world = small_world()
    world.hosts["10.0.0.1"].is_up = False

    def leader_waits() -> bool:
        return any(host.sentinel.primaries["m"].failover_state == WAIT_PROMOTION for host in world.sentinels())

    world.run_until(leader_waits, 5)
    for server in world.data()[1:]:
        server.is_up = False
    world.run_until(lambda: any(host.heard("-failover-abort-slave-timeout") for host in world.sentinels()), 15)


def test_a_promoted_replica_that_cannot_be_reached_is_given_up():
    world = small_world()
    host = world.sentinels()[0]
    primary = host.sentinel.primaries["m"]
    failover.start_forced(host.sentinel, primary, world.now_ms())
    failover.proceed(host.sentinel, primary, world.now_ms())
    failover.proceed(host.sentinel, primary, world.now_ms())
    assert primary.promoted is not None
    host.sentinel.disconnect(primary.promoted.link)
    failover.proceed(host.sentinel, primary, world.now_ms())
    assert primary.in_failover
    failover.proceed(host.sentinel, primary, world.now_ms() + 20_000)
    assert host.heard("-failover-abort-slave-timeout")
    assert not primary.in_failover


def test_a_forced_failover_asks_nobody():
    world = small_world()
    for other in world.sentinels()[1:]:
        other.is_up = False
    host = world.sentinels()[0]
    failover.start_forced(host.sentinel, host.sentinel.primaries["m"], world.now_ms())
    world.run_until(lambda: primary_address(host) != "10.0.0.1", 5)
    assert world.data()[0].primary == "" or world.data()[0].primary == primary_address(host)


def test_scripts_are_told_of_warnings_and_of_the_new_primary():
    world = small_world()
    for host in world.sentinels():
        settings = host.sentinel.primaries["m"].settings
        settings.notification_script = b"/notify"
        settings.reconfiguration_script = b"/reconfigure"
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: moved(world), 5)
    leader = next(host for host in world.sentinels() if host.heard("+elected-leader"))
    calls = [job.argv for job in leader.sentinel.scripts.jobs]
    assert [b"/notify", b"+sdown", b"master m 10.0.0.1 6379"] in calls
    new = primary_address(leader).encode()
    assert [b"/reconfigure", b"m", b"leader", b"start", b"10.0.0.1", b"6379", new, b"6379"] in calls
    follower = next(host for host in world.sentinels() if host is not leader)
    assert any(job.argv[2] == b"observer" for job in follower.sentinel.scripts.jobs if job.argv[0] == b"/reconfigure")


@pytest.mark.parametrize(("moment", "event"), [("election", "+elected-leader"), ("promotion", "+promoted-slave")])
def test_a_crash_can_be_asked_for(moment, event):
    world = small_world()
    for host in world.sentinels():
        setattr(host.sentinel, f"crash_after_{moment}", True)
    world.hosts["10.0.0.1"].is_up = False
    world.run_until(lambda: any(host.crashes for host in world.sentinels()), 6)
    assert [host for host in world.sentinels() if host.crashes] == [
        host for host in world.sentinels() if host.heard(event)
    ]


def test_a_script_that_keeps_a_primary_busy_is_killed():
    world = small_world()
    server = world.data()[0]
    server.reply = ReplyError(b"BUSY Redis is busy running a script.")
    killed = []
    answer = server.answer

    def note(argv: list[bytes], connection: int) -> object:
        if argv == [b"SCRIPT", b"KILL"]:
            killed.append(argv)
            server.reply = ReplyError(b"LOADING")
        return answer(argv, connection)

    server.answer = note  # type: ignore[method-assign]
    world.run(3)
    assert killed
    world.run(2)
    assert not world.sentinels()[0].sentinel.primaries["m"].is_down


def test_an_old_primary_that_is_back_before_the_others_know_is_put_right_soon_after():
    """At the switch nobody else has confirmed the new configuration; INFO is asked for again before long."""
    world = small_world()
    old = next(server for server in world.data() if server.address == "10.0.0.1")
    old.is_up = False
    world.run_until(lambda: any(host.heard("+promoted-slave") for host in world.sentinels()), 5)
    old.is_up = True
    world.run_until(lambda: moved(world), 5)
    assert world.run_until(lambda: old.primary != "", 4) <= 4
