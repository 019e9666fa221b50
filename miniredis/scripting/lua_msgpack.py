"""Lua: cmsgpack as Redis has it (lua-cmsgpack 0.4), in Lua; doubles are packed by the host."""

from __future__ import annotations

from typing import Final

MSGPACK: Final = rb"""
local host, tools = ...
local type, next, rawget, select, raise = type, next, rawget, select, error
local tostring, tonumber, unpack = tostring, tonumber, unpack
local concat, char, byte, sub, floor, huge = table.concat, string.char, string.byte, string.sub, math.floor, math.huge
local to_float, from_float = tools.as_function(host.msgpack_float), tools.as_function(host.msgpack_number)

local DEEPEST = 16
-- What may be returned at once without overrunning Lua's stack.
local MOST_RESULTS = 7900

local function big_endian(number, size)
  local bytes = {}
  for i = size, 1, -1 do
    bytes[i] = number % 256
    number = floor(number / 256)
  end
  return char(unpack(bytes))
end

local function header(size, fixed, most_fixed, one, two, four)
  if size <= most_fixed then return char(fixed + size) end
  if one and size <= 0xFF then return char(one, size) end
  if size <= 0xFFFF then return char(two) .. big_endian(size, 2) end
  return char(four) .. big_endian(size, 4)
end

local function integer(number)
  if number >= 0 then
    if number <= 127 then return char(number) end
    if number <= 0xFF then return char(0xCC, number) end
    if number <= 0xFFFF then return "\205" .. big_endian(number, 2) end
    if number <= 0xFFFFFFFF then return "\206" .. big_endian(number, 4) end
    return "\207" .. big_endian(number, 8)
  end
  if number >= -32 then return char(256 + number) end
  if number >= -128 then return char(0xD0, 256 + number) end
  if number >= -32768 then return "\209" .. big_endian(number + 0x10000, 2) end
  if number >= -2147483648 then return "\210" .. big_endian(number + 0x100000000, 4) end
  -- Two halves: the sum with 2^64 would lose the low bits.
  local low = number % 0x100000000
  return "\211" .. big_endian(floor(number / 0x100000000) % 0x100000000, 4) .. big_endian(low, 4)
end

local function array_length(t)
  local count, max = 0, 0
  for key in next, t do
    if type(key) ~= "number" or key <= 0 or floor(key) ~= key then return nil end
    count = count + 1
    if key > max then max = key end
  end
  if max ~= count then return nil end
  return count
end

local function append(out, n, value, depth)
  local kind = type(value)
  if kind == "table" and depth == DEEPEST then kind = "nil" end
  n = n + 1
  if kind == "string" then
    out[n] = header(#value, 0xA0, 31, 0xD9, 0xDA, 0xDB)
    out[n + 1] = value
    return n + 1
  elseif kind == "number" then
    if floor(value) == value and value >= -9223372036854775808 and value < 9223372036854775808 then
      out[n] = integer(value)
    else
      local digits, kind = to_float(value)
      if kind == tools.EXHAUSTED then tools.stop() end
      out[n] = digits
    end
  elseif kind == "boolean" then
    out[n] = value and "\195" or "\194"
  elseif kind == "table" then
    local length = array_length(value)
    if length then
      out[n] = header(length, 0x90, 15, nil, 0xDC, 0xDD)
      for i = 1, length do n = append(out, n, rawget(value, i), depth + 1) end
    else
      local count = 0
      for _ in next, value do count = count + 1 end
      out[n] = header(count, 0x80, 15, nil, 0xDE, 0xDF)
      for key, item in next, value do
        n = append(out, n, key, depth + 1)
        n = append(out, n, item, depth + 1)
      end
    end
  else
    out[n] = "\192"
  end
  return n
end

local text, size
local function need(position, count)
  if position + count - 1 > size then raise("Missing bytes in input.", 0) end
end
local function unsigned(position, count)
  need(position, count)
  local number = 0
  for i = position, position + count - 1 do number = number * 256 + byte(text, i) end
  return number
end
local function signed(position, count)
  if count == 8 then
    local high, low = unsigned(position, 4), unsigned(position + 4, 4)
    if high >= 0x80000000 then high = high - 0x100000000 end
    return high * 0x100000000 + low
  end
  local number = unsigned(position, count)
  local limit = 2 ^ (count * 8)
  return number >= limit / 2 and number - limit or number
end

local value_at
local function string_at(position, count)
  need(position, count)
  return sub(text, position, position + count - 1), position + count
end
local function array_at(position, count, depth)
  local array = {}
  for i = 1, count do array[i], position = value_at(position, depth + 1) end
  return array, position
end
local function map_at(position, count, depth)
  local map = {}
  for _ = 1, count do
    local key, value
    key, position = value_at(position, depth + 1)
    value, position = value_at(position, depth + 1)
    if key == nil then raise("table index is nil", 0) end
    if key ~= key then raise("table index is NaN", 0) end
    map[key] = value
  end
  return map, position
end

function value_at(position, depth)
  need(position, 1)
  -- Hostile input must not nest deeper than the stack of calls.
  if depth > 15000 then raise("Bad data format in input.", 0) end
  local code = byte(text, position)
  position = position + 1
  if code < 0x80 then return code, position end
  if code >= 0xE0 then return code - 256, position end
  if code < 0x90 then return map_at(position, code - 0x80, depth) end
  if code < 0xA0 then return array_at(position, code - 0x90, depth) end
  if code < 0xC0 then return string_at(position, code - 0xA0) end
  if code == 0xC0 then return nil, position end
  if code == 0xC2 then return false, position end
  if code == 0xC3 then return true, position end
  if code == 0xCC or code == 0xCD or code == 0xCE or code == 0xCF then
    local count = 2 ^ (code - 0xCC)
    -- 64 bits are taken as signed.
    return code == 0xCF and signed(position, 8) or unsigned(position, count), position + count
  end
  if code >= 0xD0 and code <= 0xD3 then
    local count = 2 ^ (code - 0xD0)
    return signed(position, count), position + count
  end
  if code == 0xCA or code == 0xCB then
    local count = code == 0xCA and 4 or 8
    need(position, count)
    return from_float(sub(text, position, position + count - 1)), position + count
  end
  if code == 0xD9 then return string_at(position + 1, unsigned(position, 1)) end
  if code == 0xDA then return string_at(position + 2, unsigned(position, 2)) end
  if code == 0xDB then return string_at(position + 4, unsigned(position, 4)) end
  if code == 0xDC then return array_at(position + 2, unsigned(position, 2), depth) end
  if code == 0xDD then return array_at(position + 4, unsigned(position, 4), depth) end
  if code == 0xDE then return map_at(position + 2, unsigned(position, 2), depth) end
  if code == 0xDF then return map_at(position + 4, unsigned(position, 4), depth) end
  raise("Bad data format in input.", 0)
end

local function text_argument(name, ...)
  local value = ...
  if type(value) ~= "string" and type(value) ~= "number" then tools.bad_argument(1, name, "string", ...) end
  return tostring(value)
end

-- `limit` 0: all.  The offset counts from 0 and is given back as where to go on, or -1 at the end.
local function decode(given, limit, offset, with_offset)
  text, size = given, #given
  if offset < 0 or limit < 0 then
    raise("Invalid request to unpack with offset of " .. offset .. " and limit of " .. size .. ".", 0)
  elseif offset > size then
    raise("Start offset " .. offset .. " greater than input length " .. size .. ".", 0)
  end
  local values, count, position = {}, 0, offset + 1
  if limit == 0 then limit = huge end
  while position <= size and count < limit do
    if count >= MOST_RESULTS then raise("too many values to unpack", 0) end
    count = count + 1
    values[count], position = value_at(position, 0)
  end
  text = nil
  if with_offset then return position > size and -1 or position - 1, unpack(values, 1, count) end
  return unpack(values, 1, count)
end

local cmsgpack = {
  _NAME = "cmsgpack", _VERSION = "lua-cmsgpack 0.4.0", _COPYRIGHT = "as lua-cmsgpack's interface",
  _DESCRIPTION = "MessagePack C implementation for Lua",
}
cmsgpack.pack = tools.guarded(function(...)
  local count = select("#", ...)
  if count == 0 then raise("bad argument #0 to 'pack' (MessagePack pack needs input.)", 0) end
  local out, n = {}, 0
  for i = 1, count do n = append(out, n, (select(i, ...)), 0) end
  return concat(out)
end)
cmsgpack.unpack = tools.guarded(function(...)
  return decode(text_argument("unpack", ...), 0, 0, false)
end)
local function offset_argument(name, number, value)
  if value == nil then return 0 end
  local wanted = tonumber(value)
  if wanted == nil then tools.bad_argument(number, name, "number", value) end
  return wanted < 0 and -floor(-wanted) or floor(wanted)
end
cmsgpack.unpack_one = tools.guarded(function(given, offset)
  return decode(text_argument("unpack_one", given), 1, offset_argument("unpack_one", 2, offset), true)
end)
cmsgpack.unpack_limit = tools.guarded(function(given, limit, offset)
  if limit == nil then tools.bad_argument(2, "unpack_limit", "number") end
  local most = offset_argument("unpack_limit", 2, limit)
  return decode(text_argument("unpack_limit", given), most, offset_argument("unpack_limit", 3, offset), most ~= 0)
end)
return cmsgpack
"""
