// The key browser: SCAN on the left, the value on the right.

import { command } from "./wire.js";
import { h, fill, typeBadge, attempt, dialog, toast, count } from "./dom.js";
import { text, isBinary, fields, unescaped } from "./values.js";
import { showKey } from "./key.js";

const PAGE = 100;
const MOST_ROUNDS = 40;
const TYPES = ["any type", "string", "list", "hash", "set", "zset", "stream"];
const FIRST = {
  string: (key, value) => ["SET", key, value],
  list: (key, value) => ["RPUSH", key, value],
  hash: (key, value) => ["HSET", key, "field", value],
  set: (key, value) => ["SADD", key, value],
  zset: (key, value) => ["ZADD", key, "1", value],
  stream: (key, value) => ["XADD", key, "*", "field", value],
};

export function show(view, [givenDb, givenKey]) {
  let db = Number(givenDb) || 0;
  let cursor = "0";
  let generation = 0;
  let current = null;
  const pattern = h("input", { placeholder: "Pattern or prefix, such as user:*", "data-search": true, className: "mono grow", "aria-label": "Pattern", spellcheck: false, autocapitalize: "none" });
  const type = h("select", { "aria-label": "Type" }, TYPES.map((each) => h("option", {}, each)));
  const dbs = h("select", { "aria-label": "Database" });
  const list = h("ul", { className: "keylist" });
  const more = h("button", { onclick: () => attempt(load), hidden: true }, "More");
  const found = h("span", { className: "muted small" });
  const detail = h("div", { className: "detail" });
  const split = h("div", { className: "split" },
    h("section", { className: "card flush list" },
      h("form", { className: "row", onsubmit: (event) => { event.preventDefault(); restart(); } }, pattern, type),
      list,
      h("div", { className: "row" }, found, h("div", { className: "spacer" }), more)),
    detail);
  for (const row of split.querySelectorAll(".list > .row")) row.style.padding = "10px 12px";
  fill(view,
    h("div", { className: "head" }, h("h1", {}, "Keys"), dbs, h("div", { className: "spacer" }),
      h("button", { onclick: () => restart() }, "Refresh"),
      h("button", { className: "primary", onclick: create }, "New key")),
    split);
  empty();

  function empty() {
    split.classList.remove("open");
    fill(detail, h("div", { className: "card empty" }, "Choose a key to see its value."));
  }

  async function databases() {
    const [, amount] = await command(["CONFIG", "GET", "databases"]).then((reply) => reply.map[0], () => ["", 16]);
    const info = fields(await command(["INFO", "keyspace"]).catch(() => ""));
    fill(dbs, Array.from({ length: Number(amount) }, (_, at) => {
      const keys = /keys=(\d+)/.exec(info[`db${at}`] || "");
      return h("option", { value: at, selected: at === db }, keys ? `db${at} · ${count(keys[1])} keys` : `db${at}`);
    }));
  }

  function glob() {
    const given = pattern.value.trim();
    if (!given) return null;
    return /[*?[\\]/.test(given) ? given : `${given}*`;
  }

  function restart() {
    cursor = "0";
    generation++;
    fill(list);
    attempt(async () => {
      await load();
      databases();
    });
  }

  async function load() {
    const mine = generation;
    const fresh = [];
    let rounds = 0;
    more.disabled = true;
    try {
      do {
        const argv = ["SCAN", cursor, "COUNT", "500"];
        if (glob()) argv.push("MATCH", glob());
        if (type.selectedIndex) argv.push("TYPE", type.value);
        const [next, keys] = await command(argv, { db });
        if (mine !== generation) return;
        cursor = text(next);
        fresh.push(...keys);
        rounds++;
      } while (cursor !== "0" && fresh.length < PAGE && rounds < MOST_ROUNDS);
      // A key that this user may not touch has its place in the list all the same.
      const types = await Promise.all(fresh.map((key) => command(["TYPE", key], { db }).catch(() => "no access")));
      if (mine !== generation) return;
      list.append(...fresh.map((key, at) => row(key, text(types[at]))));
      if (!list.children.length) fill(list, h("li", { className: "empty" }, cursor === "0" ? "No key matches." : "Nothing yet; there is more to look through."));
      more.hidden = cursor === "0";
      found.textContent = `${count(list.querySelectorAll("button").length)} keys${cursor === "0" ? "" : " so far"}`;
    } finally {
      more.disabled = false;
    }
  }

  function row(key, kind) {
    const button = h("button", { onclick: () => open(key, button) }, h("span", { className: "name", title: text(key) }, text(key) || "(empty name)"), typeBadge(kind));
    button.dataset.key = text(key);
    return h("li", {}, button);
  }

  function open(key, button) {
    current?.removeAttribute("aria-current");
    current = button ?? [...list.querySelectorAll("button")].find((each) => each.dataset.key === text(key)) ?? null;
    current?.setAttribute("aria-current", "true");
    split.classList.add("open");
    if (!isBinary(key)) history.replaceState(null, "", `#/keys/${db}/${encodeURIComponent(key)}`);
    showKey(detail, key, db, { gone: () => { empty(); restart(); }, renamed: (name) => { restart(); open(name); }, back: empty });
  }

  async function create() {
    const given = await dialog("New key", [
      { name: "key", label: "Name", required: true },
      { name: "type", label: "Type", options: TYPES.slice(1), value: "string" },
      { name: "value", label: "First value", rows: 4 },
      { name: "ttl", label: "Time to live in seconds", hint: "Empty: it stays.", type: "number" },
    ], { action: "Create" });
    if (!given) return;
    const key = /\\x[0-9a-f]{2}/i.test(given.key) ? unescaped(given.key) : given.key;
    await attempt(async () => {
      if (await command(["EXISTS", key], { db })) throw new Error("There is such a key already.");
      await command(FIRST[given.type](key, given.value), { db });
      if (given.ttl) await command(["EXPIRE", key, given.ttl], { db });
      toast("Created");
      restart();
      open(key);
    });
  }

  dbs.addEventListener("change", () => {
    db = Number(dbs.value);
    history.replaceState(null, "", `#/keys/${db}`);
    empty();
    restart();
  });
  type.addEventListener("change", restart);
  let typing = 0;
  pattern.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(restart, 250);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll("button")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
  });
  restart();
  if (givenKey !== undefined) open(givenKey);
  return () => {
    generation++;
  };
}

