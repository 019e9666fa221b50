"""Links, INFO, hellos, tilt: what a sentinel concludes from what it sees, and what it does not."""

from __future__ import annotations

import pytest

from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import Status
from miniredis.sentinel import quorum, watch
from miniredis.sentinel.hello import LONGEST, Hello, parse_hello
from miniredis.sentinel.information import read_information
from miniredis.sentinel.instances import Address
from miniredis.sentinel.watch import answer_code, take_hello, take_information
from sentinel.world import World, small_world

RUN_ID = b"f" * 40


def lone_sentinel(replicas: int = 0) -> World:
    return small_world(sentinels=1, replicas=replicas, quorum=1)


def primary_of(world: World, number: int = 0):
    host = world.sentinels()[number]
    return host, host.sentinel, host.sentinel.primaries["m"]


# -- INFO


def test_information_of_a_primary():
    told = read_information(
        b"# Server\r\nrun_id:" + RUN_ID + b"\r\nrole:master\r\n"
        b"slave0:ip=10.0.0.2,port=6379,state=online\r\nslave1:10.0.0.3,6380,online\r\n"
        b"slave2:ip=,port=1\r\nslave3:ip=x,port=0\r\nslave4:nonsense\r\nslaves:2\r\nnonsense\r\n"
    )
    assert told.run_id == RUN_ID
    assert told.role == "master"
    assert told.replicas == [("10.0.0.2", 6379), ("10.0.0.3", 6380)]


def test_information_of_a_replica():
    told = read_information(
        b"role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n"
        b"master_link_down_since_seconds:7\r\nslave_priority:5\r\nslave_repl_offset:99\r\nreplica_announced:0\r\n"
    )
    assert (told.role, told.primary_host, told.primary_port) == ("slave", "10.0.0.1", 6379)
    assert (told.primary_link_up, told.primary_link_down_ms) == (False, 7000)
    assert (told.priority, told.offset, told.is_announced) == (5, 99, False)


def test_nonsense_in_numbers_counts_as_nothing():
    told = read_information(b"role:queen\r\nmaster_port:x\r\nslave_repl_offset:\r\n")
    assert (told.role, told.primary_port, told.offset) == ("", 0, 0)


def test_a_restart_shows_by_another_run_id():
    world = lone_sentinel()
    host, _, primary = primary_of(world)
    primary.settings.reboot_down_after_ms = 1
    world.data()[0].run_id = RUN_ID
    world.data()[0].reply = ReplyError(b"LOADING still at it")
    world.run(12)
    assert host.heard("+reboot")
    assert primary.is_down, "it came back empty-handed and loads for longer than allowed"
    world.data()[0].reply = Status(b"PONG")
    world.run(2)
    assert not primary.is_down


def test_a_primary_that_says_it_is_a_replica_is_down_in_the_end():
    world = lone_sentinel()
    _, _, primary = primary_of(world)
    world.data()[0].primary = "10.0.0.99"
    world.run(15)
    assert not primary.is_down
    world.run(20)
    assert primary.is_down


def test_other_answers_than_text_are_passed_over():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    watch._Answers(sentinel, primary).take_information(ReplyError(b"NOAUTH"))
    assert primary.reported_role == "master"


def test_an_answer_for_something_not_watched_any_more_is_passed_over():
    world = lone_sentinel(replicas=1)
    host, sentinel, primary = primary_of(world)
    replica = next(iter(primary.replicas.values()))
    sentinel.reset(primary, world.now_ms(), keep_sentinels=True)
    watch._Answers(sentinel, replica).take_information(b"role:master\r\n")
    assert not host.heard("-role-change")


def test_an_info_that_went_missing_is_asked_for_again():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    primary.info_ms = 0
    primary.asked_info_ms = world.now_ms()
    primary.link.pending = 1
    watch.ask(sentinel, primary, world.now_ms())
    assert primary.asked_info_ms == world.now_ms()
    watch.ask(sentinel, primary, world.now_ms() + 600)
    assert primary.asked_info_ms == world.now_ms() + 600


# -- links


def test_a_server_that_hangs_is_down_after_its_time_and_up_when_it_answers():
    world = lone_sentinel()
    host, _, primary = primary_of(world)
    world.data()[0].reply = b""
    world.run(2.5)
    assert primary.is_down
    assert "s_down" in primary.flags()
    world.data()[0].reply = Status(b"PONG")
    world.run(2)
    assert not primary.is_down
    assert host.heard("-sdown")


def test_a_silent_subscription_is_opened_again():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    channel = primary.link.subscription
    sentinel.announce_host = ""
    primary.link.subscription_since_ms -= 60_000
    primary.link.heard_subscription_ms -= 60_000
    watch.drop_silent_links(sentinel, primary, world.now_ms())
    assert primary.link.subscription is None
    world.run(2)
    assert primary.link.subscription is not None
    assert primary.link.subscription is not channel


def test_links_that_break_are_made_again():
    world = lone_sentinel()
    _, _, primary = primary_of(world)
    primary.link.commands.break_off()
    primary.link.subscription.break_off()
    assert not primary.is_connected
    assert "disconnected" in primary.flags()
    world.run(2)
    assert primary.is_connected


def test_what_old_connections_tell_is_passed_over():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    commands, subscription = watch._Commands(sentinel, primary), watch._Subscription(sentinel, primary)
    commands.opened("10.0.0.77")
    commands.lost()
    subscription.heard(b"10.9.9.9,1," + RUN_ID + b",1,m,10.0.0.1,6379,0")
    subscription.lost()
    assert primary.address.ip == "10.0.0.1"
    assert primary.is_connected
    assert not host.heard("+sentinel")


def test_a_link_with_too_many_unanswered_commands_gets_no_more():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    primary.link.pending = 100
    primary.published_ms = 0
    watch.ask(sentinel, primary, world.now_ms())
    assert primary.published_ms == 0


def test_nothing_is_sent_without_a_connection():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    sentinel.disconnect(primary.link)
    assert not sentinel.send(primary, [b"PING"], lambda reply: None)
    watch.publish(sentinel, primary, world.now_ms())


def test_commands_go_by_the_names_they_have_there():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    primary.settings.renamed[b"info"] = b"secret-info"
    seen: list[list[bytes]] = []
    answer = world.data()[0].answer

    def note(argv: list[bytes], connection: int) -> object:
        seen.append(argv)
        return answer(argv, connection)

    world.data()[0].answer = note  # type: ignore[method-assign]
    primary.info_ms = 0
    world.run(1)
    assert [b"secret-info"] in seen


@pytest.mark.parametrize(
    ("reply", "code"),
    [(Status(b"PONG"), b"PONG"), (ReplyError(b"BUSY x"), b"BUSY"), (b"PONG", b"PONG"), (None, b""), (7, b"")],
)
def test_the_code_of_an_answer(reply, code):
    assert answer_code(reply) == code


# -- tilt


def test_a_stop_of_the_process_makes_it_careful_for_a_while():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    host.is_frozen = True
    world.run(5)
    world.data()[0].is_up = False
    host.is_frozen = False
    world.run(5)
    assert sentinel.in_tilt
    assert host.heard("+tilt")
    assert not primary.is_down, "in tilt nothing is concluded"
    world.run(30)
    assert not sentinel.in_tilt
    assert primary.is_down


def test_a_clock_that_goes_back_is_a_reason_for_tilt():
    world = lone_sentinel()
    _, sentinel, _ = primary_of(world)
    watch.check_tilt(sentinel, world.now_ms() - 10_000)
    assert sentinel.in_tilt


def test_in_tilt_what_replicas_say_changes_nothing():
    world = lone_sentinel(replicas=1)
    host, sentinel, primary = primary_of(world)
    replica = next(iter(primary.replicas.values()))
    sentinel.in_tilt = True
    take_information(sentinel, replica, b"role:master\r\n", world.now_ms())
    assert replica.reported_role == "master"
    assert not host.heard("+convert-to-slave")


# -- hellos


def hello(run_id: bytes = RUN_ID, host: str = "10.0.1.9", port: int = 26379, epoch: int = 0, **more: object) -> bytes:
    words = {"primary": "m", "primary_host": "10.0.0.1", "primary_port": 6379, "config_epoch": 0, **more}
    return Hello(host, port, run_id, epoch, **words).encode()  # type: ignore[arg-type]


def test_a_hello_is_read_as_it_was_written():
    read = parse_hello(hello(epoch=4, config_epoch=3))
    assert read is not None
    assert (read.host, read.port, read.run_id, read.epoch) == ("10.0.1.9", 26379, RUN_ID, 4)
    assert (read.primary, read.primary_host, read.primary_port, read.config_epoch) == ("m", "10.0.0.1", 6379, 3)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"a,b,c",
        b"h,x,id,0,m,1.1.1.1,1,0",
        b"h,0,id,0,m,1.1.1.1,1,0",
        b"h,70000,id,0,m,1.1.1.1,1,0",
        b"h,1,id,-1,m,1.1.1.1,1,0",
        b"h,1,,0,m,1.1.1.1,1,0",
        b",1,id,0,m,1.1.1.1,1,0",
        b"h,1,id,0,m,,1,0",
        b"h,1,id,0,m,1.1.1.1,1,0,",
        b"h,1,id,0," + b"m" * LONGEST + b",1.1.1.1,1,0",
    ],
)
def test_what_no_sentinel_would_say_is_passed_over(line):
    assert parse_hello(line) is None
    _, sentinel, primary = primary_of(lone_sentinel())
    assert take_hello(sentinel, line, 1) is False
    assert not primary.sentinels


def test_a_hello_about_another_primary_is_passed_over():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    assert take_hello(sentinel, hello(primary="other"), world.now_ms())
    assert not primary.sentinels


def test_a_later_epoch_is_entered_and_kept():
    world = lone_sentinel()
    host, sentinel, _ = primary_of(world)
    take_hello(sentinel, hello(epoch=9), world.now_ms())
    assert sentinel.epoch == 9
    assert [b"current-epoch", b"9"] in host.disk


def test_a_later_configuration_of_the_same_place_is_kept():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    take_hello(sentinel, hello(epoch=9, config_epoch=8), world.now_ms())
    assert primary.config_epoch == 8
    assert [b"config-epoch", b"m", b"8"] in host.disk
    assert not host.heard("+switch-master")


def test_a_sentinel_that_moved_is_followed():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    take_hello(sentinel, hello(), world.now_ms())
    primary.sentinels[RUN_ID.decode()].leader = b"x"
    take_hello(sentinel, hello(host="10.0.1.8"), world.now_ms())
    assert host.heard("+sentinel-address-switch")
    assert primary.sentinels[RUN_ID.decode()].address.ip == "10.0.1.8"
    assert primary.sentinels[RUN_ID.decode()].leader == b"x"
    assert len(primary.sentinels) == 1


def test_a_place_that_another_sentinel_took_is_no_longer_the_first_ones():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    take_hello(sentinel, hello(), world.now_ms())
    take_hello(sentinel, hello(b"e" * 40), world.now_ms())
    assert host.heard("+sentinel-invalid-addr")
    assert primary.sentinels[RUN_ID.decode()].address.port == 0
    watch.reconnect(sentinel, primary.sentinels[RUN_ID.decode()], world.now_ms())
    assert primary.sentinels[RUN_ID.decode()].link.commands is None


def test_sentinels_of_two_primaries_share_one_link():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    second = sentinel.add_primary("n", Address("10.0.0.50", 6379), 1, world.now_ms())
    take_hello(sentinel, hello(), world.now_ms())
    take_hello(sentinel, hello(primary="n", primary_host="10.0.0.50"), world.now_ms())
    first = primary.sentinels[RUN_ID.decode()]
    assert first.link is second.sentinels[RUN_ID.decode()].link
    assert len(first.link.owners) == 2
    sentinel.remove_primary("n")
    assert first.link.owners == [first]


def test_hostnames_are_told_when_asked_for():
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    primary.address = Address("db.example", 6379, "10.0.0.1")
    assert sentinel.describe(primary) == "master m 10.0.0.1 6379"
    sentinel.announces_hostnames = True
    assert sentinel.describe(primary) == "master m db.example 6379"


# -- opinions and votes


def test_a_vote_is_given_once_in_an_epoch():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    assert quorum.vote(sentinel, primary, 5, b"a" * 40, 1) == (b"a" * 40, 5)
    assert quorum.vote(sentinel, primary, 5, b"b" * 40, 1) == (b"a" * 40, 5)
    assert quorum.vote(sentinel, primary, 4, b"b" * 40, 1) == (b"a" * 40, 5)
    assert [b"leader-epoch", b"m", b"5"] in host.disk


def test_a_vote_that_cannot_be_kept_is_not_given():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    host.save_fails = True
    assert quorum.vote(sentinel, primary, 5, b"a" * 40, 1) == (b"", 0)
    assert any("could not be saved" in text for _, _, text in host.events)


def test_votes_survive_a_restart():
    world = lone_sentinel()
    host, sentinel, primary = primary_of(world)
    quorum.vote(sentinel, primary, 5, b"a" * 40, 1)
    host.restart()
    again = host.sentinel.primaries["m"]
    assert quorum.vote(host.sentinel, again, 5, b"b" * 40, 1) == (b"", 5)


def test_a_question_about_an_unknown_place_is_answered_with_no():
    _, sentinel, _ = primary_of(lone_sentinel())
    assert quorum.answer_question(sentinel, "10.0.0.99", 1, 3, b"a" * 40, 1) == [0, b"*", 0]


@pytest.mark.parametrize("reply", [None, [1, b"*"], [b"1", b"*", 0], [1, 2, 0], [1, b"*", b"0"], ReplyError(b"ERR")])
def test_answers_that_make_no_sense_are_passed_over(reply):
    world = lone_sentinel()
    _, sentinel, primary = primary_of(world)
    take_hello(sentinel, hello(), world.now_ms())
    other = primary.sentinels[RUN_ID.decode()]
    quorum._Opinion(sentinel, other, world.now_ms()).take(reply)
    assert not other.thinks_down


def test_nobody_is_elected_without_votes():
    world = small_world()
    host, sentinel, primary = primary_of(world)
    host.save_fails = True
    assert quorum.elected(sentinel, primary, 7, world.now_ms()) == b""


def test_enough_sentinels_or_not():
    world = small_world()
    world.run(2)
    _, _, primary = primary_of(world)
    assert quorum.check_quorum(primary) == (3, True, True)
    for other in world.sentinels()[1:]:
        other.is_up = False
    world.run(5)
    assert quorum.check_quorum(primary) == (1, False, False)


def test_a_sentinel_that_is_down_is_shown_as_such():
    world = small_world()
    _, _, primary = primary_of(world)
    world.sentinels()[1].is_up = False
    world.run(5)
    assert any("s_down,sentinel" in each.flags() for each in primary.sentinels.values())


def test_the_flags_of_a_failover():
    world = small_world()
    _, _, primary = primary_of(world)
    replica = next(iter(primary.replicas.values()))
    primary.failover_state, primary.promoted, primary.is_forced = "reconf_slaves", replica, True
    replica.told, replica.script_kill_sent = "reconf_sent", True
    primary.rebooted_ms = primary.agreed_down_since_ms = 1
    assert primary.flags() == "o_down,master,failover_in_progress,force_failover,master_reboot"
    assert replica.flags() == "slave,promoted,reconf_sent,script_kill_sent"
    other = next(iter(primary.sentinels.values()))
    other.thinks_down = True
    assert other.flags() == "sentinel,master_down"
