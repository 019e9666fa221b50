"""The modules of one server: found by name, checked, put in place as a whole or not at all, and taken out again.

A name is that of an entry point of the group `miniredis.modules`, which an installed package offers, or the dotted
name of a Python module.  Python never forgets a module's code: unloading takes back what it brought to the server.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from miniredis.commands.declaration import Command, add_category
from miniredis.config.config import SetFailed
from miniredis.config.reader import ConfigError
from miniredis.dispatch.executor import Engine
from miniredis.modules.api import GuardedCode, LoadRefused, Module, ModuleServer
from miniredis.modules.values import register_type, unregister_type
from miniredis.resp.errors import ReplyError

ENTRY_POINTS = "miniredis.modules"
#: Categories that a module names for itself look like the server's.
CATEGORY_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


class CannotLoad(Exception):
    """The module cannot be loaded; says why."""


class CannotUnload(Exception):
    """The module has to stay; says why, as the reply tells it."""


def find_module(path: str) -> Module:
    """The module of this name.  Raises `CannotLoad`."""
    # Imported here: half a megabyte that a server without modules need not carry.
    from importlib.metadata import entry_points

    try:
        for entry in entry_points(group=ENTRY_POINTS, name=path):
            found = entry.load()
            break
        else:
            found = getattr(importlib.import_module(path), "module", None)
    except (Exception, SystemExit) as defect:
        raise CannotLoad(f"it cannot be imported: {defect!r}") from defect
    if not isinstance(found, Module):
        raise CannotLoad("it has no Module named `module`")
    return found


class Loaded(ModuleServer):
    """A module in place, and what it takes to undo that."""

    def __init__(self, module: Module, engine: Engine, path: str, arguments: list[bytes]) -> None:
        super().__init__(module, engine, arguments)
        self.path = path
        self.name = module.name.encode()
        self.undoing: list[Callable[[], object]] = []

    def undo(self) -> None:
        while self.undoing:
            self.guarded(self.undoing.pop())


class LoadedModules:
    """All modules of an engine, by name."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.servers: dict[bytes, Loaded] = {}
        engine.modules = self
        engine.info_sources.setdefault(b"modules", []).append(self._info_fields)

    def load_configured(self) -> None:
        """The lines `loadmodule` of the configuration.  Raises `ConfigError`."""
        config = self.engine.config
        for path, *arguments in config.lines("loadmodule"):
            shown = path.decode("utf-8", "replace")
            try:
                self._put_in_place(shown, arguments, [])
            except (CannotLoad, SetFailed) as problem:
                reason = f"Can't load module {shown}: {problem}"
                raise ConfigError("", 0, b"loadmodule " + path, reason.encode()) from problem
        for line in config.unclaimed:
            raise line.error(b"Bad directive: no module that is loaded has it")

    def load(self, path: bytes, arguments: list[bytes], settings: list[tuple[bytes, bytes]]) -> None:
        """Load while the server runs.  Raises `CannotLoad` or `SetFailed`, and then nothing has changed."""
        self._put_in_place(path.decode("utf-8", "replace"), arguments, settings)
        self._note_lines()

    def _put_in_place(self, path: str, arguments: list[bytes], settings: list[tuple[bytes, bytes]]) -> None:
        module = find_module(path)
        loaded = Loaded(module, self.engine, path, arguments)
        if loaded.name in self.servers:
            raise CannotLoad("a module of this name is loaded already")
        try:
            self._add_everything(loaded, settings)
        except (ValueError, LoadRefused, ConfigError) as problem:
            loaded.undo()
            raise CannotLoad(str(problem)) from problem
        except SetFailed:
            loaded.undo()
            raise
        except (Exception, SystemExit) as defect:
            loaded.undo()
            self.engine.log_failure(f"defect in module {module.name}", defect)
            raise CannotLoad(f"its start failed: {defect!r}") from defect
        self.engine.log("notice", f"Module '{module.name}' loaded from {path}")

    def _add_everything(self, loaded: Loaded, settings: list[tuple[bytes, bytes]]) -> None:
        engine = self.engine
        module = loaded.module
        values = engine.keyspace.values
        undoing = loaded.undoing
        for value_class in module.types:
            register_type(values, value_class)
            undoing.append(lambda known=value_class: unregister_type(values, known))  # type: ignore[misc]
        for directive in module.directives:
            if not directive.name.startswith(module.name + "."):
                raise ValueError(f"the directive {directive.name} does not begin with the module's name")
            engine.config.add(directive)
            undoing.append(lambda name=directive.name: engine.config.remove(name))  # type: ignore[misc]
        for directive in module.directives:
            engine.config.claim(directive.name)
        engine.config.set_new([directive.name for directive in module.directives], settings)
        for category in module.categories:
            if not category or not set(category) <= CATEGORY_LETTERS or not add_category(category):
                raise ValueError(f"{category!r} cannot be a category of commands")
        self._add_commands(loaded)
        self.servers[loaded.name] = loaded
        undoing.append(lambda: self.servers.pop(loaded.name))
        engine.module_versions[loaded.name] = module.version
        undoing.append(lambda: engine.module_versions.pop(loaded.name))
        undoing.append(loaded.end)
        if module.start is not None:
            module.start(loaded)

    def _add_commands(self, loaded: Loaded) -> None:
        table = self.engine.commands
        loaded.undoing.append(lambda: self._remove_commands(loaded.name))
        declared = [command for group in loaded.module.groups for command in group.commands]
        for command in sorted(declared, key=lambda command: bool(command.container)):
            table.add_module_command(guarded(command), loaded.name)
        self._rebuild_permissions()

    def _remove_commands(self, name: bytes) -> None:
        self.engine.commands.remove_module(name)
        self._rebuild_permissions()

    def _rebuild_permissions(self) -> None:
        """Users' rules speak of commands that have come, or are gone."""
        acl = self.engine.acl
        for user in {id(user): user for user in (*acl.users.values(), acl.default)}.values():
            for selector in user.selectors:
                selector.rebuild()

    def unload(self, name: bytes) -> None:
        """Take a module out.  Raises `CannotUnload`."""
        loaded = self.servers.get(name)
        if loaded is None:
            raise CannotUnload("no such module with that name")
        if self._is_waited_for(name):
            raise CannotUnload("the module has blocked clients. Please wait for them to be unblocked and try again")
        if self._has_values(loaded):
            raise CannotUnload("the module exports one or more module-side data types, can't unload")
        for session in self.engine.sessions.values():
            if any(queued.command.module == name for queued in session.queued):
                session.queue_is_bad = True
        if loaded.module.stop is not None:
            stop = loaded.module.stop
            loaded.guarded(lambda: stop(loaded))
        loaded.undo()
        self._note_lines()
        self.engine.log("notice", f"Module {name.decode()} unloaded")

    def _is_waited_for(self, name: bytes) -> bool:
        for session in self.engine.sessions.values():
            command = session.last_command
            if session.waiting is not None and command is not None and command.module == name:
                return True
        return False

    def _has_values(self, loaded: Loaded) -> bool:
        """Whether a key holds a value of the module's types: O(keys), until the first is found."""
        types = tuple(loaded.module.types)
        if not types:
            return False
        return any(
            isinstance(value, types)
            for database in self.engine.keyspace.databases
            for _, value in database.table.items()
        )

    def _note_lines(self) -> None:
        """CONFIG REWRITE writes what is loaded now."""
        lines = [[each.path.encode(), *each.arguments] for each in self.servers.values()]
        self.engine.config.assign_lines("loadmodule", lines)

    def _info_fields(self) -> list[tuple[str, object]]:
        fields: list[tuple[str, object]] = []
        for name, each in self.servers.items():
            types = ",".join(value_class.TYPE for value_class in each.module.types)
            fields.append(
                ("module", f"name={name.decode()},ver={each.module.version},api=1,path={each.path},types=[{types}]")
            )
        return fields


def guarded(command: Command) -> Command:
    """The same declaration, its code run with care."""
    twin = command.copy()
    if command.code is not None:
        twin.code = GuardedCode(command.code)
        twin.run = twin.code
    return twin


def refusal_of(problem: Exception) -> ReplyError:
    """What a client is told; the log knows more."""
    if isinstance(problem, SetFailed):
        return ReplyError(b"ERR " + problem.message)
    if isinstance(problem, CannotUnload):
        return ReplyError(b"ERR Error unloading module: " + str(problem).encode())
    return ReplyError(b"ERR Error loading the extension. Please check the server logs.")
