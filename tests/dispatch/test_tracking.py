"""Client-side caching: what a client that has read a key is told, and what that costs the others."""

from __future__ import annotations

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryClient, MemoryServer


def invalidation(*keys: bytes) -> bytes:
    body = b"".join(b"$%d\r\n%b\r\n" % (len(key), key) for key in keys)
    return b">2\r\n$10\r\ninvalidate\r\n*%d\r\n%b" % (len(keys), body)


def caching_client(server: MemoryServer, *options: bytes) -> MemoryClient:
    client = server.connect()
    client.call(b"HELLO", b"3")
    assert client.call(b"CLIENT", b"TRACKING", b"ON", *options) == b"+OK\r\n"
    return client


def test_a_reader_is_told_of_a_change_once() -> None:
    server = MemoryServer()
    reader, writer = caching_client(server), server.connect()
    reader.call(b"GET", b"k")
    writer.call(b"SET", b"k", b"1")
    assert reader.received() == invalidation(b"k")
    writer.call(b"SET", b"k", b"2")
    assert reader.received() == b""


def test_several_readers_of_one_key_are_all_told() -> None:
    server = MemoryServer()
    readers = [caching_client(server) for _ in range(3)]
    for reader in readers * 2:
        reader.call(b"MGET", b"k", b"l")
    tracking = server.engine.tracking
    assert (tracking.readers.size(), tracking.items) == (2, 6)
    server.connect().call(b"SET", b"k", b"1")
    assert [reader.received() for reader in readers] == [invalidation(b"k")] * 3
    tracking._check()
    assert (tracking.readers.size(), tracking.items) == (1, 3)


def test_a_client_that_is_gone_or_broadcasts_now_is_not_told() -> None:
    server = MemoryServer()
    gone, changed, stays = caching_client(server), caching_client(server), caching_client(server)
    for client in (gone, changed, stays):
        client.call(b"GET", b"k")
    gone.disconnect()
    changed.call(b"CLIENT", b"TRACKING", b"OFF")
    changed.call(b"CLIENT", b"TRACKING", b"ON", b"BCAST", b"PREFIX", b"other")
    server.connect().call(b"SET", b"k", b"1")
    assert gone.received() == changed.received() == b""
    assert stays.received() == invalidation(b"k")


def test_expiry_is_told() -> None:
    server = MemoryServer()
    reader = caching_client(server)
    server.connect().call(b"SET", b"k", b"1", b"PX", b"50")
    reader.call(b"GET", b"k")
    server.advance(0.1)
    server.connect().call(b"GET", b"k")
    assert reader.received() == invalidation(b"k")


def test_who_finds_a_key_expired_keeps_the_nothing_it_got() -> None:
    """The key is remembered after the command removed it, so that its coming back is told."""
    server = MemoryServer()
    reader, writer = caching_client(server), server.connect()
    writer.call(b"SET", b"k", b"1", b"PX", b"50")
    server.advance(0.1)
    assert reader.call(b"GET", b"k") == b"_\r\n"
    writer.call(b"SET", b"k", b"2")
    assert reader.received() == invalidation(b"k")


def test_eviction_is_told() -> None:
    config = Config()
    config.assign("maxmemory-policy", b"allkeys-random")
    server = MemoryServer(config)
    reader, writer = caching_client(server), server.connect()
    for number in range(10):
        writer.call(b"SET", b"k%d" % number, b"x" * 100)
        reader.call(b"GET", b"k%d" % number)
    writer.call(b"CONFIG", b"SET", b"maxmemory", b"1")
    writer.call(b"SET", b"more", b"x")
    assert reader.received().count(b"invalidate") == 10


def test_a_flush_makes_everybody_forget_everything() -> None:
    server = MemoryServer()
    reader, broadcasting = caching_client(server), caching_client(server, b"BCAST", b"PREFIX", b"a")
    reader.call(b"GET", b"k")
    server.connect().call(b"FLUSHDB")
    assert reader.received() == broadcasting.received() == b">2\r\n$10\r\ninvalidate\r\n_\r\n"
    assert server.engine.tracking.items == 0


def test_own_changes_are_told_after_the_reply() -> None:
    server = MemoryServer()
    client = caching_client(server)
    client.call(b"GET", b"k")
    assert client.call(b"SET", b"k", b"1") == b"+OK\r\n" + invalidation(b"k")
    assert client.call(b"FLUSHALL") == b"+OK\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n"


def test_own_changes_of_a_command_that_waited_are_told_after_its_reply() -> None:
    server = MemoryServer()
    client, other = caching_client(server), server.connect()
    client.call(b"BLPOP", b"l", b"0")
    other.call(b"CLIENT", b"TRACKING", b"ON")
    # It reads while the first one waits; so does the first one, by another name.
    server.engine.tracking._note_reader(b"l", client.session.id)
    other.call(b"MULTI")
    other.call(b"RPUSH", b"l", b"a")
    other.call(b"EXEC")
    assert client.received().endswith(b"*2\r\n$1\r\nl\r\n$1\r\na\r\n")


def test_options_may_change_while_messages_wait() -> None:
    server = MemoryServer()
    client = caching_client(server)
    client.call(b"GET", b"k")
    client.call(b"MULTI")
    client.call(b"SET", b"k", b"1")
    client.call(b"CLIENT", b"TRACKING", b"ON", b"NOLOOP")
    assert client.call(b"EXEC") == b"*2\r\n+OK\r\n+OK\r\n" + invalidation(b"k")
    client.call(b"GET", b"k")
    assert client.call(b"SET", b"k", b"1") == b"+OK\r\n"


def test_a_silent_client_is_told_all_the_same() -> None:
    server = MemoryServer()
    client = caching_client(server)
    client.call(b"GET", b"k")
    client.call(b"CLIENT", b"REPLY", b"OFF")
    assert client.call(b"SET", b"k", b"1") == invalidation(b"k")


def test_the_table_of_readers_is_bounded() -> None:
    config = Config()
    config.assign("tracking-table-max-keys", b"10")
    server = MemoryServer(config)
    reader, other = caching_client(server), caching_client(server)
    told = b""
    for number in range(50):
        told += reader.call(b"GET", b"k%d" % number) + reader.received()
        told += other.call(b"GET", b"k%d" % number)
        assert server.engine.tracking.readers.size() <= 10
    server.engine.tracking._check()
    assert told.count(b"invalidate") >= 40
    config.assign("tracking-table-max-keys", b"0")
    for number in range(50):
        reader.call(b"GET", b"k%d" % number)
    assert server.engine.tracking.readers.size() == 50


def test_clients_by_prefix_are_told_together_at_the_end_of_a_turn() -> None:
    server = MemoryServer()
    all_keys = caching_client(server, b"BCAST")
    some = caching_client(server, b"BCAST", b"NOLOOP", b"PREFIX", b"user:", b"PREFIX", b"u2")
    writer = server.connect()
    writer.send(b"SET user:2 x\r\nSET user:1 y\r\nSET z 1\r\nSET u2 1\r\nSET z 2\r\n")
    assert all_keys.received() == invalidation(b"u2", b"user:1", b"user:2", b"z")
    assert some.received() == invalidation(b"u2") + invalidation(b"user:1", b"user:2")
    server.engine.tracking._check()
    some.call(b"SET", b"user:1", b"own")
    assert some.received() == b""
    some.disconnect()
    all_keys.disconnect()
    assert server.engine.tracking.prefixes == {}
    assert not server.engine.effects.active


def test_a_redirection_that_broke_is_told() -> None:
    server = MemoryServer()
    receiver = server.connect()
    client = caching_client(server, b"REDIRECT", b"%d" % receiver.session.id)
    receiver.call(b"SUBSCRIBE", b"__redis__:invalidate")
    writer = server.connect()
    client.call(b"GET", b"k")
    writer.call(b"SET", b"k", b"1")
    assert receiver.received() == b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n"
    writer.call(b"FLUSHALL")
    assert receiver.received() == b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n"
    receiver.disconnect()
    client.call(b"GET", b"k")
    writer.call(b"SET", b"k", b"2")
    assert client.received() == b">2\r\n$21\r\ntracking-redir-broken\r\n:%d\r\n" % receiver.session.id
    assert b"flags=tR" in client.call(b"CLIENT", b"INFO")
    assert b"broken_redirect" in client.call(b"CLIENT", b"TRACKINGINFO")
    writer.call(b"FLUSHALL")
    client.received()
    quiet = server.connect()
    quiet.call(b"CLIENT", b"TRACKING", b"ON", b"REDIRECT", b"%d" % writer.session.id)
    writer.disconnect()
    quiet.call(b"GET", b"k")
    assert quiet.call(b"FLUSHALL") == b"+OK\r\n"


def test_a_resp2_client_without_redirection_is_told_nothing() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"CLIENT", b"TRACKING", b"ON")
    client.call(b"GET", b"k")
    server.connect().call(b"SET", b"k", b"1")
    assert client.received() == b""


def test_nothing_is_gathered_without_a_tracking_client() -> None:
    server = MemoryServer()
    client = caching_client(server)
    client.call(b"GET", b"k")
    assert server.engine.effects.active
    client.call(b"RESET")
    assert not server.engine.effects.active
    assert server.engine.tracking.readers.size() == 0
    assert client.session.gates == 0


def test_info_counts_clients_keys_items_and_prefixes() -> None:
    server = MemoryServer()
    for client in (caching_client(server), caching_client(server)):
        client.call(b"MGET", b"a", b"b")
    caching_client(server, b"BCAST", b"PREFIX", b"x", b"PREFIX", b"y")
    text = server.connect().call(b"INFO", b"clients", b"stats")
    assert b"tracking_clients:3\r\n" in text
    assert b"tracking_total_keys:2\r\ntracking_total_items:4\r\ntracking_total_prefixes:2\r\n" in text


def test_options_and_their_errors() -> None:
    client = MemoryServer().connect()

    def tracking(text: str) -> bytes:
        return client.call(b"CLIENT", b"TRACKING", *text.encode().split())

    assert tracking("ON REDIRECT 1 REDIRECT 1").startswith(b"-ERR A client can only redirect to a single")
    assert tracking("ON REDIRECT x") == b"-ERR value is not an integer or out of range\r\n"
    assert tracking("ON REDIRECT 77") == b"-ERR The client ID you want redirect to does not exist\r\n"
    assert tracking("ON PREFIX a") == b"-ERR PREFIX option requires BCAST mode to be enabled\r\n"
    assert tracking("ON BCAST OPTIN") == b"-ERR OPTIN and OPTOUT are not compatible with BCAST\r\n"
    assert tracking("ON OPTIN OPTOUT") == b"-ERR You can't specify both OPTIN mode and OPTOUT mode\r\n"
    assert tracking("ON FOO") == tracking("MAYBE") == b"-ERR syntax error\r\n"
    assert b"another provided prefix 'ab'" in tracking("ON BCAST PREFIX a PREFIX ab")
    assert tracking("ON BCAST PREFIX a PREFIX b") == b"+OK\r\n"
    assert b"an existing prefix 'b'" in tracking("ON BCAST PREFIX bc")
    assert tracking("ON").startswith(b"-ERR You can't switch BCAST mode on/off before")
    assert client.call(b"CLIENT", b"TRACKINGINFO").endswith(b"*2\r\n$1\r\na\r\n$1\r\nb\r\n")
    assert tracking("OFF") == tracking("OFF") == b"+OK\r\n"
    assert client.call(b"CLIENT", b"CACHING", b"YES").startswith(b"-ERR CLIENT CACHING can be called only when")
    assert client.call(b"CLIENT", b"GETREDIR") == b":-1\r\n"


def test_opting_in_and_out() -> None:
    server = MemoryServer()
    client, writer = caching_client(server, b"OPTIN"), server.connect()
    client.call(b"GET", b"a")
    client.call(b"CLIENT", b"CACHING", b"YES")
    assert b"caching-yes" in client.call(b"CLIENT", b"TRACKINGINFO")
    client.call(b"GET", b"b")
    client.call(b"GET", b"c")
    writer.call(b"MSET", b"a", b"1", b"b", b"1", b"c", b"1")
    assert client.received() == invalidation(b"b")
    assert client.call(b"CLIENT", b"CACHING", b"NO").startswith(b"-ERR CLIENT CACHING NO is only valid when")
    assert client.call(b"CLIENT", b"TRACKING", b"ON", b"OPTOUT").startswith(b"-ERR You can't switch OPTIN/OPTOUT")
    client.call(b"CLIENT", b"TRACKING", b"OFF")
    client.call(b"CLIENT", b"TRACKING", b"ON", b"OPTOUT", b"NOLOOP")
    assert client.call(b"CLIENT", b"CACHING", b"YES").startswith(b"-ERR CLIENT CACHING YES is only valid when")
    assert client.call(b"CLIENT", b"CACHING", b"MAYBE") == b"-ERR syntax error\r\n"
    client.call(b"CLIENT", b"CACHING", b"NO")
    assert b"caching-no" in client.call(b"CLIENT", b"TRACKINGINFO")
    client.call(b"GET", b"a")
    client.call(b"GET", b"b")
    writer.call(b"MSET", b"a", b"1", b"b", b"1")
    assert client.received() == invalidation(b"b")


def test_what_a_broadcasting_client_reads_is_not_remembered() -> None:
    server = MemoryServer()
    client = caching_client(server, b"BCAST", b"PREFIX", b"a")
    client.call(b"GET", b"k")
    client.call(b"SET", b"k", b"v")
    client.call(b"SET", b"a", b"v")
    assert server.engine.tracking.readers.size() == 0
    client.call(b"CLIENT", b"TRACKING", b"OFF")
    assert b"$3\r\noff\r\n" in client.call(b"CLIENT", b"TRACKINGINFO")


def test_a_key_read_again_by_one_of_several_is_noted_once() -> None:
    server = MemoryServer()
    one, other = caching_client(server), caching_client(server)
    for client in (one, one, other, one, other):
        client.call(b"GET", b"k")
    assert server.engine.tracking.items == 2
    server.engine.tracking._check()
