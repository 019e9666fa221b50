"""The console scripts: a server without twistd.

`miniredis-server` stands in for redis-server: one process with the pid it was started with, in the foreground
unless `daemonize yes`. The reactor is imported last, since what it opens would not survive a fork.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from miniredis.app.options import Start, start_or_exit


def server(words: Sequence[str] | None = None) -> None:
    """miniredis-server."""
    run(start_or_exit(sys.argv[1:] if words is None else words, "miniredis-server"))


def sentinel(words: Sequence[str] | None = None) -> None:
    """miniredis-sentinel."""
    run(start_or_exit(sys.argv[1:] if words is None else words, "miniredis-sentinel", sentinel=True))


def cluster(words: Sequence[str] | None = None) -> None:
    """miniredis-cluster [nodes] [--directive word ...]: a cluster on this machine, for trying it."""
    given = list(sys.argv[1:] if words is None else words)
    count = given.pop(0) if given and given[0].isdigit() else "6"
    run(start_or_exit([*given, "--cluster-local", count], "miniredis-cluster"))


def run(start: Start) -> None:
    """Serve until told to stop."""
    if start.config.int("cluster-local"):
        run_cluster(start)
        return
    if start.config.flag("daemonize"):
        daemonize()
    from miniredis.app.reactor import import_reactor

    reactor = import_reactor()
    from twisted.logger import globalLogBeginner

    from miniredis.app.process import ServerProcess, write_file

    process = ServerProcess(start, reactor)
    observer: Any = process.log
    # What a library prints by mistake must not end up in the middle of a line: it becomes an event.
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=True)
    pidfile = start.config.string("pidfile") or ("/var/run/miniredis.pid" if start.config.flag("daemonize") else "")
    if pidfile:
        pidfile = os.path.abspath(pidfile)
        try:
            write_file(pidfile, b"%d\n" % os.getpid())
        except OSError as problem:
            process.server.log("warning", f"Failed to write PID file {pidfile}: {problem.strerror}")
    try:
        process.privilegedStartService()
        process.startService()
        reactor.addSystemEventTrigger("before", "shutdown", process.stopService)
        reactor.run()
    finally:
        if pidfile:
            with suppress(OSError):
                os.unlink(pidfile)


def run_cluster(start: Start) -> None:
    """Be the parent of a cluster until told to stop."""
    from twisted.internet import reactor as installed_reactor
    from twisted.logger import globalLogBeginner

    from miniredis.app.local_cluster import LocalCluster

    reactor: Any = installed_reactor
    parent = LocalCluster(start, reactor)
    observer: Any = parent.log
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=True)
    parent.startService()
    reactor.addSystemEventTrigger("before", "shutdown", parent.stopService)
    reactor.run()
    if parent.has_failed:
        sys.exit(1)


def daemonize() -> None:
    """Go on in the background: a session of its own, nothing connected to the terminal."""
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    if null > 2:
        os.close(null)
