// What took long: the slow log, and the spikes of the latency monitor.

import { command } from "./wire.js";
import { Chart } from "./chart.js";
import { h, fill, head, table, flushCard, card, attempt, dialog, microseconds, moment, duration } from "./dom.js";
import { text, quoted, pairs } from "./values.js";

export function show(view) {
  const log = h("div", {});
  const spikes = h("div", {});
  const history = h("div", {});
  const limits = h("span", { className: "muted small" });
  let chart = null;
  fill(view,
    head("Slow log", limits,
      h("button", { onclick: settings }, "Thresholds"), h("button", { onclick: load }, "Refresh"),
      h("button", { className: "danger", onclick: () => attempt(() => Promise.all([command(["SLOWLOG", "RESET"]), command(["LATENCY", "RESET"])]), "Emptied").then(load) }, "Reset")),
    h("div", { className: "stack" }, flushCard("Slow commands", log), flushCard("Latency events", spikes), history));

  async function current() {
    const reply = await command(["CONFIG", "GET", "slowlog-log-slower-than", "latency-monitor-threshold", "slowlog-max-len"]);
    return Object.fromEntries(pairs(reply).map(([name, value]) => [text(name), text(value)]));
  }

  async function settings() {
    const now = await attempt(current);
    if (!now) return;
    const given = await dialog("Thresholds", [
      { name: "slowlog-log-slower-than", label: "Slow log: microseconds", value: now["slowlog-log-slower-than"], hint: "0 logs everything, -1 nothing." },
      { name: "slowlog-max-len", label: "Slow log: entries kept", value: now["slowlog-max-len"] },
      { name: "latency-monitor-threshold", label: "Latency monitor: milliseconds", value: now["latency-monitor-threshold"], hint: "0 turns it off." },
    ]);
    if (given) {
      await attempt(() => command(["CONFIG", "SET", ...Object.entries(given).flat()]), "Changed");
      load();
    }
  }

  async function load() {
    await attempt(async () => {
      const [entries, latest] = await Promise.all([command(["SLOWLOG", "GET", "128"]), command(["LATENCY", "LATEST"])]);
      fill(log, table([["#", "num"], "When", ["Took", "num"], "Command", "Client"], entries.map(([id, when, spent, argv, addr, name]) => [
        [String(id), "num"], [moment(when), "tight"], [microseconds(spent), "num"],
        [argv.map((word) => (/^[\w:.*-]+$/.test(text(word)) ? text(word) : quoted(word))).join(" "), "mono"],
        [[text(addr), text(name)].filter(Boolean).join(" "), "mono tight"],
      ]), "No command was slow."));
      fill(spikes, table(["Event", "Last", ["Took", "num"], ["Worst", "num"], ""], latest.map(([name, when, last, worst]) => [
        [text(name), "mono"], moment(when), [`${last} ms`, "num"], [`${worst} ms`, "num"],
        [h("button", { className: "small", onclick: () => open(text(name)) }, "History"), "tight"],
      ]), "No spikes. The monitor notes what takes longer than its threshold."));
    });
    const now = await current().catch(() => null);
    if (now) limits.textContent = `slower than ${microseconds(Number(now["slowlog-log-slower-than"]))} · monitor ${now["latency-monitor-threshold"] === "0" ? "off" : `from ${now["latency-monitor-threshold"]} ms`}`;
  }

  async function open(name) {
    const samples = await attempt(() => command(["LATENCY", "HISTORY", name]));
    if (!samples || !samples.length) return;
    chart?.close();
    chart = new Chart([name], { format: (value) => `${Math.round(value)} ms`, label: `Latency of ${name}` });
    const [first] = samples[0];
    fill(history, card(`${name}: the last ${samples.length} spikes over ${duration(samples[samples.length - 1][0] - first)}`, chart.element,
      table(["When", ["Took", "num"]], samples.slice(-20).reverse().map(([when, spent]) => [moment(when), [`${spent} ms`, "num"]]))));
    samples.forEach(([when, spent]) => chart.push(when, [spent]));
  }

  load();
  return () => chart?.close();
}
