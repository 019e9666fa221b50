// The command line: as redis-cli, with completion and a word about the command from COMMAND DOCS.

import { ask, command, onEvents } from "./wire.js";
import { h, fill } from "./dom.js";
import { words, shown, object, pairs, text, items } from "./values.js";

const MOST_LINES = 2000;
const MOST_CHOICES = 24;
// Kept while the page is open, and nowhere else: a line may hold a password.
const history = [];
const output = [];
let names = null;
let prompt = "";
const docs = new Map();

export function show(view) {
  const out = h("div", { className: "out", tabindex: "0", role: "log", "aria-label": "Output" });
  const input = h("input", { "aria-label": "Command", "data-search": true, autocomplete: "off", autocapitalize: "none", spellcheck: false, placeholder: "GET key, or MONITOR, or INFO memory …" });
  const where = h("span", { className: "prompt" });
  const hint = h("div", { className: "hint" });
  let place = history.length;
  let choices = [];
  let chosen = -1;
  fill(view,
    h("div", { className: "head" }, h("h1", {}, "Command line"), h("div", { className: "spacer" }),
      h("button", { onclick: () => { output.length = 0; fill(out); input.focus(); } }, "Clear")),
    h("section", { className: "card terminal" }, out, h("div", { className: "hint" }, hint), h("form", { className: "ask", onsubmit: submit }, where, input)));
  hint.parentElement.replaceWith(hint);
  output.forEach((line) => out.append(line));
  setPrompt();
  scroll();
  if (matchMedia("(min-width: 821px)").matches) input.focus();
  const stop = onEvents("line", (events, skipped) => {
    for (const event of events) print(shown(event), "event");
    if (skipped) print(`… ${skipped} more were not shown`, "event");
  });
  // The hint below grows and shrinks: the last line stays in sight.
  const watch = new ResizeObserver(scroll);
  watch.observe(out);
  load();
  advise();

  function setPrompt() {
    where.textContent = `${prompt}>`;
  }

  function scroll() {
    out.scrollTop = out.scrollHeight;
  }

  // A new entry, or one more line of an entry: a reply stands under its own command, however late it comes.
  function print(line, className, entry = null) {
    const element = h("div", { className }, line);
    if (entry) {
      entry.append(element);
    } else {
      entry = h("div", {}, element);
      output.push(entry);
      out.append(entry);
    }
    while (output.length > MOST_LINES) output.shift().remove();
    scroll();
    return entry;
  }

  async function submit(event) {
    event.preventDefault();
    const line = input.value.trim();
    if (!line) return;
    if (chosen >= 0) return complete(choices[chosen]);
    if (history[history.length - 1] !== line) history.push(line);
    place = history.length;
    input.value = "";
    choices = [];
    advise();
    const entry = print(`${prompt}> ${line}`, "asked");
    const argv = words(line);
    if (argv === null) return print("Invalid argument(s): a quote is not closed", "error", entry);
    if (argv[0].toLowerCase() === "clear") {
      output.length = 0;
      return fill(out);
    }
    try {
      const reply = await ask(argv, { lane: "line" });
      print(shown(reply), reply && reply.error !== undefined ? "error" : "", entry);
      follow(argv, reply);
    } catch (problem) {
      print(problem.message, "error", entry);
    }
  }

  // What the prompt should tell: the database, a transaction.
  function follow(argv, reply) {
    const name = String(argv[0]).toLowerCase();
    if (reply && reply.error !== undefined && name !== "exec") return;
    if (name === "select") prompt = argv[1] === "0" ? "" : `[${argv[1]}]`;
    if (name === "multi") prompt = `${prompt.replace("(TX)", "")}(TX)`;
    if (["exec", "discard", "reset"].includes(name)) prompt = prompt.replace("(TX)", "");
    if (name === "reset") prompt = "";
    setPrompt();
  }

  async function load() {
    if (names) return;
    try {
      names = items(await command(["COMMAND", "LIST"])).map(text).sort();
      advise();
    } catch {
      names = [];
    }
  }

  // What COMMAND DOCS tells of a command, asked once; null where there is no such command.
  function describe(name) {
    if (!docs.has(name)) {
      docs.set(name, command(["COMMAND", "DOCS", name]).then((reply) => {
        const [found] = pairs(reply);
        return found ? object(found[1]) : null;
      }, () => null));
    }
    return docs.get(name);
  }

  async function advise() {
    const line = input.value;
    const typed = line.trimStart().split(/\s+/);
    choices = [];
    chosen = -1;
    const word = typed[0].toLowerCase();
    if (!word) {
      fill(hint, "Tab completes. ↑ and ↓ go through what was asked before.");
      return;
    }
    if (typed.length === 1 && names) {
      const exact = names.includes(word);
      choices = names.filter((name) => !name.includes("|") && name.startsWith(word)).slice(0, MOST_CHOICES).map((name) => name.toUpperCase());
      if (!exact || choices.length > 1) return offer();
    }
    const about = await describe(word);
    if (input.value !== line) return;
    const subcommands = about && about.subcommands ? object(about.subcommands) : null;
    if (subcommands && typed.length === 2) {
      choices = Object.keys(subcommands).map((name) => name.split("|")[1].toUpperCase()).filter((name) => name.startsWith(typed[1].toUpperCase()));
      if (choices.length > 1 || (choices.length === 1 && choices[0] !== typed[1].toUpperCase())) return offer();
    }
    let name = word;
    let told = about;
    if (subcommands && typed.length > 1) {
      name = `${word}|${typed[1].toLowerCase()}`;
      if (subcommands[name]) told = object(subcommands[name]);
    }
    if (!told) return fill(hint, "No such command.");
    fill(hint, h("code", {}, `${name.replace("|", " ").toUpperCase()} ${syntax(told.arguments)}`), h("div", {}, `${text(told.summary)} Since ${text(told.since)}.`));
  }

  function offer() {
    fill(hint, h("div", { className: "choices", role: "listbox", "aria-label": "Commands" }, choices.map((name, at) =>
      h("button", { type: "button", role: "option", tabIndex: -1, "aria-selected": String(at === chosen), onclick: () => complete(name) }, name))));
  }

  function complete(name) {
    const typed = input.value.trimStart().split(/\s+/);
    typed[typed.length - 1] = name;
    input.value = `${typed.join(" ")} `;
    input.focus();
    advise();
  }

  input.addEventListener("input", advise);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && choices.length) {
      event.preventDefault();
      if (choices.length === 1) return complete(choices[0]);
      chosen = (chosen + (event.shiftKey ? -1 : 1) + choices.length) % choices.length;
      offer();
    } else if (event.key === "Escape") {
      chosen = -1;
      offer();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      place = Math.min(Math.max(place + (event.key === "ArrowUp" ? -1 : 1), 0), history.length);
      input.value = history[place] || "";
      advise();
    }
  });
  return () => {
    stop();
    watch.disconnect();
  };
}

// Arguments as people write them: key [NX | XX] [EX seconds]
function syntax(list) {
  return (list || []).map(argumentOf).join(" ");
}

function argumentOf(reply) {
  const argument = object(reply);
  const flags = items(argument.flags).map(text);
  const inner = (argument.arguments || []).map(argumentOf);
  let shape = text(argument.display_text) || text(argument.name);
  if (text(argument.type) === "oneof") shape = inner.join(" | ");
  else if (text(argument.type) === "block") shape = inner.join(" ");
  else if (text(argument.type) === "pure-token") shape = "";
  let whole = [text(argument.token), shape].filter(Boolean).join(" ");
  if (flags.includes("multiple")) whole = flags.includes("multiple_token") ? `${whole} [${whole} …]` : `${whole} [${shape || whole} …]`;
  if (text(argument.type) === "oneof" && !flags.includes("optional")) whole = `<${whole}>`;
  return flags.includes("optional") ? `[${whole}]` : whole;
}
