"""Start a server, set and get a key, see its pages, stop it: `smoke.py COMMAND...`; ports and folder are added."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from oracle.servers import ServerProcess, free_port


def main() -> int:
    web = free_port()
    words = ["--port", "{port}", "--dir", "{dir}", "--web-port", str(web)]
    command = [str(Path(sys.argv[1]).absolute()), *sys.argv[2:], *words]
    server = ServerProcess(command)
    try:
        server.wait_ready()
        client = server.connect()
        assert client(b"SET", b"key", b"value") == b"+OK\r\n"
        assert client(b"GET", b"key") == b"$5\r\nvalue\r\n"
        client.close()
        # The files of the console are in the package, too.
        for path in ("", "static/main.js"):
            with urllib.request.urlopen(f"http://127.0.0.1:{web}/{path}", timeout=20) as page:
                assert page.status == 200
        status = server.stop()
        assert status == 0, f"exit status {status}:\n{server.output}"
    finally:
        server.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
