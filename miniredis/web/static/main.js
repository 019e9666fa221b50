// The frame: which view is shown, what the bar says, the keys.

import { connect, onState, command } from "./wire.js";
import { h, fill, badge, duration, dialog } from "./dom.js";
import { fields } from "./values.js";

// Key, name and module of each view.
const VIEWS = {
  overview: ["o", "Overview"],
  keys: ["k", "Keys"],
  line: ["l", "Command line"],
  clients: ["c", "Clients"],
  slow: ["s", "Slow log"],
  pubsub: ["p", "Pub/Sub"],
  streams: ["t", "Streams"],
  config: ["f", "Configuration"],
  users: ["u", "Users"],
  cluster: ["r", "Cluster"],
  sentinel: ["n", "Sentinel"],
};
const MODULES = { sentinel: "cluster" };

const view = document.getElementById("view");
let leave = null;
let shownView = "";
let turn = 0;

async function show() {
  const [, name = "overview", ...rest] = location.hash.split("/");
  const chosen = VIEWS[name] ? name : "overview";
  const mine = ++turn;
  const module = await import(`./${MODULES[chosen] || chosen}.js`);
  if (mine !== turn) return;
  if (leave) leave();
  leave = null;
  shownView = chosen;
  document.body.dataset.view = chosen;
  document.title = `${VIEWS[chosen][1]} · miniredis`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === chosen) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
  fill(view);
  leave = module[chosen === "sentinel" ? "sentinel" : "show"](view, rest.map(decodeURIComponent)) || null;
}

function navigate(name) {
  location.hash = `#/${name}`;
  document.getElementById("content").focus({ preventScroll: true });
}

fill(document.getElementById("nav"), Object.entries(VIEWS).map(([name, [, title]]) =>
  h("a", { href: `#/${name}`, "data-view": name }, title)));

// Light, dark, or as the system has it.
const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };
const theme = document.getElementById("theme");

function applyTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.textContent = THEMES[name];
  theme.setAttribute("aria-label", `Colours: ${THEMES[name]}`);
  localStorage.setItem("theme", name);
}

theme.addEventListener("click", () => {
  const names = Object.keys(THEMES);
  applyTheme(names[(names.indexOf(localStorage.getItem("theme")) + 1) % names.length]);
});
applyTheme(localStorage.getItem("theme") in THEMES ? localStorage.getItem("theme") : "auto");

// The bar.
onState((state) => {
  const element = document.getElementById("state");
  element.dataset.state = state;
  element.textContent = { connecting: "connecting", open: "live", closed: "no connection" }[state];
  if (state === "open") describe();
});

const uptime = badge("");
let started = 0;

function tellUptime() {
  uptime.textContent = `up ${duration(Date.now() / 1000 - started)}`;
}

setInterval(tellUptime, 5000);

async function describe() {
  try {
    const info = fields(await command(["INFO", "server", "replication"]));
    if (info.redis_mode === "sentinel" && !location.hash) location.hash = "#/sentinel";
    const role = info.role === "slave" ? "replica" : "primary";
    fill(document.getElementById("facts"),
      badge(`port ${info.tcp_port}`), info.role ? badge(role, role === "primary" ? "good" : "warn") : null,
      badge(info.redis_mode), badge(`v${info.miniredis_version}`), uptime);
    started = Date.now() / 1000 - Number(info.uptime_in_seconds);
    tellUptime();
    document.title = `${VIEWS[shownView] ? VIEWS[shownView][1] : "Console"} · miniredis :${info.tcp_port}`;
  } catch {
    fill(document.getElementById("facts"));
  }
}

// Keys: g and a letter lead to a view, / to the field that searches, ? to this list.
function help() {
  dialog("Keyboard", [], { action: "Close", note: "" });
  const form = document.querySelector("dialog form");
  const rows = Object.entries(VIEWS).map(([, [key, title]]) => [[h("kbd", {}, "g"), " ", h("kbd", {}, key)], title]);
  rows.push([[h("kbd", {}, "/")], "Search in this view"], [[h("kbd", {}, "?")], "These keys"]);
  form.querySelector("button").remove();
  form.querySelector("h2").after(h("table", {}, h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

document.getElementById("help").addEventListener("click", help);
let sawG = 0;
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog")) return;
  if (event.key === "?") {
    help();
  } else if (event.key === "/") {
    const search = view.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (event.key === "g") {
    sawG = Date.now();
  } else if (Date.now() - sawG < 1200) {
    sawG = 0;
    const found = Object.entries(VIEWS).find(([, [key]]) => key === event.key);
    if (found) {
      event.preventDefault();
      navigate(found[0]);
    }
  }
});

window.addEventListener("hashchange", show);
connect();
show();
