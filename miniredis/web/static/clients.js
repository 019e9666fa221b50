// Who is connected: CLIENT LIST, and CLIENT KILL.

import { command } from "./wire.js";
import { h, fill, head, table, flushCard, badge, attempt, confirm, every, size, duration, count } from "./dom.js";
import { text } from "./values.js";

export function show(view) {
  const place = h("div", {});
  const search = h("input", { placeholder: "Filter", "data-search": true, "aria-label": "Filter", oninput: () => draw() });
  const amount = h("span", { className: "muted small" });
  let clients = [];
  fill(view, head("Clients", amount, search), flushCard(null, place));

  function draw() {
    const wanted = search.value.toLowerCase();
    const shown = clients.filter((client) => !wanted || client.line.toLowerCase().includes(wanted));
    amount.textContent = `${count(shown.length)} of ${count(clients.length)}`;
    fill(place, table(
      [["Id", "num"], "Address", "Name", "User", ["Db", "num"], ["Age", "num"], ["Idle", "num"], "Last command", "Flags", ["Memory", "num"], ["In / out", "num"], ""],
      shown.slice(0, 500).map((client) => [
        [client.id, "num"], [client.addr, "mono tight"], client.name, client.user, [client.db, "num"],
        [duration(client.age), "num"], [duration(client.idle), "num"], [client.cmd, "mono"],
        client.flags === "N" ? "" : badge(client.flags), [size(client["tot-mem"] || client.omem), "num"],
        [`${size(client["tot-net-in"] || 0)} / ${size(client["tot-net-out"] || 0)}`, "num"],
        [h("button", { className: "small danger", onclick: () => kill(client) }, "Kill"), "tight"],
      ]), "No client matches."));
  }

  async function kill(client) {
    if (!(await confirm("End this connection?", `${client.addr} ${client.name}`, "Kill"))) return;
    await attempt(() => command(["CLIENT", "KILL", "ID", client.id]), "Ended");
    load();
  }

  async function load() {
    try {
      const lines = text(await command(["CLIENT", "LIST"])).split("\n").filter(Boolean);
      clients = lines.map((line) => ({ line, ...Object.fromEntries(line.trim().split(" ").map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)])) }));
      draw();
    } catch (problem) {
      fill(place, h("p", { className: "empty" }, problem.message));
    }
  }

  return every(2000, load);
}
