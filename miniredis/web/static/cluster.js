// The cluster's slots and nodes, and what a sentinel watches; a word where the mode is not on.

import { command } from "./wire.js";
import { h, fill, head, table, flushCard, card, badge, attempt, confirm, every, count, pairsList } from "./dom.js";
import { text, fields, object } from "./values.js";

const SLOTS = 16384;
const COLUMNS = 512;
const COLOURS = ["#0f9d8c", "#d97706", "#7c5ce0", "#2b7fd0", "#c2418a", "#6f9a1f", "#b4552d", "#4f6bd8", "#138fa8", "#a86f00", "#8a4fbf", "#3f8f4f"];

function notEnabled(view, title, note) {
  fill(view, head(title), h("div", { className: "card empty" }, h("p", {}, "Not enabled."), h("p", { className: "small" }, note)));
}

export function show(view) {
  let stop = null;
  let left = false;
  attempt(async () => {
    const info = fields(await command(["INFO", "cluster"]));
    if (left) return;
    if (info.cluster_enabled !== "1") return notEnabled(view, "Cluster", "Start the server with cluster-enabled yes to make it a node of a cluster.");
    const facts = h("div", {});
    const map = h("div", {});
    const nodes = h("div", {});
    fill(view, head("Cluster"), h("div", { className: "stack" }, card(null, facts), card("Slots", map), flushCard("Nodes", nodes)));
    stop = every(3000, () => attempt(() => draw(facts, map, nodes)));
  });
  return () => {
    left = true;
    stop?.();
  };
}

async function draw(facts, map, nodes) {
  const [info, slots, lines] = await Promise.all([command(["CLUSTER", "INFO"]).then(fields), command(["CLUSTER", "SLOTS"]), command(["CLUSTER", "NODES"])]);
  fill(facts, pairsList([
    ["State", badge(info.cluster_state, info.cluster_state === "ok" ? "good" : "bad")],
    ["Slots", `${info.cluster_slots_ok} of ${SLOTS} served`],
    ["Nodes", `${info.cluster_known_nodes} known, ${info.cluster_size} primaries with slots`],
    ["Epoch", `${info.cluster_current_epoch} (mine ${info.cluster_my_epoch})`],
  ]));
  const owners = [...new Set(slots.map(([, , primary]) => text(primary[2] ?? primary[0])))];
  const canvas = h("canvas", { className: "slotmap", width: COLUMNS, height: SLOTS / COLUMNS, role: "img", "aria-label": "Which primary serves which slot" });
  const pen = canvas.getContext("2d");
  for (const [first, last, primary] of slots) {
    pen.fillStyle = COLOURS[owners.indexOf(text(primary[2] ?? primary[0])) % COLOURS.length];
    for (let slot = first; slot <= last; slot++) pen.fillRect(slot % COLUMNS, Math.floor(slot / COLUMNS), 1, 1);
  }
  const swatch = (id) => {
    const made = h("i", { className: "swatch" });
    made.style.background = owners.includes(id) ? COLOURS[owners.indexOf(id) % COLOURS.length] : "transparent";
    return made;
  };
  fill(map, canvas, h("p", { className: "muted small" }, `Slot 0 is at the top left, ${COLUMNS} in a row.`));
  fill(nodes, table(["Node", "Address", "Role", "Link", "Slots"], text(lines).split("\n").filter(Boolean).map((line) => {
    const [id, address, flags, primary, , , , link, ...ranges] = line.trim().split(" ");
    const role = flags.includes("master") ? "primary" : `replica of ${primary.slice(0, 8)}`;
    return [[[swatch(id), id.slice(0, 8)], "mono tight"], [address.split("@")[0], "mono tight"],
      [[role, flags.includes("myself") ? [" ", badge("this one", "good")] : "", flags.includes("fail") ? [" ", badge("failing", "bad")] : ""], ""],
      badge(link, link === "connected" ? "good" : "bad"), [ranges.join(" "), "mono"]];
  })));
}

export function sentinel(view) {
  let stop = null;
  let left = false;
  command(["SENTINEL", "MASTERS"]).then(() => {
    if (left) return;
    const place = h("div", { className: "stack" });
    fill(view, head("Sentinel"), place);
    stop = every(2000, () => attempt(() => watch(place)));
  }, (problem) => notEnabled(view, "Sentinel", `Start it as miniredis-sentinel, or with --sentinel. (${problem.message})`));
  return () => {
    left = true;
    stop?.();
  };
}

async function watch(place) {
  const primaries = (await command(["SENTINEL", "MASTERS"])).map(object);
  const cards = await Promise.all(primaries.map(async (primary) => {
    const name = text(primary.name);
    const [replicas, sentinels] = await Promise.all([command(["SENTINEL", "REPLICAS", name]), command(["SENTINEL", "SENTINELS", name])]);
    const flags = text(primary.flags);
    const rows = [["primary", primary], ...replicas.map((each) => ["replica", object(each)]), ...sentinels.map((each) => ["sentinel", object(each)])];
    const fail_over = async () => {
      if (await confirm("Fail over?", `A replica of ${name} becomes its primary.`, "Fail over")) attempt(() => command(["SENTINEL", "FAILOVER", name]), "Asked for");
    };
    return flushCard(h("div", { className: "row" }, h("h2", {}, name),
      badge(flags.includes("down") ? flags : "up", flags.includes("down") ? "bad" : "good"), badge(`quorum ${text(primary.quorum)}`),
      badge(`${text(primary["num-slaves"])} replicas`), badge(`${text(primary["num-other-sentinels"])} other sentinels`),
      h("div", { className: "spacer" }), h("button", { className: "small danger", onclick: fail_over }, "Fail over")),
    table(["Role", "Address", "Flags", ["Last answer", "num"], ["Replication offset", "num"]], rows.map(([role, each]) => [
      role, [`${text(each.ip)}:${text(each.port)}`, "mono"], badge(text(each.flags), /down|disconnected/.test(text(each.flags)) ? "bad" : ""),
      [`${text(each["last-ok-ping-reply"])} ms ago`, "num"], [text(each["slave-repl-offset"]), "num"],
    ])));
  }));
  fill(place, cards.length ? cards : h("div", { className: "card empty" }, "This sentinel watches nothing yet: SENTINEL MONITOR."));
}
