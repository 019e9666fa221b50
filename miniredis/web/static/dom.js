// Making elements, and the few words of the page that every view uses.

export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function badge(label, kind = "") {
  return h("span", { className: `badge ${kind}` }, label);
}

export function typeBadge(type) {
  return h("span", { className: "badge", "data-type": type }, type);
}

// rows: lists of cells; a cell is text, an element, or [content, class]. Columns: "Name" or ["Name", class].
export function table(columns, rows, empty = "Nothing here.") {
  if (!rows.length) return h("p", { className: "empty" }, empty);
  const cell = (tag, content) => {
    const [inside, className] = Array.isArray(content) ? content : [content, ""];
    return h(tag, { className, scope: tag === "th" ? "col" : null }, inside ?? "");
  };
  return h("div", { className: "scroll" },
    h("table", {},
      h("thead", {}, h("tr", {}, columns.map((column) => cell("th", column)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((content) => cell("td", content)))))));
}

export function card(title, ...children) {
  const heading = title === null ? null : h("div", { className: "title" }, typeof title === "string" ? h("h2", {}, title) : title);
  return h("section", { className: "card" }, heading, children);
}

export function flushCard(title, ...children) {
  const made = card(title, ...children);
  made.classList.add("flush");
  return made;
}

export function head(title, ...controls) {
  return h("div", { className: "head" }, h("h1", {}, title), h("div", { className: "spacer" }), controls);
}

export function toast(message, bad = false) {
  const element = h("div", { className: bad ? "toast bad" : "toast" }, message);
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), bad ? 7000 : 3000);
}

// Run what a button asks for; say why where it fails.
export async function attempt(work, done) {
  try {
    const result = await work();
    if (done) toast(done);
    return result ?? true;
  } catch (problem) {
    toast(problem.message, true);
    return null;
  }
}

export function pairsList(entries) {
  return h("dl", { className: "pairs" }, entries.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value ?? "")]));
}

// A dialog with fields: [{name, label, value, type, options, rows, hint}]. Their values, or null.
// `several` are fields that may be given more than once: their values are lists.
export function dialog(title, inputs, { action = "Save", danger = false, note = "", several = null, another = "" } = {}) {
  return new Promise((resolve) => {
    const make = (input) => {
      let control;
      if (input.options) control = h("select", { name: input.name }, input.options.map((option) => h("option", { value: option, selected: option === input.value }, option)));
      else if (input.rows) control = h("textarea", { name: input.name, rows: input.rows, value: input.value ?? "", spellcheck: false });
      else control = h("input", { name: input.name, type: input.type || "text", value: input.value ?? "", className: "mono", autocomplete: "off", spellcheck: false, required: Boolean(input.required) });
      return h("label", { className: "field" }, input.label, control, input.hint ? h("span", { className: "muted small" }, input.hint) : null);
    };
    const groups = h("div", { className: "groups" });
    const addGroup = () => {
      const group = h("div", { className: "group" }, several.map(make));
      for (const control of group.querySelectorAll("input, textarea, select")) control.dataset.several = "yes";
      groups.append(group);
      return group;
    };
    if (several) addGroup();
    const element = h("dialog", { "aria-label": title },
      h("form", { method: "dialog" },
        h("h2", {}, title),
        note ? h("p", { className: "muted" }, note) : null,
        inputs.map(make),
        several ? [groups, h("button", { type: "button", className: "small", onclick: () => addGroup().querySelector("input, textarea").focus() }, another)] : null,
        h("div", { className: "row" },
          h("button", { type: "button", onclick: () => element.close() }, "Cancel"),
          h("button", { className: danger ? "danger" : "primary", value: "yes" }, action))));
    element.addEventListener("close", () => {
      const values = {};
      for (const control of element.querySelectorAll("input, textarea, select")) {
        if (control.dataset.several) (values[control.name] ??= []).push(control.value);
        else values[control.name] = control.value;
      }
      element.remove();
      resolve(element.returnValue === "yes" ? values : null);
    });
    document.body.append(element);
    element.showModal();
  });
}

export async function confirm(title, note, action = "Delete") {
  return (await dialog(title, [], { action, danger: true, note })) !== null;
}

const SIZES = ["B", "KB", "MB", "GB", "TB"];

export function size(bytes) {
  let unit = 0;
  let amount = Number(bytes);
  while (amount >= 1024 && unit < SIZES.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit && amount < 100 ? Number(amount.toFixed(1)) : Math.round(amount)} ${SIZES[unit]}`;
}

export function count(amount) {
  const value = Number(amount);
  if (Math.abs(value) >= 1e9) return `${Number((value / 1e9).toFixed(2))}G`;
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toFixed(2))}M`;
  if (Math.abs(value) >= 1e4) return `${Number((value / 1e3).toFixed(1))}k`;
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toFixed(1);
}

export function microseconds(amount) {
  if (amount === null || amount === undefined) return "–";
  if (amount >= 1e6) return `${Number((amount / 1e6).toPrecision(3))} s`;
  if (amount >= 1e3) return `${Number((amount / 1e3).toPrecision(3))} ms`;
  return `${Number(amount.toPrecision(3))} µs`;
}

export function duration(seconds) {
  const value = Math.max(Math.round(Number(seconds)), 0);
  if (value < 60) return `${value} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${value % 60} s`;
  if (value < 86400) return `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`;
  return `${Math.floor(value / 86400)} d ${Math.floor((value % 86400) / 3600)} h`;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

export function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString("sv-SE");
}

// Calls `work` now and every so often, until the function it returns is called.
export function every(milliseconds, work) {
  let live = true;
  const turn = async () => {
    if (!live) return;
    if (!document.hidden) await work();
    if (live) setTimeout(turn, milliseconds);
  };
  turn();
  return () => {
    live = false;
  };
}
