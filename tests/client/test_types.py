"""What a type checker says of the client's methods: the file below is checked by mypy, strict, as a user's would be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: Expressions, and their types; `client` answers bytes, `text` str.
TYPES = {
    'await client.get(b"k")': "bytes | None",
    'await text.get("k")': "str | None",
    'await client.incr("n")': "int",
    'await client.hgetall("h")': "dict[bytes, bytes]",
    'await text.hgetall("h")': "dict[str, str]",
    'await client.mget("a", "b")': "list[bytes | None]",
    'await client.smembers("s")': "set[bytes]",
    'await client.zscore("z", "m")': "float | None",
    'await client.zrange("z", 0, -1)': "list[bytes]",
    'await client.zrange("z", 0, -1, withscores=True)': "list[tuple[bytes, float]]",
    'await client.spop("s", count=2)': "set[bytes]",
    'await client.lpop("l")': "bytes | None",
    'await client.scan(0)': "tuple[int, list[bytes]]",
    'await client.xrange("x", "-", "+")': "list[tuple[bytes, dict[bytes, bytes]]]",
    'await client.ping()': "bytes",
    'await client.info()': "bytes",
    'await client.execute("GET", "k")': "Any",
    'await cluster.get("k")': "bytes | None",
    'await cluster.info()': "dict[str, bytes]",
    'client.pipeline().get("k")': "twisted.internet.defer.Deferred[bytes | None]",
    'await client.subscriber().next()': "miniredis.client.subscriber.Message[bytes]",
    '(await text.subscriber().next()).data': "str",
    '[key async for key in text.scan_iter()]': "list[str]",
}  # fmt: skip
FILE = """
from miniredis.client import Client, Cluster, connect, connect_cluster

async def work(client: Client[bytes], text: Client[str], cluster: Cluster[bytes]) -> None:
{lines}

reveal_type(connect("redis://h"))
reveal_type(connect("redis://h", decode_responses=True))
reveal_type(connect_cluster("redis+cluster://h"))
connect("redis://h").set()
connect("redis://h").bitop("NAND", "a", "b")
"""


def test_mypy_knows_what_a_call_returns(tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    user.write_text(FILE.format(lines="\n".join(f"    reveal_type({call})" for call in TYPES)))
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "setup.cfg"), "--no-error-summary"]
    command += ["--cache-dir", str(ROOT / ".mypy_cache"), "--follow-imports", "silent", str(user)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=250)
    revealed = re.findall(r'Revealed type is "(.*)"', done.stdout)
    plain = [re.sub(r"builtins\.", "", each) for each in revealed]
    assert plain[: len(TYPES)] == list(TYPES.values()), done.stdout + done.stderr
    assert plain[len(TYPES) :] == [
        "miniredis.client.client.Client[bytes]",
        "miniredis.client.client.Client[str]",
        "miniredis.client.cluster.Cluster[bytes]",
    ]
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert [re.findall(r"\[([\w-]+)\]$", line)[0] for line in errors] == ["call-arg", "arg-type"], done.stdout
