"""Start a server, set and get a key, stop it: `smoke.py COMMAND...`; the port and folder are added."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from oracle.servers import ServerProcess


def main() -> int:
    command = [str(Path(sys.argv[1]).absolute()), *sys.argv[2:], "--port", "{port}", "--dir", "{dir}"]
    server = ServerProcess(command)
    try:
        server.wait_ready()
        client = server.connect()
        assert client(b"SET", b"key", b"value") == b"+OK\r\n"
        assert client(b"GET", b"key") == b"$5\r\nvalue\r\n"
        client.close()
        status = server.stop()
        assert status == 0, f"exit status {status}:\n{server.output}"
    finally:
        server.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
