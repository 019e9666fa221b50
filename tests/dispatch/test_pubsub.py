"""Channels: who hears what, in both protocols."""

from __future__ import annotations

from miniredis.testing.memory import MemoryServer


def test_a_message_reaches_the_subscribers_of_its_channel() -> None:
    server = MemoryServer()
    listener, speaker = server.connect(), server.connect()
    assert listener.call(b"SUBSCRIBE", b"news") == b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
    assert speaker.call(b"PUBLISH", b"news", b"hi") == b":1\r\n"
    assert listener.received() == b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n"
    server.engine.pubsub._check()


def test_a_pattern_hears_every_channel_that_matches() -> None:
    server = MemoryServer()
    listener, speaker = server.connect(), server.connect()
    listener.call(b"PSUBSCRIBE", b"n*")
    assert speaker.call(b"PUBLISH", b"news", b"hi") == b":1\r\n"
    assert listener.received() == b"*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n"
    assert speaker.call(b"PUBSUB", b"NUMPAT") == b":1\r\n"
    assert listener.call(b"PUNSUBSCRIBE") == b"*3\r\n$12\r\npunsubscribe\r\n$2\r\nn*\r\n:0\r\n"
    assert speaker.call(b"PUBLISH", b"news", b"hi") == b":0\r\n"


def test_resp3_subscribers_get_pushes_and_may_go_on_asking() -> None:
    server = MemoryServer()
    listener, speaker = server.connect(), server.connect()
    listener.call(b"HELLO", b"3")
    assert listener.call(b"SUBSCRIBE", b"c") == b">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
    speaker.call(b"PUBLISH", b"c", b"m")
    assert listener.received() == b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
    assert listener.call(b"GET", b"k") == b"_\r\n"


def test_resp2_subscribers_may_only_talk_about_subscriptions() -> None:
    server = MemoryServer()
    listener = server.connect()
    listener.call(b"SUBSCRIBE", b"c")
    assert listener.call(b"GET", b"k").startswith(b"-ERR Can't execute 'get'")
    assert listener.call(b"PING") == b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"
    assert listener.call(b"UNSUBSCRIBE") == b"*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n"
    assert listener.call(b"UNSUBSCRIBE") == b"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"
    assert listener.call(b"GET", b"k") == b"$-1\r\n"


def test_shard_channels_are_a_world_of_their_own() -> None:
    server = MemoryServer()
    listener, speaker = server.connect(), server.connect()
    listener.call(b"SSUBSCRIBE", b"c")
    assert speaker.call(b"PUBLISH", b"c", b"m") == b":0\r\n"
    assert speaker.call(b"SPUBLISH", b"c", b"m") == b":1\r\n"
    assert listener.received() == b"*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
    assert speaker.call(b"PUBSUB", b"SHARDCHANNELS") == b"*1\r\n$1\r\nc\r\n"
    assert speaker.call(b"PUBSUB", b"SHARDNUMSUB", b"c") == b"*2\r\n$1\r\nc\r\n:1\r\n"
    assert listener.call(b"SUNSUBSCRIBE") == b"*3\r\n$12\r\nsunsubscribe\r\n$1\r\nc\r\n:0\r\n"


def test_a_client_that_leaves_or_resets_is_no_subscriber_any_more() -> None:
    server = MemoryServer()
    first, second, asker = server.connect(), server.connect(), server.connect()
    for client in (first, second):
        client.call(b"SUBSCRIBE", b"c")
        client.call(b"PSUBSCRIBE", b"*")
        client.call(b"SSUBSCRIBE", b"s")
    assert asker.call(b"PUBSUB", b"NUMSUB", b"c") == b"*2\r\n$1\r\nc\r\n:2\r\n"
    first.disconnect()
    assert second.call(b"RESET") == b"+RESET\r\n"
    assert asker.call(b"PUBSUB", b"CHANNELS", b"*") == b"*0\r\n"
    server.engine.pubsub._check()


def test_keyspace_events_are_published_in_the_chosen_classes() -> None:
    server = MemoryServer()
    listener, writer = server.connect(), server.connect()
    writer.call(b"CONFIG", b"SET", b"notify-keyspace-events", b"KE$")
    listener.call(b"PSUBSCRIBE", b"__key*")
    writer.call(b"SET", b"k", b"v")
    writer.call(b"RPUSH", b"l", b"v")
    assert listener.received().count(b"pmessage") == 2
    writer.call(b"CONFIG", b"SET", b"notify-keyspace-events", b"")
    writer.call(b"SET", b"k", b"v")
    assert listener.received() == b""


def test_channels_are_listed_by_one_pattern_at_most() -> None:
    client = MemoryServer().connect()
    assert client.call(b"PUBSUB", b"CHANNELS", b"a", b"b").startswith(b"-ERR unknown subcommand or wrong number")


def test_subscriptions_are_confirmed_also_to_who_wants_no_replies() -> None:
    client = MemoryServer().connect()
    client.call(b"CLIENT", b"REPLY", b"OFF")
    assert client.call(b"SUBSCRIBE", b"a") == b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
    assert client.call(b"PING") == b""
    assert client.call(b"UNSUBSCRIBE") == b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"
    assert client.call(b"UNSUBSCRIBE") == b"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"
    for command in (b"MULTI", b"PING", b"PSUBSCRIBE p", b"PING"):
        assert client.call(*command.split()) == b""
    assert client.call(b"EXEC") == b"*3\r\n$10\r\npsubscribe\r\n$1\r\np\r\n:1\r\n"


def test_shard_channels_are_not_subscribed_to_within_a_transaction() -> None:
    client = MemoryServer().connect()
    client.call(b"MULTI")
    client.call(b"SSUBSCRIBE", b"a")
    assert client.call(b"EXEC") == b"*1\r\n-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n"
    assert client.call(b"GET", b"k") == b"$-1\r\n"
