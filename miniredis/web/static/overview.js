// Live charts, the busiest commands, databases, replication.

import { onSample } from "./wire.js";
import { Chart } from "./chart.js";
import { h, fill, card, flushCard, table, badge, size, count, microseconds, duration, pairsList } from "./dom.js";

const percent = (value) => `${Number(value.toFixed(1))}%`;

// title, names, what of a sample, format of the axis, the figure in front, more for the chart
const CHARTS = [
  ["Operations per second", ["commands"], (s) => [s.ops], count, (s) => [count(s.ops), "/s"]],
  ["Latency", ["p50", "p99", "p99.9"], (s) => [s.p50, s.p99, s.p999], microseconds, (s) => split(microseconds(s.p99), "p99"), { log: true }],
  ["Memory", ["used", "resident"], (s) => [s.memory, s.rss], size, (s) => split(size(s.memory), s.maxmemory ? `of ${size(s.maxmemory)}` : ""), { base: 1024 }],
  ["Hit rate", ["hits"], (s) => [s.hit_rate], percent, (s) => (s.hit_rate === null ? ["–", "no lookups"] : [percent(s.hit_rate), `${count(s.hits + s.misses)} lookups/s`]), { top: 100 }],
  ["Clients", ["connected", "blocked"], (s) => [s.clients, s.blocked], count, (s) => [count(s.clients), s.blocked ? `${s.blocked} blocked` : ""]],
  ["Network", ["in", "out"], (s) => [s.bytes_in, s.bytes_out], (value) => `${size(value)}/s`, (s) => split(`${size(s.bytes_in + s.bytes_out)}/s`, ""), { base: 1024 }],
];

function split(shown, note) {
  const [amount, unit] = shown.split(" ");
  return [amount, [unit, note].filter(Boolean).join(" ")];
}

export function show(view) {
  const refused = h("p", { className: "problem" });
  const panels = CHARTS.map(([title, names, values, format, figure, more]) => {
    const chart = new Chart(names, { format, ...more, label: `${title}, the last minutes` });
    const big = h("div", { className: "figure" }, "–");
    const legend = h("div", { className: "legend" });
    const element = card(null, h("h2", { className: "muted" }, title), big, chart.element, legend);
    const take = (sample) => {
      const [amount, unit] = figure(sample);
      fill(big, amount, h("span", { className: "unit" }, unit));
      const now = values(sample);
      chart.push(sample.t, now);
      if (names.length > 1) fill(legend, names.map((name, at) => h("span", {}, h("i", { className: `s${at}` }), `${name} `, h("b", {}, now[at] === null ? "–" : format(now[at])))));
    };
    return { chart, element, take };
  });
  const busiest = h("div", {});
  const databases = h("div", {});
  const links = h("div", {});
  const lag = new Chart(["lag"], { format: (value) => `${Number(value.toFixed(1))} s`, label: "Replication lag, the last minutes" });
  lag.element.hidden = true;
  const server = h("div", {});
  const charts = h("div", { className: "stack" },
    h("div", { className: "grid" }, panels.map(({ element }) => element)),
    h("div", { className: "grid two" },
      flushCard("Busiest commands", busiest),
      h("div", { className: "stack" }, flushCard("Databases", databases), card("Replication", links, lag.element), card("Server", server))));
  fill(view,
    h("div", { className: "head" }, h("h1", {}, "Overview"), h("div", { className: "spacer" }), h("span", { className: "muted small" }, "one sample a second, while you look")),
    refused,
    charts);
  fill(busiest, h("p", { className: "empty" }, "The first sample comes in a second."));

  const stop = onSample((sample, refusal) => {
    refused.textContent = refusal || "";
    charts.hidden = Boolean(refusal);
    if (!sample) return;
    for (const { take } of panels) take(sample);
    const most = Math.max(...sample.commands.map(([, calls, mean]) => calls * mean), 1e-9);
    fill(busiest, table(["Command", ["Calls/s", "num"], ["Mean", "num"], ["p99", "num"], ["Share of time", "hide-small"]],
      sample.commands.map(([name, calls, mean, p99]) => {
        const meter = h("div", { className: "meter" });
        meter.style.width = `${Math.max((calls * mean * 100) / most, 1)}%`;
        return [[name, "mono"], [count(calls), "num"], [microseconds(mean), "num"], [microseconds(p99), "num"], [meter, "hide-small"]];
      }), "Nothing was called."));
    fill(databases, table(["Database", ["Keys", "num"], ["With a TTL", "num"]],
      sample.keys.map(([index, keys, expires]) => [h("a", { href: `#/keys/${index}` }, `db${index}`), [count(keys), "num"], [count(expires), "num"]]), "All databases are empty."));
    fill(links, replication(sample));
    const late = lagOf(sample);
    lag.element.hidden = late === null && !lag.points.length;
    if (late !== null || lag.points.length) lag.push(sample.t, [late]);
    fill(server, pairsList([
      ["Processor", `${sample.cpu.toFixed(1)}%`],
      ["Longest stall", `${sample.stall_ms.toFixed(1)} ms`],
      ["Peak memory", size(sample.peak)],
      ["Expired, evicted", `${count(sample.expired)}/s, ${count(sample.evicted)}/s`],
      ["Error replies", `${count(sample.errors)}/s`],
      ["Up", duration(sample.uptime)],
    ]));
  });
  return () => {
    stop();
    for (const { chart } of panels) chart.close();
    lag.close();
  };
}

// Seconds since the replica that is furthest behind, or our primary, was heard of; null where there is none.
function lagOf(sample) {
  if (sample.primary) return sample.primary.link === "up" ? sample.primary.silent : null;
  return sample.replicas.length ? Math.max(...sample.replicas.map((each) => each.lag)) : null;
}

function replication(sample) {
  if (sample.primary) {
    return pairsList([
      ["Replica of", sample.primary.name],
      ["Link", badge(sample.primary.link, sample.primary.link === "up" ? "good" : "bad")],
      ["Last word", `${sample.primary.silent} s ago`],
    ]);
  }
  if (!sample.replicas.length) return h("p", { className: "muted" }, "A primary without replicas.");
  return table(["Replica", "State", ["Lag", "num"], ["Behind", "num"]],
    sample.replicas.map((each) => [[each.name, "mono"], badge(each.state, each.state === "online" ? "good" : "warn"), [`${each.lag} s`, "num"], [size(each.behind), "num"]]));
}
