"""What the client must know of a command before it sends it: where its keys are, whether it blocks, who gets it.

The table comes from the declarations of the server.  A command that is not in it (a module's) is taken to have its key
at the first argument, as nearly all do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from miniredis.client.table import FACTS

#: On a connection of its own WAIT would count no writes: it looks at those of its connection.
SHARED_THOUGH_BLOCKING: Final = ("wait", "waitaof")


class Facts:
    """One command; `keys` in the notation of the server's declarations."""

    def __init__(self, name: str, letters: str, keys: str, request_policy: str, response_policy: str) -> None:
        self.reads = "r" in letters
        self.writes = "w" in letters
        self.blocks = "b" in letters and name not in SHARED_THOUGH_BLOCKING
        self.cacheable = "c" in letters
        #: Changes the connection: the client has an object for it.
        self.own_form = "o" in letters
        self.request_policy = "" if request_policy == "-" else request_policy
        self.response_policy = "" if response_policy == "-" else response_policy
        self._specs = [] if keys == "-" else keys.split(";")

    def key_positions(self, words: Sequence[bytes]) -> list[int]:
        """Where the keys are among `words`, in ascending order."""
        found: set[int] = set()
        for spec in self._specs:
            begin, _, find = spec.partition(">")
            start = _begin(begin, words)
            if start and start < len(words):
                found.update(_find(find, words, start))
        return sorted(found)


def _begin(begin: str, words: Sequence[bytes]) -> int:
    kind, _, rest = begin.partition(":")
    if kind == "index":
        return int(rest)
    if kind == "kw":
        word, _, start = rest.partition("@")
        wanted = word.encode()
        at = int(start)
        places = range(at, len(words)) if at > 0 else range(len(words) + at, 0, -1)
        for place in places:
            if words[place].upper() == wanted:
                return place + 1
    return 0


def _find(find: str, words: Sequence[bytes], start: int) -> list[int]:
    kind, _, rest = find.partition(":")
    if kind == "range":
        last, step, limit = rest.split("/")
        end, parts = int(last[4:]), int(limit[5:])
        if end >= 0:
            end += start
        elif parts:
            end += start + (len(words) - start) // parts
        else:
            end += len(words)
        return list(range(start, min(end, len(words) - 1) + 1, int(step[4:])))
    if kind == "keynum":
        at, first, step = rest.split("/")
        count = start + int(at[3:])
        if count < len(words) and words[count].isdigit():
            begin = start + int(first[5:])
            by = int(step[4:])
            return [place for place in range(begin, begin + int(words[count]) * by, by) if place < len(words)]
    return []


BY_NAME: Final = {row.split(" ")[0].encode(): Facts(*row.split(" ")) for row in FACTS.split("\n") if row}
NOTHING_KNOWN: Final = Facts("", "-", "-", "-", "-")
PERHAPS_A_KEY: Final = Facts("", "w", "index:1>range:last0/step1/limit0", "-", "-")
CONTAINERS: Final = frozenset(name.partition(b"|")[0] for name in BY_NAME if b"|" in name)
#: Known, but with no fact worth a line in the table.
PLAIN: Final = frozenset(b"ping echo time lastsave role lolwut command publish hello info acl client script".split())


def facts_of(words: Sequence[bytes]) -> Facts:
    name = words[0].lower()
    if name in CONTAINERS and len(words) > 1:
        found = BY_NAME.get(name + b"|" + words[1].lower())
        if found is not None:
            return found
        return BY_NAME.get(name, NOTHING_KNOWN)
    found = BY_NAME.get(name)
    if found is not None:
        return found
    return NOTHING_KNOWN if name in PLAIN else PERHAPS_A_KEY
