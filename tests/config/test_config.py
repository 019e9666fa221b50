"""CONFIG GET and SET on a configuration, its typed readings, and those who are told of changes."""

from __future__ import annotations

import pytest

from miniredis.config.config import Config, SetFailed
from miniredis.config.directive import Directive
from miniredis.config.reader import ConfigError, read_lines
from miniredis.config.values import Flag, Integer, Refused
from miniredis.datatypes.limits import EncodingLimits


def loaded(text: bytes, sentinel: bool = False) -> Config:
    config = Config(sentinel)
    config.load(read_lines(text, "test.conf"))
    return config


def failure(config: Config, *pairs: tuple[bytes, bytes], local: bool = False) -> bytes:
    with pytest.raises(SetFailed) as failed:
        config.set_many(list(pairs), local)
    return failed.value.message


def start_error(text: bytes) -> ConfigError:
    with pytest.raises(ConfigError) as wrong:
        loaded(text)
    return wrong.value


def test_values_are_read_by_type() -> None:
    config = loaded(
        b"hz 20\nappendonly yes\nmaxmemory 1gb\nbind 127.0.0.1 -::1\nsave 60 5\nrequirepass 'a b'\n"
        b"user alice on\nuser bob off\nclient-output-buffer-limit normal 1 2 3\nmaxmemory-clients 5%\nloglevel DEBUG\n"
    )
    assert config.int("hz") == 20
    assert config.flag("appendonly") is True
    assert config.int("maxmemory") == 1 << 30
    assert config.words("bind") == [b"127.0.0.1", b"-::1"]
    assert config.save_points() == [(60, 5)]
    assert config.text("requirepass") == b"a b"
    assert config.string("loglevel") == "debug"
    assert config.lines("user") == [[b"alice", b"on"], [b"bob", b"off"]]
    assert config.output_limits()[0] == (1, 2, 3)
    assert config.bytes_of("maxmemory-clients", 1000) == 50
    assert config.bytes_of("proto-max-bulk-len", 1000) == 512 << 20
    assert config.percentiles() == [50.0, 99.0, 99.9]
    assert config.value("slave-priority") == 100
    assert config.render("save") == b"60 5"
    assert not config.is_default("hz")
    assert config.is_default("timeout")


def test_a_sentinel_has_defaults_of_its_own() -> None:
    config = loaded(b"sentinel monitor m 127.0.0.1 1 2\nsentinel auth-pass m x\n", sentinel=True)
    assert config.int("port") == 26379
    assert not config.flag("protected-mode")
    assert config.save_points() == []
    assert config.is_default("port")
    assert len(config.lines("sentinel")) == 2


# CONFIG GET


def test_get_takes_patterns() -> None:
    config = Config()
    found = dict(config.get([b"maxmemory*"]))
    assert found[b"maxmemory"] == b"0"
    assert found[b"maxmemory-policy"] == b"noeviction"
    assert len(found) == 5
    assert config.get([b"nosuch"]) == config.get([b"nosuch*"]) == []
    assert config.get([b"[l]oglevel", b"hz"]) == [(b"loglevel", b"notice"), (b"hz", b"10")]


def test_get_shows_a_name_as_it_was_asked_for_and_once() -> None:
    config = Config()
    assert config.get([b"MAXMEMORY", b"maxmemory"]) == [(b"MAXMEMORY", b"0")]
    assert config.get([b"slave-priority"]) == [(b"slave-priority", b"100")]
    assert len(config.get([b"maxmemory", b"maxmemory*", b"maxmemory*"])) == 5


def test_get_shows_aliases_beside_names() -> None:
    names = [name for name, _ in Config().get([b"*priority"])]
    assert names == [b"replica-priority", b"slave-priority"]


def test_get_hides_what_is_for_tests_and_what_only_files_have() -> None:
    config = loaded(b"user alice on\n")
    assert config.get([b"key-load*"]) == []
    assert config.get([b"key-load-delay"]) == [(b"key-load-delay", b"0")]
    assert config.get([b"user"]) == config.get([b"use[r]"]) == []
    assert len(config.get([b"*"])) > 250


# CONFIG SET


def test_set_changes_several_values() -> None:
    config = Config()
    config.set_many([(b"maxmemory", b"1mb"), (b"HZ", b"100"), (b"save", b"60 1 30 2")])
    assert (config.int("maxmemory"), config.int("hz")) == (1 << 20, 100)
    config.set_many([(b"save", b"5 5")])
    assert config.save_points() == [(5, 5)]
    config.set_many([(b"slave-priority", b"1"), (b"replica-priority", b"2")])
    assert config.int("replica-priority") == 2


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(b"nosuch", b"1")], b"Unknown option or number of arguments for CONFIG SET - 'nosuch'"),
        ([(b"user", b"a on")], b"Unknown option or number of arguments for CONFIG SET - 'user'"),
        ([(b"Timeout", b"x")], (b"timeout", b"argument couldn't be parsed into an integer")),
        ([(b"databases", b"5"), (b"nosuch", b"x")], (b"databases", b"can't set immutable config")),
        ([(b"dbfilename", b"x")], (b"dbfilename", b"can't set protected config")),
        ([(b"timeout", b"x"), (b"timeout", b"1")], (b"timeout", b"duplicate parameter")),
        ([(b"timeout", b"x"), (b"nosuch", b"1")], b"Unknown option or number of arguments for CONFIG SET - 'nosuch'"),
        ([(b"timeout", b"7"), (b"hz", b"x")], (b"hz", b"argument couldn't be parsed into an integer")),
        ([(b"slaveof", b"no one")], (b"slaveof", b"can't set immutable config")),
    ],
)
def test_set_changes_everything_or_nothing(
    pairs: list[tuple[bytes, bytes]], message: bytes | tuple[bytes, bytes]
) -> None:
    config = Config()
    if isinstance(message, tuple):
        message = b"CONFIG SET failed (possibly related to argument '%s') - %s" % message
    assert failure(config, *pairs) == message
    assert config.int("timeout") == 0


def test_protected_values_need_permission() -> None:
    assert b"protected" in failure(loaded(b"enable-protected-configs local\n"), (b"dir", b"x"))
    for text, local in ((b"enable-protected-configs yes\n", False), (b"enable-protected-configs local\n", True)):
        config = loaded(text)
        config.set_many([(b"dir", b"x")], local)
        assert config.text("dir") == b"x"


# Who listens


class Listener:
    def __init__(self, config: Config, names: list[str]) -> None:
        self.config = config
        self.names = names
        self.seen: list[list[bytes]] = []
        self.refusal = b""

    def apply(self) -> None:
        self.seen.append([self.config.render(name) for name in self.names])
        if self.refusal:
            raise Refused(self.refusal)


def test_a_listener_is_told_once_of_several_changes_and_not_of_none() -> None:
    config = Config()
    listener = Listener(config, ["hz", "timeout"])
    config.follow(["hz", "timeout"], listener.apply)
    config.set_many([(b"hz", b"20"), (b"timeout", b"5")])
    config.set_many([(b"hz", b"20")])
    assert listener.seen == [[b"10", b"0"], [b"20", b"5"]]


def test_a_file_named_again_is_read_again() -> None:
    config = Config()
    listener = Listener(config, ["tls-cert-file"])
    config.on_change("tls-cert-file", listener.apply)
    config.set_many([(b"tls-cert-file", b"")])
    assert listener.seen == [[b""]]


def test_a_refusal_rolls_everything_back() -> None:
    config = Config()
    first = Listener(config, ["hz"])
    second = Listener(config, ["port"])
    third = Listener(config, ["timeout"])
    for listener in (first, second, third):
        config.on_change(listener.names[0], listener.apply)
    second.refusal = b"Unable to listen on this port. Check server logs."
    message = failure(config, (b"hz", b"20"), (b"port", b"1"), (b"timeout", b"3"))
    assert message == b"CONFIG SET failed (possibly related to argument 'port') - " + second.refusal
    assert first.seen == [[b"20"], [b"10"]]
    assert second.seen == [[b"1"], [b"6379"]]
    assert third.seen == []
    assert config.int("timeout") == 0


def test_the_server_itself_may_change_anything() -> None:
    config = Config()
    listener = Listener(config, ["port"])
    config.on_change("port", listener.apply)
    config.assign("port", b"7777")
    config.assign("port", b"7777")
    config.assign("databases", b"4")
    config.assign("save", b"1 2")
    config.assign_lines("user", [[b"alice", b"on"]])
    assert listener.seen == [[b"7777"]]
    assert config.int("databases") == 4
    assert config.save_points() == [(1, 2)]
    assert config.lines("user") == [[b"alice", b"on"]]


def test_encoding_limits_follow_the_configuration() -> None:
    config = loaded(b"zset-max-ziplist-entries 7\n")
    limits = EncodingLimits()
    before = vars(limits).copy() if hasattr(limits, "__dict__") else {}
    limits.follow(Config())
    assert not before or vars(limits) == before
    limits.follow(config)
    assert limits.zset_max_listpack_entries == 7
    config.set_many([(b"zset-max-listpack-entries", b"9"), (b"hash-max-listpack-value", b"1kb")])
    assert (limits.zset_max_listpack_entries, limits.hash_max_listpack_value) == (9, 1024)


def test_a_module_may_have_directives() -> None:
    config = Config()
    config.add(Directive("bloom.size", Integer(1, 9), "3", "Size.", aliases=["bf.size"]))
    config.set_many([(b"bf.size", b"5")])
    assert config.int("bloom.size") == 5
    with pytest.raises(ValueError, match="there is a directive bloom.size already"):
        config.add(Directive("bloom.size", Flag(), "no", "Size."))
    config.remove("bloom.size")
    assert config.find("bloom.size") is config.find("bf.size") is None
    assert "bloom.size" not in [directive.name for directive in config.directives()]


# The start


def test_the_last_line_wins_but_where_lines_add_up() -> None:
    config = loaded(b"hz 20\nsave 60 1\nhz 30\nsave 30 2\nclient-output-buffer-limit normal 1 1 1\n")
    assert config.int("hz") == 30
    assert config.save_points() == [(60, 1), (30, 2)]
    assert config.output_limits()[1] == (268435456, 67108864, 60)
    assert loaded(b"save 60 1\nsave ''\n").save_points() == []
    assert loaded(b"save 60 1\nsave\nsave '3 4 5 6'\n").save_points() == [(3, 4), (5, 6)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"foo 1", b"Bad directive or wrong number of arguments"),
        (b"hz", b"wrong number of arguments"),
        (b"hz 1 2", b"wrong number of arguments"),
        (b"hz 1 # no comment", b"wrong number of arguments"),
        (b"include", b"Bad directive or wrong number of arguments"),
        (b"rename-command get", b"Bad directive or wrong number of arguments"),
        (b"user", b"Bad directive or wrong number of arguments"),
        (b"maxmemory 5%", b"argument must be a memory value"),
        (b"sentinel monitor a b c d", b"sentinel directive while not in sentinel mode"),
        (b"notify-keyspace-events K E", b"wrong number of arguments"),
        (b"slaveof a", b"wrong number of arguments"),
        (b"save 1", b"Invalid save parameters"),
    ],
)
def test_a_wrong_line_stops_the_start(line: bytes, reason: bytes) -> None:
    error = start_error(b"# first\nport 0\n" + line + b"\n")
    assert (error.where, error.number, error.line, error.reason) == ("test.conf", 3, line, reason)


def test_a_cluster_node_cannot_be_told_its_primary() -> None:
    error = start_error(b"cluster-enabled yes\nreplicaof 127.0.0.1 6379\n")
    assert error.reason == b"replicaof directive not allowed in cluster mode"
    assert error.number == 0
