"""Commands made up from what a real server says of its own commands (COMMAND DOCS): right ones, and wrong ones.

Each argument of a command's description becomes a strategy: tokens, alternatives, repetitions, counts that fit what
they count (and some that do not), and values from small pools, so that commands meet each other's keys and members.
Pools hold what is awkward too: limits of integers, text where a number belongs, empty strings, infinity.

Left out is what two right servers answer differently: the time (relative expiry is shown only as "some"), chance,
entry IDs that the server chooses, scan order; and what would take the memory of the machine (huge offsets).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Final

from hypothesis import strategies as st

from oracle.normalise import Normaliser, shape, unordered
from oracle.wire import Connection, frame_end

Words = list[bytes]
Tree = dict[bytes, object]
Strategy = st.SearchStrategy[Words]

#: Groups of COMMAND DOCS with a sequence test of their own.
GROUPS: Final = ("string", "list", "hash", "set", "sorted-set", "stream", "bitmap", "hyperloglog", "geo", "generic")

#: Not in sequences, and why.
CHANCE: Final = {b"RANDOMKEY", b"SPOP"}
SCAN_ORDER: Final = {b"SCAN", b"HSCAN", b"SSCAN", b"ZSCAN"}
TIME_OR_USE: Final = {b"OBJECT IDLETIME", b"OBJECT FREQ", b"OBJECT REFCOUNT", b"XINFO CONSUMERS", b"TOUCH"}
PAYLOADS: Final = {b"DUMP", b"RESTORE", b"RESTORE-ASKING"}  # tests/oracle/test_oracle_payloads.py
OTHER_SERVERS: Final = {b"MIGRATE", b"WAIT", b"WAITAOF"}
HELP_TEXTS: Final = {b"OBJECT HELP", b"XGROUP HELP", b"XINFO HELP"}  # in words of our own
INTERNALS: Final = {b"PFDEBUG", b"PFSELFTEST"}
LEFT_OUT: Final = CHANCE | SCAN_ORDER | TIME_OR_USE | PAYLOADS | OTHER_SERVERS | HELP_TEXTS | INTERNALS

KEYS: Final = (b"a", b"a", b"b", b"b", b"c", b"other")
SMALL: Final = (b"0", b"1", b"2", b"3", b"-1", b"-2", b"5", b"10", b"-100", b"100")
AWKWARD_INTEGERS: Final = (
    b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"-9223372036854775807", b"2147483648",
    b"x", b"", b"1.5", b"+1", b"01", b" 1", b"1e3", b"-0",
)  # fmt: skip
DOUBLES: Final = (b"0", b"1", b"1.5", b"-2", b"3.25", b"1e5", b"100", b"-0.1", b"2", b"3")
WHOLE: Final = (b"0", b"1", b"2", b"-2", b"100")
AWKWARD_DOUBLES: Final = (b"inf", b"-inf", b"nan", b"x", b"", b"1e400", b"0x10", b" 1", b"+1", b"-0", b"1e-320")
WORDS: Final = (b"a", b"b", b"c", b"d", b"e", b"1", b"2", b"-5", b"30", b"3.5", b"", b"long" * 20, b"\x00\xff", b"A")
PATTERNS: Final = (b"*", b"a*", b"[a-c]", b"?", b"w_*", b"*->*", b"h_*->f", b"#", b"nosort", b"\\*", b"[^a]*", b"")
ENTRY_IDS: Final = (b"1-1", b"1-2", b"2-0", b"3-1", b"5", b"7-7", b"0", b"0-0", b"1-*", b"9-*", b"2-1")
RANGE_IDS: Final = (
    *ENTRY_IDS,
    b"-",
    b"+",
    b"(1-1",
    b"(3",
    b"(",
    b"$",
    b">",
    b"-1",
    b"1-",
    b"x",
    b"18446744073709551615",
)
BORDERS: Final = (
    b"-inf",
    b"+inf",
    b"(1",
    b"(2",
    b"1",
    b"2",
    b"3",
    b"-",
    b"+",
    b"[a",
    b"(b",
    b"[c",
    b"[",
    b"(",
    b"0",
    b"-1",
)
FUTURE_SECONDS: Final = (b"100000000000", b"200000000000", b"1", b"0", b"-1")
FUTURE_MS: Final = (b"10000000000000", b"20000000000000", b"1", b"0", b"-1")
RELATIVE: Final = (b"100500", b"200500", b"0", b"-1")
FIELD_TYPES: Final = (b"u8", b"i8", b"u1", b"i64", b"u63", b"u64", b"i5", b"i0", b"x")
BIT_OFFSETS: Final = (b"0", b"1", b"7", b"8", b"#1", b"#2", b"100", b"-1", b"x", b"9223372036854775807", b"")
BYTE_OFFSETS: Final = (b"0", b"1", b"7", b"100", b"-1", b"9223372036854775807", b"x")

#: Arguments that say how many of the next there are.
COUNTS: Final = (b"numkeys", b"numfields", b"num-vertices")
OFFSETS: Final[dict[bytes, Sequence[bytes]]] = {
    b"SETBIT": BIT_OFFSETS,
    b"GETBIT": BIT_OFFSETS,
    b"BITFIELD_RO": BIT_OFFSETS,
    b"SETRANGE": BYTE_OFFSETS,
}
SPECIAL: Final[dict[bytes, Sequence[bytes]]] = {
    b"group": (b"g", b"g", b"h"),
    b"consumer": (b"alice", b"bob"),
    b"start": RANGE_IDS,
    b"end": RANGE_IDS,
    b"min": BORDERS,
    b"max": BORDERS,
    b"db": (b"0", b"1", b"9", b"16", b"-1", b"x"),
    b"min-idle-time": (b"0", b"0", b"100000000", b"-1", b"x"),
    b"min-idle": (b"0", b"0", b"100000000"),
    b"encoding": FIELD_TYPES,
    b"timeout": (b"0", b"1", b"x", b"-1"),
    b"longitude": (b"13.361389", b"15.087269", b"0", b"-122.4", b"180", b"181", b"x"),
    b"latitude": (b"38.115556", b"37.502669", b"0", b"37.7", b"85", b"86", b"x"),
    b"radius": (b"0", b"1", b"200", b"5000", b"100000", b"-1", b"x"),
    b"width": (b"0", b"1", b"400", b"100000", b"-1", b"x"),
    b"height": (b"0", b"1", b"400", b"100000", b"-1", b"x"),
    b"unix-time-seconds": FUTURE_SECONDS,
    b"unix-time-milliseconds": FUTURE_MS,
    b"threshold": (b"0", b"1", b"2", b"3-1", b"5", b"x", b"-1"),
    b"ms": (b"0", b"1", b"x"),
}


def parse(reply: bytes) -> object:
    """A frame as Python values: maps as dicts, aggregates as lists, texts as bytes, integers as int."""
    return _parse(reply, 0)[0]


def _parse(data: bytes, start: int) -> tuple[object, int]:
    line_end = data.index(b"\r\n", start)
    kind, line, position = data[start : start + 1], data[start + 1 : line_end], line_end + 2
    if kind in b"$=!":
        length = int(line)
        return (None, position) if length < 0 else (data[position : position + length], position + length + 2)
    if kind in b"*~>%":
        items = []
        for _ in range(int(line) * (2 if kind == b"%" else 1)):
            item, position = _parse(data, position)
            items.append(item)
        return (dict(zip(items[::2], items[1::2], strict=True)) if kind == b"%" else items), position
    return (int(line) if kind == b":" else None if kind == b"_" else line), position


def children(tree: Tree, name: bytes = b"arguments") -> list[Tree]:
    found = tree.get(name, [])
    assert isinstance(found, list)
    return found


def text(tree: Tree, name: bytes) -> bytes:
    found = tree.get(name, b"")
    assert isinstance(found, bytes)
    return found


def flags(tree: Tree) -> list[bytes]:
    found = tree.get(b"flags", [])
    assert isinstance(found, list)
    return found


class Grammar:
    """The commands of one server, as strategies.

    `tame`: commands that are called with plain values only, since another server is asked about the awkward ones."""

    def __init__(self, connection: Connection, tame: Container[bytes] = ()) -> None:
        connection(b"HELLO", b"3")
        docs = parse(connection(b"COMMAND", b"DOCS"))
        connection.close()
        assert isinstance(docs, dict)
        self._tame = tame
        self.commands: dict[bytes, Strategy] = {}
        self._groups: dict[str, list[Strategy]] = {group: [] for group in GROUPS}
        self._sequences: dict[str, st.SearchStrategy[list[Words]]] = {}
        # In order: a server tells them as its hash table has them, each time another way.
        for name, tree in sorted(docs.items()):
            self._add(name.upper(), tree)
            for full_name, subtree in sorted(tree.get(b"subcommands", {}).items()):
                self._add(full_name.upper().replace(b"|", b" "), subtree)

    def _add(self, name: bytes, tree: Tree) -> None:
        group = text(tree, b"group").decode()
        if group not in GROUPS or name in LEFT_OUT or b"subcommands" in tree:
            return
        call = Call(name, name in self._tame)
        if call.is_tame and name.startswith(b"GEORADIUS"):
            return  # other texts for what redis-server is asked about
        right = call.whole(children(tree))
        self.commands[name] = right
        drawn = name.endswith((b"RANDMEMBER", b"RANDFIELD"))
        self._groups[group].append(right if call.is_tame or drawn else st.one_of([right] * 5 + [mangled(right)]))

    def sequences(self, group: str, most: int) -> st.SearchStrategy[list[Words]]:
        """Lists of commands of one group, with some that make, remove and rename keys in between."""
        if group not in self._sequences:
            mixed = [st.one_of(self._groups[group])] * 8
            mixed.append(st.one_of([self.commands[name] for name in (b"DEL", b"RENAME", b"COPY", b"EXPIRE")]))
            mixed.append(st.sampled_from([[b"SET", b"other", b"v"], [b"RPUSH", b"other", b"v"], [b"DEL", b"a", b"b"]]))
            self._sequences[group] = st.lists(st.one_of(mixed), min_size=1, max_size=most)
        return self._sequences[group]


class Call:
    """Strategies for the arguments of one command."""

    def __init__(self, name: bytes, is_tame: bool) -> None:
        self.name = name
        self.is_tame = is_tame

    def whole(self, arguments: list[Tree]) -> Strategy:
        """A call of a command that its description allows, by and large."""
        return self.sequence(arguments).map(lambda words: [*self.name.split(), *words])

    def sequence(self, arguments: list[Tree]) -> Strategy:
        """Arguments one after the other; a count is made to fit what it counts."""
        parts: list[Strategy] = []
        at = 0
        while at < len(arguments):
            tree = arguments[at]
            counted = arguments[at + 1] if at + 1 < len(arguments) else None
            if text(tree, b"name") in COUNTS and counted is not None and b"multiple" in flags(counted):
                parts.append(counted_list(self.one(counted), self.is_tame))
                at += 2
            else:
                parts.append(self.argument(tree))
                at += 1
        return st.tuples(*parts).map(joined)

    def argument(self, tree: Tree) -> Strategy:
        """An argument as often as it may stand there."""
        each = self.one(tree)
        if b"multiple" in flags(tree):
            each = st.lists(each, min_size=1, max_size=4).map(joined)
            token = text(tree, b"token")
            if token and b"multiple_token" not in flags(tree):
                each = each.map(lambda words: [token, *words])
        if b"optional" in flags(tree):
            each = st.one_of(st.just([]), each)
        return each

    def one(self, tree: Tree) -> Strategy:
        """An argument once."""
        kind = text(tree, b"type")
        token = text(tree, b"token").strip(b'"')
        if self.name in (b"XREAD", b"XREADGROUP") and token == b"STREAMS":
            found: Strategy = streams(self.name)
        elif self.name == b"BITFIELD" and text(tree, b"name") == b"operation":
            found = bit_operations()
        elif kind == b"oneof":
            found = st.one_of([self.argument(part) for part in children(tree)])
        elif kind == b"block":
            found = self.sequence(children(tree))
        elif kind == b"pure-token":
            return st.just([b"8-*" if token == b"*" else token])
        else:
            found = self.value(tree).map(lambda word: [word])
        once = token and not (b"multiple" in flags(tree) and b"multiple_token" not in flags(tree))
        return found.map(lambda words: [token, *words]) if once else found

    def value(self, tree: Tree) -> st.SearchStrategy[bytes]:
        """A word for a value, mostly of the right kind."""
        kind, own_name, name = text(tree, b"type"), text(tree, b"name"), self.name
        if kind == b"key":
            return st.sampled_from(KEYS)
        if name.startswith(b"X"):
            if own_name in (b"id", b"last-id", b"lastid", b"max-deleted-id"):
                return st.sampled_from(ENTRY_IDS if name != b"XREAD" else RANGE_IDS)
            if own_name == b"milliseconds":  # BLOCK: nothing waits in a transaction
                return st.sampled_from((b"1", b"-1", b"x"))
        if own_name == b"offset" and name in OFFSETS:
            return st.sampled_from(OFFSETS[name])
        if own_name in (b"seconds", b"milliseconds"):
            return st.sampled_from(RELATIVE[:2] if self.is_tame else RELATIVE)
        by_rank = own_name in (b"start", b"end") and not name.startswith((b"X", b"ZRANGE"))
        if self.is_tame and own_name.startswith(b"unix-time"):
            return st.sampled_from(FUTURE_MS[:2] if own_name.endswith(b"milliseconds") else FUTURE_SECONDS[:2])
        if own_name in SPECIAL and not by_rank:
            return st.sampled_from(SPECIAL[own_name])
        if name.endswith((b"RANDMEMBER", b"RANDFIELD")):
            return st.sampled_from(SMALL)  # a real server answers a count of -2**62 till memory is full
        if kind == b"integer" or by_rank:
            return self.either(SMALL, AWKWARD_INTEGERS)
        if kind == b"double" and self.is_tame:
            return st.sampled_from(WHOLE)  # Valkey writes scores in a form of its own
        if kind == b"double":
            return self.either(DOUBLES, AWKWARD_DOUBLES)
        if kind == b"unix-time":
            return st.sampled_from(FUTURE_SECONDS)
        return st.sampled_from(PATTERNS if kind == b"pattern" else WORDS)

    def either(self, plain: Sequence[bytes], awkward: Sequence[bytes]) -> st.SearchStrategy[bytes]:
        often = st.sampled_from(plain)
        return often if self.is_tame else st.one_of([often] * 6 + [st.sampled_from(awkward)])


@st.composite
def mangled(draw: st.DrawFn, right: Strategy) -> Words:
    """A call with a word too many, too few, doubled, exchanged or in another letter case."""
    words = list(draw(right))
    if len(words) == 1:
        return [*words, b"x"]
    index = draw(st.integers(1, len(words) - 1))
    match draw(st.sampled_from(["drop", "double", "replace", "exchange", "case", "add"])):
        case "drop":
            del words[index]
        case "double":
            words.insert(index, words[index])
        case "replace":
            words[index] = draw(st.sampled_from([*AWKWARD_INTEGERS[:5], b"x", b"", b"COUNT", b"LIMIT", b"NX"]))
        case "exchange":
            other = draw(st.integers(1, len(words) - 1))
            words[index], words[other] = words[other], words[index]
        case "case":
            words[index] = words[index].swapcase()
        case _:
            words.append(draw(st.sampled_from([b"x", b"1", b"COUNT", b"WITHSCORES"])))
    return words


def joined(found: Iterable[Words]) -> Words:
    return [word for words in found for word in words]


@st.composite
def counted_list(draw: st.DrawFn, each: Strategy, is_tame: bool) -> Words:
    """How many, and then so many; now and then one more or less is announced."""
    items = draw(st.lists(each, min_size=1, max_size=4))
    off = 0 if is_tame else draw(st.sampled_from([0] * 12 + [1, -1]))
    return [b"%d" % (len(items) + off), *joined(items)]


@st.composite
def streams(draw: st.DrawFn, name: bytes) -> Words:
    """As many IDs as keys."""
    count = draw(st.integers(1, 2))
    known = (b"0", b"1-1", b"3", b"$", b">", b"x") if name == b"XREAD" else (b">", b">", b">", b"0", b"1-1", b"$")
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=count, max_size=count))
    return [*keys, *draw(st.lists(st.sampled_from(known), min_size=count, max_size=count))]


def bit_operations() -> Strategy:
    small = st.sampled_from(SMALL)
    kind, offset = st.sampled_from(FIELD_TYPES), st.sampled_from(BIT_OFFSETS)
    return st.one_of(
        st.tuples(st.just(b"GET"), kind, offset).map(list),
        st.tuples(st.just(b"SET"), kind, offset, small).map(list),
        st.tuples(st.just(b"INCRBY"), kind, offset, small).map(list),
        st.tuples(st.just(b"OVERFLOW"), st.sampled_from([b"WRAP", b"SAT", b"FAIL", b"x"])).map(list),
    )


def some_time(reply: bytes) -> bytes:
    """Whether there is a time, not which: what is relative to now differs by the moment it came."""
    return b":some\r\n" if reply[:1] == b":" and not reply.startswith((b":-", b":0")) else reply


def some_times(reply: bytes) -> bytes:
    """The same for a list of times."""
    if reply[:1] != b"*":
        return some_time(reply)
    start = reply.index(b"\r\n") + 2
    found = [reply[:start]]
    while start < len(reply):
        end = frame_end(reply, start)
        found.append(some_time(reply[start:end]))
        start = end
    return b"".join(found)


def is_misread(words: Words) -> bool:
    """What Valkey 9.1 takes for something else, and goes on from there; see differences.py."""
    name = words[0].upper()
    if name == b"HSETEX" and b"-9223372036854775807" in words:
        return True  # as a number of fields
    return name in (b"HGETEX", b"HSETEX") and len(words) > 1 and words[1].upper() == b"FIELDS"


def is_newer(words: Words) -> bool:
    """What redis-server 7.0 refuses and later ones, whose version we report, do not; see differences.py."""
    name = words[0].upper()
    if name in (b"ZRANK", b"ZREVRANK"):
        return len(words) == 4  # WITHSCORE
    if name in (b"XREAD", b"XREADGROUP"):
        return b"+" in words
    if name == b"BITCOUNT":
        return len(words) == 3  # a start without an end
    if name.startswith(b"B"):
        return b"9223372036854775807" in words or b"9223372036854775808" in words  # as a timeout
    return name == b"LPOS" and b"-9223372036854775808" in words


#: Replies that tell time or chance.
NORMALISERS: Final[dict[bytes, Normaliser]] = {
    **dict.fromkeys((b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"), some_time),
    **dict.fromkeys((b"HTTL", b"HPTTL", b"HEXPIRETIME", b"HPEXPIRETIME"), some_times),
    **dict.fromkeys((b"HRANDFIELD", b"SRANDMEMBER", b"ZRANDMEMBER", b"XPENDING", b"XINFO"), shape),
    **dict.fromkeys((b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF", b"HKEYS", b"HVALS", b"KEYS"), unordered),
}
