"""Lua: cjson as Redis has it (lua-cjson 2.1), in Lua.

Encoding goes by raw access and never calls a metamethod; depth and sparse arrays are bounded as there.  What a
script sets is taken back before the next one.
"""

from __future__ import annotations

from typing import Final

JSON: Final = rb"""
local host, tools = ...
local type, rawget, next, tostring, tonumber, raise, select = type, rawget, next, tostring, tonumber, error, select
local concat, format, gsub, find = table.concat, string.format, string.gsub, string.find
local sub, byte, char = string.sub, string.byte, string.char
local floor, huge = math.floor, math.huge

-- cjson.null: equal to itself only, no metatable that a script could reach.
local null = tools.newproxy(true)
tools.getmetatable(null).__tostring = function() return "userdata: (nil)" end
tools.getmetatable(null).__metatable = false

local escapes = {['"'] = '\\"', ["\\"] = "\\\\", ["/"] = "\\/", ["\127"] = "\\u007f",
  ["\b"] = "\\b", ["\t"] = "\\t", ["\n"] = "\\n", ["\f"] = "\\f", ["\r"] = "\\r"}
for code = 0, 31 do
  local control = char(code)
  if not escapes[control] then escapes[control] = format("\\u%04x", code) end
end

local tokens = {["{"] = "T_OBJ_BEGIN", ["}"] = "T_OBJ_END", ["["] = "T_ARR_BEGIN", ["]"] = "T_ARR_END",
  [","] = "T_COMMA", [":"] = "T_COLON"}
local unescaped = {b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/"}

local function utf8(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 0x40), 0x80 + code % 0x40) end
  if code < 0x10000 then
    return char(0xE0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return char(0xF0 + floor(code / 0x40000), 0x80 + floor(code / 0x1000) % 0x40,
              0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local function new()
  local convert, ratio, safe = false, 2, 10
  local encode_depth, decode_depth, precision, keep_buffer = 1000, 1000, 14, true
  local encode_invalid, decode_invalid = false, true
  local number_format = "%.14g"

  local function cannot(kind, why) raise("Cannot serialise " .. kind .. ": " .. why, 0) end

  local function array_length(t)
    local max, items = 0, 0
    for key in next, t do
      if type(key) ~= "number" or key < 1 or floor(key) ~= key then return -1 end
      if key > max then max = key end
      items = items + 1
    end
    if ratio > 0 and max > items * ratio and max > safe then
      if not convert then cannot("table", "excessively sparse array") end
      return -1
    end
    return max
  end

  local function number(value)
    if value ~= value or value == huge or value == -huge then
      if encode_invalid == "null" then return "null" end
      if not encode_invalid then cannot("number", "must not be NaN or Inf") end
      if value ~= value then return "nan" end
      return value > 0 and "inf" or "-inf"
    end
    return format(number_format, value)
  end

  local function append(out, n, value, depth)
    local kind = type(value)
    if kind == "string" then
      out[n + 1] = '"' .. gsub(value, '[%c"\\/\127]', escapes) .. '"'
      return n + 1
    elseif kind == "number" then
      out[n + 1] = number(value)
      return n + 1
    elseif kind == "boolean" then
      out[n + 1] = value and "true" or "false"
      return n + 1
    elseif value == nil or value == null then
      out[n + 1] = "null"
      return n + 1
    elseif kind ~= "table" then
      cannot(kind, "type not supported")
    end
    depth = depth + 1
    if depth > encode_depth then
      raise("Cannot serialise, excessive nesting (" .. depth .. ")", 0)
    end
    local length = array_length(value)
    if length > 0 then
      n = n + 1
      out[n] = "["
      for i = 1, length do
        if i > 1 then n = n + 1 out[n] = "," end
        n = append(out, n, rawget(value, i), depth)
      end
      out[n + 1] = "]"
      return n + 1
    end
    n = n + 1
    out[n] = "{"
    local first = true
    for key, item in next, value do
      if first then first = false else n = n + 1 out[n] = "," end
      n = n + 1
      if type(key) == "number" then
        out[n] = '"' .. number(key) .. '":'
      elseif type(key) == "string" then
        out[n] = '"' .. gsub(key, '[%c"\\/\127]', escapes) .. '":'
      else
        cannot(type(key), "table key must be a number or string")
      end
      n = append(out, n, item, depth)
    end
    out[n + 1] = "}"
    return n + 1
  end

  local text, size
  local string_at, number_at

  -- What stands at a position where something else was wanted; for messages only.
  local function token_at(position)
    local first = sub(text, position, position)
    if first == "" or first == "\0" then return "T_END", position end
    if tokens[first] then return tokens[first], position end
    if first == '"' then
      local _, place, problem = string_at(position + 1)
      if problem then return problem, place end
      return "T_STRING", position
    end
    if find(first, "[%d+-]") or decode_invalid and find(first, "[iInN]") then
      if number_at(position) ~= nil then return "T_NUMBER", position end
      if find(first, "[%d+-]") then return "invalid number", position end
    end
    if sub(text, position, position + 3) == "true" then return "T_BOOLEAN", position end
    if sub(text, position, position + 4) == "false" then return "T_BOOLEAN", position end
    if sub(text, position, position + 3) == "null" then return "T_NULL", position end
    return "invalid token", position
  end
  local function unexpected(wanted, position)
    local found, place = token_at(position)
    raise("Expected " .. wanted .. " but found " .. found .. " at character " .. place, 0)
  end

  local function blank(position) return find(text, "[^ \t\r\n]", position) or size + 1 end

  local function code_unit(position)
    local digits = sub(text, position, position + 3)
    if not find(digits, "^%x%x%x%x$") then return nil end
    return tonumber(digits, 16)
  end

  -- The string whose quote is before `position`, and where it ends.
  function string_at(position)
    local stop = find(text, '["\\%z]', position)
    if stop and byte(text, stop) == 34 then return sub(text, position, stop - 1), stop + 1 end
    local pieces = {}
    while true do
      stop = find(text, '["\\%z]', position)
      if not stop then return nil, size + 1, "unexpected end of string" end
      pieces[#pieces + 1] = sub(text, position, stop - 1)
      local mark = byte(text, stop)
      if mark == 34 then return concat(pieces), stop + 1 end
      if mark == 0 then return nil, stop, "unexpected end of string" end
      do
        local letter = sub(text, stop + 1, stop + 1)
        if letter == "u" then
          local code = code_unit(stop + 2)
          local after = stop + 6
          if code and code >= 0xD800 and code < 0xE000 then
            local low = code < 0xDC00 and sub(text, after, after + 1) == "\\u" and code_unit(after + 2)
            if low and low >= 0xDC00 and low < 0xE000 then
              code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)
              after = after + 6
            else
              code = nil
            end
          end
          if not code then return nil, stop, "invalid unicode escape code" end
          pieces[#pieces + 1] = utf8(code)
          position = after
        else
          local plain = unescaped[letter]
          if not plain then return nil, stop, "invalid escape code" end
          pieces[#pieces + 1] = plain
          position = stop + 2
        end
      end
    end
  end

  function number_at(position)
    local _, stop = find(text, "^[+-]?0[xX]%x+%.?%x*[pP][+-]?%d+", position)
    if not stop then _, stop = find(text, "^[+-]?0[xX]%x+%.?%x*", position) end
    if stop then
      if not decode_invalid then return nil end
      return tonumber(sub(text, position, stop)), stop + 1
    end
    _, stop = find(text, "^[+-]?%d*%.?%d*[eE][+-]?%d+", position)
    if not stop then _, stop = find(text, "^[+-]?%d*%.?%d*", position) end
    local value = tonumber(sub(text, position, stop))
    if not decode_invalid and value and find(text, "^[+-]?0%d", position) then return nil end
    if value then return value, stop + 1 end
    if not decode_invalid then return nil end
    local sign = find(text, "^[+-]", position) and byte(text, position)
    local from = sign and position + 1 or position
    local word = sub(text, from, from + 7):lower()
    if word == "infinity" then return sign == 45 and -huge or huge, from + 8 end
    if sub(word, 1, 3) == "inf" then return sign == 45 and -huge or huge, from + 3 end
    if sub(word, 1, 3) == "nan" then return sign == 45 and 0 / 0 or -(0 / 0), from + 3 end
    return nil
  end

  local value_at

  local function deeper(depth, position)
    if depth > decode_depth then
      raise("Found too many nested data structures (" .. depth .. ") at character " .. position - 1, 0)
    end
  end

  local function object_at(position, depth)
    deeper(depth, position + 1)
    local object = {}
    position = blank(position + 1)
    if byte(text, position) == 125 then return object, position + 1 end
    while true do
      if byte(text, position) ~= 34 then unexpected("object key string", position) end
      local key, after, problem = string_at(position + 1)
      if problem then unexpected("object key string", position) end
      position = blank(after)
      if byte(text, position) ~= 58 then unexpected("colon", position) end
      object[key], position = value_at(blank(position + 1), depth)
      position = blank(position)
      local mark = byte(text, position)
      if mark == 125 then return object, position + 1 end
      if mark ~= 44 then unexpected("comma or object end", position) end
      position = blank(position + 1)
    end
  end

  local function array_at(position, depth)
    deeper(depth, position + 1)
    local array, n = {}, 0
    position = blank(position + 1)
    if byte(text, position) == 93 then return array, position + 1 end
    while true do
      n = n + 1
      array[n], position = value_at(position, depth)
      position = blank(position)
      local mark = byte(text, position)
      if mark == 93 then return array, position + 1 end
      if mark ~= 44 then unexpected("comma or array end", position) end
      position = blank(position + 1)
    end
  end

  function value_at(position, depth)
    local mark = byte(text, position)
    if mark == 34 then
      local value, after, problem = string_at(position + 1)
      if problem then unexpected("value", position) end
      return value, after
    elseif mark == 123 then
      return object_at(position, depth + 1)
    elseif mark == 91 then
      return array_at(position, depth + 1)
    elseif mark == 45 or mark == 43 or mark and mark >= 48 and mark <= 57 then
      local value, after = number_at(position)
      if value == nil then unexpected("value", position) end
      return value, after
    elseif sub(text, position, position + 3) == "true" then
      return true, position + 4
    elseif sub(text, position, position + 4) == "false" then
      return false, position + 5
    elseif sub(text, position, position + 3) == "null" then
      return null, position + 4
    elseif decode_invalid and mark and find(text, "^[iInN]", position) then
      local value, after = number_at(position)
      if value ~= nil then return value, after end
    end
    unexpected("value", position)
  end

  local cjson = {null = null, _NAME = "cjson", _VERSION = "2.1.0"}
  cjson.encode = tools.guarded(function(...)
    if select("#", ...) ~= 1 then raise("bad argument #1 to 'encode' (expected 1 argument)", 0) end
    local out = {}
    append(out, 0, (...), 0)
    return concat(out)
  end)
  cjson.decode = tools.guarded(function(...)
    if select("#", ...) ~= 1 then raise("bad argument #1 to 'decode' (expected 1 argument)", 0) end
    local given = ...
    if type(given) ~= "string" and type(given) ~= "number" then tools.bad_argument(1, "decode", "string", given) end
    text = tostring(given)
    size = #text
    if size >= 2 and (byte(text, 1) == 0 or byte(text, 2) == 0) then
      raise("JSON parser does not support UTF-16 or UTF-32", 0)
    end
    local value, position = value_at(blank(1), 0)
    position = blank(position)
    if position <= size and byte(text, position) ~= 0 then unexpected("the end", position) end
    text = nil
    return value
  end)

  -- The settings; each gives what holds from now on.
  local function whole(name, value, number, least, most)
    if value == nil then return nil end
    local wanted = tonumber(value)
    if type(value) == "boolean" or wanted == nil then tools.bad_argument(number, name, "number", value) end
    if floor(wanted) < least or floor(wanted) > most then
      local wanted_range = "(expected integer between " .. least .. " and " .. most .. ")"
      raise("bad argument #" .. number .. " to '" .. name .. "' " .. wanted_range, 3)
    end
    return floor(wanted)
  end
  local touched = false
  local function option(name, value, words)
    if value == nil then return nil end
    touched = true
    if type(value) == "boolean" then return value end
    if value == "on" then return true elseif value == "off" then return false end
    if words and value == "null" then return "null" end
    raise("bad argument #1 to '" .. name .. "' (invalid option '" .. tostring(value) .. "')", 3)
  end
  function cjson.encode_sparse_array(a, b, c)
    local wanted = option("encode_sparse_array", a)
    if wanted ~= nil then convert = wanted end
    ratio = whole("encode_sparse_array", b, 2, 0, 2147483647) or ratio
    safe = whole("encode_sparse_array", c, 3, 0, 2147483647) or safe
    touched = true
    return convert, ratio, safe
  end
  function cjson.encode_max_depth(depth)
    encode_depth = whole("encode_max_depth", depth, 1, 1, 2147483647) or encode_depth
    touched = true
    return encode_depth
  end
  function cjson.decode_max_depth(depth)
    decode_depth = whole("decode_max_depth", depth, 1, 1, 2147483647) or decode_depth
    touched = true
    return decode_depth
  end
  function cjson.encode_number_precision(digits)
    precision = whole("encode_number_precision", digits, 1, 1, 14) or precision
    number_format = "%." .. precision .. "g"
    touched = true
    return precision
  end
  function cjson.encode_keep_buffer(value)
    local wanted = option("encode_keep_buffer", value)
    if wanted ~= nil then keep_buffer = wanted end
    return keep_buffer
  end
  function cjson.encode_invalid_numbers(value)
    local wanted = option("encode_invalid_numbers", value, true)
    if wanted ~= nil then encode_invalid = wanted end
    return encode_invalid
  end
  function cjson.decode_invalid_numbers(value)
    local wanted = option("decode_invalid_numbers", value)
    if wanted ~= nil then decode_invalid = wanted end
    return decode_invalid
  end
  local function reset()
    if not touched then return end
    touched = false
    convert, ratio, safe = false, 2, 10
    encode_depth, decode_depth, precision, keep_buffer = 1000, 1000, 14, true
    encode_invalid, decode_invalid, number_format = false, true, "%.14g"
  end
  return cjson, reset
end

local cjson, reset = new()
function cjson.new()
  local other = new()
  other.new = cjson.new
  return other
end
return cjson, reset
"""
