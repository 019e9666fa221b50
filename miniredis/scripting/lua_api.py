"""Lua: the `redis` table, with `bit` and `struct`, which are functions of the host.

The host's functions never raise; what they give is a value, or a value and what kind of thing it is.
"""

from __future__ import annotations

from typing import Final

API: Final = rb"""
local host, tools, state, base = ...
local raise, select, type, tostring, tonumber, rawget = error, select, type, tostring, tonumber, rawget
local sub, find = string.sub, string.find
local concat, floor, next, unpack = table.concat, math.floor, next, unpack
local as_function, bad_argument, copy = tools.as_function, tools.bad_argument, tools.copy
local host_call, host_acl = as_function(host.call), as_function(host.acl_check_cmd)
local host_log, host_sha1 = as_function(host.log), as_function(host.sha1hex)
local host_setresp, host_set_repl = as_function(host.setresp), as_function(host.set_repl)
local host_register, host_bit = as_function(host.register), as_function(host.bit)
local host_pack, host_unpack, host_size = as_function(host.pack), as_function(host.unpack), as_function(host.size)

local STATUS, TABLE, FAILURE, EXHAUSTED, stop = 1, 2, 3, tools.EXHAUSTED, tools.stop

-- redis.call raises a table {err = ...}, redis.pcall returns it.
local function call(...)
  local value, kind = host_call(...)
  if kind == nil or kind == TABLE then return value end
  if kind == STATUS then return {ok = value} end
  if kind == EXHAUSTED then stop() end
  raise({err = value, ignore_error_stats_update = true}, 0)
end
local function pcall(...)
  local value, kind = host_call(...)
  if kind == nil or kind == TABLE then return value end
  if kind == STATUS then return {ok = value} end
  if kind == EXHAUSTED then stop() end
  return {err = value, ignore_error_stats_update = true}
end

local function fail(text) raise({err = "ERR " .. text}, 0) end

-- A text with a code keeps it; a single word gets the generic one.
local function error_table(text)
  if sub(text, 1, 1) == "-" then text = sub(text, 2) end
  if not find(text, " ", 1, true) then text = "ERR " .. text end
  return {err = (text:gsub("[\r\n]", " "))}
end
local function is_text(count, value) return count == 1 and type(value) == "string" end

local api = {
  call = call, pcall = pcall,
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_AOF = 1, REPL_SLAVE = 2, REPL_REPLICA = 2, REPL_ALL = 3,
  REDIS_VERSION = host.version, REDIS_VERSION_NUM = host.version_number,
  SERVER_NAME = "miniredis",
}
function api.error_reply(...)
  if not is_text(select("#", ...), (...)) then return {err = "ERR wrong number or type of arguments"} end
  return error_table((...))
end
function api.status_reply(...)
  if not is_text(select("#", ...), (...)) then return {err = "ERR wrong number or type of arguments"} end
  return {ok = (...)}
end
function api.sha1hex(...)
  if select("#", ...) ~= 1 then fail("wrong number of arguments") end
  local text = ...
  if type(text) == "number" then text = tostring(text) elseif type(text) ~= "string" then text = "" end
  local digest, kind = host_sha1(text)
  if kind == EXHAUSTED then stop() end
  return digest
end
function api.log(...)
  local level = ...
  if select("#", ...) < 2 then fail("redis.log() requires two arguments or more.") end
  if type(level) ~= "number" then fail("First argument must be a number (log level).") end
  if level < 0 or level > 3 then fail("Invalid debug level.") end
  local words = {}
  for i = 2, select("#", ...) do
    local word = (select(i, ...))
    if type(word) == "string" or type(word) == "number" then words[#words + 1] = tostring(word) end
  end
  host_log(floor(level), concat(words, " "))
end
function api.setresp(...)
  if select("#", ...) ~= 1 then fail("redis.setresp() requires one argument.") end
  local version = tonumber((...))
  version = version and floor(version)
  if version ~= 2 and version ~= 3 then fail("RESP version must be 2 or 3.") end
  state.script_resp = version
  host_setresp(version)
end
function api.set_repl(...)
  if select("#", ...) ~= 1 then fail("redis.set_repl() requires two arguments.") end
  local flags = tonumber((...)) or 0
  if flags < 0 or flags > 3 then
    fail("Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
  end
  if not host_set_repl(floor(flags)) then fail("redis.set_repl can only be called inside a script invocation") end
end
function api.acl_check_cmd(...)
  local allowed, kind = host_acl(...)
  if kind == EXHAUSTED then stop() end
  if kind == FAILURE then raise({err = allowed}, 0) end
  return allowed
end
function api.replicate_commands() return true end
-- Without the debugger there is nothing to stop at or to show.
function api.breakpoint() return false end
function api.debug() end

-- Libraries register their functions while they are loaded, and can do little else then.
local functions, next_id = {}, 0
local loading_api = {log = api.log}
for name, value in next, api do
  if type(value) ~= "function" then loading_api[name] = value end
end

local function registered(name, f, description, flags)
  if type(name) == "number" then name = tostring(name) end
  next_id = next_id + 1
  local problem = host_register(next_id, name, description, flags)
  if problem then fail(problem) end
  functions[next_id] = f
end
local function flags_of(list)
  if type(list) ~= "table" then
    fail("flags argument to redis.register_function must be a table representing function flags")
  end
  local flags, i = {}, 1
  while rawget(list, i) ~= nil do
    if type(rawget(list, i)) ~= "string" then fail("unknown flag given") end
    flags[i] = rawget(list, i)
    i = i + 1
  end
  return concat(flags, "\n")
end
function loading_api.register_function(...)
  local count = select("#", ...)
  if count < 1 or count > 2 then fail("wrong number of arguments to redis.register_function") end
  local name, f = ...
  if count == 2 then
    if type(name) ~= "string" and type(name) ~= "number" then
      fail("first argument to redis.register_function must be a string")
    end
    if type(f) ~= "function" then fail("second argument to redis.register_function must be a function") end
    return registered(name, f, false, "")
  end
  if type(name) ~= "table" then
    fail("calling redis.register_function with a single argument is only applicable to Lua table "
      .. "(representing named arguments).")
  end
  local given, description, flags = {}, false, ""
  for key, value in next, name do
    if type(key) ~= "string" and type(key) ~= "number" then
      fail("named argument key given to redis.register_function is not a string")
    end
    if key == "function_name" then
      if type(value) ~= "string" and type(value) ~= "number" then
        fail("function_name argument given to redis.register_function must be a string")
      end
      given[key] = value
    elseif key == "callback" then
      if type(value) ~= "function" then
        fail("callback argument given to redis.register_function must be a function")
      end
      given[key] = value
    elseif key == "description" then
      if type(value) ~= "string" and type(value) ~= "number" then
        fail("description argument given to redis.register_function must be a string")
      end
      description = tostring(value)
    elseif key == "flags" then
      flags = flags_of(value)
    else
      fail("unknown argument given to redis.register_function")
    end
  end
  if given.function_name == nil then fail("redis.register_function must get a function name argument") end
  if given.callback == nil then fail("redis.register_function must get a callback argument") end
  return registered(given.function_name, given.callback, description, flags)
end

-- What was wrong with an argument is told as the libraries in C tell it.
local function value_of(value, problem)
  if problem == nil then return value end
  if problem == EXHAUSTED then stop() end
  raise(value, 3)
end
base.bit = {}
for _, name in next, {
  "tobit", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "bswap", "tohex",
} do
  base.bit[name] = function(...) return value_of(host_bit(name, ...)) end
end
-- The next position comes first, so that a failure can be told from values.
local function values_of(position, ...)
  if position == false then
    if (...) == EXHAUSTED then stop() end
    raise((...), 3)
  end
  local values, count = {...}, select("#", ...)
  values[count + 1] = position
  return unpack(values, 1, count + 1)
end
base.struct = {
  pack = function(...) return value_of(host_pack(...)) end,
  size = function(...) return value_of(host_size(...)) end,
  unpack = function(...) return values_of(host_unpack(...)) end,
}
return api, loading_api, functions
"""
