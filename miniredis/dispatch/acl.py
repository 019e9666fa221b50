"""Access control: the users of a server, who a client is, and the check of each command of a restricted user.

A client of a user that may do everything carries no gate, so that without rules nothing is checked.  A change of a
user acts at once: the gates of its clients are set anew, and those whose subscriptions are no longer allowed, or
whose user is gone, are disconnected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.declaration import Command
from miniredis.dispatch.acl_log import AccessLog
from miniredis.dispatch.acl_rules import UNKNOWN, RuleError, apply_rules, has_blanks
from miniredis.dispatch.acl_users import (
    ALLOWED,
    DENIED_CHANNEL,
    DENIED_COMMAND,
    DENIED_DATABASE,
    DENIED_KEY,
    REASON_BITS,
    User,
    hash_password,
)
from miniredis.dispatch.clients import describe
from miniredis.dispatch.gates import GATE_ACL, GATE_MULTI, GATE_NO_AUTH
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.state import ServerState
from miniredis.resp.errors import ReplyError

DEFAULT: Final = b"default"
EVERYTHING: Final = [b"on", b"nopass", b"allkeys", b"allchannels", b"allcommands"]

REASONS: Final[dict[int, bytes]] = {
    DENIED_DATABASE: b"database",
    DENIED_COMMAND: b"command",
    DENIED_KEY: b"key",
    DENIED_CHANNEL: b"channel",
}
WITHIN_EXEC: Final[dict[int, bytes]] = {
    DENIED_DATABASE: b"no permission",
    DENIED_COMMAND: b"no permission to execute the command or subcommand",
    DENIED_KEY: b"no permission to touch the specified keys",
    DENIED_CHANNEL: b"no permission to access one of the channels used as arguments",
}
WITHIN_SCRIPT: Final[dict[int, bytes]] = {
    DENIED_DATABASE: b"ERR ACL failure in script: No permissions to access database",
    DENIED_COMMAND: b"ERR The user executing the script can't run this command or subcommand",
    DENIED_KEY: b"ERR The user executing the script can't access at least one of the keys mentioned in the command "
    b"arguments",
    DENIED_CHANNEL: b"ERR The user executing the script can't publish to the channel mentioned in the command",
}


class AclError(Exception):
    """Users cannot be loaded: what is wrong, for people to read."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message.decode("utf-8", "replace"))
        self.message = message


class AccessControl(Rule):
    """The users of one server."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self.log = AccessLog()
        #: How often access was denied since the start, by the reason; tls_cert: a certificate named no user.
        self.denied: dict[bytes, int] = dict.fromkeys(
            (b"auth", b"command", b"key", b"channel", b"database", b"tls_cert"), 0
        )
        #: Channels of new users: all of them, or none (acl-pubsub-default).
        self.all_channels = False
        self.users: dict[bytes, User] = {}
        #: Read and write the ACL file; None without one.  They raise `OSError`.
        self.read_file: Callable[[], bytes] | None = None
        self.write_file: Callable[[bytes], None] | None = None
        #: Its name, for messages.
        self.file_name = b""
        self.default: User = self._new_default()
        self.users[DEFAULT] = self.default
        state.rules[GATE_ACL] = self

    def _new_default(self) -> User:
        user = User(DEFAULT, self.state.commands, True)
        apply_rules(user, EVERYTHING, True)
        return user

    # -- who a client is

    def needs_authentication(self) -> bool:
        """Whether a new client can do nothing before it says who it is."""
        return not (self.default.no_password and self.default.enabled)

    def user_for(self, name: bytes) -> User | None:
        """The user of this name, if there is one."""
        return self.users.get(name)

    def begin(self, session: Session) -> None:
        """A client as it is when it connects: the default user, perhaps still to be proved."""
        session.user = self.default
        session.user_name = DEFAULT
        session.is_authenticated = not self.needs_authentication()
        self._set_gates(session)

    def log_in(self, session: Session, user: User) -> None:
        """The client has proved to be `user`."""
        session.user = user
        session.user_name = user.name
        session.is_authenticated = True
        self._set_gates(session)

    def authenticate(self, session: Session, name: bytes, password: bytes) -> bool:
        """Log the client in when the password is right; a failure is logged."""
        user = self.users.get(name)
        if user is None:
            hash_password(password)  # as long as for a user that exists
        elif user.accepts(password):
            self.log_in(session, user)
            return True
        self._note(session, b"auth", self._context(session), b"AUTH", name)
        return False

    def _set_gates(self, session: Session) -> None:
        # Who has not proved anything may go on while there is nothing to prove.
        if session.is_authenticated or not self.needs_authentication():
            session.gates &= ~GATE_NO_AUTH
            session.decoder.authenticated = True
        else:
            session.gates |= GATE_NO_AUTH
            session.decoder.authenticated = False
        if session.user is None or session.user.is_unrestricted():
            session.gates &= ~GATE_ACL
        else:
            session.gates |= GATE_ACL

    # -- the check

    def check(self, session: Session, command: Command, argv: list[bytes], database: int) -> int:
        """ALLOWED (0), or the denial of this client: reason and, above REASON_BITS, the argument's index.

        `database`: the current one, which in a script is the script's."""
        if session.user is None:
            return ALLOWED
        return session.user.check(command, argv, database, len(self.state.keyspace.databases))

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        self.demand(session, command, argv, session.context.db.index)
        return None

    def demand(self, session: Session, command: Command, argv: list[bytes], database: int) -> None:
        """Raises the error for a command that is not allowed, and logs it."""
        denial = self.check(session, command, argv, database)
        if denial != ALLOWED:
            raise self.refuse(session, command, argv, denial)

    def allows(self, session: Session, command: Command, argv: list[bytes], database: int) -> bool:
        """Asked without wanting to run it: nothing is logged."""
        return self.check(session, command, argv, database) == ALLOWED

    def refuse(self, session: Session, command: Command, argv: list[bytes], denial: int) -> ReplyError:
        """Log a denial; the error to be replied."""
        reason = denial & 7
        context = self._context(session)
        position = denial >> REASON_BITS
        shown = argv[position] if position > 0 else command.full_name
        self._note(session, REASONS[reason], context, shown, session.user_name)
        if context == b"lua":
            return ReplyError(WITHIN_SCRIPT[reason])
        if session.access_context == b"multi":
            return ReplyError(
                b"NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
                b"This command is no longer allowed for the following reason: " + WITHIN_EXEC[reason]
            )
        if reason == DENIED_COMMAND:
            return ReplyError(b"NOPERM this user has no permissions to run the '" + command.full_name + b"' command")
        if reason == DENIED_DATABASE:
            return ReplyError(b"NOPERM No permissions to access database")
        kind = b"keys" if reason == DENIED_KEY else b"channels"
        return ReplyError(b"NOPERM this user has no permissions to access one of the " + kind + b" used as arguments")

    def _context(self, session: Session) -> bytes:
        if session.access_context:
            return session.access_context
        return b"multi" if session.gates & GATE_MULTI else b"toplevel"

    def _note(self, session: Session, reason: bytes, context: bytes, shown: bytes, name: bytes) -> None:
        self.denied[reason] += 1
        client = describe(session, self.state)
        self.log.note(reason, context, shown, name, client, self.state.keyspace.clock.now_ms)

    # -- changes

    def set_user(self, name: bytes, words: list[bytes]) -> None:
        """Make or change a user by rules, all of them or none.  Raises `RuleError`."""
        known = self.users.get(name)
        changed = known.copy() if known is not None else User(name, self.state.commands, self.all_channels)
        apply_rules(changed, words, self.all_channels)
        if known is None:
            self.users[name] = changed
        else:
            known.take(changed)
            self._act_on_clients(known)

    def delete_user(self, name: bytes) -> bool:
        """Whether there was one; its clients are disconnected."""
        user = self.users.pop(name, None)
        if user is None:
            return False
        for session in list(self.state.sessions.values()):
            if session.user is user:
                self._disconnect(session)
        return True

    def set_default_password(self, password: bytes) -> None:
        """What requirepass says; empty: none."""
        apply_rules(self.default, [b"resetpass", b">" + password] if password else [b"nopass"], self.all_channels)
        self._act_on_clients(self.default)

    def _act_on_clients(self, user: User) -> None:
        """A user has changed: set gates anew, cut subscribers who may not listen any more."""
        for session in list(self.state.sessions.values()):
            if session.user is user:
                self._set_gates(session)
                channels = [*session.channels, *session.shard_channels]
                if session.subscriptions() > 0 and not user.may_listen(channels, list(session.patterns)):
                    self._disconnect(session)

    def _disconnect(self, session: Session) -> None:
        """End a connection; the one whose command runs gets its reply first."""
        if session is self.state.running:
            session.close_after_output()
        else:
            session.closing = True
            session.port.close(True)

    # -- from and to text

    def describe(self) -> list[bytes]:
        """A line for each user, by name."""
        return [b"user " + name + b" " + self.users[name].describe() for name in sorted(self.users)]

    def config_lines(self) -> list[list[bytes]]:
        """The `user` lines that CONFIG REWRITE keeps: none with an ACL file, or when requirepass says all."""
        if self.read_file is not None:
            return []
        expected = self._new_default()
        password = self.state.config.text("requirepass")
        if password:
            apply_rules(expected, [b"resetpass", b">" + password], True)
        if len(self.users) == 1 and self.default.describe() == expected.describe():
            return []
        return [line.split(b" ")[1:] for line in self.describe()]

    def load_lines(self, lines: list[list[bytes]]) -> None:
        """The `user` lines of a configuration: name, rules.  Raises `AclError`."""
        seen: set[bytes] = set()
        for words in lines:
            name = words[0]
            if has_blanks(name):
                raise AclError(b"Usernames can't contain spaces or null characters")
            if name in seen:
                raise AclError(
                    b"Error in user declaration '" + name + b"': "
                    b"Duplicate user found. A user can only be defined once in config files"
                )
            seen.add(name)
            user = self.users.setdefault(name, User(name, self.state.commands, self.all_channels))
            try:
                apply_rules(user, [b"reset", *words[1:]] if user is self.default else words[1:], self.all_channels)
            except RuleError as problem:
                raise AclError(b"Error in user declaration '" + problem.rule + b"': " + problem.reason) from problem

    def load_text(self, text: bytes) -> None:
        """The whole ACL file: all users anew, or an `AclError` with everything that is wrong and no change."""
        loaded: dict[bytes, User] = {}
        errors: list[bytes] = []
        for number, raw in enumerate(text.split(b"\n"), start=1):
            words = raw.strip(b" \t\r\n").split(b" ")
            place = self.file_name + b":%d" % number
            if words == [b""]:
                continue
            if words[0] != b"user" or len(words) < 2:
                errors.append(place + b" should start with user keyword followed by the username. ")
                continue
            name = words[1]
            if has_blanks(name):
                errors.append(place + b": username '" + name + b"' contains invalid characters. ")
                continue
            if name in loaded:
                errors.append(b"WARNING: Duplicate user '" + name + b"' found on line %d. " % number)
                continue
            user = loaded[name] = User(name, self.state.commands, self.all_channels)
            try:
                apply_rules(user, words[2:], self.all_channels)
            except RuleError as problem:
                if not problem.rule:
                    errors.append(place + b": Unmatched parenthesis in selector definition.")
                    continue
                # A rule with a name that is not known is shown; any other may be a secret that was misspelt.
                operation = (
                    b"Error in applying operation '" + problem.rule + b"': " if problem.reason == UNKNOWN else b""
                )
                errors.append(place + b": " + operation + problem.reason + b". ")
        if errors:
            raise AclError(
                b"".join(errors)
                + b"WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
            )
        self._replace_users(loaded)

    def _replace_users(self, loaded: dict[bytes, User]) -> None:
        """Clients stay who they are; those whose user is gone are disconnected."""
        loaded.setdefault(DEFAULT, self._new_default())
        for name in list(self.users):
            if name not in loaded:
                self.delete_user(name)
        for name, user in loaded.items():
            known = self.users.get(name)
            if known is None:
                self.users[name] = user
            else:
                known.take(user)
                self._act_on_clients(known)
