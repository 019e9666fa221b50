"""What the documentation shows is so: every block of code in it is run, or read by what reads such text.

A page is one session (see session.py).  Whoever changes a page and breaks it finds out here, and so does whoever
changes the program and forgets the page.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docs.blocks import PAGES, Block, blocks_of
from docs.preparations import BESIDE, PREPARATIONS
from docs.session import Session
from miniredis.config.config import Config
from miniredis.config.reader import read_lines

LANGUAGES = {"python", "console", "redis-conf", "ini", "yaml", "text"}
#: Blocks that no test runs: page, first line, and why.
NOT_RUN = {
    ("CONTRIBUTING.rst", "$ make lint"): "they run the tests that would run them",
    ("README.rst", "$ make run"): "makes a virtual environment and compiles; tests/system does so with the wheel",
    ("README.rst", "$ make test"): "runs the test that would run it",
    ("README.rst", "$ make bench"): "takes an hour and an idle machine",
    ("README.rst", "$ pip install ."): "changes the environment; make dist tries it in an empty one",
    ("QUICKSTART.rst", "$ python3 -m venv here"): "installs; make dist does so in an empty environment",
    ("operations.rst", "$ python3 -m venv /opt/miniredis"): "changes the machine; tests/system checks the units",
    (
        "operations.rst",
        "$ docker build -t miniredis .",
    ): "needs Docker; tests/system runs its steps",
    ("console.rst", "$ ssh -L 8081:127.0.0.1:8081 server"): "needs another machine",
    ("releasing.rst", "$ make news"): "changes the news and this tree",
}

BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def key(block: Block) -> tuple[str, str]:
    return block.page, block.first_line


def to_run(page: str) -> list[Block]:
    return [block for block in BLOCKS if block.page == page and key(block) not in NOT_RUN]


SESSIONS = [page.name for page in PAGES if any(block.language in ("python", "console") for block in to_run(page.name))]


def in_language(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    running = Session(tmp_path / "page")
    yield running
    running.close()


def test_every_block_says_its_language() -> None:
    assert [f"{block}: {block.language or 'none'}" for block in BLOCKS if block.language not in LANGUAGES] == []


def test_what_is_not_run_is_there() -> None:
    assert set(NOT_RUN) - {key(block) for block in BLOCKS} == set()


def test_plain_text_is_no_code() -> None:
    code = ("$ ", "import ", "from ", "def ", "127.0.0.1:6379>")
    assert [str(block) for block in in_language("text") if block.first_line.startswith(code)] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", SESSIONS)
def test_a_page_does_what_it_shows(page: str, session: Session) -> None:
    blocks = to_run(page)
    for command in BESIDE.get(page, []):
        session.start(command)
    for block in blocks:
        if block.caption:
            session.write_file(block)
        elif block.language == "console":
            session.run_console(block)
    fragments = [block for block in blocks if block.language == "python" and not block.caption]
    if fragments:
        session.run_python(fragments, PREPARATIONS.get(page, ""))


@pytest.mark.parametrize("block", in_language("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    import ast

    compile(block.text, str(block), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("block", in_language("redis-conf"), ids=str)
def test_a_configuration_is_read(block: Block) -> None:
    config = Config(sentinel="sentinel monitor" in block.text)
    config.load(read_lines(block.text.encode(), str(block)))


@pytest.mark.parametrize("block", in_language("ini", "yaml"), ids=str)
def test_files_of_others_are_well_formed(block: Block) -> None:
    if block.language == "yaml":
        assert isinstance(yaml.safe_load(block.text), dict)
    else:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read_string(block.text)
        assert parser.sections()
