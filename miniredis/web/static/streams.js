// Streams and their consumer groups: who is how far, what is pending with whom.

import { command } from "./wire.js";
import { h, fill, head, table, flushCard, badge, attempt, dialog, confirm, count, duration } from "./dom.js";
import { text, object, number, isBinary } from "./values.js";

export function show(view, [given]) {
  const list = h("ul", { className: "keylist" });
  const detail = h("div", { className: "detail stack" });
  const split = h("div", { className: "split" }, h("section", { className: "card flush list" }, list), detail);
  fill(view, head("Streams", h("button", { onclick: () => attempt(load) }, "Refresh")), split);
  fill(detail, h("div", { className: "card empty" }, "Choose a stream to see its consumer groups."));

  async function load() {
    let cursor = "0";
    const found = [];
    do {
      const [next, keys] = await command(["SCAN", cursor, "COUNT", "1000", "TYPE", "stream"], { db: 0 });
      cursor = text(next);
      found.push(...keys);
    } while (cursor !== "0" && found.length < 500);
    fill(list, found.length ? found.map((key) => h("li", {}, h("button", { onclick: () => open(key) }, h("span", { className: "name" }, text(key))))) : h("li", { className: "empty" }, "There is no stream in db0."));
  }

  async function open(key) {
    if (!isBinary(key)) history.replaceState(null, "", `#/streams/${encodeURIComponent(key)}`);
    for (const button of list.querySelectorAll("button")) {
      if (button.textContent === text(key)) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    split.classList.add("open");
    await attempt(() => describe(key));
  }

  async function describe(key) {
    const run = (...argv) => command(argv, { db: 0 });
    const again = async (work, done) => {
      if ((await attempt(work, done)) !== null) open(key);
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
          isBinary(key) ? null : h("a", { href: `#/keys/0/${encodeURIComponent(key)}` }, "Entries"),
          h("button", { className: "small", onclick: () => open(key) }, "Refresh"), h("button", { className: "small", onclick: add }, "New group")),
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

  attempt(load).then(() => given !== undefined && open(given));
}
