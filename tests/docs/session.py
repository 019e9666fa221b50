"""Works through a page of the documentation as a reader with two terminals would, in a folder of its own.

- A block with a caption becomes the file of that name.
- In a console block, lines that begin with `$ ` are commands, run by bash; what follows is what must come out, where
  `...` stands for anything.  Commands that go on (a server) run until the end of the page; the next one waits until
  they are ready.  Lines that begin with `127.0.0.1:6379> ` go to one redis-cli.
- Blocks of Python without a caption are run one after another in one program, after the page's own preparation; they
  may await.

Ports that the pages name are replaced by free ones, so that pages may run beside each other and beside a server in use.
The programs are those of this source tree.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from docs.blocks import ROOT, Block

from oracle.servers import die_with_parent

DOCUMENTED_PORTS = re.compile(r"\b(6379|638\d|700\d|8081|9121|26379|2638\d)\b")
#: Programs of ours: where each is.
PROGRAMS = {
    "miniredis-server": "miniredis.app.main:server",
    "miniredis-sentinel": "miniredis.app.main:sentinel",
    "miniredis-cluster": "miniredis.app.main:cluster",
    "miniredis-benchmark": "miniredis.benchmark.main:main",
    "miniredis-gencert": "miniredis.app.gencert:main",
    "miniredis-check-aof": "miniredis.persistence.check_aof:main",
    "miniredis-check-rdb": "miniredis.persistence.check_rdb:main",
    "twistd": "twisted.scripts.twistd:run",
}
#: What shows that a program is ready which runs until it is ended.
READY = {
    "miniredis-server": "Ready to accept connections",
    "redis-server": "Ready to accept connections",
    "twistd": "Ready to accept connections",
    "miniredis-sentinel": "Sentinel ID is",
    "miniredis-cluster": "The cluster is ready",
}
ENDS_BY_ITSELF = re.compile(r"--(help|version|check|test)\b|--daemonize yes")
SECONDS = 60.0
PROMPT = re.compile(r"127\.0\.0\.1:6379(\(TX\))?> ")


class PageFailed(AssertionError):
    """What the page shows is not so."""


class Session:
    """One page: its folder, the ports that stand for those it names, what runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder.parent / f"{folder.name}-programs"
        self._ports: dict[str, int] = {}
        self._running: list[tuple[subprocess.Popen[bytes], Path]] = []
        folder.mkdir(exist_ok=True)
        self._write_programs()
        self.env = {
            **os.environ,
            "PATH": f"{self.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "COLUMNS": "120",
        }
        # What the machine, or this run, would have them do otherwise; coverage is measured by tests that look closer.
        for name in ("REDISCLI_AUTH", "PYTHONPATH", "PYTEST_ADDOPTS", "COVERAGE_PROCESS_CONFIG"):
            self.env.pop(name, None)

    def _write_programs(self) -> None:
        self.bin.mkdir()
        python = shlex.quote(sys.executable)
        texts = {}
        for name, place in PROGRAMS.items():
            module, function = place.split(":")
            start = f"import sys; from {module} import {function} as run; sys.argv[0] = '{name}'; sys.exit(run())"
            texts[name] = f'exec {python} -c "{start}" "$@"'
        texts["python"] = f'exec {python} "$@"'
        texts["trial"] = f'exec {python} -m twisted.trial "$@"'
        # Only our plugin, which an installed package brings along.
        plugins = "--disable-plugin-autoload -p miniredis.testing.plugin"
        texts["pytest"] = f'exec {python} -m pytest -c /dev/null --rootdir . {plugins} "$@"'
        # Formatted as for a terminal, and on the port that stands for the usual one.
        texts["redis-cli"] = f'exec {shutil.which("redis-cli")} -p {self.port_for("6379")} --no-raw "$@"'
        for name, text in texts.items():
            path = self.bin / name
            path.write_text(f'#!/bin/sh\nexport PYTHONPATH="${{PYTHONPATH:-}}:{ROOT}"\n{text}\n')
            path.chmod(0o755)

    # -- ports

    def port_for(self, documented: str) -> int:
        """The free port that stands for one that a page names; low enough for a bus 10,000 above it."""
        family, place = documented[:-1], int(documented[-1])
        if family not in self._ports:  # a page may count on ports that follow each other
            self._ports[family] = low_free_ports(set(self._ports.values()))
        return self._ports[family] + place

    def placed(self, text: str) -> str:
        return DOCUMENTED_PORTS.sub(lambda found: str(self.port_for(found.group())), text)

    # -- blocks

    def write_file(self, block: Block) -> None:
        path = self.folder / block.caption
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.placed(block.text))

    def run_console(self, block: Block) -> None:
        for command, expected in commands_of(block.text):
            if PROMPT.match(command):
                self._ensure_server()
                shown = self.shown_by("redis-cli", self.placed(PROMPT.sub("", command)) + "\n")
                self._compare(block, command, expected, shown)
            elif program_of(command) in READY and not ENDS_BY_ITSELF.search(command):
                self.start(command, expected)
            else:
                if program_of(command) in ("redis-cli", "python"):
                    self._ensure_server()
                self._compare(block, command, expected, self.shown_by(command))

    def run_python(self, blocks: list[Block], preparation: str) -> None:
        """All of them in one program under a reactor."""
        self._ensure_server()
        pieces = [("preparation", preparation), *((str(block), block.text) for block in blocks)]
        program = self.folder / "fragments.py"
        program.write_text(FRAGMENTS.replace("PIECES", repr([(name, self.placed(text)) for name, text in pieces])))
        self.shown_by(f"python {program.name}")

    # -- processes

    def shown_by(self, command: str, typed: str = "") -> str:
        """What a command shows that ends by itself, and ends well."""
        done = subprocess.run(
            ["bash", "-c", self.placed(command)],
            cwd=self.folder,
            env=self.env,
            input=typed.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            preexec_fn=die_with_parent,
        )
        output = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            raise PageFailed(f"`{command}` ended with {done.returncode}:\n{output}\n{self._outputs()}")
        return output

    def start(self, command: str, expected: str = "") -> None:
        """Run a server until the end of the page; returns when it is ready and has shown what is expected."""
        path = self.folder.parent / f"{self.folder.name}-{len(self._running)}.log"
        with path.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", "exec env " + self.placed(command)],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        self._running.append((process, path))
        wanted = [f"...{READY[program_of(command)]}...", *self.placed(expected).splitlines()]
        deadline = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            shown = path.read_text().splitlines()
            if all(any(matches(line, each) for each in shown) for line in wanted):
                return
            time.sleep(0.02)
        raise PageFailed(f"`{command}` did not become ready:\n{path.read_text()[-4000:]}")

    def _ensure_server(self) -> None:
        """A reader who has come this far has a server running."""
        if not self._running:
            self.start('miniredis-server --port 6379 --save ""')

    def _compare(self, block: Block, command: str, expected: str, shown: str) -> None:
        if expected and not matches(self.placed(expected).strip(), shown.strip()):
            raise PageFailed(
                f"{block}: `{command}` shows\n{shown}\nand not\n{self.placed(expected)}\n{self._outputs()}"
            )

    def _outputs(self) -> str:
        return "\n".join(f"{path.name}:\n{path.read_text()[-2000:]}" for _, path in self._running)

    def close(self) -> None:
        for process, _ in reversed(self._running):
            process.terminate()
        for process, _ in self._running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


#: Runs pieces of Python that may await, in one namespace, under the reactor.
FRAGMENTS = """\
import ast, inspect, linecache
from twisted.internet.defer import Deferred
from twisted.internet.task import react

async def main(reactor):
    names = {"__name__": "fragments", "reactor": reactor}
    for name, text in PIECES:
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        code = compile(text, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, names)
        if inspect.iscoroutine(waiting):
            await waiting

react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
"""


def low_free_ports(taken: set[int]) -> int:
    """The first of ten free ports below 30,000: by the process's number, so that pages side by side rarely meet."""
    first = 12_000 + os.getpid() * 170 % 15_000
    while first in taken or not all(is_free(first + place) for place in range(10)):
        first += 10
    return first


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def program_of(command: str) -> str:
    """The program that a command runs, behind what it puts into the environment."""
    return next((word for word in command.split() if "=" not in word), "")


def commands_of(text: str) -> list[tuple[str, str]]:
    """(command, what it shows).  Lines for redis-cli make one command, and so do their replies."""
    found: list[tuple[list[str], list[str]]] = []
    lines = iter(text.splitlines())
    for line in lines:
        if PROMPT.match(line):
            if found and PROMPT.match(found[-1][0][0]):
                found[-1][0].append(line)
            else:
                found.append(([line], []))
        elif line.startswith("$ "):
            command = [line[2:]]
            while command[-1].endswith("\\"):
                command.append(next(lines))
            found.append((command, []))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            raise PageFailed(f"a console block begins with what no command shows: {line}")
    return [("\n".join(command), "\n".join(shown)) for command, shown in found]


def matches(expected: str, shown: str) -> bool:
    """`...` stands for anything, line breaks included; blanks at the ends of lines do not count."""
    expected, shown = ("\n".join(line.rstrip() for line in each.splitlines()) for each in (expected, shown))
    pattern = ".*".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, shown, re.DOTALL) is not None
