"""Cluster clients of other makers, each in an environment of its own: they follow a slot that moves."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from system.environments import node_environment, python_environment
from system.nodes import NodeProcess, Nodes, run_cli, wait_agreed

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


def expect(running: subprocess.Popen[str], word: str) -> None:
    """Read up to a line with this word; clients log there what they were told of slots that moved."""
    assert running.stdout is not None
    lines: list[str] = []
    for line in running.stdout:
        if line == word + "\n":
            return
        lines.append(line)
    raise AssertionError("".join(lines))


def started(client: str, port: int) -> subprocess.Popen[str]:
    if client == "valkey-glide":
        folder = python_environment(client)
        command = [str(folder / "python"), "-c", GLIDE, str(port)]
    else:
        folder = node_environment(client)
        command = ["node", "-e", IOREDIS, str(port)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", ["valkey-glide", "ioredis"])
def test_a_client_follows_slots_that_move(nodes: Nodes, client: str) -> None:
    first, second, _ = nodes.processes
    running = started(client, first.port)
    assert running.stdin is not None
    try:
        expect(running, "ready")
        for turn in range(2):
            running.stdin.write(f"turn {turn} \n")
            expect(running, "done")
            source, target = (first, second) if turn == 0 else (second, first)
            wait_agreed(first.address)
            run_cli("--cluster", "reshard", first.address, "--cluster-from", source.id(), "--cluster-to", target.id(),
                    "--cluster-slots", "50", "--cluster-yes")  # fmt: skip
        running.stdin.write("last turn \n")
        expect(running, "done")
        running.stdin.close()
        assert running.wait(30) == 0
    finally:
        running.kill()
        running.wait()
