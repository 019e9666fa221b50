"""Typed methods for commands (stream), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client.values import Value, Values, many


class StreamsMethods:
    """Commands about stream."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def xack(self, key: Value, group: Value, *ids: Value) -> Deferred[Any]:
        """XACK key group id [id ...]

        Acknowledges entries, which are then no longer pending; how many there were.  Since 5.0.0; O(1).
        """
        return self.execute("XACK", key, group, *ids)

    def xadd(self, *arguments: Value) -> Deferred[Any]:
        """XADD key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]] <* | id> field
            value [field value ...]

        Appends an entry to a stream, which is made if needed, and returns its ID.  Since 5.0.0; O(1).
        """
        return self.execute("XADD", *arguments)

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
        return self.execute(*words)

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
        return self.execute(*words)

    def xdel(self, key: Value, *ids: Value) -> Deferred[Any]:
        """XDEL key id [id ...]

        Deletes entries of a stream.  Since 5.0.0; O(1).
        """
        return self.execute("XDEL", key, *ids)

    def xgroup_create(
        self, key: Value, group: Value, id: Value, *, mkstream: bool = False, entriesread: int | None = None
    ) -> Deferred[Any]:
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

    def xgroup_createconsumer(self, key: Value, group: Value, consumer: Value) -> Deferred[Any]:
        """XGROUP CREATECONSUMER key group consumer

        Makes a consumer in a group.  Since 6.2.0; O(1).
        """
        return self.execute("XGROUP", "CREATECONSUMER", key, group, consumer)

    def xgroup_delconsumer(self, key: Value, group: Value, consumer: Value) -> Deferred[Any]:
        """XGROUP DELCONSUMER key group consumer

        Removes a consumer from a group, with what is pending for it.  Since 5.0.0; O(1).
        """
        return self.execute("XGROUP", "DELCONSUMER", key, group, consumer)

    def xgroup_destroy(self, key: Value, group: Value) -> Deferred[Any]:
        """XGROUP DESTROY key group

        Removes a consumer group.  Since 5.0.0; O(N).
        """
        return self.execute("XGROUP", "DESTROY", key, group)

    def xgroup_help(self) -> Deferred[Any]:
        """XGROUP HELP

        Describes the subcommands of XGROUP.  Since 5.0.0; O(1).
        """
        return self.execute("XGROUP", "HELP")

    def xgroup_setid(self, key: Value, group: Value, id: Value, *, entriesread: int | None = None) -> Deferred[Any]:
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

    def xinfo_consumers(self, key: Value, group: Value) -> Deferred[Any]:
        """XINFO CONSUMERS key group

        Returns what is known of the consumers of a group.  Since 5.0.0; O(1).
        """
        return self.execute("XINFO", "CONSUMERS", key, group)

    def xinfo_groups(self, key: Value) -> Deferred[Any]:
        """XINFO GROUPS key

        Returns what is known of the consumer groups of a stream.  Since 5.0.0; O(1).
        """
        return self.execute("XINFO", "GROUPS", key)

    def xinfo_help(self) -> Deferred[Any]:
        """XINFO HELP

        Describes the subcommands of XINFO.  Since 5.0.0; O(1).
        """
        return self.execute("XINFO", "HELP")

    def xinfo_stream(self, key: Value, *, full: int | None = None) -> Deferred[Any]:
        """XINFO STREAM key [FULL [COUNT count]]

        Returns what is known of a stream, with FULL also its entries and groups.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["XINFO", "STREAM"]
        words += [key]
        if full is not None:
            words += ["FULL", full]
        return self.execute(*words)

    def xlen(self, key: Value) -> Deferred[Any]:
        """XLEN key

        Returns the number of entries in a stream.  Since 5.0.0; O(1).
        """
        return self.execute("XLEN", key)

    def xpending(self, *arguments: Value) -> Deferred[Any]:
        """XPENDING key group [[IDLE min-idle-time] start:string end:string count [consumer]]

        Returns what is pending in a group: a survey, or entries one by one.  Since 5.0.0; O(N).
        """
        return self.execute("XPENDING", *arguments)

    def xrange(self, key: Value, start: Value, end: Value, *, count: int | None = None) -> Deferred[Any]:
        """XRANGE key start:string end:string [COUNT count]

        Returns the entries with IDs in an interval.  Since 5.0.0; O(N).
        """
        words: list[Any] = ["XRANGE"]
        words += [key]
        words += [start]
        words += [end]
        if count is not None:
            words += ["COUNT", count]
        return self.execute(*words)

    def xread(self, *arguments: Value) -> Deferred[Any]:
        """XREAD [COUNT count] [BLOCK milliseconds] <STREAMS key [key ...] id [id ...]>

        Returns the entries after given IDs of several streams; may wait for some.  Since 5.0.0; .
        """
        return self.execute("XREAD", *arguments)

    def xreadgroup(self, *arguments: Value) -> Deferred[Any]:
        """XREADGROUP <GROUP group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] <STREAMS key [key ...]
            id [id ...]>

        Gives a consumer of a group new entries, or those it has not acknowledged; may wait for some.  Since
        5.0.0; .
        """
        return self.execute("XREADGROUP", *arguments)

    def xrevrange(self, key: Value, end: Value, start: Value, *, count: int | None = None) -> Deferred[Any]:
        """XREVRANGE key end:string start:string [COUNT count]

        Returns the entries with IDs in an interval, the last first.  Since 5.0.0; O(N).
        """
        words: list[Any] = ["XREVRANGE"]
        words += [key]
        words += [end]
        words += [start]
        if count is not None:
            words += ["COUNT", count]
        return self.execute(*words)

    def xsetid(
        self, key: Value, last_id: Value, *, entriesadded: int | None = None, maxdeletedid: Value | None = None
    ) -> Deferred[Any]:
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

    def xtrim(self, *arguments: Value) -> Deferred[Any]:
        """XTRIM key <<MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]>

        Deletes the oldest entries of a stream.  Since 5.0.0; O(N).
        """
        return self.execute("XTRIM", *arguments)
