// Messages as they come, channels that have listeners, a message of one's own; MONITOR too.

import { command, onEvents } from "./wire.js";
import { h, fill, head, table, flushCard, card, attempt, count } from "./dom.js";
import { text, items, pairs, pushed } from "./values.js";

const MOST_MESSAGES = 500;

export function show(view) {
  const list = h("ul", { className: "messages", role: "log", "aria-label": "Messages" });
  const subscriptions = h("div", { className: "row" });
  const channels = h("div", {});
  const pattern = h("input", { className: "mono grow", placeholder: "Channel, or a pattern such as news.*", "data-search": true, "aria-label": "Channel or pattern" });
  const channel = h("input", { className: "mono grow", placeholder: "Channel", "aria-label": "Channel to publish to", required: true });
  const message = h("input", { className: "mono grow", placeholder: "Message", "aria-label": "Message" });
  const followed = new Set();
  let monitors = false;
  const monitor = h("button", { onclick: toggleMonitor, "aria-pressed": "false" }, "Monitor all commands");
  fill(view,
    head("Pub/Sub", monitor, h("button", { onclick: () => fill(list) }, "Clear")),
    h("div", { className: "stack" },
      h("section", { className: "card flush" },
        h("form", { className: "row", onsubmit: subscribe }, pattern, h("button", { className: "primary" }, "Subscribe")),
        subscriptions, list),
      h("div", { className: "grid two" },
        card("Publish", h("form", { className: "row", onsubmit: publish }, channel, message, h("button", { className: "primary" }, "Publish"))),
        flushCard("Active channels", channels))));
  view.querySelector(".flush > form").style.padding = "12px 16px 8px";
  subscriptions.style.padding = "0 16px 6px";

  function add(parts, className = "") {
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
    list.append(h("li", { className }, h("time", {}, new Date().toLocaleTimeString("en-GB")), parts));
    while (list.children.length > MOST_MESSAGES) list.firstChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  const stop = onEvents("feed", (events, skipped) => {
    for (const event of events) {
      const parts = Array.isArray(event) ? event : pushed(event);
      if (!parts) {
        if (event.ok !== undefined && event.ok !== "OK") add([h("span", {}, event.ok)]);
        if (event.error !== undefined) add([h("span", { className: "problem" }, event.error)]);
        continue;
      }
      const kind = text(parts[0]);
      if (kind === "message" || kind === "smessage") add([h("span", { className: "channel" }, text(parts[1])), h("span", {}, text(parts[2]))]);
      else if (kind === "pmessage") add([h("span", { className: "channel" }, text(parts[2])), h("span", {}, text(parts[3]))]);
    }
    if (skipped) add([h("span", { className: "muted" }, `… ${skipped} more were not shown`)]);
  });

  function drawSubscriptions() {
    fill(subscriptions, [...followed].map((name) => h("button", { className: "small", title: "Unsubscribe", onclick: () => unsubscribe(name) }, `${name} ✕`)));
    if (!followed.size) fill(subscriptions, h("span", { className: "muted small" }, "Not subscribed to anything."));
  }

  const isPattern = (name) => /[*?[]/.test(name);

  async function subscribe(event) {
    event.preventDefault();
    const name = pattern.value.trim();
    if (!name || followed.has(name)) return;
    await attempt(() => command([isPattern(name) ? "PSUBSCRIBE" : "SUBSCRIBE", name], { lane: "feed" }));
    followed.add(name);
    pattern.value = "";
    drawSubscriptions();
    load();
  }

  async function unsubscribe(name) {
    await attempt(() => command([isPattern(name) ? "PUNSUBSCRIBE" : "UNSUBSCRIBE", name], { lane: "feed" }));
    followed.delete(name);
    drawSubscriptions();
  }

  async function toggleMonitor() {
    monitors = !monitors;
    if (monitors) await attempt(() => command(["MONITOR"], { lane: "feed" }));
    else await stopFeed();
    monitor.setAttribute("aria-pressed", String(monitors));
    monitor.textContent = monitors ? "Stop the monitor" : "Monitor all commands";
  }

  // The end of the connection ends MONITOR and every subscription: those that should stay are made again.
  async function stopFeed() {
    await command(["QUIT"], { lane: "feed" }).catch(() => null);
    for (const name of followed) await command([isPattern(name) ? "PSUBSCRIBE" : "SUBSCRIBE", name], { lane: "feed" }).catch(() => null);
  }

  async function publish(event) {
    event.preventDefault();
    const receivers = await attempt(() => command(["PUBLISH", channel.value, message.value]));
    if (receivers !== null) add([h("span", { className: "muted" }, `published to ${channel.value}: ${receivers === true ? 0 : receivers} received it`)]);
    message.value = "";
  }

  async function load() {
    await attempt(async () => {
      const names = items(await command(["PUBSUB", "CHANNELS"])).slice(0, 200);
      const numbers = names.length ? pairs(await command(["PUBSUB", "NUMSUB", ...names])) : [];
      const patterns = await command(["PUBSUB", "NUMPAT"]);
      fill(channels, table(["Channel", ["Subscribers", "num"]], [
        ...numbers.map(([name, amount]) => [[text(name), "mono"], [count(amount), "num"]]),
        ...(patterns ? [["All patterns", [count(patterns), "num"]]] : []),
      ], "Nobody listens."));
    });
  }

  drawSubscriptions();
  load();
  return () => {
    stop();
    if (followed.size || monitors) {
      followed.clear();
      stopFeed();
    }
  };
}

