"""The module that the documentation shows works as it stands there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from modules.servers import call, serving

PAGE = Path(__file__).resolve().parents[2] / "docs" / "modules.rst"


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = re.search(r":caption: counters\.py\n\n((?:   .*\n|\n)+)", PAGE.read_text())
    assert found is not None
    (tmp_path / "counters.py").write_text(textwrap.dedent(found.group(1)))
    monkeypatch.syspath_prepend(tmp_path)
    _, client = serving(b"counters")
    assert call(client, "COUNT.ADD k 5") == b":5\r\n"
    assert call(client, "COUNT.ADD k -2") == b":3\r\n"
    assert call(client, "COUNT.GET k") == b":3\r\n"
    assert call(client, "COPY k twin") == b":1\r\n"
    assert call(client, "COUNT.GET twin") == b":3\r\n"
    assert call(client, "TYPE k") == b"+my-countr\r\n"


def test_every_shipped_module_loads():
    shipped = re.findall(r"loadmodule (miniredis\.modules\.\w+)", PAGE.read_text())
    assert len(shipped) == 4
    _, client = serving(*[name.encode() for name in shipped])
    assert call(client, "MODULE LIST").startswith(b"*4\r\n")
