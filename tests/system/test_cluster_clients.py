"""Cluster clients of other makers, each in an environment of its own: they follow a slot that moves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from system.conftest import ROOT
from system.nodes import NodeProcess, Nodes, run_cli

#: Environments that a run makes are kept for the next.
CLIENTS = ROOT / "build" / "clients"

GLIDE = """
import asyncio, sys
from glide import GlideClusterClient, GlideClusterClientConfiguration, NodeAddress
async def main():
    where = [NodeAddress('127.0.0.1', int(sys.argv[1]))]
    client = await GlideClusterClient.create(GlideClusterClientConfiguration(where, request_timeout=10000))
    print('ready', flush=True)
    for turn in sys.stdin:
        for number in range(200):
            assert await client.set(f'glide{number}', turn + str(number)) == 'OK'
        for number in range(200):
            assert await client.get(f'glide{number}') == (turn + str(number)).encode()
        await client.mset({f'many{number}': str(number) for number in range(50)})
        assert await client.mget(['many1', 'many2']) == [b'1', b'2']
        print('done', flush=True)
    await client.close()
asyncio.run(main())
"""

IOREDIS = """
const Redis = require('ioredis');
const client = new Redis.Cluster([{host: '127.0.0.1', port: Number(process.argv[1])}]);
const lines = require('readline').createInterface({input: process.stdin});
client.on('ready', () => console.log('ready'));
(async () => {
  for await (const turn of lines) {
    for (let n = 0; n < 200; n++) await client.set('node' + n, turn + n);
    for (let n = 0; n < 200; n++) if (await client.get('node' + n) !== turn + n) throw new Error('another value');
    const pipeline = client.pipeline();
    for (let n = 0; n < 10; n++) pipeline.incr('{tag}' + n);
    for (const [problem] of await pipeline.exec()) if (problem) throw problem;
    console.log('done');
  }
  client.disconnect();
})();
"""


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    running = Nodes([NodeProcess() for _ in range(3)], 0)
    yield running
    running.remove()


def glide_command(port: int) -> list[str]:
    folder = CLIENTS / "valkey-glide"
    if not (folder / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-qq", "valkey-glide"], check=True)
        (folder / "made").touch()
    return [str(folder / "bin" / "python"), "-c", GLIDE, str(port)]


def ioredis_command(port: int) -> list[str]:
    folder = CLIENTS / "ioredis"
    if not (folder / "node_modules" / "ioredis").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), "ioredis"], check=True)
    return ["node", "-e", IOREDIS, str(port)]


def expect(running: subprocess.Popen[str], word: str) -> None:
    """Read up to a line with this word; clients log there what they were told of slots that moved."""
    assert running.stdout is not None
    lines: list[str] = []
    for line in running.stdout:
        if line == word + "\n":
            return
        lines.append(line)
    raise AssertionError("".join(lines))


def environment_of(client: str) -> Path:
    return CLIENTS / client


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", ["valkey-glide", "ioredis"])
def test_a_client_follows_slots_that_move(nodes: Nodes, client: str) -> None:
    first, second, _ = nodes.processes
    command = (glide_command if client == "valkey-glide" else ioredis_command)(first.port)
    running = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=environment_of(client)
    )
    assert running.stdin is not None
    try:
        expect(running, "ready")
        for turn in range(2):
            running.stdin.write(f"turn {turn} \n")
            expect(running, "done")
            source, target = (first, second) if turn == 0 else (second, first)
            run_cli("--cluster", "reshard", first.address, "--cluster-from", source.id(), "--cluster-to", target.id(),
                    "--cluster-slots", "50", "--cluster-yes")  # fmt: skip
        running.stdin.write("last turn \n")
        expect(running, "done")
        running.stdin.close()
        assert running.wait(30) == 0
    finally:
        running.kill()
        running.wait()
