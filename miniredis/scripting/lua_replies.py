"""Lua: what a script returned as a reply, encoded where it is, so that nothing but bytes crosses into Python."""

from __future__ import annotations

from typing import Final

ENCODER: Final = rb"""
local state = ...
local type, rawget, next, getmetatable = type, rawget, next, getmetatable
local concat, gsub, format = table.concat, string.gsub, string.format
local floor, ceil, huge = math.floor, math.ceil, math.huge

local headers = {}
for size = 0, 1023 do headers[size] = "$" .. size .. "\r\n" end

-- A table's own field; without a metatable there is no other, and asking is quicker.
local function raw(t, key)
  if getmetatable(t) == nil then return t[key] end
  return rawget(t, key)
end

-- redis-server's own recursion ends where its C stack of Lua values does.
local DEEPEST = 3900

local function line(text) return (gsub(text, "[\r\n]", " ")) end

local function integer(number)
  if number ~= number or number >= 9223372036854775808 or number < -9223372036854775808 then
    return "-9223372036854775808"
  end
  return format("%d", number < 0 and ceil(number) or floor(number))
end

local function double(number)
  if number == huge then return "inf" elseif number == -huge then return "-inf" end
  if number ~= number then return "-nan" end
  return format("%.17g", number)
end

local encode

local function count_of(t)
  local count = 0
  for _ in next, t do count = count + 1 end
  return count
end

-- A table that says what it is: how far `out` is filled then, or nil.
local function encode_typed(out, n, value, depth)
  local resp = state.client_resp
  local text = raw(value, "err")
  if type(text) == "string" then
    out[n + 1] = "-" .. line(text) .. "\r\n"
    return n + 1
  end
  text = raw(value, "ok")
  if type(text) == "string" then
    out[n + 1] = "+" .. line(text) .. "\r\n"
    return n + 1
  end
  local number = raw(value, "double")
  if type(number) == "number" then
    local digits = double(number)
    out[n + 1] = resp == 3 and "," .. digits .. "\r\n" or "$" .. #digits .. "\r\n" .. digits .. "\r\n"
    return n + 1
  end
  local map = raw(value, "map")
  if type(map) == "table" then
    local count = count_of(map)
    n = n + 1
    out[n] = resp == 3 and "%" .. count .. "\r\n" or "*" .. count * 2 .. "\r\n"
    for key, item in next, map do
      n = encode(out, n, key, depth + 1)
      n = encode(out, n, item, depth + 1)
    end
    return n
  end
  local set = raw(value, "set")
  if type(set) == "table" then
    n = n + 1
    out[n] = (resp == 3 and "~" or "*") .. count_of(set) .. "\r\n"
    for key in next, set do n = encode(out, n, key, depth + 1) end
    return n
  end
  text = raw(value, "big_number")
  if type(text) == "string" then
    text = line(text)
    out[n + 1] = resp == 3 and "(" .. text .. "\r\n" or "$" .. #text .. "\r\n" .. text .. "\r\n"
    return n + 1
  end
  local verbatim = raw(value, "verbatim_string")
  if type(verbatim) ~= "table" then return nil end
  local body, form = raw(verbatim, "string"), raw(verbatim, "format")
  if type(body) ~= "string" or type(form) ~= "string" then return nil end
  if resp == 3 then
    form = (form .. "   "):sub(1, 3)
    out[n + 1] = "=" .. #body + 4 .. "\r\n" .. form .. ":" .. body .. "\r\n"
  else
    out[n + 1] = "$" .. #body .. "\r\n" .. body .. "\r\n"
  end
  return n + 1
end

local function encode_table(out, n, value, depth)
  local plain = getmetatable(value) == nil
  if not plain or value.err or value.ok or value.double or value.map or value.set or value.big_number
    or value.verbatim_string then
    local typed = encode_typed(out, n, value, depth)
    if typed then return typed end
  end
  local place, count = n + 1, 0
  n = place
  while true do
    local item
    if plain then item = value[count + 1] else item = rawget(value, count + 1) end
    if item == nil then break end
    count = count + 1
    if type(item) == "string" then
      out[n + 1] = headers[#item] or "$" .. #item .. "\r\n"
      out[n + 2] = item
      n = n + 3
      out[n] = "\r\n"
    else
      n = encode(out, n, item, depth + 1)
    end
  end
  out[place] = "*" .. count .. "\r\n"
  return n
end

function encode(out, n, value, depth)
  local kind = type(value)
  if kind == "string" then
    out[n + 1] = "$" .. #value .. "\r\n"
    out[n + 2] = value
    out[n + 3] = "\r\n"
    return n + 3
  elseif kind == "number" then
    out[n + 1] = ":" .. integer(value) .. "\r\n"
  elseif kind == "table" then
    if depth <= DEEPEST then return encode_table(out, n, value, depth) end
    out[n + 1] = "-ERR reached lua stack limit\r\n"
  elseif kind == "boolean" and state.script_resp == 3 then
    if state.client_resp == 3 then
      out[n + 1] = value and "#t\r\n" or "#f\r\n"
    else
      out[n + 1] = value and ":1\r\n" or ":0\r\n"
    end
  elseif value == true then
    out[n + 1] = ":1\r\n"
  else
    out[n + 1] = state.client_resp == 3 and "_\r\n" or "$-1\r\n"
  end
  return n + 1
end

return function(value)
  local out = {}
  encode_table(out, 0, value, 1)
  return concat(out)
end
"""
