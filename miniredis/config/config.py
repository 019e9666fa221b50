"""The configuration of one server: reading it by type, CONFIG GET and CONFIG SET, telling who listens.

A value changes in one place only, `_assign`. The hot path never asks here: whoever needs a value often
keeps it and is told of changes (`follow`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from miniredis.config.directive import Directive
from miniredis.config.directives import all_directives, by_name
from miniredis.config.reader import ConfigError, Line, name_of
from miniredis.config.values import Refused
from miniredis.resp.errors import printed
from miniredis.resp.glob import glob_match

#: Puts a changed value into effect; it reads the value from the configuration and may raise `Refused`.
Apply: TypeAlias = Callable[[], None]

#: Makes the folder of a `dir` line the current one, so that later relative paths start from it; raises `OSError`.
EnterFolder: TypeAlias = Callable[[bytes], None]

# Config.int is the name callers know; inside the class the type needs another.
Number: TypeAlias = int


class SetFailed(Exception):
    """CONFIG SET changed nothing; `message` is the error without its ERR."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message.decode("utf-8", "replace"))
        self.message = message

    @classmethod
    def because_of(cls, name: bytes, reason: bytes) -> SetFailed:
        """The failure of one argument."""
        return cls(b"CONFIG SET failed (possibly related to argument '%s') - %s" % (name, reason))


class Config:
    """All directives with their values, defaults to begin with.

    A `sentinel` knows lines of that name, and has its own port, no protected mode and no save points by default.
    """

    def __init__(self, sentinel: bool = False) -> None:
        self.sentinel = sentinel
        self._directives: list[Directive] = all_directives()
        self._named: dict[str, Directive] = by_name(self._directives)
        self._defaults: dict[str, object] = {directive.name: directive.default for directive in self._directives}
        if sentinel:
            self._defaults.update({"port": 26379, "protected-mode": False, "save": ()})
        self._values = dict(self._defaults)
        self._applies: dict[str, list[Apply]] = {}
        #: Lines of the file that may belong to a module: its directives have a dot in their names.
        self.unclaimed: list[Line] = []

    # What is there

    def add(self, directive: Directive) -> None:
        """One more directive, of a module."""
        for name in (directive.name, *directive.aliases):
            if name in self._named:
                raise ValueError(f"there is a directive {name} already")
        self._directives.append(directive)
        for name in (directive.name, *directive.aliases):
            self._named[name] = directive
        self._values[directive.name] = self._defaults[directive.name] = directive.default

    def claim(self, name: str) -> None:
        """Give a directive that was added the value that the file has for it.  Raises `ConfigError`."""
        for line in [line for line in self.unclaimed if line.name == name.lower()]:
            try:
                self.assign(name, b" ".join(line.words))
            except Refused as refused:
                raise line.error(refused.reason) from refused
            self.unclaimed.remove(line)

    def set_new(self, names: list[str], settings: list[tuple[bytes, bytes]]) -> None:
        """Give directives that were just added, fixed ones too, their first values.  Raises `SetFailed`."""
        for given, text in settings:
            name = name_of(given)
            if name not in names:
                raise SetFailed(b"Unknown option or number of arguments for CONFIG SET - '%s'" % printed(given))
            try:
                self.assign(name, text)
            except Refused as refused:
                raise SetFailed.because_of(given, refused.reason) from refused

    def remove(self, name: str) -> None:
        """Forget a directive that was added."""
        directive = self._named[name]
        self._directives.remove(directive)
        for known in (directive.name, *directive.aliases):
            del self._named[known]
        del self._values[directive.name], self._defaults[directive.name]

    def find(self, name: str) -> Directive | None:
        """The directive of this name or alias, in any case."""
        return self._named.get(name.lower())

    def directives(self) -> list[Directive]:
        """All of them, in the table's order."""
        return list(self._directives)

    # Reading by type

    def value(self, name: str) -> object:
        """The value in whatever form its kind keeps it."""
        return self._values[self._named[name].name]

    def is_default(self, name: str) -> bool:
        """Whether the value is what an empty configuration file gives."""
        return self.value(name) == self._defaults[self._named[name].name]

    def flag(self, name: str) -> bool:
        """A yes or no."""
        value = self.value(name)
        assert isinstance(value, bool)
        return value

    def text(self, name: str) -> bytes:
        """A text or the chosen one of some names."""
        value = self.value(name)
        assert isinstance(value, bytes)
        return value

    def string(self, name: str) -> str:
        """The same as str, for paths and hosts: bytes that are no UTF-8 survive in the file system's way."""
        return self.text(name).decode("utf-8", "surrogateescape")

    def words(self, name: str) -> list[bytes]:
        """Several words: addresses of `bind`, options of `shutdown-on-sigterm`, host and port of `replicaof`."""
        value = self.value(name)
        assert isinstance(value, tuple)
        return list(value)

    def lines(self, name: str) -> list[list[bytes]]:
        """The words of each line of a directive that is collected: `user`, `rename-command`, `loadmodule`."""
        value = self.value(name)
        assert isinstance(value, tuple)
        return [list(words) for words in value]

    def save_points(self) -> list[tuple[Number, Number]]:
        """Seconds and changes of each `save`."""
        value = self.value("save")
        assert isinstance(value, tuple)
        return list(value)

    def output_limits(self) -> list[tuple[Number, Number, Number]]:
        """Hard bytes, soft bytes and soft seconds for normal clients, replicas and subscribers."""
        value = self.value("client-output-buffer-limit")
        assert isinstance(value, tuple)
        return list(value)

    def percentiles(self) -> list[float]:
        """What INFO latencystats shows."""
        value = self.value("latency-tracking-info-percentiles")
        assert isinstance(value, tuple)
        return list(value)

    def bytes_of(self, name: str, whole: Number) -> Number:
        """A number of bytes that may have been given as a share of `whole`."""
        number = self.int(name)
        return number if number >= 0 else whole * -number // 100

    def render(self, name: str) -> bytes:
        """As CONFIG GET shows it."""
        return self._named[name].kind.render(self.value(name))

    # CONFIG GET and SET

    def get(self, patterns: list[bytes]) -> list[tuple[bytes, bytes]]:
        """Names and values that match. A name asked for exactly is shown as it was asked for, even a hidden one."""
        found: dict[str, tuple[bytes, bytes]] = {}
        for pattern in patterns:
            if not any(wild in pattern for wild in (b"*", b"?", b"[", b"\\")):
                name = name_of(pattern)
                directive = self._named.get(name)
                if directive is not None and not directive.file_only and name not in found:
                    found[name] = (pattern, self.render(directive.name))
                continue
            for directive in self._directives:
                if directive.hidden or directive.file_only:
                    continue
                for name in (directive.name, *directive.aliases):
                    if name not in found and glob_match(pattern, name.encode(), True):
                        found[name] = (name.encode(), self.render(directive.name))
        return list(found.values())

    def set_many(self, pairs: list[tuple[bytes, bytes]], local: bool = False) -> None:
        """Change several values or none. `local`: the client is on this machine. Raises `SetFailed`."""
        chosen: list[tuple[bytes, Directive, bytes]] = []
        names: set[str] = set()
        for given, text in pairs:
            name = name_of(given)
            directive = self._named.get(name)
            if directive is None or directive.file_only:
                raise SetFailed(b"Unknown option or number of arguments for CONFIG SET - '%s'" % printed(given))
            # As in Redis, these name the argument as it was given, later refusals the directive.
            if directive.fixed:
                raise SetFailed.because_of(given, b"can't set immutable config")
            if directive.protected and not self._may_set_protected(local):
                raise SetFailed.because_of(given, b"can't set protected config")
            if name in names:
                raise SetFailed.because_of(given, b"duplicate parameter")
            names.add(name)
            chosen.append((name.encode("latin-1"), directive, text))
        before = dict(self._values)
        applies: list[tuple[bytes, Apply]] = []
        for shown, directive, text in chosen:
            current = self._values[directive.name]
            try:
                value = directive.kind.parse(
                    directive.words_of(text), directive.kind.nothing() if directive.kind.adds_up else current
                )
            except Refused as refused:
                self._values = before
                raise SetFailed.because_of(shown, refused.reason) from refused
            if value == current and not directive.reread:
                continue
            self._values[directive.name] = value
            for apply in self._applies.get(directive.name, []):
                if not any(apply == known for _, known in applies):
                    applies.append((shown, apply))
        for at, (shown, apply) in enumerate(applies):
            try:
                apply()
            except Refused as refused:
                self._roll_back(before, [done for _, done in applies[: at + 1]])
                raise SetFailed.because_of(shown, refused.reason) from refused

    def _may_set_protected(self, local: bool) -> bool:
        allowed = self.text("enable-protected-configs")
        return allowed == b"yes" or (allowed == b"local" and local)

    def _roll_back(self, before: dict[str, object], applied: list[Apply]) -> None:
        """Put the old values back into effect; who took them before is not asked whether it refuses them now."""
        self._values = before
        for apply in applied:
            try:
                apply()
            except Refused:
                continue

    # Changes from inside

    def assign(self, name: str, text: bytes) -> None:
        """Let the server itself change a value (the port that was free, the folder it is in, REPLICAOF).

        Fixed and protected directives too; those who listen are told. Raises `Refused`.
        """
        directive = self._named[name]
        current = directive.kind.nothing() if directive.kind.adds_up else self._values[directive.name]
        self._change(directive, directive.kind.parse(directive.words_of(text), current))

    def assign_lines(self, name: str, lines: list[list[bytes]]) -> None:
        """Let a subsystem give the lines it wants kept (ACL its `user`s, a sentinel its state)."""
        self._change(self._named[name], tuple(tuple(words) for words in lines))

    def _change(self, directive: Directive, value: object) -> None:
        if value != self._values[directive.name]:
            self._values[directive.name] = value
            for apply in self._applies.get(directive.name, []):
                apply()

    def on_change(self, name: str, apply: Apply) -> None:
        """Call `apply` after changes of `name`. Given for several names, it is called once for all of them."""
        self._applies.setdefault(self._named[name].name, []).append(apply)

    def follow(self, names: list[str], apply: Apply) -> None:
        """Call `apply` now and after each change of one of `names`."""
        for name in names:
            self.on_change(name, apply)
        apply()

    # The start

    def load(self, lines: list[Line], enter_folder: EnterFolder | None = None) -> None:
        """Take over the lines of a file (includes expanded) and of the command line. Raises `ConfigError`.

        Repeated lines add up where the kind says so, from nothing; elsewhere the last one wins. Called once.
        """
        begun: set[str] = set()
        for line in lines:
            directive = self._named.get(line.name)
            if directive is None and "." in line.name:
                self.unclaimed.append(line)
                continue
            if directive is None:
                raise line.error(b"Bad directive or wrong number of arguments")
            if directive.name == "sentinel" and not self.sentinel:
                raise line.error(b"sentinel directive while not in sentinel mode")
            words = line.words
            if len(words) == 1:
                words = directive.words_of(words[0])
            current = self._values[directive.name]
            if directive.kind.adds_up and directive.name not in begun:
                current = directive.kind.nothing()
            try:
                self._values[directive.name] = directive.kind.parse(words, current)
            except Refused as refused:
                raise line.error(refused.reason) from refused
            begun.add(directive.name)
            if directive.name == "dir" and enter_folder is not None:
                try:
                    enter_folder(self.text("dir"))
                except OSError as error:
                    raise line.error((error.strerror or str(error)).encode()) from error
        if self.value("replicaof") and self.flag("cluster-enabled"):
            raise ConfigError("", 0, b"", b"replicaof directive not allowed in cluster mode")

    # Last in the class, so that its name hides the type from nothing above.
    def int(self, name: str) -> Number:
        """A number: a count, a size, a port, event bits."""
        value = self.value(name)
        assert isinstance(value, int)
        return value
