"""Typed methods for commands (connection, pubsub), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class ConnectionMethods(Caller[T]):
    """Commands about connection, pubsub."""

    def client_capa(self, *capabilitys: Value) -> Deferred[T]:
        """CLIENT CAPA capability [capability ...]

        Tells what the client can do.  Since 8.0.0; O(1).
        """
        return self.execute("CLIENT", "CAPA", *capabilitys)

    def client_getname(self) -> Deferred[T | None]:
        """CLIENT GETNAME

        Returns the name of the connection.  Since 2.6.9; O(1).
        """
        return self.execute("CLIENT", "GETNAME")

    def client_getredir(self) -> Deferred[int]:
        """CLIENT GETREDIR

        Returns the client that gets the tracking messages of the connection.  Since 6.0.0; O(1).
        """
        return self.execute("CLIENT", "GETREDIR")

    def client_help(self) -> Deferred[list[T]]:
        """CLIENT HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "CLIENT", "HELP")

    def client_id(self) -> Deferred[int]:
        """CLIENT ID

        Returns the number of the connection.  Since 5.0.0; O(1).
        """
        return self.execute("CLIENT", "ID")

    def client_import_source(self, switch: Literal["ON", "OFF"]) -> Deferred[T]:
        """CLIENT IMPORT-SOURCE <ON | OFF>

        Marks the connection as one that imports data.  Since 8.1.0; O(1).
        """
        words: list[Any] = ["CLIENT", "IMPORT-SOURCE"]
        words.append(switch)
        return self.execute(*words)

    def client_info(self) -> Deferred[T]:
        """CLIENT INFO

        Describes the connection.  Since 6.2.0; O(1).
        """
        return self.execute("CLIENT", "INFO")

    @overload
    def client_kill(
        self,
        *,
        address: Value,
        client_ids: Values | None = None,
        type_: Value | None = None,
        user: Value | None = None,
        addr: Value | None = None,
        laddr: Value | None = None,
        skipme: Literal["YES", "NO"] | None = None,
        maxage: int | None = None,
    ) -> Deferred[T]: ...
    @overload
    def client_kill(
        self,
        *,
        address: None = None,
        client_ids: Values | None = None,
        type_: Value | None = None,
        user: Value | None = None,
        addr: Value | None = None,
        laddr: Value | None = None,
        skipme: Literal["YES", "NO"] | None = None,
        maxage: int | None = None,
    ) -> Deferred[int]: ...
    def client_kill(
        self,
        *,
        address: Value | None = None,
        client_ids: Values | None = None,
        type_: Value | None = None,
        user: Value | None = None,
        addr: Value | None = None,
        laddr: Value | None = None,
        skipme: Literal["YES", "NO"] | None = None,
        maxage: int | None = None,
    ) -> Deferred[Any]:
        """CLIENT KILL <address | option value [option value ...]>

        Closes connections.  Since 2.4.0; O(N) where N is the number of client connections.
        """
        words: list[Any] = ["CLIENT", "KILL"]
        if address is not None:
            words += [address]
        if client_ids is not None:
            words += ["ID", *many(client_ids)]
        if type_ is not None:
            words += ["TYPE", type_]
        if user is not None:
            words += ["USER", user]
        if addr is not None:
            words += ["ADDR", addr]
        if laddr is not None:
            words += ["LADDR", laddr]
        if skipme is not None:
            words += ["SKIPME", skipme]
        if maxage is not None:
            words += ["MAXAGE", maxage]
        return self.execute(*words)

    def client_list(self, *, type_: Value | None = None, client_ids: Values | None = None) -> Deferred[T]:
        """CLIENT LIST [<option> <value> ...]

        Describes the connections.  Since 2.4.0; O(N) where N is the number of client connections.
        """
        words: list[Any] = ["CLIENT", "LIST"]
        if type_ is not None:
            words += ["TYPE", type_]
        if client_ids is not None:
            words += ["ID", *many(client_ids)]
        return self.execute(*words)

    def client_no_evict(self, switch: Literal["ON", "OFF"]) -> Deferred[T]:
        """CLIENT NO-EVICT <ON | OFF>

        Spares the connection when clients take too much memory.  Since 7.0.0; O(1).
        """
        words: list[Any] = ["CLIENT", "NO-EVICT"]
        words.append(switch)
        return self.execute(*words)

    def client_no_touch(self, switch: Literal["ON", "OFF"]) -> Deferred[T]:
        """CLIENT NO-TOUCH <ON | OFF>

        Leaves no trace in the access records of keys.  Since 7.2.0; O(1).
        """
        words: list[Any] = ["CLIENT", "NO-TOUCH"]
        words.append(switch)
        return self.execute(*words)

    def client_pause(self, timeout: int, *, write: bool = False, all: bool = False) -> Deferred[T]:
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

    def client_setinfo(self, *, lib_name: Value | None = None, lib_ver: Value | None = None) -> Deferred[T]:
        """CLIENT SETINFO <LIB-NAME libname | LIB-VER libver>

        Tells the client library and its version.  Since 7.2.0; O(1).
        """
        words: list[Any] = ["CLIENT", "SETINFO"]
        if lib_name is not None:
            words += ["LIB-NAME", lib_name]
        if lib_ver is not None:
            words += ["LIB-VER", lib_ver]
        return self.execute(*words)

    def client_setname(self, connection_name: Value) -> Deferred[T]:
        """CLIENT SETNAME connection-name

        Names the connection.  Since 2.6.9; O(1).
        """
        return self.execute("CLIENT", "SETNAME", connection_name)

    def client_trackinginfo(self) -> Deferred[dict[T, Any]]:
        """CLIENT TRACKINGINFO

        Shows what tracking is set to.  Since 6.2.0; O(1).
        """
        return self.execute_as(shapes.mapping, "CLIENT", "TRACKINGINFO")

    def client_unblock(self, client_id: int, *, timeout: bool = False, error: bool = False) -> Deferred[int]:
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

    def client_unpause(self) -> Deferred[T]:
        """CLIENT UNPAUSE

        Ends a CLIENT PAUSE.  Since 6.2.0; O(1).
        """
        return self.execute("CLIENT", "UNPAUSE")

    def echo(self, message: Value) -> Deferred[T]:
        """ECHO message

        Answers what it was given.  Since 1.0.0; O(1).
        """
        return self.execute("ECHO", message)

    def ping(self, *, message: Value | None = None) -> Deferred[T]:
        """PING [message]

        Answers PONG, or what it was given.  Since 1.0.0; O(1).
        """
        words: list[Any] = ["PING"]
        if message is not None:
            words += [message]
        return self.execute(*words)

    def publish(self, channel: Value, message: Value) -> Deferred[int]:
        """PUBLISH channel message

        Sends a message to a channel.  Since 2.0.0; O(N+M) where N is the number of clients subscribed to the
        channel and M the number of patterns.
        """
        return self.execute("PUBLISH", channel, message)

    def pubsub_channels(self, *, pattern: Value | None = None) -> Deferred[list[T]]:
        """PUBSUB CHANNELS [pattern]

        Lists the channels in use.  Since 2.8.0; O(N) where N is the number of active channels.
        """
        words: list[Any] = ["PUBSUB", "CHANNELS"]
        if pattern is not None:
            words += [pattern]
        return self.execute_as(shapes.listed, *words)

    def pubsub_help(self) -> Deferred[list[T]]:
        """PUBSUB HELP

        Lists the subcommands.  Since 6.2.0; O(1).
        """
        return self.execute_as(shapes.listed, "PUBSUB", "HELP")

    def pubsub_numpat(self) -> Deferred[int]:
        """PUBSUB NUMPAT

        Counts the patterns in use.  Since 2.8.0; O(1).
        """
        return self.execute("PUBSUB", "NUMPAT")

    def pubsub_numsub(self, *channels: Value) -> Deferred[dict[T, int]]:
        """PUBSUB NUMSUB [channel [channel ...]]

        Counts the subscribers of channels.  Since 2.8.0; O(N) where N is the number of requested channels.
        """
        return self.execute_as(shapes.mapping, "PUBSUB", "NUMSUB", *channels)

    def pubsub_shardchannels(self, *, pattern: Value | None = None) -> Deferred[list[T]]:
        """PUBSUB SHARDCHANNELS [pattern]

        Lists the shard channels in use.  Since 7.0.0; O(N) where N is the number of active shard channels.
        """
        words: list[Any] = ["PUBSUB", "SHARDCHANNELS"]
        if pattern is not None:
            words += [pattern]
        return self.execute_as(shapes.listed, *words)

    def pubsub_shardnumsub(self, *shardchannels: Value) -> Deferred[dict[T, int]]:
        """PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]

        Counts the subscribers of shard channels.  Since 7.0.0; O(N) where N is the number of requested shard
        channels.
        """
        return self.execute_as(shapes.mapping, "PUBSUB", "SHARDNUMSUB", *shardchannels)

    def spublish(self, shardchannel: Value, message: Value) -> Deferred[int]:
        """SPUBLISH shardchannel message

        Sends a message to a shard channel.  Since 7.0.0; O(N) where N is the number of clients subscribed to
        the channel.
        """
        return self.execute("SPUBLISH", shardchannel, message)
