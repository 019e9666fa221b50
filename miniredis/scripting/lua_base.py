r"""Lua: what a script runs in.  The chunk is given the host's functions and makes everything a script can reach.

What holds, and is probed by tests/scripting/test_sandbox.py:

- a script reaches no Python object, no `debug`, `io`, `os.exit`, `getfenv`, `newproxy`, no bytecode;
- it leaves nothing behind: globals, libraries and metatables that outlive it cannot be written;
- it ends when it is told to, even inside pcall, xpcall, coroutines and table.sort;
- known ways to crash Lua 5.1 (unpack, patterns, bytecode, a chunk name that the parser loses) are refused.

What does not hold: one call of a C function cannot be interrupted, as in redis-server; arguments that make one
run for very long are refused where they are known.

Chunks of ours are named "\1", so that positions in them can be told from those in a script.  A script's own
chunks are always named by a constant: the parser of Lua 5.1 does not keep a name of the script's alive.
"""

from __future__ import annotations

from typing import Final

#: How the chunks of ours are named.
CHUNK_NAME: Final = b"=\1"

BASE: Final = rb"""
local host, HOOK_INSTRUCTIONS, MOST_STRING, make_encoder, make_json, make_msgpack, make_api = ...

-- The real functions stay upvalues of these chunks; a script sees copies, wrapped where they are dangerous.
local sethook, getinfo = debug.sethook, debug.getinfo
local co_create, co_resume, co_status = coroutine.create, coroutine.resume, coroutine.status
local raw_pcall, raw_xpcall, raise, raw_unpack, select, type = pcall, xpcall, error, unpack, select, type
local rawset, rawget, rawequal = rawset, rawget, rawequal
local getmetatable, setmetatable, setfenv, loadstring = getmetatable, setmetatable, setfenv, loadstring
local concat, insert, byte, dump = table.concat, table.insert, string.byte, string.dump
local rep, find, match, gmatch, gsub = string.rep, string.find, string.match, string.gmatch, string.gsub
local pairs, ipairs, next, tostring, tonumber = pairs, ipairs, next, tostring, tonumber
local collectgarbage = collectgarbage
local as_function = python.as_function
local is_over = as_function(host.is_over)

local SCRIPT, LIBRARY = "@user_script", "@user_function"
local READONLY = "Attempt to modify a readonly table"

-- Errors of a wrapped function name the line that called it, and the function as a script called it, by a name that a
-- tail call does not leave behind; a method's object is not counted.
local function bad_argument(number, name, expected, ...)
  local got = select("#", ...) == 0 and "no value" or type((...))
  local called, caller = getinfo(2, "n"), getinfo(3, "S")
  if caller and caller.source ~= "=\1" then name = called.name or name end
  if called.namewhat == "method" then number = number - 1 end
  local problem = " (" .. expected .. " expected, got " .. got .. ")"
  if number == 0 then raise("calling '" .. name .. "' on bad self" .. problem, 3) end
  raise("bad argument #" .. number .. " to '" .. name .. "'" .. problem, 3)
end

-- Ending a script.  A count hook raises once it is over.  The script may catch that in a pcall, so from then on a
-- hook on every instruction of the script's own code raises again, and `finish` does after each wrapped pcall,
-- resume and xpcall: no chain of them outlives it.
local killed = false
local KILLED = "Script killed"
local function kill()
  local running = getinfo(2, "S")
  if running and running.source ~= "=\1" then raise(KILLED, 0) end
end
local function stop()
  killed = true
  sethook(kill, "l", 1)
  raise(KILLED, 0)
end
local function hook() if killed or is_over() then stop() end end
local function finish(ok, ...)
  if not ok then
    if killed or is_over() then stop() end
    -- The host raises nothing; what the bridge to it may raise would be an object of Python's.
    if type((...)) == "userdata" then return false, "internal error" end
  end
  return ok, ...
end

-- Hooks belong to one coroutine, so each that a script makes gets its own.
local function hooked(f)
  if type(f) ~= "function" then bad_argument(1, "create", "Lua function", f) end
  local co = co_create(f)
  sethook(co, hook, "", HOOK_INSTRUCTIONS)
  return co
end

-- Tables that outlive a script are empty stand-ins for their contents; rawset, setmetatable and table.insert go
-- past __newindex, so their wrapped versions ask here.
local contents_of = setmetatable({}, {__mode = "k"})
local function refuse_write() raise(READONLY, 2) end
local function freeze(contents)
  local frozen = setmetatable({}, {__index = contents, __newindex = refuse_write, __metatable = false})
  contents_of[frozen] = contents
  return frozen
end

-- Lua 5.1's matcher recurses in C for each item of a pattern: 200,000 of them overrun the stack.
local function is_text(value) return type(value) == "string" or type(value) == "number" end
local function is_long(p) return type(p) == "string" and #p > 2000 end

local function copy(library, names)
  local copied = {}
  for _, name in ipairs(names) do copied[name] = library[name] end
  return copied
end

local base = {
  error = raise, select = select, type = type, rawequal = rawequal, ipairs = ipairs, tostring = tostring,
  tonumber = tonumber, assert = assert, gcinfo = gcinfo, _VERSION = _VERSION,
}

-- What a wrapper of ours or a C function called from one puts before its messages is no line of the script.
local function without_place(message)
  if type(message) == "string" and byte(message, 1) == 1 then return (gsub(message, "^\1:%d+: ", "")) end
  return message
end

-- An error with a code arrives as its text, as scripts know it from Redis.
local function caught(ok, ...)
  if ok then return ok, ... end
  local problem = ...
  if type(problem) == "table" then
    local text = rawget(problem, "err")
    if type(text) == "string" then return false, text end
    return false, problem
  end
  return false, without_place(problem)
end
function base.pcall(...)
  if select("#", ...) == 0 then bad_argument(1, "pcall", "value") end
  return caught(finish(raw_pcall(...)))
end

-- The function runs after the unwinding, in ordinary code: the real xpcall runs it with hooks off when it was a
-- hook that raised, so that an endless one would never be stopped.
local function explained(explain, ok, ...)
  if ok then return ok, ... end
  local done, value = finish(raw_pcall(explain, without_place((...))))
  if done then return false, value end
  return false, "error in error handling"
end
function base.xpcall(f, explain) return explained(explain, finish(raw_pcall(f))) end

function base.pairs(...)
  local t = ...
  if type(t) ~= "table" then bad_argument(1, "pairs", "table", ...) end
  local contents = contents_of[t]
  if contents == nil then return next, t, nil end
  return function(_, key) return next(contents, key) end, t, nil
end
function base.next(t, ...)
  if type(t) ~= "table" then bad_argument(1, "next", "table", t) end
  return next(contents_of[t] or t, ...)
end
function base.rawget(t, key)
  if type(t) ~= "table" then bad_argument(1, "rawget", "table", t) end
  return rawget(contents_of[t] or t, key)
end
function base.rawset(t, key, value)
  if contents_of[t] then raise(READONLY, 0) end
  if type(t) ~= "table" then bad_argument(1, "rawset", "table", t) end
  return rawset(t, key, value)
end
function base.setmetatable(t, m)
  if contents_of[t] then raise(READONLY, 0) end
  if type(t) ~= "table" then bad_argument(1, "setmetatable", "table", t) end
  if m ~= nil and type(m) ~= "table" then bad_argument(2, "setmetatable", "nil or table", m) end
  if getmetatable(t) ~= nil and rawget(getmetatable(t), "__metatable") ~= nil then
    raise("cannot change a protected metatable", 2)
  end
  return setmetatable(t, m)
end

-- Lua 5.1 computes j-i+1 in an int; when that overflows it writes past its stack.
function base.unpack(t, i, j)
  if type(t) ~= "table" then bad_argument(1, "unpack", "table", t) end
  i, j = i == nil and 1 or tonumber(i), j == nil and #t or tonumber(j)
  if type(i) ~= "number" or type(j) ~= "number" then raise("bad argument to 'unpack' (number expected)", 2) end
  if not (j - i < 7999) or i < -2147483648 or j > 2147483647 then raise("too many results to unpack", 2) end
  return raw_unpack(t, i, j)
end

-- Stopping the collector or making it lazy would leave the limit of memory as the only bound.
function base.collectgarbage(option)
  if option == "count" then return collectgarbage("count") end
  if option == nil or option == "collect" then return collectgarbage("collect") end
  if option == "step" then return collectgarbage("step") end
  return 0
end

base.coroutine = {
  create = hooked,
  resume = function(...) return finish(co_resume(...)) end,
  status = co_status, running = coroutine.running, yield = coroutine.yield,
}
local function result_of(ok, ...)
  if not ok then raise(without_place((...)), 0) end
  return ...
end
function base.coroutine.wrap(f)
  local co = hooked(f)
  return function(...) return result_of(finish(co_resume(co, ...))) end
end

-- string.dump is left out (bytecode); what can run for long or overrun the stack is wrapped.
base.string = copy(string, {"byte", "char", "format", "len", "lower", "reverse", "sub", "upper"})
function base.string.rep(s, n)
  if type(s) ~= "string" and type(s) ~= "number" then bad_argument(1, "rep", "string", s) end
  local count = tonumber(n)
  if count == nil then bad_argument(2, "rep", "number", n) end
  s, n = tostring(s), count
  if s == "" then return s end                       -- n turns of a loop in C for nothing
  if #s * n > MOST_STRING then raise("resulting string too large", 2) end
  return rep(s, n)
end
function base.string.find(s, p, init, plain)
  if not is_text(s) then bad_argument(1, "find", "string", s) end
  if not is_text(p) then bad_argument(2, "find", "string", p) end
  if not plain and is_long(p) then raise("pattern too long", 2) end
  return find(s, p, init, plain)
end
function base.string.match(s, p, ...)
  if not is_text(s) then bad_argument(1, "match", "string", s) end
  if not is_text(p) then bad_argument(2, "match", "string", p) end
  if is_long(p) then raise("pattern too long", 2) end
  return match(s, p, ...)
end
function base.string.gmatch(s, p)
  if not is_text(s) then bad_argument(1, "gmatch", "string", s) end
  if not is_text(p) then bad_argument(2, "gmatch", "string", p) end
  if is_long(p) then raise("pattern too long", 2) end
  return gmatch(s, p)
end
base.string.gfind = base.string.gmatch
function base.string.gsub(s, p, ...)
  if not is_text(s) then bad_argument(1, "gsub", "string", s) end
  if not is_text(p) then bad_argument(2, "gsub", "string", p) end
  if is_long(p) then raise("pattern too long", 2) end
  return gsub(s, p, ...)
end

base.table = copy(table, {"concat", "remove", "sort", "maxn", "getn", "setn", "foreach", "foreachi"})
-- A position far before the list makes insert shift up to 2^31 slots, in C and unstoppable.
function base.table.insert(t, ...)
  if type(t) ~= "table" then bad_argument(1, "insert", "table", t) end
  if contents_of[t] then raise(READONLY, 0) end
  local count = select("#", ...)
  if count == 1 then t[#t + 1] = (...) return end
  if count ~= 2 then raise("wrong number of arguments to 'insert'", 2) end
  local position = tonumber((...))
  if position == nil then bad_argument(2, "insert", "number", (...)) end
  if not (#t - position < 1000000) then
    raise("bad argument #2 to 'insert' (position out of bounds)", 2)
  end
  return insert(t, ...)
end

base.math = {}
for name, value in pairs(math) do base.math[name] = value end
-- Chance as POSIX's lrand48 makes it, from the state that has at first: a script draws what it draws in Redis.
-- The 48 bits are two halves, since a number here holds products of 53 bits.
local floor, ceil = math.floor, math.ceil
local high, low = 0x1234AB, 0xCD330E
local function draw()
  local product = low * 0xECE66D + 11
  high = (high * 0xECE66D + low * 0x5DE + floor(product / 0x1000000)) % 0x1000000
  low = product % 0x1000000
  return (high * 128 + floor(low / 0x20000)) % 0x7FFFFFFF / 0x7FFFFFFF
end
local function as_int(number)                        -- as C makes a double one of 32 bits, by way of 64
  if not (number >= -0x8000000000000000 and number < 0x8000000000000000) then return 0 end
  local bits = (number < 0 and ceil(number) or floor(number)) % 0x100000000
  return bits < 0x80000000 and bits or bits - 0x100000000
end
function base.math.random(...)
  local count, drawn = select("#", ...), draw()
  if count == 0 then return drawn end
  if count > 2 then raise("wrong number of arguments", 2) end
  local first, second = tonumber((...)), tonumber((select(count, ...)))
  if first == nil then bad_argument(1, "random", "number", ...) end
  if second == nil then bad_argument(2, "random", "number", (select(2, ...))) end
  local least, most = count == 1 and 1 or as_int(first), as_int(second)
  if least > most then raise("bad argument #" .. count .. " to 'random' (interval is empty)", 2) end
  return floor(drawn * as_int(most - least + 1)) + least
end
function base.math.randomseed(...)
  local seed = tonumber((...))
  if seed == nil then bad_argument(1, "randomseed", "number", ...) end
  seed = as_int(seed) % 0x100000000
  high, low = floor(seed / 256), seed % 256 * 65536 + 0x330E
end
base.os = {clock = os.clock}

-- Where an error was raised: the innermost line of a script.  Runs before the stack is unwound.
local function located(problem)
  local source, line
  for level = 2, 50 do
    local info = getinfo(level, "Sl")
    if info == nil then break end
    if info.source == SCRIPT or info.source == LIBRARY then source, line = info.source, info.currentline break end
  end
  if type(problem) == "table" then
    local text = rawget(problem, "err")
    if type(text) == "number" then text = tostring(text) end
    if type(text) ~= "string" then text = "ERR unknown error" end
    return {text, source, line, rawget(problem, "ignore_error_stats_update") and true or false}
  end
  local text = type(problem) == "userdata" and "internal error" or tostring(problem)
  if byte(text, 1) == 1 then
    text = without_place(text)
    if source then text = source:sub(2) .. ":" .. line .. ": " .. text end
  end
  return {"ERR " .. text, source, line, false}
end

-- The environments: reads fall through to the contents, then to an error; writes are refused.
local function missing(_, name)
  raise("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
end
local function environment(contents)
  setmetatable(contents, {__index = missing})
  local shown = freeze({__index = missing, __newindex = refuse_write})
  local meta = {__index = contents, __newindex = refuse_write, __metatable = shown}
  local env = setmetatable({}, meta)
  contents_of[env] = contents
  contents._G = env

  -- Text only (bytecode can crash the machine), and only into this environment.
  local function compiled(source, name)
    if byte(source, 1) == 27 then return nil, "binary chunk refused" end
    local chunk, message = loadstring(source, name)
    if chunk then setfenv(chunk, env) end
    return chunk, message
  end
  function contents.loadstring(source)
    if type(source) ~= "string" and type(source) ~= "number" then bad_argument(1, "loadstring", "string", source) end
    return compiled(tostring(source), rawget(contents, "KEYS") and SCRIPT or LIBRARY)
  end
  function contents.load(read)
    if type(read) ~= "function" then bad_argument(1, "load", "function", read) end
    local pieces = {}
    while true do
      local piece = read()
      if piece == nil or piece == "" then break end
      if type(piece) ~= "string" then return nil, "reader function must return a string" end
      pieces[#pieces + 1] = piece
    end
    return compiled(concat(pieces), rawget(contents, "KEYS") and SCRIPT or LIBRARY)
  end
  return env, meta
end

local state = {client_resp = 2, script_resp = 2}
local encode = make_encoder(state)
local pack = as_function(host.pack)
local tools = {
  as_function = as_function, bad_argument = bad_argument, freeze = freeze, contents_of = contents_of, copy = copy,
  newproxy = newproxy, getmetatable = getmetatable, stop = stop, EXHAUSTED = 4,
}

-- A library function in Lua fails as one in C would: at the line that called it.
local function results_or_failure(ok, ...)
  if ok then return ... end
  raise(without_place((...)), 3)
end
local function guarded(f)
  return function(...) return results_or_failure(raw_pcall(f, ...)) end
end
tools.guarded = guarded
local reset_json
base.cjson, reset_json = make_json(host, tools)
base.cmsgpack = make_msgpack(host, tools)
local api, loading_api, functions = make_api(host, tools, state, base)
for name, value in pairs(base) do
  if type(value) == "table" then base[name] = freeze(value) end
end
local library_base = {}
for name, value in pairs(base) do library_base[name] = value end
base.redis = freeze(api)
base.server = base.redis
library_base.redis = base.redis
library_base.server = base.redis
local script_env = environment(base)
local library_env, library_meta = environment(library_base)
-- While it is loaded, a library can only register its functions and log.
local loading_base = setmetatable({}, {__index = missing})
loading_base.redis = freeze(setmetatable(loading_api, {__index = missing}))
loading_base.server = loading_base.redis

-- ("x"):rep(n) must find the wrapped function, and getmetatable("") must not be a way to change it.
local string_metatable = getmetatable("")
string_metatable.__index = base.string
local shown_string_metatable = freeze({__index = base.string})
local function getmetatable_of(o)
  if type(o) == "string" then return shown_string_metatable end
  if type(o) ~= "table" then return nil end
  local m = getmetatable(o)
  if m == false and contents_of[o] then return nil end
  return m
end
base.getmetatable, library_base.getmetatable = getmetatable_of, getmetatable_of

-- Nothing runs with the real globals again; what is not copied above is gone.
local globals, names = _G, {}
for name in pairs(globals) do names[#names + 1] = name end
for _, name in ipairs(names) do globals[name] = nil end

local prepared = {}
local ERROR, KILL, REPLY, ERROR_REPLY = 1, 2, 3, 4

local function outcome(ok, value)
  reset_json()
  if killed then
    killed = false
    sethook(hook, "", HOOK_INSTRUCTIONS)
    local place = type(value) == "table" and value or {}
    return KILLED, KILL, place[2] or false, place[3] or false, false
  end
  if not ok then
    if type(value) ~= "table" then return "ERR " .. tostring(value), ERROR, false, false, false end
    return value[1], ERROR, value[2] or false, value[3] or false, value[4]
  end
  local kind = type(value)
  if kind == "table" then
    local text = rawget(value, "err")
    if type(text) == "string" then
      return text, ERROR_REPLY, rawget(value, "ignore_error_stats_update") and true or false
    end
    local encoded, reply = raw_pcall(encode, value)
    if killed then return outcome(false) end
    if not encoded then return "ERR " .. tostring(without_place(reply)), ERROR, false, false, false end
    return reply, REPLY
  end
  if kind == "string" or kind == "number" or kind == "boolean" then return value end
  return nil
end

local program = {}

-- Compile a script's text: its bytecode, or nil and what is wrong.  Function names are constants of this chunk.
function program.compile(source, is_library)
  local name = is_library and LIBRARY or SCRIPT
  if byte(source, 1) == 27 then return false, "binary chunk refused" end
  local chunk, message = loadstring(source, name)
  if not chunk then return false, message end
  return dump(chunk)
end

-- Bytecode that `compile` gave, and that the host only made keep its frames, becomes script number `id`.
function program.prepare(id, bytecode, is_library)
  local chunk = loadstring(bytecode, is_library and LIBRARY or SCRIPT)
  setfenv(chunk, is_library and library_env or script_env)
  prepared[id] = chunk
end

function program.forget(id) prepared[id] = nil end

-- Run a script whose keys and arguments are tables.
function program.run_with(id, resp, keys, argv)
  state.client_resp, state.script_resp = resp, 2
  base.KEYS, base.ARGV = keys, argv
  return outcome(raw_xpcall(prepared[id], located))
end

-- Run a script with its few keys and arguments as they are.
function program.run(id, resp, key_count, ...)
  local keys, argv
  if key_count == 0 then
    keys, argv = {}, {...}
  elseif key_count == 1 then
    keys, argv = {(...)}, {select(2, ...)}
  elseif key_count == select("#", ...) then
    keys, argv = {...}, {}
  else
    keys, argv = {...}, {select(key_count + 1, ...)}
    for i = key_count + 1, #keys do keys[i] = nil end
  end
  state.client_resp, state.script_resp = resp, 2
  base.KEYS, base.ARGV = keys, argv
  return outcome(raw_xpcall(prepared[id], located))
end

-- Load a library: its chunk registers functions through the host.
function program.load_library(id)
  library_meta.__index = loading_base
  local ok, problem = raw_xpcall(prepared[id], located)
  library_meta.__index = library_base
  prepared[id] = nil
  if ok and not killed then return nil end
  return outcome(false, problem)
end

local entered, first, second
local function enter() return entered(first, second) end
function program.call_function(id, resp, keys, argv)
  state.client_resp, state.script_resp = resp, 2
  entered, first, second = functions[id], keys, argv
  local ok, value = raw_xpcall(enter, located)
  entered, first, second = nil, nil, nil
  return outcome(ok, value)
end
function program.forget_function(id) functions[id] = nil end

-- Between scripts: nothing of the last one is kept, whatever happened to it.
function program.reset()
  killed = false
  sethook(hook, "", HOOK_INSTRUCTIONS)
  base.KEYS, base.ARGV = nil, nil
  library_meta.__index = library_base
end

function program.collect() collectgarbage("collect") end

sethook(hook, "", HOOK_INSTRUCTIONS)
return program
"""
