"""What is written from the declarations of the commands: it is up to date, and each method makes its command."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from miniredis.client.facts import facts_of
from miniredis.client.methods import Methods
from miniredis.client.methods_all_nodes import AllNodesMethods
from miniredis.client.methods_one_node import OneNodeMethods
from miniredis.client.values import words_of
from miniredis.commands.declaration import Command

ROOT = Path(__file__).resolve().parent.parent.parent


def load_generator() -> Any:
    spec = importlib.util.spec_from_file_location("client_commands", ROOT / "docs" / "client_commands.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = load_generator()
COMMANDS: dict[str, Command] = {generator.method_name(command): command for command in generator.commands()}


class Recorder(Methods[bytes], OneNodeMethods[bytes]):
    def __init__(self) -> None:
        self.words: list[bytes] = []

    def execute(self, *words: Any) -> Deferred[Any]:
        self.words = words_of(words)
        return succeed(None)


#: One of their options must be there, and no signature says which.
NEEDED: dict[str, dict[str, Any]] = {
    "bitfield": {},
    "client_kill": {"type_": "normal", "user": "default"},
    "client_setinfo": {"lib_name": "x"},
    "cluster_replicate": {"node_id": "x"},
    "cluster_setslot": {"stable": True},
    "cluster_slot_stats": {"orderby": "x", "limit": 1},
    "geosearch": {"frommember": "x", "byradius": (1, "M")},
    "geosearchstore": {"frommember": "x", "byradius": (1, "M")},
    "replicaof": {"no_one": True},
    "slaveof": {"no_one": True},
    "xtrim": {"maxlen": 1},
}
METHODS = sorted(name for name, _ in inspect.getmembers(Recorder) if name in COMMANDS)


def test_the_files_are_up_to_date(tmp_path):
    for path, text in generator.texts().items():
        (tmp_path / path.name).write_text(text)
    ruff = Path(sys.executable).parent / "ruff"
    subprocess.run([ruff, "format", "-q", "--config", ROOT / "ruff.toml", tmp_path], check=True)
    stale = [path.name for path in generator.texts() if (tmp_path / path.name).read_text() != path.read_text()]
    assert not stale, f"run docs/client_commands.py: {stale}"


def test_there_is_a_method_for_every_command():
    missing = {
        name
        for name, command in COMMANDS.items()
        if generator.full_name(command) not in generator.OWN_FORM
        and not (command.code is None and generator.is_container(command))
    } - set(METHODS)
    assert not missing


def example(annotation: str, number: int) -> Any:
    if annotation.startswith("Literal["):
        return re.findall(r"\w[\w-]*", annotation)[1]
    if annotation.startswith("tuple["):
        return (number,) * (re.sub(r"Literal\[[^]]*\]", "Literal", annotation).count(",") + 1)
    if annotation.startswith("Mapping["):
        return {f"field{number}": number}
    if annotation.startswith("Sequence[Sequence"):
        return [(number, number + 1000, number + 2000)]
    if annotation == "Sequence[Value]":
        return ("GET", "u8", number)
    if annotation == "bool":
        return True
    return [number] if annotation == "Values" else number


class Nodes(AllNodesMethods[bytes]):
    """Two nodes, each of which answers with an empty list."""

    def __init__(self) -> None:
        self.words: list[bytes] = []

    def execute(self, *words: Any) -> Deferred[Any]:
        self.words = words_of(words)
        return succeed({"a:1": [], "b:2": None})


def test_what_all_nodes_are_asked_is_what_one_is_asked():
    told = [name for name in vars(AllNodesMethods) if name in COMMANDS]
    assert set(told) == {name for name in vars(OneNodeMethods) if name in COMMANDS}
    assert len(told) >= 10
    for name in told:
        one, both = Recorder(), Nodes()
        values = {"latency_graph": ["x"], "latency_history": ["x"]}.get(name, [])
        getattr(one, name)(*values)
        found: list[Any] = []
        getattr(both, name)(*values).addCallback(found.append)
        assert one.words == both.words
        assert found in ([{"a:1": [], "b:2": None}], [{"a:1": {}, "b:2": None}])


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("everything", [False, True], ids=["least", "most"])
def test_a_method_makes_its_command(name, everything):
    command = COMMANDS[name]
    recorder = Recorder()
    method = getattr(recorder, name)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    numbers = []
    for number, parameter in enumerate(inspect.signature(method).parameters.values(), 101):
        annotation = parameter.annotation.removesuffix(" | None")
        if parameter.default is not parameter.empty and not everything:
            continue
        if annotation in ("Value", "int", "float | str", "Values"):
            numbers.append(b"%d" % number)
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = example(annotation, number)
        else:
            positional.append(example(annotation, number))
    if not everything:
        named |= NEEDED.get(name, {})
    method(*positional, **named)
    words = recorder.words
    start = generator.full_name(command).upper().encode().split(b"|")
    assert words[: len(start)] == start
    assert [number for number in numbers if number not in words] == []
    if "*arguments" not in str(inspect.signature(method)):
        assert len(words) >= command.min_arguments


@pytest.mark.parametrize(
    ("words", "positions"),
    [
        ("GET k", [1]),
        ("MSET a 1 b 2", [1, 3]),
        ("DEL a b c", [1, 2, 3]),
        ("EVAL script 2 a b c", [3, 4]),
        ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", [1, 3, 4]),
        ("XREAD COUNT 1 STREAMS a b 0 0", [4, 5]),
        ("OBJECT ENCODING k", [2]),
        ("BLPOP a b 0", [1, 2]),
        ("PING", []),
        ("CONFIG GET maxmemory", []),
        ("XGROUP CREATE s g 0", [2]),
        ("EVAL script none", []),
        ("NOBODYKNOWS k v", [1]),
        ("CONFIG NOBODYKNOWS", []),
        ("GET", []),
        ("MIGRATE host port '' 0 10 KEYS a b", [7, 8]),
    ],
)
def test_keys_are_found(words, positions):
    plain = words.encode().split()
    found = facts_of(plain).key_positions(plain)
    assert [place for place in found if plain[place] != b"''"] == positions


def test_facts_say_what_a_command_does():
    assert facts_of([b"get"]).reads and facts_of([b"GET"]).cacheable
    assert facts_of([b"SET"]).writes
    assert facts_of([b"BLPOP"]).blocks
    assert not facts_of([b"WAIT"]).blocks
    assert facts_of([b"SUBSCRIBE"]).own_form and facts_of([b"client", b"reply"]).own_form
    assert facts_of([b"DBSIZE"]).response_policy == "agg_sum"
