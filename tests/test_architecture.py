"""The rules of the house, read off the source: arrows, who may touch Twisted, clocks, chance and files, sizes, names.

They are described in docs/architecture.rst.  A rule is changed there and here, never worked around.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "miniredis"

#: A package imports only from those before it.
ORDER = (
    "resp",
    "config",
    "datatypes",
    "formats",
    "keyspace",
    "commands",
    "dispatch",
    "scripting",
    "persistence",
    "replication",
    "cluster",
    "sentinel",
    "modules",
    "server",
    "web",
    "app",
    "client",
    "benchmark",
    "testing",
)
INNER = ORDER[: ORDER.index("scripting") + 1]
#: They meet the engine through its interfaces, never each other.
STRANGERS = {"persistence", "replication", "cluster", "sentinel"}
TWISTED_PACKAGES = {"server", "web", "app", "client", "benchmark", "testing"}
TWISTED_FILES = {"service.py", "bus.py", "link.py"}
#: What reads a clock, chance, a file or a socket: inner packages get these passed in.
IMPURE = {
    "asyncio",
    "datetime",
    "glob",
    "io",
    "multiprocessing",
    "os",
    "pathlib",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uuid",
}
IMPURE_CALLS = {"open", "input", "print", "eval", "exec", "compile"}
#: Of `random` only the type that is passed in.
RANDOM_NAMES = {"Random"}
MOST_LINES = 520
FORBIDDEN_WORDS = {"manager", "handler", "helper", "utils", "misc"}


@dataclass(frozen=True)
class Import:
    """`name` is "" for a plain import; `deferred`: inside a function; `typing`: for the checker only."""

    module: str
    name: str
    line: int
    deferred: bool
    typing: bool


class Source:
    """A module of the package, parsed once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()
        self.tree = ast.parse(self.text)
        self.parts = path.relative_to(PACKAGE).parts
        self.package = self.parts[0] if len(self.parts) > 1 else ""
        dotted = ["miniredis", *self.parts[:-1], path.stem]
        self.name = ".".join(dotted[:-1] if path.stem == "__init__" else dotted)
        self.imports = list(self._imports(self.tree, False, False))

    def _imports(self, node: ast.AST, deferred: bool, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, "", child.lineno, deferred, typing)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    anchor = self.name.split(".") if self.path.stem == "__init__" else self.name.split(".")[:-1]
                    base = ".".join([*anchor[: len(anchor) - child.level + 1], *filter(None, [base])])
                for alias in child.names:
                    yield Import(base, alias.name, child.lineno, deferred, typing)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                for statement in child.body:
                    yield from self._imports(ast.Module([statement], []), deferred, True)
                for statement in child.orelse:
                    yield from self._imports(ast.Module([statement], []), deferred, typing)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from self._imports(child, deferred or inside, typing)

    def at(self, line: int) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}"


SOURCES = [Source(path) for path in sorted(PACKAGE.rglob("*.py"))]
MODULES = {source.name for source in SOURCES}


def inner_sources() -> list[Source]:
    return [source for source in SOURCES if source.package in INNER and source.path.name not in TWISTED_FILES]


def imported_package(item: Import) -> str | None:
    """The package of ours that is imported from; "" is the top of miniredis itself, None is not ours."""
    full = item.module.split(".")
    if full[0] != "miniredis":
        return None
    if len(full) > 1:
        return full[1]
    return item.name if item.name in ORDER else ""


def test_every_package_has_its_place() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(ORDER)


def test_arrows_point_down_the_list_only() -> None:
    wrong = []
    for source in SOURCES:
        for item in source.imports:
            target = imported_package(item)
            if not target or target == source.package:
                continue
            if not source.package:
                wrong.append(f"{source.at(item.line)}: the top of the package imports {target}")
            elif source.package == "client" and target != "resp":
                wrong.append(f"{source.at(item.line)}: client needs resp only, not {target}")
            elif ORDER.index(target) > ORDER.index(source.package):
                wrong.append(f"{source.at(item.line)}: {source.package} imports {target}, which stands below it")
            elif {source.package, target} <= STRANGERS:
                wrong.append(f"{source.at(item.line)}: {source.package} and {target} never import each other")
    assert not wrong, "\n".join(wrong)


def test_modules_do_not_import_in_circles() -> None:
    graph: dict[str, set[str]] = {source.name: set() for source in SOURCES}
    for source in SOURCES:
        for item in source.imports:
            if item.deferred or item.typing:
                continue
            submodule = f"{item.module}.{item.name}"
            target = submodule if submodule in MODULES else item.module
            if target in MODULES and target != source.name:
                graph[source.name].add(target)
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        assert module not in path, "a circle: " + " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for target in sorted(graph[module]):
                visit(target, [*path, module])
            done.add(module)

    for module in sorted(graph):
        visit(module, [])


def needs_no_reactor(item: Import) -> bool:
    """Deferred and the Failure its errbacks get."""
    full = f"{item.module}.{item.name}"
    return full.startswith(("twisted.internet.defer.", "twisted.python.failure.")) or full == "twisted.internet.defer"


def test_twisted_is_known_at_the_edge_only() -> None:
    wrong = []
    for source in SOURCES:
        if source.package in TWISTED_PACKAGES or source.path.name in TWISTED_FILES:
            continue
        for item in source.imports:
            if item.module.split(".")[0] in ("twisted", "zope") and not needs_no_reactor(item):
                wrong.append(f"{source.at(item.line)}: {item.module} {item.name}")
    assert not wrong, "\n".join(wrong)


def test_nothing_installs_the_reactor_by_importing() -> None:
    wrong = [
        source.at(item.line)
        for source in SOURCES
        for item in source.imports
        if not item.deferred
        and not item.typing
        and (item.module == "twisted.internet.reactor" or (item.module, item.name) == ("twisted.internet", "reactor"))
    ]
    assert not wrong, "\n".join(wrong)


def test_inner_packages_read_no_clock_chance_file_or_socket() -> None:
    wrong = []
    for source in inner_sources():
        for item in source.imports:
            top = item.module.split(".")[0]
            if top in IMPURE and not item.typing:
                wrong.append(f"{source.at(item.line)}: imports {item.module}")
            if top == "random" and item.name and item.name not in RANDOM_NAMES:
                wrong.append(f"{source.at(item.line)}: imports random.{item.name}")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "random":
                plain = any(item.module == "random" and not item.name for item in source.imports)
                if plain and node.attr not in RANDOM_NAMES:
                    wrong.append(f"{source.at(node.lineno)}: random.{node.attr}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                wrong.append(f"{source.at(node.lineno)}: {node.func.id}()")
    assert not wrong, "\n".join(wrong)


def test_no_module_is_too_long() -> None:
    long = [f"{source.at(1)}: {count} lines" for source in SOURCES if (count := source.text.count("\n")) > MOST_LINES]
    assert not long, "split by meaning:\n" + "\n".join(long)


def name_words(name: str) -> set[str]:
    """`EventHandler`, `event_handler` and `eventHandler` hold the same words."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.parametrize("name", ["EventHandler", "event_handler", "eventHandler", "utils", "HTTPHandler"])
def test_forbidden_words_are_found_in_any_spelling(name: str) -> None:
    assert name_words(name) & FORBIDDEN_WORDS


def test_names_say_what_a_thing_is() -> None:
    wrong = []
    for source in SOURCES:
        if name_words(source.path.stem) & FORBIDDEN_WORDS:
            wrong.append(source.at(1))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
                name_words(node.name) & FORBIDDEN_WORDS
            ):
                wrong.append(f"{source.at(node.lineno)}: {node.name}")
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_is_for() -> None:
    silent = [source.at(1) for source in SOURCES if not ast.get_docstring(source.tree)]
    assert not silent, "\n".join(silent)


def test_only_one_place_knows_the_version() -> None:
    texts = {source.path.name: source.text for source in SOURCES if "__version__ =" in source.text}
    assert list(texts) == ["__init__.py"]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def test_no_file_names_a_place_on_one_machine() -> None:
    places = re.compile(rb"/(?:work|root|home|Users)/[\w.]")
    wrong = []
    for path in tracked_files():
        if path == Path(__file__) or not path.is_file():
            continue
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if places.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]!r}")
    assert not wrong, "\n".join(wrong)


def test_every_group_of_commands_is_assembled() -> None:
    from miniredis.app.assembly import COMMAND_GROUPS, sentinel_groups

    assembled = COMMAND_GROUPS + sentinel_groups()
    declared = {
        source.name: importlib.import_module(source.name).group
        for source in SOURCES
        if re.search(r"^group = CommandGroup", source.text, re.MULTILINE)
    }
    assert [name for name, group in declared.items() if group not in assembled] == []


def test_a_name_stands_for_one_kind_of_exception_in_a_function() -> None:
    """Compiled code gives a variable the type of its first use: a second `except B as problem` would be a TypeError."""
    wrong = []
    for source in inner_sources():
        for function in [node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)]:
            kinds: dict[str, set[str]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.ExceptHandler) and node.name and node.type is not None:
                    kinds.setdefault(node.name, set()).add(ast.dump(node.type))
            wrong += [source.at(function.lineno) for found in kinds.values() if len(found) > 1]
    assert not wrong, "one name for each kind of exception: " + ", ".join(wrong)


def test_neither_plugin_folder_is_a_package() -> None:
    assert not list((ROOT / "twisted").rglob("__init__.py"))
    assert list((ROOT / "twisted" / "plugins").glob("*.py")) == [ROOT / "twisted" / "plugins" / "miniredis_plugin.py"]
