"""Typed methods for commands (stream), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class StreamsMethods(Caller[T]):
    """Commands about stream."""

    def xack(self, key: Value, group: Value, *ids: Value) -> Deferred[int]:
        """XACK key group id [id ...]

        Acknowledges entries, which are then no longer pending; how many there were.  Since 5.0.0; O(1).
        """
        return self.execute("XACK", key, group, *ids)

    def xadd(
        self,
        key: Value,
        mapping: Mapping[Any, Value],
        *,
        id: Value = "*",
        nomkstream: bool = False,
        maxlen: int | None = None,
        minid: Value | None = None,
        approximate: bool = False,
        limit: int | None = None,
    ) -> Deferred[T | None]:
        """XADD key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]] <* | id> field
            value [field value ...]

        Appends an entry to a stream, which is made if needed, and returns its ID.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["XADD"]
        words += [key]
        if nomkstream:
            words.append("NOMKSTREAM")
        if maxlen is not None:
            words += ["MAXLEN", "~" if approximate else "=", maxlen]
        if minid is not None:
            words += ["MINID", "~" if approximate else "=", minid]
        if limit is not None:
            words += ["LIMIT", limit]
        words += [id]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    @overload
    def xautoclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        start: Value,
        *,
        count: int | None = None,
        justid: Literal[True],
    ) -> Deferred[tuple[T, list[T], list[T]]]: ...
    @overload
    def xautoclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        start: Value,
        *,
        count: int | None = None,
        justid: Literal[False] = False,
    ) -> Deferred[tuple[T, list[tuple[T, dict[T, T]]], list[T]]]: ...
    @overload
    def xautoclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        start: Value,
        *,
        count: int | None = None,
        justid: bool = False,
    ) -> Deferred[Any]: ...
    def xautoclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        start: Value,
        *,
        count: int | None = None,
        justid: bool = False,
    ) -> Deferred[Any]:
        """XAUTOCLAIM key group consumer min-idle-time:string start:string [COUNT count] [JUSTID]

        Makes entries that are pending too long those of another consumer, as if found by a scan.  Since
        6.2.0; O(1).
        """
        words: list[Any] = ["XAUTOCLAIM"]
        words += [key]
        words += [group]
        words += [consumer]
        words += [min_idle_time]
        words += [start]
        if count is not None:
            words += ["COUNT", count]
        if justid:
            words.append("JUSTID")
        if justid:
            return self.execute_as(shapes.claimed_ids, *words)
        return self.execute_as(shapes.claimed, *words)

    @overload
    def xclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        ids: Values,
        *,
        idle: int | None = None,
        time: int | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: Literal[True],
        lastid: Value | None = None,
    ) -> Deferred[list[T]]: ...
    @overload
    def xclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        ids: Values,
        *,
        idle: int | None = None,
        time: int | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: Literal[False] = False,
        lastid: Value | None = None,
    ) -> Deferred[list[tuple[T, dict[T, T]]]]: ...
    @overload
    def xclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        ids: Values,
        *,
        idle: int | None = None,
        time: int | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: bool = False,
        lastid: Value | None = None,
    ) -> Deferred[Any]: ...
    def xclaim(
        self,
        key: Value,
        group: Value,
        consumer: Value,
        min_idle_time: Value,
        ids: Values,
        *,
        idle: int | None = None,
        time: int | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: bool = False,
        lastid: Value | None = None,
    ) -> Deferred[Any]:
        """XCLAIM key group consumer min-idle-time:string id [id ...] [IDLE ms] [TIME unix-time-milliseconds]
            [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]

        Makes entries that are pending too long those of another consumer, and returns them.  Since 5.0.0;
        O(log N).
        """
        words: list[Any] = ["XCLAIM"]
        words += [key]
        words += [group]
        words += [consumer]
        words += [min_idle_time]
        words += many(ids)
        if idle is not None:
            words += ["IDLE", idle]
        if time is not None:
            words += ["TIME", time]
        if retrycount is not None:
            words += ["RETRYCOUNT", retrycount]
        if force:
            words.append("FORCE")
        if justid:
            words.append("JUSTID")
        if lastid is not None:
            words += ["LASTID", lastid]
        if justid:
            return self.execute_as(shapes.listed, *words)
        return self.execute_as(shapes.entries, *words)

    def xdel(self, key: Value, *ids: Value) -> Deferred[int]:
        """XDEL key id [id ...]

        Deletes entries of a stream.  Since 5.0.0; O(1).
        """
        return self.execute("XDEL", key, *ids)

    def xgroup_create(
        self, key: Value, group: Value, id: Value, *, mkstream: bool = False, entriesread: int | None = None
    ) -> Deferred[T]:
        """XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]

        Makes a consumer group that has read up to an ID.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["XGROUP", "CREATE"]
        words += [key]
        words += [group]
        words += [id]
        if mkstream:
            words.append("MKSTREAM")
        if entriesread is not None:
            words += ["ENTRIESREAD", entriesread]
        return self.execute(*words)

    def xgroup_createconsumer(self, key: Value, group: Value, consumer: Value) -> Deferred[int]:
        """XGROUP CREATECONSUMER key group consumer

        Makes a consumer in a group.  Since 6.2.0; O(1).
        """
        return self.execute("XGROUP", "CREATECONSUMER", key, group, consumer)

    def xgroup_delconsumer(self, key: Value, group: Value, consumer: Value) -> Deferred[int]:
        """XGROUP DELCONSUMER key group consumer

        Removes a consumer from a group, with what is pending for it.  Since 5.0.0; O(1).
        """
        return self.execute("XGROUP", "DELCONSUMER", key, group, consumer)

    def xgroup_destroy(self, key: Value, group: Value) -> Deferred[int]:
        """XGROUP DESTROY key group

        Removes a consumer group.  Since 5.0.0; O(N).
        """
        return self.execute("XGROUP", "DESTROY", key, group)

    def xgroup_help(self) -> Deferred[list[T]]:
        """XGROUP HELP

        Describes the subcommands of XGROUP.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "XGROUP", "HELP")

    def xgroup_setid(self, key: Value, group: Value, id: Value, *, entriesread: int | None = None) -> Deferred[T]:
        """XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]

        Sets up to which ID a consumer group has read.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["XGROUP", "SETID"]
        words += [key]
        words += [group]
        words += [id]
        if entriesread is not None:
            words += ["ENTRIESREAD", entriesread]
        return self.execute(*words)

    def xinfo_consumers(self, key: Value, group: Value) -> Deferred[list[dict[T, Any]]]:
        """XINFO CONSUMERS key group

        Returns what is known of the consumers of a group.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.mappings, "XINFO", "CONSUMERS", key, group)

    def xinfo_groups(self, key: Value) -> Deferred[list[dict[T, Any]]]:
        """XINFO GROUPS key

        Returns what is known of the consumer groups of a stream.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.mappings, "XINFO", "GROUPS", key)

    def xinfo_help(self) -> Deferred[list[T]]:
        """XINFO HELP

        Describes the subcommands of XINFO.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "XINFO", "HELP")

    def xinfo_stream(self, key: Value, *, full: bool = False, count: int | None = None) -> Deferred[dict[T, Any]]:
        """XINFO STREAM key [FULL [COUNT count]]

        Returns what is known of a stream, with FULL also its entries and groups.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["XINFO", "STREAM"]
        words += [key]
        if full:
            words.append("FULL")
        if count is not None:
            words += ["COUNT", count]
        return self.execute_as(shapes.mapping, *words)

    def xlen(self, key: Value) -> Deferred[int]:
        """XLEN key

        Returns the number of entries in a stream.  Since 5.0.0; O(1).
        """
        return self.execute("XLEN", key)

    @overload
    def xpending(
        self,
        key: Value,
        group: Value,
        *,
        idle: int | None = None,
        start: Value,
        end: Value | None = None,
        count: int | None = None,
        consumer: Value | None = None,
    ) -> Deferred[list[tuple[T, T, int, int]]]: ...
    @overload
    def xpending(
        self,
        key: Value,
        group: Value,
        *,
        idle: int | None = None,
        start: None = None,
        end: Value | None = None,
        count: int | None = None,
        consumer: Value | None = None,
    ) -> Deferred[tuple[int, T | None, T | None, dict[T, int]]]: ...
    def xpending(
        self,
        key: Value,
        group: Value,
        *,
        idle: int | None = None,
        start: Value | None = None,
        end: Value | None = None,
        count: int | None = None,
        consumer: Value | None = None,
    ) -> Deferred[Any]:
        """XPENDING key group [[IDLE min-idle-time] start:string end:string count [consumer]]

        Returns what is pending in a group: a survey, or entries one by one.  Since 5.0.0; O(N).
        """
        words: list[Any] = ["XPENDING"]
        words += [key]
        words += [group]
        if idle is not None:
            words += ["IDLE", idle]
        if start is not None:
            words += [start]
        if end is not None:
            words += [end]
        if count is not None:
            words += [count]
        if consumer is not None:
            words += [consumer]
        if start is not None:
            return self.execute_as(shapes.pending_rows, *words)
        return self.execute_as(shapes.pending, *words)

    def xrange(
        self, key: Value, start: Value, end: Value, *, count: int | None = None
    ) -> Deferred[list[tuple[T, dict[T, T]]]]:
        """XRANGE key start:string end:string [COUNT count]

        Returns the entries with IDs in an interval.  Since 5.0.0; O(N).
        """
        words: list[Any] = ["XRANGE"]
        words += [key]
        words += [start]
        words += [end]
        if count is not None:
            words += ["COUNT", count]
        return self.execute_as(shapes.entries, *words)

    def xread(
        self, streams: Mapping[Any, Value], *, count: int | None = None, block: int | None = None
    ) -> Deferred[dict[T, list[tuple[T, dict[T, T]]]] | None]:
        """XREAD [COUNT count] [BLOCK milliseconds] <STREAMS key [key ...] id [id ...]>

        Returns the entries after given IDs of several streams; may wait for some.  Since 5.0.0.
        """
        words: list[Any] = ["XREAD"]
        if count is not None:
            words += ["COUNT", count]
        if block is not None:
            words += ["BLOCK", block]
        words += ["STREAMS", *streams, *streams.values()]
        return self.execute_as(shapes.entries_of_streams, *words)

    def xreadgroup(
        self,
        group: Value,
        consumer: Value,
        streams: Mapping[Any, Value],
        *,
        count: int | None = None,
        block: int | None = None,
        noack: bool = False,
    ) -> Deferred[dict[T, list[tuple[T, dict[T, T]]]] | None]:
        """XREADGROUP <GROUP group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] <STREAMS key [key ...]
            id [id ...]>

        Gives a consumer of a group new entries, or those it has not acknowledged; may wait for some.  Since
        5.0.0.
        """
        words: list[Any] = ["XREADGROUP"]
        words.append("GROUP")
        words += [group]
        words += [consumer]
        if count is not None:
            words += ["COUNT", count]
        if block is not None:
            words += ["BLOCK", block]
        if noack:
            words.append("NOACK")
        words += ["STREAMS", *streams, *streams.values()]
        return self.execute_as(shapes.entries_of_streams, *words)

    def xrevrange(
        self, key: Value, end: Value, start: Value, *, count: int | None = None
    ) -> Deferred[list[tuple[T, dict[T, T]]]]:
        """XREVRANGE key end:string start:string [COUNT count]

        Returns the entries with IDs in an interval, the last first.  Since 5.0.0; O(N).
        """
        words: list[Any] = ["XREVRANGE"]
        words += [key]
        words += [end]
        words += [start]
        if count is not None:
            words += ["COUNT", count]
        return self.execute_as(shapes.entries, *words)

    def xsetid(
        self, key: Value, last_id: Value, *, entriesadded: int | None = None, maxdeletedid: Value | None = None
    ) -> Deferred[T]:
        """XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]

        Sets the last ID of a stream; made for replication.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["XSETID"]
        words += [key]
        words += [last_id]
        if entriesadded is not None:
            words += ["ENTRIESADDED", entriesadded]
        if maxdeletedid is not None:
            words += ["MAXDELETEDID", maxdeletedid]
        return self.execute(*words)

    def xtrim(
        self,
        key: Value,
        *,
        maxlen: int | None = None,
        minid: Value | None = None,
        approximate: bool = False,
        limit: int | None = None,
    ) -> Deferred[int]:
        """XTRIM key <<MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]>

        Deletes the oldest entries of a stream.  Since 5.0.0; O(N).
        """
        words: list[Any] = ["XTRIM"]
        words += [key]
        if maxlen is not None:
            words += ["MAXLEN", "~" if approximate else "=", maxlen]
        if minid is not None:
            words += ["MINID", "~" if approximate else "=", minid]
        if limit is not None:
            words += ["LIMIT", limit]
        return self.execute(*words)
