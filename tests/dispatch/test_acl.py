"""Users and what they may do, without a socket: the check, live effect, secrets, limits, the file's text."""

from __future__ import annotations

import pytest

from miniredis.config.config import Config
from miniredis.config.reader import ConfigError
from miniredis.dispatch.acl import AclError
from miniredis.dispatch.acl_users import User
from miniredis.dispatch.gates import GATE_ACL
from miniredis.testing.memory import MemoryClient, MemoryServer

NO_COMMAND = b"-NOPERM this user has no permissions to run the '%b' command\r\n"
NO_KEY = b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"
NO_CHANNEL = b"-NOPERM this user has no permissions to access one of the channels used as arguments\r\n"


def set_user(server: MemoryServer, *rules: bytes, name: bytes = b"u") -> None:
    assert server.connect().call(b"ACL", b"SETUSER", name, *rules) == b"+OK\r\n"


def client_as(server: MemoryServer, name: bytes = b"u") -> MemoryClient:
    client = server.connect()
    assert client.call(b"AUTH", name, b"secret") == b"+OK\r\n"
    return client


def restricted(*rules: bytes) -> tuple[MemoryServer, MemoryClient]:
    server = MemoryServer()
    set_user(server, b"on", b">secret", *rules)
    return server, client_as(server)


def with_lines(*lines: bytes) -> Config:
    config = Config()
    config.assign_lines("user", [line.split() for line in lines])
    return config


# -- the check


def test_commands_keys_and_channels_are_checked() -> None:
    _, client = restricted(b"+@read", b"+set", b"+publish", b"+subscribe", b"+psubscribe", b"%R~r:*", b"~a", b"&c*")
    assert client.call(b"DEL", b"a") == NO_COMMAND % b"del"
    assert client.call(b"GET", b"r:1") == b"$-1\r\n"
    assert client.call(b"GET", b"x") == NO_KEY
    assert client.call(b"SET", b"r:1", b"v") == NO_KEY
    assert client.call(b"SET", b"a", b"v") == b"+OK\r\n"
    assert client.call(b"MGET", b"a", b"r:1") == b"*2\r\n$1\r\nv\r\n$-1\r\n"
    assert client.call(b"MGET", b"a", b"x") == NO_KEY
    assert client.call(b"PUBLISH", b"c1", b"x") == b":0\r\n"
    assert client.call(b"PUBLISH", b"d", b"x") == NO_CHANNEL
    assert client.call(b"PSUBSCRIBE", b"c1") == NO_CHANNEL
    assert client.call(b"PSUBSCRIBE", b"c*").startswith(b"*3\r\n")


def test_options_decide_what_is_done_with_a_key() -> None:
    _, client = restricted(b"+set", b"+bitfield", b"%W~w", b"%R~r")
    assert client.call(b"SET", b"w", b"v") == b"+OK\r\n"
    assert client.call(b"SET", b"w", b"v", b"GET") == NO_KEY
    assert client.call(b"BITFIELD", b"r", b"GET", b"u8", b"0") == b"*1\r\n:0\r\n"
    assert client.call(b"BITFIELD", b"r", b"GET", b"u8", b"0", b"INCRBY", b"u8", b"0", b"1") == NO_KEY


def test_sort_does_not_read_other_keys_for_who_may_not() -> None:
    server, client = restricted(b"+sort", b"%R~l")
    assert client.call(b"SORT", b"l", b"BY", b"w_*").startswith(b"-ERR BY option of SORT denied due to insufficient")
    assert client.call(b"SORT", b"l", b"GET", b"#").startswith(b"-ERR GET option of SORT denied due to insufficient")
    assert client.call(b"SORT", b"l", b"BY", b"nosort") == b"*0\r\n"
    set_user(server, b"%R~*")
    assert client.call(b"SORT", b"l", b"BY", b"w_*") == b"*0\r\n"
    set_user(server, b"allkeys", b"+@all", b"&*")
    assert client.call(b"SORT", b"l", b"BY", b"w_*") == b"*0\r\n"


def test_the_nearest_selector_gives_the_reason() -> None:
    _, client = restricted(b"+get", b"~a", b"(+set ~s)", b"(+set +publish ~t &c)")
    assert client.call(b"SET", b"s", b"1") == client.call(b"SET", b"t", b"1") == b"+OK\r\n"
    assert client.call(b"SET", b"a", b"1") == NO_KEY
    assert client.call(b"PUBLISH", b"x", b"1") == NO_CHANNEL
    assert client.call(b"DEL", b"a") == NO_COMMAND % b"del"


def test_first_arguments_in_the_deprecated_form() -> None:
    server, client = restricted(b"+select|1", b"+select|2")
    assert client.call(b"SELECT", b"1") == b"+OK\r\n"
    assert client.call(b"SELECT", b"3") == NO_COMMAND % b"select"
    set_user(server, b"-select")
    assert client.call(b"SELECT", b"1") == NO_COMMAND % b"select"


def test_nothing_is_checked_for_users_who_may_do_everything() -> None:
    server, client = restricted(b"allkeys", b"allchannels", b"+@all", b"-debug")
    assert client.session.gates & GATE_ACL
    set_user(server, b"+debug")
    assert client.session.gates == 0
    set_user(server, b"resetkeys", b"(allkeys allchannels +@all)")
    assert client.session.gates == 0


def test_commands_that_come_later_are_known_by_their_rules() -> None:
    server, client = restricted(b"+@read", b"allkeys")
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    table = server.engine.commands
    command = table.commands[b"get"].copy()
    command.name = command.full_name = b"later"
    table._add(command)
    assert client.call(b"LATER", b"k") == b"$-1\r\n"


def test_a_rule_about_a_command_that_is_gone_harms_nobody() -> None:
    server, client = restricted(b"+get|a", b"+ping")
    del server.engine.commands.commands[b"get"]
    user = server.engine.acl.user_for(b"u")
    assert isinstance(user, User)
    user.root.rebuild()
    assert client.call(b"PING") == b"+PONG\r\n"


def test_exec_checks_again() -> None:
    server, client = restricted(b"+get", b"+multi", b"+exec", b"+publish", b"~*", b"&*")
    client.call(b"MULTI")
    client.call(b"GET", b"k")
    client.call(b"PUBLISH", b"c", b"x")
    set_user(server, b"-get", b"resetchannels")
    start = b"-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
    reply = client.call(b"EXEC")
    assert reply.count(start) == 2
    assert b"no permission to execute the command or subcommand" in reply
    assert b"no permission to access one of the channels used as arguments" in reply


def test_a_script_is_told_in_its_own_words() -> None:
    """Whoever runs commands for a script says so on the session; the log tells from where they came."""
    server, client = restricted(b"+get", b"~k")
    client.session.access_context = b"lua"
    assert client.call(b"GET", b"x").startswith(
        b"-ERR The user executing the script can't access at least one of the keys"
    )
    assert client.call(b"DEL", b"k") == b"-ERR The user executing the script can't run this command or subcommand\r\n"
    assert server.connect().call(b"ACL", b"LOG").count(b"$3\r\nlua\r\n") == 2


def test_the_server_itself_may_do_everything() -> None:
    server = MemoryServer()
    session = server.engine.own_session(server.connect())
    command = server.engine.commands.commands[b"get"]
    assert server.engine.acl.check(session, command, [b"GET", b"k"], 0) == 0


# -- who a client is


def test_a_password_is_needed_and_compared_as_a_hash() -> None:
    server, _ = restricted(b">other", b"+ping")
    client = server.connect()
    for name, password in ((b"u", b"wrong"), (b"nobody", b"secret"), (b"u", b"")):
        assert client.call(b"AUTH", name, password).startswith(b"-WRONGPASS ")
    assert client.call(b"AUTH", b"u", b"other") == b"+OK\r\n"
    assert client.call(b"ACL", b"WHOAMI").startswith(b"-NOPERM")
    set_user(server, b"off")
    assert client.call(b"AUTH", b"u", b"other").startswith(b"-WRONGPASS ")
    set_user(server, b"on", b"nopass", b"+acl|whoami")
    assert client.call(b"AUTH", b"u", b"anything") == b"+OK\r\n"
    assert client.call(b"ACL", b"WHOAMI") == b"$1\r\nu\r\n"


def test_requirepass_is_the_password_of_the_default_user() -> None:
    config = Config()
    config.assign("requirepass", b"sesame")
    server = MemoryServer(config)
    client = server.connect()
    assert client.call(b"PING").startswith(b"-NOAUTH")
    assert client.call(b"HELLO", b"3", b"AUTH", b"default", b"sesame").startswith(b"%")
    client.call(b"CONFIG", b"SET", b"requirepass", b"")
    assert server.connect().call(b"PING") == b"+PONG\r\n"
    assert server.engine.acl.config_lines() == []
    client.call(b"CONFIG", b"SET", b"requirepass", b"again")
    assert server.engine.acl.config_lines() == []


def test_deleting_a_user_ends_its_clients() -> None:
    server, client = restricted(b"+@all", b"~*", b"&*")
    other = client_as(server)
    assert other.call(b"ACL", b"DELUSER", b"u", b"nobody") == b":1\r\n"
    assert client.is_closed and other.is_closed
    assert server.connect().call(b"ACL", b"DELUSER", b"default").startswith(b"-ERR The 'default' user")


def test_who_may_not_listen_any_more_is_cut() -> None:
    server = MemoryServer()
    set_user(server, b"on", b">secret", b"+@all", b"&a*", b"&b")
    by_channel, by_pattern, sharded, idle = (client_as(server) for _ in range(4))
    by_channel.call(b"SUBSCRIBE", b"a1")
    by_pattern.call(b"PSUBSCRIBE", b"a*")
    sharded.call(b"SSUBSCRIBE", b"b")
    by_channel.call(b"SUBSCRIBE", b"b")
    set_user(server, b"&more")
    set_user(server, b"resetchannels", b"&b", b"(&a1)")
    assert [by_channel.is_closed, by_pattern.is_closed, sharded.is_closed, idle.is_closed] == [
        False,
        True,
        False,
        False,
    ]
    set_user(server, b"allchannels")
    assert not sharded.is_closed


# -- secrets


def test_passwords_are_not_shown_in_errors() -> None:
    client = MemoryServer().connect()
    for rule in (b"<hunter2", b"#hunter2", b"!hunter2", b"(>hunter2)", b"(>hunter2", b"(+get 'hunter2 #)"):
        reply = client.call(b"ACL", b"SETUSER", b"u", rule)
        assert reply.startswith(b"-ERR ") and b"hunter2" not in reply


def test_passwords_do_not_get_into_logs_and_monitors() -> None:
    server = MemoryServer()
    client, watcher = server.connect(), server.connect()
    client.call(b"CONFIG", b"SET", b"slowlog-log-slower-than", b"0", b"commandlog-request-larger-than", b"0")
    watcher.call(b"MONITOR")
    client.call(b"ACL", b"SETUSER", b"u", b"on", b">hunter2")
    client.call(b"AUTH", b"u", b"hunter2")
    client.call(b"RESET")
    client.call(b"HELLO", b"3", b"AUTH", b"u", b"hunter2")
    client.call(b"RESET")
    client.call(b"CONFIG", b"SET", b"requirepass", b"hunter2")
    client.call(b"CONFIG", b"SET", b"requirepass", b"")
    assert b"hunter2" not in watcher.received()
    assert b"hunter2" not in client.call(b"SLOWLOG", b"GET", b"-1")
    assert b"hunter2" not in client.call(b"ACL", b"LIST")
    assert not [line for _, line in server.logged if "hunter2" in line]


# -- the log


def test_equal_refusals_count_on_one_entry_for_a_minute() -> None:
    server, client = restricted(b"+get", b"~k")
    admin = server.connect()
    for _ in range(3):
        client.call(b"GET", b"x")
    server.advance(61)
    client.call(b"GET", b"x")
    client.call(b"GET", b"y")
    log = server.engine.acl.log
    assert [(entry.count, entry.shown) for entry in log.entries] == [(1, b"y"), (1, b"x"), (3, b"x")]
    server.advance(2)
    client.call(b"GET", b"x")
    assert [(entry.count, entry.shown) for entry in log.entries] == [(2, b"x"), (1, b"y"), (3, b"x")]
    assert b"$11\r\nage-seconds\r\n$1\r\n2\r\n" in admin.call(b"ACL", b"LOG")
    assert admin.call(b"ACL", b"LOG", b"1").startswith(b"*1\r\n*20\r\n")
    assert admin.call(b"ACL", b"LOG", b"RESET") == b"+OK\r\n"
    assert admin.call(b"ACL", b"LOG") == b"*0\r\n"


def test_the_log_is_bounded() -> None:
    """Also by what a client can send that has not said who it is."""
    config = Config()
    config.assign("acllog-max-len", b"3")
    server = MemoryServer(config)
    client = server.connect()
    for number in range(10):
        client.call(b"AUTH", b"user%d" % number, b"x")
    assert [entry.user for entry in server.engine.acl.log.entries] == [b"user9", b"user8", b"user7"]
    client.call(b"CONFIG", b"SET", b"acllog-max-len", b"1")
    assert len(server.engine.acl.log.entries) == 1
    client.call(b"CONFIG", b"SET", b"requirepass", b"x")
    stranger = server.connect()
    stranger.send(b"*3\r\n$4\r\nAUTH\r\n$16385\r\n")
    assert stranger.received().startswith(b"-ERR Protocol error: unauthenticated bulk length")


# -- rules


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (b"+nosuch", b"Unknown command or category name in ACL"),
        (b"+@nosuch", b"Unknown command or category name in ACL"),
        (b"-get|a", b"Unknown command or category name in ACL"),
        (b"+config|nosuch", b"Unknown command or category name in ACL"),
        (b"+config|get|x", b"Allowing first-arg of a subcommand is not supported"),
        (b"+get|", b"Syntax error"),
        (b"nosuch", b"Syntax error"),
        (b"%X~a", b"Syntax error"),
        (b"~a b", b"Syntax error"),
        (b"&a\nb", b"Syntax error"),
        (b"(+get 'x)", b"Syntax error"),
        (b")", b"Syntax error"),
        (b"+select|0\nuser evil on nopass +@all", b"Syntax error"),
        (b"(+get '+select|0 x')", b"Syntax error"),
    ],
)
def test_rules_that_are_none(rule: bytes, reason: bytes) -> None:
    client = MemoryServer().connect()
    assert client.call(b"ACL", b"SETUSER", b"u", b"on", rule).endswith(b": " + reason + b"\r\n")
    assert client.call(b"ACL", b"GETUSER", b"u") == b"$-1\r\n"


def test_patterns_after_a_star_are_refused() -> None:
    client = MemoryServer().connect()
    assert b"(or the 'allkeys' flag)" in client.call(b"ACL", b"SETUSER", b"u", b"allkeys", b"~a")
    assert b"(or the 'allchannels' flag)" in client.call(b"ACL", b"SETUSER", b"u", b"&*", b"&a")
    assert client.call(b"ACL", b"SETUSER", b"a b").startswith(b"-ERR Usernames can't contain")
    assert client.call(b"ACL", b"SETUSER", b"u", b"(+get", b"~a").startswith(b"-ERR Unmatched parenthesis")


def test_huge_rules_are_only_long() -> None:
    server = MemoryServer()
    set_user(
        server,
        *[b"~key:%d" % number for number in range(2000)],
        *[b"+get", b"-get"] * 2000,
        b"(" + b"+get " * 5000 + b")",
    )
    text = server.engine.acl.describe()[1]
    assert text.startswith(b"user u off ~key:0 ") and text.endswith(b" -@all -get (resetchannels -@all +get)")


def test_a_user_shown_is_a_user_that_can_be_made() -> None:
    server = MemoryServer()
    rules = [
        b"on",
        b">p",
        b"sanitize-payload",
        b"%R~a",
        b"%W~b",
        b"~c",
        b"&ch",
        b"+@read",
        b"-get",
        b"(%W~x &y -@all +set)",
    ]
    set_user(server, *rules)
    line = server.engine.acl.describe()[1].split(b" ")
    set_user(server, *line[2:], name=b"twin")
    assert server.engine.acl.describe()[2].split(b" ")[2:] == line[2:]
    set_user(server, b"reset")
    assert server.engine.acl.describe()[2] == b"user u off sanitize-payload resetchannels -@all"


def test_the_same_pattern_twice_is_one_and_passwords_and_selectors_can_be_taken_back() -> None:
    server = MemoryServer()
    set_user(server, b"%R~a", b"%W~a", b"%R~b", b"&c", b"&c", b"+config", b">p", b">q", b"(+get)")
    set_user(server, b"<p", b"clearselectors")
    described = server.engine.acl.describe()[1]
    assert described.count(b"#") == 1
    assert described.endswith(b" ~a %R~b resetchannels &c -@all +config")
    user = server.engine.acl.user_for(b"u")
    assert isinstance(user, User)
    argv = [b"CONFIG", b"GET", b"x"]
    assert user.check(server.engine.commands.find(argv), argv, 0, 16) == 0


def test_channels_of_new_users() -> None:
    config = Config()
    config.assign("acl-pubsub-default", b"allchannels")
    server = MemoryServer(config)
    set_user(server, b"(+get)")
    assert server.engine.acl.describe()[1] == b"user u off &* -@all (&* -@all +get)"


# -- texts of configurations and files


def test_user_lines_of_the_configuration() -> None:
    server = MemoryServer(with_lines(b"u on >secret ~a* ( +get &c ) +ping", b"default on nopass +@all ~*"))
    client = client_as(server)
    assert client.call(b"PING") == b"+PONG\r\n"
    assert client.call(b"SET", b"a", b"1") == NO_COMMAND % b"set"
    assert server.connect().call(b"PUBLISH", b"c", b"x") == NO_CHANNEL
    lines = server.engine.acl.config_lines()
    assert [line[0] for line in lines] == [b"default", b"u"]
    again = MemoryServer(with_lines(*[b" ".join(line) for line in lines]))
    assert again.engine.acl.describe() == server.engine.acl.describe()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([b"u on", b"u off"], b"Error in user declaration 'u': Duplicate user found"),
        ([b"u +nosuch"], b"Error in user declaration '+nosuch': Unknown command"),
    ],
)
def test_user_lines_that_are_wrong_stop_the_start(lines: list[bytes], problem: bytes) -> None:
    with pytest.raises(ConfigError) as raised:
        MemoryServer(with_lines(*lines))
    assert raised.value.reason.startswith(problem)
    config = Config()
    config.assign_lines("user", [[b"a b", b"on"]])
    with pytest.raises(ConfigError, match="can't contain spaces"):
        MemoryServer(config)


def test_config_rewrite_keeps_the_users() -> None:
    server = MemoryServer()
    written: list[list[list[bytes]]] = []
    server.engine.rewrite_config = lambda: written.append(server.engine.config.lines("user"))
    admin = server.connect()
    admin.call(b"CONFIG", b"REWRITE")
    set_user(server, b"on", b"+get")
    admin.call(b"CONFIG", b"REWRITE")
    assert written[0] == []
    assert [b" ".join(line) for line in written[1]] == [
        b"default on nopass ~* &* +@all",
        b"u on resetchannels -@all +get",
    ]
    server.engine.acl.read_file = lambda: b""
    assert server.engine.acl.config_lines() == []


def test_loading_replaces_all_users_and_keeps_their_clients() -> None:
    server, client = restricted(b"+get", b"~k")
    set_user(server, b"on", b">secret", b"+@all", name=b"gone")
    gone = client_as(server, b"gone")
    saved: list[bytes] = []
    acl = server.engine.acl
    acl.read_file = lambda: b"user u on >secret +set ~k\n\nuser new off\n"
    acl.write_file = saved.append
    admin = server.connect()
    assert admin.call(b"ACL", b"LOAD") == b"+OK\r\n"
    assert gone.is_closed
    assert client.call(b"GET", b"k") == NO_COMMAND % b"get"
    assert client.call(b"SET", b"k", b"1") == b"+OK\r\n"
    assert admin.call(b"ACL", b"USERS") == b"*3\r\n$7\r\ndefault\r\n$3\r\nnew\r\n$1\r\nu\r\n"
    assert admin.call(b"ACL", b"SAVE") == b"+OK\r\n"
    assert saved[0].splitlines() == acl.describe()


def test_a_file_that_is_wrong_changes_nothing() -> None:
    server = MemoryServer()
    acl = server.engine.acl
    acl.file_name = b"users.acl"
    acl.read_file = lambda: b"foo\nuser a on\nuser a off\nuser b\x0bc on\nuser d +nosuch\nuser e (+get\n"
    reply = server.connect().call(b"ACL", b"LOAD")
    for part in (
        b"-ERR users.acl:1 should start with user keyword followed by the username. ",
        b"WARNING: Duplicate user 'a' found on line 3. ",
        b"contains invalid characters. ",
        b"users.acl:5: Error in applying operation '+nosuch': Unknown command or category name in ACL. ",
        b"users.acl:6: Unmatched parenthesis",
        b"WARNING: ACL errors detected, no change to the previously active ACL rules was performed\r\n",
    ):
        assert part in reply
    assert list(acl.users) == [b"default"]
    with pytest.raises(AclError):
        acl.load_text(b"nonsense")


def test_a_file_that_cannot_be_read_or_written() -> None:
    def fail(*arguments: bytes) -> bytes:
        raise OSError(2, "No such file or directory")

    server = MemoryServer()
    acl = server.engine.acl
    client = server.connect()
    assert client.call(b"ACL", b"LOAD").startswith(b"-ERR This Redis instance is not configured to use an ACL file")
    assert client.call(b"ACL", b"SAVE").startswith(b"-ERR This Redis instance is not configured to use an ACL file")
    acl.file_name = b"users.acl"
    acl.read_file = fail
    acl.write_file = fail  # type: ignore[assignment]
    assert client.call(b"ACL", b"LOAD") == (
        b"-ERR Error loading ACLs, opening file 'users.acl': No such file or directory\r\n"
    )
    assert client.call(b"ACL", b"SAVE").startswith(b"-ERR There was an error trying to save the ACLs")


# -- the commands


def test_commands_about_users() -> None:
    server = MemoryServer()
    set_user(server, b"on", b"+get", b"~r", b"&c", b"+subscribe", b"(+set ~s)")
    client = server.connect()

    def ask(text: str) -> bytes:
        return client.call(*text.encode().split())

    assert ask("ACL HELP").startswith(b"*27\r\n")
    assert ask("ACL CAT").startswith(b"*21\r\n$8\r\nkeyspace\r\n")
    assert b"$4\r\nhget\r\n" in ask("ACL CAT HASH")
    assert ask("ACL CAT nosuch") == b"-ERR Unknown category 'nosuch'\r\n"
    assert ask("ACL CAT a b").startswith(b"-ERR unknown subcommand or wrong number")
    assert ask("ACL GETUSER nobody") == b"$-1\r\n"
    assert ask("ACL GETUSER u").endswith(b"$9\r\nselectors\r\n*1\r\n*8\r\n$8\r\ncommands\r\n$10\r\n-@all +set\r\n$4\r\nkeys\r\n$2\r\n~s\r\n$8\r\nchannels\r\n$0\r\n\r\n$9\r\ndatabases\r\n$6\r\nalldbs\r\n")  # fmt: skip  # noqa: E501
    assert ask("ACL DRYRUN nobody GET r") == b"-ERR User 'nobody' not found\r\n"
    assert ask("ACL DRYRUN u NOSUCH r") == b"-ERR Command 'NOSUCH' not found\r\n"
    assert ask("ACL DRYRUN u GET") == b"-ERR wrong number of arguments for 'get' command\r\n"
    assert ask("ACL DRYRUN u GET r") == b"+OK\r\n"
    assert ask("ACL DRYRUN u DEL r") == b"$53\r\nThis user has no permissions to run the 'del' command\r\n"
    assert ask("ACL DRYRUN u GET x") == b"$50\r\nThis user has no permissions to access the 'x' key\r\n"
    assert ask("ACL DRYRUN u SUBSCRIBE c d") == b"$54\r\nThis user has no permissions to access the 'd' channel\r\n"
    assert ask("ACL LOG x") == b"-ERR value is not an integer or out of range\r\n"
    assert ask("ACL LOG 1 2").startswith(b"-ERR unknown subcommand or wrong number")


def test_passwords_that_are_made() -> None:
    client = MemoryServer().connect()
    assert len(client.call(b"ACL", b"GENPASS")) == len(b"$64\r\n\r\n") + 64
    assert client.call(b"ACL", b"GENPASS", b"5").startswith(b"$2\r\n")
    assert client.call(b"ACL", b"GENPASS", b"0").startswith(b"-ERR ACL GENPASS argument must be")
    assert client.call(b"ACL", b"GENPASS", b"x") == b"-ERR value is not an integer or out of range\r\n"
    assert client.call(b"ACL", b"GENPASS", b"1", b"2").startswith(b"-ERR unknown subcommand or wrong number")
    assert client.call(b"ACL", b"GENPASS") != client.call(b"ACL", b"GENPASS")


def test_a_channel_that_is_no_longer_allowed_ends_its_subscriber() -> None:
    server = MemoryServer()
    set_user(server, b"on", b">secret", b"+subscribe", b"&a", b"&b")
    client = client_as(server)
    client.call(b"SUBSCRIBE", b"a")
    set_user(server, b"resetchannels", b"&b")
    assert client.is_closed
    assert not server.engine.has_default_password()
