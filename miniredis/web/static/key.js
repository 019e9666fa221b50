// One key: what it is, how long it lives, and its value to look at and to change.

import { command, ask } from "./wire.js";
import { h, fill, typeBadge, badge, attempt, dialog, confirm, table, size, count, duration, toast } from "./dom.js";
import { text, isBinary, unescaped, pairs, items, number, object } from "./values.js";

const PAGE = 100;
const MOST_TEXT = 65536;

export async function showKey(place, key, db, { gone, renamed, back }) {
  const run = (...argv) => command(argv, { db });
  const body = h("div", {});
  const facts = h("div", { className: "row" });
  const reload = () => showKey(place, key, db, { gone, renamed, back });
  const change = async (work, done) => {
    if ((await attempt(work, done)) !== null) reload();
  };

  const answer = await ask(["TYPE", key], { db });
  if (answer.error !== undefined) {
    fill(place, h("div", { className: "card empty" }, answer.error));
    return;
  }
  const type = text(answer);
  if (type === "none") {
    fill(place, h("div", { className: "card empty" }, "This key is gone."));
    return;
  }
  const optional = (...argv) => ask(argv, { db }).then((reply) => (reply && reply.error !== undefined ? null : reply));
  const [ttl, encoding, memory] = await Promise.all([optional("PTTL", key), optional("OBJECT", "ENCODING", key), optional("MEMORY", "USAGE", key)]);

  const setTtl = async () => {
    const given = await dialog("Time to live", [{ name: "ttl", label: "Seconds", type: "number", value: ttl > 0 ? Math.ceil(ttl / 1000) : "", hint: "Empty: the key stays until it is deleted." }]);
    if (given) change(() => (given.ttl === "" ? run("PERSIST", key) : run("EXPIRE", key, given.ttl)), "Changed");
  };
  const rename = async () => {
    const given = await dialog("Rename", [{ name: "name", label: "New name", value: text(key), required: true }], { action: "Rename" });
    if (!given || given.name === text(key)) return;
    const name = isBinary(key) ? unescaped(given.name) : given.name;
    await attempt(async () => {
      if (!(await run("RENAMENX", key, name))) throw new Error("There is such a key already.");
      renamed(name);
    }, "Renamed");
  };
  const remove = async () => {
    if (await confirm("Delete this key?", text(key))) {
      if ((await attempt(() => run("UNLINK", key), "Deleted")) !== null) gone();
    }
  };

  fill(facts,
    typeBadge(type), encoding ? badge(text(encoding)) : null,
    badge(ttl > 0 ? `expires in ${duration(ttl / 1000)}` : "no expiry", ttl > 0 ? "warn" : ""),
    memory ? badge(size(memory)) : null,
    h("div", { className: "spacer" }),
    h("button", { className: "small", onclick: setTtl }, "TTL"),
    h("button", { className: "small", onclick: rename }, "Rename"),
    h("button", { className: "small", onclick: reload }, "Refresh"),
    h("button", { className: "small danger", onclick: remove }, "Delete"));
  fill(place, h("section", { className: "card" },
    h("div", { className: "stack" },
      h("div", { className: "row" }, h("button", { className: "small back", onclick: back, "aria-label": "Back to the list" }, "‹"), h("span", { className: "keyname" }, text(key) || "(empty name)")),
      facts, body)));
  const show = VIEWS[type];
  if (!show) fill(body, h("p", { className: "muted" }, `A value of the type ${type} can be looked at from the command line only.`));
  else await attempt(() => show(body, key, run, change, db));
}

const VIEWS = { string: showString, list: showList, hash: showHash, set: showSet, zset: showSortedSet, stream: showStream };

// Text that may be edited; what was binary is edited as \xNN and becomes binary again.
function given(shown, before) {
  return isBinary(before) ? unescaped(shown) : shown;
}

async function showString(body, key, run, change) {
  const [length, value] = await Promise.all([run("STRLEN", key), run("GETRANGE", key, "0", String(MOST_TEXT - 1))]);
  const whole = length <= MOST_TEXT;
  const area = h("textarea", { value: text(value), rows: Math.min(Math.max(text(value).split("\n").length + 1, 6), 24), spellcheck: false, "aria-label": "Value", readOnly: !whole });
  const pretty = h("button", { className: "small", onclick: () => {
    try {
      area.value = JSON.stringify(JSON.parse(area.value), null, 2);
      area.rows = Math.min(area.value.split("\n").length + 1, 24);
    } catch {
      toast("This is no JSON.", true);
    }
  } }, "Format JSON");
  fill(body, h("div", { className: "stack" },
    area,
    h("div", { className: "row" },
      h("span", { className: "muted small" }, `${size(length)}${isBinary(value) ? ", binary: other bytes stand as \\xNN" : ""}${whole ? "" : `, the first ${size(MOST_TEXT)} are shown`}`),
      h("div", { className: "spacer" }),
      whole ? pretty : null,
      whole ? h("button", { className: "primary", onclick: () => change(() => run("SET", key, given(area.value, value), "KEEPTTL"), "Saved") }, "Save") : null)));
}

// A button that looks like the value and asks for another.
function editable(value, save, title = "Change the value") {
  return h("button", { className: "editable", title, onclick: async () => {
    const answer = await dialog(title, [{ name: "value", label: isBinary(value) ? "Value (bytes as \\xNN)" : "Value", rows: 6, value: text(value) }]);
    if (answer) save(given(answer.value, value));
  } }, text(value) === "" ? h("span", { className: "muted" }, "(empty)") : clipped(text(value)));
}

function clipped(shown) {
  return shown.length > 2000 ? `${shown.slice(0, 2000)}…` : shown;
}

function removal(ask_first, work) {
  return h("button", { className: "small quiet danger", title: "Remove", "aria-label": "Remove", onclick: async () => {
    if (await confirm("Remove this element?", ask_first, "Remove")) work();
  } }, "✕");
}

// Pages of what a cursor or an offset leads through.
function pager(body, { total, note, columns, load, controls }) {
  const place = h("div", {});
  const rows = [];
  const more = h("button", { onclick: () => attempt(next) }, "More");
  const seen = h("span", { className: "muted small" });
  async function next() {
    const { fresh, isEnd } = await load(rows.length);
    rows.push(...fresh);
    fill(place, table(columns, rows, "It is empty."));
    more.hidden = isEnd;
    seen.textContent = `${count(rows.length)} of ${count(total)}${note || ""}`;
  }
  fill(body, h("div", { className: "stack" },
    h("div", { className: "row" }, seen, h("div", { className: "spacer" }), controls),
    place, h("div", { className: "row" }, more)));
  return next();
}

async function showList(body, key, run, change) {
  const total = await run("LLEN", key);
  const push = async (name) => {
    const answer = await dialog("New element", [{ name: "value", label: "Value", rows: 5 }], { action: "Add" });
    if (answer) change(() => run(name, key, answer.value), "Added");
  };
  const removeAt = async (index) => {
    // An element is removed by its value: give it one that nothing else has.
    const mark = `removed-${crypto.randomUUID()}`;
    const replies = await Promise.all([run("MULTI"), run("LSET", key, String(index), mark), run("LREM", key, "1", mark), run("EXEC")]);
    return replies[3];
  };
  await pager(body, {
    total,
    columns: [["Index", "num tight"], "Value", ""],
    controls: [h("button", { onclick: () => push("LPUSH") }, "Add in front"), h("button", { onclick: () => push("RPUSH") }, "Add at the end")],
    load: async (from) => {
      const values = await run("LRANGE", key, String(from), String(from + PAGE - 1));
      return {
        isEnd: from + values.length >= total,
        fresh: values.map((value, at) => [[String(from + at), "num"], editable(value, (now) => change(() => run("LSET", key, String(from + at), now), "Saved")), [removal(text(value), () => change(() => removeAt(from + at), "Removed")), "tight"]]),
      };
    },
  });
}

function scanner(run, name, key) {
  let cursor = "0";
  return async () => {
    const [next, reply] = await run(name, key, cursor, "COUNT", String(PAGE));
    cursor = text(next);
    return { reply, isEnd: cursor === "0" };
  };
}

// What is left of the fields' time in ms: -1 where a field has none; nothing from a server that knows no such times.
async function timesOf(run, key, fields) {
  if (!fields.length) return [];
  return run("HPTTL", key, "FIELDS", String(fields.length), ...fields).catch(() => null);
}

async function showHash(body, key, run, change) {
  const total = await run("HLEN", key);
  const scan = scanner(run, "HSCAN", key);
  const expire = (field, seconds) => (seconds === "" ? run("HPERSIST", key, "FIELDS", "1", field) : run("HEXPIRE", key, seconds, "FIELDS", "1", field));
  const add = async () => {
    const answer = await dialog("New field", [
      { name: "field", label: "Field" },
      { name: "value", label: "Value", rows: 4 },
      { name: "ttl", label: "Time to live in seconds", type: "number", hint: "Empty: it stays." },
    ], { action: "Add" });
    if (!answer) return;
    change(() => (answer.ttl === ""
      ? run("HSET", key, answer.field, answer.value)
      : run("HSETEX", key, "EX", answer.ttl, "FIELDS", "1", answer.field, answer.value)), "Saved");
  };
  const setTime = async (field, left) => {
    const answer = await dialog("Time to live of the field", [{ name: "ttl", label: "Seconds", type: "number", value: left > 0 ? Math.ceil(left / 1000) : "", hint: "Empty: the field stays until it is deleted." }]);
    if (answer) change(() => expire(field, answer.ttl), "Changed");
  };
  // HSET would end the time that the field has left.
  const save = (field, left, now) => (left > 0 ? run("HSETEX", key, "KEEPTTL", "FIELDS", "1", field, now) : run("HSET", key, field, now));
  const time = (field, left) => h("button", { className: "editable", title: "Change when the field expires", onclick: () => setTime(field, left) },
    left > 0 ? `in ${duration(left / 1000)}` : h("span", { className: "muted" }, "never"));
  await pager(body, {
    total,
    columns: ["Field", "Value", "Expires", ""],
    controls: [h("button", { onclick: add }, "Add a field")],
    load: async () => {
      const { reply, isEnd } = await scan();
      const found = pairs(reply);
      const times = await timesOf(run, key, found.map(([field]) => field));
      return {
        isEnd,
        fresh: found.map(([field, value], at) => {
          const left = times ? times[at] : -1;
          return [[text(field), "mono"], editable(value, (now) => change(() => save(field, left, now), "Saved")),
            [times ? time(field, left) : "–", "tight"],
            [removal(text(field), () => change(() => run("HDEL", key, field), "Removed")), "tight"]];
        }),
      };
    },
  });
}

async function showSet(body, key, run, change) {
  const total = await run("SCARD", key);
  const scan = scanner(run, "SSCAN", key);
  const add = async () => {
    const answer = await dialog("New member", [{ name: "value", label: "Member", rows: 3 }], { action: "Add" });
    if (answer) change(() => run("SADD", key, answer.value), "Added");
  };
  await pager(body, {
    total,
    columns: ["Member", ""],
    controls: [h("button", { onclick: add }, "Add a member")],
    load: async () => {
      const { reply, isEnd } = await scan();
      return { isEnd, fresh: items(reply).map((member) => [[clipped(text(member)), "mono"], [removal(text(member), () => change(() => run("SREM", key, member), "Removed")), "tight"]]) };
    },
  });
}

async function showSortedSet(body, key, run, change) {
  const total = await run("ZCARD", key);
  const add = async (member, score) => {
    const answer = await dialog(member === undefined ? "New member" : "Change the score", [
      ...(member === undefined ? [{ name: "member", label: "Member" }] : []),
      { name: "score", label: "Score", value: score ?? "1" },
    ], { action: member === undefined ? "Add" : "Save" });
    if (answer) change(() => run("ZADD", key, answer.score, member ?? answer.member), "Saved");
  };
  await pager(body, {
    total,
    note: ", highest score first",
    columns: [["Rank", "num tight"], "Member", ["Score", "num"], ""],
    controls: [h("button", { onclick: () => add() }, "Add a member")],
    load: async (from) => {
      const reply = await run("ZRANGE", key, String(from), String(from + PAGE - 1), "REV", "WITHSCORES");
      const found = reply.length && Array.isArray(reply[0]) ? reply : pairs(reply);
      return {
        isEnd: from + found.length >= total,
        fresh: found.map(([member, score], at) => [[String(from + at), "num"], [clipped(text(member)), "mono"],
          [h("button", { className: "editable", title: "Change the score", onclick: () => add(member, text(score)) }, text(score)), "num"],
          [removal(text(member), () => change(() => run("ZREM", key, member), "Removed")), "tight"]]),
      };
    },
  });
}

async function showStream(body, key, run, change, db) {
  const about = object(await run("XINFO", "STREAM", key));
  const total = number(about.length);
  let last = "+";
  const add = async () => {
    const answer = await dialog("New entry", [{ name: "id", label: "ID", value: "*", required: true, hint: "*: the server chooses it." }], {
      action: "Add",
      several: [{ name: "field", label: "Field" }, { name: "value", label: "Value", rows: 2 }],
      another: "Another field",
    });
    if (!answer) return;
    // A pair that was left empty was not meant, unless it is the only one.
    const meant = answer.field.map((field, at) => [field, answer.value[at]]).filter(([field, value], at) => !at || field || value);
    change(() => run("XADD", key, answer.id, ...meant.flat()), "Added");
  };
  await pager(body, {
    total,
    note: `, newest first · ${count(number(about.groups))} groups`,
    columns: ["ID", "Fields", ""],
    controls: [isBinary(key) ? null : h("a", { href: `#/streams/${db}/${encodeURIComponent(key)}` }, "Groups"), h("button", { onclick: add }, "Add an entry")],
    load: async () => {
      const entries = await run("XREVRANGE", key, last, "-", "COUNT", String(PAGE));
      if (entries.length) last = `(${text(entries[entries.length - 1][0])}`;
      return {
        isEnd: entries.length < PAGE,
        fresh: entries.map(([id, fields]) => [[text(id), "mono tight"],
          [pairs(fields).map(([name, value]) => h("div", {}, h("span", { className: "muted" }, `${text(name)} `), clipped(text(value)))), "mono"],
          [removal(text(id), () => change(() => run("XDEL", key, id), "Removed")), "tight"]]),
      };
    },
  });
}
