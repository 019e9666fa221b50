"""The command table of one server: from the name in a request to the command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from miniredis.commands.declaration import MODULE, Command, CommandGroup
from miniredis.resp.errors import ReplyError, unknown_command, unknown_subcommand


class CommandTable:
    """Commands by name.  `by_name` knows each in lower and upper case, so that most requests need no copy."""

    def __init__(self, groups: Iterable[CommandGroup]) -> None:
        self.by_name: dict[bytes, Command] = {}
        self.commands: dict[bytes, Command] = {}
        self._next_id = 0
        subcommands: list[Command] = []
        for group in groups:
            for declared in group.commands:
                if declared.container:
                    subcommands.append(declared)
                else:
                    self._add(declared.copy())
        for declared in subcommands:
            container = self.commands[declared.container]
            assert container.subcommands is not None
            command = declared.copy()
            command.finish()
            self._number(command)
            container.subcommands[command.name] = command

    def _number(self, command: Command) -> None:
        command.id = self._next_id
        self._next_id += 1

    def _add(self, command: Command) -> None:
        command.finish()
        self._number(command)
        self.commands[command.name] = command
        self.by_name[command.name] = command
        self.by_name[command.name.upper()] = command

    def add_module_command(self, declared: Command, module: bytes) -> None:
        """Add a copy of a command, or of a subcommand of such; `ValueError` where the name is taken."""
        command = declared.copy()
        command.module = module
        command.flags |= MODULE
        if not command.container:
            if command.name in self.commands or command.name in self.by_name:
                raise ValueError(f"there is a command {command.name.decode()} already")
            self._add(command)
            return
        container = self.commands.get(command.container)
        if container is None or container.subcommands is None or container.module != module:
            raise ValueError(f"the module has no container {command.container.decode()}")
        command.finish()
        self._number(command)
        container.subcommands[command.name] = command

    def remove_module(self, module: bytes) -> None:
        """Forget the commands that a module brought."""
        for command in [command for command in self.commands.values() if command.module == module]:
            del self.commands[command.name]
            for spelling in [each for each, known in self.by_name.items() if known is command]:
                del self.by_name[spelling]

    def rename(self, old: bytes, new: bytes) -> bool:
        """As the directive rename-command: an empty new name removes.  False when there is no `old`."""
        if old.lower() not in self.commands:
            return False
        command = self.commands[old.lower()]
        for spelling in [each for each, known in self.by_name.items() if known is command]:
            del self.by_name[spelling]
        if new:
            self.by_name[new.lower()] = command
            self.by_name[new.upper()] = command
        else:
            del self.commands[old.lower()]
        return True

    def look_up(self, argv: list[bytes]) -> Command | None:
        """The command of a request, subcommands resolved, if there is one."""
        try:
            return self.find(argv)
        except ReplyError:
            return None

    def find(self, argv: list[bytes]) -> Command:
        """The command of a request, subcommands resolved; an error reply when there is none."""
        command = self.by_name.get(argv[0])
        if command is None:
            command = self.by_name.get(argv[0].lower())
            if command is None:
                raise unknown_command(argv)
        subcommands = command.subcommands
        if subcommands is not None and len(argv) > 1:
            subcommand = subcommands.get(argv[1])
            if subcommand is None:
                subcommand = subcommands.get(argv[1].lower())
            if subcommand is not None:
                return subcommand
            raise unknown_subcommand(argv[1], command.name)
        return command

    def find_original(self, name: bytes) -> Command | None:
        """By its name in lower case, whatever it was renamed to: `get`, `config|get`."""
        container, bar, own = name.partition(b"|")
        command = self.commands.get(container)
        if command is None or not bar:
            return command
        return command.subcommands.get(own) if command.subcommands is not None else None

    def find_by_full_name(self, name: bytes) -> Command | None:
        """`config|get` or `get`, in any case."""
        container, _, own = name.lower().partition(b"|")
        command = self.by_name.get(container)
        if command is not None and own:
            return command.subcommands.get(own) if command.subcommands is not None else None
        return command

    def __iter__(self) -> Iterator[Command]:
        """Every command, then its subcommands."""
        for command in self.commands.values():
            yield command
            if command.subcommands is not None:
                yield from command.subcommands.values()
