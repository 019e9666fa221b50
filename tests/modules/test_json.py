"""JSON documents: both forms of paths, the replies of RedisJSON, bounds on what a document may become."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonpath_ng.ext.parser import parse as parse_with_library

from miniredis.formats.errors import FormatError
from miniredis.modules import json_path
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.modules.json_path import Walk, path_of
from miniredis.modules.json_text import (
    DEEPEST,
    Json,
    JsonValue,
    copy_of,
    depth_of,
    parse,
    serialize,
    serialize_spaced,
    type_of,
)
from miniredis.resp.errors import ReplyError
from miniredis.testing.memory import MemoryClient
from modules.servers import call, serving

JSON = b"miniredis.modules.json"
DOCUMENT = '{"a":1,"b":[1,2.5,"x"],"c":{"a":{"z":true}},"n":null}'


@pytest.fixture
def client() -> MemoryClient:
    _, client = serving(JSON)
    assert call(client, f"JSON.SET d $ {DOCUMENT}") == b"+OK\r\n"
    return client


def bulk(text: str) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text.encode()), text.encode())


def got(client: MemoryClient, path: str = "$") -> object:
    reply = client.call(b"JSON.GET", b"d", path.encode())
    return json.loads(reply.split(b"\r\n", 1)[1])


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "y", ""]) | st.floats(-2, 2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c d"]), inner, max_size=3),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(documents)
def test_paths_find_what_the_library_finds(document: Json):
    for path in (
        "$", "$.a", "$.a.b", "$['c d']", "$[0]", "$[-1]", "$.*", "$[*]", "$..a", "$..[0]", "$..*", "$[0:2]", "$[::2]",
        "$[?(@.a)]", "$[?(@.a==1)]", "$[?(@.a>0)]", "$..[?(@.a<=1)]", "$[?(@.a==\"x\")]", "$[?(@.a!=1)]",
        "$[?(@.a==1 || @.b==1)]", "$[?(@.a>0 && @.b>0)]", "$['a','b']", "$[0,1]", "$[?(@>0)]", "$..a.b",
        "$[?(@.a==true)]", "$[?(@.a==null)]", "$[?(!(@.a))]", "$[?(@.a==@.b)]", "$[?(@.a>=$[0].a)]",
    ):  # fmt: skip
        ours = sorted(serialize(match.node) for match in path_of(path.encode()).find(document))
        theirs = sorted(serialize(found.value) for found in parse_with_library(path).find(document))
        assert ours == theirs, (path, document)


@settings(max_examples=60, deadline=None)
@given(documents)
def test_documents_survive_text_and_saving(document: Json):
    assert parse(serialize(document)) == document
    assert json.loads(serialize_spaced(document, b" ", b"\n", b" ")) == document
    value = JsonValue(document)
    items = ItemWriter()
    value.copy().save(items)
    assert JsonValue.load(ItemReader(items.items), 3).root == document
    assert value.replay(b"k") == [[b"JSON.SET", b"k", b"$", serialize(document)]]
    assert value.memory() >= 32 and value.free_effort() >= 0


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"nan", b"NaN", b"[1,]", b"1e999", b"-Infinity", b'"\\ud800"', b"\xff", b"[" * 100000, b'{"a":1} x'],
)
def test_what_is_no_json_is_refused(text: bytes):
    with pytest.raises(ReplyError):
        parse(text)


def test_numbers_are_those_of_64_bits():
    assert parse(b"18446744073709551615") == (1 << 64) - 1
    assert parse(b"-9223372036854775808") == -(1 << 63)
    assert parse(b"18446744073709551616") == 18446744073709551616.0
    assert isinstance(parse(b"1" * 30), float)
    nodes: list[Json] = [None, True, 1, 1.5, "", [], {}]
    assert [type_of(node) for node in nodes] == [
        b"null", b"boolean", b"integer", b"number", b"string", b"array", b"object",
    ]  # fmt: skip


def test_nesting_has_a_bound(client: MemoryClient):
    deep = b"[" * DEEPEST + b"]" * DEEPEST
    assert client.call(b"JSON.SET", b"deep", b"$", deep) == b"+OK\r\n"
    assert depth_of(parse(deep)) == DEEPEST
    refused = b"-ERR the document would nest deeper than 128\r\n"
    assert client.call(b"JSON.SET", b"deep", b"$", b"[" + deep + b"]") == refused
    assert client.call(b"JSON.SET", b"d", b"$.a", deep) == refused
    assert client.call(b"JSON.SET", b"d", b"$.new", deep) == refused
    assert client.call(b"JSON.SET", b"d", b"$..z", deep) == refused
    assert client.call(b"JSON.ARRAPPEND", b"d", b"$.b", deep) == refused
    assert client.call(b"JSON.MSET", b"d", b"$.a", deep) == refused
    assert client.call(b"JSON.MSET", b"d", b"$..a", b"[[]]") == refused
    assert client.call(b"JSON.MERGE", b"d", b"$.c.a", b'{"x":' * 127 + b"1" + b"}" * 127) == refused
    with pytest.raises(FormatError):
        JsonValue.load(ItemReader([(5, b"[" + deep + b"]")]), 3)


def test_a_path_has_bounds(monkeypatch: pytest.MonkeyPatch, client: MemoryClient):
    assert b"it is too long" in client.call(b"JSON.GET", b"d", b"$" + b".a" * 200)
    assert b"is not supported" in call(client, 'JSON.GET d $.b[?(@=~"x.*")]')
    assert b"is not supported" in call(client, "JSON.GET d $.a.`len`")
    assert b"is not a path" in call(client, "JSON.GET d $.a+$.a")
    assert b"is not a path" in call(client, "JSON.GET d $[")
    assert b"is not a path" in call(client, "JSON.GET d $.b[::0]")
    assert b"is no text" in client.call(b"JSON.GET", b"d", b"$.\xff")
    monkeypatch.setattr(json_path, "MOST_VISITS", 3)
    with pytest.raises(ReplyError, match="looks at more"):
        Walk([1, 2, 3]).find(path_of(b"$[*]").steps, [1, 2, 3, 4, 5])
    for number in range(300):
        path_of(b"$.p%d" % number)
    assert len(json_path._cache) <= json_path.MOST_CACHED


def test_a_document_does_not_grow_by_many_copies(client: MemoryClient):
    call(client, "CONFIG SET proto-max-bulk-len 1048576")
    call(client, "JSON.SET d $ " + json.dumps([{"s": ""}] * 2000, separators=(",", ":")))
    refused = b"-ERR the document would become too large\r\n"
    text = b'"' + b"x" * 1000 + b'"'
    assert client.call(b"JSON.SET", b"d", b"$[*].s", text) == refused
    assert client.call(b"JSON.SET", b"d", b"$[*].t", text) == refused
    assert client.call(b"JSON.STRAPPEND", b"d", b"$[*].s", text) == refused
    assert client.call(b"JSON.MERGE", b"d", b"$[*]", b'{"s":' + text + b"}") == refused
    call(client, "JSON.SET d $ " + json.dumps([[]] * 2000, separators=(",", ":")))
    assert client.call(b"JSON.ARRAPPEND", b"d", b"$[*]", text) == refused
    assert client.call(b"JSON.ARRINSERT", b"d", b"$[*]", b"0", text) == refused
    call(client, 'JSON.SET d $ "x"')
    for _ in range(2):
        last = client.call(b"JSON.STRAPPEND", b"d", b"$", b'"' + b"x" * 600000 + b'"')
    assert last.startswith(b"-ERR string exceeds maximum")


def test_getting(client: MemoryClient):
    assert call(client, "JSON.GET d") == bulk(DOCUMENT)
    assert call(client, "JSON.GET d .") == bulk(DOCUMENT)
    assert call(client, "JSON.GET d $") == bulk(f"[{DOCUMENT}]")
    assert call(client, "JSON.GET d .b[1]") == bulk("2.5")
    assert call(client, "JSON.GET d c.a") == bulk('{"z":true}')
    assert call(client, 'JSON.GET d ["a"]') == bulk("1")
    assert call(client, 'JSON.GET d .["a"]') == bulk("1")
    assert call(client, "JSON.GET d $..a") == bulk('[1,{"z":true}]')
    assert call(client, "JSON.GET d $.none") == bulk("[]")
    assert call(client, "JSON.GET d .none") == b"-ERR Path '.none' does not exist\r\n"
    assert call(client, "JSON.GET d .a .n") == bulk('{".a":1,".n":null}')
    assert call(client, "JSON.GET d $.a .b[0]") == bulk('{"$.a":[1],".b[0]":[1]}')
    assert call(client, "JSON.GET none $") == b"$-1\r\n"
    assert call(client, "JSON.GET d INDENT _ NEWLINE | SPACE - NOESCAPE $.c") == bulk(
        '[|_{|__"a":-{|___"z":-true|__}|_}|]'
    )
    call(client, "SET s v")
    assert call(client, "JSON.GET s").startswith(b"-WRONGTYPE")
    assert call(client, "JSON.MGET d none s $.a") == b"*3\r\n$3\r\n[1]\r\n$-1\r\n$-1\r\n"
    assert call(client, "JSON.MGET d d .a") == b"*2\r\n$1\r\n1\r\n$1\r\n1\r\n"
    assert call(client, "JSON.MGET d .zz") == b"*1\r\n$-1\r\n"


def test_setting(client: MemoryClient):
    assert call(client, "JSON.SET d $.a 2") == b"+OK\r\n"
    assert call(client, "JSON.SET d $.new [1]") == b"+OK\r\n"
    assert call(client, "JSON.SET d $.new 2 NX") == b"$-1\r\n"
    assert call(client, "JSON.SET d $.newer 2 XX") == b"$-1\r\n"
    assert call(client, "JSON.SET d $.newer 2 NX") == b"+OK\r\n"
    assert call(client, "JSON.SET d $.newer 3 XX FPHA FP32") == b"+OK\r\n"
    assert call(client, "JSON.SET d $.no.where 1") == b"$-1\r\n"
    assert call(client, "JSON.SET d $.b[9] 1") == b"$-1\r\n"
    assert got(client, ".newer") == 3 and got(client, ".new") == [1]
    assert call(client, "JSON.SET d $..a 7") == b"+OK\r\n"
    assert got(client, "$..a") == [7, 7]
    assert call(client, "JSON.SET d $.c.* [] ") == b"+OK\r\n"
    assert call(client, "JSON.SET d $ 1 NX") == b"$-1\r\n"
    assert call(client, "JSON.SET e $ 1 XX") == b"$-1\r\n"
    assert call(client, "JSON.SET e .a 1") == b"-ERR new objects must be created at the root\r\n"
    assert call(client, "JSON.SET d $ 1 WHAT") == b"-ERR syntax error\r\n"
    assert call(client, "JSON.SET d $ nope").startswith(b"-ERR this is not JSON")
    assert call(client, "JSON.SET d $ 5") == b"+OK\r\n"
    assert got(client, ".") == 5
    assert call(client, "JSON.MSET x $ 1 y $ {} y $.a 2") == b"+OK\r\n"
    assert call(client, "JSON.GET y") == bulk('{"a":2}')
    assert call(client, "JSON.MSET z $.a 1") == b"-ERR new objects must be created at the root\r\n"
    assert call(client, "JSON.MSET z $ 1 z").startswith(b"-ERR wrong number")


def test_places_do_not_share_what_was_set(client: MemoryClient):
    call(client, "JSON.SET d $ [0,0]")
    call(client, "JSON.SET d $[*] []")
    call(client, "JSON.ARRAPPEND d $[0] 1")
    assert got(client, ".") == [[1], []]


def test_deleting_and_clearing(client: MemoryClient):
    assert call(client, "JSON.DEL d $.b[0:2]") == b":2\r\n"
    assert got(client, ".b") == ["x"]
    assert call(client, "JSON.FORGET d $..a") == b":2\r\n"
    assert call(client, "JSON.DEL d $.none") == b":0\r\n"
    assert call(client, "JSON.DEL none") == b":0\r\n"
    assert call(client, "JSON.DEL d $ $").startswith(b"-ERR wrong number")
    call(client, 'JSON.SET d $ {"n":3,"s":"x","l":[1],"o":{"p":1},"e":[]}')
    assert call(client, "JSON.CLEAR d $.*") == b":3\r\n"
    assert got(client, ".") == {"n": 0, "s": "x", "l": [], "o": {}, "e": []}
    assert call(client, "JSON.CLEAR d $.*") == b":0\r\n"
    assert call(client, "JSON.CLEAR none").startswith(b"-ERR could not perform")
    assert call(client, "JSON.DEL d") == b":1\r\n"
    assert call(client, "EXISTS d") == b":0\r\n"


def test_numbers(client: MemoryClient):
    assert call(client, "JSON.NUMINCRBY d $.a 2") == bulk("[3]")
    assert call(client, "JSON.NUMINCRBY d .a 0.5") == bulk("3.5")
    assert call(client, "JSON.NUMMULTBY d $.* 2") == bulk("[7.0,null,null,null]")
    assert call(client, "JSON.NUMINCRBY d .c 1").startswith(b"-WRONGTYPE wrong type of path value - expected number")
    assert call(client, "JSON.NUMINCRBY d .none 1") == b"-ERR Path '.none' does not exist\r\n"
    assert call(client, "JSON.NUMINCRBY d .a true") == b"-ERR the operand is no number\r\n"
    assert call(client, "JSON.NUMINCRBY none .a 1").startswith(b"-ERR could not perform this operation on a key")
    call(client, "JSON.SET d $ 18446744073709551615")
    assert call(client, "JSON.NUMINCRBY d . 1") == bulk("1.8446744073709552e+19")
    call(client, "JSON.SET d $ 1e308")
    assert call(client, "JSON.NUMMULTBY d . 1e308") == b"-ERR the result is not a number that JSON can hold\r\n"
    call(client, "HELLO 3")
    call(client, "JSON.SET d $ [1,2]")
    assert call(client, "JSON.NUMINCRBY d $[*] 1") == b"*2\r\n:2\r\n:3\r\n"
    assert call(client, "JSON.NUMINCRBY d .[0] 1") == b"*1\r\n:3\r\n"


def test_texts_objects_and_truths(client: MemoryClient):
    assert call(client, 'JSON.STRAPPEND d $.b[2] "\u00e9"') == b"*1\r\n:3\r\n"
    assert call(client, "JSON.STRLEN d .b[2]") == b":3\r\n"
    assert call(client, "JSON.STRLEN d $.*") == b"*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n"
    assert call(client, "JSON.STRAPPEND d .a 1") == b"-ERR the value is no text\r\n"
    assert call(client, 'JSON.STRAPPEND d .a "x"').startswith(b"-WRONGTYPE")
    assert call(client, 'JSON.STRAPPEND d . "x" y').startswith(b"-ERR wrong number")
    assert call(client, "JSON.OBJKEYS d .c") == b"*1\r\n$1\r\na\r\n"
    assert call(client, "JSON.OBJLEN d $.*") == b"*4\r\n$-1\r\n$-1\r\n:1\r\n$-1\r\n"
    assert call(client, "JSON.OBJLEN none .a") == b"$-1\r\n"
    assert call(client, "JSON.OBJLEN none $.a").startswith(b"-ERR could not perform")
    assert call(client, "JSON.OBJLEN d .none") == b"-ERR Path '.none' does not exist\r\n"
    assert call(client, "JSON.OBJKEYS d .a").startswith(b"-WRONGTYPE")
    assert call(client, "JSON.TOGGLE d $..z") == b"*1\r\n:0\r\n"
    assert call(client, "JSON.TOGGLE d .c.a.z") == b"$4\r\ntrue\r\n"
    assert call(client, "JSON.TOGGLE d $.*") == b"*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n"
    assert call(client, "JSON.TYPE d $.*") == b"*4\r\n$7\r\ninteger\r\n$5\r\narray\r\n$6\r\nobject\r\n$4\r\nnull\r\n"
    assert call(client, "JSON.TYPE d .b") == b"$5\r\narray\r\n"
    assert call(client, "JSON.TYPE d .none") == b"$-1\r\n"
    assert call(client, "JSON.TYPE none") == b"$-1\r\n"


def test_arrays(client: MemoryClient):
    assert call(client, 'JSON.ARRAPPEND d $.b 3 "y"') == b"*1\r\n:5\r\n"
    assert call(client, "JSON.ARRINSERT d .b 0 0") == b":6\r\n"
    assert call(client, "JSON.ARRINSERT d .b 99 0") == b"-ERR index out of bounds\r\n"
    assert call(client, "JSON.ARRLEN d .b") == b":6\r\n"
    assert call(client, 'JSON.ARRINDEX d $.b "x"') == b"*1\r\n:3\r\n"
    assert call(client, 'JSON.ARRINDEX d .b "x" 4') == b":-1\r\n"
    assert call(client, "JSON.ARRINDEX d .b 1 -9 -1") == b":1\r\n"
    assert call(client, "JSON.ARRINDEX d .b 1 0 0 0").startswith(b"-ERR wrong number")
    assert call(client, "JSON.ARRPOP d .b") == b'$3\r\n"y"\r\n'
    assert call(client, "JSON.ARRPOP d $.b 0") == b"*1\r\n$1\r\n0\r\n"
    assert call(client, "JSON.ARRPOP d .b -99") == b"$1\r\n1\r\n"
    assert call(client, "JSON.ARRPOP d .b 0 0").startswith(b"-ERR wrong number")
    assert got(client, ".b") == [2.5, "x", 3]
    assert call(client, "JSON.ARRTRIM d .b 1 -1") == b":2\r\n"
    assert call(client, "JSON.ARRTRIM d $.b 5 9") == b"*1\r\n:0\r\n"
    assert call(client, "JSON.ARRPOP d .b") == b"$-1\r\n"
    assert call(client, "JSON.ARRLEN d $.*") == b"*4\r\n$-1\r\n:0\r\n$-1\r\n$-1\r\n"


def test_merging(client: MemoryClient):
    assert call(client, 'JSON.MERGE d $ {"a":null,"c":{"a":5,"b":{"k":null,"l":1}}}') == b"+OK\r\n"
    assert got(client, ".") == {"b": [1, 2.5, "x"], "c": {"a": 5, "b": {"l": 1}}, "n": None}
    assert call(client, "JSON.MERGE d $.c null") == b"+OK\r\n"
    assert call(client, "JSON.MERGE d $.q {}") == b"+OK\r\n"
    assert call(client, "JSON.MERGE d $.q.r.s {}") == b"$-1\r\n"
    assert got(client, ".") == {"b": [1, 2.5, "x"], "n": None, "q": {}}
    assert call(client, 'JSON.MERGE e $ {"a":null,"b":1}') == b"+OK\r\n"
    assert call(client, "JSON.GET e") == bulk('{"b":1}')
    assert call(client, "JSON.MERGE f $.a 1") == b"-ERR new objects must be created at the root\r\n"


def test_looking_at_documents(client: MemoryClient):
    assert call(client, "JSON.RESP d .b") == b"*4\r\n+[\r\n:1\r\n$3\r\n2.5\r\n$1\r\nx\r\n"
    assert call(client, "JSON.RESP d $.c.a") == b"*1\r\n*3\r\n+{\r\n$1\r\nz\r\n+true\r\n"
    assert call(client, "JSON.RESP none") == b"$-1\r\n"
    assert call(client, "JSON.RESP d .none").startswith(b"-ERR Path")
    assert int(call(client, "JSON.DEBUG MEMORY d")[1:]) > 100
    assert call(client, "JSON.DEBUG MEMORY d $.a").startswith(b"*1\r\n:")
    assert call(client, "JSON.DEBUG MEMORY d .none").startswith(b"-ERR Path")
    assert call(client, "JSON.DEBUG MEMORY none") == b":0\r\n"
    assert call(client, "JSON.DEBUG HELP").startswith(b"*2\r\n")
    assert call(client, "TYPE d") == b"+ReJSON-RL\r\n"
    call(client, "HELLO 3")
    assert call(client, "JSON.TYPE d .a") == b"*1\r\n$7\r\ninteger\r\n"
    assert call(client, "JSON.TYPE none") == b"*1\r\n_\r\n"
    assert call(client, "JSON.RESP d .b[1]") == b",2.5\r\n"


def test_memory_of_a_large_document_is_measured_now_and_then():
    value = JsonValue([0] * 5000)
    before = value.memory()
    value.root = copy_of([0] * 10000)
    assert value.memory() == before
    assert max(value.memory() for _ in range(100)) > before
