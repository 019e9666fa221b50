"""What one client that caches has asked for (CLIENT TRACKING), and what has come of it so far."""

from __future__ import annotations


class TrackingOptions:
    """Lives from CLIENT TRACKING ON to OFF, RESET or the end of the connection."""

    def __init__(self) -> None:
        #: Told of every key with one of `prefixes`, read or not.
        self.broadcasts = False
        self.prefixes: dict[bytes, None] = {}
        #: Keys are remembered only after CLIENT CACHING YES.
        self.opt_in = False
        #: Keys are not remembered after CLIENT CACHING NO.
        self.opt_out = False
        #: Not told of what the client changes itself.
        self.no_loop = False
        #: The client that gets the messages; 0: this one.
        self.redirect: int = 0
        self.redirect_is_broken = False
        #: CLIENT CACHING came before the command (or the transaction) that runs.
        self.caching_given = False
        #: Keys this client changed itself: it is told after the reply of the command. None: all keys.
        self.pending: list[bytes | None] = []

    def letters(self) -> bytes:
        """As the flags of CLIENT LIST."""
        return b"t" + (b"R" if self.redirect_is_broken else b"") + (b"B" if self.broadcasts else b"")

    def remembers(self) -> bool:
        """Whether the keys of the command that runs are to be remembered."""
        if self.broadcasts:
            return False
        return not (self.opt_in and not self.caching_given) and not (self.opt_out and self.caching_given)
