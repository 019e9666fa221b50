// The configuration: changes are gathered and made together, all or none.

import { command } from "./wire.js";
import { h, fill, head, table, flushCard, attempt, count } from "./dom.js";
import { text, pairs } from "./values.js";

const SECRET = /pass|masterauth/;

export function show(view) {
  const place = h("div", {});
  const search = h("input", { placeholder: "Filter", "data-search": true, "aria-label": "Filter", oninput: draw });
  const apply = h("button", { className: "primary", disabled: true, onclick: change }, "Apply");
  const undo = h("button", { disabled: true, onclick: () => { changed.clear(); draw(); } }, "Undo");
  const rewrite = h("button", { title: "CONFIG REWRITE: comments and order of the file stay", onclick: () => attempt(() => command(["CONFIG", "REWRITE"]), "Written to the configuration file") }, "Write to file");
  const changed = new Map();
  let directives = [];
  fill(view, head("Configuration", search, undo, apply, rewrite), flushCard(null, h("form", { onsubmit: (event) => { event.preventDefault(); change(); } }, place)));

  function buttons() {
    apply.disabled = undo.disabled = !changed.size;
    apply.textContent = changed.size ? `Apply ${count(changed.size)}` : "Apply";
  }

  function draw() {
    const wanted = search.value.toLowerCase();
    fill(place, table(["Directive", "Value"], directives.filter(([name, value]) => name.includes(wanted) || (wanted && value.toLowerCase().includes(wanted))).map(([name, value]) => {
      const input = h("input", { className: "mono", value: changed.get(name) ?? value, "aria-label": name, spellcheck: false, type: SECRET.test(name) ? "password" : "text", autocomplete: "off" });
      input.style.width = "100%";
      const mark = () => {
        if (input.value === value) changed.delete(name);
        else changed.set(name, input.value);
        input.style.borderColor = changed.has(name) ? "var(--accent)" : "";
        buttons();
      };
      input.addEventListener("input", mark);
      if (changed.has(name)) input.style.borderColor = "var(--accent)";
      return [[name, "mono"], input];
    }), "No directive matches."));
    buttons();
  }

  async function load() {
    await attempt(async () => {
      const reply = await command(["CONFIG", "GET", "*"]);
      directives = pairs(reply).map(([name, value]) => [text(name), text(value)]).sort((one, other) => (one[0] < other[0] ? -1 : 1));
      draw();
    });
  }

  async function change() {
    if (!changed.size) return;
    const argv = ["CONFIG", "SET", ...[...changed].flat()];
    if ((await attempt(() => command(argv), changed.size === 1 ? "Changed" : "All changed")) !== null) {
      changed.clear();
      load();
    }
  }

  load();
}
