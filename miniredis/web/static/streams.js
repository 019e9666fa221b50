// Streams and their consumer groups: who is how far, what is pending with whom.

import { command } from "./wire.js";
import { h, fill, head, table, flushCard, badge, attempt, dialog, confirm, count, duration } from "./dom.js";
import { text, object, number, isBinary, fields } from "./values.js";

const MOST = 500;

// Databases that hold anything; the first where INFO may not be read.
async function databases() {
  const info = await command(["INFO", "keyspace"]).then(fields, () => ({}));
  const found = Object.keys(info).map((name) => Number(/^db(\d+)$/.exec(name)?.[1])).filter(Number.isInteger);
  return found.length ? found : [0];
}

export function show(view, [givenDb, givenKey]) {
  const list = h("ul", { className: "keylist" });
  const detail = h("div", { className: "detail stack" });
  const split = h("div", { className: "split" }, h("section", { className: "card flush list" }, list), detail);
  fill(view, head("Streams", h("button", { onclick: () => attempt(load) }, "Refresh")), split);
  fill(detail, h("div", { className: "card empty" }, "Choose a stream to see its consumer groups."));

  async function load() {
    const found = [];
    for (const db of await databases()) {
      let cursor = "0";
      do {
        const [next, keys] = await command(["SCAN", cursor, "COUNT", "1000", "TYPE", "stream"], { db });
        cursor = text(next);
        found.push(...keys.map((key) => ({ db, key })));
      } while (cursor !== "0" && found.length < MOST);
    }
    const row = ({ db, key }) => {
      const button = h("button", { onclick: () => open(key, db) }, h("span", { className: "name" }, text(key)), badge(`db${db}`));
      button.dataset.stream = `${db} ${text(key)}`;
      return h("li", {}, button);
    };
    fill(list, found.length ? found.map(row) : h("li", { className: "empty" }, "There is no stream."));
  }

  async function open(key, db) {
    if (!isBinary(key)) history.replaceState(null, "", `#/streams/${db}/${encodeURIComponent(key)}`);
    for (const button of list.querySelectorAll("button")) {
      if (button.dataset.stream === `${db} ${text(key)}`) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    split.classList.add("open");
    await attempt(() => describe(key, db));
  }

  async function describe(key, db) {
    const run = (...argv) => command(argv, { db });
    const again = async (work, done) => {
      if ((await attempt(work, done)) !== null) open(key, db);
    };
    const [about, groups] = await Promise.all([run("XINFO", "STREAM", key).then(object), run("XINFO", "GROUPS", key).then((reply) => reply.map(object))]);
    const add = async () => {
      const answer = await dialog("New consumer group", [{ name: "group", label: "Name", required: true }, { name: "id", label: "Begins after", value: "$", hint: "$: new entries only; 0: all of them." }], { action: "Create" });
      if (answer) again(() => run("XGROUP", "CREATE", key, answer.group, answer.id), "Created");
    };
    fill(detail,
      h("section", { className: "card" },
        h("div", { className: "row" },
          h("button", { className: "small back", onclick: () => split.classList.remove("open"), "aria-label": "Back to the list" }, "‹"),
          h("span", { className: "keyname" }, text(key)), h("div", { className: "spacer" }),
          isBinary(key) ? null : h("a", { href: `#/keys/${db}/${encodeURIComponent(key)}` }, "Entries"),
          h("button", { className: "small", onclick: () => open(key, db) }, "Refresh"), h("button", { className: "small", onclick: add }, "New group")),
        h("p", { className: "muted small" }, `${count(number(about.length))} entries · last ID ${text(about["last-generated-id"])} · ${count(number(about["entries-added"] ?? about.length))} ever added`)),
      groups.length ? groups.map((group) => groupCard(key, group, run, again)) : h("div", { className: "card empty" }, "No consumer group reads this stream."));
  }

  function groupCard(key, group, run, again) {
    const name = group.name;
    const consumers = h("div", {});
    const pending = h("div", {});
    const lag = number(group.lag ?? null);
    const more = async () => {
      await attempt(async () => {
        const [list_of, waiting] = await Promise.all([
          run("XINFO", "CONSUMERS", key, name).then((reply) => reply.map(object)),
          run("XPENDING", key, name, "-", "+", "100"),
        ]);
        fill(consumers, table(["Consumer", ["Pending", "num"], ["Idle", "num"], ""], list_of.map((consumer) => [
          [text(consumer.name), "mono"], [count(number(consumer.pending)), "num"], [duration(number(consumer.idle) / 1000), "num"],
          [h("button", { className: "small danger", onclick: async () => {
            if (await confirm("Remove this consumer?", `Its ${number(consumer.pending)} pending entries are forgotten.`, "Remove")) again(() => run("XGROUP", "DELCONSUMER", key, name, consumer.name), "Removed");
          } }, "Remove"), "tight"],
        ]), "No consumer has read yet."));
        fill(pending, waiting.length ? table(["Pending entry", "Consumer", ["Since", "num"], ["Deliveries", "num"], ""], waiting.map(([id, consumer, idle, times]) => [
          [text(id), "mono"], [text(consumer), "mono"], [duration(idle / 1000), "num"], [String(times), "num"],
          [h("button", { className: "small", onclick: () => again(() => run("XACK", key, name, id), "Acknowledged") }, "Acknowledge"), "tight"],
        ])) : "");
      });
    };
    const move = async () => {
      const answer = await dialog(`Move ${text(name)}`, [{ name: "id", label: "Next delivery begins after", value: text(group["last-delivered-id"]), hint: "0: from the start; $: from now." }]);
      if (answer) again(() => run("XGROUP", "SETID", key, name, answer.id), "Moved");
    };
    const destroy = async () => {
      if (await confirm("Delete this group?", text(name))) again(() => run("XGROUP", "DESTROY", key, name), "Deleted");
    };
    more();
    return flushCard(h("div", { className: "row" },
      h("h2", {}, text(name)),
      badge(`${count(number(group.pending))} pending`, number(group.pending) ? "warn" : ""),
      badge(lag === null ? "lag unknown" : `lag ${count(lag)}`, lag ? "warn" : "good"),
      badge(`at ${text(group["last-delivered-id"])}`)), h("div", { className: "row group-actions" },
      h("button", { className: "small", onclick: move }, "Move"), h("button", { className: "small danger", onclick: destroy }, "Delete")), consumers, pending);
  }

  attempt(load).then(() => givenKey !== undefined && open(givenKey, Number(givenDb) || 0));
}
