"""tap.conf and the reference page: made from the table, complete, and meaning the defaults."""

from __future__ import annotations

from pathlib import Path

from miniredis.config.config import Config
from miniredis.config.directives import all_directives
from miniredis.config.reader import read_lines
from miniredis.config.reference import DIFFERENT_DEFAULTS, reference_text
from miniredis.config.sample import sample_text

ROOT = Path(__file__).resolve().parents[2]
WORKING = [directive for directive in all_directives() if directive.used and not directive.hidden]


def test_the_file_is_up_to_date() -> None:
    assert (ROOT / "tap.conf").read_text() == sample_text(), (
        "python -c 'from miniredis.config.sample import *; print(sample_text(), end=str())' > tap.conf"
    )


def test_it_means_the_defaults() -> None:
    config = Config()
    config.load(read_lines(sample_text().encode(), "tap.conf"))
    assert all(config.is_default(directive.name) for directive in config.directives())


def test_it_shows_every_directive_that_works() -> None:
    text = sample_text()
    for directive in WORKING:
        assert f"\n{directive.name} " in text or f"\n# {directive.name} " in text, directive.name


def test_its_examples_are_right() -> None:
    lines = [line[2:] for line in sample_text().splitlines() if line.startswith("# ") and line[2] != " "]
    names = {directive.name for directive in WORKING if directive.file_only} | {"replicaof"}
    examples = [line for line in lines if line.split()[0:1] and line.split()[0] in names]
    config = Config(sentinel=True)
    config.load(read_lines("\n".join(examples).encode()))
    assert len(config.lines("rename-command")) == 2


def test_the_reference_names_every_directive() -> None:
    text = reference_text()
    working, _, accepted = text.partition("Accepted without effect")
    for directive in all_directives():
        assert f"``{directive.name}``\n" in (working if directive.used else accepted), directive.name
    assert all(reason in text for reason in DIFFERENT_DEFAULTS.values())
    assert "At the start only." in working
    assert "From Valkey." in working
    assert "Protected:" in working
