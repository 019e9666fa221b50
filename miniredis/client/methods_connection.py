"""Typed methods for commands (connection, pubsub), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal

from twisted.internet.defer import Deferred

from miniredis.client.values import Value


class ConnectionMethods:
    """Commands about connection, pubsub."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def client_capa(self, *capabilitys: Value) -> Deferred[Any]:
        """CLIENT CAPA capability [capability ...]

        Tells what the client can do.  Since 8.0.0; O(1).
        """
        return self.execute("CLIENT", "CAPA", *capabilitys)

    def client_getname(self) -> Deferred[Any]:
        """CLIENT GETNAME

        Returns the name of the connection.  Since 2.6.9; O(1).
        """
        return self.execute("CLIENT", "GETNAME")

    def client_getredir(self) -> Deferred[Any]:
        """CLIENT GETREDIR

        Returns the client that gets the tracking messages of the connection.  Since 6.0.0; O(1).
        """
        return self.execute("CLIENT", "GETREDIR")

    def client_help(self) -> Deferred[Any]:
        """CLIENT HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute("CLIENT", "HELP")

    def client_id(self) -> Deferred[Any]:
        """CLIENT ID

        Returns the number of the connection.  Since 5.0.0; O(1).
        """
        return self.execute("CLIENT", "ID")

    def client_import_source(self, choice_on: Literal["ON", "OFF"]) -> Deferred[Any]:
        """CLIENT IMPORT-SOURCE <ON | OFF>

        Marks the connection as one that imports data.  Since 8.1.0; O(1).
        """
        words: list[Any] = ["CLIENT", "IMPORT-SOURCE"]
        words.append(choice_on)
        return self.execute(*words)

    def client_info(self) -> Deferred[Any]:
        """CLIENT INFO

        Describes the connection.  Since 6.2.0; O(1).
        """
        return self.execute("CLIENT", "INFO")

    def client_kill(self, *arguments: Value) -> Deferred[Any]:
        """CLIENT KILL <address | option value [option value ...]>

        Closes connections.  Since 2.4.0; O(N) where N is the number of client connections.
        """
        return self.execute("CLIENT", "KILL", *arguments)

    def client_list(self, *arguments: Value) -> Deferred[Any]:
        """CLIENT LIST [<option> <value> ...]

        Describes the connections.  Since 2.4.0; O(N) where N is the number of client connections.
        """
        return self.execute("CLIENT", "LIST", *arguments)

    def client_no_evict(self, choice_on: Literal["ON", "OFF"]) -> Deferred[Any]:
        """CLIENT NO-EVICT <ON | OFF>

        Spares the connection when clients take too much memory.  Since 7.0.0; O(1).
        """
        words: list[Any] = ["CLIENT", "NO-EVICT"]
        words.append(choice_on)
        return self.execute(*words)

    def client_no_touch(self, choice_on: Literal["ON", "OFF"]) -> Deferred[Any]:
        """CLIENT NO-TOUCH <ON | OFF>

        Leaves no trace in the access records of keys.  Since 7.2.0; O(1).
        """
        words: list[Any] = ["CLIENT", "NO-TOUCH"]
        words.append(choice_on)
        return self.execute(*words)

    def client_pause(self, timeout: int, *, write: bool = False, all: bool = False) -> Deferred[Any]:
        """CLIENT PAUSE timeout [WRITE | ALL]

        Holds back the commands of all clients for a time.  Since 3.0.0; O(1).
        """
        words: list[Any] = ["CLIENT", "PAUSE"]
        words += [timeout]
        if write:
            words.append("WRITE")
        if all:
            words.append("ALL")
        return self.execute(*words)

    def client_setinfo(self, *arguments: Value) -> Deferred[Any]:
        """CLIENT SETINFO <LIB-NAME libname | LIB-VER libver>

        Tells the client library and its version.  Since 7.2.0; O(1).
        """
        return self.execute("CLIENT", "SETINFO", *arguments)

    def client_setname(self, connection_name: Value) -> Deferred[Any]:
        """CLIENT SETNAME connection-name

        Names the connection.  Since 2.6.9; O(1).
        """
        return self.execute("CLIENT", "SETNAME", connection_name)

    def client_trackinginfo(self) -> Deferred[Any]:
        """CLIENT TRACKINGINFO

        Shows what tracking is set to.  Since 6.2.0; O(1).
        """
        return self.execute("CLIENT", "TRACKINGINFO")

    def client_unblock(self, client_id: int, *, timeout: bool = False, error: bool = False) -> Deferred[Any]:
        """CLIENT UNBLOCK client-id [TIMEOUT | ERROR]

        Ends the waiting of a blocked connection.  Since 5.0.0; O(log N) where N is the number of client
        connections.
        """
        words: list[Any] = ["CLIENT", "UNBLOCK"]
        words += [client_id]
        if timeout:
            words.append("TIMEOUT")
        if error:
            words.append("ERROR")
        return self.execute(*words)

    def client_unpause(self) -> Deferred[Any]:
        """CLIENT UNPAUSE

        Ends a CLIENT PAUSE.  Since 6.2.0; O(1).
        """
        return self.execute("CLIENT", "UNPAUSE")

    def echo(self, message: Value) -> Deferred[Any]:
        """ECHO message

        Answers what it was given.  Since 1.0.0; O(1).
        """
        return self.execute("ECHO", message)

    def ping(self, *, message: Value | None = None) -> Deferred[Any]:
        """PING [message]

        Answers PONG, or what it was given.  Since 1.0.0; O(1).
        """
        words: list[Any] = ["PING"]
        if message is not None:
            words += [message]
        return self.execute(*words)

    def publish(self, channel: Value, message: Value) -> Deferred[Any]:
        """PUBLISH channel message

        Sends a message to a channel.  Since 2.0.0; O(N+M) where N is the number of clients subscribed to the
        channel and M the number of patterns.
        """
        return self.execute("PUBLISH", channel, message)

    def pubsub_channels(self, *, pattern: Value | None = None) -> Deferred[Any]:
        """PUBSUB CHANNELS [pattern]

        Lists the channels in use.  Since 2.8.0; O(N) where N is the number of active channels.
        """
        words: list[Any] = ["PUBSUB", "CHANNELS"]
        if pattern is not None:
            words += [pattern]
        return self.execute(*words)

    def pubsub_help(self) -> Deferred[Any]:
        """PUBSUB HELP

        Lists the subcommands.  Since 6.2.0; O(1).
        """
        return self.execute("PUBSUB", "HELP")

    def pubsub_numpat(self) -> Deferred[Any]:
        """PUBSUB NUMPAT

        Counts the patterns in use.  Since 2.8.0; O(1).
        """
        return self.execute("PUBSUB", "NUMPAT")

    def pubsub_numsub(self, *channels: Value) -> Deferred[Any]:
        """PUBSUB NUMSUB [channel [channel ...]]

        Counts the subscribers of channels.  Since 2.8.0; O(N) where N is the number of requested channels.
        """
        return self.execute("PUBSUB", "NUMSUB", *channels)

    def pubsub_shardchannels(self, *, pattern: Value | None = None) -> Deferred[Any]:
        """PUBSUB SHARDCHANNELS [pattern]

        Lists the shard channels in use.  Since 7.0.0; O(N) where N is the number of active shard channels.
        """
        words: list[Any] = ["PUBSUB", "SHARDCHANNELS"]
        if pattern is not None:
            words += [pattern]
        return self.execute(*words)

    def pubsub_shardnumsub(self, *shardchannels: Value) -> Deferred[Any]:
        """PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]

        Counts the subscribers of shard channels.  Since 7.0.0; O(N) where N is the number of requested shard
        channels.
        """
        return self.execute("PUBSUB", "SHARDNUMSUB", *shardchannels)

    def spublish(self, shardchannel: Value, message: Value) -> Deferred[Any]:
        """SPUBLISH shardchannel message

        Sends a message to a shard channel.  Since 7.0.0; O(N) where N is the number of clients subscribed to
        the channel.
        """
        return self.execute("SPUBLISH", shardchannel, message)
