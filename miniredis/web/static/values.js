// Replies and what people read of them: texts, bytes that are no text, and the same as redis-cli shows it.

const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"' };

export function isBinary(value) {
  return value !== null && typeof value === "object" && value.b64 !== undefined;
}

export function bytesOf(value) {
  return isBinary(value) ? Uint8Array.from(atob(value.b64), (c) => c.charCodeAt(0)) : new TextEncoder().encode(text(value));
}

function escapedBytes(bytes) {
  let shown = "";
  for (const byte of bytes) {
    shown += byte >= 32 && byte < 127 && byte !== 92 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return shown;
}

// One line or text to show: bytes that are no text appear as \xNN.
export function text(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object") return String(value);
  if (isBinary(value)) return escapedBytes(bytesOf(value));
  if (value.ok !== undefined) return value.ok;
  if (value.text !== undefined) return value.text;
  if (value.int !== undefined) return value.int;
  if (value.double !== undefined) return value.double;
  if (value.error !== undefined) return value.error;
  return JSON.stringify(value);
}

export function number(value) {
  return value === null ? null : Number(text(value));
}

// Binary again what was edited as \xNN.
export function unescaped(shown) {
  const bytes = [];
  const source = new TextEncoder().encode(shown);
  for (let at = 0; at < source.length; at++) {
    if (source[at] === 92 && source[at + 1] === 120) {
      const code = parseInt(shown_hex(source, at + 2), 16);
      if (!Number.isNaN(code)) {
        bytes.push(code);
        at += 3;
        continue;
      }
    }
    bytes.push(source[at]);
  }
  let raw = "";
  for (const byte of bytes) raw += String.fromCharCode(byte);
  return { b64: btoa(raw) };
}

function shown_hex(source, at) {
  return String.fromCharCode(source[at] || 0, source[at + 1] || 0);
}

// Pairs of a map, which an old protocol sends as a flat list.
export function pairs(reply) {
  if (reply && !Array.isArray(reply) && reply.map) return reply.map;
  const found = [];
  for (let at = 0; at + 1 < (reply || []).length; at += 2) found.push([reply[at], reply[at + 1]]);
  return found;
}

export function object(reply) {
  return Object.fromEntries(pairs(reply).map(([key, value]) => [text(key), value]));
}

export function items(reply) {
  return reply && reply.set ? reply.set : reply || [];
}

// The parts of a push; an array has a method of that name.
export function pushed(event) {
  return event && !Array.isArray(event) && event.push ? event.push : null;
}

// INFO and its kin: lines of name:value.
export function fields(reply) {
  return Object.fromEntries(
    text(reply).split("\n").filter((line) => line.includes(":")).map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
}

export function quoted(value) {
  if (isBinary(value)) return `"${escapedBytes(bytesOf(value)).replaceAll('"', '\\"')}"`;
  return `"${String(value).replace(/[\n\r\t\\"]/g, (c) => ESCAPES[c]).replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
}

// As redis-cli shows a reply.
export function shown(reply, indent = "") {
  if (reply === null) return "(nil)";
  if (typeof reply === "number") return `(integer) ${reply}`;
  if (typeof reply === "boolean") return reply ? "(true)" : "(false)";
  if (typeof reply === "string" || isBinary(reply)) return quoted(reply);
  if (reply.ok !== undefined) return reply.ok;
  if (reply.error !== undefined) return `(error) ${reply.error}`;
  if (reply.text !== undefined) return reply.text;
  if (reply.int !== undefined) return `(integer) ${reply.int}`;
  if (reply.double !== undefined) return `(double) ${reply.double}`;
  if (!Array.isArray(reply) && reply.map) {
    if (!reply.map.length) return "(empty map)";
    return listed(reply.map.map(([key, value]) => `${shown(key)} => ${shown(value, `${indent}   `)}`), "#", indent);
  }
  const isSet = !Array.isArray(reply) && Boolean(reply.set);
  const list = isSet ? reply.set : pushed(reply) || reply;
  if (!list.length) return isSet ? "(empty set)" : "(empty array)";
  const mark = isSet ? "~" : ")";
  const width = String(list.length).length + 2;
  return listed(list.map((item) => shown(item, indent + " ".repeat(width))), mark, indent);
}

function listed(lines, mark, indent) {
  const width = String(lines.length).length;
  return lines.map((line, at) => `${at ? indent : ""}${String(at + 1).padStart(width)}${mark} ${line}`).join("\n");
}

// The words of a line, quoted as at redis-cli; null where a quote is not closed.
export function words(line) {
  const found = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at])) {
      at++;
      continue;
    }
    let word = "";
    let binary = false;
    let quote = "";
    for (; at < line.length; at++) {
      const c = line[at];
      if (quote === '"' && c === "\\" && at + 1 < line.length) {
        const hex = /^\\x([0-9a-fA-F]{2})/.exec(line.slice(at));
        if (hex) {
          word += `\\x${hex[1]}`;
          binary = true;
          at += 3;
        } else {
          at++;
          word += { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" }[line[at]] ?? line[at];
        }
      } else if (quote === "'" && c === "\\" && line[at + 1] === "'") {
        at++;
        word += "'";
      } else if (quote && c === quote) {
        quote = "";
      } else if (!quote && (c === '"' || c === "'")) {
        quote = c;
      } else if (!quote && /\s/.test(c)) {
        break;
      } else {
        word += c;
      }
    }
    if (quote) return null;
    found.push(binary ? unescaped(word) : word);
  }
  return found;
}
