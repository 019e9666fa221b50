"""Scripts that try to get out of the sandbox, to stay, to crash or to hang; run as a program in a child process.

    python -m scripting.probes NAME...

Prints one line of JSON a probe: its name, what came of it, how long it took, whether an ordinary script runs after it.
"""

# Scripts are easier to read when they are not broken up.
# ruff: noqa: E501

from __future__ import annotations

import json
import sys
import time

from miniredis.scripting.sandbox import (
    FAILURE,
    TABLE,
    CompileFailure,
    EncodedReply,
    ErrorReply,
    Sandbox,
    ScriptFailure,
    ScriptHost,
    ScriptKilled,
)

#: Of the processor, so that others on the machine do not matter.
LIMIT_S = 0.2
#: For those that must come to an end of their own.
LONG_LIMIT_S = 3.0

WALK = b"""
local seen, count = {}, {}
local function walk(o)
  local t = type(o)
  count[t] = (count[t] or 0) + 1
  if t ~= "table" or seen[o] then return end
  seen[o] = true
  for k, v in pairs(o) do walk(k) walk(v) end
  local m = getmetatable(o)
  if m then walk(m) end
end
walk(_G)
for name in pairs(_G) do walk(_G[name]) end
return "userdata " .. tostring(count.userdata) .. ", threads " .. tostring(count.thread)
"""
NO_GLOBAL, READONLY, KILLED, MEMORY = "nonexistent global", "readonly table", "killed", "not enough memory"
ENDLESS = "function() while true do end end"

#: name -> (script, what its outcome must contain; several separated by |)
PROBES: dict[str, tuple[bytes | str, str]] = {
    # What can be reached.  cjson.null is the one userdata, and has no metatable to be reached.
    "walk all reachable objects": (WALK, "userdata 1, threads nil"),
    "the null of cjson": ("return tostring(getmetatable(cjson.null))", "nil"),
    "the null of cjson has no fields": ("return cjson.null.x", "attempt to index"),
    "type of redis.call": ("return type(redis.call)", "function"),
    "python": ("return python", NO_GLOBAL),
    "debug": ("return debug", NO_GLOBAL),
    "getfenv": ("return getfenv", NO_GLOBAL),
    "setfenv": ("return setfenv", NO_GLOBAL),
    "newproxy": ("return newproxy", NO_GLOBAL),
    "io": ("return io", NO_GLOBAL),
    "package": ("return package", NO_GLOBAL),
    "dofile": ("return dofile", NO_GLOBAL),
    "os.exit": ("return tostring(os.exit)", "nil"),
    "string.dump": ("return tostring(string.dump)", "nil"),
    "the command raises": (
        'local ok, e = pcall(redis.call, "raise") return type(e) .. ":" .. e',
        "string:ERR internal error",
    ),
    "an integer that does not fit": ('return tostring(redis.call("huge"))', "1e+30"),
    "a table as argument": ("return type(redis.pcall({}).err)", "string"),
    "what the bridge raises is a text": (
        "local ok, e = pcall(struct.unpack, 'L', ('\\255'):rep(8)) return type(e)",
        "number",
    ),
    "a coroutine as argument": ("return type(redis.pcall(coroutine.create(function() end)).err)", "string"),
    # What stays behind.
    "poison the string metatable": ('return tostring(pcall(function() getmetatable("").__index = nil end))', "false"),
    "poison a library": ("return tostring(select(2, pcall(function() string.rep = nil end)))", READONLY),
    "poison the redis table": ("redis.call = nil", READONLY),
    "poison cjson": ("cjson.decode = nil", READONLY),
    "rawset a library": ('return tostring(select(2, pcall(rawset, string, "rep", 1)))', READONLY),
    "rawset _G": ('return tostring(select(2, pcall(rawset, _G, "x", 1)))', READONLY),
    "set a global": ("x = 1", READONLY),
    "a global function": ("function f() end", READONLY),
    "setmetatable _G": ("return tostring(select(2, pcall(setmetatable, _G, {})))", READONLY),
    "setmetatable of a library": ("setmetatable(string, {})", READONLY),
    "setmetatable of a metatable": ("setmetatable(getmetatable(_G), {})", READONLY),
    "write into the metatable of _G": ("getmetatable(_G).__index = nil", READONLY),
    "table.insert into a library": ("table.insert(redis, 1)", READONLY),
    "table.insert into _G at a place": ("table.insert(_G, 1, 1)", READONLY),
    "metatables of basic types": (
        "return tostring(getmetatable(1)) .. tostring(getmetatable(nil)) .. tostring(getmetatable(error))",
        "nilnilnil",
    ),
    "setmetatable of a number": ("setmetatable(1, {})", "table expected"),
    "settings of cjson": ("cjson.encode_max_depth(1) return 'set'", "set"),
    "the iterator of pairs gives no contents": (
        "local f, t = pairs(string) return tostring(t == string) .. type(f)",
        "truefunction",
    ),
    # Bytecode and the parser.
    "bytecode": ('return tostring(loadstring("\\27Lua"))', "nil"),
    "bytecode by load": (
        'local n = 0 return tostring(load(function() n = n + 1 if n == 1 then return "\\27Lua" end end))',
        "nil",
    ),
    "a chunk name of the script's": ("return tostring(loadstring('x x', ('n'):rep(1000)))", "nil"),
    "garbage while parsing": (
        "for i = 1, 2000 do loadstring('local a = \"' .. i .. '\"' .. (' '):rep(i), 'n' .. i) end return 'parsed'",
        "parsed",
    ),
    "deep parentheses": ("return tostring(loadstring(('('):rep(100000)))", "nil"),
    "deep tables": ("return tostring(loadstring('return ' .. ('{'):rep(100000)))", "nil"),
    "long brackets": ("return tostring(loadstring('return [' .. ('='):rep(1000000)))", "nil"),
    "many constants": (
        "local t = {} for i = 1, 70000 do t[i] = '\"a' .. i .. '\"' end "
        "return tostring(loadstring('return {' .. table.concat(t, ',') .. '}'))",
        "function|nil",
    ),
    "load of endless pieces": ("load(function() return ' ' end)", KILLED + "|" + MEMORY),
    "load of numbers": ("return tostring(load(math.random))", "nil"),
    # Known crashes of Lua 5.1 and of the libraries.
    "unpack overflow": ("return unpack({1, 2, 3}, -2, 2147483647)", "too many results"),
    "unpack of everything": ("return unpack({}, -2147483648, 2147483647)", "too many results"),
    "unpack not a number": ("return unpack({}, 0/0, 1)", "too many results"),
    "unpack beyond an int": ("return unpack({}, 2^53, 2^53)", "too many results"),
    "unpack by texts": ("return unpack({7}, '1', '1')", "7"),
    "pattern overflow": ('return string.match(string.rep("a", 1000000), string.rep("a?", 200000))', "pattern too long"),
    "pattern overflow by method": ('return (("a"):rep(1000000)):match(("a?"):rep(200000))', "pattern too long"),
    "pattern overflow in gsub": ('return (("a"):rep(1000000)):gsub(("a-"):rep(200000), "")', "pattern too long"),
    "pattern overflow in gmatch": ('return (("a"):rep(1000000)):gmatch(("(a)"):rep(200000))', "pattern too long"),
    "pattern of 2,000 is allowed": ('return tostring(#(("a"):rep(1000)):match(("a?"):rep(1000)))', "1000"),
    "a long plain search is allowed": ('return tostring((("a"):rep(9000)):find(("a"):rep(5000), 1, true))', "1"),
    "captures": ('return (("a"):rep(100)):find(("(a)"):rep(100))', "too many captures"),
    "string.format widths": ('return ("%99999999d"):format(1)', "invalid format"),
    "string.byte of everything": ('return #{(("x"):rep(10000000)):byte(1, -1)}', "string slice too long"),
    "string.char of nothing": ("return string.char(-1)", "invalid value"),
    "sort that is no order": ("table.sort({3, 1, 2, 5, 4, 8, 7}, function() return true end) return 'sorted'", "sorted|invalid order"),
    "a loop of metatables": (
        "local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) return a.x",
        "loop in gettable",
    ),
    "recursion": ("local function f() return 1 + f() end return f()", "stack overflow"),
    "recursion by tostring": (
        "local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) return tostring(t)",
        "stack overflow",
    ),
    "recursion by coroutines": (
        "local function f() return coroutine.wrap(f)() end return f()",
        "C stack overflow|stack overflow",
    ),
    "recursion by gsub": ("local function f() return (('a'):gsub('a', f)) end return f()", "stack overflow"),
    "bit.tohex of the least integer": ("return bit.tohex(1, -2147483648)", "00000001"),
    "bit of too much": ("return tostring(bit.lshift(1, 2^31) + bit.tobit(2^63))", "1"),
    "struct of a huge size": ("return struct.pack('i2147483647', 1)", "larger than limit"),
    "struct size overflow": ("return struct.pack('i99999999999999', 1)", "integral size overflow"),
    "struct of a huge count": ("return struct.unpack('c2147483647', 'x')", "data string too short"),
    "struct at a huge place": ("return struct.unpack('b', 'x', 2^40)", "data string too short"),
    "struct alignment": ("return struct.pack('!2147483647b', 1)", "not a power of 2"),
    "struct of many values": ("return struct.unpack(('b'):rep(100000), ('x'):rep(100000))", "too many results"),
    "cmsgpack of a huge array": ("return cmsgpack.unpack('\\221\\255\\255\\255\\255')", "Missing bytes"),
    "cmsgpack nested deeply": ("return type(cmsgpack.unpack(('\\145'):rep(100000) .. '\\1'))", "Bad data|stack overflow"),
    "cmsgpack of a cycle": ("local t = {} t[1] = t return #cmsgpack.pack(t)", "17"),
    "cmsgpack of many values": ("return cmsgpack.unpack(('\\1'):rep(100000))", "too many values"),
    "cjson nested deeply": ("return cjson.decode(('['):rep(1000000))", "too many nested"),
    "cjson of a cycle": ("local t = {} t[1] = t return cjson.encode(t)", "excessive nesting"),
    "a reply that is a cycle": ("local t = {} t[1] = t return t", "*1"),
    "a reply that doubles": ("local t = {} for i = 1, 60 do t = {t, t} end return t", KILLED + "|" + MEMORY),
    # Memory.
    "a reply over the memory limit": ('return redis.pcall("big").err', "OOM script memory"),
    "a list over the memory limit": ('return redis.pcall("list").err', "OOM script memory"),
    "out of memory": ('local t = {} for i = 1, 1e9 do t[i] = "x" .. i end', KILLED + "|" + MEMORY),
    "out of memory in pcall": (
        'while true do pcall(function() local t = {} for i = 1, 1e9 do t[i] = "x" .. i end end) end',
        KILLED + "|" + MEMORY,
    ),
    "full memory when a command replies": (
        'local t = {} while true do local ok = pcall(function() for i = 1, 1e6 do t[#t + 1] = ("x"):rep(64) .. #t end end) '
        'redis.pcall("kilobytes") if not ok then break end end return "survived"',
        "survived|" + KILLED + "|" + MEMORY,
    ),
    "full memory and short answers": (
        """
        local t, n = {}, 0
        local function fill(size)
          pcall(function() while true do n = n + 1 t[n] = ("x"):rep(size) .. n end end)
        end
        fill(1000000) fill(10000) fill(1000) fill(100) fill(1)
        for i = 1, 1000 do pcall(redis.pcall, "a" .. i) end
        return "survived"
        """,
        "survived|" + KILLED + "|" + MEMORY,
    ),
    "full memory and libraries": (
        """
        local t, n = {}, 0
        pcall(function() while true do n = n + 1 t[n] = {n} end end)
        while true do
          t[n + 1] = pcall(bit.tohex, n) t[n + 2] = pcall(struct.pack, "d", n) t[n + 3] = pcall(redis.sha1hex, n)
          t[n + 4] = pcall(cmsgpack.pack, n / 3) t[n + 5] = pcall(struct.unpack, "d", "12345678")
          n = n + 5
        end
        """,
        KILLED + "|" + MEMORY,
    ),
    "string.rep bomb": ('return #(("x"):rep(1000000000))', "too large"),
    "concatenation bomb": ('local s = "x" while true do s = s .. s end', MEMORY),
    "table.concat bomb": (
        'local t, s = {}, ("x"):rep(1000000) for i = 1, 1000 do t[i] = s end return #table.concat(t)',
        MEMORY,
    ),
    "gsub bomb": ('local s = ("x"):rep(100000) return #(s:gsub("x", s))', MEMORY),
    "cjson bomb": ('local s = ("\\1"):rep(10000000) return #cjson.encode({s, s, s, s})', MEMORY),
    "struct bomb": ('local s = ("x"):rep(10000000) return #struct.pack("sssssssss", s, s, s, s, s, s, s, s, s)', MEMORY),
    "stopping the collector": (
        'collectgarbage("stop") collectgarbage("setpause", 1e9) collectgarbage("setstepmul", 0) '
        'for i = 1, 12000 do local t = {("x"):rep(4000) .. i} end return "collected"',
        "collected",
    ),
    # Time.
    "endless loop": ("while true do end", KILLED),
    "endless loop of pcalls": ("local function f() pcall(f) while true do pcall(f) end end f()", KILLED),
    "endless loop in xpcall's handler": (f"while true do xpcall({ENDLESS}, {ENDLESS}) end", KILLED),
    "error loop in xpcall's handler": (
        "local function again() error('x') end while true do xpcall(again, again) end",
        KILLED,
    ),
    "errors in handlers of handlers": (
        "local function f() xpcall(error, f) f() end while true do xpcall(f, f) end",
        KILLED,
    ),
    "endless coroutines": (f"while true do pcall(coroutine.wrap({ENDLESS})) end", KILLED),
    "coroutines that swallow": (
        "local function f() while true do pcall(function() while true do end end) end end "
        "while true do local co = coroutine.create(f) coroutine.resume(co) end",
        KILLED,
    ),
    "endless table.sort": (f"while true do pcall(table.sort, {{1, 2, 3, 4, 5, 6}}, {ENDLESS}) end", KILLED),
    "endless gsub": (f"while true do pcall(string.gsub, 'aaa', 'a', {ENDLESS}) end", KILLED),
    "endless metamethod": (f"local t = setmetatable({{}}, {{__index = {ENDLESS}}}) while true do pcall(function() return t.x end) end", KILLED),
    "endless load": (f"while true do pcall(load, {ENDLESS}) end", KILLED),
    "string.rep of nothing": ('return "[" .. ("").rep("", 2000000000) .. "]"', "[]"),
    "table.insert far before": ("return table.insert({}, -2000000000, 1)", "out of bounds"),
    "table.insert far behind": ("local t = {} table.insert(t, 2000000000, 1) return tostring(t[2000000000])", "1"),
    "table.insert at no number": ("table.insert({}, 0/0, 1)", "out of bounds"),
    "table.remove far away": ("return tostring((table.remove({}, 2000000000)))", "nil"),
    # Replies.
    "line breaks in an error": ('return redis.error_reply("X a\\r\\n+OK")', "X a  +OK"),
    "line breaks in a status in a table": ('return {redis.status_reply("a\\r\\n+OK")}', "+a  +OK\r\n"),
    "line breaks in an error in a table": ('return {{err = "a\\r\\n+OK"}}', "-a  +OK\r\n"),
    "line breaks in a big number": ('return {{big_number = "1\\r\\n+OK"}}', "1  +OK\r\n"),
    "an error that is no text": ("error({})", "unknown error"),
    "an error with a metatable": (
        "error(setmetatable({}, {__index = function() while true do end end, __tostring = error}))",
        "unknown error",
    ),
    "yield from the top": ("coroutine.yield(1)", "attempt to yield"),
}  # fmt: skip
AFTERWARDS = b'return ("ok"):upper() .. redis.call("GET", "x") .. cjson.encode({{{1}}})'


class ProbeHost(ScriptHost):
    """Commands that misbehave, and a limit of time."""

    def __init__(self) -> None:
        self.sandbox: Sandbox | None = None
        self.deadline = 0.0

    def call(self, arguments: tuple[object, ...]) -> object:
        name = arguments[0]
        sandbox = self.sandbox
        assert sandbox is not None
        if name == b"raise":
            raise ValueError("probe")
        if name == b"huge":
            return 10**30
        if name == b"big":
            return b"y" * (80 << 20) if sandbox.has_room(80 << 20) else (b"OOM script memory", FAILURE)
        if name == b"kilobytes":
            return b"y" * 100_000 if sandbox.has_room(100_000) else (b"OOM script memory", FAILURE)
        if name == b"list":
            items = [b"y" * 100] * 1_000_000
            return (sandbox.table(items), TABLE) if sandbox.has_room(228_000_000) else (b"OOM script memory", FAILURE)
        return b"OK" if isinstance(name, bytes) else (b"ERR no command", FAILURE)

    def is_over(self) -> bool:
        return time.process_time() > self.deadline


class Prober:
    """One sandbox for all probes of a child."""

    def __init__(self) -> None:
        self.host = ProbeHost()
        self.sandbox = Sandbox(self.host, b"7.2.4", max_memory=64 << 20)
        self.host.sandbox = self.sandbox
        self._next = 1

    def run(self, script: bytes, limit_s: float) -> str:
        self.host.deadline = time.process_time() + limit_s
        try:
            value = self._value(script)
        except ScriptFailure as problem:
            value = problem.message
        except CompileFailure as problem:
            value = problem.message
        except ScriptKilled:
            value = KILLED
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)

    def _value(self, script: bytes) -> object:
        self._next += 1
        self.sandbox.prepare(self._next, self.sandbox.compile(script, False), False)
        try:
            value = self.sandbox.run(self._next, 2, [b"k"], [])
        finally:
            self.sandbox.forget(self._next)
        if isinstance(value, EncodedReply):
            return value.data
        return value.message if isinstance(value, ErrorReply) else value


def main(names: list[str]) -> None:
    prober = Prober()
    for name in names:
        script, expected = PROBES[name]
        limit_s = LIMIT_S if KILLED in expected else LONG_LIMIT_S
        print(json.dumps({"begins": name}), flush=True)
        start = time.process_time()
        said = prober.run(script if isinstance(script, bytes) else script.encode("latin-1"), limit_s)
        seconds = time.process_time() - start
        after = prober.run(AFTERWARDS, LONG_LIMIT_S)
        print(json.dumps({"name": name, "said": said[:2000], "seconds": seconds, "after": after}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
